//! Checking a mount's options in BuildKit's order, and reading their values.

use super::error::KEYS;
use super::{MountError, MountKind, ResolvedMount, Sharing};
use crate::suggest;

/// Options gathered so far.
#[derive(Default)]
pub(super) struct Draft {
    mount: ResolvedMount,
    read_only: Option<bool>,
    sharing: Option<Sharing>,
}

impl Draft {
    pub(super) fn set(&mut self, key: &str, value: Option<String>) -> Result<(), MountError> {
        let Some(value) = value else { return self.set_bare(key) };
        let kind = self.mount.kind;
        match key {
            "type" => {
                const ALLOWED: &str = "`bind`, `cache`, `tmpfs`, `secret` or `ssh`";
                self.mount.kind = self::kind(&value).ok_or_else(|| invalid(key, &value, ALLOWED))?;
            }
            "from" => self.mount.from = Some(value),
            "source" | "src" => self.mount.source = Some(value),
            "target" | "dst" | "destination" => self.mount.target = Some(value),
            "readonly" | "ro" => self.read_only = Some(boolean(key, &value)?),
            "readwrite" | "rw" => self.read_only = Some(!boolean(key, &value)?),
            "required" => self.mount.required = self.required(boolean(key, &value)?)?,
            "size" if kind == MountKind::Tmpfs => {
                const ALLOWED: &str = "a number with `k`, `m` or `g`, as in `64m`";
                self.mount.size = Some(size(&value).ok_or_else(|| invalid(key, &value, ALLOWED))?);
            }
            "size" => return Err(MountError::NotForThisType { key: "size", kind: kind.as_str() }),
            "id" => self.mount.id = Some(value),
            "env" => self.mount.environment = Some(value),
            "sharing" => self.sharing = Some(sharing(key, &value)?),
            "mode" => self.mount.mode = Some(number(key, &value, 8, "an octal number, as in `0400`")?),
            "uid" => self.mount.uid = Some(number(key, &value, 10, "a number")?),
            "gid" => self.mount.gid = Some(number(key, &value, 10, "a number")?),
            _ => return Err(unknown(key)),
        }
        Ok(())
    }

    fn set_bare(&mut self, key: &str) -> Result<(), MountError> {
        match key {
            "readonly" | "ro" => self.read_only = Some(true),
            "readwrite" | "rw" => self.read_only = Some(false),
            "required" => self.mount.required = self.required(true)?,
            _ if KEYS.contains(&key) => return Err(MountError::MissingValue { key: key.to_owned() }),
            _ => return Err(unknown(key)),
        }
        Ok(())
    }

    fn required(&mut self, value: bool) -> Result<bool, MountError> {
        match self.mount.kind {
            MountKind::Secret | MountKind::Ssh => Ok(value),
            kind => Err(MountError::NotForThisType { key: "required", kind: kind.as_str() }),
        }
    }

    pub(super) fn finish(mut self) -> Result<ResolvedMount, MountError> {
        let (sharing, mount) = (self.sharing, &mut self.mount);
        let refuse = |key, given: bool| match given {
            true => Err(MountError::NotForThisType { key, kind: mount.kind.as_str() }),
            false => Ok(()),
        };
        let owned = matches!(mount.kind, MountKind::Cache | MountKind::Secret | MountKind::Ssh);
        refuse("mode", mount.mode.is_some() && !owned)?;
        refuse("uid", mount.uid.is_some() && !owned)?;
        refuse("gid", mount.gid.is_some() && !owned)?;
        refuse("sharing", sharing.is_some() && mount.kind != MountKind::Cache)?;
        let secret = mount.kind == MountKind::Secret;
        refuse("env", mount.environment.is_some() && !secret)?;
        if secret {
            let given = |value: &Option<String>| value.as_ref().is_some_and(|value| !value.is_empty());
            refuse("from", given(&mount.from))?;
            let (source, id) = (given(&mount.source), given(&mount.id));
            if !source && !id && !given(&mount.target) {
                return Err(MountError::SecretWithoutId);
            }
            if source && id {
                return Err(MountError::SecretIdAndSource);
            }
        }
        let writable = matches!(mount.kind, MountKind::Cache | MountKind::Tmpfs);
        mount.read_only = self.read_only.unwrap_or(!writable);
        mount.sharing = sharing.unwrap_or_default();
        Ok(self.mount)
    }
}

pub(super) fn kind(value: &str) -> Option<MountKind> {
    let kinds = [MountKind::Bind, MountKind::Cache, MountKind::Tmpfs, MountKind::Secret, MountKind::Ssh];
    kinds.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(value))
}

fn sharing(key: &str, value: &str) -> Result<Sharing, MountError> {
    match value.to_ascii_lowercase().as_str() {
        "shared" => Ok(Sharing::Shared),
        "private" => Ok(Sharing::Private),
        "locked" => Ok(Sharing::Locked),
        _ => Err(invalid(key, value, "`shared`, `private` or `locked`")),
    }
}

fn boolean(key: &str, value: &str) -> Result<bool, MountError> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(invalid(key, value, "`true` or `false`")),
    }
}

fn number(key: &str, value: &str, radix: u32, allowed: &'static str) -> Result<u32, MountError> {
    let digits_only = value.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits_only.then(|| u32::from_str_radix(value, radix).ok()).flatten();
    number.ok_or_else(|| invalid(key, value, allowed))
}

/// Bytes, as Docker's units are written: `64m`, `1.5GiB`, `512 kb`.
pub(super) fn size(value: &str) -> Option<u64> {
    let split = value.rfind(|char: char| char.is_ascii_digit() || char == '.' || char == ' ')?;
    let number = value[..=split].trim_end_matches(' ');
    let count: f64 = number.parse().ok().filter(|count: &f64| *count >= 0.0 && count.is_finite())?;
    let unit = value[split + 1..].to_ascii_lowercase();
    let factor: u64 = match unit.as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        "t" | "tb" | "tib" => 1 << 40,
        "p" | "pb" | "pib" => 1 << 50,
        _ => return None,
    };
    // Truncates as the reference does; the cast saturates.
    Some((count * factor as f64) as u64)
}

fn invalid(key: &str, value: &str, allowed: &'static str) -> MountError {
    MountError::InvalidValue { key: key.to_owned(), value: crate::error::shorten(value), allowed }
}

fn unknown(key: &str) -> MountError {
    MountError::UnknownOption { key: crate::error::shorten(key), suggestion: suggest(key, KEYS) }
}

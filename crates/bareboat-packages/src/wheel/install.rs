//! Which file of a wheel goes where in a virtual environment.
//!
//! Follows PyPA's binary distribution format, section "Installing a wheel", and where that leaves room, what pip does:
//! an entry point beats a file of the same name under `.data/scripts`. Files that installers own (`INSTALLER`,
//! `REQUESTED`, `direct_url.json`, `RECORD`) are written here, never taken from the wheel; signatures of the wheel's
//! `RECORD` are dropped because the installed `RECORD` is another text.

use std::collections::BTreeMap;

use bareboat_image::TreePath;
use bareboat_store::{Digest, DigestWriter};

use super::archive::Packed;
use super::record::FileHash;
use super::{InstallOptions, Member, Source, VenvLayout, Wheel, WheelError, content, damaged, name, record};

/// See [`Wheel::members`].
pub(super) fn members(
    wheel: &Wheel,
    layout: &VenvLayout,
    options: InstallOptions<'_>,
) -> Result<Vec<Member>, WheelError> {
    let mut installed = Installed { by_path: BTreeMap::new() };
    for (name, packed) in &wheel.archive.members {
        if let Some(member) = archived(wheel, layout, name, packed)? {
            installed.add(member)?;
        }
    }
    for script in wheel.scripts() {
        let path = join(&layout.scripts(), &script.name, &script.name)?;
        installed.add(written(path, 0o755, script.text(&layout.python_path()).into_bytes()))?;
    }
    let dist_info = join(&layout.site_packages(), &wheel.dist_info_directory(), "")?;
    let own = |name: &str, text: &str| -> Result<Member, WheelError> {
        Ok(written(join(&dist_info, name, name)?, 0o644, text.as_bytes().to_vec()))
    };
    installed.add(own("INSTALLER", "bareboat\n")?)?;
    if options.requested {
        installed.add(own("REQUESTED", "")?)?;
    }
    if let Some(text) = options.direct_url {
        installed.add(own("direct_url.json", text)?)?;
    }
    let text = installed_record(layout, wheel, &installed);
    installed.add(own("RECORD", &text)?)?;
    Ok(installed.by_path.into_values().collect())
}

struct Installed {
    by_path: BTreeMap<TreePath, Member>,
}

impl Installed {
    /// The same bytes at the same path twice do no harm: some build tools put a file under the root and under `purelib`.
    fn add(&mut self, member: Member) -> Result<(), WheelError> {
        match self.by_path.get(&member.path) {
            Some(other) if (other.digest, other.mode) != (member.digest, member.mode) => {
                Err(WheelError::Collision { path: member.path.to_str_lossy().into_owned() })
            }
            _ => {
                self.by_path.insert(member.path.clone(), member);
                Ok(())
            }
        }
    }
}

/// The member for one file of the archive; `None` for those that an installer does not copy.
fn archived(
    wheel: &Wheel,
    layout: &VenvLayout,
    name: &str,
    packed: &Packed,
) -> Result<Option<Member>, WheelError> {
    let Some((path, place)) = destination(wheel, layout, name)? else { return Ok(None) };
    let row = wheel.record.get(name).ok_or_else(|| WheelError::Unrecorded { name: name.to_owned() })?;
    if row.size.is_some_and(|size| size != packed.size) {
        let why = "its size is not the one in the wheel's `RECORD`".to_owned();
        return Err(WheelError::Damaged { name: name.to_owned(), why });
    }
    if place == Place::Scripts
        && let Some(text) = rewritten_script(wheel, name, packed, &layout.python_path())?
    {
        return Ok(Some(written(path, 0o755, text)));
    }
    let digest = match &row.hash {
        FileHash::Sha256(bytes) => Digest::from_bytes(*bytes),
        other => sha256_of(wheel, name, packed, other.clone())?,
    };
    let executable = packed.executable || place == Place::Scripts;
    let mode = if executable { 0o755 } else { 0o644 };
    Ok(Some(Member { path, mode, size: packed.size, digest, source: Source::Packed(*packed) }))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Files,
    Scripts,
}

/// Where `name` goes; `None` for what installers write themselves or replace.
fn destination(
    wheel: &Wheel,
    layout: &VenvLayout,
    name: &str,
) -> Result<Option<(TreePath, Place)>, WheelError> {
    let site = layout.site_packages();
    let Some((top, rest)) = name.split_once('/') else {
        return Ok(Some((join(&site, name, name)?, Place::Files)));
    };
    if top == wheel.dist_info_directory() && OWN_FILES.contains(&rest) {
        return Ok(None);
    }
    if !is_data_directory(wheel, top) {
        return Ok(Some((join(&site, name, name)?, Place::Files)));
    }
    let unknown = |key: &str| WheelError::UnknownScheme { name: name.to_owned(), key: key.to_owned() };
    let (key, tail) = rest.split_once('/').ok_or_else(|| unknown(rest))?;
    let (directory, place) = match key {
        "purelib" | "platlib" => (site, Place::Files),
        "data" => (layout.root().clone(), Place::Files),
        "headers" => {
            let headers = layout.headers(&wheel.metadata.name);
            (headers.map_err(|_| unknown(key))?, Place::Files)
        }
        "scripts" if wheel.scripts().iter().any(|script| script.name == tail) => return Ok(None),
        "scripts" => (layout.scripts(), Place::Scripts),
        _ => return Err(unknown(key)),
    };
    Ok(Some((join(&directory, tail, name)?, place)))
}

/// `NAME-VERSION.data`, name and version spelt any way that means this distribution.
fn is_data_directory(wheel: &Wheel, top: &str) -> bool {
    let Some((own_name, own_version)) = wheel.stem.rsplit_once('-') else { return false };
    top.strip_suffix(".data").and_then(|stem| stem.rsplit_once('-')).is_some_and(
        |(stem_name, stem_version)| {
            name::normalized(stem_name) == name::normalized(own_name)
                && name::same_version(stem_version, &own_version.replace('_', "-"))
        },
    )
}

/// A script whose first line starts with exactly `#!python`, with the environment's interpreter in its place.
///
/// Arguments stay; `pythonw`, the windowed interpreter of other systems, becomes the only one there is.
fn rewritten_script(
    wheel: &Wheel,
    name: &str,
    packed: &Packed,
    interpreter: &str,
) -> Result<Option<Vec<u8>>, WheelError> {
    let mut start = [0; PLACEHOLDER.len()];
    let hash = None;
    let mut reader = content::checked(&wheel.archive.file, packed, hash);
    let read = content::read_start(&mut reader, &mut start).map_err(|error| damaged(name, error))?;
    if start[..read] != *PLACEHOLDER {
        return Ok(None);
    }
    let script = wheel.content(name, packed)?;
    let line_end = script.iter().position(|&byte| byte == b'\n').unwrap_or(script.len());
    let (line, body) = script.split_at(line_end);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let word_end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    Ok(Some([b"#!", interpreter.as_bytes(), &line[word_end..], body].concat()))
}

/// The SHA-256 of a member whose `RECORD` row has another hash, which is checked on the way.
fn sha256_of(wheel: &Wheel, name: &str, packed: &Packed, hash: FileHash) -> Result<Digest, WheelError> {
    let mut writer = DigestWriter::new(std::io::sink());
    let mut reader = content::checked(&wheel.archive.file, packed, Some(hash));
    std::io::copy(&mut reader, &mut writer).map_err(|error| damaged(name, error))?;
    Ok(writer.finish().1)
}

/// `RECORD` of what is installed: paths relative to site-packages, those outside it with `..`.
fn installed_record(layout: &VenvLayout, wheel: &Wheel, installed: &Installed) -> String {
    let site = layout.site_packages();
    // lib/pythonX.Y/site-packages is three levels below the environment.
    let outside = |path: &TreePath| {
        path.strip_prefix(layout.root()).map(|tail| format!("../../../{}", tail.to_str_lossy()))
    };
    let rows = installed.by_path.values().map(|member| {
        let inside = member.path.strip_prefix(&site).map(|tail| tail.to_str_lossy().into_owned());
        let path = inside.or_else(|| outside(&member.path)).unwrap_or_else(|| member.path.to_string());
        (path, member.digest, member.size)
    });
    record::write(rows.collect(), &wheel.dist_info("RECORD"))
}

fn written(path: TreePath, mode: u16, bytes: Vec<u8>) -> Member {
    Member {
        path,
        mode,
        size: bytes.len() as u64,
        digest: Digest::of(&bytes),
        source: Source::Written(bytes),
    }
}

fn join(directory: &TreePath, tail: &str, name: &str) -> Result<TreePath, WheelError> {
    let refused = |_| WheelError::Name { name: name.to_owned(), why: "it leaves the tree" };
    directory.join(tail).map_err(refused)
}

/// The shebang that stands for "whatever interpreter this is installed for".
const PLACEHOLDER: &[u8; 8] = b"#!python";

/// Files of `.dist-info` that belong to the installer, and signatures of a `RECORD` that is not the installed one.
const OWN_FILES: [&str; 6] =
    ["RECORD", "RECORD.jws", "RECORD.p7s", "INSTALLER", "REQUESTED", "direct_url.json"];

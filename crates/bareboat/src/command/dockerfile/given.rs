//! What options of `build -f` say: arguments, contexts, hosts, secrets, key agents. Variables of the environment and files
//! that options name are read here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bareboat_build::dockerfile::NamedContext;

use crate::failure::Failure;

/// `--build-arg`, and `SOURCE_DATE_EPOCH` as one.
pub(super) fn build_arguments(
    texts: &[String],
    epoch: Option<i64>,
) -> Result<BTreeMap<String, String>, Failure> {
    let mut arguments = BTreeMap::new();
    for text in texts {
        match text.split_once('=') {
            Some((name, value)) => drop(arguments.insert(name.to_owned(), value.to_owned())),
            // As `docker build` does: what is not set here is not set there.
            None => {
                if let Ok(value) = std::env::var(text) {
                    arguments.insert(text.clone(), value);
                }
            }
        }
    }
    if let Some(epoch) = epoch {
        arguments.entry("SOURCE_DATE_EPOCH".to_owned()).or_insert(epoch.to_string());
    }
    Ok(arguments)
}

/// NAME=VALUE, as `--label` and `--annotation` take it.
pub(super) fn pairs(option: &str, texts: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let pair = |text: &String| match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(Failure::input(format!("`{option} {text}` is no NAME=VALUE"))),
    };
    texts.iter().map(pair).collect()
}

/// `--build-context`.
pub(super) fn contexts(texts: &[String]) -> Result<BTreeMap<String, NamedContext>, Failure> {
    let mut contexts = BTreeMap::new();
    for (name, place) in pairs("--build-context", texts)? {
        let image =
            ["docker-image://", "oci-layout://", "oci:", "oci-archive:", "docker-archive:", "docker:"];
        let context = if image.iter().any(|kind| place.starts_with(kind)) {
            NamedContext::Image(place)
        } else if Path::new(&place).is_dir() {
            NamedContext::Directory(place.into())
        } else {
            return Err(Failure::input(format!("`{place}` is no directory, and no image that is supported"))
                .hint(
                    "write a directory, `docker-image://NAME`, `oci-layout://DIR` or `docker-archive:FILE`",
                ));
        };
        contexts.insert(name, context);
    }
    Ok(contexts)
}

/// `--add-host`.
pub(super) fn hosts(texts: &[String]) -> Result<Vec<(String, std::net::IpAddr)>, Failure> {
    let host = |text: &String| {
        let (name, address) = text.split_once('=').or_else(|| text.split_once(':'))?;
        let address = address.trim_start_matches('[').trim_end_matches(']');
        Some((name.to_owned(), address.parse().ok()?))
    };
    let wrong = |text: &String| Failure::input(format!("`--add-host {text}` is no HOST:ADDRESS"));
    texts.iter().map(|text| host(text).ok_or_else(|| wrong(text))).collect()
}

/// `id=NAME,src=FILE`, `id=NAME,env=VARIABLE`, or `id=NAME`: a variable of that name, else a file.
pub(super) fn secrets(texts: &[String]) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let mut secrets = BTreeMap::new();
    for text in texts {
        let mut fields = BTreeMap::new();
        for field in text.split(',') {
            let wrong = || Failure::input(format!("`--secret {text}`: `{field}` is no NAME=VALUE"));
            let (name, value) = field.split_once('=').ok_or_else(wrong)?;
            fields.insert(name, value);
        }
        let known = ["id", "src", "source", "env", "type"];
        if let Some(unknown) = fields.keys().find(|name| !known.contains(name)) {
            return Err(Failure::input(format!("`--secret {text}`: `{unknown}` means nothing here")));
        }
        let file = fields.get("src").or(fields.get("source")).copied();
        let id = fields.get("id").copied().or(file);
        let id = id.ok_or_else(|| Failure::input(format!("`--secret {text}` has no `id`")))?;
        let is_variable = fields.get("type") == Some(&"env");
        let variable = fields.get("env").copied().or(file.filter(|_| is_variable));
        let content = match (variable, file) {
            (Some(variable), _) => from_variable(variable)?,
            (None, Some(file)) => from_file(file)?,
            (None, None) => from_variable(id).or_else(|_| from_file(id))?,
        };
        secrets.insert(id.to_owned(), content);
    }
    Ok(secrets)
}

fn from_variable(name: &str) -> Result<Vec<u8>, Failure> {
    use std::os::unix::ffi::OsStringExt;
    let value = std::env::var_os(name);
    let value =
        value.ok_or_else(|| Failure::input(format!("the variable `{name}` of a secret is not set")))?;
    Ok(value.into_vec())
}

fn from_file(path: &str) -> Result<Vec<u8>, Failure> {
    std::fs::read(path)
        .map_err(|error| Failure::input(format!("cannot read the secret's file `{path}`")).because(error))
}

/// `default`, `ID` or `ID=SOCKET`; without a socket that of SSH_AUTH_SOCK.
pub(super) fn agents(texts: &[String]) -> Result<BTreeMap<String, PathBuf>, Failure> {
    let mut agents = BTreeMap::new();
    for text in texts {
        let (id, socket) = match text.split_once('=') {
            Some((id, socket)) => (id, PathBuf::from(socket)),
            None => match std::env::var_os("SSH_AUTH_SOCK") {
                Some(socket) => (text.as_str(), PathBuf::from(socket)),
                None => {
                    return Err(Failure::input("no key agent runs: SSH_AUTH_SOCK is not set")
                        .hint("start `ssh-agent`, or name a socket: `--ssh default=SOCKET`"));
                }
            },
        };
        if socket.is_file() {
            return Err(Failure::input(format!(
                "`{}` is a file, and keys themselves are not supported yet",
                socket.display()
            ))
            .hint("add the key to `ssh-agent` and pass `--ssh default`"));
        }
        agents.insert(id.to_owned(), socket);
    }
    Ok(agents)
}

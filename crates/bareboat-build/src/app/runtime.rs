//! From an entry point to the image's configuration: absolute programs, environment, labels.

use std::collections::BTreeMap;

use bareboat_image::{TreePath, rfc3339};
use bareboat_packages::system::busybox;

use super::compose::{Composition, Decisions, environment};
use super::config::Config;
use super::detect::EntryPoint;
use super::generated::LAUNCHER;
use super::options::Variant;
use super::target::Target;
use super::words::has_variable;
use crate::BuildError;
use crate::image::Runtime;

/// The command needs the launcher: a variable stands in it, or a setting before it.
pub fn needs_launcher(words: &[String]) -> bool {
    words.iter().any(|word| has_variable(word)) || words.first().is_some_and(|word| is_setting(word))
}

fn is_setting(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// How the image runs.
///
/// # Errors
/// The command's program is nowhere in the image.
pub fn runtime(
    entry: &EntryPoint,
    config: &Config,
    decisions: &Decisions,
    target: Target,
    composition: &Composition,
    created: i64,
    title: &str,
) -> Result<Runtime, BuildError> {
    Ok(Runtime {
        entrypoint: entrypoint(entry, composition)?,
        environment: variables(entry, config, composition),
        user: decisions.user.to_string(),
        working_directory: "/app".to_owned(),
        port: entry.port,
        labels: labels(config, target, title, created),
        created: rfc3339(created),
    })
}

/// The debug variant: its tools are found last, and everything else runs as it does without them.
pub fn find_tools(runtime: &mut Runtime) {
    let path = runtime.environment.entry("PATH".to_owned()).or_default();
    let separator = if path.is_empty() { "" } else { ":" };
    path.push_str(&format!("{separator}/{}", busybox::DIRECTORY));
    runtime.labels.insert("dev.bareboat.variant".to_owned(), Variant::Debug.to_string());
}

fn entrypoint(entry: &EntryPoint, composition: &Composition) -> Result<Vec<String>, BuildError> {
    let settings = entry.words.iter().take_while(|word| is_setting(word)).count();
    let mut words = entry.words.clone();
    let Some(program) = words.get_mut(settings) else {
        return Err(BuildError::Program { program: String::new() });
    };
    *program = locate(program, composition)?;
    if needs_launcher(&entry.words) {
        let python = format!("/{}/bin/python", environment().to_str_lossy());
        let mut launched = vec![python, format!("/{LAUNCHER}")];
        launched.append(&mut words);
        return Ok(launched);
    }
    Ok(words)
}

/// The absolute path of a program: as given, in the virtual environment, in the application, in Debian's directories.
fn locate(program: &str, composition: &Composition) -> Result<String, BuildError> {
    let tree = &composition.merged.tree;
    let exists = |path: &str| TreePath::new(path).ok().is_some_and(|path| tree.resolve(&path).is_some());
    let candidates = if program.starts_with('/') {
        vec![program.to_owned()]
    } else if program.contains('/') {
        vec![format!("/app/{}", program.trim_start_matches("./"))]
    } else {
        let directories =
            [format!("/{}/bin", environment().to_str_lossy()), "/usr/local/bin".into(), "/usr/bin".into()];
        directories.iter().map(|directory| format!("{directory}/{program}")).collect()
    };
    let found = candidates.into_iter().find(|path| exists(path));
    found.ok_or_else(|| BuildError::Program { program: program.to_owned() })
}

/// `Env`: what Python in a container wants, then the application's own, then the user's.
fn variables(entry: &EntryPoint, config: &Config, composition: &Composition) -> BTreeMap<String, String> {
    let scripts = format!("/{}/bin", environment().to_str_lossy());
    let mut variables: BTreeMap<String, String> = [
        ("PATH", format!("{scripts}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")),
        ("LANG", "C.UTF-8".to_owned()),
        ("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt".to_owned()),
        ("PYTHONUNBUFFERED", "1".to_owned()),
        ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
        ("PYTHONFAULTHANDLER", "1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    variables.extend(entry.environment.clone());
    if let Some(arguments) = variables.get_mut(GUNICORN)
        && has_control_socket(composition)
    {
        arguments.push_str(" --no-control-socket");
    }
    variables.extend(config.env.clone());
    variables
}

const GUNICORN: &str = "GUNICORN_CMD_ARGS";

/// Newer gunicorns listen on a socket in the home directory, which is read-only here, and older ones do not know the
/// option that switches it off: the module tells which one this is.
fn has_control_socket(composition: &Composition) -> bool {
    composition
        .merged
        .tree
        .entries
        .keys()
        .any(|path| path.as_bytes().ends_with(b"/site-packages/gunicorn/ctl/__init__.py"))
}

/// OCI's pre-defined annotation keys (image specification, annotations) and our own.
fn labels(config: &Config, target: Target, title: &str, created: i64) -> BTreeMap<String, String> {
    let mut labels: BTreeMap<String, String> = [
        ("org.opencontainers.image.title", title.to_owned()),
        ("org.opencontainers.image.created", rfc3339(created)),
        ("dev.bareboat.debian", target.release.codename().to_owned()),
        ("dev.bareboat.python", format!("3.{}", target.release.python_minor())),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    labels.extend(config.labels.clone());
    labels
}

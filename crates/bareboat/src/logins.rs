//! Where this user's registry logins are: the files of Docker, Podman and their kin, and the programs those name.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bareboat_image::registry::Login;
use bareboat_image::registry::keyring::{Entry, Keyring, key, parse_helper};

use crate::failure::Failure;

/// Who the user is at `domain`, by the first file that knows; `None` when nobody does.
///
/// # Errors
/// A file or a helper program that cannot be understood, as a clause.
pub fn find(domain: &str) -> Result<Option<Login>, String> {
    for file in files() {
        let Some(keyring) = read(&file)? else { continue };
        let shown = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        match keyring.entry(domain).map_err(|error| shown(&error))? {
            None => {}
            Some(Entry::Login(login)) => return Ok(Some(login)),
            Some(Entry::Helper { name, server, is_default }) => {
                match ask(&name, "get", &server).and_then(|text| {
                    parse_helper(&text).map_err(|error| format!("`{}` {error}", program(&name)))
                }) {
                    Ok(login) => return Ok(Some(login)),
                    // It keeps all logins, so it has none when it says no; that is no error.
                    Err(_) if is_default => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Ok(None)
}

/// Keeps a login where Docker's client would; says where that is.
pub fn keep(domain: &str, user: &str, password: &str) -> Result<String, Failure> {
    let (file, mut keyring) = own()?;
    if let Some(Entry::Helper { name, .. }) = keyring.helper(domain) {
        let login = serde_json::json!({ "ServerURL": key(domain), "Username": user, "Secret": password });
        ask(&name, "store", &login.to_string()).map_err(Failure::world)?;
        return Ok(format!("`{}`", program(&name)));
    }
    keyring.keep(domain, user, password);
    write(&file, &keyring)?;
    Ok(file.display().to_string())
}

/// Forgets a login in every file and program that has it; false when none had.
pub fn forget(domain: &str) -> Result<bool, Failure> {
    let mut had = false;
    for file in files() {
        let Some(mut keyring) = read(&file).map_err(Failure::input)? else { continue };
        if let Some(Entry::Helper { name, server, .. }) = keyring.helper(domain)
            && ask(&name, "get", &server).is_ok()
        {
            ask(&name, "erase", &server).map_err(Failure::world)?;
            had = true;
        }
        if keyring.forget(domain) {
            write(&file, &keyring)?;
            had = true;
        }
    }
    Ok(had)
}

/// The file that logins are written to, and what it holds.
fn own() -> Result<(PathBuf, Keyring), Failure> {
    let file = variable("REGISTRY_AUTH_FILE").or_else(docker_file).ok_or_else(|| {
        Failure::input("there is no place for a login: HOME is not set")
            .hint("set `DOCKER_CONFIG` to a directory")
    })?;
    let keyring = read(&file).map_err(Failure::input)?.unwrap_or_default();
    Ok((file, keyring))
}

/// In the order of containers-auth.json(5), then Docker's.
fn files() -> Vec<PathBuf> {
    if let Some(file) = variable("REGISTRY_AUTH_FILE") {
        return vec![file];
    }
    let runtime = variable("XDG_RUNTIME_DIR").map(|runtime| runtime.join("containers/auth.json"));
    let configuration = variable("XDG_CONFIG_HOME").or_else(|| Some(variable("HOME")?.join(".config")));
    let kept = configuration.map(|directory| directory.join("containers/auth.json"));
    [runtime, kept, docker_file()].into_iter().flatten().collect()
}

fn docker_file() -> Option<PathBuf> {
    let docker = variable("DOCKER_CONFIG").or_else(|| Some(variable("HOME")?.join(".docker")));
    docker.map(|directory| directory.join("config.json"))
}

/// A path that the environment names.
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn read(file: &Path) -> Result<Option<Keyring>, String> {
    match std::fs::read_to_string(file) {
        Ok(text) => {
            let keyring = Keyring::parse(&text);
            keyring.map(Some).map_err(|error| format!("{}: {error}", file.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", file.display())),
    }
}

/// Replaces the file in one step; nobody but the user may read it.
fn write(file: &Path, keyring: &Keyring) -> Result<(), Failure> {
    let fail =
        |error: std::io::Error| Failure::world(format!("cannot write `{}`", file.display())).because(error);
    // A link stays one: people keep these files elsewhere.
    let target = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let directory = target.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory).map_err(fail)?;
    // The temporary file's permissions are 0600.
    let mut temporary = tempfile::Builder::new().prefix(".config").tempfile_in(directory).map_err(fail)?;
    temporary.write_all(keyring.text().as_bytes()).map_err(fail)?;
    temporary.persist(&target).map_err(|error| fail(error.error))?;
    Ok(())
}

fn program(name: &str) -> String {
    format!("docker-credential-{name}")
}

/// Asks a helper program: `get` and `erase` take an address, `store` a document (docker-credential-helpers).
fn ask(name: &str, action: &str, input: &str) -> Result<String, String> {
    let program = program(name);
    if name.contains('/') {
        return Err(format!("`{program}` is no name of a program"));
    }
    let fail = |error: std::io::Error| format!("cannot run `{program}`: {error}");
    let mut child = Command::new(&program)
        .arg(action)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(fail)?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not listen says in its answer why.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().map_err(fail)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let said =
        if text.trim().is_empty() { String::from_utf8_lossy(&output.stderr).into_owned() } else { text };
    Err(format!("`{program} {action}` says: {}", said.trim().lines().next().unwrap_or_default()))
}

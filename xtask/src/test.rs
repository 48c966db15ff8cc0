//! Runs the tests: everything this machine can run, and says beforehand what it cannot.

use std::net::{TcpStream, ToSocketAddrs};
use std::process::{Command, Stdio};
use std::time::Duration;

/// `test [--all] [FILTER]`.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let all = arguments.iter().any(|argument| argument == "--all");
    let filters: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    crate::layers::check()?;
    crate::licences::check()?;
    crate::docs::run(&["--check".to_owned()])?;
    let missing = missing();
    for (what, why) in &missing {
        println!("skipped: tests that need {what}: {why}");
    }
    if all && !missing.is_empty() {
        return Err("`--all` was given, and the tests above cannot run here".to_owned());
    }
    let has = |what: &str| !missing.iter().any(|(name, _)| *name == what);
    let mut command = crate::cargo();
    command.args(["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]).args(filters);
    if has(NETWORK) {
        command.env("BAREBOAT_FULL", "1");
    }
    if all {
        command.env("BAREBOAT_NO_SKIP", "1");
    }
    let status = command.status().map_err(|error| format!("cannot run `cargo test`: {error}"))?;
    if status.success() { Ok(()) } else { Err("tests failed".to_owned()) }
}

const NETWORK: &str = "the Debian archive and the Python index";

/// What the full suite needs and this machine lacks, with the reason.
fn missing() -> Vec<(&'static str, String)> {
    let mut missing = Vec::new();
    if !network() {
        missing.push((NETWORK, "no apt source of this machine can be reached".to_owned()));
    }
    let tools = [
        ("Docker", "docker", &["info"][..], "apt-get install docker.io, then start dockerd"),
        ("Podman", "podman", &["--version"], "apt-get install podman"),
        ("skopeo", "skopeo", &["--version"], "apt-get install skopeo"),
        ("a registry", "docker-registry", &["--version"], "apt-get install docker-registry"),
        ("newuidmap", "newuidmap", &[], "apt-get install uidmap"),
        ("debootstrap", "debootstrap", &["--version"], "apt-get install debootstrap"),
        ("a static busybox", "busybox", &["true"], "apt-get install busybox-static"),
        ("setcap", "setcap", &[], "apt-get install libcap2-bin"),
        ("Chromium", "chromium", &["--version"], "apt-get install chromium"),
        ("gpgv", "gpgv", &["--version"], "apt-get install gpgv"),
    ];
    for (what, program, arguments, how) in tools {
        let path = std::env::var("PATH").unwrap_or_default();
        // Debian's Docker client is the one that knows the local engine; others may stand before it on PATH.
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("PATH", format!("/usr/bin:{path}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        match command.status() {
            Ok(status) if status.success() || arguments.is_empty() => {}
            Ok(_) => missing.push((what, format!("`{program} {}` fails ({how})", arguments.join(" ")))),
            Err(_) => missing.push((what, format!("no `{program}` ({how})"))),
        }
    }
    missing
}

/// An apt source of this machine answers.
fn network() -> bool {
    let text = apt_sources();
    let hosts = text.split_whitespace().filter_map(|word| word.strip_prefix("http")?.split("://").nth(1));
    hosts.filter_map(|rest| rest.split('/').next()).any(|host| {
        let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
        let Ok(mut addresses) = address.to_socket_addrs() else { return false };
        addresses.any(|address| TcpStream::connect_timeout(&address, Duration::from_secs(5)).is_ok())
    })
}

/// The text of all apt sources of this machine.
pub(crate) fn apt_sources() -> String {
    let mut text = std::fs::read_to_string("/etc/apt/sources.list").unwrap_or_default();
    let entries = std::fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten();
    // apt reads no others (sources.list(5)).
    let is_read =
        |path: &std::path::Path| path.extension().is_some_and(|kind| kind == "list" || kind == "sources");
    for path in entries.map(|entry| entry.path()).filter(|path| is_read(path)) {
        text.push_str(&std::fs::read_to_string(path).unwrap_or_default());
    }
    text
}

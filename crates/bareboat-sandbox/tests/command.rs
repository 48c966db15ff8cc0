//! Commands with captured output, and what can be found out about this machine. Needs no network and no root.
#![allow(clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)]

mod fixture;

use std::fs;
use std::time::{Duration, Instant};

use bareboat_sandbox::*;
use fixture::{Root, has_many_users, listing, output, possible, this_program};

const LIMITS: Limits = Limits { time: Some(Duration::from_secs(60)), output: 1 << 16 };

fn build(root: &Root, script: &str) -> Sandbox {
    let strict = root.shell(script);
    let mut sandbox = Sandbox::for_build(root.path(), strict.arguments);
    sandbox.mounts = strict.mounts;
    sandbox.environment = strict.environment;
    sandbox
}

#[test]
fn a_build_writes_to_its_root_and_its_output_is_streamed() {
    require!(possible());
    let root = Root::new();
    let before = listing(root.path());
    let mut seen = (String::new(), String::new());
    let script = "echo out; echo problem >&2; echo x > /built; ls /sys/class/net >&2; exit 3";
    let finished = run_command(build(&root, script), LIMITS, |stream, bytes| {
        let text = String::from_utf8_lossy(bytes);
        match stream {
            Stream::Output => seen.0.push_str(&text),
            Stream::Error => seen.1.push_str(&text),
        }
    })
    .unwrap();
    assert_eq!(finished.ending, Ending::Ended(ExitStatus::Exited(3)));
    assert_eq!(seen, ("out\n".to_owned(), "problem\nlo\n".to_owned()));
    let mut expected = before;
    expected.push("built".to_owned());
    expected.sort();
    assert_eq!(listing(root.path()), expected);
}

#[test]
fn endless_output_is_bounded_and_endless_time_is_not() {
    require!(possible());
    let root = Root::new();
    let limits = Limits { time: Some(Duration::from_millis(300)), output: 1000 };
    let mut total = 0;
    let started = Instant::now();
    let finished =
        run_command(build(&root, "yes & yes"), limits, |_, bytes| total += bytes.len() as u64).unwrap();
    assert_eq!(finished.ending, Ending::TimedOut);
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!(finished.output.left_out(), total - 1000);
    assert!(finished.output.text().len() < 1100);
}

#[test]
fn a_command_that_closes_its_output_is_still_waited_for() {
    require!(possible());
    let root = Root::new();
    let script = "exec > /dev/null 2>&1; sleep 0.3; exit 4";
    let finished = run_command(build(&root, script), LIMITS, |_, _| {}).unwrap();
    assert_eq!(finished.ending, Ending::Ended(ExitStatus::Exited(4)));
    let limits = Limits { time: Some(Duration::from_millis(100)), ..LIMITS };
    let finished = run_command(build(&root, "exec > /dev/null 2>&1; sleep 100"), limits, |_, _| {}).unwrap();
    assert_eq!(finished.ending, Ending::TimedOut);
}

#[test]
fn a_probe_agrees_with_what_really_happens() {
    let directory = tempfile::tempdir().unwrap();
    let found = probe(directory.path());
    assert_eq!(found.ways.len(), 4);
    assert_eq!(found.best().is_some(), possible());
    assert_eq!(found.has_many_users(), found.best().is_some() && has_many_users());
    for way in &found.ways {
        if let Err(error) = &way.start {
            assert!(error.hint().is_some(), "{error}");
        }
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn root_can_do_without_a_user_namespace() {
    let root = Root::new();
    let mut sandbox = root.sandbox_as(
        User { uid: 65_532, gid: 65_531, groups: vec![9] },
        &["sh", "-c", "id; cat /proc/self/uid_map /proc/self/status"],
    );
    sandbox.identity = Identity::Unmapped;
    sandbox.network = Network::None;
    match output(&sandbox) {
        Ok((status, text)) => {
            assert!(status.success());
            assert!(text.starts_with("uid=65532 gid=65531 groups=65531,9\n"), "{text}");
            let own = fs::read_to_string("/proc/self/uid_map").unwrap();
            assert_eq!(text.lines().nth(1).unwrap().trim(), own.trim());
            assert!(text.contains("CapEff:\t0000000000000000\n"), "{text}");
            assert!(text.contains("CapBnd:\t0000000000000000\n"), "{text}");
        }
        Err(error) => assert!(matches!(error, SandboxError::NotRoot { .. }), "{error}"),
    }
}

#[test]
fn an_outer_sandbox_is_recognised() {
    require!(possible());
    for (seccomp, expected) in [
        (Seccomp::Default, "outer container with `--security-opt seccomp=unconfined`"),
        (Seccomp::Off, "outer container with `--security-opt systempaths=unconfined`"),
    ] {
        let root = Root::new();
        // Root without capabilities may not even map itself; an ordinary user may.
        let command = ["/tests", "--exact", "fixture_nested", "--nocapture"];
        let mut sandbox = root.sandbox_as(User::new(1000, 1000), &command);
        sandbox.mounts.push(Mount::read_only(this_program(), "/tests"));
        sandbox.environment.push(("FIXTURE".into(), "1".into()));
        sandbox.seccomp = seccomp;
        let (_, text) = output(&sandbox).unwrap();
        assert!(text.contains(expected), "{seccomp:?}: {text}");
    }
}

/// Not a test of its own: tries to start a sandbox inside a sandbox.
#[test]
fn fixture_nested() {
    if std::env::var_os("FIXTURE").is_none() {
        return;
    }
    match spawn(&Sandbox::new("/", User::new(1000, 1000), vec!["true".into()])) {
        Ok(_) => println!("no obstacle"),
        Err(error) => println!("{error}\n{}", error.hint().unwrap_or_default()),
    }
}

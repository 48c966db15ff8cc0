//! How a sandboxed process starts, is signalled and ends, and that nothing stays. Needs no network and no root.
#![allow(clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)]

mod fixture;

use std::fs;
use std::process::{Command, Stdio as ProcessStdio};
use std::time::{Duration, Instant};

use bareboat_sandbox::*;
use fixture::{Root, descendants, is_alive, output, possible, printed, state, this_program, wait_for_line};

#[test]
fn passes_exit_codes_and_signals_on() {
    require!(possible());
    let root = Root::new();
    assert_eq!(output(&root.shell("exit 0")).unwrap().0, ExitStatus::Exited(0));
    assert_eq!(output(&root.shell("exit 42")).unwrap().0, ExitStatus::Exited(42));
    assert_eq!(output(&root.shell("kill -TERM $$")).unwrap().0, ExitStatus::Signaled(15));
    assert_eq!(output(&root.shell("kill -KILL $$")).unwrap().0.code(), 137);
}

#[test]
fn the_environment_is_exactly_what_was_given() {
    require!(possible());
    let root = Root::new();
    let mut sandbox = root.sandbox(&["env"]);
    sandbox.environment = [("PATH", "/usr/bin:/bin"), ("B", "2"), ("A", "one two\nthree"), ("EMPTY", "")]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
    assert_eq!(printed(&sandbox), "PATH=/usr/bin:/bin\nB=2\nA=one two\nthree\nEMPTY=\n");
}

#[test]
fn arguments_arrive_byte_for_byte() {
    require!(possible());
    let root = Root::new();
    let sandbox = root.sandbox(&["printf", "[%s]", "", "a b", "ü*$x\n"]);
    assert_eq!(printed(&sandbox), "[][a b][ü*$x\n]");
}

#[test]
fn signals_reach_the_application() {
    require!(possible());
    let root = Root::new();
    let script =
        "trap 'echo term; exit 7' TERM; trap 'echo usr1' USR1; echo ready; while :; do sleep 0.05; done";
    let mut child = spawn(&root.shell(script)).unwrap();
    let mut stdout = child.stdout.take().unwrap();
    wait_for_line(&mut stdout, "ready");
    child.signal(Signal::USR1).unwrap();
    wait_for_line(&mut stdout, "usr1");
    child.signal(Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap(), ExitStatus::Exited(7));
}

#[test]
fn run_passes_on_the_signals_of_the_calling_process() {
    require!(possible());
    let mut runner = fixture_process("fixture_runner", &[]);
    wait_for_line(runner.stdout.as_mut().unwrap(), "ready");
    let pid = rustix::process::Pid::from_child(&runner);
    rustix::process::kill_process(pid, Signal::INT).unwrap();
    let status = runner.wait().unwrap();
    assert_eq!(status.code(), Some(9));
}

#[test]
fn nothing_outlives_a_killed_caller() {
    require!(possible());
    let before = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let mut runner = fixture_process("fixture_victim", &[]);
    let line = wait_for_line(runner.stdout.as_mut().unwrap(), "first process");
    let first: u32 = line.rsplit(' ').next().unwrap().parse().unwrap();
    let descendants = descendants(first);
    assert!(descendants.len() >= 3, "{descendants:?}");
    runner.kill().unwrap();
    runner.wait().unwrap();
    let end = Instant::now() + Duration::from_secs(10);
    while descendants.iter().any(|pid| is_alive(*pid)) {
        assert!(Instant::now() < end, "still running: {descendants:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(fs::read_to_string("/proc/self/mountinfo").unwrap(), before);
}

#[test]
fn dropping_a_child_kills_everything_inside() {
    require!(possible());
    let root = Root::new();
    let mut child = spawn(&root.shell("setsid sleep 1000 & (sleep 1000; true) & echo ready; wait")).unwrap();
    wait_for_line(child.stdout.as_mut().unwrap(), "ready");
    let inside = descendants(child.process_id());
    drop(child);
    assert!(inside.iter().all(|pid| !is_alive(*pid)));
}

#[test]
fn the_end_of_the_application_ends_what_it_left_running() {
    require!(possible());
    let root = Root::new();
    let mut child = spawn(&root.shell("setsid sleep 1000 > /dev/null & echo ready; sleep 0.2")).unwrap();
    wait_for_line(child.stdout.as_mut().unwrap(), "ready");
    let inside = descendants(child.process_id());
    assert_eq!(child.wait().unwrap(), ExitStatus::Exited(0));
    assert!(inside.iter().all(|pid| !is_alive(*pid)));
}

#[test]
fn a_child_outlives_the_thread_that_started_it() {
    require!(possible());
    let root = Root::new();
    let sandbox = root.shell("sleep 0.3; exit 5");
    let mut child = std::thread::spawn(move || spawn(&sandbox).unwrap()).join().unwrap();
    assert_eq!(child.wait_at_most(Duration::from_millis(1)).unwrap(), None);
    assert_eq!(child.wait_at_most(Duration::from_secs(20)).unwrap(), Some(ExitStatus::Exited(5)));
}

#[test]
fn many_sandboxes_can_run_at_once() {
    require!(possible());
    let root = Root::new();
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..8)
            .map(|number| {
                let sandbox = root.shell(&format!("sleep 0.1; exit {number}"));
                scope.spawn(move || output(&sandbox).unwrap().0)
            })
            .collect();
        for (number, run) in runs.into_iter().enumerate() {
            assert_eq!(run.join().unwrap(), ExitStatus::Exited(number as u8));
        }
    });
}

#[test]
fn a_failed_start_leaves_no_process() {
    require!(possible());
    let root = Root::new();
    let error = spawn(&root.sandbox(&["/no/such"]));
    assert!(error.is_err());
    let me = std::process::id();
    let zombies = descendants(me).into_iter().filter(|&pid| pid != me && state(pid) == Some('Z')).count();
    assert_eq!(zombies, 0);
}

/// Not a test of its own: calls `run` and ends with its code.
#[test]
fn fixture_runner() {
    if std::env::var_os("FIXTURE").is_none() {
        return;
    }
    let root = Root::new();
    let mut sandbox = root.shell("trap 'exit 9' INT; echo ready; while :; do sleep 0.05; done");
    sandbox.stdout = Stdio::Inherit;
    let code = run(&sandbox).unwrap().code();
    drop(root);
    std::process::exit(code.into());
}

/// Not a test of its own: starts a sandbox and waits to be killed.
#[test]
fn fixture_victim() {
    if std::env::var_os("FIXTURE").is_none() {
        return;
    }
    let root = Root::new();
    let mut sandbox = root.shell("setsid sleep 1000 & sleep 1000 & echo ready; wait");
    sandbox.network = Network::None;
    let mut child = spawn(&sandbox).unwrap();
    wait_for_line(child.stdout.as_mut().unwrap(), "ready");
    println!("first process {}", child.process_id());
    child.wait().unwrap();
}

fn fixture_process(name: &str, variables: &[(&str, &str)]) -> std::process::Child {
    Command::new(this_program())
        .args(["--exact", name, "--nocapture"])
        .env("FIXTURE", "1")
        .envs(variables.iter().copied())
        .stdout(ProcessStdio::piped())
        .spawn()
        .unwrap()
}

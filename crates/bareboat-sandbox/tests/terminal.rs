//! Terminals of a sandbox's own. Needs no network and no root.
#![allow(clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)]

mod fixture;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::Command;

use bareboat_sandbox::*;
use fixture::{Root, has_many_users, possible, this_program, wait_for_line};
use rustix::pty::OpenptFlags;
use rustix::termios::{LocalModes, Winsize};

#[test]
fn a_shell_has_a_controlling_terminal_and_job_control() {
    require!(possible());
    let root = Root::new();
    let mut sandbox = root.sandbox(&["sh", "-i"]);
    sandbox.terminal = Terminal::Own;
    let mut child = spawn(&sandbox).unwrap();
    let mut terminal = child.terminal.take().unwrap();
    terminal
        .write_all(
            b"stty -echo; tty; stty size; sleep 100 & jobs; kill %1; echo 'again' > /dev/tty; exit 6\n",
        )
        .unwrap();
    let shown = read_to_end(&mut terminal);
    assert!(shown.contains("/dev/pts/0"), "{shown}");
    assert!(shown.contains("Running"), "{shown}");
    assert!(shown.contains("again"), "{shown}");
    assert!(!shown.contains("job control turned off"), "{shown}");
    assert_eq!(child.wait().unwrap(), ExitStatus::Exited(6));
}

#[test]
fn the_interrupt_key_interrupts_what_runs() {
    require!(possible());
    let root = Root::new();
    let mut sandbox = root.shell("stty -echo; echo ready; exec cat");
    sandbox.terminal = Terminal::Own;
    let mut child = spawn(&sandbox).unwrap();
    let mut terminal = child.terminal.take().unwrap();
    wait_for_line(&mut terminal, "ready");
    // A shell that is about to execute something may catch the signal and then forget it: let `cat` answer first.
    terminal.write_all(b"awake\n").unwrap();
    wait_for_line(&mut terminal, "awake");
    terminal.write_all(b"\x03").unwrap();
    assert_eq!(child.wait().unwrap(), ExitStatus::Signaled(2));
}

#[test]
fn the_terminal_belongs_to_the_user() {
    require!(possible() && has_many_users());
    let root = Root::new();
    let mut sandbox =
        root.sandbox_as(User::new(65_532, 65_532), &["sh", "-c", "stat -c '%u %a' $(tty); echo x > $(tty)"]);
    sandbox.terminal = Terminal::Own;
    let mut child = spawn(&sandbox).unwrap();
    let shown = read_to_end(&mut child.terminal.take().unwrap());
    assert_eq!(shown, "65532 620\r\nx\r\n");
}

#[test]
fn run_connects_the_callers_terminal_and_leaves_it_as_it_was() {
    require!(possible());
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let outer = rustix::pty::openpt(flags).unwrap();
    rustix::pty::unlockpt(&outer).unwrap();
    let inner = rustix::pty::ioctl_tiocgptpeer(&outer, flags).unwrap();
    let size = Winsize { ws_row: 33, ws_col: 77, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&outer, size).unwrap();
    let copy = |descriptor: &OwnedFd| descriptor.try_clone().unwrap();
    let mut runner = Command::new(this_program())
        .args(["--exact", "fixture_shell", "--nocapture"])
        .env("FIXTURE", "1")
        .stdin(copy(&inner))
        .stdout(copy(&inner))
        .stderr(copy(&inner))
        .spawn()
        .unwrap();
    let mut outer = File::from(outer);
    wait_for_line(&mut outer, "started");
    outer.write_all(b"stty size\nexit 8\n").unwrap();
    let line = wait_for_line(&mut outer, "33 77");
    assert_eq!(line.trim(), "33 77");
    assert_eq!(runner.wait().unwrap().code(), Some(8));
    let modes = rustix::termios::tcgetattr(&inner).unwrap().local_modes;
    assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG));
}

/// Not a test of its own: a shell in a sandbox with an own terminal, connected to this program's.
#[test]
fn fixture_shell() {
    if std::env::var_os("FIXTURE").is_none() {
        return;
    }
    let root = Root::new();
    let mut sandbox = root.shell("stty -echo; echo started; exec sh");
    sandbox.environment.push(("PS1".into(), "".into()));
    sandbox.terminal = Terminal::Own;
    let code = run(&sandbox).unwrap().code();
    drop(root);
    std::process::exit(code.into());
}

/// Everything until nobody inside has the terminal open, which reads as an error.
fn read_to_end(terminal: &mut File) -> String {
    let mut bytes = Vec::new();
    let _ = terminal.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

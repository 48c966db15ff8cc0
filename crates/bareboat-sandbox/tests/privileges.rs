//! Who a sandboxed process is and what it may do. Needs no network and no root.
#![allow(clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)]

mod fixture;

use std::fs;

use bareboat_sandbox::*;
use fixture::{Root, execution_error, has_many_users, output, possible, printed};

#[test]
fn users_and_groups_are_those_asked_for() {
    require!(possible() && has_many_users());
    let root = Root::new();
    let user = User { uid: 65_532, gid: 65_531, groups: vec![7, 8] };
    assert_eq!(printed(&root.sandbox_as(user, &["id"])), "uid=65532 gid=65531 groups=65531,7,8\n");
    let far = User::new(1_000_680_000, 0);
    assert_eq!(printed(&root.sandbox_as(far, &["id"])), "uid=1000680000 gid=0 groups=0\n");
    assert_eq!(printed(&root.sandbox(&["id"])), "uid=0 gid=0 groups=0\n");
}

#[test]
fn a_single_id_is_enough_to_run_any_one_user() {
    require!(possible());
    let root = Root::new();
    let mut sandbox =
        root.sandbox_as(User::new(65_532, 65_532), &["sh", "-c", "id -u; id -g; stat -c %u /; touch /own/x"]);
    sandbox.identity = Identity::Single;
    sandbox.mounts.push(Mount::Tmpfs { target: "/own".into(), size: None, mode: 0o700, owner: (5, 5) });
    assert_eq!(printed(&sandbox), "65532\n65532\n65532\n");
    sandbox.user.groups = vec![5];
    assert!(matches!(output(&sandbox), Err(SandboxError::IdNotMapped { kind: "group", id: 5, .. })));
}

#[test]
fn what_the_caller_identity_writes_belongs_to_the_caller() {
    require!(possible());
    let root = Root::new();
    let shared = tempfile::tempdir().unwrap();
    let mut sandbox = root.sandbox_as(User::new(65_532, 65_532), &["sh", "-c", "id -u; echo x > /data/out"]);
    sandbox.identity = Identity::Caller;
    sandbox.mounts.push(Mount::writable(shared.path(), "/data"));
    match output(&sandbox) {
        Ok((status, text)) => assert_eq!((status, text.as_str()), (ExitStatus::Exited(0), "65532\n")),
        Err(error) => return eprintln!("skipped: no subordinate ids here: {error}"),
    }
    use std::os::unix::fs::MetadataExt;
    let owner = fs::metadata(shared.path().join("out")).unwrap().uid();
    assert_eq!(owner, rustix::process::geteuid().as_raw());
}

#[test]
fn no_capability_is_left_and_none_can_be_gained() {
    require!(possible());
    let root = Root::new();
    for user in [User::ROOT, User::new(65_532, 65_532)] {
        require!(user.uid == 0 || has_many_users());
        let status = printed(&root.sandbox_as(user, &["cat", "/proc/self/status"]));
        for line in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            assert!(status.contains(&format!("{line}:\t0000000000000000\n")), "{status}");
        }
        assert!(status.contains("NoNewPrivs:\t1\n"));
        assert!(status.contains("Seccomp:\t2\n"));
        assert!(status.contains("Umask:\t0022\n"));
        assert!(status.contains("SigBlk:\t0000000000000000\n"));
        assert!(status.contains("SigIgn:\t0000000000000000\n"), "{status}");
    }
}

#[test]
fn builds_get_the_capabilities_that_they_ask_for() {
    require!(possible());
    let root = Root::new();
    let mut sandbox = root.sandbox(&["cat", "/proc/self/status"]);
    sandbox.capabilities = Capabilities::DOCKER;
    sandbox.privileges = Privileges::SetUserId;
    let status = printed(&sandbox);
    for line in ["CapPrm", "CapEff", "CapBnd"] {
        assert!(status.contains(&format!("{line}:\t00000000a80425fb\n")), "{status}");
    }
    assert!(status.contains("NoNewPrivs:\t0\n"));
    assert!(status.contains("Seccomp:\t2\n"));
}

#[test]
fn the_filter_refuses_namespaces_and_the_switch_turns_it_off() {
    require!(possible());
    let root = Root::new();
    let mut sandbox = root.sandbox(&["unshare", "--user", "true"]);
    sandbox.stderr = Stdio::Null;
    assert!(!output(&sandbox).unwrap().0.success());
    let mut sandbox = root.sandbox(&["grep", "Seccomp:", "/proc/self/status"]);
    sandbox.seccomp = Seccomp::Off;
    let own = fs::read_to_string("/proc/self/status").unwrap();
    let own = own.lines().find(|line| line.starts_with("Seccomp:")).unwrap();
    assert_eq!(printed(&sandbox).trim_end(), own);
}

#[test]
fn only_own_processes_are_visible_and_kernel_files_are_masked() {
    require!(possible());
    let root = Root::new();
    let script = "ls /proc | grep -c '^[0-9]*$'
        cat /proc/kcore /proc/timer_list /proc/keys | wc -c
        ls /proc/acpi /sys/firmware 2>/dev/null | wc -l
        echo 1 > /proc/sys/kernel/hostname && exit 1
        echo b > /proc/sysrq-trigger && exit 2
        touch /sys/x && exit 3
        exit 0";
    let mut sandbox = root.shell(script);
    sandbox.stderr = Stdio::Null;
    // Process 1, the shell, and `ls` with `grep`.
    let text = printed(&sandbox);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].parse::<u32>().unwrap() <= 4, "{text}");
    assert_eq!(lines[1].trim(), "0");
    // `ls` prints the names of two directories and an empty line between them, at most.
    assert!(lines[2].trim().parse::<u32>().unwrap() <= 3, "{text}");
}

#[test]
fn process_one_cannot_be_read_or_traced() {
    require!(possible());
    let root = Root::new();
    let mut sandbox = root.shell("cat /proc/1/environ; ls -l /proc/1/exe; cat /proc/1/maps; exit 0");
    sandbox.stderr = Stdio::Null;
    assert_eq!(printed(&sandbox).lines().filter(|line| line.contains("->")).count(), 0);
}

#[test]
fn standard_streams_can_be_reopened_by_another_user() {
    require!(possible() && has_many_users());
    let root = Root::new();
    let user = User::new(65_532, 65_532);
    assert_eq!(printed(&root.sandbox_as(user, &["sh", "-c", "echo again > /dev/stdout"])), "again\n");
}

#[test]
fn no_descriptor_of_the_caller_is_inherited() {
    require!(possible());
    let root = Root::new();
    let leak = fs::File::open("/dev/null").unwrap();
    // SAFETY-free way to clear close-on-exec.
    rustix::io::fcntl_setfd(&leak, rustix::io::FdFlags::empty()).unwrap();
    let text = printed(&root.sandbox(&["ls", "/proc/self/fd"]));
    // The three streams, and the directory that `ls` reads.
    assert_eq!(text, "0\n1\n2\n3\n");
}

#[test]
fn the_host_name_is_the_one_given_and_only_inside() {
    require!(possible());
    let root = Root::new();
    let before = rustix::system::uname().nodename().to_owned();
    let mut sandbox = root.sandbox(&["uname", "-n"]);
    sandbox.hostname = Some("inner-name".to_owned());
    assert_eq!(printed(&sandbox), "inner-name\n");
    assert_eq!(rustix::system::uname().nodename(), before.as_c_str());
}

#[test]
fn the_callers_program_cannot_be_executed_from_inside() {
    require!(possible());
    let root = Root::new();
    let script = execution_error(&root, "trick", b"#!/proc/self/exe\n");
    assert!(script.contains("through a link in `/proc`"), "{script}");
    let direct = output(&root.sandbox(&["/proc/self/exe"])).unwrap_err().to_string();
    assert!(direct.contains("through a link in `/proc`"), "{direct}");
}

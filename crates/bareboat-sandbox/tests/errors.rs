//! What cannot work is named, with what to do. Needs no network and no root.
#![allow(clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)]

mod fixture;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use bareboat_sandbox::*;
use fixture::{Root, execution_error, output, possible};

#[test]
fn a_missing_program_names_where_it_was_searched() {
    require!(possible());
    let root = Root::new();
    let error = output(&root.sandbox(&["no-such-program"])).unwrap_err();
    assert_eq!(error.to_string(), "no program `no-such-program` inside in `/usr/bin:/bin:/usr/sbin:/sbin`");
    let error = output(&root.sandbox(&["/no/such"])).unwrap_err();
    assert_eq!(error.to_string(), "no program `/no/such` inside");
}

#[test]
fn a_missing_working_directory_is_named() {
    require!(possible());
    let root = Root::new();
    let mut sandbox = root.sandbox(&["true"]);
    sandbox.working_directory = "/no/where".into();
    let error = output(&sandbox).unwrap_err();
    assert!(
        error.to_string().starts_with("cannot change to the working directory `/no/where` inside"),
        "{error}"
    );
    assert!(error.hint().is_some());
}

#[test]
fn what_cannot_be_executed_is_explained() {
    require!(possible());
    let root = Root::new();
    let mut elf = fs::read("/bin/true").unwrap();
    let foreign = if cfg!(target_arch = "aarch64") { 62_u16 } else { 183 };
    let loader = b"/lib64/ld-linux-x86-64.so.2";
    let cases: [(&str, Vec<u8>, &str); 6] = [
        ("script", b"#!/no/python3 -u\n".to_vec(), "its interpreter `/no/python3` does not exist inside"),
        ("crlf", b"#!/bin/sh\r\necho\r\n".to_vec(), "its interpreter `/bin/sh\r` does not exist inside"),
        ("text", b"echo hello\n".to_vec(), "it is text without a `#!` line"),
        ("empty", b"".to_vec(), "it is empty"),
        ("noise", b"\x00\x01\x02\x03".to_vec(), "its format is unknown"),
        (
            "foreign",
            {
                elf[18..20].copy_from_slice(&foreign.to_le_bytes());
                elf.clone()
            },
            "it is built for",
        ),
    ];
    for (name, content, expected) in cases {
        let message = execution_error(&root, name, &content);
        assert!(message.contains(expected), "{name}: {message}");
    }
    let mut elf = fs::read("/bin/true").unwrap();
    if let Some(place) = elf.windows(loader.len()).position(|window| window == loader) {
        elf[place..place + 4].copy_from_slice(b"/xyz");
        let message = execution_error(&root, "loader", &elf);
        assert!(message.contains("`/xyz64/ld-linux-x86-64.so.2` does not exist"), "{message}");
    }
    fs::write(root.path().join("plain"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(root.path().join("plain"), fs::Permissions::from_mode(0o644)).unwrap();
    let error = output(&root.sandbox(&["/plain"])).unwrap_err();
    assert!(error.to_string().contains("no permission"), "{error}");
    let error = output(&root.sandbox(&["/usr"])).unwrap_err();
    assert!(error.to_string().contains("directory"), "{error}");
}

#[test]
fn a_root_or_source_that_is_not_there_is_named() {
    let error = spawn(&Sandbox::new("/no/such/root", User::ROOT, vec!["true".into()])).unwrap_err();
    assert!(error.to_string().starts_with("cannot use `/no/such/root`"), "{error}");
    let root = Root::new();
    let mut sandbox = root.sandbox(&["true"]);
    sandbox.mounts.push(Mount::read_only("/no/such/source", "/x"));
    assert!(spawn(&sandbox).unwrap_err().to_string().starts_with("cannot mount `/no/such/source`"));
    sandbox.mounts = vec![Mount::scratch("relative", None)];
    assert!(matches!(spawn(&sandbox), Err(SandboxError::Invalid { .. })));
    sandbox.mounts = vec![Mount::scratch("/", None)];
    assert!(matches!(spawn(&sandbox), Err(SandboxError::Invalid { .. })));
    sandbox.arguments.clear();
    sandbox.mounts.clear();
    assert!(matches!(spawn(&sandbox), Err(SandboxError::NoProgram)));
}

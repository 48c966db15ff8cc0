//! Commands executed for real, on a base of busybox: what they see, what their layers hold, and what stays behind.
//! Needs namespaces and `/bin/busybox`; as root also a user with subordinate ids, to be one.

#![allow(clippy::unwrap_used)]

mod run;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::time::{Duration, Instant};

use bareboat_build::run::*;
use bareboat_image::{Layer, Owner};
use bareboat_store::{Cancel, PruneOptions, Store};
use bareboat_testkit::full;
use run::*;

struct Place {
    directory: tempfile::TempDir,
    store: Store,
    base: Vec<Layer>,
    cancel: Cancel,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("store")).unwrap();
        let base = base(&store);
        Self { directory, store, base, cancel: Cancel::new() }
    }

    fn executor(&self, tier: Tier) -> Executor<'_> {
        Executor::new(&self.store, Some(tier), LATEST, self.cancel.clone()).unwrap()
    }
}

/// The tiers that work for whoever runs the tests.
fn tiers(test: &str) -> Vec<Tier> {
    [Tier::Root, Tier::UserNamespace].into_iter().filter(|tier| possible(test, *tier)).collect()
}

#[test]
fn layers_hold_exactly_what_commands_changed() {
    for tier in tiers("exact_layers") {
        let place = Place::new();
        let executor = place.executor(tier);
        let mut text = String::new();
        for (name, command) in scenarios() {
            let layer = changed(&executor, &place.base, &command);
            text.push_str(&format!("{name}:\n{}\n", listing(&place.store, &layer)));
        }
        insta::assert_snapshot!("layers", text);
        drop(executor);
        is_tidy(&place.store);
    }
}

#[test]
fn an_ordinary_user_gets_the_same_bytes_as_root() {
    let test = "same_bytes";
    if !possible(test, Tier::Root) {
        return;
    }
    let Some((uid, gid)) = subordinate_user() else {
        full::skip(test, "no user has subordinate ids in /etc/subuid");
        return;
    };
    let place = Place::new();
    let expected = digests(&place.executor(Tier::Root), &place.base);
    assert_eq!(digests(&place.executor(Tier::UserNamespace), &place.base), expected);
    // A directory of the user's own, and a copy of this program that the user may execute.
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = home.path().join("tests");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let own = home.path().join("own");
    fs::create_dir(&own).unwrap();
    std::os::unix::fs::chown(&own, Some(uid), Some(gid)).unwrap();
    let output = Process::new(&program)
        .args(["--exact", "fixture_as_ordinary_user", "--nocapture"])
        .env("FIXTURE", &own)
        .current_dir(&own)
        .uid(uid)
        .gid(gid)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let found: String =
        text.lines().filter(|line| line.contains(" sha256:")).map(|line| format!("{line}\n")).collect();
    assert_eq!(found, expected);
}

/// Not a test of its own.
#[test]
#[allow(clippy::print_stdout)]
fn fixture_as_ordinary_user() {
    let Some(own) = std::env::var_os("FIXTURE") else { return };
    let mut store = Store::open(&PathBuf::from(own).join("store")).unwrap();
    let base = base(&store);
    let executor = Executor::new(&store, None, LATEST, Cancel::new()).unwrap();
    let expected =
        if std::env::var_os("FIXTURE_CHROOT").is_some() { Tier::Chroot } else { Tier::UserNamespace };
    assert_eq!(executor.tier(), expected);
    println!("\n{}", digests(&executor, &base));
    drop(executor);
    is_tidy(&store);
    // What belongs to users of the namespace is removed in there, by the next that has one.
    let now = std::time::SystemTime::now() + Duration::from_secs(10);
    let (max_bytes, older_than, keep) = (None, Some(Duration::ZERO), Default::default());
    store.prune(&PruneOptions { max_bytes, older_than, now, keep, dry_run: false }, || {}).unwrap();
    drop(Executor::new(&store, None, LATEST, Cancel::new()).unwrap());
    is_tidy(&store);
    let roots = fs::read_dir(store.root().join("rootfs")).unwrap().flatten();
    let left: Vec<_> = roots.map(|root| root.file_name()).filter(|name| name != "empty").collect();
    assert!(left.is_empty(), "{left:?}");
}

/// The first user with subordinate ids who is not root.
fn subordinate_user() -> Option<(u32, u32)> {
    let (granted, users) = (fs::read_to_string("/etc/subuid").ok()?, fs::read_to_string("/etc/passwd").ok()?);
    let names: Vec<&str> = granted.lines().filter_map(|line| line.split(':').next()).collect();
    users.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let (uid, gid) = (fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?);
        (names.contains(&fields[0]) && uid != 0).then_some((uid, gid))
    })
}

#[test]
fn commands_that_change_nothing_make_no_layer() {
    for tier in tiers("unchanged") {
        let place = Place::new();
        for script in [
            "true",
            "echo > /tmp/x; rm /tmp/x",
            ": >> /etc/passwd",
            "cat /data/covered > /dev/null",
            "mkdir /d; rmdir /d",
        ] {
            let mounts = vec![RunMount::Tmpfs { target: "/not/there".into(), size: None }];
            let (outcome, text) = execute(&place.executor(tier), &place.base, &with(script, mounts));
            assert!(matches!(outcome, Ok(Outcome::Unchanged)), "{script}: {outcome:?} {text}");
        }
    }
}

#[test]
fn a_command_sees_what_buildkit_shows_it() {
    for tier in tiers("inside") {
        let place = Place::new();
        let executor = place.executor(tier);
        let script = "umask; hostname; pwd; id; env | sort; cat; wc -c < /dev/stdin
            grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status
            mount -t tmpfs x /tmp 2>/dev/null || echo no mounts
            grep buildkitsandbox /etc/hosts; grep -c other /etc/hosts
            (echo x > /etc/hosts) 2>/dev/null || echo hosts is read-only";
        let command = Command { hosts: vec![("other".into(), "10.0.0.1".parse().unwrap())], ..shell(script) };
        insta::assert_snapshot!("inside", printed(&executor, &place.base, &command));
        let user = User { uid: 1000, gid: 1000, groups: vec![5, 6] };
        let command = Command {
            user,
            ..shell("id; grep CapEff /proc/self/status; touch /etc/x 2>/dev/null || echo refused")
        };
        let text = printed(&executor, &place.base, &command);
        assert!(text.starts_with("uid=1000(builder) gid=1000(builder) groups=5,6\n"), "{text}");
        assert!(text.contains("CapEff:\t0000000000000000\n") && text.ends_with("refused\n"), "{text}");
        let limits = printed(&executor, &place.base, &shell("cat /proc/self/limits"));
        assert_eq!(limits, fs::read_to_string("/proc/self/limits").unwrap());
    }
}

#[test]
fn without_network_only_loopback_is_left() {
    for tier in tiers("network_none") {
        let place = Place::new();
        let script = "ls /sys/class/net; cat /etc/resolv.conf";
        let command = Command { network: Network::None, ..shell(script) };
        assert_eq!(printed(&place.executor(tier), &place.base, &command), "lo\n");
    }
}

#[test]
fn failures_tell_how_and_keep_what_was_done() {
    for tier in tiers("failures") {
        let place = Place::new();
        let executor = place.executor(tier);
        for (script, expected) in [("echo x > /x; exit 3", Ended::Code(3)), ("kill -9 $$", Ended::Signal(9))]
        {
            match execute(&executor, &place.base, &shell(script)) {
                (Ok(Outcome::Failed(failure)), _) => {
                    assert_eq!(failure.ended, expected);
                    let after = shell("test -e /x && exit 42; exit 43");
                    let code = executor.shell(&failure, &after).unwrap();
                    assert_eq!(code, if expected == Ended::Code(3) { 42 } else { 43 });
                }
                (outcome, text) => panic!("{outcome:?} {text}"),
            }
        }
        let missing = Command::new(vec!["/bin/nothing".into()], Vec::new());
        let (outcome, _) = execute(&executor, &place.base, &missing);
        assert_eq!(outcome.unwrap_err().to_string(), "no program `/bin/nothing` inside");
        is_tidy(&place.store);
    }
}

#[test]
fn nothing_of_a_command_outlives_it() {
    for tier in tiers("leftovers") {
        let place = Place::new();
        let executor = place.executor(tier);
        let script = "(sleep 7531 &) ; (setsid sleep 7531 &) ; yes > /dev/null & echo started > /file";
        let layer = changed(&executor, &place.base, &shell(script));
        assert_eq!(listing(&place.store, &layer), "-0644 0:0 /file 8\n");
        assert_eq!(running("sleep 7531"), Vec::<String>::new());
        is_tidy(&place.store);
    }
}

#[test]
fn a_cancelled_command_leaves_nothing() {
    for tier in tiers("cancelled") {
        let place = Place::new();
        let executor = place.executor(tier);
        let started = Instant::now();
        let mut bytes = 0;
        let script = "echo x > /x; sleep 7532 & yes endless";
        let outcome = executor.execute(&place.base, &shell(script), &mut |_, output| {
            bytes += output.len();
            if bytes > 10_000_000 {
                place.cancel.cancel();
            }
        });
        assert!(outcome.as_ref().is_err_and(RunError::is_cancelled), "{outcome:?}");
        assert!(started.elapsed() < Duration::from_secs(20));
        assert_eq!(running("sleep 7532"), Vec::<String>::new());
        is_tidy(&place.store);
    }
}

#[test]
fn what_a_killed_builder_left_is_removed_by_the_next() {
    for tier in tiers("sweep") {
        let place = Place::new();
        let left = place.store.root().join("run/4000000-1/upper-0");
        fs::create_dir_all(left.join("x")).unwrap();
        drop(place.executor(tier));
        is_tidy(&place.store);
    }
}

fn bind(source: BindSource, target: &str, writable: bool) -> RunMount {
    RunMount::Bind { source, target: target.into(), writable }
}

#[test]
fn binds_show_directories_files_and_layers_and_discard_what_is_written() {
    for tier in tiers("binds") {
        let place = Place::new();
        let executor = place.executor(tier);
        let context = place.directory.path().join("context");
        fs::create_dir(&context).unwrap();
        fs::write(context.join("file"), "from the context\n").unwrap();
        let other = layer(&place.store, &["d opt 755".into(), "f opt/tool tool".into(), "l link opt".into()]);
        let layers = |at: &str| BindSource::Layers {
            layers: vec![place.base[0].clone(), other.clone()],
            path: path(at),
        };
        let host = |at: &str| BindSource::Directory(context.join(at));
        let mounts = vec![
            bind(host(""), "/ro", false),
            bind(host(""), "/rw", true),
            bind(host("file"), "/one/file", true),
            bind(layers("link"), "/opt/tools", false),
            bind(layers("opt/tool"), "/opt/tool", true),
            bind(layers("data/deep"), "/data/deep", true),
        ];
        let script = "cat /ro/file /one/file; cat /opt/tools/tool /opt/tool; echo
            (echo x > /ro/new) 2>/dev/null || echo read-only
            echo changed > /rw/file; rm /data/deep/1; echo changed > /opt/tool; echo changed > /one/file
            cat /rw/file /opt/tool /one/file; ls /data/deep; stat -c '%u %a' /data/deep; echo kept > /kept";
        let command = with(script, mounts);
        let (outcome, text) = execute(&executor, &place.base, &command);
        let Ok(Outcome::Changed(layer)) = outcome else { panic!("{outcome:?} {text}") };
        let expected = "from the context\nfrom the context\ntooltool\nread-only\nchanged\nchanged\nchanged\n2\n3\n1000 750\n";
        assert_eq!(text, expected);
        assert_eq!(listing(&place.store, &layer), "-0644 0:0 /kept 5\n");
        assert_eq!(fs::read_to_string(context.join("file")).unwrap(), "from the context\n");
        assert_eq!(fs::read_dir(&context).unwrap().count(), 1);
        let missing = with("true", vec![bind(layers("no/such"), "/x", false)]);
        let error = execute(&executor, &place.base, &missing).0.unwrap_err();
        assert!(error.to_string().contains("no/such"), "{error}");
        let root = with("true", vec![bind(host(""), "/", false)]);
        assert!(matches!(execute(&executor, &place.base, &root).0, Err(RunError::RootTarget { .. })));
        is_tidy(&place.store);
    }
}

#[test]
fn secrets_sockets_and_scratch_space_leave_no_trace() {
    for tier in tiers("other_mounts") {
        let place = Place::new();
        let socket = place.directory.path().join("agent");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let owner = Owner { uid: 1000, gid: 1001 };
        let mounts = vec![
            RunMount::Secret {
                content: b"secret-4711".into(),
                target: "/run/secrets/key".into(),
                mode: 0o440,
                owner,
            },
            RunMount::Ssh { socket, target: "/run/buildkit/agent".into(), mode: 0o600, owner },
            RunMount::Tmpfs { target: "/scratch".into(), size: Some(1 << 20) },
            RunMount::File {
                content: b"#!/bin/sh\necho script".into(),
                target: "/dev/pipes/EOF".into(),
                mode: 0o755,
            },
        ];
        let script =
            "cat /run/secrets/key; echo; stat -c '%u:%g %a' /run/secrets/key; stat -c '%u:%g %a %F' /run/buildkit/agent
            /dev/pipes/EOF; dd if=/dev/zero of=/scratch/big bs=1M count=2 2>/dev/null || echo full
            echo kept > /run/kept";
        let (outcome, text) = execute(&place.executor(tier), &place.base, &with(script, mounts));
        let Ok(Outcome::Changed(layer)) = outcome else { panic!("{outcome:?} {text}") };
        assert_eq!(text, "secret-4711\n1000:1001 440\n1000:1001 600 socket\nscript\nfull\n");
        assert_eq!(listing(&place.store, &layer), "d0755 0:0 /run\n-0644 0:0 /run/kept 5\n");
        let found =
            Process::new("grep").args(["-rl", "secret-4711"]).arg(place.store.root()).output().unwrap();
        assert_eq!(String::from_utf8(found.stdout).unwrap(), "");
        is_tidy(&place.store);
    }
}

fn cache(id: &str, sharing: Sharing) -> RunMount {
    cache_with(id, sharing, false, None)
}

fn cache_with(id: &str, sharing: Sharing, read_only: bool, from: Option<BindSource>) -> RunMount {
    let (id, owner, target) = (id.to_owned(), Owner { uid: 1000, gid: 1000 }, PathBuf::from("/cache"));
    RunMount::Cache { id, sharing, mode: 0o750, owner, target, read_only, from }
}

#[test]
fn caches_are_kept_between_commands_and_shared_as_asked() {
    for tier in tiers("caches") {
        let place = Place::new();
        let executor = place.executor(tier);
        let run = |cache: RunMount, script: &str| printed(&executor, &place.base, &with(script, vec![cache]));
        let shared = || cache("a", Sharing::Shared);
        assert_eq!(
            run(shared(), "stat -c '%u:%g %a' /cache; echo 1 > /cache/x; chown 42 /cache/x"),
            "1000:1000 750\n"
        );
        assert_eq!(run(shared(), "stat -c %u /cache/x; cat /cache/x"), "42\n1\n");
        assert_eq!(
            run(cache_with("a", Sharing::Shared, true, None), "(echo > /cache/y) 2>/dev/null || echo ro"),
            "ro\n"
        );
        assert_eq!(run(cache("b", Sharing::Shared), "ls /cache"), "");
        let twice = vec![cache("b", Sharing::Locked), cache("b", Sharing::Locked)];
        printed(&executor, &place.base, &with("true", twice));
        let layers = place.base.clone();
        let from = Some(BindSource::Layers { layers, path: path("data") });
        assert_eq!(
            run(cache_with("c", Sharing::Shared, false, from), "ls /cache; cat /cache/covered"),
            "covered\ndeep\nfirst\nsecond\nabove"
        );
        // Two at once: with a lock one after the other, in private each with its own.
        let hold = "set -C; echo > /cache/held && sleep 0.4 && rm /cache/held && echo alone";
        for (sharing, expected) in [(Sharing::Locked, "alone\n"), (Sharing::Private, "alone\n")] {
            let both = std::thread::scope(|scope| {
                let threads = [0, 1].map(|_| scope.spawn(|| run(cache("d", sharing), hold)));
                threads.map(|thread| thread.join().unwrap())
            });
            assert_eq!(both, [expected, expected], "{sharing:?}");
        }
        is_tidy(&place.store);
    }
}

#[test]
fn file_capabilities_are_kept() {
    let libraries = "/lib/x86_64-linux-gnu";
    let loader = format!("{libraries}/ld-linux-x86-64.so.2");
    if !full::has_program("capabilities", "setcap") || !PathBuf::from(&loader).exists() {
        return;
    }
    for tier in tiers("capabilities") {
        let place = Place::new();
        let executor = place.executor(tier);
        let host = bind(BindSource::Directory("/".into()), "/host", false);
        let script = format!(
            "echo > /tool; /host{loader} --library-path /host{libraries} /host/sbin/setcap cap_net_raw+ep /tool"
        );
        let layer = changed(&executor, &place.base, &with(&script, vec![host.clone()]));
        let text = listing(&place.store, &layer);
        let capability = "security.capability=0100000200200000000000000000000000000000";
        assert_eq!(text, format!("-0644 0:0 /tool 1 {capability}\n"));
        // And in a layer below it is one.
        let layers = [&place.base[..], &[layer]].concat();
        let script = format!("/host{loader} --library-path /host{libraries} /host/sbin/getcap /tool");
        assert_eq!(printed(&executor, &layers, &with(&script, vec![host])), "/tool cap_net_raw=ep\n");
    }
}

#[test]
fn results_stack_up() {
    for tier in tiers("stacks") {
        let place = Place::new();
        let executor = place.executor(tier);
        let mut layers = place.base.clone();
        for number in 0..70 {
            let script = format!(
                "echo {number} > /data/n{number}; rm -f /data/n{}; chmod 7{}0 /data",
                number - 2,
                number % 8
            );
            layers.push(changed(&executor, &layers, &shell(&script)));
        }
        let text = printed(&executor, &layers, &shell("ls /data; stat -c %a /data"));
        assert_eq!(text, "covered\ndeep\nfirst\nn68\nn69\nsecond\n750\n");
    }
}

#[test]
fn directories_that_a_layer_does_not_list_keep_their_metadata() {
    for tier in tiers("implied") {
        let place = Place::new();
        let executor = place.executor(tier);
        let sloppy = layer(&place.store, &["f data/deep/more more".into(), "f tmp/x x".into()]);
        let layers = [&place.base[..], &[sloppy]].concat();
        let script = "stat -c '%u %a' /data/deep /tmp; ls /data/deep; echo > /tmp/y";
        assert_eq!(printed(&executor, &layers, &shell(script)), "1000 750\n0 1777\n1\n2\n3\nmore\n");
    }
}

#[test]
fn a_base_without_anything_can_be_mounted_full() {
    for tier in tiers("scratch") {
        let place = Place::new();
        let executor = place.executor(tier);
        let tools = BindSource::Layers { layers: place.base.clone(), path: path("bin") };
        let command = with("echo hello > /file", vec![bind(tools, "/bin", false)]);
        let layer = changed(&executor, &[], &command);
        assert_eq!(listing(&place.store, &layer), "-0644 0:0 /file 6\n");
    }
}

#[test]
fn a_private_root_gives_the_same_layers() {
    if !possible("private_root", Tier::Chroot) || !possible("private_root", Tier::Root) {
        return;
    }
    let place = Place::new();
    let (executor, root) = (place.executor(Tier::Chroot), place.executor(Tier::Root));
    for (name, command) in scenarios() {
        // Older names of the same file are not split off here.
        if name != "hard-links" {
            let (own, other) =
                (changed(&executor, &place.base, &command), changed(&root, &place.base, &command));
            assert_eq!(listing(&place.store, &own), listing(&place.store, &other), "{name}");
            assert_eq!(own.digest, other.digest, "{name}");
        }
    }
    for script in ["true", "echo > /tmp/x; rm /tmp/x", ": >> /etc/passwd", "mkdir /d; rmdir /d"] {
        let (outcome, text) = execute(&executor, &place.base, &shell(script));
        assert!(matches!(outcome, Ok(Outcome::Unchanged)), "{script}: {outcome:?} {text}");
    }
    let mut layers = place.base.clone();
    for number in 0..4 {
        let script = format!("echo {number} > /data/n{number}; rm -f /data/n{}", number - 2);
        layers.push(changed(&executor, &layers, &shell(&script)));
    }
    let text =
        printed(&executor, &layers, &shell("ls /data; ls /dev /proc; echo > /dev/null; cat /dev/null"));
    assert_eq!(
        text,
        "covered\ndeep\nfirst\nn2\nn3\nsecond\n/dev:\nfd\nfull\nnull\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n\n/proc:\n"
    );
    is_tidy(&place.store);
}

#[test]
fn a_private_root_has_mounts_that_leave_no_trace() {
    if !possible("private_mounts", Tier::Chroot) {
        return;
    }
    let place = Place::new();
    let executor = place.executor(Tier::Chroot);
    let context = place.directory.path().join("context");
    fs::create_dir(&context).unwrap();
    fs::write(context.join("file"), "from the context\n").unwrap();
    let layers = |at: &str| BindSource::Layers { layers: place.base.clone(), path: path(at) };
    let owner = Owner { uid: 1000, gid: 1001 };
    let mounts = vec![
        bind(BindSource::Directory(context.clone()), "/context", true),
        bind(layers("data/deep"), "/data/deep", false),
        bind(layers("bin/sh"), "/opt/busybox", false),
        RunMount::Secret { content: b"secret".into(), target: "/run/secrets/key".into(), mode: 0o440, owner },
        RunMount::Tmpfs { target: "/etc".into(), size: None },
        cache("a", Sharing::Shared),
    ];
    let script = "cat /context/file /run/secrets/key; echo; stat -c '%u:%g %a' /run/secrets/key; ls /etc
        echo x > /context/file; rm /data/deep/*; /opt/busybox sh -c 'echo shell'; echo 1 >> /cache/x; cat /cache/x
        rm -rf /run; echo kept > /kept";
    for expected in ["1\n", "1\n1\n"] {
        let (outcome, text) = execute(&executor, &place.base, &with(script, mounts.clone()));
        let Ok(Outcome::Changed(layer)) = outcome else { panic!("{outcome:?} {text}") };
        assert_eq!(text, format!("from the context\nsecret\n1000:1001 440\nshell\n{expected}"));
        assert_eq!(listing(&place.store, &layer), "-0644 0:0 /kept 5\n");
    }
    assert_eq!(fs::read_to_string(context.join("file")).unwrap(), "from the context\n");
    let (outcome, _) = execute(&executor, &place.base, &Command { network: Network::None, ..shell("true") });
    assert!(matches!(outcome, Err(RunError::Impossible { .. })), "{outcome:?}");
    is_tidy(&place.store);
}

#[test]
fn nothing_outlives_a_command_in_a_private_root() {
    if !possible("private_leftovers", Tier::Chroot) {
        return;
    }
    let place = Place::new();
    let executor = place.executor(Tier::Chroot);
    let script = "(sleep 7541 &) ; (setsid sleep 7541 &) ; yes > /dev/null & echo started > /file";
    let layer = changed(&executor, &place.base, &shell(script));
    assert_eq!(listing(&place.store, &layer), "-0644 0:0 /file 8\n");
    match execute(&executor, &place.base, &shell("echo x > /x; exit 3")) {
        (Ok(Outcome::Failed(failure)), _) => {
            assert_eq!(failure.ended, Ended::Code(3));
            assert_eq!(executor.shell(&failure, &shell("test -e /x && exit 42")).unwrap(), 42);
        }
        (outcome, text) => panic!("{outcome:?} {text}"),
    }
    let script = "(setsid sleep 7541 &); yes endless";
    let outcome = executor.execute(&place.base, &shell(script), &mut |_, _| place.cancel.cancel());
    assert!(outcome.as_ref().is_err_and(RunError::is_cancelled), "{outcome:?}");
    assert_eq!(running("sleep 7541"), Vec::<String>::new());
    is_tidy(&place.store);
}

/// Numbers that look random and are the same every time (Knuth's MMIX generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    /// A path of one to three short names, so that most are met again.
    fn path(&mut self) -> String {
        let depth = 1 + self.below(3);
        (0..depth)
            .fold("/w".to_owned(), |path, _| format!("{path}/{}", ["a", "b", "c"][self.below(3) as usize]))
    }

    fn change(&mut self) -> String {
        let (one, other, number) = (self.path(), self.path(), self.below(1000));
        match self.below(12) {
            0 | 1 => format!("mkdir -p {one}"),
            2 => format!("rm -rf {one}"),
            3 => format!("rm -rf {one}; mkdir -p {one}; echo {number} > {one}/{number}"),
            4 | 5 => format!("echo {number} > {one}"),
            6 => format!("echo {number} >> {one}"),
            7 => format!("ln {one} {other}"),
            8 => format!("rm -rf {one}; ln -s {other} {one}"),
            9 => format!("mv {one} {other}"),
            10 => format!("chmod {:o} {one}; chown -h {number}:{} {one}", 0o700 + number % 64, number + 1),
            // No pipes: the next to write to one would wait for ever.
            _ => format!("rm -f {one}; mkdir {one}"),
        }
    }
}

#[test]
fn a_layer_over_its_base_shows_what_its_command_left() {
    let test = "round_trip";
    let tiers = [Tier::Root, Tier::UserNamespace, Tier::Chroot];
    if !tiers.iter().all(|tier| possible(test, *tier)) {
        return;
    }
    let place = Place::new();
    let show = "find /w -exec stat -c '%n %F %a %u:%g %N' {} + | sort; find /w -type f | sort | while read f; do cat $f; done";
    let viewer = place.executor(Tier::Root);
    for (seed, tier) in tiers.into_iter().enumerate() {
        let executor = place.executor(tier);
        let mut numbers = Numbers(seed as u64 + 1);
        let mut layers = place.base.clone();
        for step in 0..12 {
            let changes: Vec<String> =
                (0..8).map(|_| format!("({}) 2> /dev/null", numbers.change())).collect();
            let script = format!("set +e; mkdir -p /w; {}; {show}", changes.join("; "));
            let (outcome, text) = execute(&executor, &layers, &shell(&script));
            match outcome.unwrap() {
                Outcome::Changed(layer) => layers.push(layer),
                Outcome::Unchanged => {}
                Outcome::Failed(failure) => panic!("{tier} {step}: {failure:?} {text}"),
            }
            let shown = printed(&viewer, &layers, &shell(show));
            assert_eq!(shown, text, "{tier}, step {step}: {script}");
        }
    }
}

/// A Debian root as a layer: made by `debootstrap`, or the archive that `BAREBOAT_DEBIAN_TAR` names.
fn debian(test: &str, directory: &Path, store: &Store) -> Option<Layer> {
    let archive = match std::env::var_os("BAREBOAT_DEBIAN_TAR") {
        Some(path) => PathBuf::from(path),
        None => {
            if !full::has_program(test, "debootstrap") {
                return None;
            }
            let (root, archive) = (directory.join("debian"), directory.join("debian.tar"));
            let made = Process::new("debootstrap")
                .args(["--variant=minbase", "bookworm"])
                .arg(&root)
                .stdout(std::process::Stdio::null())
                .status();
            assert!(made.unwrap().success());
            let packed = Process::new("tar")
                .args(["--numeric-owner", "--exclude=./dev/*", "-C"])
                .arg(&root)
                .arg("-cf")
                .arg(&archive)
                .arg(".")
                .status();
            assert!(packed.unwrap().success());
            fs::remove_dir_all(&root).unwrap();
            archive
        }
    };
    let mut writer = store.writer().unwrap();
    std::io::copy(&mut fs::File::open(archive).unwrap(), &mut writer).unwrap();
    let (digest, size) = writer.finish().unwrap();
    let media_type = "application/vnd.oci.image.layer.v1.tar".to_owned();
    Some(Layer { digest, size, diff_id: digest, tar_size: size, media_type })
}

#[test]
#[allow(clippy::print_stderr)]
fn packages_are_installed_alike_in_every_way() {
    let test = "apt_get";
    let tiers: Vec<Tier> = [Tier::Root, Tier::UserNamespace, Tier::Chroot]
        .into_iter()
        .filter(|tier| possible(test, *tier))
        .collect();
    if tiers.is_empty() {
        return;
    }
    let place = Place::new();
    let Some(base) = debian(test, place.directory.path(), &place.store) else { return };
    let script = "apt-get update -qq
        apt-get install -y -qq --no-install-recommends adduser cron iputils-ping
        adduser --system --group --no-create-home service
        install -o service -g crontab -m 2750 -d /srv/service
        rm -rf /var/log/* /var/cache/* /var/lib/apt/lists/* /etc/*-";
    let environment = [("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), ("DEBIAN_FRONTEND", "noninteractive")];
    let command = Command {
        environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..shell(script)
    };
    let mut listings = Vec::new();
    for tier in tiers {
        let executor = place.executor(tier);
        let started = Instant::now();
        let text = printed(&executor, std::slice::from_ref(&base), &shell("true"));
        assert_eq!(text, "");
        eprintln!("{tier}: {:?} to unpack a Debian root and to run nothing", started.elapsed());
        let started = Instant::now();
        let layer = changed(&executor, std::slice::from_ref(&base), &command);
        eprintln!("{tier}: {:?} to install packages, {} bytes", started.elapsed(), layer.size);
        let text = listing(&place.store, &layer);
        for line in ["-2755 0:101 /usr/bin/crontab", "d2750 100:101 /srv/service", "security.capability="] {
            assert!(text.contains(line), "{tier}: no `{line}` in\n{text}");
        }
        listings.push(text);
        is_tidy(&place.store);
    }
    for other in &listings[1..] {
        let (first, other) = (listings[0].lines(), other.lines());
        let differences: Vec<_> = first.zip(other).filter(|(one, two)| one != two).take(10).collect();
        assert_eq!(differences, Vec::new());
    }
}

#[test]
#[allow(clippy::print_stderr)]
fn launching_takes_milliseconds() {
    for tier in [Tier::Root, Tier::UserNamespace, Tier::Chroot] {
        if !possible("launch", tier) {
            continue;
        }
        let place = Place::new();
        let executor = place.executor(tier);
        let mut took: Vec<Duration> = (0..26)
            .map(|_| {
                let started = Instant::now();
                printed(&executor, &place.base, &shell("true"));
                started.elapsed()
            })
            .skip(1)
            .collect();
        took.sort();
        eprintln!("{tier}: median of 25: {:?}, slowest {:?}", took[12], took[24]);
    }
}

//! A base of Debian's static busybox, commands on it, and what their layers hold.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use bareboat_build::run::{Command, Executor, Outcome, RunError, RunMount, Stream, Tier};
use bareboat_image::tar::read::{Limits, MemberKind, TarReader};
use bareboat_image::{Compression, Entry, FileMeta, Kind, Layer, Owner, PartWriter, TreePath, join};
use bareboat_store::{Cancel, Store};
use bareboat_testkit::full;

pub const BUSYBOX: &str = "/bin/busybox";
/// Before everything that a command does, so that no result depends on the clock.
pub const LATEST: i64 = 1_700_000_000;

const APPLETS: [&str; 37] = [
    "sh", "cat", "chmod", "chown", "cp", "cut", "dd", "echo", "env", "false", "find", "grep", "head",
    "hostname", "id", "kill", "ln", "ls", "mkdir", "mkfifo", "mknod", "mount", "mv", "ps", "pwd", "rm",
    "rmdir", "sed", "sleep", "sort", "stat", "su", "touch", "true", "umask", "wc", "yes",
];

/// Whether commands can be executed here by this way; says why not.
pub fn possible(test: &str, tier: Tier) -> bool {
    if !full::wanted(test) {
        return false;
    }
    if !Path::new(BUSYBOX).exists() {
        full::skip(test, "there is no static busybox at `/bin/busybox`");
        return false;
    }
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    match Executor::new(&store, Some(tier), LATEST, Cancel::new()) {
        Ok(_) => true,
        Err(error) => {
            full::skip(test, &error.to_string());
            false
        }
    }
}

pub fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

/// Writes a layer: `f PATH CONTENT`, `d PATH MODE`, `l PATH TARGET`, `h PATH TARGET`, with `UID:GID` at the end if not
/// root's.
pub fn layer(store: &Store, lines: &[String]) -> Layer {
    let mut writer = PartWriter::new(store, Compression::Gzip, 1_000_000_000).unwrap();
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let owner = words.get(3).map_or(Owner::ROOT, |owner| {
            let (uid, gid) = owner.split_once(':').unwrap();
            Owner { uid: uid.parse().unwrap(), gid: gid.parse().unwrap() }
        });
        let at = path(words[1]);
        let entry = match words[0] {
            "d" => Entry::directory(u16::from_str_radix(words[2], 8).unwrap()),
            "l" => Entry::symlink(words[2]),
            "h" => {
                let file = Entry::directory(0o644);
                Entry { kind: Kind::HardLink { target: path(words[2]) }, ..file }
            }
            _ => {
                let content = if words[2] == BUSYBOX { fs::read(BUSYBOX).unwrap() } else { words[2].into() };
                let mode = if words[2] == BUSYBOX { 0o755 } else { 0o644 };
                let meta = FileMeta { owner, ..FileMeta::new(mode) };
                writer.append_bytes(&at, &meta, &content).unwrap();
                continue;
            }
        };
        writer.append(&at, &Entry { owner, ..entry }).unwrap();
    }
    join(store, &[writer.finish().unwrap()], Compression::Gzip).unwrap()
}

/// Two layers: busybox and some accounts; files to change and to delete, one of them from below.
pub fn base(store: &Store) -> Vec<Layer> {
    let mut system: Vec<String> =
        ["d bin 755", "d etc 755", "d tmp 1777", "d data 755", "d data/deep 750 1000:1000"]
            .map(str::to_owned)
            .into();
    system.push(format!("f bin/busybox {BUSYBOX}"));
    system.extend(APPLETS.iter().map(|applet| format!("l bin/{applet} busybox")));
    system.push("f etc/passwd root:x:0:0::/:/bin/sh\nbuilder:x:1000:1000::/:/bin/sh\n".into());
    system.push("f etc/group root:x:0:\nbuilder:x:1000:\n".into());
    system.extend((1..=3).map(|number| format!("f data/deep/{number} content{number} 1000:1000")));
    system.extend(["f data/covered below".to_owned(), "f data/gone gone".to_owned()]);
    let changes = [
        "d data 755",
        "f data/covered above",
        "f data/.wh.gone ",
        "f data/first one",
        "h data/second data/first",
    ];
    vec![layer(store, &system), layer(store, &changes.map(str::to_owned))]
}

pub fn shell(script: &str) -> Command {
    let arguments = ["/bin/sh", "-ec", script].map(str::to_owned).into();
    Command::new(arguments, vec![("PATH".into(), "/bin".into())])
}

pub fn with(script: &str, mounts: Vec<RunMount>) -> Command {
    Command { mounts, ..shell(script) }
}

/// The outcome, and both streams of output in the order of arrival.
pub fn execute(
    executor: &Executor<'_>,
    base: &[Layer],
    command: &Command,
) -> (Result<Outcome, RunError>, String) {
    let mut text = Vec::new();
    let outcome = executor.execute(base, command, &mut |_: Stream, bytes| text.extend_from_slice(bytes));
    (outcome, String::from_utf8_lossy(&text).into_owned())
}

/// What a command prints that must succeed.
pub fn printed(executor: &Executor<'_>, base: &[Layer], command: &Command) -> String {
    match execute(executor, base, command) {
        (Ok(Outcome::Changed(_) | Outcome::Unchanged), text) => text,
        (outcome, text) => panic!("{outcome:?}\n{text}"),
    }
}

/// The layer of a command that must change something.
pub fn changed(executor: &Executor<'_>, base: &[Layer], command: &Command) -> Layer {
    match execute(executor, base, command) {
        (Ok(Outcome::Changed(layer)), _) => layer,
        (outcome, text) => panic!("{outcome:?}\n{text}"),
    }
}

/// One line per entry: kind, mode, owner, path, and what is special about it. Times are those of [`LATEST`] or told.
pub fn listing(store: &Store, layer: &Layer) -> String {
    let mut bytes = Vec::new();
    let file = store.open_blob(&layer.digest).unwrap();
    flate2::read::MultiGzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    let mut reader = TarReader::new(&bytes[..], Limits::default());
    let mut text = String::new();
    while let Some(member) = reader.next_member().unwrap() {
        let (letter, more) = match &member.kind {
            MemberKind::File { size } => ('-', format!(" {size}")),
            MemberKind::Other(Kind::Directory) => ('d', String::new()),
            MemberKind::Other(Kind::Symlink { target }) => ('l', format!(" -> {target}")),
            MemberKind::Other(Kind::HardLink { target }) => ('h', format!(" => {target}")),
            MemberKind::Other(Kind::Fifo) => ('p', String::new()),
            MemberKind::Other(Kind::CharDevice { major, minor }) => ('c', format!(" {major},{minor}")),
            MemberKind::Other(other) => ('?', format!("{other:?}")),
        };
        let Owner { uid, gid } = member.owner;
        text.push_str(&format!("{letter}{:04o} {uid}:{gid} {}{more}", member.mode, member.path));
        if member.mtime != LATEST {
            text.push_str(&format!(" @{}", member.mtime));
        }
        for (name, value) in &member.xattrs {
            let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
            text.push_str(&format!(" {name}={hex}"));
        }
        text.push('\n');
    }
    text
}

/// What processes of this machine run with `marker` among their arguments.
pub fn running(marker: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(marker) {
            found.push(line);
        }
    }
    found
}

/// Whether nothing of an execution is left: no mount below the store, nothing in its working directory.
pub fn is_tidy(store: &Store) {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(store.root().to_str().unwrap()), "{mounts}");
    let left: Vec<_> = fs::read_dir(store.root().join("run")).unwrap().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Commands whose layers must be the same wherever they run.
pub fn scenarios() -> BTreeMap<&'static str, Command> {
    let script = |name: &'static str, script: &str| (name, shell(script));
    let as_builder =
        |script: &str| Command { user: bareboat_build::run::User::new(1000, 1000), ..shell(script) };
    [
        script("adds", "mkdir -p /new/sub; echo hello > /new/sub/file; chmod 4711 /new/sub/file; ln -s file /new/sub/link"),
        script("attributes", "chmod 700 /data/deep; chmod 600 /etc/passwd; touch -d @1234567 /data/covered /new-old"),
        script("deletes", "rm /data/covered; rm -r /data/deep; rm /data/second"),
        script("hard-links", "ln /data/covered /data/a-link; ln /data/first /third; echo x > /x; ln /x /data/x"),
        script("kinds", "mkfifo -m 640 /pipe; ln -s /nowhere /dangling; echo y > /y"),
        script("many-owners", "for id in 1 42 1000 9999 65533; do echo $id > /f$id; chown $id:$((id + 1)) /f$id; done; chown -h 7:8 /data"),
        script("moves", "mv /data/deep /data/moved; mv /etc/group /etc/group2; mkdir /etc/group"),
        script("opaque", "rm -r /data/deep; mkdir /data/deep; echo only > /data/deep/new"),
        script("only-looked", ": >> /etc/passwd; echo > /tmp/x; rm /tmp/x; echo z > /z"),
        script("replaced-kinds", "rm -r /data/deep; echo file > /data/deep; rm /data/first; mkdir -m 2755 /data/first"),
        script("root-directory", "chmod 711 /; chown 3:4 /"),
        ("user", as_builder("echo mine > /tmp/mine; echo more >> /data/deep/1; mkdir /data/deep/own")),
        ("working-directory", Command { working_directory: "/made/here".into(), ..shell("pwd > out") }),
    ]
    .into()
}

/// Runs every scenario: `NAME DIGEST`, one line each.
pub fn digests(executor: &Executor<'_>, base: &[Layer]) -> String {
    let line =
        |(name, command): (&str, Command)| format!("{name} {}\n", changed(executor, base, &command).digest);
    scenarios().into_iter().map(line).collect()
}

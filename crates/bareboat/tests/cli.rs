//! The command line from outside: answers, refusals with their hints and exit codes, and the cache's commands.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
mod place;

use place::{Place, files_below, flip};

const OFFLINE: &[&str] = &["--mirror", "--offline"];
const MAKE: &[&str] = &[
    "--debian",
    "--locked",
    "--user",
    "--arbitrary-user",
    "--slice",
    "--strict",
    "--no-verify",
    "--compression",
];
const GLOBAL: &[&str] = &["--verbose", "--quiet", "--color", "--cache-dir", "--help", "--version"];

#[test]
fn every_command_explains_itself_and_its_options() {
    let place = Place::new();
    let commands: &[(&str, &[&[&str]])] = &[
        ("build", &[MAKE, OFFLINE, &["--platform", "--tag", "--output", "--load", "--format"]]),
        ("run", &[OFFLINE, &["--env", "--volume", "--publish", "--network-mode", "--entrypoint", "--user"]]),
        ("lock", &[MAKE, OFFLINE, &["--platform", "--upgrade"]]),
        ("outdated", &[OFFLINE, &["--format"]]),
        ("init", &[MAKE, OFFLINE, &["--force"]]),
        ("explain", &[&["--image", "--format"]]),
        ("images", &[&["--format"]]),
        ("tag", &[]),
        ("rm", &[]),
        ("save", &[&["--output", "--load"]]),
        ("cache show", &[&["--format"]]),
        ("cache prune", &[&["--max", "--older", "--dry-run"]]),
        ("cache verify", &[&["--repair"]]),
        ("man", &[]),
        ("completions", &[]),
    ];
    for (name, options) in commands {
        let mut words: Vec<&str> = name.split(' ').collect();
        words.push("--help");
        let said = place.run(&words);
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{name}");
        assert!(said.stdout.contains(&format!("Usage: bareboat {name}")), "{name}: {}", said.stdout);
        for option in options.iter().copied().flatten().chain(GLOBAL) {
            assert!(said.stdout.contains(option), "{name} does not name {option}:\n{}", said.stdout);
        }
    }
    let all = place.run(&["--help"]).stdout;
    for (name, _) in commands {
        assert!(
            all.contains(&format!("\n  {} ", name.split(' ').next().unwrap())),
            "{name} is missing in\n{all}"
        );
    }
    assert!(!place.cache().exists(), "asking for help makes no directory");
}

#[test]
fn every_command_has_a_manual_page() {
    let place = Place::new();
    let printed = place.run(&["man"]);
    assert_eq!((printed.code, printed.stderr.as_str()), (Some(0), ""));
    assert!(printed.stdout.contains(".TH bareboat 1"), "{}", printed.stdout);
    assert_eq!(place.run(&["man", "pages/man1"]).code, Some(0));
    let pages = files_below(&place.path("pages"));
    for name in ["bareboat", "bareboat-build", "bareboat-run", "bareboat-cache-prune", "bareboat-man"] {
        let file = format!("{name}.1");
        let page =
            pages.iter().find(|path| path.ends_with(&file)).unwrap_or_else(|| panic!("{file}: {pages:?}"));
        let text = std::fs::read_to_string(page).unwrap();
        assert!(text.contains(&format!(".TH {name} 1")), "{text}");
        assert!(text.contains("SYNOPSIS") && text.contains("OPTIONS"), "{text}");
    }
    assert!(!pages.iter().any(|path| path.to_string_lossy().contains("help")), "{pages:?}");
}

#[test]
fn says_its_version() {
    assert_eq!(Place::new().run(&["--version"]).stdout, format!("bareboat {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn suggests_what_was_meant() {
    let place = Place::new();
    insta::assert_snapshot!(place.run(&["biuld"]).shown(), @r"
    error: unrecognized subcommand 'biuld'

      tip: a similar subcommand exists: 'build'

    Usage: bareboat [OPTIONS] <COMMAND>

    For more information, try '--help'.
    exit 2
    ");
    insta::assert_snapshot!(place.run(&["build", "--platfrom", "linux/amd64"]).shown(), @r"
    error: unexpected argument '--platfrom' found

      tip: a similar argument exists: '--platform'

    Usage: bareboat build --platform <PLATFORM> [DIR]

    For more information, try '--help'.
    exit 2
    ");
    insta::assert_snapshot!(place.run(&["build", "--slice", "saef"]).shown(), @r"
    error: invalid value 'saef' for '--slice <SLICE>'
      [possible values: safe, full, web]

      tip: a similar value exists: 'safe'

    For more information, try '--help'.
    exit 2
    ");
    place.application("app").file("app/bareboat.toml", "port = 80\npakages = ['libpq5']\n");
    insta::assert_snapshot!(place.run(&["build", "app"]).shown(), @r"
    error: `bareboat.toml`, line 2: there is no setting `pakages`
      hint: did you mean `packages`?
    exit 2
    ");
    place.file("app/bareboat.toml", "\n\nquux = 1\n");
    insta::assert_snapshot!(place.run(&["build", "app"]).shown(), @r"
    error: `bareboat.toml`, line 3: there is no setting `quux`
      hint: the settings are: command, port, python, debian, packages, debian-python, build-packages, build-requirements, slice, variant, user, arbitrary-user, writable, env, labels, compression, extras, requirements, mirrors, strict, lint
    exit 2
    ");
    assert_eq!(place.run(&[]).code, Some(2));
}

#[test]
fn refuses_what_it_cannot_build_before_it_begins() {
    let place = Place::new();
    place.application("app").file("empty/readme.txt", "");
    let refused = |arguments: &[&str]| {
        let mut words = vec!["build", "--offline"];
        words.extend(arguments);
        place.run(&words).shown()
    };
    insta::assert_snapshot!(refused(&["nowhere"]), @r"
    error: cannot read `nowhere`: No such file or directory (os error 2)
    exit 2
    ");
    insta::assert_snapshot!(refused(&["app/main.py"]), @r"
    error: `app/main.py` is not a directory
    exit 2
    ");
    insta::assert_snapshot!(refused(&["app", "--platform", "linux/riscv64"]), @r"
    error: cannot build for `linux/riscv64`: only linux/amd64 and linux/arm64
    exit 2
    ");
    insta::assert_snapshot!(refused(&["app", "--platform", "amiga"]), @r"
    error: cannot use `--platform amiga`
      because: `amiga` is not a platform: want `os/architecture`, like `linux/amd64`
    exit 2
    ");
    insta::assert_snapshot!(refused(&["app", "--debian", "9"]), @r"
    error: cannot use `--debian 9`: `9` is no Debian release bareboat knows: want `bookworm` (12), `trixie` (13) or `forky` (14)
    exit 2
    ");
    insta::assert_snapshot!(refused(&["app", "-t", "Upper Case"]), @r"
    error: `Upper Case` is no image name
      because: `Upper Case` is not an image name: a repository's name is lower case
    exit 2
    ");
    insta::assert_snapshot!(refused(&["app", "-o", "floppy:a"]), @r"
    error: cannot use `-o floppy:a`
      because: `floppy:a` is not a form of output
      hint: write oci:DIR, oci-archive:FILE, docker-archive:FILE or dir:ROOTFS
    exit 2
    ");
}

#[test]
fn refuses_configurations_that_are_none() {
    let place = Place::new();
    let refused = |text: &str| {
        place.application("app").file("app/bareboat.toml", text);
        place.run(&["build", "--offline", "app"]).shown()
    };
    insta::assert_snapshot!(refused("port = 'http'\n"), @r#"
    error: cannot use `bareboat.toml`, line 1: invalid type: string "http", expected u16
    exit 2
    "#);
    insta::assert_snapshot!(refused("port = \n"), @r"
    error: cannot use `bareboat.toml`, line 1: string values must be quoted, expected literal string
    exit 2
    ");
    assert!(refused("\u{0}\u{1}").ends_with("exit 2"));
    std::fs::remove_file(place.path("app/bareboat.toml")).unwrap();
    place.file("app/pyproject.toml", "[tool.bareboat]\ncomand = 'x'\n");
    insta::assert_snapshot!(place.run(&["build", "--offline", "app"]).shown(), @r"
    error: `pyproject.toml`, line 2: there is no setting `comand`
      hint: did you mean `command`?
    exit 2
    ");
}

#[test]
fn says_what_to_do_without_the_network() {
    let place = Place::new();
    place.application("app");
    let said = place.run(&["build", "--offline", "--mirror", "http://archive.test/debian", "app"]);
    insta::assert_snapshot!(said.shown(), @r"
    error: cannot use the suite `trixie`: `http://archive.test/debian/dists/trixie/InRelease` is not in the store, and the network is off
      hint: run the same command once without `--offline`
    exit 3
    ");
    assert!(!place.path("app/bareboat.lock").exists());
}

#[test]
fn refuses_missing_and_broken_locks() {
    let place = Place::new();
    place.application("app");
    let locked = || place.run(&["build", "--offline", "--locked", "app"]).shown();
    insta::assert_snapshot!(locked(), @r"
    error: there is no `bareboat.lock`, and `--locked` was given
      hint: run `bareboat lock`
    exit 2
    ");
    place.file("app/bareboat.lock", "version = 1\n");
    insta::assert_snapshot!(locked(), @r"
    error: cannot use `bareboat.lock`: missing field `inputs`
      hint: remove it and run `bareboat lock`
    exit 2
    ");
    place.file("app/bareboat.lock", "version = 99\n");
    insta::assert_snapshot!(locked(), @r"
    error: cannot use `bareboat.lock`: another version of bareboat wrote it
      hint: remove it and run `bareboat lock`
    exit 2
    ");
    place.file("app/bareboat.lock", b"<<<<<<< ours\nversion = 1\n=======\n");
    insta::assert_snapshot!(locked(), @r"
    error: cannot use `bareboat.lock`: key with no value, expected `=`
      hint: remove it and run `bareboat lock`
    exit 2
    ");
    place.file("app/bareboat.lock", b"\xff\xfe");
    assert!(locked().ends_with("exit 2"), "{}", locked());
    let stale = format!(
        "version = 1\ninputs = \"sha256:{}\"\ndebian = \"trixie\"\npython = \"3.13.5\"\n[suites]\n[architectures.amd64]\n",
        "0".repeat(64)
    );
    place.file("app/bareboat.lock", stale);
    insta::assert_snapshot!(locked(), @r"
    error: `bareboat.lock` no longer fits the application, and `--locked` was given
      hint: run `bareboat lock`
    exit 2
    ");
}

#[test]
fn an_empty_cache_has_nothing_and_needs_nothing() {
    let place = Place::new();
    insta::assert_snapshot!(place.run(&["images"]).shown(), @r"
    no images yet; `bareboat build DIR` makes one
    exit 0
    ");
    insta::assert_snapshot!(place.run(&["images", "--format", "json"]).shown(), @r#"
    {
      "images": [],
      "version": 1
    }
    exit 0
    "#);
    insta::assert_snapshot!(place.run(&["cache", "show"]).shown(), @r"
    HOME/.cache/bareboat
    kept            number  bytes
    blobs                0    0 B
    results              0    0 B
    unpacked roots       0    0 B
    image names          0      —
    exit 0
    ");
    insta::assert_snapshot!(place.run(&["cache", "show", "--format", "json"]).shown(), @r#"
    {
      "actionBytes": 0,
      "actions": 0,
      "blobBytes": 0,
      "blobs": 0,
      "directory": "HOME/.cache/bareboat",
      "references": 0,
      "rootBytes": 0,
      "roots": 0,
      "version": 1
    }
    exit 0
    "#);
    insta::assert_snapshot!(place.run(&["cache", "verify"]).shown(), @r"
    read 0 entries, 0 B
    everything is whole
    exit 0
    ");
    insta::assert_snapshot!(place.run(&["cache", "prune"]).shown(), @r"
    error: nothing says what may go
      hint: pass `--max 2G` or `--older 30`
    exit 2
    ");
    insta::assert_snapshot!(place.run(&["cache", "prune", "--max", "2 parsecs"]).shown(), @r"
    error: `2 parsecs` is no size
      hint: write it like `500M` or `2G`
    exit 2
    ");
    insta::assert_snapshot!(place.run(&["cache", "prune", "--older", "0"]).shown(), @r"
    removed 0 entries, 0 B
    exit 0
    ");
    insta::assert_snapshot!(place.run(&["tag", "shop", "shop:2"]).shown(), @r"
    error: there is no image `shop` in the store
      hint: list what there is with `bareboat images`
    exit 2
    ");
    insta::assert_snapshot!(place.run(&["rm", "shop"]).shown(), @r"
    error: there is no image `shop` in the store
      hint: list what there is with `bareboat images`
    exit 2
    ");
    insta::assert_snapshot!(place.run(&["explain", "/usr/bin/python3"]).shown(), @r"
    error: there is no image yet
      hint: run `bareboat build DIR`
    exit 2
    ");
    insta::assert_snapshot!(place.run(&["run", "shop"]).shown(), @r"
    error: there is no image `shop` in the store
      hint: `bareboat images` lists what is here; give a directory to build it first
    exit 2
    ");
    insta::assert_snapshot!(place.run(&["save", "shop"]).shown(), @r"
    error: nothing says where to
      hint: pass `-o docker-archive:FILE` or `--load`
    exit 2
    ");
}

#[test]
fn names_come_and_go() {
    let place = Place::new();
    place.image("shop:1");
    insta::assert_snapshot!(place.run(&["tag", "shop:1", "localhost:5000/shop:2"]).shown(), @r"
    localhost:5000/shop:2 is c5c3090c78a6
    exit 0
    ");
    insta::assert_snapshot!(place.run(&["images"]).shown(), @r"
    name                   digest        platform     pull  created
    shop:1                 c5c3090c78a6  linux/amd64   0 B
    localhost:5000/shop:2  c5c3090c78a6  linux/amd64   0 B
    exit 0
    ");
    insta::assert_snapshot!(place.run(&["tag", "shop:1", "no name"]).shown(), @r"
    error: `no name` is no image name
      because: `no name` is not an image name: a repository's name is made of `a` to `z` and digits, joined by single `.`, `_`, `__`, `-` and `/`
    exit 2
    ");
    insta::assert_snapshot!(place.run(&["rm", "shop:1", "shop:7"]).shown(), @r"
    error: there is no image `shop:7` in the store
      hint: list what there is with `bareboat images`
    exit 2
    ");
    assert!(place.run(&["images"]).stdout.contains("shop:1"), "all are looked up before the first goes");
    insta::assert_snapshot!(place.run(&["rm", "shop:1"]).shown(), @r"
    removed shop:1
    the bytes stay in the cache until `bareboat cache prune`
    exit 0
    ");
    let left = place.run(&["images"]).stdout;
    assert!(left.contains("localhost:5000/shop:2") && !left.contains("shop:1"), "{left}");
    assert_eq!(place.run(&["cache", "prune", "--older", "0"]).code, Some(0));
    assert_eq!(place.run(&["images"]).stdout, left, "what an image needs stays");
}

#[test]
fn finds_and_removes_every_damaged_entry() {
    let place = Place::new();
    place.image("shop:1");
    let kept = |part: &str| files_below(&place.cache().join(part));
    let entries = [kept("blobs"), kept("references")].concat();
    assert!(entries.len() >= 3, "{entries:?}");
    for entry in &entries {
        let whole = std::fs::read(entry).unwrap();
        flip(entry);
        let said = place.run(&["cache", "verify"]);
        assert_eq!(said.code, Some(1), "{}", said.shown());
        let name = entry.file_name().unwrap().to_str().unwrap();
        assert!(said.stderr.contains("damaged: ") && said.stderr.contains(name), "{}", said.shown());
        for command in [&["images"][..], &["cache", "show"], &["cache", "prune", "--max", "1G"]] {
            let said = place.run(command);
            assert!(!said.stderr.contains("panicked"), "{command:?}: {}", said.shown());
        }
        // Whoever reads a damaged blob removes it.
        let _ = std::fs::remove_file(entry);
        std::fs::write(entry, whole).unwrap();
        assert_eq!(place.run(&["cache", "verify"]).code, Some(0));
    }
    for entry in &entries {
        flip(entry);
    }
    assert_eq!(place.run(&["cache", "verify", "--repair"]).code, Some(0));
    insta::assert_snapshot!(place.run(&["cache", "verify"]).shown(), @r"
    read 0 entries, 0 B
    everything is whole
    exit 0
    ");
    assert_eq!(kept("blobs"), Vec::<std::path::PathBuf>::new());
}

#[test]
fn leaves_directories_alone_that_are_no_cache_of_its_own() {
    let place = Place::new();
    place.file("note", "");
    insta::assert_snapshot!(place.run(&["images", "--cache-dir", "note"]).shown(), @r"
    error: cannot create the directory `HOME/note`: File exists (os error 17)
    exit 3
    ");
    place.file(".cache/bareboat/format", "999\n");
    insta::assert_snapshot!(place.run(&["images"]).shown(), @r"
    error: the store `HOME/.cache/bareboat` has format 999, this bareboat knows formats up to 1
      hint: use the newer bareboat, or another store with `--cache-dir DIR`
    exit 3
    ");
    place.file(".cache/bareboat/format", "what is this\n");
    insta::assert_snapshot!(place.run(&["cache", "prune", "--older", "0"]).shown(), @r"
    error: `HOME/.cache/bareboat/format` does not name a store format: it holds `what is this`
      hint: if the directory is a store, remove it; else choose another with `--cache-dir DIR`
    exit 3
    ");
    let said = place.finish(place.command(&["images"]).env_remove("HOME"));
    insta::assert_snapshot!(said.shown(), @r"
    error: there is no cache directory: neither XDG_CACHE_HOME nor HOME is set
      hint: pass `--cache-dir DIR`
    exit 2
    ");
}

#[test]
fn colours_only_what_a_person_sees() {
    let place = Place::new();
    let coloured = |options: &[&str], variables: &[(&str, &str)]| {
        let mut words = vec!["rm", "shop"];
        words.extend(options);
        let said = place.finish(place.command(&words).envs(variables.iter().copied()));
        assert_eq!(said.code, Some(2));
        said.shown().contains('\u{1b}')
    };
    assert!(!coloured(&[], &[]), "a pipe");
    assert!(!coloured(&[], &[("NO_COLOR", "1")]));
    assert!(!coloured(&["--color", "never"], &[]));
    assert!(coloured(&["--color", "always"], &[]));
    for words in [&["--help"][..], &["build", "--help"], &["biuld"], &["images"], &["cache", "show"]] {
        assert!(!place.run(words).shown().contains('\u{1b}'), "{words:?}");
    }
}

#[test]
fn quiet_leaves_only_errors_and_data() {
    let place = Place::new();
    place.image("shop:1");
    assert_eq!(place.run(&["-q", "tag", "shop:1", "shop:2"]).shown(), "exit 0");
    assert_eq!(place.run(&["-q", "rm", "shop:2"]).shown(), "exit 0");
    assert_eq!(place.run(&["-q", "cache", "verify"]).shown(), "exit 0");
    assert!(place.run(&["-q", "images"]).stdout.contains("shop:1"));
    assert!(place.run(&["-q", "rm", "shop:9"]).stderr.starts_with("error: "));
}

#[test]
fn completes_for_every_shell_and_survives_a_closed_pipe() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = place.run(&["completions", shell]);
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
        assert!(said.stdout.contains("bareboat") && said.stdout.contains("arbitrary-user"), "{shell}");
    }
    for words in [&["completions", "bash"][..], &["build", "--help"], &["cache", "show"]] {
        let mut child = place
            .command(words)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let talk = String::from_utf8_lossy(&output.stderr);
        assert!(!talk.contains("panicked") && output.status.code() != Some(101), "{words:?}: {talk}");
    }
}

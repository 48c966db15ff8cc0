//! The debug variant in a real engine: a shell to look around with, and nothing else that is different; and commands of
//! structure tests in either.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
mod apps;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bareboat_testkit::full;
use serde_json::Value;

/// An application and what its builds say.
struct Lab {
    directory: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        let lab = Self { directory: tempfile::tempdir().unwrap() };
        fs::create_dir(lab.application()).unwrap();
        fs::write(lab.application().join("main.py"), "if __name__ == '__main__':\n    print('as ever')\n")
            .unwrap();
        lab
    }

    fn application(&self) -> PathBuf {
        self.directory.path().join("debugged")
    }

    fn archive(&self) -> PathBuf {
        self.directory.path().join("image.tar")
    }

    fn command(&self, options: &[&str]) -> Command {
        let mut command = apps::bareboat();
        command.arg("build").arg(self.application()).args(["--format", "json"]).args(options);
        command
    }

    fn build(&self, options: &[&str]) -> Value {
        serde_json::from_slice(&apps::run(&mut self.command(options)).stdout).unwrap()
    }
}

/// Name and digest of each layer of the only image.
fn layers(built: &Value) -> Vec<(String, String)> {
    let layers = built["result"]["images"][0]["layers"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    layers.iter().map(|layer| (text(&layer["name"]), text(&layer["layer"]["digest"]))).collect()
}

#[test]
fn the_debug_variant_adds_a_layer_with_a_shell_and_changes_nothing_else() {
    const NAME: &str = "debug_variant";
    if !full::wanted(NAME) || !full::has_program(NAME, "dockerd") {
        return;
    }
    for release in ["13", "12"] {
        let lab = Lab::new();
        let standard = lab.build(&["--debian", release]);
        let archive = format!("docker-archive:{}", lab.archive().display());
        let tag = format!("bareboat-test/debug-{release}:1");
        let options = ["--debian", release, "--locked", "--variant", "debug", "-t", &tag, "-o", &archive];
        let debug = lab.build(&options);
        let (standard_layers, debug_layers) = (layers(&standard), layers(&debug));
        assert_eq!(debug_layers[..standard_layers.len()], standard_layers[..]);
        let added: Vec<&str> =
            debug_layers[standard_layers.len()..].iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(added, ["debug"]);
        let image = |built: &Value, key: &str| built["result"]["images"][0][key].clone();
        for same in ["entrypoint", "user", "port"] {
            assert_eq!(image(&debug, same), image(&standard, same), "{same}");
        }
        let offline = lab.build(&["--debian", release, "--locked", "--offline", "--variant", "debug"]);
        assert_eq!(layers(&offline), debug_layers);
        in_docker(&lab.archive(), &tag);
    }
}

fn in_docker(archive: &Path, tag: &str) {
    apps::run(docker(&["load", "-q", "-i"]).arg(archive));
    let run = |options: &[&str], words: &[&str]| -> Output {
        let mut command = docker(&["run", "--rm", "--read-only", "--cap-drop", "ALL", "--network", "none"]);
        command.args(options).arg(tag).args(words);
        apps::run(&mut command)
    };
    let text = |output: Output| String::from_utf8(output.stdout).unwrap();
    assert_eq!(text(run(&[], &[])), "as ever\n");
    let shell = |line: &str| text(run(&["--entrypoint", "/busybox/sh"], &["-c", line]));
    assert!(shell("echo $PATH").ends_with(":/busybox\n"));
    let which = "python3 -c 'import shutil; print(*map(shutil.which, [\"ls\", \"python3\"]))'";
    assert_eq!(shell(which), "/busybox/ls /app/.venv/bin/python3\n");
    assert!(shell("busybox").starts_with("BusyBox v1."));
    let listed = shell("busybox --list | grep -v '^busybox$' | sort");
    let linked = shell("cd /busybox; for name in *; do test -L $name && echo $name; done | sort");
    assert_eq!(listed, linked);
    assert!(linked.lines().count() > 200, "{linked}");
    assert!(shell("cat /var/lib/dpkg/status.d/busybox-static").contains("Package: busybox-static\n"));
    assert!(shell("cat /usr/share/doc/busybox-static/copyright").contains("Copyright"));
    assert_eq!(shell("ls /bin/sh /usr/bin/busybox 2>/dev/null; id -u"), "65532\n");
    let _ = docker(&["rmi", "-f", tag]).output();
}

fn docker(words: &[&str]) -> Command {
    let mut command = Command::new("/usr/bin/docker");
    command.args(words);
    command
}

const STRUCTURE_TESTS: &str = r#"
schemaVersion: 2.0.0
globalEnvVars: [{ key: FROM, value: "path $PATH" }]
commandTests:
  - name: prints
    command: /usr/bin/python3
    args: ["-c", "import os, sys; print(os.getuid(), os.environ['FROM']); sys.stderr.write('err'); sys.exit(3)"]
    expectedOutput: ["^65532 path /"]
    expectedError: ["^err$"]
    exitCode: 3
  - name: writes
    setup: [["/usr/bin/python3", "-c", "open('/tmp/x', 'w').write('kept')"]]
    command: /usr/bin/python3
    args: ["-c", "print(open('/tmp/x').read())"]
    expectedOutput: [kept]
  - { name: forgets, command: /usr/bin/python3, args: ["-c", "import os; print(os.path.exists('/tmp/x'))"], expectedOutput: ["False"] }
  - { name: shell, command: sh, args: ["-c", "echo there"], expectedOutput: [there] }
"#;

#[test]
fn commands_of_structure_tests_run_in_the_sandbox() {
    const NAME: &str = "structure_test_commands";
    if !full::wanted(NAME) {
        return;
    }
    let lab = Lab::new();
    let archive = format!("docker-archive:{}", lab.archive().display());
    lab.build(&["-o", &archive]);
    let tests = lab.directory.path().join("tests.yaml");
    fs::write(&tests, STRUCTURE_TESTS).unwrap();
    let mut command = apps::bareboat();
    command.arg("check").arg(lab.archive()).arg("-c").arg(&tests).args(["--no-skip", "--format", "json"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let results = document["results"].as_array().unwrap();
    let shown: Vec<(&str, &str)> = results
        .iter()
        .map(|result| (result["name"].as_str().unwrap(), result["status"].as_str().unwrap()))
        .collect();
    assert_eq!(
        shown,
        [("prints", "passed"), ("writes", "passed"), ("forgets", "passed"), ("shell", "failed")],
        "{document:#}"
    );
    assert!(results[3]["errors"][0].as_str().unwrap().starts_with("no program `sh` inside"), "{document:#}");
}

//! What the pairing rules say will happen does happen: each Dockerfile is judged, built on stand-ins for its base images,
//! and run by Docker. The stand-ins are Debian roots and images of this project's own builder.
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
mod apps;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use apps::run;
use bareboat_testkit::full;

/// A Dockerfile, the rule that must speak, and what Docker's log then says.
struct Case {
    name: &'static str,
    dockerfile: &'static str,
    rule: &'static str,
    log: &'static str,
}

const CASES: &[Case] = &[
    Case {
        name: "packages-of-another-python",
        dockerfile: "FROM debian:bookworm-slim AS build\n\
            RUN apt-get update && apt-get install -y --no-install-recommends python3-venv && python3 -m venv /app/.venv\n\
            RUN /app/.venv/bin/pip install markupsafe==3.0.2\n\
            FROM gcr.io/distroless/python3-debian13\n\
            COPY --from=build /app /app\n\
            ENTRYPOINT [\"/app/.venv/bin/python\", \"-c\", \"import markupsafe\"]\n",
        rule: "python-minor-differs",
        log: "ModuleNotFoundError: No module named",
    },
    Case {
        name: "a-newer-glibc",
        dockerfile: "FROM debian:trixie-slim AS build\n\
            RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev\n\
            COPY main.c /\n\
            RUN gcc -o /main /main.c\n\
            FROM gcr.io/distroless/python3-debian12\n\
            COPY --from=build /main /main\n\
            ENTRYPOINT [\"/main\"]\n",
        rule: "glibc-newer-than-runtime",
        log: "version `GLIBC_2.38' not found",
    },
    Case {
        name: "no-glibc",
        dockerfile: "FROM debian:trixie-slim AS build\n\
            RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev\n\
            COPY main.c /\n\
            RUN gcc -o /main /main.c\n\
            FROM scratch\n\
            COPY --from=build /main /main\n\
            ENTRYPOINT [\"/main\"]\n",
        rule: "dynamic-program-without-libc",
        log: "no such file or directory",
    },
    Case {
        name: "a-script",
        dockerfile: "FROM gcr.io/distroless/python3-debian13\n\
            COPY --chmod=755 entry.sh /entry.sh\n\
            ENTRYPOINT [\"/entry.sh\"]\n",
        rule: "script-without-shell",
        log: "no such file or directory",
    },
    Case {
        name: "shell-form",
        dockerfile: "FROM gcr.io/distroless/python3-debian13\nCMD python3 -c 'print(1)'\n",
        rule: "shell-form-without-shell",
        log: "can't open file '/bin/sh'",
    },
    Case {
        name: "an-unknown-user",
        dockerfile: "FROM gcr.io/distroless/python3-debian13\n\
            USER app\n\
            ENTRYPOINT [\"/usr/bin/python3\", \"-c\", \"print(1)\"]\n",
        rule: "user-not-in-image",
        log: "unable to find user app: no matching entries in passwd file",
    },
    Case {
        name: "a-console-script",
        dockerfile: "FROM gcr.io/distroless/python3-debian13\nENTRYPOINT [\"gunicorn\", \"app:app\"]\n",
        rule: "console-script-not-found",
        log: "executable file not found in $PATH",
    },
];

/// The mistake that people make most: Alpine below, distroless above, another Python in each.
const CLASSIC: &str = "FROM python:3.12-alpine AS build\n\
    WORKDIR /app\n\
    COPY requirements.txt .\n\
    RUN pip install --no-cache-dir --target=/app/deps -r requirements.txt\n\
    COPY app.py .\n\
    COPY templates templates\n\
    FROM gcr.io/distroless/python3-debian12\n\
    WORKDIR /app\n\
    COPY --from=build /app /app\n\
    ENV PYTHONPATH=/app/deps\n\
    CMD [\"-c\", \"import app, markupsafe._speedups; print(app.app.test_client().get('/').status)\"]\n";

/// One test, because making the stand-ins takes longer than everything else.
#[test]
fn what_is_predicted_happens_and_the_repair_helps() {
    let Some(bench) = Bench::new("what_is_predicted_happens_and_the_repair_helps") else { return };
    for case in CASES {
        let directory = bench.context(case.name);
        fs::write(directory.join("main.c"), MAIN).unwrap();
        fs::write(directory.join("entry.sh"), "#!/bin/sh\necho started\n").unwrap();
        fs::write(directory.join("Dockerfile"), case.dockerfile).unwrap();
        let notes = bench.notes(&directory, case.rule);
        assert!(!notes.is_empty(), "{}: `{}` says nothing", case.name, case.rule);
        let log = bench.build_and_run(&directory, case.name);
        assert!(log.contains(case.log), "{}: predicted {notes:?}\nbut the log is\n{log}", case.name);
    }
    the_repaired_pair_builds_and_runs(&bench);
}

fn the_repaired_pair_builds_and_runs(bench: &Bench) {
    let directory = bench.context("classic");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/app_python");
    for file in ["requirements.txt", "app.py"] {
        fs::copy(example.join(file), directory.join(file)).unwrap();
    }
    fs::create_dir(directory.join("templates")).unwrap();
    for template in fs::read_dir(example.join("templates")).unwrap() {
        let template = template.unwrap();
        fs::copy(template.path(), directory.join("templates").join(template.file_name())).unwrap();
    }
    fs::write(directory.join("Dockerfile"), CLASSIC).unwrap();
    for rule in ["libc-family-differs", "python-minor-differs", "runtime-unmaintained"] {
        assert!(!bench.notes(&directory, rule).is_empty(), "`{rule}` says nothing");
    }
    let fix = ["lint", "--shellcheck", "off", "--fix", "--unsafe", "--quiet"];
    bench.bareboat().args(fix).arg(directory.join("Dockerfile")).output().unwrap();
    let repaired = fs::read_to_string(directory.join("Dockerfile")).unwrap();
    assert!(repaired.starts_with("FROM python:3.13-slim-trixie AS build\n"), "{repaired}");
    assert!(repaired.contains("\nFROM gcr.io/distroless/python3-debian13"), "{repaired}");
    let log = bench.build_and_run(&directory, "classic");
    assert!(log.contains("200 OK"), "{log}");
}

/// Wants a symbol of glibc 2.38.
const MAIN: &str = "#define _GNU_SOURCE\n#include <stdlib.h>\nint main(int c, char **v) { return (int)strtol(v[0], 0, 10); }\n";

/// A store with the stand-ins, apart from all others.
struct Bench {
    directory: tempfile::TempDir,
}

impl Bench {
    fn new(name: &str) -> Option<Self> {
        let programs = ["dockerd", "debootstrap"];
        if !full::wanted(name) || !programs.iter().all(|program| full::has_program(name, program)) {
            return None;
        }
        let bench = Self { directory: tempfile::tempdir().unwrap() };
        for suite in ["bookworm", "trixie"] {
            let context = bench.context(suite);
            let archive = root(suite);
            fs::hard_link(&archive, context.join("root.tar"))
                .or_else(|_| fs::copy(&archive, context.join("root.tar")).map(drop))
                .unwrap();
            fs::write(context.join("Dockerfile"), "FROM scratch\nADD root.tar /\nCMD [\"bash\"]\n").unwrap();
            bench.build(&context, &format!("docker.io/library/debian:{suite}-slim"));
        }
        let python = bench.context("python");
        let dockerfile = "FROM debian:trixie-slim\n\
            RUN ln -s /usr/bin/python3 /usr/local/bin/python && ln -s /usr/bin/pip /usr/local/bin/pip\n";
        fs::write(python.join("Dockerfile"), dockerfile).unwrap();
        bench.build(&python, "docker.io/library/python:3.13-slim-trixie");
        for (release, python) in [("12", "3.11"), ("13", "3.13")] {
            let application = bench.context(&format!("application-{release}"));
            fs::write(application.join("main.py"), "print('started')\n").unwrap();
            let mut build = apps::bareboat();
            build.args(["build", "--quiet", "--debian", release, "-o"]);
            let layout = application.join("layout");
            run(build.arg(format!("oci:{}", layout.display())).arg(&application));
            let context = bench.context(&format!("distroless-{release}"));
            let dockerfile = format!(
                "FROM application\nENTRYPOINT [\"/usr/bin/python{python}\"]\nCMD []\nUSER 0\nENV PATH=/usr/bin:/bin\n"
            );
            fs::write(context.join("Dockerfile"), dockerfile).unwrap();
            let name = format!("gcr.io/distroless/python3-debian{release}");
            let mut build = bench.bareboat();
            build.args(["build", "--quiet", "-t", &name, "--build-context"]);
            build.arg(format!("application=oci-layout://{}", layout.display())).arg("-f");
            run(build.arg(context.join("Dockerfile")).arg(&context));
        }
        Some(bench)
    }

    fn context(&self, name: &str) -> PathBuf {
        let directory = self.directory.path().join(name);
        fs::create_dir_all(&directory).unwrap();
        directory
    }

    fn bareboat(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bareboat"));
        command.env("BAREBOAT_CACHE_DIR", self.directory.path().join("cache"));
        command
    }

    fn build(&self, context: &Path, name: &str) {
        let mut build = self.bareboat();
        build.args(["build", "--quiet", "-t", name, "-f"]).arg(context.join("Dockerfile")).arg(context);
        run(&mut build);
    }

    /// What the rule says beside its findings.
    fn notes(&self, directory: &Path, rule: &str) -> Vec<String> {
        let mut lint = self.bareboat();
        lint.args(["lint", "--quiet", "--shellcheck", "off", "--format", "json"])
            .arg(directory.join("Dockerfile"));
        let output = lint.output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = report["files"][0]["findings"].as_array().unwrap();
        let of_rule = findings.iter().filter(|finding| finding["rule"] == rule);
        of_rule.map(|finding| format!("{} {}", finding["message"], finding["notes"])).collect()
    }

    /// What Docker prints when it runs what the Dockerfile says.
    fn build_and_run(&self, directory: &Path, name: &str) -> String {
        let tag = format!("bareboat-test/pairing-{name}:1");
        let archive = directory.join("image.tar");
        let mut build = self.bareboat();
        build
            .args(["build", "--quiet", "-t", &tag, "-o"])
            .arg(format!("docker-archive:{}", archive.display()));
        run(build.arg("-f").arg(directory.join("Dockerfile")).arg(directory));
        let docker = || Command::new("/usr/bin/docker");
        run(docker().args(["load", "--quiet", "--input"]).arg(&archive));
        let output = docker().args(["run", "--rm", &tag]).output().unwrap();
        let _ = docker().args(["rmi", "--force", &tag]).output();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }
}

/// An archive with a minimal Debian that has Python and pip, and asks the index that this machine asks; made once.
fn root(suite: &str) -> PathBuf {
    let kept = apps::cache().join("tests");
    fs::create_dir_all(&kept).unwrap();
    let archive = kept.join(format!("{suite}.tar"));
    if archive.is_file() {
        return archive;
    }
    let directory = tempfile::tempdir_in(&kept).unwrap();
    let root = directory.path().join("root");
    let include = "--include=ca-certificates,python3,python3-pip";
    run(Command::new("debootstrap").args(["--variant=minbase", include, suite]).arg(&root));
    let _ = fs::copy("/etc/ssl/certs/ca-certificates.crt", root.join("etc/ssl/certs/ca-certificates.crt"));
    fs::write(root.join("etc/pip.conf"), format!("[global]\nindex-url = {}\n", apps::index())).unwrap();
    let unfinished = directory.path().join("root.tar");
    let mut tar = Command::new("tar");
    tar.arg("-C").arg(&root).args(["--exclude=./var/cache/apt/archives/*.deb", "--exclude=./dev/*", "-cf"]);
    run(tar.arg(&unfinished).arg("."));
    fs::rename(&unfinished, &archive).unwrap();
    archive
}

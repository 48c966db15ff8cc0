//! Tags, markers, names and versions judged by Python's own `packaging`. Needs `BAREBOAT_FULL=1` and the network.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bareboat_packages::deb::Architecture;
use bareboat_packages::pypi::*;
use bareboat_testkit::full;

/// A Python with `packaging`, in a virtual environment of its own.
fn oracle(directory: &Path) -> PathBuf {
    let run = |program: &Path, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let environment = directory.join("venv");
    run(Path::new("python3"), &["-m", "venv", &environment.display().to_string()]);
    run(&environment.join("bin/pip"), &["install", "-q", "packaging==26.3"]);
    environment.join("bin/python")
}

fn ask(python: &Path, script: &str, input: &str) -> String {
    let mut child = Command::new(python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn targets() -> Vec<Target> {
    let pythons = [(11, 2, 36), (13, 5, 41), (14, 7, 43)];
    let architectures = [Architecture::Amd64, Architecture::Arm64];
    let target = |(minor, patch, glibc)| {
        move |architecture| Target::new(PythonVersion::new(3, minor, patch), (2, glibc), architecture)
    };
    pythons.into_iter().flat_map(|python| architectures.map(target(python))).collect()
}

#[test]
fn tags_are_in_the_order_of_packaging() {
    if !full::wanted("tags_are_in_the_order_of_packaging") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let python = oracle(directory.path());
    let script = r#"
import sys
from packaging import tags, _manylinux
minor, glibc, arch = sys.stdin.read().split()
minor, glibc = int(minor), int(glibc)
_manylinux._get_glibc_version = lambda: (2, glibc)
_manylinux._have_compatible_abi = lambda *a: True
platforms = list(_manylinux.platform_tags([arch])) + ["linux_" + arch]
own = f"cp3{minor}"
every = list(tags.cpython_tags((3, minor), [own], platforms)) + list(tags.compatible_tags((3, minor), own, platforms))
print("\n".join(str(tag) for tag in every))
"#;
    for target in targets() {
        let input = format!("{} {} {}", target.python.minor, target.glibc.1, target.architecture.machine());
        let expected = ask(&python, script, &input);
        let ours: Vec<String> = target.tags().iter().map(ToString::to_string).collect();
        let expected: Vec<&str> = expected.lines().collect();
        assert_eq!(ours.len(), expected.len(), "{target}");
        for (at, (ours, expected)) in ours.iter().zip(&expected).enumerate() {
            assert_eq!(ours, expected, "{target}, rank {at}");
        }
    }
}

#[test]
fn markers_hold_when_packaging_says_so() {
    if !full::wanted("markers_hold_when_packaging_says_so") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let python = oracle(directory.path());
    let markers = markers();
    let script = r#"
import json, sys
from packaging.markers import Marker
environment, markers = json.load(sys.stdin)
for text in markers:
    print(Marker(text).evaluate({**environment, "extra": "web"}))
"#;
    for target in targets() {
        let mut environment = MarkerEnvironment::new(&target);
        environment.extras.insert(DistributionName::new("web").unwrap());
        let variables: BTreeMap<&str, String> = environment.variables().into_iter().collect();
        let input = serde_json::to_string(&(variables, &markers)).unwrap();
        let expected = ask(&python, script, &input);
        assert_eq!(expected.lines().count(), markers.len());
        for (text, expected) in markers.iter().zip(expected.lines()) {
            let ours =
                text.parse::<Marker>().unwrap_or_else(|error| panic!("{error}")).evaluate(&environment);
            assert_eq!(ours, expected == "True", "{text} for {target}");
        }
    }
}

/// Every variable with every operator and values that are near the targets', in both orders and combined.
fn markers() -> Vec<String> {
    let versions = ["3", "3.11", "3.13", "3.13.5", "3.9", "3.14", "3.13.*", "3.10.1", "4", "2.7"];
    let operators = ["==", "!=", "<", "<=", ">", ">=", "~=", "in", "not in"];
    let mut markers = Vec::new();
    for variable in ["python_version", "python_full_version", "implementation_version"] {
        for (operator, version) in
            operators.iter().flat_map(|operator| versions.map(|version| (operator, version)))
        {
            // Some pairs are no specifiers; packaging then refuses `~=` for texts.
            let wildcard = version.ends_with('*') && !matches!(*operator, "==" | "!=" | "in" | "not in");
            if wildcard || (*operator == "~=" && !version.contains('.')) {
                continue;
            }
            markers.push(format!("{variable} {operator} '{version}'"));
            if matches!(*operator, "==" | "!=" | "<" | "<=" | ">" | ">=") && !version.ends_with('*') {
                markers.push(format!("'{version}' {operator} {variable}"));
            }
        }
    }
    let texts = [
        ("sys_platform", ["linux", "win32", "linux2"]),
        ("os_name", ["posix", "nt", "java"]),
        ("platform_machine", ["x86_64", "aarch64", "arm64"]),
        ("platform_system", ["Linux", "Windows", "Darwin"]),
        ("platform_python_implementation", ["CPython", "PyPy", "cpython"]),
        ("implementation_name", ["cpython", "pypy", ""]),
        ("platform_version", ["", "1", "#1 SMP"]),
        ("extra", ["web", "WEB", "other"]),
    ];
    for (variable, values) in texts {
        for value in values {
            for operator in ["==", "!="] {
                markers.push(format!("{variable} {operator} '{value}'"));
            }
            if variable != "extra" {
                markers.push(format!("{variable} in '{value} or more'"));
                markers.push(format!("'{value}' not in {variable}"));
                markers.push(format!("{variable} >= '{value}'"));
                markers.push(format!("{variable} < '{value}'"));
            }
        }
    }
    let combined: Vec<String> = markers
        .iter()
        .zip(markers.iter().skip(7))
        .zip(markers.iter().skip(31))
        .flat_map(|((a, b), c)| {
            [format!("{a} and ({b} or {c})"), format!("{a} or {b} and {c}"), format!("({a} or {b}) and {c}")]
        })
        .collect();
    markers.into_iter().chain(combined).collect()
}

#[test]
fn wheel_names_are_read_as_packaging_reads_them() {
    if !full::wanted("wheel_names_are_read_as_packaging_reads_them") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let python = oracle(directory.path());
    let names = [
        "Flask-3.0.3-py3-none-any.whl",
        "zope.interface-6.0.post1-2b-cp311.cp312-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "torch-2.3.0+cpu-cp313-cp313-linux_x86_64.whl",
        "a-1!2.0rc1.dev3-py2.py3-none-any.whl",
        "a_b_c-0-7-py3-none-any.whl",
    ];
    let script = r#"
import sys
from packaging.utils import parse_wheel_filename
for name in sys.stdin.read().split():
    project, version, build, tags = parse_wheel_filename(name)
    print(project, version, "".join(map(str, build)) or "-", " ".join(sorted(map(str, tags))))
"#;
    let expected = ask(&python, script, &names.join("\n"));
    for (name, expected) in names.iter().zip(expected.lines()) {
        let wheel: WheelName = name.parse().unwrap();
        let build =
            wheel.build.as_ref().map_or_else(|| "-".to_owned(), |(number, rest)| format!("{number}{rest}"));
        let mut tags: Vec<String> = wheel.tags().map(|tag| tag.to_string()).collect();
        tags.sort();
        assert_eq!(format!("{} {} {build} {}", wheel.name, wheel.version, tags.join(" ")), expected);
    }
}

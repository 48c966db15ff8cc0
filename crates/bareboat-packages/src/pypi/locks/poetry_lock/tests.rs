//! Locks of Poetry 1 and 2.

use super::*;
use crate::deb::Architecture;
use crate::pypi::project::ProjectDir;
use crate::pypi::requirement::MarkerEnvironment;
use crate::pypi::target::{PythonVersion, Target};

const PROJECT: &str = r#"
[tool.poetry]
name = "po"
version = "0.1"
[tool.poetry.dependencies]
python = "^3.11"
flask = "^3.0"
uvicorn = { version = ">=0.30", extras = ["standard"] }
tabulate = { version = "*", optional = true }
[tool.poetry.extras]
tui = ["tabulate"]
[tool.poetry.group.dev.dependencies]
pytest = "*"
"#;

fn read(project: &str, text: &str, minor: u32, extras: &[&str]) -> Result<Locked, PypiError> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(PYPROJECT), project).unwrap();
    let target = Target::new(PythonVersion::new(3, minor, 2), (2, 41), Architecture::Amd64);
    let mut environment = MarkerEnvironment::new(&target);
    environment.extras.extend(extras.iter().map(|extra| DistributionName::new(extra).unwrap()));
    let project = ProjectDir::new(directory.path());
    read_poetry_lock(&LockContext { project: &project, file: "poetry.lock", text, environment: &environment })
}

fn names(locked: &Locked) -> Vec<String> {
    locked.pins.iter().map(|pin| format!("{} {}", pin.name, pin.version_text())).collect()
}

fn package(name: &str, version: &str, rest: &str) -> String {
    let hash = Digest::of(name).hex();
    format!(
        "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\noptional = false\npython-versions = \">=3.8\"\n{rest}\
         files = [\n    {{file = \"{name}-{version}-py3-none-any.whl\", hash = \"sha256:{hash}\"}},\n]\n"
    )
}

fn newer() -> String {
    let main = "groups = [\"main\"]\n";
    let numpy = |version, marker| package("numpy", version, &format!("{main}markers = \"{marker}\"\n"));
    [
        package("flask", "3.1.3", main),
        numpy("2.3.5", "python_version < \\\"3.13\\\""),
        numpy("2.5.5", "python_version >= \\\"3.13\\\""),
        package("colorama", "0.4.6", "groups = [\"main\", \"dev\"]\nmarkers = {main = \"sys_platform == \\\"win32\\\"\"}\n"),
        package("tabulate", "0.10.0", &format!("{main}markers = \"extra == \\\"tui\\\"\"\n")),
        package("pytest", "9.2.0", "groups = [\"dev\"]\n"),
        package("click", "8.0", main) + "[package.source]\ntype = \"legacy\"\nurl = \"https://index.test/simple\"\nreference = \"x\"\n",
        package("six", "1.17.0", main) + "[package.source]\ntype = \"url\"\nurl = \"https://files.test/six-1.17.0-py3-none-any.whl\"\n",
        "[[package]]\nname = \"util\"\nversion = \"0.0.1\"\ngroups = [\"main\"]\nfiles = []\ndevelop = true\n[package.dependencies]\nclick = \"*\"\n[package.source]\ntype = \"directory\"\nurl = \"util\"\n".to_owned(),
        "[[package]]\nname = \"forked\"\nversion = \"1\"\ngroups = [\"main\"]\nfiles = []\n[package.source]\ntype = \"git\"\nurl = \"https://git.test/x\"\nreference = \"main\"\nresolved_reference = \"0123abc\"\n".to_owned(),
        "[metadata]\nlock-version = \"2.1\"\npython-versions = \"^3.11\"\n".to_owned(),
    ]
    .join("\n")
}

#[test]
fn keeps_the_packages_of_the_main_group_that_apply() {
    let locked = read(PROJECT, &newer(), 13, &[]).unwrap();
    assert_eq!(
        names(&locked),
        ["click 8.0", "flask 3.1.3", "forked 1", "numpy 2.5.5", "six 1.17.0", "util 0.0.1"]
    );
    assert_eq!(names(&read(PROJECT, &newer(), 12, &["tui"]).unwrap())[3..5], ["numpy 2.3.5", "six 1.17.0"]);
    let click = &locked.pins[0];
    assert_eq!((&click.origin, click.required_by.len()), (&Origin::Index, 1));
    assert_eq!((click.files[0].sha256, &click.files[0].url), (Some(Digest::of("click")), &None));
    assert_eq!(
        locked.pins[4].files[0].url.as_deref(),
        Some("https://files.test/six-1.17.0-py3-none-any.whl")
    );
    assert_eq!(locked.pins[5].origin, Origin::Directory { path: "util".into(), editable: true });
    assert!(matches!(&locked.pins[2].origin, Origin::Git { commit, .. } if commit == "0123abc"));
    assert!(locked.requires_python[0].contains(&"3.13.5".parse().unwrap()));
}

#[test]
fn walks_older_formats_from_the_project() {
    let older = [
        package("flask", "3.0.3", "") + "[package.dependencies]\nclick = \">=8\"\ncolorama = {version = \"*\", markers = \"platform_system == \\\"Windows\\\"\"}\n",
        package("click", "8.1.7", ""),
        package("colorama", "0.4.6", ""),
        package("uvicorn", "0.30", "") + "[package.dependencies]\nclick = \">=7\"\nuvloop = {version = \">=0.14\", optional = true, markers = \"sys_platform != \\\"win32\\\" and extra == \\\"standard\\\"\"}\nwatchfiles = {version = \"*\", optional = true, markers = \"extra == \\\"other\\\"\"}\n",
        package("uvloop", "0.20", ""),
        package("watchfiles", "1", ""),
        package("tabulate", "0.9", ""),
        package("pytest", "8", ""),
        "[metadata]\nlock-version = \"2.0\"\npython-versions = \"^3.11\"\n".to_owned(),
    ]
    .join("\n");
    let locked = read(PROJECT, &older, 11, &[]).unwrap();
    assert_eq!(names(&locked), ["click 8.1.7", "flask 3.0.3", "uvicorn 0.30", "uvloop 0.20"]);
    let dependents: Vec<_> = locked.pins[0].required_by.iter().map(DistributionName::as_str).collect();
    assert_eq!(dependents, ["flask", "uvicorn"]);
    assert!(names(&read(PROJECT, &older, 11, &["tui"]).unwrap()).contains(&"tabulate 0.9".to_owned()));
}

#[test]
fn reads_the_files_of_format_one() {
    let older = format!(
        "[[package]]\nname = \"flask\"\nversion = \"3.0\"\ncategory = \"main\"\n[[package]]\nname = \"uvicorn\"\nversion = \"1\"\n\
         [metadata]\nlock-version = \"1.1\"\n[metadata.files]\nflask = [{{file = \"Flask-3.0-py3-none-any.whl\", hash = \"sha256:{}\"}}]\n",
        "0".repeat(64)
    );
    assert_eq!(read(PROJECT, &older, 11, &[]).unwrap().pins[0].files[0].name, "Flask-3.0-py3-none-any.whl");
}

/// The digest is Poetry's own for this text.
#[test]
fn notices_when_the_project_has_moved_on() {
    let project = r#"
[tool.poetry.dependencies]
python = "^3.11"
flask = "^3.0"
[tool.poetry.group.dev.dependencies]
pytest = "*"
"#;
    let lock = |hash: &str| format!("[metadata]\nlock-version = \"2.1\"\ncontent-hash = \"{hash}\"\n");
    let error = read(project, &lock("00"), 11, &[]).unwrap_err();
    assert_eq!(error.hint().as_deref(), Some("run `poetry lock`"));
    let right = "80ee759c7c15d0ad44c2d53c6811ffa381bfa4666bed9aab520be45e93ea239b";
    assert!(read(project, &lock(right), 11, &[]).is_ok());
}

#[test]
fn refuses_broken_locks() {
    for (text, expected) in [
        (
            "[metadata]\nlock-version = \"3.0\"\n".to_owned(),
            "has lock format 3.0; bareboat reads 1.x and 2.x",
        ),
        (
            "[[package]]\nname = \"a\"\nversion = \"x y\"\ngroups = [\"main\"]\n[metadata]\n".to_owned(),
            "poetry.lock:2`",
        ),
        (package("a", "1", "groups = [\"main\"]\nmarkers = \"nope\"\n") + "[metadata]\n", "poetry.lock:7`"),
        (
            package("a", "1", "groups = [\"main\"]\n").replace("sha256:", "md5:") + "[metadata]\n",
            "has no SHA-256",
        ),
        (package("a", "1", "groups = [\"main\"]\n").repeat(2) + "[metadata]\n", "two versions apply"),
        ("[[package]]\n".to_owned(), "poetry.lock:1`"),
    ] {
        let error = read(PROJECT, &text, 11, &[]).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

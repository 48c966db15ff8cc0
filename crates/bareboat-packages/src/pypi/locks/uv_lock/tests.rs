//! Locks as uv writes them.

use super::*;
use crate::deb::Architecture;
use crate::pypi::name::DistributionName;
use crate::pypi::pin::Origin;
use crate::pypi::project::ProjectDir;
use crate::pypi::requirement::MarkerEnvironment;
use crate::pypi::target::{PythonVersion, Target};

const HEAD: &str = "version = 1\nrevision = 5\nrequires-python = \">=3.11\"\n";

/// A registry package with one wheel.
fn package(name: &str, version: &str, rest: &str) -> String {
    let file = format!("{}-{version}-py3-none-any.whl", name.replace('-', "_"));
    format!(
        "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = {{ registry = \"https://index.test/simple\" }}\n\
         wheels = [{{ url = \"https://files.test/p/{file}\", hash = \"sha256:{}\", size = 7, upload-time = \"2024-04-07T19:26:08Z\" }}]\n{rest}\n",
        "0".repeat(64)
    )
}

struct Case {
    directory: tempfile::TempDir,
    environment: MarkerEnvironment,
}

impl Case {
    fn new(minor: u32) -> Self {
        let target = Target::new(PythonVersion::new(3, minor, 2), (2, 41), Architecture::Amd64);
        Self { directory: tempfile::tempdir().unwrap(), environment: MarkerEnvironment::new(&target) }
    }

    fn with(mut self, extras: &[&str], groups: &[&str]) -> Self {
        let names = |texts: &[&str]| texts.iter().map(|text| DistributionName::new(text).unwrap()).collect();
        (self.environment.extras, self.environment.groups) = (names(extras), names(groups));
        self
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path = self.directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn read(&self, text: &str) -> Result<Locked, PypiError> {
        let project = ProjectDir::new(self.directory.path());
        read_uv_lock(&LockContext {
            project: &project,
            file: "uv.lock",
            text,
            environment: &self.environment,
        })
    }

    fn names(&self, text: &str) -> Vec<String> {
        let pins = self.read(text).unwrap().pins;
        pins.iter().map(|pin| format!("{} {}", pin.name, pin.version_text())).collect()
    }

    fn error(&self, text: &str) -> String {
        self.read(text).unwrap_err().to_string()
    }
}

fn application() -> String {
    let root = r#"
[[package]]
name = "app"
version = "0.1.0"
source = { virtual = "." }
dependencies = [
    { name = "core", extra = ["fast"] },
    { name = "numpy", version = "1.0", source = { registry = "https://index.test/simple" }, marker = "python_full_version < '3.12'" },
    { name = "numpy", version = "2.0", source = { registry = "https://index.test/simple" }, marker = "python_full_version >= '3.12'" },
    { name = "colorama", marker = "sys_platform == 'win32'" },
]

[package.optional-dependencies]
tui = [{ name = "rich" }]

[package.dev-dependencies]
dev = [{ name = "pytest" }]
prod = [{ name = "gunicorn" }]

[package.metadata]
requires-dist = [
    { name = "core", extras = ["fast"], editable = "packages/core" },
    { name = "numpy", specifier = ">=1" },
    { name = "colorama", marker = "sys_platform == 'win32'" },
    { name = "rich", marker = "extra == 'tui'" },
]

[[package]]
name = "core"
version = "1.2"
source = { editable = "packages/core" }
dependencies = [{ name = "idna" }]

[package.optional-dependencies]
fast = [{ name = "orjson" }]
"#;
    let registry = [
        ("numpy", "1.0"),
        ("numpy", "2.0"),
        ("colorama", "1"),
        ("rich", "1"),
        ("pytest", "1"),
        ("gunicorn", "1"),
        ("idna", "3"),
        ("orjson", "3"),
    ];
    let packages: Vec<String> = registry.iter().map(|(name, version)| package(name, version, "")).collect();
    format!("{HEAD}{root}\n{}", packages.join("\n"))
}

#[test]
fn walks_from_the_project_with_markers_extras_and_groups() {
    let lock = application();
    assert_eq!(Case::new(13).names(&lock), ["core 1.2", "idna 3", "numpy 2.0", "orjson 3"]);
    assert_eq!(Case::new(11).names(&lock)[2], "numpy 1.0");
    let more = Case::new(13).with(&["tui"], &["prod"]).names(&lock);
    assert_eq!(more, ["core 1.2", "gunicorn 1", "idna 3", "numpy 2.0", "orjson 3", "rich 1"]);
    let defaults = Case::new(13).file("pyproject.toml", "[tool.uv]\ndefault-groups = [\"dev\", \"prod\"]\n");
    assert!(defaults.names(&lock).contains(&"gunicorn 1".to_owned()));
    assert!(!defaults.names(&lock).contains(&"pytest 1".to_owned()));
}

#[test]
fn keeps_files_origins_and_dependents() {
    let locked = Case::new(13).read(&application()).unwrap();
    assert_eq!(locked.requires_python[0].to_string(), ">=3.11");
    assert_eq!(locked.pins[0].origin, Origin::Directory { path: "packages/core".into(), editable: true });
    assert_eq!(locked.pins[1].required_by.first().map(DistributionName::as_str), Some("core"));
    assert_eq!(locked.pins[2].files[0].name, "numpy-2.0-py3-none-any.whl");
    assert_eq!((locked.pins[2].files[0].size, locked.pins[2].files[0].sha256.is_some()), (Some(7), true));
    assert!(locked.pins[2].required_by.is_empty(), "the project itself needs it");
}

#[test]
fn reads_every_kind_of_source() {
    let hash = format!("sha256:{}", "0".repeat(64));
    let lock = format!(
        r#"{HEAD}
[[package]]
name = "app"
source = {{ editable = "." }}
dependencies = [{{ name = "a" }}, {{ name = "b" }}, {{ name = "c" }}, {{ name = "d" }}, {{ name = "e" }}]
[[package]]
name = "a"
version = "1"
source = {{ git = "https://git.test/a?subdirectory=py%2Fa&rev=v1#0123abc" }}
[[package]]
name = "b"
version = "1"
source = {{ url = "https://files.test/b-1.tar.gz" }}
sdist = {{ hash = "{hash}" }}
[[package]]
name = "c"
version = "1"
source = {{ path = "dist/c-1-py3-none-any.whl" }}
wheels = [{{ filename = "c-1-py3-none-any.whl", hash = "{hash}" }}]
[[package]]
name = "d"
version = "1"
source = {{ registry = "wheelhouse" }}
wheels = [{{ path = "d-1-py3-none-any.whl" }}]
[[package]]
name = "e"
version = "1"
source = {{ virtual = "packages/e" }}
"#
    );
    let pins = Case::new(13).read(&lock).unwrap().pins;
    let names: Vec<&str> = pins.iter().map(|pin| pin.name.as_str()).collect();
    assert_eq!(names, ["a", "app", "b", "c", "d"], "virtual projects are not installed");
    assert_eq!(
        pins[0].origin,
        Origin::Git {
            url: "https://git.test/a".into(),
            commit: "0123abc".into(),
            subdirectory: Some("py/a".into())
        }
    );
    assert_eq!(pins[2].files[0].url.as_deref(), Some("https://files.test/b-1.tar.gz"));
    assert_eq!(pins[3].files[0].path.as_deref(), Some("dist/c-1-py3-none-any.whl"));
    assert_eq!(pins[4].files[0].path.as_deref(), Some("wheelhouse/d-1-py3-none-any.whl"));
}

#[test]
fn takes_all_members_of_a_workspace_without_a_project() {
    let member = |name: &str, needs: &str| {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"1\"\nsource = {{ editable = \"{name}\" }}\ndependencies = [{{ name = \"{needs}\" }}]\n"
        )
    };
    let lock = format!(
        "{HEAD}[manifest]\nmembers = [\"one\", \"two\"]\n{}{}{}{}",
        member("one", "x"),
        member("two", "y"),
        package("x", "1", ""),
        package("y", "1", "")
    );
    assert_eq!(Case::new(13).names(&lock), ["one 1", "two 1", "x 1", "y 1"]);
}

#[test]
fn honours_conflicting_extras() {
    let root = "[[package]]\nname = \"app\"\nsource = { virtual = \".\" }\n[package.optional-dependencies]\n\
                cpu = [{ name = \"torch\", version = \"1\" }]\ngpu = [{ name = \"torch\", version = \"2\" }]\n\
                [[package]]\nname = \"torch\"\nversion = \"1\"\nsource = { registry = \"https://a.test\" }\n\
                dependencies = [{ name = \"x\", marker = \"extra == 'extra-3-app-cpu'\" }, { name = \"y\", marker = \"extra != 'extra-3-app-cpu'\" }]\n\
                [[package]]\nname = \"torch\"\nversion = \"2\"\nsource = { registry = \"https://a.test\" }\n";
    let lock = format!("{HEAD}{root}{}{}", package("x", "1", ""), package("y", "1", ""));
    assert_eq!(Case::new(13).with(&["cpu"], &[]).names(&lock), ["torch 1", "x 1"]);
    assert_eq!(Case::new(13).with(&["gpu"], &[]).names(&lock), ["torch 2"]);
    assert!(Case::new(13).with(&["cpu", "gpu"], &[]).error(&lock).contains("two versions of it are needed"));
}

#[test]
fn notices_when_the_project_has_moved_on() {
    let project = |dependencies: &str| {
        format!(
            "[project]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [{dependencies}]\n[project.optional-dependencies]\ntui = [\"rich\"]\n"
        )
    };
    let case = |dependencies: &str| Case::new(13).file("pyproject.toml", &project(dependencies));
    let same = "\"core[fast]>=1\", \"numpy>=1\", \"colorama ; sys_platform == 'win32'\"";
    assert_eq!(case(same).names(&application()).len(), 4);
    let more = case(&format!("{same}, \"flask\""));
    let error = more.read(&application()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`uv.lock` is stale: `pyproject.toml` asks for `flask`, which was not locked"
    );
    assert_eq!(error.hint().as_deref(), Some("run `uv lock`"));
    assert!(case("\"core[fast]\", \"colorama\"").error(&application()).contains("no longer asks for"));
    let newer = case("\"core[fast]\", \"numpy>=2\", \"colorama\"");
    assert!(newer.error(&application()).contains("`numpy>=2`, which was not locked"));
}

#[test]
fn refuses_broken_locks() {
    let root =
        "[[package]]\nname = \"app\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"x\" }]\n";
    for (text, expected) in [
        ("version = 2\n".to_owned(), "has lock format 2; bareboat reads 1"),
        (format!("{HEAD}{root}"), "names `x`, which it does not lock"),
        (
            format!("{HEAD}{root}{}{}", package("x", "1", ""), package("x", "2", "")),
            "does not say which version",
        ),
        (
            format!("{HEAD}supported-markers = [\"sys_platform == 'win32'\"]\n"),
            "uv.lock:4`: it was locked only for",
        ),
        (
            format!(
                "{HEAD}{root}[[package]]\nname = \"x\"\nversion = \"1\"\nsource = {{ git = \"https://git.test/x\" }}\n"
            ),
            "has no commit",
        ),
        (
            format!("{HEAD}{root}[[package]]\nname = \"x\"\nversion = \"1\"\nsource = {{ }}\n"),
            "no known kind",
        ),
        ("version = 1\nrequires-python = \"x\"\n".to_owned(), "uv.lock:2"),
        ("version = \"1\"\n".to_owned(), "uv.lock:1"),
    ] {
        let error = Case::new(13).error(&text);
        assert!(error.contains(expected), "{text}: {error}");
    }
}

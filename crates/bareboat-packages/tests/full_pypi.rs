//! The real package index, resolved for every target. Needs `BAREBOAT_FULL=1` and the network.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use bareboat_packages::deb::Architecture;
use bareboat_packages::pypi::*;
use bareboat_store::{FetchOptions, Fetcher, Store};
use bareboat_testkit::full;

struct World {
    directory: tempfile::TempDir,
    variables: BTreeMap<String, String>,
    fetcher: Fetcher,
    store: Store,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("store")).unwrap();
        let fetcher = Fetcher::new(FetchOptions::default(), Arc::new(|_| {}));
        std::fs::create_dir(directory.path().join("project")).unwrap();
        Self { variables: std::env::vars().collect(), directory, fetcher, store }
    }

    fn project(&self) -> ProjectDir {
        ProjectDir::new(self.directory.path().join("project"))
    }

    fn index(&self) -> Index {
        let surroundings = Surroundings {
            configured: None,
            variables: &self.variables,
            runner: Some(&HostRunner),
            system: PathBuf::from("/etc"),
        };
        discover_index(&surroundings, &self.project(), &IndexOptions::default()).unwrap()
    }

    fn uv(&self, index: &Index) -> Uv {
        let simple = SimpleIndex::new(&self.fetcher, index.url.as_str());
        let tools = self.directory.path().join("tools");
        let uv = fetch_uv(&simple, &self.fetcher, &self.store, &tools, std::env::consts::ARCH).unwrap();
        let found = find_uv(UvSearch { named: Some(&uv.path), path: None }, &HostRunner).unwrap();
        assert_eq!(found.as_ref(), Some(&uv));
        uv
    }

    fn resolve(
        &self,
        uv: &Uv,
        index: &Index,
        requirements: &[&str],
        target: &Target,
    ) -> Result<Vec<(Pin, Choice)>, PypiError> {
        let demand = Demand {
            requirements: requirements.iter().map(ToString::to_string).collect(),
            ..Demand::default()
        };
        self.resolve_demand(uv, index, &demand, target)
    }

    fn resolve_demand(
        &self,
        uv: &Uv,
        index: &Index,
        demand: &Demand,
        target: &Target,
    ) -> Result<Vec<(Pin, Choice)>, PypiError> {
        // No Python anywhere: neither the host's nor a download may be needed.
        let mut variables = self.variables.clone();
        variables.insert("PATH".to_owned(), "/bin".to_owned());
        variables.insert("HOME".to_owned(), "/nonexistent".to_owned());
        let resolver = Resolver {
            uv,
            runner: &HostRunner,
            index,
            fetcher: &self.fetcher,
            store: &self.store,
            cache: &self.directory.path().join("cache"),
            variables: &variables,
        };
        let locked = resolver.resolve(&self.project(), demand, target)?;
        let ranks = TagRanks::new(target);
        let choose = |pin: Pin| Ok((choose_file(&pin, &BTreeSet::new(), target, &ranks)?, pin));
        locked.pins.into_iter().map(|pin| choose(pin).map(|(choice, pin)| (pin, choice))).collect()
    }
}

fn targets() -> Vec<Target> {
    let releases = [(PythonVersion::new(3, 11, 2), (2, 36)), (PythonVersion::new(3, 13, 5), (2, 41))];
    let architectures = [Architecture::Amd64, Architecture::Arm64];
    releases
        .into_iter()
        .flat_map(|(python, glibc)| {
            architectures.map(|architecture| Target::new(python, glibc, architecture))
        })
        .collect()
}

#[test]
fn resolves_popular_projects_for_every_target_without_any_python() {
    if !full::wanted("resolves_popular_projects_for_every_target_without_any_python") {
        return;
    }
    let world = World::new();
    let index = world.index();
    let uv = world.uv(&index);
    for target in targets() {
        let wanted = ["fastapi", "uvicorn[standard]>=0.30", "numpy", "cryptography", "psycopg2", "docopt"];
        let pins = world.resolve(&uv, &index, &wanted, &target).unwrap();
        let built: Vec<&str> = pins
            .iter()
            .filter(|(_, choice)| matches!(choice, Choice::NeedsBuild(_)))
            .map(|(pin, _)| pin.name.as_str())
            .collect();
        assert_eq!(built, ["docopt", "psycopg2"], "{target}");
        for name in ["fastapi", "starlette", "uvicorn", "uvloop", "httptools", "numpy", "cffi"] {
            let (pin, choice) = pins.iter().find(|(pin, _)| pin.name.as_str() == name).unwrap();
            let Choice::Wheel(file) = choice else { panic!("{name} has no wheel for {target}") };
            assert!(file.sha256.is_some() && file.size.is_some() && pin.version.is_some(), "{name}");
            let other = if target.architecture == Architecture::Amd64 { "aarch64" } else { "x86_64" };
            assert!(!file.name.contains(other) && !file.name.contains("musllinux"), "{}", file.name);
        }
        assert!(!pins.iter().any(|(pin, _)| pin.name.as_str() == "colorama"), "{target}");
    }
}

#[test]
fn explains_what_cannot_be_resolved() {
    if !full::wanted("explains_what_cannot_be_resolved") {
        return;
    }
    let world = World::new();
    let index = world.index();
    let uv = world.uv(&index);
    let error = world.resolve(&uv, &index, &["flask==3.0.3", "werkzeug<2"], &targets()[2]).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("flask==3.0.3 depends on werkzeug"), "{text}");
    assert!(matches!(error, PypiError::Unresolvable { .. }));
}

impl World {
    fn lock(&self, files: &[(&str, &str)], target: &Target) -> Result<DistributionLock, PypiError> {
        let project = self.project();
        for (name, text) in files {
            let path = project.root().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let source = find_sources(&project).unwrap().chosen.unwrap();
        let tools = LockTools {
            fetcher: &self.fetcher,
            store: &self.store,
            runner: &HostRunner,
            variables: &self.variables,
            cache: &self.directory.path().join("cache"),
            named_uv: None,
            configured_index: None,
            system: std::path::Path::new("/etc"),
            host_architecture: std::env::consts::ARCH,
        };
        let locked = lock_distributions(&project, &source, &Parts::default(), target, &tools)?;
        let index = tools.index(&project, &IndexOptions::default())?;
        let wheels: Vec<LockedDistribution> = locked
            .distributions
            .iter()
            .filter(|one| one.size.is_some_and(|size| size < 1 << 20))
            .cloned()
            .collect();
        for result in tools.file_hosts(&index).fetch(&self.store, &wheels) {
            result.unwrap();
        }
        Ok(locked)
    }
}

fn shown(locked: &DistributionLock) -> Vec<String> {
    let show = |one: &LockedDistribution| format!("{} {}", one.name, one.version.as_deref().unwrap_or("?"));
    locked.distributions.iter().map(show).collect()
}

#[test]
fn locks_a_flask_application_with_pinned_requirements_and_fetches_it() {
    if !full::wanted("locks_a_flask_application_with_pinned_requirements_and_fetches_it") {
        return;
    }
    let world = World::new();
    let requirements = "Flask==3.0.3\nwerkzeug==3.0.4\nclick==8.1.7\nitsdangerous==2.2.0\njinja2==3.1.4\n\
                        blinker==1.8.2\nmarkupsafe==2.1.5\n-e ./libs/core\n";
    let core = "[project]\nname = \"core\"\nversion = \"0.1\"\ndependencies = [\"six==1.16.0\"]\n";
    let files = [("requirements.txt", requirements), ("libs/core/pyproject.toml", core)];
    for target in targets() {
        let locked = world.lock(&files, &target).unwrap();
        assert_eq!(
            shown(&locked),
            [
                "blinker 1.8.2",
                "click 8.1.7",
                "core 0.1",
                "flask 3.0.3",
                "itsdangerous 2.2.0",
                "jinja2 3.1.4",
                "markupsafe 2.1.5",
                "six 1.16.0",
                "werkzeug 3.0.4"
            ]
        );
        let text = toml::to_string(&locked.distributions[3]).unwrap();
        assert!(text.contains("\nindex = \"packages/") && !text.contains("://"), "{text}");
        assert_eq!(locked.distributions[2].source, DistributionSource::Directory("libs/core".to_owned()));
    }
}

#[test]
fn a_requirements_file_with_digests_is_a_lock() {
    if !full::wanted("a_requirements_file_with_digests_is_a_lock") {
        return;
    }
    let world = World::new();
    let six = "4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274";
    let locked = world
        .lock(&[("requirements.txt", &format!("six==1.17.0 --hash=sha256:{six}\n"))], &targets()[2])
        .unwrap();
    assert_eq!((shown(&locked), locked.resolver), (vec!["six 1.17.0".to_owned()], None));
    let other = six.replace('4', "5");
    let error = world
        .lock(&[("requirements.txt", &format!("six==1.17.0 --hash=sha256:{other}\n"))], &targets()[2])
        .unwrap_err();
    assert!(matches!(error, PypiError::DigestNotAllowed { .. }), "{error}");
}

/// What uv itself would install from its own lock, by name and version.
fn exported(uv: &Uv, project: &ProjectDir, target: &Target) -> Vec<String> {
    let mut command = std::process::Command::new(&uv.path);
    command.args([
        "export",
        "--frozen",
        "--no-dev",
        "--no-hashes",
        "--no-annotate",
        "--no-header",
        "--no-python-downloads",
    ]);
    let output = command.current_dir(project.root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let environment = MarkerEnvironment::new(target);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with(['-', '#', '.']) && !line.is_empty());
    let requirements = lines.map(|line| line.parse::<Requirement>().unwrap());
    let applying = requirements.filter(|requirement| requirement.applies(&environment));
    let mut pins: Vec<String> =
        applying.map(|one| format!("{} {}", one.name, one.pinned().unwrap())).collect();
    pins.sort();
    pins
}

#[test]
fn a_lock_of_uv_means_what_uv_says_it_means() {
    if !full::wanted("a_lock_of_uv_means_what_uv_says_it_means") {
        return;
    }
    let world = World::new();
    let index = world.index();
    let uv = world.uv(&index);
    let project = world.project();
    let text = "[project]\nname = \"app\"\nversion = \"0.1\"\nrequires-python = \">=3.11\"\n\
                dependencies = [\"flask\", \"uvicorn[standard]\", \"numpy\", \"httpx[http2]\", \"tzlocal\"]\n\
                [project.optional-dependencies]\ntui = [\"rich\"]\n[dependency-groups]\ndev = [\"pytest\"]\n";
    std::fs::write(project.root().join("pyproject.toml"), text).unwrap();
    let locked = std::process::Command::new(&uv.path)
        .args(["lock", "--default-index", &index.url])
        .current_dir(project.root())
        .output()
        .unwrap();
    assert!(locked.status.success(), "{}", String::from_utf8_lossy(&locked.stderr));
    for target in targets() {
        let ours = world.lock(&[("pyproject.toml", text)], &target).unwrap();
        assert_eq!(ours.resolver, None);
        assert_eq!(shown(&ours), exported(&uv, &project, &target), "{target}");
    }
}

#[test]
fn a_project_without_a_lock_is_resolved_with_its_extras_and_url() {
    if !full::wanted("a_project_without_a_lock_is_resolved_with_its_extras_and_url") {
        return;
    }
    let world = World::new();
    let text = "[tool.poetry]\nname = \"app\"\nversion = \"0.1\"\n[tool.poetry.dependencies]\npython = \"^3.11\"\n\
                flask = \"~3.0\"\nuvicorn = { version = \"<0.31\", extras = [\"standard\"] }\ndocopt = \"*\"\n";
    let locked = world.lock(&[("pyproject.toml", text)], &targets()[0]).unwrap();
    let names = shown(&locked);
    assert!(names.iter().any(|name| name.starts_with("flask 3.0.")), "{names:?}");
    assert!(names.iter().any(|name| name.starts_with("uvloop ")), "{names:?}");
    let docopt = locked.distributions.iter().find(|one| one.name.as_str() == "docopt").unwrap();
    assert_eq!(docopt.kind, DistributionKind::Sdist);
    assert!(names.contains(&"app 0.1".to_owned()), "the project is a package: {names:?}");
}

//! From project files to a lock, with a stand-in for uv and an index on loopback.

use std::io;
use std::sync::{Arc, Mutex};

use bareboat_store::FetchOptions;
use bareboat_testkit::package_index::{PackageIndex, PageFormat};

use super::*;
use crate::deb::Architecture;
use crate::pypi::locked::DistributionKind;
use crate::pypi::process::{Outcome, Process};
use crate::pypi::target::PythonVersion;

/// Answers as uv would, one answer after the other, and keeps what it was asked.
struct StandIn {
    answers: Mutex<Vec<Result<String, String>>>,
    asked: Mutex<Vec<Process>>,
}

impl Runner for StandIn {
    fn run(&self, process: &Process) -> io::Result<Outcome> {
        if process.arguments == ["--version"] {
            return Ok(Outcome { success: true, output: b"uv 0.13.9\n".to_vec(), messages: Vec::new() });
        }
        self.asked.lock().unwrap().push(process.clone());
        let answer = self.answers.lock().unwrap().remove(0);
        let (success, text) = answer.map_or_else(|text| (false, text), |text| (true, text));
        let (output, messages) = if success { (text, String::new()) } else { (String::new(), text) };
        Ok(Outcome { success, output: output.into_bytes(), messages: messages.into_bytes() })
    }
}

struct World {
    directory: tempfile::TempDir,
    index: PackageIndex,
    fetcher: Fetcher,
    store: Store,
    variables: BTreeMap<String, String>,
    uv: StandIn,
}

impl World {
    fn new(answers: Vec<Result<String, String>>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("store")).unwrap();
        let options = FetchOptions { retries: 0, ..FetchOptions::default() };
        let index = PackageIndex::start(PageFormat::Json);
        let variables = BTreeMap::from([
            ("UV_DEFAULT_INDEX".to_owned(), index.url()),
            ("UV_PYTHON".to_owned(), "3.9".to_owned()),
        ]);
        std::fs::create_dir(directory.path().join("project")).unwrap();
        let uv = StandIn { answers: Mutex::new(answers), asked: Mutex::default() };
        Self { directory, index, fetcher: Fetcher::new(options, Arc::new(|_| {})), store, variables, uv }
    }

    fn file(&self, name: &str, text: &str) {
        let path = self.directory.path().join("project").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn lock(&self, parts: &Parts) -> Result<DistributionLock, PypiError> {
        let project = ProjectDir::new(self.directory.path().join("project"));
        let source = crate::pypi::find_sources(&project).unwrap().chosen.unwrap();
        let (cache, system) = (self.directory.path().join("cache"), self.directory.path().join("etc"));
        let tools = LockTools {
            fetcher: &self.fetcher,
            store: &self.store,
            runner: &self.uv,
            variables: &self.variables,
            cache: &cache,
            named_uv: Some(Path::new("/stand-in/uv")),
            configured_index: None,
            system: &system,
            host_architecture: "x86_64",
        };
        let target = Target::new(PythonVersion::new(3, 13, 5), (2, 41), Architecture::Amd64);
        let lock = lock_distributions(&project, &source, parts, &target, &tools)?;
        fetch_distributions(&project, Some(&source), &lock.distributions, &tools)?;
        Ok(lock)
    }

    /// One package of an answer of uv.
    fn package(&self, name: &str, files: &[&str]) -> String {
        let mut lines = format!("[[packages]]\nname = \"{name}\"\nversion = \"1.0\"\n");
        let mut wheels = Vec::new();
        for file in files {
            let url = self.index.file_url(&self.index.add(name, file, file.as_bytes()));
            let sha256 = bareboat_store::Digest::of(file).hex();
            let artifact =
                format!("{{ url = \"{url}\", size = {}, hashes = {{ sha256 = \"{sha256}\" }} }}", file.len());
            match file.ends_with(".whl") {
                true => wheels.push(artifact),
                false => lines.push_str(&format!("sdist = {artifact}\n")),
            }
        }
        lines + &format!("wheels = [{}]\n", wheels.join(", "))
    }

    fn answer(&self, packages: &[(&str, &[&str])]) {
        let packages: Vec<String> = packages.iter().map(|(name, files)| self.package(name, files)).collect();
        self.uv.answers.lock().unwrap().push(Ok(format!("lock-version = \"1.0\"\n{}", packages.join("\n"))));
    }

    fn asked(&self, run: usize) -> Process {
        self.uv.asked.lock().unwrap()[run].clone()
    }
}

fn shown(lock: &DistributionLock) -> Vec<String> {
    let show = |one: &LockedDistribution| {
        format!("{} {:?} {}", one.name, one.kind, one.filename.as_deref().unwrap_or("-"))
    };
    lock.distributions.iter().map(show).collect()
}

const FLASK: &str = "flask-1.0-py3-none-any.whl";

#[test]
fn requirements_become_wheels_for_the_target() {
    let world = World::new(Vec::new());
    world.answer(&[
        ("flask", &[FLASK]),
        (
            "numpy",
            &[
                "numpy-1.0-cp313-cp313-manylinux_2_28_x86_64.whl",
                "numpy-1.0-cp313-cp313-musllinux_1_2_x86_64.whl",
            ],
        ),
        ("psycopg2", &["psycopg2-1.0.tar.gz"]),
    ]);
    world.file(
        "requirements.txt",
        "flask\nnumpy ; sys_platform == 'linux'\npywin32 ; sys_platform == 'win32'\npsycopg2\n-e libs/core\n",
    );
    world.file(
        "libs/core/pyproject.toml",
        "[project]\nname = \"core\"\nversion = \"2\"\ndependencies = [\"six\", \"flask\"]\n",
    );
    let lock = world.lock(&Parts::default()).unwrap();
    assert_eq!(
        shown(&lock),
        [
            "core Local -",
            "flask Wheel flask-1.0-py3-none-any.whl",
            "numpy Wheel numpy-1.0-cp313-cp313-manylinux_2_28_x86_64.whl",
            "psycopg2 Sdist psycopg2-1.0.tar.gz",
        ]
    );
    assert_eq!(lock.resolver.as_deref(), Some("uv 0.13.9"));
    assert!(lock.distributions[1..].iter().all(|one| world.store.contains(&one.sha256.unwrap())));
    let asked = world.asked(0);
    assert_eq!(String::from_utf8(asked.input).unwrap(), "flask\nnumpy\npsycopg2\nsix\nflask");
    assert!(asked.arguments.windows(2).any(|pair| pair == ["--only-binary", ":all:"]));
    assert!(
        !asked.arguments.iter().any(|argument| argument.contains("127.0.0.1")),
        "addresses may hold secrets"
    );
    assert_eq!(asked.environment.get("UV_DEFAULT_INDEX"), Some(&world.index.url()));
    assert!(!asked.environment.contains_key("UV_PYTHON"));
}

#[test]
fn a_distribution_without_wheels_is_asked_for_again_from_source() {
    let told =
        "error: No solution\n  cause: Because all versions of psycopg2 have no usable wheels and you require";
    let world = World::new(vec![Err(told.to_owned())]);
    world.answer(&[("psycopg2", &["psycopg2-1.0.tar.gz"])]);
    world.file("requirements.txt", "psycopg2\n");
    assert_eq!(shown(&world.lock(&Parts::default()).unwrap()), ["psycopg2 Sdist psycopg2-1.0.tar.gz"]);
    assert!(world.asked(1).arguments.windows(2).any(|pair| pair == ["--no-binary", "psycopg2"]));
}

#[test]
fn a_uv_that_refuses_the_description_is_told_by_options() {
    let world =
        World::new(vec![Err("error: Querying Python at `x` returned an invalid response".to_owned())]);
    world.answer(&[("flask", &[FLASK])]);
    world.file("requirements.txt", "flask\n");
    world.lock(&Parts::default()).unwrap();
    let arguments = world.asked(1).arguments;
    assert!(
        arguments.windows(2).any(|pair| pair == ["--python-platform", "x86_64-manylinux_2_40"]),
        "{arguments:?}"
    );
}

#[test]
fn files_with_other_digests_than_the_project_allows_are_refused() {
    let world = World::new(Vec::new());
    world.index.add("flask", FLASK, FLASK.as_bytes());
    let allowed = bareboat_store::Digest::of(FLASK).hex();
    world.file("requirements.txt", &format!("flask==1.0 --hash=sha256:{allowed}\n"));
    let lock = world.lock(&Parts::default()).unwrap();
    assert_eq!((shown(&lock), lock.resolver), (vec![format!("flask Wheel {FLASK}")], None));
    world.file("requirements.txt", &format!("flask==1.0 --hash=sha256:{}\n", "0".repeat(64)));
    assert!(matches!(world.lock(&Parts::default()), Err(PypiError::DigestNotAllowed { .. })));
    world.file("requirements.txt", &format!("flask==1.0 --hash=sha256:{allowed}\nclick==1.0\n"));
    assert!(matches!(
        world.lock(&Parts::default()),
        Err(PypiError::DigestMissing { .. } | PypiError::NotOnIndex { .. })
    ));
}

#[test]
fn locks_with_digests_only_need_no_resolver() {
    let world = World::new(Vec::new());
    world.index.add("flask", FLASK, FLASK.as_bytes());
    let sha256 = bareboat_store::Digest::of(FLASK).hex();
    world.file("poetry.lock", &format!("[[package]]\nname = \"flask\"\nversion = \"1.0\"\ngroups = [\"main\"]\nfiles = [{{file = \"{FLASK}\", hash = \"sha256:{sha256}\"}}]\n[metadata]\nlock-version = \"2.1\"\n"));
    let lock = world.lock(&Parts::default()).unwrap();
    assert_eq!((shown(&lock), lock.resolver), (vec![format!("flask Wheel {FLASK}")], None));
    assert!(
        matches!(&lock.distributions[0].source, DistributionSource::Index(path) if path.starts_with("packages/"))
    );
}

#[test]
fn what_something_else_provides_is_left_out() {
    let world = World::new(Vec::new());
    world.answer(&[("flask", &[FLASK])]);
    world.file("requirements.txt", "flask\npsycopg2\n");
    let provided = BTreeSet::from([DistributionName::new("psycopg2").unwrap()]);
    let lock = world.lock(&Parts { provided, ..Parts::default() }).unwrap();
    assert_eq!(lock.distributions.len(), 1);
    assert!(world.asked(0).arguments.contains(&"--overrides".to_owned()));
}

#[test]
fn files_of_the_project_are_vouched_for_and_stored() {
    let world = World::new(Vec::new());
    world.file("pylock.toml", "lock-version = \"1.0\"\n[[packages]]\nname = \"own\"\narchive = { path = \"dist/own-1-py3-none-any.whl\" }\n");
    world.file("dist/own-1-py3-none-any.whl", "bytes");
    let lock = world.lock(&Parts::default()).unwrap();
    let one = &lock.distributions[0];
    assert_eq!(one.version.as_deref(), Some("1"), "the file name tells it");
    assert_eq!((one.kind, one.sha256), (DistributionKind::Wheel, Some(bareboat_store::Digest::of("bytes"))));
    assert_eq!(one.source, DistributionSource::File("dist/own-1-py3-none-any.whl".to_owned()));
    assert!(world.store.contains(&one.sha256.unwrap()));
}

//! The questions put to one source distribution and the wheel made of it, each answered once: an answer is kept in the
//! action cache under the source distribution, the sandbox's packages and the build requirements, all by digest.

use std::str::FromStr;

use bareboat_packages::pypi::{LockedDistribution, WheelName};
use bareboat_packages::wheel::Wheel;
use bareboat_store::Digest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::SourceError;
use super::root::BuildRoot;
use super::work::{Task, Work};
use super::{Bench, failure, shown};
use crate::BuildError;

/// One source distribution in its sandbox.
pub(super) struct Hooks<'a> {
    bench: &'a Bench<'a>,
    root: BuildRoot<'a>,
    one: LockedDistribution,
    sha256: Digest,
    file_name: String,
}

/// A wheel that was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BuiltFile {
    /// File name.
    pub(super) name: String,
    /// The file.
    pub(super) blob: Digest,
    /// Bytes.
    pub(super) size: u64,
}

impl<'a> Hooks<'a> {
    /// The source distribution `one`, whose file is `sha256`.
    ///
    /// # Errors
    /// A lock that names no file.
    pub(super) fn new(
        bench: &'a Bench<'a>,
        root: BuildRoot<'a>,
        one: &LockedDistribution,
        sha256: Digest,
    ) -> Result<Self, BuildError> {
        let is_plain =
            |name: &String| !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0']);
        let file_name = one.filename.clone().filter(is_plain);
        let file_name = file_name
            .ok_or_else(|| BuildError::LockFile { reason: format!("{} has no file name", shown(one)) })?;
        Ok(Self { bench, root, one: one.clone(), sha256, file_name })
    }

    /// The requirements that `pyproject.toml` names, or that one without it means. Runs nothing of theirs.
    pub(super) fn named_requirements(&self) -> Result<Vec<String>, BuildError> {
        self.ask("named-requirements", &[])
    }

    /// What the build backend asks for besides (`get_requires_for_build_wheel`).
    pub(super) fn further_requirements(
        &self,
        requirements: &[LockedDistribution],
    ) -> Result<Vec<String>, BuildError> {
        self.ask("further-requirements", requirements)
    }

    /// The wheel, when it was built before and is still in the store.
    pub(super) fn known_wheel(&self, requirements: &[LockedDistribution]) -> Option<BuiltFile> {
        let built: BuiltFile = self.known(&self.key(WHEEL, requirements))?;
        (self.bench.workshop.store.size(&built.blob) == Some(built.size)).then_some(built)
    }

    /// Builds the wheel and keeps it.
    pub(super) fn build_wheel(&self, requirements: &[LockedDistribution]) -> Result<BuiltFile, BuildError> {
        let key = self.key(WHEEL, requirements);
        let store = self.bench.workshop.store;
        // Two builds at once make it once.
        let _lock = store.lock(&format!("source-{}", key.short()), || {})?;
        if let Some(built) = self.known_wheel(requirements) {
            return Ok(built);
        }
        let work = self.work(requirements)?;
        let name: String = self.run(&work, WHEEL)?;
        let wrong = |what: String| {
            BuildError::from(Box::new(SourceError::WrongWheel {
                source_of: shown(&self.one),
                wheel: name.chars().take(200).collect(),
                what,
            }))
        };
        WheelName::from_str(&name).map_err(|error| wrong(error.to_string()))?;
        let (blob, size) = work.keep(store, &name)?.ok_or_else(|| wrong("it is no plain file".to_owned()))?;
        Wheel::open(store.open_blob(&blob)?).map_err(|error| wrong(error.to_string()))?;
        let built = BuiltFile { name, blob, size };
        self.remember(&key, &built)?;
        Ok(built)
    }

    fn ask(
        &self,
        question: &'static str,
        requirements: &[LockedDistribution],
    ) -> Result<Vec<String>, BuildError> {
        let key = self.key(question, requirements);
        if let Some(answer) = self.known(&key) {
            return Ok(answer);
        }
        let answer: Vec<String> = self.run(&self.work(requirements)?, question)?;
        self.remember(&key, &answer)?;
        Ok(answer)
    }

    fn work(&self, requirements: &[LockedDistribution]) -> Result<Work, BuildError> {
        let store = self.bench.workshop.store;
        let work = Work::new(store)?;
        work.add_source(store, &self.sha256, &self.file_name)?;
        let wheels = requirements.iter().filter_map(|requirement| requirement.sha256);
        super::environment::write(store, &work, self.bench.host.python(), wheels)?;
        Ok(work)
    }

    /// Runs one hook; its answer.
    fn run<T: DeserializeOwned>(&self, work: &Work, hook: &'static str) -> Result<T, BuildError> {
        let root = self.root.path(self.bench.workshop.store)?;
        let task = Task { root: &root, hook, file_name: &self.file_name, python: self.bench.host.python() };
        let sandbox = |error| {
            BuildError::from(Box::new(SourceError::Sandbox {
                source_of: shown(&self.one),
                name: self.one.name.clone(),
                debian: self.bench.debian_package(&self.one.name),
                error,
            }))
        };
        let finished = work.run(&task).map_err(sandbox)?;
        if let Some(failed) = failure::of(self.bench, &self.one, &finished) {
            return Err(BuildError::from(Box::new(failed)));
        }
        let answer = work.answer()?.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        answer.ok_or_else(|| {
            BuildError::from(Box::new(SourceError::NoAnswer { source_of: shown(&self.one), hook }))
        })
    }

    fn known<T: DeserializeOwned>(&self, key: &Digest) -> Option<T> {
        serde_json::from_slice(&self.bench.workshop.store.action(key)?).ok()
    }

    fn remember(&self, key: &Digest, answer: &impl Serialize) -> Result<(), BuildError> {
        let record = serde_json::to_vec(answer).expect("names, numbers and digests");
        Ok(self.bench.workshop.store.put_action(key, &record)?)
    }

    fn key(&self, hook: &str, requirements: &[LockedDistribution]) -> Digest {
        let mut identity = format!(
            "source {} {hook} {} {} {}\n",
            super::work::identity(),
            self.root.identity(),
            self.sha256,
            self.file_name
        );
        for requirement in requirements {
            identity.push_str(&format!("{:?} {:?}\n", requirement.filename, requirement.sha256));
        }
        Digest::of(identity)
    }
}

const WHEEL: &str = "wheel";

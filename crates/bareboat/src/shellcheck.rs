//! The ShellCheck of this machine: found on the search path, asked in parallel, each question once.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bareboat_inspect::lint::{ScriptToCheck, ShellRemark, read_remarks};
use rayon::prelude::*;

use crate::failure::Failure;
use crate::filter::{Filtered, Limits, filter};

/// Which ShellCheck is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShellCheckChoice {
    /// The one on the search path, if there is one.
    Auto,
    /// None.
    Off,
    /// This one.
    Program(PathBuf),
}

impl From<&str> for ShellCheckChoice {
    fn from(text: &str) -> Self {
        match text {
            "auto" => Self::Auto,
            "off" => Self::Off,
            path => Self::Program(path.into()),
        }
    }
}

impl ShellCheckChoice {
    /// What a configuration file in `directory` says.
    ///
    /// It may have come with what is judged, as the program it names may have: such a program is refused. On the
    /// command line somebody chose it.
    pub fn configured(text: &str, directory: &Path) -> Result<Self, String> {
        let choice = Self::from(text);
        let Self::Program(path) = &choice else { return Ok(choice) };
        if !path.is_absolute() {
            return Err(format!("`{text}` is relative, and could come with what is judged"));
        }
        let program = path.canonicalize().map_err(|error| format!("`{text}`: {error}"))?;
        let repository = directory.ancestors().find(|above| above.join(".git").exists());
        let judged = [Path::new("."), directory].into_iter().chain(repository);
        // From the root directory everything could.
        let within = |place: &Path| {
            place.canonicalize().is_ok_and(|place| place.parent().is_some() && program.starts_with(place))
        };
        match judged.into_iter().any(within) {
            true => Err(format!("`{text}` could come with what is judged")),
            // Where it leads now: a link may lead elsewhere later.
            false => Ok(Self::Program(program)),
        }
    }
}

/// One question may take so long and bring so much.
const LIMITS: Limits = Limits { time: Duration::from_secs(10), output: 16 << 20 };
/// Answers that are remembered.
const MOST_ANSWERS: usize = 10_000;
/// The first release that knows BusyBox's shell.
const KNOWS_BUSYBOX: (u32, u32) = (0, 10);

/// A ShellCheck that is there.
#[derive(Debug)]
pub struct ShellCheck {
    program: PathBuf,
    version: OnceLock<Option<(u32, u32)>>,
    answers: Mutex<BTreeMap<ScriptToCheck, Answer>>,
    troubles: Mutex<BTreeSet<String>>,
}

/// What was answered; `None` when the answer could not be used.
type Answer = Option<Arc<Vec<ShellRemark>>>;

impl ShellCheck {
    /// The ShellCheck that `choice` means, if there is one. `path` is the search path.
    pub fn find(choice: &ShellCheckChoice, path: Option<&OsStr>) -> Result<Option<Self>, Failure> {
        let program = match choice {
            ShellCheckChoice::Off => None,
            ShellCheckChoice::Auto => on_path(path),
            ShellCheckChoice::Program(program) if is_program(program) => Some(program.clone()),
            ShellCheckChoice::Program(program) => {
                let failure = Failure::input(format!("`{}` is no program", program.display()));
                return Err(failure.hint("pass `--shellcheck auto`, or the path of a ShellCheck"));
            }
        };
        Ok(program.map(|program| Self {
            program,
            version: OnceLock::new(),
            answers: Mutex::default(),
            troubles: Mutex::default(),
        }))
    }

    /// The answers to questions, in their order; `None` where there is none, which [`ShellCheck::troubles`] explains.
    pub fn ask(&self, scripts: &[ScriptToCheck]) -> Vec<Option<Vec<ShellRemark>>> {
        let answers = scripts.par_iter().map(|script| self.answer(script).map(|answer| answer.to_vec()));
        answers.collect()
    }

    /// Why answers are missing, each reason once.
    pub fn troubles(&self) -> Vec<String> {
        let name = self.program.display();
        let troubles = lock(&self.troubles);
        troubles.iter().map(|trouble| format!("some scripts were not given to `{name}`: {trouble}")).collect()
    }

    fn answer(&self, script: &ScriptToCheck) -> Answer {
        if let Some(known) = lock(&self.answers).get(script) {
            return known.clone();
        }
        let answer = self.run(script).map(Arc::new);
        let mut answers = lock(&self.answers);
        if answers.len() >= MOST_ANSWERS {
            answers.clear();
        }
        answers.insert(script.clone(), answer.clone());
        answer
    }

    fn run(&self, script: &ScriptToCheck) -> Option<Vec<ShellRemark>> {
        let codes: Vec<String> = script.exclude.iter().map(u32::to_string).collect();
        let arguments = [
            "--format=json1".to_owned(),
            format!("--shell={}", self.shell(script.shell)?),
            format!("--exclude={}", codes.join(",")),
            "-".to_owned(),
        ];
        match filter(&self.program, &arguments, script.text.as_bytes(), LIMITS) {
            // 1 is "there are remarks".
            Ok(filtered) if matches!(filtered.status.code(), Some(0 | 1)) => {
                let remarks = read_remarks(&filtered.output);
                remarks.map_err(|error| self.trouble(format!("its answer cannot be read: {error}"))).ok()
            }
            Ok(filtered) => {
                self.trouble(ended(&filtered));
                None
            }
            Err(error) => {
                self.trouble(error.to_string());
                None
            }
        }
    }

    /// The shell to name to this release; BusyBox's is close to dash for one that does not know it.
    fn shell(&self, wanted: &'static str) -> Option<&'static str> {
        if wanted != "busybox" {
            return Some(wanted);
        }
        let known = self.version.get_or_init(|| self.read_version());
        Some(if (*known)? >= KNOWS_BUSYBOX { wanted } else { "dash" })
    }

    fn read_version(&self) -> Option<(u32, u32)> {
        let read = || {
            let filtered = filter(&self.program, &["--version".to_owned()], b"", LIMITS).ok()?;
            let text = String::from_utf8_lossy(&filtered.output).into_owned();
            let version = text.lines().find_map(|line| line.strip_prefix("version: "))?.to_owned();
            let mut numbers = version.split('.').map(|number| number.trim().parse().ok());
            Some((numbers.next()??, numbers.next()??))
        };
        let version = read();
        if version.is_none() {
            self.trouble("it does not say its version".to_owned());
        }
        version
    }

    fn trouble(&self, trouble: String) {
        lock(&self.troubles).insert(trouble);
    }
}

/// How it ended, with the first line of what it said.
fn ended(filtered: &Filtered) -> String {
    match filtered.talk.lines().next() {
        Some(line) => format!("it ended with {}: {line}", filtered.status),
        None => format!("it ended with {}", filtered.status),
    }
}

/// The first `shellcheck` in the absolute directories of `path`: a relative one could be in what is judged.
fn on_path(path: Option<&OsStr>) -> Option<PathBuf> {
    let directories = std::env::split_paths(path?).filter(|directory| directory.is_absolute());
    directories.map(|directory| directory.join("shellcheck")).find(|program| is_program(program))
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// What is behind the lock is whole at every moment, also after a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

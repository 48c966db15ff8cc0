//! Runs the commands of tests in the sandbox, on a root that is unpacked when the first of them needs it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bareboat_image::rootfs::{Ownership, extract};
use bareboat_image::source::Image;
use bareboat_inspect::check::{CommandTest, NotRun, Ran, Variable};
use bareboat_inspect::facts::Facts;
use bareboat_sandbox::{Ending, Limits, Network, RootMode, Sandbox, SandboxError, Stream, User, run_command};

use crate::cli::CheckArgs;
use crate::session::{Session, host_platform};

/// The image's root and how to run in it.
pub struct Commands<'a> {
    session: &'a Session,
    image: &'a Image<'a>,
    facts: &'a Facts,
    arguments: &'a CheckArgs,
    root: Option<tempfile::TempDir>,
}

/// Bytes of output that patterns are matched with.
const MOST_OUTPUT: usize = 8 << 20;

impl<'a> Commands<'a> {
    pub fn new(
        session: &'a Session,
        image: &'a Image<'a>,
        facts: &'a Facts,
        arguments: &'a CheckArgs,
    ) -> Self {
        Self { session, image, facts, arguments, root: None }
    }

    /// Runs set-up, command and tear-down on changes of their own; what they write is gone afterwards.
    pub fn run(&mut self, test: &CommandTest, variables: &[Variable]) -> Result<Ran, NotRun> {
        self.skip()?;
        let root = self.root()?.to_path_buf();
        let changes = tempfile::tempdir_in(self.session.store.temporary_directory())
            .map_err(|error| NotRun::Skipped(format!("cannot make a temporary directory: {error}")))?;
        let overlay = Overlay::new(changes.path())?;
        let environment = environment(self.facts, variables.iter().chain(&test.variables));
        for words in &test.setup {
            let ran = self.one(words, &environment, &root, &overlay)?;
            if ran.code != 0 {
                let why = format!("its set-up `{}` failed with exit code {}", words.join(" "), ran.code);
                return Err(NotRun::Failed(why));
            }
        }
        let ran = self.one(&test.command, &environment, &root, &overlay)?;
        for words in &test.teardown {
            self.one(words, &environment, &root, &overlay)?;
        }
        Ok(ran)
    }

    /// What makes every command impossible here.
    fn skip(&self) -> Result<(), NotRun> {
        let skip = |why: String| Err(NotRun::Skipped(why));
        if self.arguments.no_commands {
            return skip("`--no-commands` was given".to_owned());
        }
        let host = host_platform();
        match &self.facts.platform {
            Some(platform) if !platform.satisfies(&host) => {
                skip(format!("the image is for {platform}, and this machine is {host}"))
            }
            _ => match &self.facts.user.fault {
                Some(fault) => {
                    Err(NotRun::Failed(format!("nothing can run as {}: {fault}", self.facts.user.spec)))
                }
                None => Ok(()),
            },
        }
    }

    fn root(&mut self) -> Result<&Path, NotRun> {
        let root = match self.root.take() {
            Some(root) => root,
            None => {
                let unpackable =
                    |error: String| NotRun::Skipped(format!("the image cannot be unpacked here: {error}"));
                let root = tempfile::tempdir_in(self.session.store.temporary_directory())
                    .map_err(|error| unpackable(error.to_string()))?;
                let ownership =
                    if rustix::process::geteuid().is_root() { Ownership::Keep } else { Ownership::Caller };
                extract(self.image, root.path(), ownership).map_err(|error| unpackable(error.to_string()))?;
                root
            }
        };
        Ok(self.root.insert(root).path())
    }

    fn one(
        &self,
        words: &[String],
        environment: &[(OsString, OsString)],
        root: &Path,
        overlay: &Overlay,
    ) -> Result<Ran, NotRun> {
        let facts = &self.facts;
        let user = User { uid: facts.user.uid, gid: facts.user.gid, groups: facts.user.groups.clone() };
        let mut sandbox = Sandbox::new(root, user, words.iter().map(OsString::from).collect());
        let directory = &facts.config.working_dir;
        sandbox.working_directory = PathBuf::from(if directory.is_empty() { "/" } else { directory });
        sandbox.environment = environment.to_vec();
        // The overlay is writable where the image is; what a set-up writes is there for the test.
        sandbox.mounts.clear();
        sandbox.network = Network::None;
        let (upper, work) = (overlay.upper.clone(), overlay.work.clone());
        sandbox.root_mode = RootMode::Overlay { below: Vec::new(), upper, work };
        let time = Some(Duration::from_secs(self.arguments.timeout));
        let (mut output, mut error) = (Vec::new(), Vec::new());
        let finished = run_command(sandbox, Limits { time, output: 0 }, |stream, bytes| {
            let kept = if stream == Stream::Output { &mut output } else { &mut error };
            let room = MOST_OUTPUT.saturating_sub(kept.len());
            kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        });
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        match finished.map_err(not_run)?.ending {
            Ending::Ended(status) => {
                Ok(Ran { code: status.code().into(), output: text(output), error: text(error) })
            }
            Ending::TimedOut => {
                Err(NotRun::Failed(format!("it ran for {} seconds and was ended", self.arguments.timeout)))
            }
            Ending::Stopped => Err(NotRun::Failed("it was ended".to_owned())),
        }
    }
}

/// A program that is not there is the image's fault; a kernel that refuses is not.
fn not_run(error: SandboxError) -> NotRun {
    match &error {
        SandboxError::ProgramNotFound { .. }
        | SandboxError::InterpreterNotFound { .. }
        | SandboxError::NotExecutable { .. }
        | SandboxError::WrongMachine { .. }
        | SandboxError::Execute { .. }
        | SandboxError::WorkingDirectory { .. } => NotRun::Failed(error.to_string()),
        _ => NotRun::Skipped(format!("the sandbox cannot run it here: {error}")),
    }
}

/// Where changes go.
struct Overlay {
    upper: PathBuf,
    work: PathBuf,
}

impl Overlay {
    fn new(directory: &Path) -> Result<Self, NotRun> {
        let make = |name: &str| {
            let path = directory.join(name);
            std::fs::create_dir(&path).map(|()| path)
        };
        let overlay = make("upper").and_then(|upper| Ok(Self { upper, work: make("work")? }));
        overlay.map_err(|error| NotRun::Skipped(format!("cannot make a temporary directory: {error}")))
    }
}

/// The image's variables, then the file's, then the test's; `$NAME` and `${NAME}` in a value mean what was set before.
fn environment<'v>(
    facts: &Facts,
    variables: impl Iterator<Item = &'v Variable>,
) -> Vec<(OsString, OsString)> {
    let mut set: Vec<(String, String)> = Vec::new();
    let mut put = |name: &str, value: String| {
        set.retain(|(known, _)| known != name);
        set.push((name.to_owned(), value));
        set.clone()
    };
    let mut known = put("PATH", facts.search_path().join(":"));
    for (name, value) in facts.config.env.iter().filter_map(|variable| variable.split_once('=')) {
        known = put(name, value.to_owned());
    }
    for variable in variables {
        known = put(&variable.key, expanded(&variable.value, &known));
    }
    known.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn expanded(text: &str, known: &[(String, String)]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let (name, left) = match after.strip_prefix('{').and_then(|after| after.split_once('}')) {
            Some(found) => found,
            None => after.split_at(after.find(|character| !is_name(character)).unwrap_or(after.len())),
        };
        if name.is_empty() {
            out.push('$');
        }
        out.push_str(known.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value));
        rest = left;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_name_other_variables() {
        let known = [("PATH".to_owned(), "/usr/bin".to_owned())];
        assert_eq!(expanded("/env/bin:$PATH", &known), "/env/bin:/usr/bin");
        assert_eq!(expanded("${PATH}x$NONE.$", &known), "/usr/binx.$");
    }
}

//! Running another program, as an argument: the resolver and the host's `pip` are asked through this.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// A program to run.
#[derive(Debug, Clone, Default)]
pub struct Process {
    /// The program, found on `PATH` when it has no slash.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its whole environment; nothing is inherited.
    pub environment: BTreeMap<String, String>,
    /// Where it runs; the caller's directory when `None`.
    pub directory: Option<PathBuf>,
    /// What it reads.
    pub input: Vec<u8>,
}

/// What a program did.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Whether it ended with status 0.
    pub success: bool,
    /// What it wrote to its standard output.
    pub output: Vec<u8>,
    /// What it wrote to its standard error.
    pub messages: Vec<u8>,
}

impl Outcome {
    /// The messages as text, at most 64 KiB.
    pub fn said(&self) -> String {
        let end = self.messages.len().min(64 << 10);
        String::from_utf8_lossy(&self.messages[..end]).into_owned()
    }
}

/// Runs programs: the host's, or a test's stand-in.
pub trait Runner: Sync {
    /// Runs `process` to its end.
    ///
    /// # Errors
    /// When it cannot be started or talked to; a failure of its own is an [`Outcome`].
    fn run(&self, process: &Process) -> io::Result<Outcome>;
}

/// Runs programs on this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct HostRunner;

impl Runner for HostRunner {
    fn run(&self, process: &Process) -> io::Result<Outcome> {
        let mut command = Command::new(&process.program);
        command.args(&process.arguments).env_clear().envs(&process.environment);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(directory) = &process.directory {
            command.current_dir(directory);
        }
        let mut child = spawn(&mut command)?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        // All three at once: a program that fills one pipe while we serve another would wait for ever.
        let (output, messages) = thread::scope(|scope| {
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(&process.input)));
            let messages = scope.spawn(move || read_bounded(stderr));
            (read_bounded(stdout), messages.join().unwrap_or_else(|_| Ok(Vec::new())))
        });
        let success = child.wait()?.success();
        Ok(Outcome { success, output: output?, messages: messages? })
    }
}

/// Starts a program that may have been written a moment ago: a process that another thread forked meanwhile holds it open
/// until it executes its own, and for so long the kernel refuses (execve(2), ETXTBSY).
fn spawn(command: &mut Command) -> io::Result<Child> {
    const TRIES: u32 = 40;
    const PAUSE: Duration = Duration::from_millis(25);
    for _ in 1..TRIES {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => thread::sleep(PAUSE),
            result => return result,
        }
    }
    command.spawn()
}

/// Reads everything, but keeps no more than any real answer has.
fn read_bounded(source: Option<impl Read>) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    if let Some(mut source) = source {
        source.by_ref().take(MAX_OUTPUT).read_to_end(&mut kept)?;
        io::copy(&mut source, &mut io::sink())?;
    }
    Ok(kept)
}

const MAX_OUTPUT: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_somebody_still_holds_open_is_waited_for() {
        use std::os::unix::fs::OpenOptionsExt;
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("program");
        std::fs::copy("/bin/true", &program).unwrap();
        let held = std::fs::OpenOptions::new().append(true).mode(0o755).open(&program).unwrap();
        let release = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            drop(held);
        });
        let outcome = HostRunner.run(&Process { program, ..Process::default() });
        assert!(outcome.unwrap().success);
        release.join().unwrap();
    }

    #[test]
    fn passes_input_environment_and_output_and_inherits_nothing() {
        let process = Process {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), "cat; printf '%s' \"$GIVEN$HOME\" >&2; exit 3".into()],
            environment: BTreeMap::from([("GIVEN".to_owned(), "yes".to_owned())]),
            directory: None,
            input: vec![b'x'; 300_000],
        };
        let outcome = HostRunner.run(&process).unwrap();
        assert!(!outcome.success);
        assert_eq!((outcome.output.len(), outcome.said().as_str()), (300_000, "yes"));
        assert!(
            HostRunner.run(&Process { program: "/no/such/program".into(), ..Process::default() }).is_err()
        );
    }
}

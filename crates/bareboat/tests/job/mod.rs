//! A small application with its lock, built from a mirror on loopback, and how that ended.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::mirror::Mirror;

/// A small application with its lock, and an empty cache.
pub struct Job {
    pub directory: tempfile::TempDir,
}

/// How a run ended.
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Job {
    pub fn new() -> Self {
        let job = Self { directory: tempfile::tempdir().unwrap() };
        fs::create_dir(job.app()).unwrap();
        job.says("hello");
        fs::write(job.app().join("bareboat.lock"), &good().lock).unwrap();
        job
    }

    /// Changes what the application prints.
    pub fn says(&self, text: &str) {
        let program = format!("if __name__ == '__main__':\n    print({text:?})\n");
        fs::write(self.app().join("main.py"), program).unwrap();
    }

    pub fn app(&self) -> PathBuf {
        self.directory.path().join("app")
    }

    pub fn cache(&self) -> PathBuf {
        self.directory.path().join("cache")
    }

    pub fn command(&self, mirror: &Mirror) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bareboat"));
        command.env_remove("SOURCE_DATE_EPOCH").env("BAREBOAT_CACHE_DIR", self.cache());
        command.arg("build").arg(self.app()).args(["--format", "json"]).args(mirror.options());
        command
    }

    pub fn run(&self, mirror: &Mirror) -> Ended {
        Ended::of(&mut self.command(mirror))
    }

    /// Builds; the digest.
    pub fn builds(&self, mirror: &Mirror) -> String {
        self.run(mirror).digest()
    }

    /// Another command on the same cache.
    pub fn cache_command(&self, words: &[&str]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bareboat"));
        Ended::of(command.env("BAREBOAT_CACHE_DIR", self.cache()).args(words))
    }

    /// Nothing half-made lies about and everything kept is whole.
    pub fn is_tidy(&self) {
        assert_eq!(crate::place::files_below(&self.cache().join("tmp")), Vec::<PathBuf>::new());
        let ended = self.cache_command(&["cache", "verify"]);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    }

    /// Copies the cache of the job that went well.
    pub fn with_good_cache(self) -> Self {
        let mut copy = Command::new("cp");
        crate::apps::run(copy.arg("-a").arg(good().job.cache()).arg(self.cache()));
        self
    }
}

impl Ended {
    pub fn of(command: &mut Command) -> Self {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Self::after(child)
    }

    /// Waits, but not for ever.
    pub fn after(child: Child) -> Self {
        let pid = Pid::from_child(&child);
        let (ended, waits) = std::sync::mpsc::channel::<()>();
        let guard = std::thread::spawn(move || {
            let is_stuck = waits.recv_timeout(LONGEST) == Err(std::sync::mpsc::RecvTimeoutError::Timeout);
            if is_stuck {
                let _ = kill_process(pid, Signal::KILL);
            }
            is_stuck
        });
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        drop(ended);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("everything printed is UTF-8");
        let (stdout, stderr) = (text(stdout), text(stderr));
        assert!(!guard.join().unwrap(), "still running after {LONGEST:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
        Self { code: status.code(), stdout, stderr }
    }

    pub fn digest(&self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        let value: serde_json::Value = serde_json::from_str(&self.stdout).unwrap();
        value["result"]["descriptor"]["digest"].as_str().unwrap().to_owned()
    }

    /// The world's fault, said in words that hold all of `words`.
    pub fn world_says(&self, words: &[&str]) {
        self.ended_with(3, words);
    }

    /// The user's.
    pub fn input_says(&self, words: &[&str]) {
        self.ended_with(2, words);
    }

    pub fn ended_with(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "no `{word}` in: {}", self.stderr);
        }
    }
}

const LONGEST: Duration = Duration::from_secs(240);

/// A build that went well, with its lock and the mirror that saw it.
pub struct Good {
    job: Job,
    pub lock: String,
    pub digest: String,
}

pub fn good() -> &'static Good {
    static GOOD: OnceLock<Good> = OnceLock::new();
    GOOD.get_or_init(|| {
        let job = Job { directory: outlives_the_test() };
        fs::create_dir(job.app()).unwrap();
        job.says("hello");
        let digest = job.builds(&Mirror::start());
        let lock = fs::read_to_string(job.app().join("bareboat.lock")).unwrap();
        Good { job, lock, digest }
    })
}

/// A directory of this process. A static is never dropped, so each run takes away what earlier ones left.
fn outlives_the_test() -> tempfile::TempDir {
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR")).join("good");
    fs::create_dir_all(&parent).unwrap();
    for entry in fs::read_dir(&parent).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_alive = name.split('-').next().is_some_and(|pid| Path::new("/proc").join(pid).exists());
        if !is_alive {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    tempfile::Builder::new().prefix(&format!("{}-", std::process::id())).tempdir_in(parent).unwrap()
}

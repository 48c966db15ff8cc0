//! Builds an application with the binary and asks an engine to run it: read-only, without capabilities.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// An application made of a few files.
pub struct App {
    files: Vec<(&'static str, Vec<u8>)>,
    before: Option<&'static str>,
    without: &'static [&'static str],
    engine: Engine,
    expect: Expect,
}

/// Who runs it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Docker, through its socket.
    Docker,
    /// Podman, from an archive.
    Podman,
}

/// What shows that it works.
pub enum Expect {
    /// `GET /` answers with a text that holds this.
    Page(&'static str),
    /// It ends well and prints this.
    Output(&'static str),
}

impl App {
    pub fn new() -> Self {
        Self {
            files: Vec::new(),
            before: None,
            without: &[],
            engine: Engine::Docker,
            expect: Expect::Output(""),
        }
    }

    pub fn file(self, path: &'static str, text: &'static str) -> Self {
        self.bytes(path, text.into())
    }

    /// A file that is no text.
    pub fn bytes(mut self, path: &'static str, bytes: Vec<u8>) -> Self {
        self.files.push((path, bytes));
        self
    }

    /// A command of the user's own tools that runs in the directory first.
    pub fn before(mut self, command: &'static str) -> Self {
        self.before = Some(command);
        self
    }

    pub fn engine(mut self, engine: Engine) -> Self {
        self.engine = engine;
        self
    }

    /// Debian packages that its lock must not hold.
    pub fn without(mut self, packages: &'static [&'static str]) -> Self {
        self.without = packages;
        self
    }

    pub fn expect(mut self, expect: Expect) -> Self {
        self.expect = expect;
        self
    }

    /// Builds, loads, runs and asks.
    pub fn check(&self, name: &str) {
        let program = if self.engine == Engine::Docker { "dockerd" } else { "podman" };
        if !bareboat_testkit::full::wanted(name) || !bareboat_testkit::full::has_program(name, program) {
            return;
        }
        // One application at a time: two cores, and engines that lock anyway.
        static ONE: Mutex<()> = Mutex::new(());
        let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let directory = tempfile::tempdir().unwrap();
        for (path, bytes) in &self.files {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        if let Some(command) = self.before {
            let uv = uv();
            let mut words = command.split(' ');
            assert_eq!(words.next(), Some("uv"));
            let mut command = Command::new(uv);
            command.args(words).env("UV_PYTHON_DOWNLOADS", "never").current_dir(directory.path());
            run(command.env("POETRY_PYPI_MIRROR_URL", index()).env("PIPENV_IGNORE_VIRTUALENVS", "1"));
        }
        let tag = format!("bareboat-test/{}:1", name.replace('_', "-"));
        let archive = directory.path().with_extension("tar");
        let mut build = bareboat();
        build
            .arg("build")
            .arg(directory.path())
            .args(["-t", &tag, "-o"])
            .arg(format!("docker-archive:{}", archive.display()));
        run(&mut build);
        let lock = std::fs::read_to_string(directory.path().join("bareboat.lock")).unwrap();
        for package in self.without {
            assert!(!lock.contains(&format!("name = \"{package}\"")), "{package} came in needlessly");
        }
        let container = Container::start(self.engine, &archive, &tag);
        match self.expect {
            Expect::Page(text) => container.ask(text),
            Expect::Output(text) => container.wait(text),
        }
        drop(container);
        let _ = std::fs::remove_file(&archive);
    }
}

/// The binary with the cache that all tests of one checkout share, so that nothing is downloaded twice.
pub fn bareboat() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bareboat"));
    command.env("BAREBOAT_CACHE_DIR", cache()).env_remove("SOURCE_DATE_EPOCH");
    command
}

/// The shared cache.
pub fn cache() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// The `uv` that bareboat fetches for itself when it has to resolve, or the machine's own.
fn uv() -> PathBuf {
    let on_path = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path).map(|directory| directory.join("uv")).find(|uv| uv.is_file())
    });
    on_path.or_else(fetched_uv).unwrap_or_else(|| {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("requirements.txt"), "itsdangerous\n").unwrap();
        run(bareboat().arg("lock").arg(directory.path()));
        fetched_uv().expect("locking without a `uv` on PATH fetches one")
    })
}

/// The package index as the machine's own pip finds it.
pub fn index() -> String {
    const ASK: &str = "from pip._internal.configuration import Configuration as C\n\
        from pip._internal.models.index import PyPI\n\
        c = C(isolated=False)\nc.load()\nd = dict(c.items())\n\
        flat = {}\nfor k, v in d.items(): flat.update(v if isinstance(v, dict) else {k: v})\n\
        print(flat.get(':env:.index-url') or flat.get('global.index-url') or PyPI.simple_url)";
    let output = run(Command::new("python3").args(["-c", ASK]));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn fetched_uv() -> Option<PathBuf> {
    let versions = std::fs::read_dir(cache().join("tools/tools")).ok()?;
    let is_uv =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("uv-"));
    versions.flatten().map(|entry| entry.path()).find(is_uv)
}

/// Runs a command that must succeed.
pub fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{}\n{text}", String::from_utf8_lossy(&output.stdout));
    output
}

/// A running container, removed when dropped.
struct Container {
    engine: Engine,
    id: String,
    tag: String,
    /// Where it answers: its own address where the engine gives it one, so that a server on loopback alone is found out.
    address: String,
    port: u16,
}

impl Container {
    fn start(engine: Engine, archive: &std::path::Path, tag: &str) -> Self {
        run(engine.command().args(["load", "-q", "-i"]).arg(archive));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = engine.command();
        let port_setting = format!("PORT={port}");
        command.args(["run", "-d", "--read-only", "--cap-drop", "ALL", "-e", &port_setting]);
        if engine == Engine::Podman {
            // Podman asks for more open files than a machine without CAP_SYS_RESOURCE may give, and for a firewall.
            command.args([
                "--ulimit",
                "nofile=1024:1024",
                "--ulimit",
                "nproc=1024:1024",
                "--network",
                "host",
            ]);
        }
        let name = if engine == Engine::Podman { format!("docker.io/{tag}") } else { tag.to_owned() };
        let output = run(command.arg(&name));
        let id = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        let address = engine.address(&id);
        Self { engine, id, tag: name, address, port }
    }

    fn ask(&self, text: &str) {
        let until = Instant::now() + Duration::from_secs(60);
        let mut last = String::new();
        while Instant::now() < until {
            match get(&self.address, self.port) {
                Ok(page) if page.contains(text) => return,
                Ok(page) => last = page,
                Err(error) => last = error.to_string(),
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("no page with `{text}`: {last}\n{}", self.logs());
    }

    fn wait(&self, text: &str) {
        let output = run(self.engine.command().args(["wait", &self.id]));
        let code = String::from_utf8(output.stdout).unwrap();
        let logs = self.logs();
        assert_eq!(code.trim(), "0", "{logs}");
        assert!(logs.contains(text), "{logs}");
    }

    fn logs(&self) -> String {
        let output = self.engine.command().args(["logs", &self.id]).output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = self.engine.command().args(["rm", "-f", &self.id]).output();
        let _ = self.engine.command().args(["rmi", "-f", &self.tag]).output();
    }
}

impl Engine {
    fn command(self) -> Command {
        match self {
            Engine::Docker => Command::new("/usr/bin/docker"),
            Engine::Podman => {
                let mut command = Command::new("podman");
                command.args(["--runtime", "runc"]);
                command
            }
        }
    }

    /// The address of a container; this machine's for one that shares its network.
    fn address(self, id: &str) -> String {
        const FORMAT: &str = "{{.NetworkSettings.IPAddress}}";
        let output = run(self.command().args(["inspect", "--format", FORMAT, id]));
        let address = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        if address.is_empty() { "127.0.0.1".to_owned() } else { address }
    }
}

fn get(address: &str, port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect((address, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

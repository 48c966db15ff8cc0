//! The rival: `docker build` of the same application in two stages, from base images made of Debian's own packages.
//!
//! The base is a minimal Debian with Python and pip, made once by debootstrap. It is measured twice: with the base in the
//! engine already, and with nothing there, as bareboat begins, the base then pulled from a registry on loopback.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::measure::{Run, once};

/// A context directory and base images that are ready.
pub struct Docker {
    context: PathBuf,
    secrets: Vec<String>,
}

const BASE: &str = "bareboat-bench/python:trixie";

const DOCKERFILE: &str = "\
FROM bareboat-bench/python:trixie AS builder
WORKDIR /app
COPY requirements.txt .
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=authorities,target=/etc/ssl/certs/ca-certificates.crt \\
    python3 -m pip install --no-cache-dir --target=/deps -r requirements.txt
COPY app.py .
COPY templates templates

FROM bareboat-bench/python:trixie
WORKDIR /app
COPY --from=builder /deps /deps
COPY --from=builder /app /app
ENV PYTHONPATH=/deps
USER 65532:65532
EXPOSE 5000
CMD [\"python3\", \"-m\", \"gunicorn\", \"--bind\", \"0.0.0.0:5000\", \"app:app\"]
";

impl Docker {
    /// Makes the base image when it is missing.
    pub fn prepare(directory: &Path) -> Result<Self, String> {
        if !succeeds(docker().arg("info")) {
            return Err("no Docker engine answers (apt-get install docker.io, then start dockerd)".to_owned());
        }
        if !succeeds(docker().args(["image", "inspect", BASE])) {
            import_base(directory)?;
        }
        let context = directory.join("app_python");
        fs::write(context.join("bench.Dockerfile"), DOCKERFILE).map_err(|error| error.to_string())?;
        let mut secrets = Vec::new();
        for (id, file) in [("pip", "/etc/pip.conf"), ("authorities", "/etc/ssl/certs/ca-certificates.crt")] {
            if Path::new(file).exists() {
                secrets.push(format!("id={id},src={file}"));
            }
        }
        Ok(Self { context, secrets })
    }

    /// One build with nothing there: no base, no build cache.
    pub fn build_from(&self, registry: &Registry) -> Result<Run, String> {
        let base = registry.base();
        for arguments in [
            &["rmi", "--force", &base][..],
            &["rmi", "--force", BASE],
            &["builder", "prune", "--all", "--force"],
        ] {
            succeeds(docker().args(arguments));
        }
        let file = self.context.join("pulled.Dockerfile");
        fs::write(&file, DOCKERFILE.replace(BASE, &base)).map_err(|error| error.to_string())?;
        self.run(&["--no-cache", "--pull"], &file)
    }

    /// One build with the base already there.
    pub fn build(&self, cached: bool) -> Result<Run, String> {
        let options: &[&str] = if cached { &[] } else { &["--no-cache"] };
        self.run(options, &self.context.join("bench.Dockerfile"))
    }

    fn run(&self, options: &[&str], file: &Path) -> Result<Run, String> {
        let mut command = docker();
        command.env("DOCKER_BUILDKIT", "1").args([
            "build",
            "--network",
            "host",
            "--tag",
            "bareboat-bench/app",
        ]);
        command.args(options);
        for secret in &self.secrets {
            command.args(["--secret", secret]);
        }
        command.arg("--file").arg(file).arg(&self.context);
        once(&mut command)
    }
}

/// A registry on loopback that holds the base image, ended when dropped.
pub struct Registry {
    child: Child,
    port: u16,
}

impl Registry {
    /// Starts it with its files below `directory`, and sends it the base.
    pub fn start(directory: &Path) -> Result<Self, String> {
        let fail =
            |error: std::io::Error| format!("docker-registry: {error} (apt-get install docker-registry)");
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).map_err(fail)?.port();
        let file = directory.join("registry.yml");
        let data = directory.join("registry");
        let text = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:{port}\n",
            data.display()
        );
        fs::write(&file, text).map_err(fail)?;
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        let registry = Self { child: command.spawn().map_err(fail)?, port };
        succeeds(docker().args(["tag", BASE, &registry.base()]));
        for _ in 0..50 {
            if succeeds(docker().args(["push", &registry.base()])) {
                return Ok(registry);
            }
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        Err("the base image cannot be pushed to the registry on loopback".to_owned())
    }

    fn base(&self) -> String {
        format!("127.0.0.1:{}/bareboat-bench/python:trixie", self.port)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn import_base(directory: &Path) -> Result<(), String> {
    let root = directory.join("base");
    let mut command = Command::new("debootstrap");
    command.args(["--variant=minbase", "--include=python3,python3-pip", "trixie"]).arg(&root);
    once(&mut command).map_err(|error| format!("{error} (apt-get install debootstrap)"))?;
    let mut tar = Command::new("tar")
        .args(["-C", &root.to_string_lossy(), "-c", "."])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let output = tar.stdout.take().ok_or("tar has no output")?;
    let imported = docker().args(["import", "-", BASE]).stdin(output).stdout(Stdio::null()).status();
    let packed = tar.wait().map_err(|error| error.to_string())?;
    let _ = fs::remove_dir_all(&root);
    match imported {
        Ok(status) if status.success() && packed.success() => Ok(()),
        _ => Err("`docker import` failed".to_owned()),
    }
}

/// Debian's Docker client is the one that knows the local engine; others may stand before it on PATH.
fn docker() -> Command {
    let debian = Path::new("/usr/bin/docker");
    Command::new(if debian.exists() { debian } else { Path::new("docker") })
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

//! Debian's own registry: what we push, Docker, Podman and Skopeo pull; what they push, we pull.
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
mod apps;
#[allow(dead_code)]
mod example;

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bareboat_testkit::full;
use example::{Locked, build};

/// A registry on loopback, ended when dropped.
struct Registry {
    child: Child,
    port: u16,
    directory: tempfile::TempDir,
}

/// `me:secret`, as htpasswd would write it.
const USERS: &str = "me:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";

impl Registry {
    fn start(guarded: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at = directory.path();
        let mut configuration = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\n  delete:\n    enabled: true\nhttp:\n  addr: 127.0.0.1:{port}\n",
            at.join("data").display()
        );
        if guarded {
            apps::run(
                Command::new("openssl")
                    .args([
                        "req",
                        "-x509",
                        "-newkey",
                        "rsa:2048",
                        "-nodes",
                        "-days",
                        "2",
                        "-subj",
                        "/CN=registry",
                    ])
                    .args(["-addext", "subjectAltName=IP:127.0.0.1"])
                    .args(["-addext", "basicConstraints=critical,CA:false"])
                    .arg("-keyout")
                    .arg(at.join("key.pem"))
                    .arg("-out")
                    .arg(at.join("certificate.pem")),
            );
            fs::write(at.join("users"), USERS).unwrap();
            configuration.push_str(&format!(
                "  tls:\n    certificate: {0}/certificate.pem\n    key: {0}/key.pem\nauth:\n  htpasswd:\n    realm: test\n    path: {0}/users\n",
                at.display()
            ));
        }
        fs::write(at.join("config.yml"), configuration).unwrap();
        let log = fs::File::create(at.join("log")).unwrap();
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(at.join("config.yml"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "{}", fs::read_to_string(at.join("log")).unwrap());
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, port, directory }
    }

    fn name(&self, name: &str) -> String {
        format!("127.0.0.1:{}/{name}", self.port)
    }

    fn certificate(&self) -> PathBuf {
        self.directory.path().join("certificate.pem")
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wanted(test: &str) -> bool {
    full::wanted(test)
        && ["docker-registry", "skopeo", "podman", "docker"].iter().all(|name| full::has_program(test, name))
}

fn text(command: &mut Command) -> String {
    String::from_utf8(apps::run(command).stdout).unwrap().trim().to_owned()
}

fn docker() -> Command {
    Command::new("/usr/bin/docker")
}

/// What `push --format json` says of its first name.
fn pushed(command: &mut Command) -> serde_json::Value {
    let value: serde_json::Value = serde_json::from_slice(&apps::run(command).stdout).unwrap();
    value["pushed"][0].clone()
}

#[test]
fn what_we_push_others_pull_and_nothing_travels_twice() {
    if !wanted("push_and_others_pull") {
        return;
    }
    let registry = Registry::start(false);
    let name = registry.name("team/example:1");
    let digest = build(
        apps::bareboat()
            .args(["build", "--offline", "--locked", "--push", "-t", &name])
            .arg(Locked::example().path()),
    );
    let listed = text(apps::bareboat().args(["referrers", &name]));
    assert!(
        listed.contains("application/spdx+json") && listed.contains("application/vnd.in-toto+json"),
        "{listed}"
    );
    assert_eq!(text(apps::bareboat().args(["tags", &registry.name("team/example")])).lines().count(), 2);
    let again = pushed(apps::bareboat().args(["push", "--format", "json", &name]));
    assert_eq!((&again["sent"], &again["sentBytes"]), (&0.into(), &0.into()), "{again}");
    let copy = registry.name("other/copy:1");
    let mounted = pushed(apps::bareboat().args(["push", "--format", "json", &name, &copy]));
    assert_eq!(mounted["sent"], 0, "the registry had all of it: {mounted}");
    assert!(mounted["mounted"].as_u64() > Some(3), "{mounted}");
    let plain = "--tls-verify=false";
    let inspected = text(
        Command::new("skopeo")
            .args(["inspect", plain, "--format", "{{.Digest}}"])
            .arg(format!("docker://{name}")),
    );
    assert_eq!(inspected, digest);
    apps::run(docker().args(["pull", "-q", &copy]));
    let said =
        text(docker().args(["run", "--rm", "--entrypoint", "/usr/bin/python3", &copy, "-c", "print(6 * 7)"]));
    assert_eq!(said, "42");
    let podman = |arguments: &[&str]| text(Command::new("podman").args(arguments));
    podman(&["pull", "-q", plain, &name]);
    assert_eq!(podman(&["image", "inspect", "--format", "{{.Digest}}", &name]), digest);
    let _ = docker().args(["rmi", "-f", &copy]).output();
    let _ = Command::new("podman").args(["rmi", "-f", &name]).output();
}

#[test]
fn what_others_push_we_pull() {
    if !wanted("others_push_and_pull") {
        return;
    }
    let registry = Registry::start(false);
    let directory = tempfile::tempdir().unwrap();
    let archive = directory.path().join("example.tar");
    let layout = directory.path().join("layout");
    let digest = build(
        apps::bareboat()
            .args([
                "build",
                "--offline",
                "--locked",
                "--platform",
                "linux/amd64,linux/arm64",
                "-t",
                "example:both",
            ])
            .arg("-o")
            .arg(format!("oci:{}", layout.display()))
            .arg(Locked::example().path()),
    );
    let name = registry.name("skopeo/both:1");
    apps::run(
        Command::new("skopeo")
            .args(["copy", "-q", "--all", "--dest-tls-verify=false"])
            .arg(format!("oci:{}", layout.display()))
            .arg(format!("docker://{name}")),
    );
    let cache = directory.path().join("cache");
    let bareboat = |arguments: &[&str]| {
        let mut command = apps::bareboat();
        command.env("BAREBOAT_CACHE_DIR", &cache).args(arguments);
        apps::run(&mut command)
    };
    bareboat(&["pull", "--all-platforms", &name]);
    let listed = String::from_utf8(bareboat(&["images", "--format", "json"]).stdout).unwrap();
    assert!(listed.contains(&digest), "{listed}");
    // Docker makes its own manifest of what it loaded.
    apps::run(
        apps::bareboat()
            .args(["save", "example:both", "-o"])
            .arg(format!("docker-archive:{}", archive.display())),
    );
    apps::run(docker().args(["load", "-q", "-i"]).arg(&archive));
    let other = registry.name("docker/example:1");
    apps::run(docker().args(["tag", "example:both", &other]));
    apps::run(docker().args(["push", "-q", &other]));
    bareboat(&["pull", &other]);
    let root = directory.path().join("root");
    bareboat(&["save", &other, "-o", &format!("dir:{}", root.display())]);
    assert!(root.join("app/app.py").exists());
    let _ = docker().args(["rmi", "-f", &other, "example:both"]).output();
}

#[test]
fn a_guarded_registry_wants_tls_and_a_login() {
    if !wanted("guarded_registry") || !full::has_program("guarded_registry", "openssl") {
        return;
    }
    let registry = Registry::start(true);
    let domain = registry.name("");
    let domain = domain.trim_end_matches('/');
    let home = tempfile::tempdir().unwrap();
    build(
        apps::bareboat()
            .args(["build", "--offline", "--locked", "-t", "example:guarded"])
            .arg(Locked::example().path()),
    );
    let bareboat = |arguments: &[&str], trusts: bool, input: &str| {
        let mut command = apps::bareboat();
        command.args(arguments).env("DOCKER_CONFIG", home.path()).env("HOME", home.path());
        command
            .env("BAREBOAT_CACHE_DIR", apps::cache())
            .env_remove("REGISTRY_AUTH_FILE")
            .env_remove("XDG_RUNTIME_DIR");
        if trusts {
            command.env("SSL_CERT_FILE", registry.certificate());
        }
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Only `login` reads.
        let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes());
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let name = registry.name("private/example:1");
    let login = |password: &str| {
        bareboat(&["login", domain, "--username", "me", "--password-stdin"], true, &format!("{password}\n"))
    };
    let (code, said) = bareboat(&["push", "example:guarded", &name], true, "");
    assert!(code == Some(2) && said.contains(&format!("run `bareboat login {domain}`")), "{said}");
    let (code, said) = login("wrong");
    assert!(code == Some(2) && !home.path().join("config.json").exists(), "{said}");
    let (code, said) = login("secret");
    assert_eq!(code, Some(0), "{said}");
    check_only_the_user_may_read(&home.path().join("config.json"));
    let (code, said) = bareboat(&["push", "example:guarded", &name], false, "");
    assert!(code == Some(3) && said.contains("SSL_CERT_FILE"), "an unknown certificate: {said}");
    let (code, said) = bareboat(&["push", "example:guarded", &name], true, "");
    assert_eq!(code, Some(0), "{said}");
    let skopeo = Command::new("skopeo")
        .args(["inspect", "--tls-verify=false", "--authfile"])
        .arg(home.path().join("config.json"))
        .arg(format!("docker://{name}"))
        .output()
        .unwrap();
    assert!(skopeo.status.success(), "skopeo reads our login: {}", String::from_utf8_lossy(&skopeo.stderr));
    // A certificate authority for this host alone, where containers and Docker keep it.
    let authorities = home.path().join(".config/containers/certs.d").join(domain);
    fs::create_dir_all(&authorities).unwrap();
    fs::copy(registry.certificate(), authorities.join("ca.crt")).unwrap();
    let (code, said) = bareboat(&["pull", &name], false, "");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(bareboat(&["logout", domain], true, "").0, Some(0));
    let (code, said) = bareboat(&["pull", &name], true, "");
    assert!(code == Some(2) && said.contains("does not let somebody without login read"), "{said}");
}

fn check_only_the_user_may_read(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

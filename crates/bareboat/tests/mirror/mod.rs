//! A Debian mirror on loopback: it passes on what the host's own apt mirror has, unless a test says otherwise.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bareboat_testkit::http::{Request, Response, Server};

/// The mirror. Paths start with `/debian/` or `/debian-security/`.
pub struct Mirror {
    pub server: Server,
}

impl Mirror {
    pub fn start() -> Self {
        let server = Server::start();
        server.route_below("/", |request: &Request| match fetch(&request.path) {
            Some(bytes) => Response::file(bytes),
            None => Response::status(404),
        });
        Self { server }
    }

    /// The options that make bareboat use it.
    pub fn options(&self) -> Vec<String> {
        ["/debian", "/debian-security"]
            .iter()
            .flat_map(|path| ["--mirror".to_owned(), self.server.url(path)])
            .collect()
    }

    /// What is at `path` upstream.
    pub fn bytes(&self, path: &str) -> Vec<u8> {
        fetch(path).unwrap_or_else(|| panic!("the archive has no {path}"))
    }
}

/// The bytes of a path: pool files and indexes named by digest never change and are kept between runs.
fn fetch(path: &str) -> Option<Vec<u8>> {
    let kept = kept(path);
    if let Some(bytes) = kept.as_ref().and_then(|kept| fs::read(kept).ok()) {
        return Some(bytes);
    }
    let (archive, rest) = path.strip_prefix('/')?.split_once('/')?;
    let Output { status, stdout, .. } = Command::new("curl")
        .args(["-fsSL", "--retry", "3"])
        .arg(format!("{}/{rest}", upstream(archive)))
        .output()
        .unwrap();
    if !status.success() {
        return None;
    }
    if let Some(kept) = kept {
        fs::create_dir_all(kept.parent().unwrap()).unwrap();
        // Tests run side by side: a whole file appears at once.
        let file = tempfile::NamedTempFile::new_in(kept.parent().unwrap()).unwrap();
        fs::write(file.path(), &stdout).unwrap();
        file.persist(&kept).unwrap();
    }
    Some(stdout)
}

fn kept(path: &str) -> Option<PathBuf> {
    let lasts = path.contains("/pool/") || path.contains("/by-hash/");
    let plain = !path.contains("..") && !path.contains('%');
    (lasts && plain)
        .then(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("mirror").join(path.trim_start_matches('/')))
}

/// The host's own mirror of an archive, as its apt names it.
fn upstream(archive: &str) -> String {
    let mut texts = vec![fs::read_to_string("/etc/apt/sources.list").unwrap_or_default()];
    for entry in fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten() {
        texts.push(fs::read_to_string(entry.path()).unwrap_or_default());
    }
    let words = texts.iter().flat_map(|text| text.lines()).filter(|line| !line.starts_with('#'));
    let url = words
        .flat_map(str::split_whitespace)
        .map(|word| word.trim_end_matches('/'))
        .find(|word| word.starts_with("http") && word.ends_with(&format!("/{archive}")));
    url.unwrap_or_else(|| panic!("apt names no mirror of {archive}")).to_owned()
}

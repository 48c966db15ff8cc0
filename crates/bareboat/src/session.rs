//! What commands share: the store, the network, what surrounds the process. The edge where the environment, the
//! clock and the host's configuration enter; libraries get them as arguments.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bareboat_build::app::{Options, Surroundings};
use bareboat_build::event::Event;
use bareboat_image::Platform;
use bareboat_store::{Cancel, FetchOptions, Fetcher, Store};

use crate::cli::{CompressionChoice, Global, MakeArgs, NetworkArgs, SliceChoice, Variant};
use crate::failure::Failure;
use crate::terminal::Terminal;

/// One run of the program.
pub struct Session {
    /// Blobs, results, images.
    pub store: Store,
    /// Set by Ctrl-C.
    pub cancel: Cancel,
}

impl Session {
    /// Opens the cache.
    pub fn open(global: &Global) -> Result<Self, Failure> {
        let store = Store::open(&cache_directory(global)?)?;
        let cancel = Cancel::new();
        Ok(Self { store, cancel })
    }

    /// The network, as the options allow it.
    pub fn fetcher(&self, network: &NetworkArgs, terminal: &Arc<Terminal>) -> Result<Fetcher, Failure> {
        let shown = Arc::clone(terminal);
        let observer = Arc::new(move |event| shown.event(Event::Fetch(event)));
        let options = FetchOptions {
            offline: network.offline,
            user_agent: concat!("bareboat/", env!("CARGO_PKG_VERSION")).to_owned(),
            ..FetchOptions::default()
        };
        Ok(Fetcher::new(options, observer, self.cancel.clone())?)
    }
}

/// `--cache-dir`, else the user's cache directory (XDG Base Directory Specification).
pub fn cache_directory(global: &Global) -> Result<PathBuf, Failure> {
    if let Some(directory) = &global.cache_dir {
        return std::path::absolute(directory).map_err(|error| Failure::input("cannot use `--cache-dir`").because(error));
    }
    let from = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = from("XDG_CACHE_HOME").or_else(|| from("HOME").map(|home| home.join(".cache")));
    cache.map(|cache| cache.join("bareboat")).ok_or_else(|| {
        Failure::input("there is no cache directory: neither XDG_CACHE_HOME nor HOME is set").hint("pass `--cache-dir DIR`")
    })
}

/// What surrounds the process.
pub fn surroundings(network: &NetworkArgs) -> Surroundings {
    Surroundings {
        environment: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect::<BTreeMap<_, _>>(),
        apt_sources: apt_sources(),
        mirrors: network.mirror.clone(),
        now: SystemTime::now(),
        offline: network.offline,
    }
}

/// The host's apt sources: file name and text.
fn apt_sources() -> Vec<(String, String)> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    let more = std::fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten().map(|entry| entry.path());
    files.extend(more.filter(|path| path.extension().is_some_and(|kind| kind == "list" || kind == "sources")));
    files.sort();
    files
        .into_iter()
        .filter_map(|path| Some((path.display().to_string(), std::fs::read_to_string(&path).ok()?)))
        .collect()
}

/// The options of `build`, `lock` and `init`.
pub fn options(make: &MakeArgs) -> Options {
    Options {
        debian: make.debian.clone(),
        locked: make.locked,
        upgrade: false,
        user: make.user.clone(),
        arbitrary_user: make.arbitrary_user,
        slice: make.slice.map(|slice| match slice {
            SliceChoice::Safe => "safe".to_owned(),
            SliceChoice::Full => "full".to_owned(),
            SliceChoice::Web => "web".to_owned(),
        }),
        debug: make.variant == Some(Variant::Debug),
        strict: make.strict,
        verify: !make.no_verify,
        compression: make.compression.map(|compression| match compression {
            CompressionChoice::Gzip => "gzip".to_owned(),
            CompressionChoice::Zstd => "zstd".to_owned(),
        }),
    }
}

/// The platforms asked for; this machine's when none is.
pub fn platforms(texts: &[String]) -> Result<Vec<Platform>, Failure> {
    if texts.is_empty() {
        return Ok(vec![host_platform()]);
    }
    texts
        .iter()
        .map(|text| text.parse().map_err(|error| Failure::input(format!("cannot use `--platform {text}`")).because(error)))
        .collect()
}

/// This machine's platform.
pub fn host_platform() -> Platform {
    Platform::linux(if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" })
}

/// The name an image gets when none is given: the directory's, as a reference allows it.
pub fn default_name(directory: &Path) -> String {
    let name = directory.canonicalize().ok().and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()));
    let name: String = name
        .unwrap_or_default()
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-') { c } else { '-' })
        .collect();
    let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
    if name.is_empty() { "app".to_owned() } else { name }
}

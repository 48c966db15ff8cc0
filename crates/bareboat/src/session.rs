//! What commands share: the store, the network, what surrounds the process. The edge where the environment, the
//! clock and the host's configuration enter; libraries get them as arguments.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bareboat_build::app::{Options, Surroundings};
use bareboat_build::event::Observer;
use bareboat_image::{
    Descriptor, ImageRecord, Images, ImagesError, Platform, Reference, ReferenceError, read_images,
};
use bareboat_store::{Digest, FetchOptions, Fetcher, Proxies, Store};

use crate::cli::{CompressionChoice, Global, MakeArgs, NetworkArgs, SliceChoice, VariantChoice};
use crate::failure::Failure;
use crate::registries;
use crate::terminal::Terminal;

/// One run of the program.
pub struct Session {
    /// Blobs, results, images.
    pub store: Store,
    /// What the user sees.
    pub terminal: Arc<Terminal>,
}

impl Session {
    /// Opens the cache.
    pub fn open(global: &Global, terminal: &Arc<Terminal>) -> Result<Self, Failure> {
        let store = Store::open(&cache_directory(global)?)?;
        Ok(Self { store, terminal: Arc::clone(terminal) })
    }

    /// The network, as the options and the environment allow it.
    pub fn fetcher(&self, network: &NetworkArgs) -> Fetcher {
        let shown = Arc::clone(&self.terminal);
        let options = FetchOptions {
            offline: network.offline,
            user_agent: concat!("bareboat/", env!("CARGO_PKG_VERSION")).to_owned(),
            proxies: proxies(),
            authorities: registries::authorities(),
            ..FetchOptions::default()
        };
        Fetcher::new(options, Arc::new(move |event| shown.fetch(&event)))
    }

    /// Shows what a build does.
    pub fn observer(&self) -> Box<Observer> {
        let shown = Arc::clone(&self.terminal);
        Box::new(move |event| shown.event(event))
    }

    /// The images of the store, as commands name them.
    pub fn images(&self) -> NamedImages<'_> {
        NamedImages(Images::new(&self.store))
    }

    /// The name and this machine's manifest of an image; of the newest one when none is named.
    pub fn manifest(&self, name: Option<&str>) -> Result<(String, Digest), Failure> {
        let name = match name {
            Some(name) => name.to_owned(),
            None => self.images().newest()?,
        };
        let descriptor = self.images().get(&name)?;
        let images = read_images(&self.store, &descriptor).map_err(Failure::from_image)?;
        let host = host_platform();
        let image = images.iter().find(|image| image.config.platform.satisfies(&host)).or(images.first());
        let image = image.ok_or_else(|| Failure::input(format!("`{name}` holds no image")))?;
        Ok((name, image.descriptor.digest))
    }
}

/// The local images by the names that people type.
pub struct NamedImages<'s>(Images<'s>);

impl NamedImages<'_> {
    /// Names an image.
    pub fn put(&self, name: &str, descriptor: &Descriptor) -> Result<(), Failure> {
        let record = ImageRecord {
            descriptor: descriptor.clone(),
            created: seconds_now(),
            annotations: BTreeMap::new(),
        };
        Ok(self.0.put(&reference(name)?, &record)?)
    }

    /// The manifest or index that a name or the start of a digest means.
    pub fn get(&self, text: &str) -> Result<Descriptor, Failure> {
        Ok(self.0.get(text).map_err(images_failure)?.1.descriptor)
    }

    /// The name, as people write it, that a name or the start of a digest means.
    pub fn name(&self, text: &str) -> Result<String, Failure> {
        Ok(self.0.get(text).map_err(images_failure)?.0.familiar())
    }

    /// Names with what they point to.
    pub fn list(&self) -> Result<Vec<(String, Descriptor)>, Failure> {
        let list = self.0.list()?;
        Ok(list.into_iter().map(|(name, record)| (name.familiar(), record.descriptor)).collect())
    }

    /// The image that was named last.
    pub fn newest(&self) -> Result<String, Failure> {
        let list = self.0.list()?;
        let newest = list.iter().max_by_key(|(_, record)| record.created);
        let missing = || Failure::input("there is no image yet").hint("run `bareboat build DIR`");
        newest.map(|(name, _)| name.familiar()).ok_or_else(missing)
    }

    /// Forgets a name.
    pub fn remove(&self, name: &str) -> Result<(), Failure> {
        self.0.remove(name).map(drop).map_err(images_failure)
    }

    /// Everything that named images need.
    pub fn reachable(&self) -> Result<BTreeSet<Digest>, Failure> {
        Ok(self.0.reachable()?)
    }
}

fn images_failure(error: ImagesError) -> Failure {
    let hint = error.hint();
    let failure = Failure::input(error.to_string());
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// An image name as references are written.
pub fn reference(name: &str) -> Result<Reference, Failure> {
    name.parse()
        .map_err(|error: ReferenceError| Failure::input(format!("`{name}` is no image name")).because(error))
}

fn seconds_now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The proxies of the environment, in either case; `NO_PROXY` names hosts that are reached directly.
fn proxies() -> Proxies {
    let variable = |name: &str| {
        let value = std::env::var(name.to_lowercase()).or_else(|_| std::env::var(name)).ok();
        value.filter(|value| !value.is_empty())
    };
    let all = variable("ALL_PROXY");
    let direct = variable("NO_PROXY").unwrap_or_default();
    Proxies {
        http: variable("HTTP_PROXY").or_else(|| all.clone()),
        https: variable("HTTPS_PROXY").or(all),
        direct: direct
            .split(',')
            .map(|host| host.trim().to_owned())
            .filter(|host| !host.is_empty())
            .collect(),
    }
}

/// `--cache-dir`, else the user's cache directory (XDG Base Directory Specification).
pub fn cache_directory(global: &Global) -> Result<PathBuf, Failure> {
    if let Some(directory) = &global.cache_dir {
        return std::path::absolute(directory)
            .map_err(|error| Failure::input("cannot use `--cache-dir`").because(error));
    }
    let from = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = from("XDG_CACHE_HOME").or_else(|| from("HOME").map(|home| home.join(".cache")));
    cache.map(|cache| cache.join("bareboat")).ok_or_else(|| {
        Failure::input("there is no cache directory: neither XDG_CACHE_HOME nor HOME is set")
            .hint("pass `--cache-dir DIR`")
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
    let more = std::fs::read_dir("/etc/apt/sources.list.d")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    files
        .extend(more.filter(|path| path.extension().is_some_and(|kind| kind == "list" || kind == "sources")));
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
        variant: make.variant.map(VariantChoice::name),
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
        .map(|text| {
            text.parse()
                .map_err(|error| Failure::input(format!("cannot use `--platform {text}`")).because(error))
        })
        .collect()
}

/// This machine's platform.
pub fn host_platform() -> Platform {
    Platform::linux(if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" })
}

/// The name an image gets when none is given: the directory's, as a reference allows it.
pub fn default_name(directory: &Path) -> String {
    let name = directory
        .canonicalize()
        .ok()
        .and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()));
    let name: String = name
        .unwrap_or_default()
        .to_lowercase()
        .chars()
        .map(|c| {
            if c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-') { c } else { '-' }
        })
        .collect();
    let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
    if name.is_empty() { "app".to_owned() } else { name }
}

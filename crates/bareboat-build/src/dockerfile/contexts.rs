//! Where instructions take files from besides stages and images: the build context, named directories, the network. Each
//! is read when it is first needed, and then kept for every platform of the build.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bareboat_dockerfile::Ignore;
use bareboat_store::Fetched;

use super::context::Context;
use super::error::Problem;
use super::{NamedContext, Request, Workshop};
use crate::event::Event;

/// What was read so far.
#[derive(Default)]
pub(super) struct Contexts {
    own: OnceLock<Arc<Context>>,
    named: Mutex<BTreeMap<String, Arc<Context>>>,
    fetched: Mutex<BTreeMap<String, Fetched>>,
}

impl Contexts {
    /// The build context.
    pub(super) fn own(
        &self,
        workshop: &Workshop<'_>,
        request: &Request<'_>,
    ) -> Result<Arc<Context>, Problem> {
        if let Some(context) = self.own.get() {
            return Ok(context.clone());
        }
        let context = match &request.context {
            Some(root) => {
                (workshop.observer)(Event::Stage { name: "Reading the build context".to_owned() });
                let ignore = ignore_file(request.path.as_deref(), root)?;
                Context::open(root, &ignore, request.modes)?
            }
            None => Context::empty(),
        };
        Ok(self.own.get_or_init(|| Arc::new(context)).clone())
    }

    /// The directory that `--build-context` calls `name`.
    pub(super) fn named(&self, request: &Request<'_>, name: &str) -> Result<Arc<Context>, Problem> {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(context) = named.get(name) {
            return Ok(context.clone());
        }
        let Some(NamedContext::Directory(root)) = request.contexts.get(name) else {
            return Err(Problem::words(format!("there is no context `{name}`")));
        };
        let ignore = ignore_file(None, root)?;
        let context = Arc::new(Context::open(root, &ignore, request.modes)?);
        named.insert(name.to_owned(), context.clone());
        Ok(context)
    }

    /// A file of the network, fetched once per build; one whose digest is given only if it is not here.
    pub(super) fn fetch(
        &self,
        workshop: &Workshop<'_>,
        request: &Request<'_>,
        url: &str,
        checksum: Option<&str>,
    ) -> Result<Fetched, Problem> {
        let mut known = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        // An address that somebody gives a checksum is another request than the same one without.
        let key = format!("{url} {}", checksum.unwrap_or_default());
        if let Some(fetched) = known.get(&key) {
            return Ok(fetched.clone());
        }
        let wanted = bareboat_store::Request {
            urls: vec![url.to_owned()],
            digest: checksum.and_then(|checksum| checksum.parse().ok()),
            limit: LARGEST_DOWNLOAD,
            label: bareboat_store::redact_url(url),
            ..bareboat_store::Request::default()
        };
        let fetched = request.fetcher.fetch(workshop.store, &wanted)?;
        known.insert(key, fetched.clone());
        Ok(fetched)
    }
}

/// `<Dockerfile>.dockerignore` beside the Dockerfile, else the context's `.dockerignore`.
fn ignore_file(dockerfile: Option<&Path>, root: &Path) -> Result<Ignore, Problem> {
    let own = dockerfile.map(|path| {
        let mut name = path.as_os_str().to_owned();
        name.push(".dockerignore");
        PathBuf::from(name)
    });
    for path in own.into_iter().chain([root.join(".dockerignore")]) {
        match std::fs::read(&path) {
            Ok(text) => {
                return Ignore::parse(text).map_err(|error| Problem::Words {
                    message: format!("cannot use `{}`: {error}", path.display()),
                    hint: error.hint(),
                });
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                let (path, reason) = (path.display().to_string(), error.to_string());
                return Err(Problem::Read { path, reason });
            }
        }
    }
    Ok(Ignore::default())
}

/// Bytes: as much as a registry takes for a layer.
const LARGEST_DOWNLOAD: u64 = 10 << 30;

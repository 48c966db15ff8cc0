//! The simple API of a package index: the files of one project (PEP 503, PEP 691, PEP 700).

use std::collections::BTreeMap;

use bareboat_store::{Digest, FetchError, Fetcher, Get, StoreError};
use serde::Deserialize;
use url::Url;

use super::html::scan_page;
use crate::pypi::error::PypiError;
use crate::pypi::file_name::file_name_of;
use crate::pypi::name::DistributionName;
use crate::pypi::pin::LockedFile;
use crate::pypi::redact::redact_text;

/// One package index, asked over the network.
pub struct SimpleIndex<'a> {
    fetcher: &'a Fetcher,
    url: String,
}

/// What an index lists for one project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectPage {
    /// The files, in the index's order.
    pub files: Vec<IndexFile>,
}

/// One file of a project on an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexFile {
    /// Its name.
    pub name: String,
    /// Its absolute address; it may hold credentials.
    pub url: String,
    /// The digest of its bytes, where the index tells it.
    pub sha256: Option<Digest>,
    /// Its length in bytes, where the index tells it.
    pub size: Option<u64>,
    /// The Python versions it is for.
    pub requires_python: Option<String>,
    /// Withdrawn: used only when a lock pins it (PEP 592).
    pub yanked: bool,
}

impl IndexFile {
    /// The file as a lock would list it.
    pub fn to_locked(&self) -> LockedFile {
        let Self { name, url, sha256, size, .. } = self.clone();
        LockedFile { name, url: Some(url), path: None, sha256, size }
    }
}

impl<'a> SimpleIndex<'a> {
    /// The index whose simple API begins at `url`.
    pub fn new(fetcher: &'a Fetcher, url: impl Into<String>) -> Self {
        Self { fetcher, url: url.into().trim_end_matches('/').to_owned() }
    }

    /// What the index lists for `name`; `None` when it does not know it.
    ///
    /// # Errors
    /// An index that does not answer, or answers something else than a page.
    pub fn project(&self, name: &DistributionName) -> Result<Option<ProjectPage>, PypiError> {
        let mut request = Get::new(format!("{}/{name}/", self.url), MAX_PAGE);
        request.headers = BTreeMap::from([("Accept".to_owned(), ACCEPT.to_owned())]);
        let document = match self.fetcher.get_if_changed(&request) {
            Ok(Some(document)) => document,
            // 410 is what some proxies say about a project that was removed.
            Err(StoreError::Fetch(FetchError::Status { status: 404 | 410, .. })) | Ok(None) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let base = Url::parse(&document.url).map_err(|error| self.wrong(&error.to_string()))?;
        let kind = document.content_type.unwrap_or_default().to_ascii_lowercase();
        let text =
            String::from_utf8(document.bytes).map_err(|_| self.wrong("answers bytes that are no text"))?;
        let files = match kind.contains("json") {
            true => self.read_json(&text, &base)?,
            false => self.read_html(&text, base)?,
        };
        Ok(Some(ProjectPage { files }))
    }

    fn read_json(&self, text: &str, base: &Url) -> Result<Vec<IndexFile>, PypiError> {
        let page: JsonPage = serde_json::from_str(text)
            .map_err(|error| self.wrong(&format!("answers unreadable JSON: {error}")))?;
        self.check_version(Some(&page.meta.api_version))?;
        let files = page.files.into_iter().filter_map(|file| {
            let url = base.join(&file.url).ok()?;
            let sha256 = file.hashes.get("sha256").and_then(|hex| Digest::from_hex(hex).ok());
            let JsonFile { filename: name, size, requires_python, yanked, .. } = file;
            Some(IndexFile {
                name,
                url: url.into(),
                sha256,
                size,
                requires_python,
                yanked: is_yanked(&yanked),
            })
        });
        Ok(files.filter(is_sound).collect())
    }

    fn read_html(&self, text: &str, mut base: Url) -> Result<Vec<IndexFile>, PypiError> {
        let page = scan_page(text);
        self.check_version(page.version.as_deref())?;
        if let Some(named) = page.base.and_then(|named| base.join(&named).ok()) {
            base = named;
        }
        let files = page.anchors.into_iter().filter_map(|anchor| {
            let mut url = base.join(anchor.get("href")?).ok()?;
            let sha256 = url.fragment().and_then(|fragment| fragment.strip_prefix("sha256="));
            let sha256 = sha256.and_then(|hex| Digest::from_hex(hex).ok());
            url.set_fragment(None);
            let name = file_name_of(url.as_str())?;
            let requires_python = anchor.get("data-requires-python").cloned();
            let yanked = anchor.contains_key("data-yanked");
            Some(IndexFile { name, url: url.into(), sha256, size: None, requires_python, yanked })
        });
        Ok(files.filter(is_sound).collect())
    }

    fn check_version(&self, version: Option<&str>) -> Result<(), PypiError> {
        match version {
            Some(version) if version.split('.').next() != Some("1") => {
                Err(self.wrong(&format!("speaks version {version} of the simple API; bareboat speaks 1.x")))
            }
            _ => Ok(()),
        }
    }

    fn wrong(&self, what: &str) -> PypiError {
        PypiError::Index { index: format!("`{}`", redact_text(&self.url)), what: what.to_owned() }
    }
}

/// Only files that can be fetched and whose name cannot leave a directory.
fn is_sound(file: &IndexFile) -> bool {
    let scheme = file.url.split(':').next().unwrap_or_default();
    matches!(scheme, "http" | "https" | "file")
        && file_name_of(&file.name).as_deref() == Some(file.name.as_str())
}

fn is_yanked(value: &serde_json::Value) -> bool {
    !matches!(value, serde_json::Value::Null | serde_json::Value::Bool(false))
}

#[derive(Deserialize)]
struct JsonPage {
    meta: JsonMeta,
    #[serde(default)]
    files: Vec<JsonFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct JsonMeta {
    api_version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct JsonFile {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    size: Option<u64>,
    requires_python: Option<String>,
    /// `false`, `true`, or the reason.
    #[serde(default)]
    yanked: serde_json::Value,
}

const ACCEPT: &str =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";

/// The longest pages, of projects with nightly releases, are near 20 MB.
const MAX_PAGE: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use bareboat_store::FetchOptions;
    use bareboat_testkit::http::Response;
    use bareboat_testkit::package_index::{Attributes, PackageIndex, PageFormat};

    use super::*;

    fn fetcher() -> Fetcher {
        let options = FetchOptions { retries: 0, ..FetchOptions::default() };
        Fetcher::new(options, std::sync::Arc::new(|_| {}))
    }

    fn name(text: &str) -> DistributionName {
        DistributionName::new(text).unwrap()
    }

    #[test]
    fn reads_json_and_html_alike() {
        for format in [PageFormat::Json, PageFormat::Html] {
            let index = PackageIndex::start(format);
            let path = index.add("six", "six-1.16.0-py2.py3-none-any.whl", b"wheel");
            let attributes =
                Attributes { requires_python: Some(">=3.8,<4".to_owned()), yanked: true, metadata: None };
            index.add_with("six", "six-1.17.0.tar.gz", b"sdist", attributes);
            let fetcher = fetcher();
            let simple = SimpleIndex::new(&fetcher, index.url() + "/");
            let files = simple.project(&name("Six")).unwrap().unwrap().files;
            assert_eq!(files[0].url, index.file_url(&path), "{format:?}");
            assert_eq!(files[0].sha256, Some(Digest::of("wheel")));
            assert_eq!((files[1].yanked, files[1].requires_python.as_deref()), (true, Some(">=3.8,<4")));
            assert_eq!(simple.project(&name("seven")).unwrap(), None);
        }
    }

    #[test]
    fn refuses_pages_of_another_kind_and_files_that_escape() {
        let server = bareboat_testkit::http::Server::start();
        let json =
            |body: &str| Response::ok(body).header("Content-Type", "application/vnd.pypi.simple.v1+json");
        server.sequence("/simple/a/", vec![
            json("{\"meta\":{\"api-version\":\"2.0\"},\"files\":[]}"),
            json("[]"),
            Response::ok(vec![0xff, 0xfe]),
            Response::status(500),
            json("{\"meta\":{\"api-version\":\"1.0\"},\"files\":[{\"filename\":\"../x.whl\",\"url\":\"x.whl\"},{\"filename\":\"y.whl\",\"url\":\"javascript:y.whl\"},{\"filename\":\"z.whl\",\"url\":\"z.whl\",\"yanked\":\"broken\"}]}"),
        ]);
        let fetcher = fetcher();
        let simple = SimpleIndex::new(&fetcher, server.url("/simple"));
        for expected in ["version 2.0", "unreadable JSON", "no text", "500"] {
            let error = simple.project(&name("a")).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        let files = simple.project(&name("a")).unwrap().unwrap().files;
        assert_eq!(files.len(), 1);
        assert!(files[0].yanked && files[0].url == server.url("/simple/a/z.whl"));
    }
}

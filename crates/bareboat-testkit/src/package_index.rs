//! A Python package index on loopback: the simple API in JSON and HTML, with the files on a server of their own.
//!
//! ```
//! use bareboat_testkit::package_index::{PackageIndex, PageFormat};
//!
//! let index = PackageIndex::start(PageFormat::Json);
//! let path = index.add("flask", "flask-3.0.3-py3-none-any.whl", b"bytes");
//! assert!(index.file_url(&path).ends_with("/flask-3.0.3-py3-none-any.whl"));
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::http::{Response, Server};

/// How the index writes its pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageFormat {
    /// PEP 691, with the files on another server.
    Json,
    /// PEP 503, with relative links to the index itself.
    Html,
}

/// A running index.
pub struct PackageIndex {
    pages: Server,
    files: Server,
    format: PageFormat,
    projects: Arc<Mutex<Projects>>,
}

type Projects = BTreeMap<String, Vec<IndexedFile>>;

#[derive(Debug, Clone)]
struct IndexedFile {
    name: String,
    path: String,
    sha256: String,
    size: usize,
    attributes: Attributes,
}

/// What a page says about a file besides its digest.
#[derive(Debug, Clone, Default)]
pub struct Attributes {
    /// `requires-python`.
    pub requires_python: Option<String>,
    /// Withdrawn.
    pub yanked: bool,
    /// The text of `METADATA`, served beside the file (PEP 658).
    pub metadata: Option<String>,
}

impl PackageIndex {
    /// Starts an index without projects.
    pub fn start(format: PageFormat) -> Self {
        let index = Self { pages: Server::start(), files: Server::start(), format, projects: Arc::default() };
        let (projects, host) = (Arc::clone(&index.projects), index.files.url(""));
        index.pages.route_below("/simple/", move |request| {
            let name = request.path.trim_start_matches("/simple/").trim_end_matches('/').to_owned();
            let projects = projects.lock().unwrap_or_else(PoisonError::into_inner);
            match (projects.get(&name), format) {
                (None, _) => Response::status(404),
                (Some(files), PageFormat::Json) => {
                    Response::ok(json_page(&name, files, &host)).header("Content-Type", JSON)
                }
                (Some(files), PageFormat::Html) => {
                    Response::ok(html_page(files)).header("Content-Type", "text/html; charset=utf-8")
                }
            }
        });
        index
    }

    /// The root of the simple API.
    pub fn url(&self) -> String {
        self.pages.url("/simple")
    }

    /// The address of a file by the path that [`PackageIndex::add`] returned.
    pub fn file_url(&self, path: &str) -> String {
        self.file_server().url(path)
    }

    /// The server that has the pages.
    pub fn page_server(&self) -> &Server {
        &self.pages
    }

    /// The server that has the files.
    pub fn file_server(&self) -> &Server {
        match self.format {
            PageFormat::Json => &self.files,
            PageFormat::Html => &self.pages,
        }
    }

    /// Adds a file to `project` (a normalised name) and returns its path on the file server.
    pub fn add(&self, project: &str, name: &str, bytes: &[u8]) -> String {
        self.add_with(project, name, bytes, Attributes::default())
    }

    /// As [`PackageIndex::add`], with what the page says besides.
    pub fn add_with(&self, project: &str, name: &str, bytes: &[u8], attributes: Attributes) -> String {
        let sha256: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let path = format!("/packages/{}/{}/{}/{name}", &sha256[..2], &sha256[2..4], &sha256[4..]);
        let files = self.file_server();
        files.file(&path, bytes.to_vec());
        if let Some(metadata) = &attributes.metadata {
            files.file(&format!("{path}.metadata"), metadata.clone().into_bytes());
        }
        let file =
            IndexedFile { name: name.to_owned(), path: path.clone(), sha256, size: bytes.len(), attributes };
        let mut projects = self.projects.lock().unwrap_or_else(PoisonError::into_inner);
        projects.entry(project.to_owned()).or_default().push(file);
        path
    }
}

fn json_page(name: &str, files: &[IndexedFile], host: &str) -> String {
    let mut listed = Vec::new();
    for file in files {
        let mut fields = format!(
            "\"filename\":\"{}\",\"url\":\"{host}{}\",\"hashes\":{{\"sha256\":\"{}\"}},\"size\":{},\"yanked\":{}",
            file.name, file.path, file.sha256, file.size, file.attributes.yanked
        );
        if let Some(requires) = &file.attributes.requires_python {
            let _ = write!(fields, ",\"requires-python\":\"{requires}\"");
        }
        if file.attributes.metadata.is_some() {
            fields.push_str(",\"core-metadata\":true");
        }
        listed.push(format!("{{{fields}}}"));
    }
    format!("{{\"meta\":{{\"api-version\":\"1.1\"}},\"name\":\"{name}\",\"files\":[{}]}}", listed.join(","))
}

fn html_page(files: &[IndexedFile]) -> String {
    let mut page =
        "<!DOCTYPE html><html><head><meta name=\"pypi:repository-version\" content=\"1.0\"></head><body>\n"
            .to_owned();
    for file in files {
        let mut attributes = String::new();
        if let Some(requires) = &file.attributes.requires_python {
            let _ = write!(
                attributes,
                " data-requires-python=\"{}\"",
                requires.replace('>', "&gt;").replace('<', "&lt;")
            );
        }
        if file.attributes.yanked {
            attributes.push_str(" data-yanked=\"\"");
        }
        if file.attributes.metadata.is_some() {
            attributes.push_str(" data-core-metadata=\"true\"");
        }
        let _ = writeln!(
            page,
            "<a href=\"../..{}#sha256={}\"{attributes}>{}</a><br/>",
            file.path, file.sha256, file.name
        );
    }
    page + "</body></html>\n"
}

const JSON: &str = "application/vnd.pypi.simple.v1+json";

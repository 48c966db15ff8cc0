//! What a source distribution depends on, read from it instead of asked from its build.
//!
//! `PKG-INFO` tells it since metadata 1.2; older setuptools wrote it only to `requires.txt` of its `.egg-info`. A
//! source distribution that tells nothing depends on nothing as far as anybody can know without running it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};

use bareboat_store::{Digest, Fetcher, Request, Store};
use flate2::read::GzDecoder;

use super::failure::SourceOf;
use crate::pypi::error::PypiError;
use crate::pypi::file_name::{SdistName, file_name_of};
use crate::pypi::index::{Index, IndexFile, SimpleIndex};
use crate::pypi::name::DistributionName;
use crate::pypi::redact::redact_text;

/// Dependencies of one version, as its source distribution states them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StaticMetadata {
    pub(super) name: DistributionName,
    pub(super) version: String,
    /// Dependency specifiers.
    pub(super) requires: Vec<String>,
    pub(super) extras: Vec<DistributionName>,
}

/// Fetches the source distribution of `name` and reads what it depends on.
pub(super) fn fetch_static_metadata(
    index: &Index,
    fetcher: &Fetcher,
    store: &Store,
    name: &DistributionName,
    source: &SourceOf,
) -> Result<StaticMetadata, PypiError> {
    let wrong = |what: String| PypiError::Index { index: format!("`{}`", index.shown()), what };
    let file = match source {
        SourceOf::Version(version) => locate(index, fetcher, name, version)?,
        SourceOf::Url(url) => at_url(url),
    };
    let file = file.ok_or_else(|| only_a_build(name, source))?;
    let request = Request {
        urls: vec![file.url.clone()],
        digest: file.sha256,
        size: file.size,
        limit: MAX_SDIST,
        label: file.name.clone(),
        ..Request::default()
    };
    let fetched = fetcher.fetch(store, &request)?;
    let texts = read_texts(store, &fetched.digest)
        .map_err(|error| wrong(format!("has `{}`, which is unusable: {error}", file.name)))?;
    let (requires, extras) = texts.dependencies();
    let version = match source {
        SourceOf::Version(version) => Some(version.clone()),
        SourceOf::Url(_) => texts.field("Version").map(str::to_owned),
    };
    let version = version.ok_or_else(|| only_a_build(name, source))?;
    Ok(StaticMetadata { name: name.clone(), version, requires, extras })
}

fn only_a_build(name: &DistributionName, source: &SourceOf) -> PypiError {
    let (SourceOf::Version(from) | SourceOf::Url(from)) = source;
    PypiError::OnlyABuildTells { name: name.clone(), from: redact_text(from) }
}

fn at_url(url: &str) -> Option<IndexFile> {
    let name = file_name_of(url).filter(|name| is_readable(name))?;
    // A file is one that the project names: uv would not know of it otherwise.
    let readable = ["https://", "http://", "file://"].iter().any(|scheme| url.starts_with(scheme));
    let url = readable.then(|| url.to_owned())?;
    Some(IndexFile { name, url, sha256: None, size: None, requires_python: None, yanked: false })
}

fn is_readable(name: &str) -> bool {
    name.ends_with(".tar.gz") || name.ends_with(".tgz")
}

fn locate(
    index: &Index,
    fetcher: &Fetcher,
    name: &DistributionName,
    version: &str,
) -> Result<Option<IndexFile>, PypiError> {
    let wanted = version.parse::<pep440_rs::Version>().ok();
    for url in index.extra.iter().chain([&index.url]) {
        let page = SimpleIndex::new(fetcher, url.as_str()).project(name)?;
        let files = page.map(|page| page.files).unwrap_or_default();
        let matches = |file: &IndexFile| {
            is_readable(&file.name)
                && SdistName::parse(&file.name, name).is_ok_and(|sdist| Some(sdist.version) == wanted)
        };
        if let Some(file) = files.into_iter().find(matches) {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

/// The texts of a source distribution that matter.
#[derive(Debug, Default)]
struct Texts {
    pkg_info: Option<String>,
    requires: Option<String>,
}

fn read_texts(store: &Store, digest: &Digest) -> io::Result<Texts> {
    let file: File = store.open_blob(digest).map_err(io::Error::other)?;
    read_tar(GzDecoder::new(file).take(MAX_UNPACKED))
}

fn read_tar(reader: impl Read) -> io::Result<Texts> {
    let mut texts = Texts::default();
    for entry in tar::Archive::new(reader).entries()? {
        let mut entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let slot = match &parts[..] {
            [_, "PKG-INFO"] => &mut texts.pkg_info,
            [_, info, "requires.txt"] | [_, _, info, "requires.txt"] if info.ends_with(".egg-info") => {
                &mut texts.requires
            }
            _ => continue,
        };
        let mut text = String::new();
        entry.by_ref().take(MAX_TEXT).read_to_string(&mut text)?;
        slot.get_or_insert(text);
        if texts.pkg_info.is_some() && texts.requires.is_some() {
            break;
        }
    }
    Ok(texts)
}

impl Texts {
    /// The values of a field of `PKG-INFO`.
    fn fields<'a>(&'a self, wanted: &'a str) -> impl Iterator<Item = &'a str> {
        let pkg_info = self.pkg_info.as_deref().unwrap_or_default();
        let header = pkg_info.lines().take_while(|line| !line.is_empty());
        let fields = header.filter_map(|line| line.split_once(": "));
        fields.filter(move |(key, _)| key.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
    }

    fn field<'a>(&'a self, wanted: &'a str) -> Option<&'a str> {
        self.fields(wanted).next()
    }

    /// Dependencies and the extras they are for.
    fn dependencies(&self) -> (Vec<String>, Vec<DistributionName>) {
        let requires: Vec<String> = self.fields("Requires-Dist").map(str::to_owned).collect();
        if requires.is_empty()
            && let Some(text) = &self.requires
        {
            return read_requires_txt(text);
        }
        (
            requires,
            self.fields("Provides-Extra").filter_map(|name| DistributionName::new(name).ok()).collect(),
        )
    }
}

/// Reads setuptools' `requires.txt`: sections `[extra]`, `[:marker]` and `[extra:marker]`.
fn read_requires_txt(text: &str) -> (Vec<String>, Vec<DistributionName>) {
    let (mut requires, mut extras) = (Vec::new(), BTreeSet::new());
    let mut condition = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
            let separator = if condition.is_empty() { "" } else { " ; " };
            requires.push(format!("{line}{separator}{condition}"));
            continue;
        };
        let (extra, marker) = section.split_once(':').unwrap_or((section, ""));
        let extra = DistributionName::new(extra).ok();
        let of_extra = extra.as_ref().map(|extra| format!("extra == '{extra}'"));
        let parts: Vec<String> =
            of_extra.into_iter().chain((!marker.is_empty()).then(|| format!("({marker})"))).collect();
        condition = parts.join(" and ");
        extras.extend(extra);
    }
    (requires, extras.into_iter().collect())
}

const MAX_SDIST: u64 = 1 << 30;
const MAX_UNPACKED: u64 = 4 << 30;
const MAX_TEXT: u64 = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(files: &[(&str, &str)]) -> Texts {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, text) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, text.as_bytes()).unwrap();
        }
        read_tar(&builder.into_inner().unwrap()[..]).unwrap()
    }

    #[test]
    fn reads_pkg_info_and_falls_back_to_requires_txt() {
        let new = texts(&[
            ("x-1/tests/PKG-INFO", "Requires-Dist: no"),
            (
                "x-1/PKG-INFO",
                "Name: x\nRequires-Dist: six>=1\nProvides-Extra: Web_UI\n\nRequires-Dist: in the description",
            ),
            ("x-1/x.egg-info/requires.txt", "old"),
        ]);
        let (requires, extras) = new.dependencies();
        assert_eq!(requires, ["six>=1"]);
        assert_eq!(extras[0].as_str(), "web-ui");
        let old = texts(&[
            ("x-1/PKG-INFO", "Name: x\n"),
            (
                "x-1/src/x.egg-info/requires.txt",
                "six\n\n[:python_version < '3']\nenum34\n[web:os_name == 'nt']\nflask\n[db]\npg\n",
            ),
        ]);
        let (requires, extras) = old.dependencies();
        assert_eq!(
            requires,
            [
                "six",
                "enum34 ; (python_version < '3')",
                "flask ; extra == 'web' and (os_name == 'nt')",
                "pg ; extra == 'db'"
            ]
        );
        assert_eq!(extras.len(), 2);
    }
}

//! Requirements files in pip's full syntax: includes, constraints, editable and local projects, URLs, digests,
//! index options, comments, continuations and `${VARIABLES}`.
//!
//! Follows pip's documented "Requirements File Format". Includes from other machines are refused: a build must not
//! depend on what a server says today.

mod lines;
mod options;

use std::collections::{BTreeMap, BTreeSet};

use bareboat_store::Digest;

use self::lines::{Line, logical_lines};
use self::options::{ParsedOption, parse_options, split_requirement};
use super::error::{Place, PypiError};
use super::file_name::{WheelName, file_name_of};
use super::name::DistributionName;
use super::project::ProjectDir;
use super::requirement::{Marker, Requirement, Wanted};

/// Everything that a requirements file and its includes say.
#[derive(Debug, Clone, Default)]
pub struct RequirementsFile {
    /// What to install, in order.
    pub entries: Vec<Entry>,
    /// What limits versions without asking for anything (`-c`).
    pub constraints: Vec<Entry>,
    /// Where to look and which files to prefer.
    pub options: IndexOptions,
    /// Every file that was read, relative to the project.
    pub files: BTreeSet<String>,
}

/// One thing to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub wanted: EntryKind,
    /// SHA-256 digests of acceptable files; empty when any file is.
    pub digests: BTreeSet<Digest>,
    /// Where it is asked for.
    pub place: Place,
}

/// What an entry of a requirements file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A distribution by name, from an index or a URL.
    Named(Requirement),
    /// A project in a directory.
    Directory {
        /// The directory, relative to the project.
        path: String,
        /// Extras of it.
        extras: BTreeSet<DistributionName>,
        /// When it applies.
        marker: Option<Marker>,
    },
}

/// What a requirements file says about where files come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexOptions {
    /// The index that replaces the default one.
    pub index_url: Option<String>,
    /// Further indexes.
    pub extra_index_urls: Vec<String>,
    /// Pages or directories with files.
    pub find_links: Vec<String>,
    /// No index at all.
    pub no_index: bool,
    /// Pre-releases are acceptable.
    pub pre: bool,
    /// Every requirement must have a digest.
    pub require_hashes: bool,
}

impl RequirementsFile {
    /// Reads `file` of `project` and what it includes; `variables` are those of the caller's environment.
    ///
    /// # Errors
    /// Files that cannot be read, lines that cannot be understood, and includes that include themselves.
    pub fn read(
        project: &ProjectDir,
        file: &str,
        variables: &BTreeMap<String, String>,
    ) -> Result<Self, PypiError> {
        let mut reader = Reader { project, variables, result: Self::default(), stack: Vec::new() };
        reader.file(&normalise(file), Role::Requirements)?;
        let mut result = reader.result;
        let hashed = result.entries.iter().any(|entry| !entry.digests.is_empty());
        result.options.require_hashes |= hashed;
        Ok(result)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Requirements,
    Constraints,
}

struct Reader<'a> {
    project: &'a ProjectDir,
    variables: &'a BTreeMap<String, String>,
    result: RequirementsFile,
    stack: Vec<String>,
}

impl Reader<'_> {
    fn file(&mut self, file: &str, role: Role) -> Result<(), PypiError> {
        let text = self.project.require(file)?;
        self.result.files.insert(file.to_owned());
        self.stack.push(file.to_owned());
        for line in logical_lines(&text, self.variables) {
            let place = Place::line(file, line.number);
            self.line(&line, &place, role)?;
        }
        self.stack.pop();
        Ok(())
    }

    fn line(&mut self, line: &Line, place: &Place, role: Role) -> Result<(), PypiError> {
        let wrong = |why: String| PypiError::syntax(place.clone(), why);
        if line.text.starts_with('-') {
            // An editable project takes the rest of the line: its path may hold a marker.
            for prefix in ["-e ", "--editable ", "--editable=", "-e=", "-e"] {
                if let Some(rest) = line.text.strip_prefix(prefix) {
                    return self.editable(rest.trim(), place, role);
                }
            }
            for option in parse_options(&line.text).map_err(wrong)? {
                self.option(option, place, role)?;
            }
            return Ok(());
        }
        self.entry(&line.text, place, role)
    }

    fn option(&mut self, option: ParsedOption, place: &Place, role: Role) -> Result<(), PypiError> {
        let options = &mut self.result.options;
        match option.name {
            "requirement" => return self.include(&option.value, place, role),
            "constraint" => return self.include(&option.value, place, Role::Constraints),
            "index-url" | "pypi-url" => options.index_url = Some(option.value),
            "extra-index-url" => options.extra_index_urls.push(option.value),
            "find-links" => {
                let links =
                    if is_remote(&option.value) { option.value } else { beside(&place.file, &option.value) };
                options.find_links.push(links);
            }
            "no-index" => options.no_index = true,
            "pre" => options.pre = true,
            "require-hashes" => options.require_hashes = true,
            "trusted-host" => {
                return Err(PypiError::Unsupported {
                    place: place.clone(),
                    what: "`--trusted-host` would switch off the check of the index's certificate".to_owned(),
                    instead: "install the certificate and name it with `SSL_CERT_FILE`, then remove the line"
                        .to_owned(),
                });
            }
            // Whether a file is a wheel follows from the target, never from a preference.
            _ => {}
        }
        Ok(())
    }

    fn include(&mut self, file: &str, place: &Place, role: Role) -> Result<(), PypiError> {
        if is_remote(file) {
            return Err(PypiError::Unsupported {
                place: place.clone(),
                what: format!("it includes `{}` from a server", super::redact_text(file)),
                instead: "download the file beside this one and include that".to_owned(),
            });
        }
        let file = beside(&place.file, file);
        if self.stack.contains(&file) {
            return Err(PypiError::syntax(place.clone(), format!("`{file}` includes itself")));
        }
        if !self.project.root().join(&file).is_file() {
            return Err(PypiError::syntax(place.clone(), format!("there is no file `{file}`")));
        }
        self.file(&file, role)
    }

    fn entry(&mut self, text: &str, place: &Place, role: Role) -> Result<(), PypiError> {
        let (wanted, options) = split_requirement(text);
        let digests = read_digests(options, place)?;
        let wanted = self.kind(wanted, place)?;
        let entry = Entry { wanted, digests, place: place.clone() };
        match role {
            Role::Requirements => self.result.entries.push(entry),
            Role::Constraints => self.result.constraints.push(entry),
        }
        Ok(())
    }

    /// What follows `-e`: a directory without a leading `./` is one here, too.
    fn editable(&mut self, text: &str, place: &Place, role: Role) -> Result<(), PypiError> {
        let text = unquote(text);
        let named = text.contains("://") || text.starts_with(['.', '/']);
        match named {
            true => self.entry(text, place, role),
            false => self.entry(&format!("./{text}"), place, role),
        }
    }

    fn kind(&self, text: &str, place: &Place) -> Result<EntryKind, PypiError> {
        let text = unquote(text);
        if let Some(local) = self.local_path(text, place) {
            return local;
        }
        if is_remote(text) || text.starts_with("git@") {
            return unnamed_url(text, place).map(EntryKind::Named);
        }
        let mut requirement: Requirement =
            text.parse().map_err(|error| PypiError::syntax(place.clone(), error))?;
        if let Wanted::Url(url) = &requirement.wanted
            && let Some(path) = url.strip_prefix("file:")
        {
            let path = path.trim_start_matches("//");
            if self.project.root().join(path).is_dir() {
                let Requirement { extras, marker, .. } = requirement;
                return Ok(EntryKind::Directory { path: path.to_owned(), extras, marker });
            }
            requirement.wanted = Wanted::Url(path.to_owned());
        }
        Ok(EntryKind::Named(requirement))
    }

    /// A path to a directory or file, perhaps with extras and a marker behind it.
    fn local_path(&self, text: &str, place: &Place) -> Option<Result<EntryKind, PypiError>> {
        let (head, marker) = match text.split_once(" ;").or_else(|| text.split_once("; ")) {
            Some((head, marker)) => (head.trim(), Some(marker)),
            None => (text, None),
        };
        let head = head.strip_prefix("file://").unwrap_or(head);
        let archive = SdistOrWheel::of(head);
        let bare = !head.contains("://") && !head.contains('@');
        let looks_local = head.starts_with(['.', '/'])
            || (bare && (archive || (head.contains('/') && self.project.root().join(head).is_dir())));
        if !looks_local {
            return None;
        }
        let (path, extras) = match head.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) {
            Some((path, extras)) => (path, extras),
            None => (head, ""),
        };
        Some(self.local_entry(path, extras, marker, place))
    }

    fn local_entry(
        &self,
        path: &str,
        extras: &str,
        marker: Option<&str>,
        place: &Place,
    ) -> Result<EntryKind, PypiError> {
        let wrong = |why: &dyn std::fmt::Display| PypiError::syntax(place.clone(), why);
        let names = extras.split(',').map(str::trim).filter(|name| !name.is_empty());
        let extras =
            names.map(DistributionName::new).collect::<Result<_, _>>().map_err(|error| wrong(&error))?;
        let marker = marker.map(str::parse).transpose().map_err(|error| wrong(&error))?;
        // pip resolves these against the directory it is called in, which is the project.
        let path = normalise(path);
        if !SdistOrWheel::of(&path) {
            if !self.project.root().join(&path).is_dir() {
                return Err(wrong(&format!("there is no directory `{path}`")));
            }
            return Ok(EntryKind::Directory { path, extras, marker });
        }
        let name = file_name_of(&path).and_then(|file| name_of_archive(&file));
        let name = name.ok_or_else(|| {
            wrong(&format!("the file name of `{path}` does not tell which distribution it is"))
        })?;
        Ok(EntryKind::Named(Requirement { name, extras, wanted: Wanted::Url(path), marker }))
    }
}

struct SdistOrWheel;

impl SdistOrWheel {
    fn of(path: &str) -> bool {
        path.ends_with(".whl") || super::SdistName::is_sdist(path)
    }
}

/// A URL without `name @`: the name is in its `#egg=` or in its file name.
fn unnamed_url(text: &str, place: &Place) -> Result<Requirement, PypiError> {
    let wrong = |why: &dyn std::fmt::Display| PypiError::syntax(place.clone(), why);
    let (url, marker) = match text.split_once(" ;") {
        Some((url, marker)) => (url.trim(), Some(marker)),
        None => (text, None),
    };
    let marker = marker.map(str::parse).transpose().map_err(|error| wrong(&error))?;
    let egg = url
        .split_once('#')
        .into_iter()
        .flat_map(|(_, fragment)| fragment.split('&'))
        .find_map(|part| part.strip_prefix("egg="));
    if let Some(egg) = egg {
        let named: Requirement = egg.parse().map_err(|error| wrong(&error))?;
        return Ok(Requirement { wanted: Wanted::Url(url.to_owned()), marker, ..named });
    }
    let name = file_name_of(url).and_then(|file| name_of_archive(&file));
    let name = name.ok_or_else(|| {
        wrong(&format!("`{url}` does not tell which distribution it is; write `name @ {url}`"))
    })?;
    Ok(Requirement { name, extras: BTreeSet::new(), wanted: Wanted::Url(url.to_owned()), marker })
}

/// The distribution that a wheel or source distribution's file name begins with.
fn name_of_archive(file: &str) -> Option<DistributionName> {
    if let Ok(wheel) = file.parse::<WheelName>() {
        return Some(wheel.name);
    }
    let dashes: Vec<usize> = file.match_indices('-').map(|(at, _)| at).collect();
    let names = dashes.iter().rev().filter_map(|&at| DistributionName::new(&file[..at]).ok());
    names.into_iter().find(|name| super::SdistName::parse(file, name).is_ok())
}

fn read_digests(options: &str, place: &Place) -> Result<BTreeSet<Digest>, PypiError> {
    let parsed = parse_options(options).map_err(|why| PypiError::syntax(place.clone(), why))?;
    let hashes: Vec<&str> =
        parsed.iter().filter(|option| option.name == "hash").map(|option| option.value.as_str()).collect();
    let mut digests = BTreeSet::new();
    for hash in &hashes {
        if let Some(hex) = hash.strip_prefix("sha256:") {
            digests.insert(Digest::from_hex(hex).map_err(|error| PypiError::syntax(place.clone(), error))?);
        }
    }
    if digests.is_empty() && !hashes.is_empty() {
        return Err(PypiError::Unsupported {
            place: place.clone(),
            what: "it has digests, but none is SHA-256".to_owned(),
            instead: "write the file again with `uv pip compile --generate-hashes`".to_owned(),
        });
    }
    Ok(digests)
}

fn is_remote(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| scheme != "file" && !scheme.contains([' ', '@', '/']))
}

fn unquote(text: &str) -> &str {
    let quoted = |quote| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    quoted('"').or_else(|| quoted('\'')).unwrap_or(text)
}

/// `path` as seen from the file `from`.
fn beside(from: &str, path: &str) -> String {
    match from.rsplit_once('/') {
        Some((directory, _)) if !path.starts_with('/') => normalise(&format!("{directory}/{path}")),
        _ => normalise(path),
    }
}

/// Drops `.` components, and `..` where a component before it can be dropped with it.
fn normalise(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match parts.last() {
            Some(&last) if part == ".." && last != ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (path.starts_with('/'), joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

#[cfg(test)]
mod tests;

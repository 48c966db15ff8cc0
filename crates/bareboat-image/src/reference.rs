//! Names of images: `[domain[:port]/]path[:tag][@digest]`.
//!
//! The grammar is that of the distribution project's `reference` package; short names mean Docker Hub, as everywhere.

use std::fmt;
use std::str::FromStr;

use bareboat_store::Digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A complete image name: domain, path, and a tag, a digest or both.
///
/// Displays in full (`docker.io/library/python:3.13`); [`Reference::familiar`] is the form people type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    domain: String,
    path: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// Registry host, with its port where one was given.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Repository below the domain: `library/python`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Domain and path: `docker.io/library/python`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.domain, self.path)
    }

    /// The tag; `latest` when the text had neither tag nor digest.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, which wins over the tag.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The same repository with another tag and no digest.
    ///
    /// # Errors
    /// The tag breaks the grammar.
    pub fn with_tag(&self, tag: &str) -> Result<Self, ReferenceError> {
        check_tag(tag).map_err(|reason| ReferenceError::new(tag, reason))?;
        Ok(Self { tag: Some(tag.to_owned()), digest: None, ..self.clone() })
    }

    /// The same name pinned to `digest`.
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }

    /// The short form: without `docker.io/library/` or `docker.io/`.
    pub fn familiar(&self) -> String {
        let text = self.to_string();
        let short = match text.strip_prefix(DEFAULT_DOMAIN).and_then(|rest| rest.strip_prefix('/')) {
            Some(rest) => rest.strip_prefix(OFFICIAL).unwrap_or(rest).to_owned(),
            None => text,
        };
        // Cut short, a path like `localhost/x` or 64 hex digits would mean something else.
        if short.parse().as_ref() == Ok(self) { short } else { self.to_string() }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        parse(text).map_err(|reason| ReferenceError::new(text, reason))
    }
}

fn parse(text: &str) -> Result<Reference, Reason> {
    if text.is_empty() {
        return Err(Reason::Empty);
    }
    if is_hex_id(text) {
        return Err(Reason::HexId);
    }
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest.parse().map_err(|_| Reason::Digest)?)),
        None => (text, None),
    };
    // A colon after the last slash starts the tag; one before it, a port.
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (rest, None),
    };
    let (domain, path) = split_domain(name);
    check_domain(&domain)?;
    check_path(&path)?;
    if domain.len() + 1 + path.len() > 255 {
        return Err(Reason::TooLong);
    }
    if let Some(tag) = tag {
        check_tag(tag)?;
    }
    let tag = tag.or(if digest.is_none() { Some("latest") } else { None });
    Ok(Reference { domain, path, tag: tag.map(str::to_owned), digest })
}

/// Domain and path with Docker Hub's defaults filled in.
fn split_domain(name: &str) -> (String, String) {
    let (domain, path) = match name.split_once('/') {
        Some((first, rest)) if is_domain(first) => (first, rest),
        _ => (DEFAULT_DOMAIN, name),
    };
    let domain = if domain == "index.docker.io" { DEFAULT_DOMAIN } else { domain };
    match domain == DEFAULT_DOMAIN && !path.contains('/') {
        true => (domain.to_owned(), format!("{OFFICIAL}{path}")),
        false => (domain.to_owned(), path.to_owned()),
    }
}

/// A first component is a host when it could not be a user name on Docker Hub.
fn is_domain(first: &str) -> bool {
    first == "localhost"
        || first.contains(['.', ':', '['])
        || first.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn check_domain(domain: &str) -> Result<(), Reason> {
    let (host, port) = if domain.starts_with('[') {
        let end = domain.find(']').ok_or(Reason::Domain)?;
        let (address, rest) = (&domain[1..end], &domain[end + 1..]);
        let is_address =
            address.contains(':') && address.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':');
        if !is_address {
            return Err(Reason::Domain);
        }
        match rest {
            "" => (None, None),
            _ => (None, Some(rest.strip_prefix(':').ok_or(Reason::Domain)?)),
        }
    } else {
        match domain.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(domain), None),
        }
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if host.is_some_and(|host| !host.split('.').all(is_label)) {
        return Err(Reason::Domain);
    }
    match port {
        Some(port) if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) => Err(Reason::Port),
        _ => Ok(()),
    }
}

fn check_path(path: &str) -> Result<(), Reason> {
    if path.is_empty() || path == OFFICIAL {
        return Err(Reason::NoPath);
    }
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(Reason::UpperCase);
    }
    match path.split('/').all(is_path_component) {
        true => Ok(()),
        false => Err(Reason::Path),
    }
}

/// Runs of `a-z0-9` joined by `.`, `_`, `__` or any number of `-`.
fn is_path_component(component: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = component.as_bytes();
    let mut separator = &bytes[..0];
    for (at, &byte) in bytes.iter().enumerate() {
        if !is_word(byte) {
            separator = &bytes[at - separator.len()..=at];
            continue;
        }
        let joins = separator.is_empty()
            || matches!(separator, b"." | b"_" | b"__")
            || separator.iter().all(|&byte| byte == b'-');
        if !joins {
            return false;
        }
        separator = &bytes[..0];
    }
    bytes.first().is_some_and(|&byte| is_word(byte)) && separator.is_empty()
}

fn check_tag(tag: &str) -> Result<(), Reason> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let starts_well = tag.bytes().next().is_some_and(is_word);
    match starts_well && tag.len() <= 128 && tag.bytes().all(|byte| is_word(byte) || b".-".contains(&byte)) {
        true => Ok(()),
        false => Err(Reason::Tag),
    }
}

fn is_hex_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

const DEFAULT_DOMAIN: &str = "docker.io";
const OFFICIAL: &str = "library/";

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.domain, self.path)?;
        self.tag.iter().try_for_each(|tag| write!(f, ":{tag}"))?;
        self.digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The text is not an image name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an image name: {reason}")]
pub struct ReferenceError {
    text: String,
    reason: Reason,
}

impl ReferenceError {
    fn new(text: &str, reason: Reason) -> Self {
        Self { text: text.chars().take(300).collect(), reason }
    }

    /// An imperative that helps, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self.reason {
            Reason::UpperCase => Some(format!("write `{}`", self.text.to_lowercase())),
            Reason::HexId => Some(format!("write `sha256:{}` for a digest", self.text)),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Reason {
    #[error("it is empty")]
    Empty,
    #[error("64 hex digits could be a digest or a name")]
    HexId,
    #[error("after `@` comes a digest, `sha256:` and 64 lower-case hex digits")]
    Digest,
    #[error("the registry is not a host name or address")]
    Domain,
    #[error("the registry's port is not a number")]
    Port,
    #[error("no repository is named")]
    NoPath,
    #[error("a repository's name is lower case")]
    UpperCase,
    #[error(
        "a repository's name is made of `a` to `z` and digits, joined by single `.`, `_`, `__`, `-` and `/`"
    )]
    Path,
    #[error("the name is longer than 255 characters")]
    TooLong,
    #[error("a tag is up to 128 letters, digits, `_`, `.` and `-`, and begins with none of the last two")]
    Tag,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn full(text: &str) -> String {
        text.parse::<Reference>().unwrap().to_string()
    }

    #[test]
    fn short_names_mean_docker_hub() {
        for (text, expected) in [
            ("python", "docker.io/library/python:latest"),
            ("python:3.13-slim", "docker.io/library/python:3.13-slim"),
            ("user/app", "docker.io/user/app:latest"),
            ("docker.io/python", "docker.io/library/python:latest"),
            ("index.docker.io/user/app:1", "docker.io/user/app:1"),
            ("localhost/app", "localhost/app:latest"),
            ("localhost:5000/app", "localhost:5000/app:latest"),
            ("host:5000/a/b/c:t", "host:5000/a/b/c:t"),
            ("[fd00::1]:5000/app", "[fd00::1]:5000/app:latest"),
            ("REGISTRY/app", "REGISTRY/app:latest"),
            ("gcr.io/distroless/python3-debian12:nonroot", "gcr.io/distroless/python3-debian12:nonroot"),
            ("a__b/c---d/e.f_g", "docker.io/a__b/c---d/e.f_g:latest"),
        ] {
            assert_eq!(full(text), expected, "{text}");
        }
    }

    #[test]
    fn digests_replace_the_default_tag_and_stand_beside_a_given_one() {
        let bare = format!("python@{DIGEST}").parse::<Reference>().unwrap();
        assert_eq!((bare.tag(), bare.digest().unwrap().to_string().as_str()), (None, DIGEST));
        assert_eq!(full(&format!("h:1/x:t@{DIGEST}")), format!("h:1/x:t@{DIGEST}"));
    }

    #[test]
    fn familiar_names_lead_back() {
        for text in ["python:3", "user/app:latest", "localhost/x:latest", "docker.io/localhost/x:latest"] {
            assert_eq!(text.parse::<Reference>().unwrap().familiar(), text);
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let id = "a".repeat(64);
        for (text, part) in [
            ("", "empty"),
            ("Python", "lower case"),
            ("user/App:1", "lower case"),
            ("a:b:c", "joined by"),
            ("a:", "a tag is"),
            ("a:-x", "a tag is"),
            ("a..b", "joined by"),
            ("a___b", "joined by"),
            ("-a", "joined by"),
            ("a/", "joined by"),
            ("a b", "joined by"),
            ("localhost:port/a", "port"),
            ("ho_st.x/a", "host name"),
            ("[::g]/a", "host name"),
            ("[::1/a", "host name"),
            ("localhost:5000/", "no repository"),
            ("a@sha256:12", "digest"),
            (&id, "could be a digest"),
            (&format!("x.y/{}", "a/".repeat(130) + "a"), "255"),
        ] {
            let error = text.parse::<Reference>().unwrap_err();
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
        let hint = "user/App:1".parse::<Reference>().unwrap_err().hint().unwrap();
        assert_eq!(hint, "write `user/app:1`");
    }

    proptest! {
        #[test]
        fn anything_parsed_prints_and_parses_to_itself(text in "[a-zA-Z0-9./:@_\\[\\]-]{0,60}") {
            if let Ok(reference) = text.parse::<Reference>() {
                prop_assert_eq!(&reference.to_string().parse::<Reference>().unwrap(), &reference);
                prop_assert_eq!(&reference.familiar().parse::<Reference>().unwrap(), &reference);
            }
        }

        #[test]
        fn what_the_grammar_generates_is_accepted(
            host in "([a-z0-9]+(-[a-z0-9]+)?\\.){1,2}[a-z]{2}(:[0-9]{1,5})?",
            path in "[a-z0-9]{1,4}((\\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}(/[a-z0-9]{1,4}){0,3}",
            tag in "[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}",
        ) {
            let reference: Reference = format!("{host}/{path}:{tag}").parse().unwrap();
            prop_assert_eq!(reference.domain(), host);
            prop_assert_eq!(reference.path(), path);
            prop_assert_eq!(reference.tag(), Some(&tag[..]));
        }
    }
}

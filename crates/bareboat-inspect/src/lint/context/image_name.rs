//! An image name as written, without anything filled in.

/// The parts of an image name. Nothing is checked: what is no valid name still has parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageName {
    /// Registry host, with its port; `None` for Docker Hub.
    pub registry: Option<String>,
    /// The rest before tag and digest: `python`, `distroless/python3-debian13`.
    pub repository: String,
    /// The tag, when written.
    pub tag: Option<String>,
    /// The digest, when written: `sha256:…`.
    pub digest: Option<String>,
}

impl ImageName {
    /// Takes `text` apart.
    pub fn new(text: &str) -> Self {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (text, None),
        };
        let slash = rest.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match rest[slash..].split_once(':') {
            Some((last, tag)) => (&rest[..slash + last.len()], Some(tag.to_owned())),
            None => (rest, None),
        };
        let registry = name.split_once('/').filter(|(first, _)| {
            first.contains(['.', ':'])
                || *first == "localhost"
                || first.chars().any(|c| c.is_ascii_uppercase())
        });
        let (registry, repository) = match registry {
            Some((registry, repository)) => (Some(registry.to_owned()), repository.to_owned()),
            None => (None, name.to_owned()),
        };
        Self { registry, repository, tag, digest }
    }

    /// True for a Docker official image called `name`: `python`, `library/python`, `docker.io/library/python`.
    pub fn is_official(&self, name: &str) -> bool {
        let hub = matches!(self.registry.as_deref(), None | Some("docker.io" | "index.docker.io"));
        hub && self.repository.strip_prefix("library/").unwrap_or(&self.repository) == name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_names_apart_without_filling_in() {
        let parts = |text: &str| {
            let ImageName { registry, repository, tag, digest } = ImageName::new(text);
            [registry.unwrap_or_default(), repository, tag.unwrap_or_default(), digest.unwrap_or_default()]
        };
        assert_eq!(parts("python"), ["", "python", "", ""]);
        assert_eq!(parts("a/b:1@sha256:ab"), ["", "a/b", "1", "sha256:ab"]);
        assert_eq!(parts("localhost:5000/a/b"), ["localhost:5000", "a/b", "", ""]);
        assert_eq!(parts("gcr.io/distroless/cc:nonroot"), ["gcr.io", "distroless/cc", "nonroot", ""]);
        assert!(ImageName::new("docker.io/library/python:3").is_official("python"));
        assert!(!ImageName::new("ghcr.io/library/python").is_official("python"));
    }
}

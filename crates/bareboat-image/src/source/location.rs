//! How people say where an image is: `docker-archive:FILE:NAME`, a path, a name.
//!
//! The kinds are those of `-o`, and those of containers-transports(5) where it has the same.

use std::path::PathBuf;
use std::str::FromStr;

/// Where an image is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// `oci:DIR[:NAME]`, `oci-archive:FILE[:NAME]`, `docker-archive:FILE[:NAME]`, `dir:DIR`.
    File {
        /// The directory or file.
        path: PathBuf,
        /// Which of its images.
        name: Option<String>,
    },
    /// `docker:NAME` or `docker-daemon:NAME`.
    Docker(String),
    /// `podman:NAME`.
    Podman(String),
    /// `registry:NAME`.
    Registry(String),
    /// Anything else: the name of an image of the store, or a path.
    Plain(String),
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        let plain = || Ok(Self::Plain(text.to_owned()));
        let Some((kind, place)) = text.split_once(':') else { return plain() };
        let empty = || LocationError { text: text.to_owned() };
        match kind {
            "oci" | "oci-archive" | "docker-archive" => {
                let (path, name) = match place.split_once(':') {
                    Some((path, name)) => (path, Some(name)),
                    None => (place, None),
                };
                if path.is_empty() || name == Some("") {
                    return Err(empty());
                }
                Ok(Self::File { path: path.into(), name: name.map(str::to_owned) })
            }
            "dir" | "docker" | "docker-daemon" | "podman" | "registry" if place.is_empty() => Err(empty()),
            "dir" => Ok(Self::File { path: place.into(), name: None }),
            "docker" | "docker-daemon" => Ok(Self::Docker(place.to_owned())),
            "podman" => Ok(Self::Podman(place.to_owned())),
            "registry" => Ok(Self::Registry(place.to_owned())),
            _ => plain(),
        }
    }
}

/// A kind without a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` does not say which file or image")]
pub struct LocationError {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_paths_and_names_are_told_apart() {
        let file = |path: &str, name: Option<&str>| Location::File {
            path: path.into(),
            name: name.map(str::to_owned),
        };
        for (text, expected) in [
            ("oci:out", file("out", None)),
            ("oci-archive:a.tar:app", file("a.tar", Some("app"))),
            ("docker-archive:/x/a.tar:app:1", file("/x/a.tar", Some("app:1"))),
            ("dir:/srv/root", file("/srv/root", None)),
            ("docker:web:alpine", Location::Docker("web:alpine".into())),
            ("docker-daemon:web", Location::Docker("web".into())),
            ("podman:localhost/web", Location::Podman("localhost/web".into())),
            ("web:1", Location::Plain("web:1".into())),
            ("./image.tar", Location::Plain("./image.tar".into())),
            ("localhost:5000/web", Location::Plain("localhost:5000/web".into())),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for text in ["oci:", "docker:", "docker-archive:a.tar:", "dir:"] {
            assert!(text.parse::<Location>().is_err(), "{text}");
        }
    }
}

//! What is known about base images without asking anybody.
//!
//! Facts are dated and generated, never guessed: what is not known is `None`, and whoever asks then stays silent.
//! Which distribution an official image's tag stood on comes from `data/official-images.txt`, written by
//! `cargo xtask knowledge`; what a distribution and a line of images bring is written down in `release`, `official`
//! and `distroless` with its source.

mod date;
mod distroless;
mod facts;
mod image;
mod official;
mod release;
mod vendors;

pub use date::Date;
pub use facts::{
    BaseFacts, Distribution, Interpreter, Libc, LibcFamily, PackageManager, ShellFacts, ShellKind, Tools,
};

use crate::lint::context::ImageName;

/// What is known about the image `reference` names, as it is written in a FROM after expansion; `scratch` too.
///
/// A tag that moves is answered for the day `today`, without one for the day the table was made
/// ([`BaseFacts::as_of`]), and says so in [`BaseFacts::release_floats`].
pub fn lookup(reference: &str, today: Option<Date>) -> Option<BaseFacts> {
    if reference == "scratch" {
        return Some(BaseFacts::scratch());
    }
    let name = ImageName::new(reference);
    match name.registry.as_deref() {
        Some("gcr.io") => distroless::lookup(&name, today),
        None | Some("docker.io" | "index.docker.io") => official::lookup(&name, today),
        _ => vendors::lookup(&name),
    }
}

/// When support of a distribution's release ends, by `ID` and `VERSION_ID` of `/etc/os-release`; `None` is not known.
pub fn end_of_life(id: &str, version: &str) -> Option<Date> {
    release::end_of_life(id, version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(reference: &str, day: Option<&str>) -> String {
        let day = day.map(|day| day.parse().unwrap());
        let facts = lookup(reference, day);
        let found = facts.and_then(|facts| facts.distribution);
        found.map_or_else(|| "?".to_owned(), |d| d.codename.or(d.version).unwrap_or_default())
    }

    #[test]
    fn floating_tags_are_answered_by_the_day() {
        assert_eq!(release("python:3.12-slim", Some("2025-08-10")), "bookworm");
        assert_eq!(release("docker.io/library/python:3.12-slim", Some("2025-08-11")), "trixie");
        assert_eq!(release("python:3.12-slim", None), "trixie");
        assert_eq!(release("python:3.12-slim-bookworm", None), "bookworm");
        assert_eq!(release("python:3.12-alpine", Some("2026-01-01")), "3.23");
        assert_eq!(release("python:3.12.7-alpine", None), "3.20");
        assert_eq!(release("eclipse-temurin:21-jre", None), "resolute");
    }

    #[test]
    fn what_nobody_listed_is_not_known() {
        for unknown in ["python:9.99", "python:3.12-nosuch", "team/python:3.12", "ghcr.io/python:3.12"] {
            assert_eq!(lookup(unknown, None), None, "{unknown}");
        }
        // Before it existed there is nothing to say about it.
        assert_eq!(lookup("python:3.12-slim", Some(Date::new(2023, 1, 1))), None);
    }

    #[test]
    fn a_digest_may_be_of_any_day() {
        let facts = lookup("python:3.12-slim@sha256:00", None).unwrap();
        assert_eq!((facts.distribution, facts.release_floats), (None, Some(false)));
        assert_eq!(facts.interpreter.unwrap().version, Some((3, Some(12))));
        assert_eq!(facts.libc, Some(Libc { family: LibcFamily::Glibc, version: None }));
        assert_eq!(release("python:3.12-slim-bookworm@sha256:00", None), "bookworm");
        assert_eq!(lookup("gcr.io/distroless/python3@sha256:00", None), None);
    }

    #[test]
    fn other_images_are_known_by_their_tags() {
        let java = |name: &str| lookup(name, None)?.interpreter?.version.map(|(major, _)| major);
        assert_eq!(java("maven:3.9-eclipse-temurin-21"), Some(21));
        assert_eq!(java("gradle:8.10-jdk17"), Some(17));
        assert_eq!(java("amazoncorretto:21"), Some(21));
        assert_eq!(java("openjdk:17-jdk-slim"), Some(17));
        assert_eq!(java("maven:3.9"), None);
        let amazon = lookup("amazonlinux:2023", None).unwrap();
        assert_eq!(amazon.libc.unwrap().version, Some((2, 34)));
        assert_eq!(amazon.package_manager, Some(PackageManager::Dnf));
        assert_eq!(release("php:8.4-fpm-bookworm", None), "bookworm");
        assert_eq!(release("php:8.4-fpm", Some("2025-08-10")), "bookworm");
        assert_eq!(release("php:8.4-fpm", Some("2025-08-11")), "trixie");
        assert_eq!(release("php:8.3.12-fpm", None), "?");
        assert_eq!(release("maven:3.9-eclipse-temurin-21", None), "noble");
        assert_eq!(release("gradle:8.14-jdk21", None), "noble");
        assert_eq!(release("amazoncorretto:21-alpine", None), "3.24");
        assert_eq!(release("amazoncorretto:21-al2023", None), "2023");
        let ubi = lookup("gradle:9-jdk21-ubi", None).unwrap();
        assert_eq!((ubi.distribution, ubi.libc.map(|libc| libc.family)), (None, Some(LibcFamily::Glibc)));
        assert_eq!(lookup("busybox:1.37-musl", None).unwrap().libc.unwrap().family, LibcFamily::Musl);
    }

    #[test]
    fn languages_end_as_distributions_do() {
        let end = |name: &str| lookup(name, None).and_then(|facts| facts.end_of_life);
        assert_eq!(end("python:3.9-slim-bookworm"), Some(Date::new(2025, 10, 31)));
        assert_eq!(end("python:3.13-slim-bookworm"), Some(Date::new(2028, 7, 1)));
        assert_eq!(end("alpine:3.20"), Some(Date::new(2026, 4, 1)));
        assert_eq!(end("node:20-trixie"), Some(Date::new(2026, 4, 30)));
    }

    #[test]
    fn distroless_moves_with_its_default_and_ends() {
        let facts = lookup("gcr.io/distroless/python3-debian12:nonroot", None).unwrap();
        assert_eq!(facts.unmaintained_since, Some(Date::new(2026, 5, 11)));
        assert_eq!(facts.interpreter.unwrap().version, Some((3, Some(11))));
        assert_eq!(facts.user.as_deref(), Some("65532"));
        assert_eq!(release("gcr.io/distroless/python3", Some("2026-01-29")), "bookworm");
        assert_eq!(release("gcr.io/distroless/python3", Some("2026-01-30")), "trixie");
        assert_eq!(lookup("gcr.io/distroless/nosuch-debian12", None), None);
    }

    #[test]
    fn official_images_have_their_paths_and_c_library() {
        let facts = lookup("python:3.13-slim-trixie", None).unwrap();
        assert_eq!(facts.libc, Some(Libc { family: LibcFamily::Glibc, version: Some((2, 41)) }));
        assert_eq!(facts.interpreter.unwrap().path.as_deref(), Some("/usr/local/bin/python3.13"));
        let facts = lookup("node:22-alpine", None).unwrap();
        assert_eq!(facts.libc.unwrap().family, LibcFamily::Musl);
    }
}

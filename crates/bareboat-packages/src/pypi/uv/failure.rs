//! What uv's messages mean: which distribution needs its source, whose metadata needs a build, what to tell people.

use crate::pypi::error::PypiError;
use crate::pypi::name::DistributionName;
use crate::pypi::redact::redact_text;
use crate::pypi::target::Target;

/// What a failed run asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// These distributions have no wheel for the target.
    NoWheels(Vec<DistributionName>),
    /// Only a build could tell what this source distribution depends on.
    NeedsMetadata(DistributionName, SourceOf),
    /// uv asked the description something that it does not answer.
    DescriptionRefused,
    /// Something for people to read.
    Told,
}

/// Which source distribution it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SourceOf {
    /// The one of this version on the index.
    Version(String),
    /// The one at this address.
    Url(String),
}

/// Reads uv's messages. They are wrapped to a width, so words may be parted by any white space.
pub(super) fn understand(said: &str) -> Failure {
    let words: Vec<&str> = said.split_whitespace().collect();
    let text = words.join(" ");
    if text.contains("Querying Python at") || text.contains("Failed to inspect Python interpreter") {
        return Failure::DescriptionRefused;
    }
    for phrase in ["Failed to download and build `", "Failed to build `", "Failed to read metadata from `"] {
        if let Some((name, source)) = after(&text, phrase).and_then(split_pin) {
            return Failure::NeedsMetadata(name, source);
        }
    }
    let mut names = Vec::new();
    for (at, _) in text.match_indices("Wheels are required for `") {
        names.extend(
            after(&text[at..], "Wheels are required for `").and_then(|word| DistributionName::new(word).ok()),
        );
    }
    for phrase in [" has no usable wheels", " have no usable wheels", " has no wheels with a matching"] {
        for (at, _) in text.match_indices(phrase) {
            let word = text[..at].rsplit(' ').next().unwrap_or_default();
            let word = word
                .trim_matches('`')
                .split(['=', '<', '>', '!', '~', '[', '{', ','])
                .next()
                .unwrap_or_default();
            names.extend(DistributionName::new(word).ok());
        }
    }
    names.sort();
    names.dedup();
    match names.is_empty() {
        true => Failure::Told,
        false => Failure::NoWheels(names),
    }
}

fn after<'a>(text: &'a str, phrase: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(phrase)?;
    rest.split('`').next()
}

fn split_pin(word: &str) -> Option<(DistributionName, SourceOf)> {
    let (name, source) = match word.split_once(" @ ") {
        Some((name, url)) => (name, SourceOf::Url(url.to_owned())),
        None => word.split_once("==").map(|(name, version)| (name, SourceOf::Version(version.to_owned())))?,
    };
    Some((DistributionName::new(name).ok()?, source))
}

/// The error for people: uv's own words, indented, without secrets.
pub(super) fn translate(said: &str, target: &Target) -> PypiError {
    let clean = redact_text(said.trim());
    let lines = clean.lines().filter(|line| !line.starts_with("warning: The requested Python version"));
    let indented: Vec<String> =
        lines.map(|line| if line.is_empty() { String::new() } else { format!("  {line}") }).collect();
    let said = indented.join("\n");
    if NETWORK.iter().any(|phrase| said.contains(phrase)) {
        return PypiError::ResolverUnreachable { said };
    }
    let instead = (said.contains("first index") || said.contains("index-strategy"))
        .then(|| "search every index as pip does with `UV_INDEX_STRATEGY=unsafe-best-match`".to_owned());
    PypiError::Unresolvable { target: target.to_string(), said, instead }
}

/// uv's words for faults that are not the project's.
const NETWORK: [&str; 7] = [
    "error sending request",
    "dns error",
    "Failed to fetch",
    "operation timed out",
    "connection closed",
    "Network connectivity is disabled",
    "Request failed after",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        match understand(text) {
            Failure::NoWheels(names) => names.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn finds_distributions_without_wheels() {
        let text = "error: No solution found\n  cause: Because docopt==0.6.2 has no usable wheels and only docopt<=0.6.2\n         is available, we can conclude\n\nhint: Wheels are required for `docopt` because building from source is disabled";
        assert_eq!(names(text), ["docopt"]);
        assert_eq!(
            names("Because all versions of psycopg2 have no usable\n wheels and you require"),
            ["psycopg2"]
        );
        assert_eq!(names("Because fiona>=1.9,<2 has no wheels with a matching platform tag"), ["fiona"]);
    }

    #[test]
    fn finds_source_distributions_that_hide_their_dependencies() {
        let text = "error: Failed to download and build `uwsgi==2.0.31`\n  cause: Failed to identify base Python interpreter";
        let name = DistributionName::new("uwsgi").unwrap();
        assert_eq!(
            understand(text),
            Failure::NeedsMetadata(name.clone(), SourceOf::Version("2.0.31".to_owned()))
        );
        let text =
            "error: Failed to download and build `uwsgi @ https://files.test/u.tar.gz`\n  cause: Building";
        assert_eq!(
            understand(text),
            Failure::NeedsMetadata(name, SourceOf::Url("https://files.test/u.tar.gz".to_owned()))
        );
        assert_eq!(
            understand("error: Querying Python at `x` returned an invalid response"),
            Failure::DescriptionRefused
        );
        assert_eq!(understand("error: Because a<1 and b>2"), Failure::Told);
    }

    #[test]
    fn keeps_the_words_and_drops_the_secrets() {
        let target =
            Target::new(crate::pypi::PythonVersion::new(3, 13, 5), (2, 41), crate::deb::Architecture::Amd64);
        let error = translate("error: Because a\n\n  at https://u:pw@index.test/x", &target);
        let text = error.to_string();
        assert!(text.ends_with("\n  error: Because a\n\n    at https://***@index.test/x"), "{text}");
        assert!(matches!(
            translate("error: Failed to fetch: `https://index.test`", &target),
            PypiError::ResolverUnreachable { .. }
        ));
    }
}

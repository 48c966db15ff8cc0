//! Dockerfiles inside other files: Compose files and bake files, and Dockerfiles that those name.
//!
//! A Dockerfile that stands in another file is judged like any other; [`Embedded::host_findings`] brings what is found back to
//! the file it stands in, and [`Embedded::rewrite`] a repaired text. What only the environment knows
//! (`${TAG}`) is left as it is written, and findings about it are dropped. Reads no file.

mod bake_hcl;
mod bake_json;
mod compose;
mod interpolation;
mod map;

use std::collections::BTreeMap;
use std::ops::Range;

use bareboat_dockerfile::{LineIndex, Span};
use bareboat_report::{Edit, Finding, Fix, Place, Related};

use self::interpolation::Syntax;
use self::map::Scalar;
use super::engine::place;
use super::rules;

/// A file that may hold Dockerfiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostKind {
    /// `compose.yaml` (compose-spec.io).
    Compose,
    /// `docker-bake.json`.
    BakeJson,
    /// `docker-bake.hcl`.
    BakeHcl,
}

/// What a file builds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Builds {
    /// Dockerfiles in it, in the order of the file.
    pub embedded: Vec<Embedded>,
    /// Dockerfiles that it names, in the order of the file.
    pub named: Vec<NamedDockerfile>,
}

/// A Dockerfile in another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedded {
    /// Its text.
    pub text: String,
    /// The build context, relative to the file it stands in; `None` when it is elsewhere.
    pub context: Option<String>,
    /// Build arguments.
    pub arguments: BTreeMap<String, String>,
    scalar: Scalar,
}

/// A Dockerfile that another file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedDockerfile {
    /// Where it is, relative to the file that names it.
    pub path: String,
    /// The build context, relative to the same file.
    pub context: String,
    /// Build arguments.
    pub arguments: BTreeMap<String, String>,
}

/// Why a file is not what its name says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct HostError {
    /// Where, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl HostKind {
    /// What a file with this name is; `None` for everything else.
    pub fn of(file_name: &str) -> Option<Self> {
        let name = file_name.to_ascii_lowercase();
        let yaml = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"));
        let starts = |stem: &str, known: &str| {
            stem.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
        };
        match (yaml, name.strip_suffix(".json"), name.strip_suffix(".hcl")) {
            (Some(stem), ..) if starts(stem, "compose") || starts(stem, "docker-compose") => {
                Some(Self::Compose)
            }
            (_, Some(stem), _) if starts(stem, "docker-bake") => Some(Self::BakeJson),
            (.., Some(stem)) if starts(stem, "docker-bake") => Some(Self::BakeHcl),
            _ => None,
        }
    }

    /// What a file of this kind builds.
    ///
    /// # Errors
    /// It is not YAML, JSON or HCL.
    pub fn builds(self, text: &str) -> Result<Builds, HostError> {
        match self {
            Self::Compose => compose::builds(text),
            Self::BakeJson => bake_json::builds(text),
            Self::BakeHcl => bake_hcl::builds(text),
        }
    }
}

impl HostError {
    /// The finding that says so: nothing else is found in such a file.
    pub fn finding(&self, host: &[u8]) -> Finding {
        let lines = LineIndex::new(host);
        let start = lines.offset(bareboat_dockerfile::Position { line: self.line, column: 1 });
        let rule = &rules::PARSE_ERROR;
        Finding {
            rule: rule.name.into(),
            aliases: rule.aliases.iter().map(|alias| (*alias).into()).collect(),
            severity: rule.severity,
            message: self.message.clone(),
            place: place(Span::new(start, start + lines.line(self.line).len()), &lines),
            related: Vec::new(),
            notes: Vec::new(),
            help: None,
            fix: None,
        }
    }
}

impl Embedded {
    /// What was found in the Dockerfile, as findings of the file it stands in.
    pub fn host_findings(&self, host: &str, findings: Vec<Finding>) -> Vec<Finding> {
        let lines = LineIndex::new(host.as_bytes());
        let wanted = findings.into_iter().filter(|finding| !self.scalar.is_unknown(&finding.place.range));
        wanted
            .map(|finding| Finding {
                place: self.place(&finding.place, &lines),
                related: finding
                    .related
                    .iter()
                    .map(|related| Related { place: self.place(&related.place, &lines), ..related.clone() })
                    .collect(),
                fix: finding.fix.as_ref().and_then(|fix| self.fix(fix)),
                ..finding
            })
            .collect()
    }

    /// The host's bytes of this Dockerfile, and what to write there to make its text `fixed`; `None` where the
    /// way it is written does not allow that.
    pub fn rewrite(&self, fixed: &str) -> Option<(Range<usize>, String)> {
        self.scalar.rewrite(fixed)
    }

    fn place(&self, inside: &Place, lines: &LineIndex<'_>) -> Place {
        let range = self.scalar.range(&inside.range);
        place(Span::new(range.start, range.end), lines)
    }

    fn fix(&self, fix: &Fix) -> Option<Fix> {
        let edits = fix.edits.iter().map(|edit| {
            let (range, replacement) = self.scalar.edit(&edit.range, &edit.replacement)?;
            Some(Edit { range, replacement })
        });
        Some(Fix { edits: edits.collect::<Option<Vec<_>>>()?, ..fix.clone() })
    }

    fn new(scalar: Scalar, context: Option<String>, arguments: BTreeMap<String, String>) -> Self {
        Self { text: scalar.text().to_owned(), context, arguments, scalar }
    }
}

/// The Dockerfile that a build has: one in the file, or one that it names.
fn add(builds: &mut Builds, build: Build) {
    let is_remote = |context: &str| context.contains("://") || context.starts_with("git@");
    let context = Some(build.context).filter(|context| !is_remote(context));
    if let Some(scalar) = build.inline {
        builds.embedded.push(Embedded::new(scalar, context, build.arguments));
    } else if let Some(context) = context
        && !build.dockerfile.contains('$')
        && !context.contains('$')
        && !is_remote(&build.dockerfile)
    {
        let path = match build.dockerfile.starts_with('/') {
            true => build.dockerfile,
            false => format!("{}/{}", context.trim_end_matches('/'), build.dockerfile),
        };
        builds.named.push(NamedDockerfile { path, context, arguments: build.arguments });
    }
}

/// A build as every kind of file describes one.
struct Build {
    inline: Option<Scalar>,
    context: String,
    dockerfile: String,
    arguments: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests;

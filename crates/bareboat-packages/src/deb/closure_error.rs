//! Why there is no closure, with the chain of packages that led there.

use super::dependency::DependencyError;

/// Why there is no closure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClosureError {
    /// No package of that name exists.
    #[error("no package in {place} is or provides `{clause}`{}", needed_by(chain))]
    Unknown {
        /// What was asked for.
        clause: String,
        /// The release.
        place: String,
        /// Who asked, nearest first; empty when the user did.
        chain: Vec<String>,
        /// Names that may have been meant.
        suggestions: Vec<String>,
    },
    /// Packages of that name exist in other versions only.
    #[error("nothing in {place} satisfies `{clause}`{}{}", having(found), needed_by(chain))]
    Unsatisfiable {
        /// What was asked for.
        clause: String,
        /// The release.
        place: String,
        /// Who asked, nearest first; empty when the user did.
        chain: Vec<String>,
        /// What there is instead.
        found: Vec<String>,
    },
    /// Two packages cannot be in one image.
    #[error("`{package}` excludes `{relation}`, so it cannot be together with `{other}`{}", needed_by(chain))]
    Clash {
        /// Who excludes.
        package: String,
        /// Whom, as it says it.
        relation: String,
        /// Who that is.
        other: String,
        /// Who asked for the second of both, nearest first; empty when the user did.
        chain: Vec<String>,
    },
    /// A relation cannot be read.
    #[error("{}{source}", package.as_ref().map(|name| format!("package `{name}`: ")).unwrap_or_default())]
    Malformed {
        /// The package that has it; `None` for a request.
        package: Option<String>,
        /// What is wrong.
        source: DependencyError,
    },
}

impl ClosureError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { suggestions, .. } if !suggestions.is_empty() => {
                let names: Vec<_> = suggestions.iter().map(|name| format!("`{name}`")).collect();
                Some(format!("there is {}", names.join(", ")))
            }
            Self::Clash { package, other, .. } => {
                Some(format!("leave out one of `{package}` and `{other}`, or what needs it"))
            }
            _ => None,
        }
    }
}

fn needed_by(chain: &[String]) -> String {
    let links = chain.iter().enumerate().map(|(index, package)| {
        let needed = if index == 0 { "; it is needed by" } else { ", which is needed by" };
        format!("{needed} `{package}`")
    });
    links.collect()
}

fn having(found: &[String]) -> String {
    if found.is_empty() { String::new() } else { format!(" (there is `{}`)", found.join("`, `")) }
}

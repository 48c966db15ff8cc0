//! What goes wrong at registries.

use bareboat_store::{Digest, Reply, StoreError};

use crate::json::DocumentError;

/// Why an image did not travel.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The network or the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The configuration does not allow it.
    #[error(transparent)]
    Rules(#[from] super::RulesError),
    /// Whoever answered is no registry.
    #[error("`{domain}` does not answer as an image registry: {reason}")]
    NoRegistry {
        /// Whom we asked.
        domain: String,
        /// What came instead.
        reason: String,
    },
    /// The stored credentials cannot be had.
    #[error("cannot read the credentials for `{domain}`: {reason}")]
    Credentials {
        /// The registry.
        domain: String,
        /// Why.
        reason: String,
    },
    /// The user may not.
    #[error("`{domain}` does not let {who} {action} `{name}`{said}")]
    Denied {
        /// The registry.
        domain: String,
        /// `you`, `somebody without login`.
        who: &'static str,
        /// `read`, `write to`.
        action: &'static str,
        /// Repository or registry.
        name: String,
        /// The registry's own words, as a clause.
        said: String,
    },
    /// There is no such image.
    #[error("`{name}` is not in the registry{said}")]
    NotFound {
        /// The image.
        name: String,
        /// The registry's own words, as a clause.
        said: String,
    },
    /// Too many requests.
    #[error("`{domain}` limits how often it may be asked{said}")]
    Limited {
        /// The registry.
        domain: String,
        /// The registry's own words, as a clause.
        said: String,
    },
    /// Any other status.
    #[error("the registry did not {what}: it answered {status}{said}")]
    Refused {
        /// What it was asked to do.
        what: String,
        /// HTTP status.
        status: u16,
        /// The registry's own words, as a clause.
        said: String,
    },
    /// An answer that breaks the protocol.
    #[error("the registry's answer is wrong when asked to {what}: {reason}")]
    Answer {
        /// What it was asked to do.
        what: String,
        /// What is wrong.
        reason: String,
    },
    /// Not the document that was asked for. Nothing was kept.
    #[error("`{name}` has other content than its digest says: got {found}; nothing was kept")]
    Mismatch {
        /// The image.
        name: String,
        /// What came.
        found: Digest,
    },
    /// A document that is none.
    #[error("`{name}` cannot be read: {source}")]
    Document {
        /// The image.
        name: String,
        /// What is wrong.
        source: DocumentError,
    },
    /// An image in the store that is not whole.
    #[error(transparent)]
    Image(#[from] crate::ImageError),
    /// The registry does not delete this way.
    #[error("`{domain}` does not delete {what}{said}")]
    Undeletable {
        /// The registry.
        domain: String,
        /// `tags`, `images`.
        what: &'static str,
        /// The image by digest, when that may be deleted.
        instead: Option<String>,
        /// The registry's own words, as a clause.
        said: String,
    },
    /// Two images for one platform of an index.
    #[error("two images are for {platform}: {one} and {other}")]
    Conflict {
        /// The platform.
        platform: String,
        /// The one.
        one: Digest,
        /// The other.
        other: Digest,
    },
    /// No image for the platform that is wanted.
    #[error("`{name}` is for {}, not for {wanted}", available.join(", "))]
    NoPlatform {
        /// The image.
        name: String,
        /// The platform.
        wanted: String,
        /// What there is.
        available: Vec<String>,
    },
}

impl RegistryError {
    /// An imperative that helps.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Denied { domain, .. } => Some(format!("run `bareboat login {domain}`")),
            Self::Limited { domain, .. } => {
                Some(format!("wait, or `bareboat login {domain}`: those who are known may ask more often"))
            }
            Self::NoRegistry { domain, .. } => {
                Some(format!("check the name; a registry without encryption wants `--plain-http {domain}`"))
            }
            Self::Undeletable { instead: Some(name), .. } => {
                Some(format!("run `bareboat delete {name}`: the image goes, with all of its tags"))
            }
            Self::Undeletable { .. } => Some("ask who runs it to allow deleting".to_owned()),
            Self::Conflict { .. } => Some("name only one of them".to_owned()),
            Self::NoPlatform { .. } => {
                Some("pass `--platform` with one of them, or `--all-platforms`".to_owned())
            }
            _ => None,
        }
    }
}

/// What the error document of a reply says (distribution-spec, "Error codes"), as a clause; empty when it is none.
pub(super) fn said(reply: &Reply) -> String {
    #[derive(serde::Deserialize)]
    struct Errors {
        #[serde(default)]
        errors: Vec<One>,
    }
    #[derive(serde::Deserialize)]
    struct One {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: Option<String>,
    }
    let Ok(document) = serde_json::from_slice::<Errors>(&reply.bytes) else { return String::new() };
    let clean = |text: &str| text.chars().filter(|c| !c.is_control()).take(200).collect::<String>();
    let one = |one: &One| match one.message.as_deref().filter(|message| !message.is_empty()) {
        Some(message) => format!("{} ({})", clean(message), clean(&one.code)),
        None => clean(&one.code),
    };
    let all: Vec<String> = document.errors.iter().take(3).map(one).collect();
    if all.is_empty() { String::new() } else { format!(": {}", all.join("; ")) }
}

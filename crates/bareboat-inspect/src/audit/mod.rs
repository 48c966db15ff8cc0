//! `audit`: judges images, whoever built them.
//!
//! [`Auditor`] is made once from a [`Configuration`]; [`Auditor::audit`] judges the facts of one image. A rule is a file
//! in `rules/` with its documentation and tests beside it. What is certain is an error; what can only be guessed says so.

#[cfg(test)]
mod cases;
mod configuration;
mod dockerfile;
mod engine;
mod findings;
#[cfg(test)]
pub(crate) mod fixture;
pub mod render;
mod report;
mod rule;
pub mod rules;
mod waiver;

pub use configuration::{Configuration, Preset};
pub use dockerfile::DockerfileLines;
pub use engine::{Audit, Auditor, Context};
pub use findings::{Draft, Findings};
pub use report::{Origin, described, reports};
pub use rule::{Confidence, Finding, Group, Place, Rule};
pub use waiver::{Waiver, WaiverError};

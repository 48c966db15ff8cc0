//! Diagnostics, hints and what they share: findings and their renderers, whose fault an error is, "did you mean".

mod fault;
mod finding;
mod fingerprint;
mod fix;
pub mod render;
mod rule_info;
mod severity;
mod size;
mod suggest;

pub use fault::Fault;
pub use finding::{Code, FileReport, Finding, Place, Related};
pub use fingerprint::fingerprints;
pub use fix::{Edit, FileWrite, Fix, Safety};
pub use rule_info::{Concern, RuleInfo};
pub use severity::{Severity, UnknownSeverity};
pub use size::size;
pub use suggest::closest;

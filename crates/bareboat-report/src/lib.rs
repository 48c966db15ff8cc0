//! Diagnostics, hints and what they share: findings and their renderers, whose fault an error is, "did you mean".

mod fault;
mod finding;
mod fix;
pub mod render;
mod severity;
mod suggest;

pub use fault::Fault;
pub use finding::{Code, FileReport, Finding, Place, Related};
pub use fix::{Edit, FileWrite, Fix, Safety};
pub use severity::{Severity, UnknownSeverity};
pub use suggest::closest;

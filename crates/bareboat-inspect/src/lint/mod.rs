//! `lint`: judges Dockerfiles.
//!
//! [`Linter`] is made once from a [`Configuration`]; [`Linter::lint`] judges one file. A rule is a file in
//! `rules/` with its documentation and tests beside it. Nothing here does I/O: the file, its build context and the
//! day come in as values.

mod add_ignore;
mod baseline;
mod build_context;
#[cfg(test)]
mod cases;
mod configuration;
pub mod context;
mod embedded;
mod engine;
mod findings;
mod fix;
mod page;
mod pragma;
mod preset;
mod rule;
pub mod rules;
mod shellcheck;
#[cfg(test)]
mod tests;

pub use add_ignore::add_ignores;
pub use baseline::{Baseline, BaselineError};
pub use build_context::{BuildContext, ContextFiles, Entry, EntryKind, MemoryFiles};
pub use configuration::{
    Configuration, ConfigurationError, ConfigurationFile, FileError, LabelFormat, Settings, Threshold,
    TomlKind,
};
pub use context::Context;
pub use embedded::{Builds, Embedded, HostError, HostKind, NamedDockerfile};
pub(crate) use engine::place;
pub use engine::{Input, Linter};
pub use findings::{Draft, Findings};
pub use fix::{Fixed, WhichFixes};
pub use preset::{Preset, UnknownPreset};
pub use rule::{Group, Rule, Ruleset};
pub use shellcheck::{RunShellCheck, ScriptToCheck, ShellRemark, read_remarks};

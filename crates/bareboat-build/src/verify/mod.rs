//! The proof that an image starts, from the bytes of the result, not from the plan.

mod entry_point;
pub mod loader;
mod modules;

use bareboat_image::TreePath;
use serde::{Deserialize, Serialize};

pub use self::modules::Application;
use crate::BuildError;
use crate::app::compose::Composition;
use crate::app::target::Target;
use crate::event::Observer;
use crate::image::Runtime;

/// What was proved, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    /// ELF files that are for the platform, whose loader and libraries are there and define the versions they want.
    pub elf_files: usize,
    /// ELF files that only run time can tell about: they need what another may have loaded before, or the host brings,
    /// or nothing loads them.
    #[serde(default)]
    pub unknown_elf_files: usize,
    /// Extension modules whose tag fits the interpreter.
    pub extension_modules: usize,
    /// Extension modules whose name and wheel do not say what they are for.
    #[serde(default)]
    pub unknown_extension_modules: usize,
    /// Scripts whose interpreter is there.
    pub scripts: usize,
    /// Imports of the application that resolve.
    pub imports: usize,
    /// Imports of the application that only run time can tell.
    pub unknown_imports: usize,
}

impl std::fmt::Display for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if *self == Self::default() {
            return f.write_str("nothing");
        }
        let unknown = |count: usize| if count > 0 { format!(" ({count} unknown)") } else { String::new() };
        write!(f, "{} ELF files{}, ", self.elf_files, unknown(self.unknown_elf_files))?;
        let modules = unknown(self.unknown_extension_modules);
        write!(f, "{} extension modules{modules}, {} scripts, ", self.extension_modules, self.scripts)?;
        write!(f, "{} imports{}", self.imports, unknown(self.unknown_imports))
    }
}

/// A reason why the image would not start, or not do everything.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// The file.
    pub path: TreePath,
    /// What is missing or wrong.
    pub what: String,
    /// What to do.
    pub hint: String,
}

/// Proves that the composition starts.
///
/// # Errors
/// Everything that would fail at run time, all of it at once.
pub fn verify(
    composition: &Composition,
    runtime: &Runtime,
    target: Target,
    application: &Application<'_>,
    observer: &Observer,
) -> Result<Proof, BuildError> {
    let mut proof = Proof::default();
    let mut findings = Vec::new();
    let library_path = runtime.environment.get("LD_LIBRARY_PATH").map(String::as_str).unwrap_or_default();
    let report = loader::load(composition, application.locked, target, library_path, application.store)?;
    loader::judge(&report, composition, target, observer, &mut proof, &mut findings);
    entry_point::check(composition, runtime, &mut proof, &mut findings);
    modules::check_tags(composition, target, &mut proof, &mut findings);
    modules::check_imports(composition, runtime, target, application, observer, &mut proof, &mut findings);
    if findings.is_empty() {
        return Ok(proof);
    }
    findings.sort();
    findings.dedup();
    let text = |finding: &Finding| {
        let origin =
            composition.origin(&finding.path).map(|origin| format!(" ({origin})")).unwrap_or_default();
        format!("  {}{origin}: {}\n    {}", finding.path, finding.what, finding.hint)
    };
    Err(BuildError::Unproved { findings: findings.iter().map(text).collect() })
}

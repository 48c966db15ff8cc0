//! A comparison for people: one table, at most 80 columns for two images.

use bareboat_report::size;

use super::{Candidate, Difference, FileChange, package_counts};
use crate::facts::{Facts, Tool};

/// How yes and no are drawn. Words always say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbols {
    /// `✓` and `✗`, bars of blocks.
    Unicode,
    /// `+` and `-`, bars of `#`.
    Ascii,
}

/// A line of the table: its name, a cell for each image, and the change for two.
struct Row {
    name: &'static str,
    cells: Vec<String>,
    change: String,
}

/// The table, and for two images what is largest in one of them only.
pub fn text(candidates: &[Candidate], symbols: Symbols) -> String {
    let rows = rows(candidates, symbols);
    let names: Vec<String> =
        candidates.iter().map(|candidate| tail(&candidate.facts.name, WIDEST, symbols)).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row.cells[column].chars().count());
        cells.chain([names[column].chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..candidates.len()).map(width).collect();
    let has_change = candidates.len() == 2;
    let line = |name: &str, cells: &[String], change: &str| {
        let mut line = format!("{name:NAME$}");
        for (cell, width) in cells.iter().zip(&widths) {
            line.push_str(&format!("{cell}{}  ", " ".repeat(width.saturating_sub(cell.chars().count()))));
        }
        line.push_str(if has_change { change } else { "" });
        format!("{}\n", line.trim_end())
    };
    let mut text = line("", &names, "change");
    for row in &rows {
        text.push_str(&line(row.name, &row.cells, &row.change));
    }
    if let [first, second] = candidates {
        text.push_str(&differences(&first.facts, &second.facts, symbols));
    }
    text
}

const NAME: usize = 22;
const WIDEST: usize = 24;
const BAR: usize = 8;

/// The end of a long name, which is what tells names apart.
fn tail(name: &str, most: usize, symbols: Symbols) -> String {
    let length = name.chars().count();
    let left_out = if symbols == Symbols::Unicode { "…" } else { "..." };
    match length > most {
        true => format!(
            "{left_out}{}",
            name.chars().skip(length - most + left_out.chars().count()).collect::<String>()
        ),
        false => name.to_owned(),
    }
}

fn rows(candidates: &[Candidate], symbols: Symbols) -> Vec<Row> {
    let facts: Vec<&Facts> = candidates.iter().map(|candidate| &candidate.facts).collect();
    let mut rows = vec![
        bytes("pull size", facts.iter().map(|facts| facts.sizes.pull).collect(), symbols),
        bytes("on disk (visible)", facts.iter().map(|facts| Some(facts.sizes.visible)).collect(), symbols),
        bytes("hidden in layers", facts.iter().map(|facts| Some(facts.sizes.hidden)).collect(), symbols),
        counted("packages", &facts, &packages),
        counted("executables", &facts, &executables),
    ];
    for (name, tool) in [
        ("shell", Tool::Shell),
        ("package manager", Tool::PackageManager),
        ("compiler", Tool::Compiler),
        ("network tools", Tool::Network),
    ] {
        rows.push(counted(name, &facts, &|facts| tools(facts, tool, symbols)));
    }
    let users = facts.iter().map(|facts| user(facts, symbols)).collect();
    rows.push(Row { name: "runs as", cells: users, change: String::new() });
    rows.push(counted("setuid / file caps", &facts, &|facts| {
        let (set_id, capabilities) = (facts.surface.set_id.len(), facts.surface.capabilities.len());
        let number = set_id + capabilities;
        (number, format!("{} {set_id} / {capabilities}", mark(number == 0, symbols)))
    }));
    rows.push(counted("secrets", &facts, &|facts| {
        let number = facts.secrets.len();
        (number, format!("{} {number}", mark(number == 0, symbols)))
    }));
    let hard = |candidate: &Candidate| format!("{}/{}", candidate.audit.passed, candidate.audit.hard);
    let passed: Vec<usize> = candidates.iter().map(|candidate| candidate.audit.passed).collect();
    rows.push(Row {
        name: "hard rules",
        cells: candidates.iter().map(hard).collect(),
        change: signed(&passed),
    });
    rows
}

/// A row of sizes with bars.
fn bytes(name: &'static str, values: Vec<Option<u64>>, symbols: Symbols) -> Row {
    let most = values.iter().flatten().copied().max().unwrap_or_default();
    let cell = |value: &Option<u64>| match value {
        Some(value) => format!("{:9}{}", size(*value), bar(*value, most, symbols)),
        None => "unknown".to_owned(),
    };
    Row { name, cells: values.iter().map(cell).collect(), change: percent(&values) }
}

/// A row of numbers, each with its text.
fn counted(name: &'static str, facts: &[&Facts], of: &dyn Fn(&Facts) -> (usize, String)) -> Row {
    let (numbers, cells): (Vec<usize>, Vec<String>) = facts.iter().map(|facts| of(facts)).unzip();
    Row { name, change: signed(&numbers), cells }
}

fn packages(facts: &Facts) -> (usize, String) {
    let counts = package_counts(facts);
    let text: Vec<String> =
        counts.iter().map(|(ecosystem, number)| format!("{number} {}", ecosystem.as_str())).collect();
    let text = if text.is_empty() { "0".to_owned() } else { text.join(", ") };
    (counts.iter().map(|(_, number)| number).sum(), text)
}

fn executables(facts: &Facts) -> (usize, String) {
    let all = &facts.surface.executables;
    let names: usize = all.iter().map(|executable| 1 + executable.links.len()).sum();
    (all.len(), format!("{} ({names} names)", all.len()))
}

fn user(facts: &Facts, symbols: Symbols) -> String {
    let user = &facts.user;
    match (&user.fault, facts.has_config) {
        (_, false) => "unknown".to_owned(),
        (Some(_), _) => format!("{} {}: unresolved", mark(false, symbols), user.spec),
        (None, _) => format!("{} {}:{}", mark(!user.is_root(), symbols), user.uid, user.gid),
    }
}

fn tools(facts: &Facts, tool: Tool, symbols: Symbols) -> (usize, String) {
    let mut names: Vec<String> = facts
        .surface
        .tools(tool)
        .flat_map(|(_, names)| names)
        .map(|path| String::from_utf8_lossy(path.file_name()).into_owned())
        .collect();
    names.sort();
    names.dedup();
    let text = match names.len() {
        0 => format!("{} none", mark(true, symbols)),
        1 | 2 => format!("{} {}", mark(false, symbols), names.join(" ")),
        more => format!("{} {} and {}", mark(false, symbols), names[0], more - 1),
    };
    (names.len(), text)
}

const fn mark(good: bool, symbols: Symbols) -> &'static str {
    match (symbols, good) {
        (Symbols::Unicode, true) => "✓",
        (Symbols::Unicode, false) => "✗",
        (Symbols::Ascii, true) => "+",
        (Symbols::Ascii, false) => "-",
    }
}

fn bar(value: u64, most: u64, symbols: Symbols) -> String {
    let block = if symbols == Symbols::Unicode { "█" } else { "#" };
    let length = u128::from(value) * BAR as u128;
    let length = usize::try_from(length.div_ceil(u128::from(most.max(1)))).unwrap_or(BAR);
    block.repeat(length.min(BAR))
}

/// The second relative to the first, `+12.5 %`.
fn percent(values: &[Option<u64>]) -> String {
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

/// What is largest in one image only, and how many packages differ.
fn differences(first: &Facts, second: &Facts, symbols: Symbols) -> String {
    let difference = Difference::between(first, second);
    let mut text = String::new();
    for (kind, name) in [("removed", &first.name), ("added", &second.name)] {
        let mut files: Vec<&FileChange> =
            difference.files.iter().filter(|change| change.kind == kind).collect();
        files.sort_by_key(|change| std::cmp::Reverse(change.before.max(change.after)));
        let largest = files.iter().filter(|change| change.before.max(change.after) > 0).take(3);
        let shown: Vec<String> = largest
            .map(|change| format!("{} {}", change.path, size(change.before.max(change.after))))
            .collect();
        if !shown.is_empty() {
            text.push_str(&format!("\nlargest only in {name}:\n"));
            text.extend(shown.iter().map(|line| format!("  {line}\n")));
        }
    }
    if !difference.packages.is_empty() {
        let only = |before: bool, after: bool| {
            difference
                .packages
                .iter()
                .filter(|change| change.before.is_some() == before && change.after.is_some() == after)
                .count()
        };
        text.push_str(&format!(
            "\npackages: {} only in {}, {} only in {}, {} in other versions\n",
            only(true, false),
            first.name,
            only(false, true),
            second.name,
            only(true, true),
        ));
    }
    if !difference.configuration.is_empty() {
        text.push('\n');
    }
    for (name, before, after) in &difference.configuration {
        let shown = |text: &str| if text.is_empty() { "nothing".to_owned() } else { tail(text, 60, symbols) };
        let arrow = if symbols == Symbols::Unicode { "→" } else { "->" };
        text.push_str(&format!("{name}: {}\n  {arrow} {}\n", shown(before), shown(after)));
    }
    text
}

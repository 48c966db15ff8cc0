//! A comparison for people: one table, at most 80 columns for two images.

use bareboat_report::size;

use super::matrix::{self, Cell, Row};
use super::{Candidate, Difference, FileChange};
use crate::facts::Facts;

/// How yes and no are drawn. Words always say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbols {
    /// `✓` and `✗`, bars of blocks.
    Unicode,
    /// `+` and `-`, bars of `#`.
    Ascii,
}

/// The table, and for two images what is largest in one of them only.
pub fn text(candidates: &[Candidate], symbols: Symbols) -> String {
    let rows: Vec<(&str, Vec<String>, String)> = matrix::rows(candidates)
        .into_iter()
        .map(|row| {
            let cells = row.cells.iter().map(|cell| shown(&row, cell, symbols)).collect();
            (row.name, cells, row.change)
        })
        .collect();
    let names: Vec<String> =
        candidates.iter().map(|candidate| tail(&candidate.facts.name, WIDEST, symbols)).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|(_, cells, _)| cells[column].chars().count());
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
    for (name, cells, change) in &rows {
        text.push_str(&line(name, cells, change));
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

/// A cell as it is shown: a size with a bar, a verdict with its sign.
fn shown(row: &Row, cell: &Cell, symbols: Symbols) -> String {
    if let Some(bytes) = cell.bytes {
        let most = row.cells.iter().filter_map(|cell| cell.bytes).max().unwrap_or_default();
        return format!("{:9}{}", cell.text, bar(bytes, most, symbols));
    }
    match cell.verdict {
        Some(good) => format!("{} {}", mark(good, symbols), cell.text),
        None => cell.text.clone(),
    }
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

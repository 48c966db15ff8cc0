//! A comparison for a pull request: one table as the images were named, and what differs behind folds.

use std::fmt::Write;

use bareboat_report::size;

use super::matrix::{self, Cell};
use super::{Candidate, Difference, FileChange, PackageChange};

/// Tables in Markdown as GitHub and GitLab read it.
pub fn markdown(candidates: &[Candidate]) -> String {
    // A program that keeps one comment up to date finds it by this line.
    let mut text = String::from("<!-- bareboat compare -->\n");
    let has_change = candidates.len() == 2;
    let names = candidates.iter().map(|candidate| format!(" {} |", code(&candidate.facts.name)));
    let change = if has_change { " change |" } else { "" };
    let _ = writeln!(text, "| |{}{change}", names.collect::<String>());
    let columns = candidates.len() + usize::from(has_change);
    let _ = writeln!(text, "|---|{}", "--:|".repeat(columns));
    for row in matrix::rows(candidates) {
        let cells: String = row.cells.iter().map(|cell| format!(" {} |", shown(cell))).collect();
        let change = if has_change { format!(" {} |", row.change) } else { String::new() };
        let _ = writeln!(text, "| {} |{cells}{change}", row.name);
    }
    let mut others = candidates.iter();
    if let Some(first) = others.next() {
        for other in others {
            let difference = Difference::between(&first.facts, &other.facts);
            text.push_str(&folds(&difference, &other.facts.name, has_change));
        }
    }
    let platforms = candidates.iter().filter_map(|candidate| {
        let facts = &candidate.facts;
        let digest = facts.digest.as_ref().map(|digest| format!(" `{digest}`")).unwrap_or_default();
        Some(format!("{} {}{digest}", code(&facts.name), facts.platform.as_ref()?))
    });
    let platforms = platforms.collect::<Vec<_>>().join("<br>");
    let _ = writeln!(
        text,
        "\npull: compressed layers; visible: files a container sees; hidden: shipped, but overwritten or deleted.<br>{platforms}"
    );
    text
}

/// Words with the sign that says the same.
fn shown(cell: &Cell) -> String {
    let sign = match cell.verdict {
        Some(true) => "✅ ",
        Some(false) => "❌ ",
        None => "",
    };
    format!("{sign}{}", cell.text.replace('|', "\\|"))
}

/// Text in backticks that stays in its cell.
fn code(text: &str) -> String {
    if text.is_empty() {
        return "—".to_owned();
    }
    format!("`{}`", text.replace('`', "'").replace('|', "\\|").replace(['\n', '\r'], " "))
}

/// What differs, folded away.
fn folds(difference: &Difference, name: &str, only: bool) -> String {
    let suffix = if only { String::new() } else { format!(" in {}", plain(name)) };
    let mut text = String::new();
    if !difference.packages.is_empty() {
        let rows: String = difference.packages.iter().take(MOST_ROWS).map(package).collect();
        let title = format!("{}{suffix}", differ(difference.packages.len(), "package"));
        text.push_str(&fold(&title, "| package | before | after | size |\n|---|---|---|--:|\n", &rows));
    }
    let mut files: Vec<&FileChange> =
        difference.files.iter().filter(|change| change.before != change.after).collect();
    files.sort_by_key(|change| (std::cmp::Reverse(change.before.abs_diff(change.after)), &change.path));
    if !files.is_empty() {
        let rows: String = files.iter().take(LARGEST_FILES).map(|change| file(change)).collect();
        let title = format!("{}{suffix}; the largest changes", differ(difference.files.len(), "file"));
        text.push_str(&fold(&title, "| file | | size |\n|---|---|--:|\n", &rows));
    }
    if !difference.configuration.is_empty() {
        let row = |(name, before, after): &(&str, String, String)| {
            format!("| {name} | {} | {} |\n", code(before), code(after))
        };
        let rows: String = difference.configuration.iter().map(row).collect();
        let title = format!("the configuration differs{suffix}");
        text.push_str(&fold(&title, "| | before | after |\n|---|---|---|\n", &rows));
    }
    text
}

/// `3 files differ`.
pub(super) fn differ(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what} differs") } else { format!("{number} {what}s differ") }
}

fn fold(title: &str, head: &str, rows: &str) -> String {
    format!("\n<details><summary>{title}</summary>\n\n{head}{rows}\n</details>\n")
}

fn package(change: &PackageChange) -> String {
    let version =
        |side: &Option<(String, u64)>| side.as_ref().map_or("—".to_owned(), |(version, _)| code(version));
    let bytes = |side: &Option<(String, u64)>| side.as_ref().map_or(0, |(_, bytes)| *bytes);
    let change_of_size = signed(bytes(&change.before), bytes(&change.after));
    format!(
        "| {} {} | {} | {} | {change_of_size} |\n",
        change.ecosystem.as_str(),
        code(&change.name),
        version(&change.before),
        version(&change.after)
    )
}

fn file(change: &FileChange) -> String {
    format!(
        "| {} | {} | {} |\n",
        code(&change.path.to_string()),
        change.kind,
        signed(change.before, change.after)
    )
}

/// A difference of bytes with its sign.
pub(super) fn signed(before: u64, after: u64) -> String {
    match after.cmp(&before) {
        std::cmp::Ordering::Less => format!("-{}", size(before - after)),
        std::cmp::Ordering::Equal => "=".to_owned(),
        std::cmp::Ordering::Greater => format!("+{}", size(after - before)),
    }
}

fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// GitHub refuses comments of more than 65,536 characters.
const MOST_ROWS: usize = 150;
const LARGEST_FILES: usize = 20;

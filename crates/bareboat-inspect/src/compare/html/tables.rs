//! Tables of the page: the matrix with the lists behind it, and what differs.

use std::fmt::Write;

use bareboat_report::size;

use super::escape;
use crate::compare::markdown::{differ, signed};
use crate::compare::matrix::{self, Cell};
use crate::compare::{Candidate, Difference, FileChange};

/// Items of one list.
const MOST_ITEMS: usize = 250;
const MOST_PACKAGES: usize = 800;
const MOST_FILES: usize = 1_500;

/// All rows, best and worst marked in words and colours.
pub(super) fn matrix(candidates: &[Candidate]) -> String {
    let has_change = candidates.len() == 2;
    let mut text = String::from("<div class=\"wide\"><table class=\"matrix\">\n<tr><td></td>");
    for candidate in candidates {
        let _ = write!(text, "<th scope=\"col\">{}</th>", escape(&candidate.facts.name));
    }
    text.push_str(if has_change { "<th scope=\"col\">change</th></tr>\n" } else { "</tr>\n" });
    for row in matrix::rows(candidates) {
        let _ = write!(text, "<tr><th scope=\"row\">{}</th>", row.name);
        row.cells.iter().for_each(|one| text.push_str(&cell(one)));
        if has_change {
            let _ = write!(text, "<td>{}</td>", escape(&row.change));
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</table></div>\n");
    text
}

fn cell(cell: &Cell) -> String {
    let (class, sign) = match cell.verdict {
        Some(true) => (" class=\"good\"", "✓ "),
        Some(false) => (" class=\"bad\"", "✗ "),
        None => ("", ""),
    };
    let words = format!("{sign}{}", escape(&cell.text));
    if cell.list.is_empty() {
        return format!("<td{class}>{words}</td>");
    }
    let items = cell.list.iter().take(MOST_ITEMS);
    let items: String = items.map(|item| format!("<li>{}</li>", escape(item))).collect();
    let more = more(cell.list.len(), MOST_ITEMS);
    format!("<td{class}><details><summary>{words}</summary><ul>{items}</ul>{more}</details></td>")
}

/// What a list leaves out.
fn more(all: usize, shown: usize) -> String {
    match all.checked_sub(shown) {
        None | Some(0) => String::new(),
        Some(more) => format!("<p>{more} more are not shown</p>"),
    }
}

/// Packages that were added, removed or changed.
pub(super) fn packages(difference: &Difference) -> String {
    let all = &difference.packages;
    if all.is_empty() {
        return "<h3>Packages</h3>\n<p>The same in the same versions.</p>\n".to_owned();
    }
    let mut text = format!(
        "<h3>{}</h3>\n<div class=\"wide\"><table>\n<tr><th scope=\"col\">package</th><th scope=\"col\">before</th><th scope=\"col\">after</th><th scope=\"col\">bytes</th></tr>\n",
        differ(all.len(), "package")
    );
    for change in all.iter().take(MOST_PACKAGES) {
        let version = |side: &Option<(String, u64)>| {
            side.as_ref().map_or("—".to_owned(), |(version, _)| escape(version))
        };
        let bytes = |side: &Option<(String, u64)>| side.as_ref().map_or(0, |(_, bytes)| *bytes);
        let _ = writeln!(
            text,
            "<tr><td>{} {}</td><td>{}</td><td>{}</td><td class=\"number\">{}</td></tr>",
            change.ecosystem.as_str(),
            escape(&change.name),
            version(&change.before),
            version(&change.after),
            signed(bytes(&change.before), bytes(&change.after))
        );
    }
    let _ = writeln!(text, "</table></div>{}", more(all.len(), MOST_PACKAGES));
    text
}

/// Files, the largest changes first; a script can search them.
pub(super) fn files(difference: &Difference) -> String {
    let mut all: Vec<&FileChange> = difference.files.iter().collect();
    if all.is_empty() {
        return "<h3>Files</h3>\n<p>All are the same.</p>\n".to_owned();
    }
    all.sort_by_key(|change| (std::cmp::Reverse(change.before.abs_diff(change.after)), &change.path));
    let mut text = format!(
        "<h3>{}</h3>\n<p hidden class=\"search\"><label>search <input type=\"search\"></label> <output></output></p>\n\
         <div class=\"wide tall\"><table class=\"files\">\n<tr><th scope=\"col\">file</th><th scope=\"col\">what</th><th scope=\"col\">before</th><th scope=\"col\">after</th><th scope=\"col\">bytes</th></tr>\n",
        differ(all.len(), "file")
    );
    for change in all.iter().take(MOST_FILES) {
        let (before, after) = match change.kind {
            "added" => ("—".to_owned(), size(change.after)),
            "removed" => (size(change.before), "—".to_owned()),
            _ => (size(change.before), size(change.after)),
        };
        let _ = writeln!(
            text,
            "<tr><td>{}</td><td>{}</td><td class=\"number\">{before}</td><td class=\"number\">{after}</td><td class=\"number\">{}</td></tr>",
            escape(&change.path.to_string()),
            change.kind,
            signed(change.before, change.after)
        );
    }
    let _ = writeln!(text, "</table></div>{}", more(all.len(), MOST_FILES));
    text
}

/// Settings that differ.
pub(super) fn configuration(difference: &Difference) -> String {
    if difference.configuration.is_empty() {
        return "<h3>Configuration</h3>\n<p>The same.</p>\n".to_owned();
    }
    let mut text = String::from(
        "<h3>Configuration</h3>\n<div class=\"wide\"><table>\n<tr><td></td><th scope=\"col\">before</th><th scope=\"col\">after</th></tr>\n",
    );
    for (name, before, after) in &difference.configuration {
        let shown = |text: &str| {
            if text.is_empty() { "—".to_owned() } else { format!("<code>{}</code>", escape(text)) }
        };
        let _ = writeln!(
            text,
            "<tr><th scope=\"row\">{name}</th><td>{}</td><td>{}</td></tr>",
            shown(before),
            shown(after)
        );
    }
    text.push_str("</table></div>\n");
    text
}

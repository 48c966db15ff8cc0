//! Findings as text for people and as documents for programs; one file per format.

mod checkstyle;
mod codeclimate;
mod diff;
mod format;
mod github;
mod gnu;
mod json;
mod junit;
pub(crate) mod lines;
mod markdown;
mod sarif;
mod sonarqube;
mod table;
#[cfg(test)]
mod tests;
mod text;
pub mod xml;

pub use checkstyle::checkstyle;
pub use codeclimate::codeclimate;
pub use diff::diff;
pub use format::{Format, Report, UnknownFormat, render};
pub use github::github;
pub use gnu::gnu;
pub use json::json;
pub use junit::junit;
pub use markdown::markdown;
pub use sarif::sarif;
pub use sonarqube::sonarqube;
pub use table::table;
pub use text::{TextStyle, text};

use crate::Finding;

/// The message with everything that goes with it, a line each: for places that show one text.
fn whole_message(finding: &Finding) -> String {
    let notes = finding.notes.iter().map(String::as_str);
    let lines: Vec<&str> =
        [finding.message.as_str()].into_iter().chain(notes).chain(finding.help.as_deref()).collect();
    lines.join("\n")
}

/// The rule's name and the first alias, as people look for either.
fn title(finding: &Finding) -> String {
    match finding.aliases.first() {
        Some(alias) => format!("{}, {alias}", finding.rule),
        None => finding.rule.to_string(),
    }
}

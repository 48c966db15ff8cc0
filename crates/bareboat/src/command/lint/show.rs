//! What `lint` prints: data to stdout, the sum of it to stderr.

use std::collections::BTreeMap;

use bareboat_inspect::lint::rules;
use bareboat_report::render::{self, Format, Report, TextStyle};
use bareboat_report::{FileReport, Finding, RuleInfo, Safety, Severity};

use super::judge::Judged;
use super::source::Target;
use crate::cli::LintArgs;
use crate::terminal::{Terminal, print};

/// Prints what was found.
pub fn show(
    arguments: &LintArgs,
    terminal: &Terminal,
    format: Format,
    targets: &[&Target],
    judged: &[Judged],
    accepted: usize,
) {
    let style = TextStyle { colors: terminal.colors_data(), width: 110 };
    if arguments.diff {
        for judged in judged {
            let before = judged.before.as_deref().unwrap_or(&judged.report.source);
            print(&render::diff(&judged.report.path, before, &judged.report.source));
        }
        return;
    }
    // The changed text of standard input has no other place to go.
    let changes = arguments.fix || arguments.add_ignore.is_some();
    let piped = changes && targets.iter().any(|target| target.is_standard_input());
    let reports: Vec<FileReport> = judged.iter().map(|judged| judged.report.clone()).collect();
    let rules = described(format, &reports);
    let report = Report { files: &reports, rules: &rules, version: env!("CARGO_PKG_VERSION") };
    let text = render::render(format, &report, style);
    if piped {
        let piped = targets.iter().zip(&reports).filter(|(target, _)| target.is_standard_input());
        piped.for_each(|(_, report)| print(&String::from_utf8_lossy(&report.source)));
        terminal.say(text.trim_end());
    } else {
        print(&text);
    }
    terminal.say(&sum(arguments, judged, accepted));
}

/// The rules that documents describe: those that found something, by name.
fn described(format: Format, reports: &[FileReport]) -> Vec<RuleInfo> {
    if !matches!(format, Format::Sarif | Format::Gitlab | Format::Codeclimate | Format::Sonarqube) {
        return Vec::new();
    }
    let found = reports.iter().flat_map(|report| &report.findings).map(|finding| finding.rule.as_ref());
    let found = found.filter_map(|name| Some((name, rules::find(name).next()?.info())));
    found.collect::<BTreeMap<&str, RuleInfo>>().into_values().collect()
}

fn sum(arguments: &LintArgs, judged: &[Judged], accepted: usize) -> String {
    let findings: Vec<&Finding> = judged.iter().flat_map(|judged| &judged.report.findings).collect();
    let files = count(judged.len(), "file");
    let applied: usize = judged.iter().map(|judged| judged.applied).sum();
    let mut done = match (&arguments.add_ignore, arguments.fix) {
        (Some(_), _) => format!("{applied} silenced, "),
        (None, true) => format!("{applied} repaired, "),
        (None, false) => String::new(),
    };
    if accepted > 0 {
        done.push_str(&format!("{accepted} accepted by the baseline, "));
    }
    let severities = findings.iter().map(|finding| finding.severity);
    let mut text = format!("{files}: {done}{}", sum_of(severities));
    let fixable = |safety| {
        let fixes = findings.iter().filter_map(|finding| finding.fix.as_ref());
        fixes.filter(|fix| fix.safety == safety).count()
    };
    let (safe, unsafe_) = (fixable(Safety::Safe), fixable(Safety::Unsafe));
    if safe > 0 {
        text.push_str(&format!("; `--fix` repairs {safe}"));
    }
    if unsafe_ > 0 {
        text.push_str(&format!("; `--fix --unsafe` repairs {}", safe + unsafe_));
    }
    text
}

/// How many of each severity, worst first.
pub fn sum_of(severities: impl Iterator<Item = Severity>) -> String {
    let all: Vec<Severity> = severities.collect();
    let of_each = Severity::ALL.into_iter().rev().filter_map(|severity| {
        let of_it = all.iter().filter(|other| **other == severity).count();
        (of_it > 0).then(|| match severity {
            Severity::Info => count(of_it, "notice"),
            Severity::Style if of_it == 1 => "1 matter of style".to_owned(),
            Severity::Style => format!("{of_it} matters of style"),
            _ => count(of_it, severity.as_str()),
        })
    });
    let text = of_each.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "nothing found".to_owned() } else { text }
}

fn count(number: usize, name: &str) -> String {
    if number == 1 { format!("1 {name}") } else { format!("{number} {name}s") }
}

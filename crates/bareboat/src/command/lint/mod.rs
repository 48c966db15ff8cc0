//! `bareboat lint`: judges Dockerfiles, and repairs them. Opens no cache.

mod directory;
mod source;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

use bareboat_inspect::knowledge::{self, Date};
use bareboat_inspect::lint::{
    BuildContext, Configuration, ConfigurationError, Input, Linter, Preset, Settings, WhichFixes,
};
use bareboat_report::render::{self, TextStyle};
use bareboat_report::{FileReport, FileWrite, Finding, Safety, Severity};
use rayon::prelude::*;

use self::directory::DirectoryFiles;
use self::source::{Source, sources};
use crate::cli::{Format, LintArgs, PresetChoice, SeverityChoice};
use crate::failure::Failure;
use crate::terminal::{Terminal, print};

/// From so many files on, several threads are worth starting.
const WORTH_THREADS: usize = 4;

/// What one file gave.
struct Judged {
    report: FileReport,
    /// The text before its fixes, when they change it.
    before: Option<Vec<u8>>,
    writes: Vec<FileWrite>,
    applied: usize,
}

/// Judges every file that is named; 1 when something is found.
pub fn run(arguments: &LintArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let linter = Linter::new(configuration(arguments)).map_err(refused)?;
    let today = today();
    let (found, mut failures) = sources(arguments);
    let judge = |source: &Source| judge(arguments, &linter, today, source);
    let judged: Vec<Judged> = match found.len() >= WORTH_THREADS {
        true => found.par_iter().map(judge).collect(),
        false => found.iter().map(judge).collect(),
    };
    if arguments.fix && !arguments.diff {
        for (source, judged) in found.iter().zip(&judged) {
            failures
                .extend(source.write(judged.before.as_ref().map(|_| judged.report.source.as_slice())).err());
            failures.extend(judged.writes.iter().filter_map(|write| source.write_beside(write).err()));
        }
    }
    show(arguments, terminal, &found, &judged);
    for failure in &failures {
        terminal.failure(failure);
    }
    if let Some(worst) = failures.iter().map(|failure| failure.fault).max() {
        return Ok(ExitCode::from(worst.exit_code()));
    }
    let threshold = severity(arguments.threshold);
    let findings = judged.iter().flat_map(|judged| &judged.report.findings);
    let fails = findings.into_iter().any(|finding| finding.severity >= threshold);
    Ok(ExitCode::from(u8::from(fails)))
}

fn judge(arguments: &LintArgs, linter: &Linter, today: Option<Date>, source: &Source) -> Judged {
    let context = arguments.context.as_deref().or(source.directory());
    let files = context.map(DirectoryFiles::new);
    let name = source.name_in(context);
    let build =
        files.as_ref().map(|files| BuildContext::new(files, name.as_deref(), arguments.context.is_none()));
    let given = BTreeMap::new();
    let input = Input {
        source: &source.text,
        build: build.as_ref(),
        today,
        arguments: &given,
        facts: &knowledge::lookup,
    };
    let path = source.path.clone();
    if !arguments.fix && !arguments.diff {
        let findings = linter.lint(&input);
        let report = FileReport { path, source: source.text.clone(), findings };
        return Judged { report, before: None, writes: Vec::new(), applied: 0 };
    }
    let which = if arguments.unsafe_fixes { WhichFixes::All } else { WhichFixes::Safe };
    let fixed = linter.fix(&input, which);
    let before = (fixed.source != source.text).then(|| source.text.clone());
    let applied = fixed.applied.len();
    let report = FileReport { path, source: fixed.source, findings: fixed.findings };
    Judged { report, before, writes: fixed.writes, applied }
}

/// Data to stdout, the sum of it to stderr.
fn show(arguments: &LintArgs, terminal: &Terminal, found: &[Source], judged: &[Judged]) {
    let style = TextStyle { colors: terminal.colors_data(), width: 110 };
    if arguments.diff {
        for judged in judged {
            let before = judged.before.as_deref().unwrap_or(&judged.report.source);
            print(&render::diff(&judged.report.path, before, &judged.report.source));
        }
        return;
    }
    // The repaired text of standard input has no other place to go.
    let piped = arguments.fix && found.iter().any(Source::is_standard_input);
    let reports: Vec<FileReport> = judged.iter().map(|judged| judged.report.clone()).collect();
    let text = match arguments.format {
        Format::Text => reports.iter().map(|report| render::text(report, style)).collect(),
        Format::Json => render::json(&reports),
    };
    match piped {
        true => {
            let piped = found.iter().zip(&reports).filter(|(source, _)| source.is_standard_input());
            piped.for_each(|(_, report)| print(&String::from_utf8_lossy(&report.source)));
            terminal.say(text.trim_end());
        }
        false => print(&text),
    }
    terminal.say(&sum(judged, arguments.fix));
}

fn sum(judged: &[Judged], fix: bool) -> String {
    let findings: Vec<&Finding> = judged.iter().flat_map(|judged| &judged.report.findings).collect();
    let files = count(judged.len(), "file");
    let applied: usize = judged.iter().map(|judged| judged.applied).sum();
    let repaired = if fix { format!("{applied} repaired, ") } else { String::new() };
    if findings.is_empty() {
        return format!("{files}: {repaired}nothing found");
    }
    let severities = Severity::ALL.into_iter().rev().filter_map(|severity| {
        let of_it = findings.iter().filter(|finding| finding.severity == severity).count();
        let name = match severity {
            Severity::Info => "notice",
            Severity::Style => "matter of style",
            _ => severity.as_str(),
        };
        (of_it > 0).then(|| {
            if of_it == 1 || name != "matter of style" {
                count(of_it, name)
            } else {
                format!("{of_it} matters of style")
            }
        })
    });
    let mut text = format!("{files}: {repaired}{}", severities.collect::<Vec<_>>().join(", "));
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

fn count(number: usize, name: &str) -> String {
    if number == 1 { format!("1 {name}") } else { format!("{number} {name}s") }
}

fn configuration(arguments: &LintArgs) -> Configuration {
    let preset = match arguments.preset {
        PresetChoice::Recommended => Preset::Recommended,
        PresetChoice::All => Preset::All,
        PresetChoice::Hadolint => Preset::Hadolint,
        PresetChoice::Buildkit => Preset::Buildkit,
    };
    Configuration {
        preset,
        enable: arguments.enable.clone(),
        ignore: arguments.ignore.clone(),
        settings: Settings { preset, ..Settings::default() },
        ..Configuration::default()
    }
}

fn refused(error: ConfigurationError) -> Failure {
    let failure = Failure::input(error.to_string());
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn severity(choice: SeverityChoice) -> Severity {
    match choice {
        SeverityChoice::Error => Severity::Error,
        SeverityChoice::Warning => Severity::Warning,
        SeverityChoice::Info => Severity::Info,
        SeverityChoice::Style => Severity::Style,
    }
}

fn today() -> Option<Date> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Date::from_days(i64::try_from(since.as_secs() / 86_400).ok()?)
}

/// `path` as findings name it.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}

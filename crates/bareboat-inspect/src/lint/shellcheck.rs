//! What an external ShellCheck says about a file's scripts, as findings of the rule `shellcheck`.
//!
//! Whoever calls the linter runs the program; here is what it is asked, and what its answer means. The script is
//! what the shell gets (continuations joined, comments between them gone), with one line in front that declares the
//! variables of ARG and ENV it mentions; answers are carried back to the bytes of the file. Codes that rules here
//! know themselves are not asked for.

use std::collections::BTreeSet;

use bareboat_dockerfile::shell::Script;
use bareboat_dockerfile::stages::VariableSource;
use bareboat_dockerfile::{Edit, Edits, Kind, Span, arguments};
use bareboat_report::Severity;
use serde::Deserialize;

use super::context::{Dialect, Execution, ShellScript, Step, is_variable_name};
use super::{Context, Findings, rules};

/// Longest script that is asked about, in bytes; ShellCheck's time grows faster than its input.
const LONGEST_SCRIPT: usize = 256 * 1024;
/// Scripts of one file that are asked about.
const MOST_SCRIPTS: usize = 5_000;
/// Remarks about one script that are reported.
const MOST_REMARKS: usize = 500;
/// Codes nobody wants here: what `source` names is not there; the first line is not a file's first line.
const POINTLESS: [u32; 6] = [1090, 1091, 1128, 2148, 2187, 2239];
/// Codes about variables that nobody assigns: in a trigger, only the stage it runs in knows.
const UNASSIGNED: [u32; 2] = [2153, 2154];

/// A script that ShellCheck is asked about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScriptToCheck {
    /// The value of `--shell`: `sh`, `dash`, `busybox`, `bash` or `ksh`.
    pub shell: &'static str,
    /// The numbers of codes that are not wanted.
    pub exclude: Vec<u32>,
    /// What to give it on standard input.
    pub text: String,
}

/// One remark of ShellCheck.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShellRemark {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    level: String,
    code: u32,
    message: String,
    fix: Option<ShellFix>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct ShellFix {
    replacements: Vec<Replacement>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Replacement {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    insertion_point: String,
    replacement: String,
}

/// Reads what ShellCheck prints with `--format json1`.
///
/// # Errors
/// It is something else.
pub fn read_remarks(output: &[u8]) -> Result<Vec<ShellRemark>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Answer {
        comments: Vec<ShellRemark>,
    }
    serde_json::from_slice(output).map(|answer: Answer| answer.comments)
}

/// Runs ShellCheck: an answer per script, `None` where there is none. It says itself what went wrong.
pub type RunShellCheck<'r> = dyn Fn(&[ScriptToCheck]) -> Vec<Option<Vec<ShellRemark>>> + Sync + 'r;

/// Asks about every script of the file and reports the answers.
pub(super) fn judge(context: &Context<'_>, run: &RunShellCheck<'_>, findings: &mut Findings<'_>) {
    let own = own_codes();
    let asked: Vec<Asked<'_>> =
        context.steps().filter_map(|(_, step)| Asked::new(context, step, &own)).take(MOST_SCRIPTS).collect();
    if asked.is_empty() {
        return;
    }
    let scripts: Vec<ScriptToCheck> = asked.iter().map(|asked| asked.question.clone()).collect();
    for (asked, remarks) in asked.iter().zip(run(&scripts)) {
        for remark in remarks.iter().flatten().take(MOST_REMARKS) {
            asked.report(context, remark, findings);
        }
    }
}

/// The numbers of the codes that rules here stand for.
fn own_codes() -> Vec<u32> {
    let aliases = rules::all().flat_map(|rule| rule.aliases);
    let codes = aliases.filter_map(|alias| alias.strip_prefix("SC")?.parse().ok());
    let codes: BTreeSet<u32> = codes.chain(POINTLESS).collect();
    codes.into_iter().collect()
}

/// A script with the question about it.
struct Asked<'c> {
    script: &'c Script,
    question: ScriptToCheck,
    /// Lines of the question in front of the script.
    before: usize,
    /// Changes to the script's bytes are changes to the file's.
    editable: bool,
}

impl<'c> Asked<'c> {
    fn new(context: &Context<'_>, step: &'c Step<'_>, own: &[u32]) -> Option<Self> {
        // A trigger was asked about where it stands.
        let run: &'c Execution<'_> = step.execution.as_ref().filter(|_| !step.triggered)?;
        let found: &'c ShellScript = run.scripts.first()?;
        let script = &found.script;
        let text = script.text().as_str();
        let shell = shell_name(found.dialect(&step.state))?;
        if text.len() > LONGEST_SCRIPT || text.trim().is_empty() {
            return None;
        }
        let mut exclude = own.to_vec();
        exclude.extend(UNASSIGNED.iter().filter(|_| step.is_onbuild()));
        let declared = declarations(context, step, text);
        let before = usize::from(!declared.is_empty());
        let question = ScriptToCheck { shell, exclude, text: format!("{declared}{text}") };
        // Quotes would have to be escaped inside a JSON string.
        Some(Self { script, question, before, editable: run.is_shell_form() })
    }

    fn report(&self, context: &Context<'_>, remark: &ShellRemark, findings: &mut Findings<'_>) {
        let text = self.script.text();
        let (Some(start), Some(end)) =
            (self.offset(remark.line, remark.column), self.offset(remark.end_line, remark.end_column))
        else {
            return;
        };
        let shortest = text.as_str()[start..].chars().next().map_or(0, char::len_utf8);
        let span = text.source_span(start..end.max(start + shortest));
        let code = format!("SC{}", remark.code);
        let draft = findings.report(span, message(&remark.message));
        draft.severity(match remark.level.as_str() {
            "error" => Severity::Error,
            "warning" => Severity::Warning,
            "style" => Severity::Style,
            _ => Severity::Info,
        });
        draft.help(format!("https://www.shellcheck.net/wiki/{code} explains it"));
        draft.codes(vec![code.into()]);
        if let Some(edits) = remark.fix.as_ref().and_then(|fix| self.edits(context, fix)) {
            draft.unsafe_fix("change it as ShellCheck proposes", edits);
        }
    }

    /// The offset in the script of a line and column of the question, both from 1, columns counting characters.
    /// `None` outside the script.
    fn offset(&self, line: usize, column: usize) -> Option<usize> {
        let text = self.script.text().as_str();
        let line = line.checked_sub(self.before + 1)?;
        let mut starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        let start = starts.nth(line)?;
        let rest = text[start..].split('\n').next().unwrap_or_default();
        let offset = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
        Some(start + offset)
    }

    /// The changes in the file; `None` unless each changes bytes that stand in the file as they stand in the script.
    fn edits(&self, context: &Context<'_>, fix: &ShellFix) -> Option<Vec<Edit>> {
        if !self.editable {
            return None;
        }
        let text = self.script.text();
        let mut edits = Vec::new();
        for replacement in &fix.replacements {
            let start = self.offset(replacement.line, replacement.column)?;
            let end = self.offset(replacement.end_line, replacement.end_column)?;
            let span = match start < end {
                true => text.source_span(start..end),
                false if replacement.insertion_point == "afterEnd" => Span::at(text.source_offset(start)),
                // It belongs to what is in front of it, which may be on the line above.
                false => {
                    let last = text.as_str()[..start].char_indices().next_back();
                    Span::at(last.map_or(text.source_offset(0), |(at, _)| text.source_span(at..start).end))
                }
            };
            if context.text(span) != text.as_str()[start..end.max(start)] {
                return None;
            }
            edits.push(Edit::replace(span, replacement.replacement.clone()));
        }
        Edits::new().add(edits.iter().cloned()).then_some(edits)
    }
}

fn shell_name(dialect: Dialect) -> Option<&'static str> {
    match dialect {
        Dialect::Posix => Some("sh"),
        Dialect::Dash => Some("dash"),
        Dialect::Busybox => Some("busybox"),
        Dialect::Bash => Some("bash"),
        Dialect::Ksh => Some("ksh"),
        Dialect::Zsh | Dialect::PowerShell | Dialect::Cmd | Dialect::Other => None,
    }
}

/// One line that declares what the script mentions and its environment has; empty when that is nothing.
fn declarations(context: &Context<'_>, step: &Step<'_>, text: &str) -> String {
    let words = text.split(|char: char| char != '_' && !char.is_ascii_alphanumeric());
    let names: BTreeSet<&str> = words.filter(|word| is_variable_name(word)).collect();
    let is_run = matches!(step.effective().kind, Kind::Run(_));
    let has = |name: &&&str| match context.variable(step, name) {
        // When a container starts there are no build arguments any more.
        Some((_, source)) => is_run || !matches!(source, VariableSource::Arg(_)),
        None => is_run && (context.is_declared(step, name) || arguments::PROXY.contains(name)),
    };
    let mut line = String::new();
    for name in names.iter().filter(has) {
        line.push_str(if line.is_empty() { "export " } else { " " });
        line.push_str(name);
        line.push_str("=1");
    }
    if !line.is_empty() {
        line.push('\n');
    }
    line
}

/// A sentence as messages are written here: no full stop, no capital unless the word has more of them.
fn message(sentence: &str) -> String {
    let sentence = sentence.trim().trim_end_matches('.');
    let mut chars = sentence.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
            first.to_lowercase().chain(sentence.chars().skip(1)).collect()
        }
        _ => sentence.to_owned(),
    }
}

//! CMD and ENTRYPOINT in shell form: the shell is in between.

use bareboat_dockerfile::instruction::CommandLine;
use bareboat_dockerfile::shell::{CommandKind, Script};
use bareboat_dockerfile::{Edit, Kind, PieceKind};
use bareboat_report::{Safety, Severity};

use crate::lint::context::{Execution, StageView, Step};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "shell-form-pid1",
    aliases: &["DL3025", "JSONArgsRecommended"],
    group: Group::Instructions,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("shell-form-pid1.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (view, step) in context.steps() {
        let Some(execution) = &step.execution else { continue };
        let CommandLine::Shell(text) = execution.line else { continue };
        let kind = &step.effective().kind;
        let name = step.effective().keyword.text.to_uppercase();
        let draft = match kind {
            Kind::Cmd(_) | Kind::Entrypoint(_) => {
                let message =
                    format!("`{name}` in shell form puts a shell between the engine and your program");
                let draft = findings.report(text.span(), message);
                draft.note(
                    "stopping the container may kill the program after a timeout instead of asking it to end",
                );
                // With a SHELL of its own the file has said that it wants one; BuildKit is silent then.
                if step.state.shell.words.is_some() {
                    draft.aliases(&["DL3025"]);
                }
                draft
            }
            Kind::Healthcheck(_) => {
                let draft = findings.report(text.span(), "the health check needs a shell in the image");
                draft.aliases(&["DL3025"]).severity(Severity::Style)
            }
            _ => continue,
        };
        draft.help("write the JSON form: `[\"program\", \"argument\"]`");
        let has_comment = step.instruction.pieces.iter().any(|piece| piece.kind == PieceKind::Comment);
        if let Some(json) = as_json(execution).filter(|_| !has_comment) {
            draft.fix(safety(context, view, step), "write the JSON form", [Edit::replace(text.span(), json)]);
        }
    }
}

/// The command as a JSON array, when the shell does nothing but start one program.
pub(in crate::lint::rules) fn as_json(execution: &Execution<'_>) -> Option<String> {
    let script: &Script = &execution.scripts.first()?.script;
    let [and_or] = &script.body.items[..] else { return None };
    let [command] = &and_or.first.commands[..] else { return None };
    let CommandKind::Simple(simple) = &command.kind else { return None };
    let alone = and_or.rest.is_empty() && !and_or.background && !and_or.first.negated;
    let plain = command.redirections.is_empty() && simple.assignments.is_empty() && script.errors.is_empty();
    if !alone || !plain {
        return None;
    }
    let special = |word: &bareboat_dockerfile::shell::Word| {
        word.has_wildcard()
            || script.slice(word.range.clone()).starts_with(['~', '['])
            || has_brace(word.literal_prefix())
    };
    let words: Vec<String> =
        simple.words.iter().map(|word| word.literal().filter(|_| !special(word))).collect::<Option<_>>()?;
    let words = if words.first()? == "exec" { &words[1..] } else { &words[..] };
    let program = words.first()?;
    if program.starts_with('-') || BUILTINS.contains(&program.as_str()) {
        return None;
    }
    // As a JSON string each value is on one line and safe from BuildKit's own reading of it.
    let values: Vec<String> =
        words.iter().map(|word| serde_json::Value::from(word.as_str()).to_string()).collect();
    Some(format!("[{}]", values.join(", ")))
}

/// bash expands `{a,b}`.
fn has_brace(text: String) -> bool {
    text.contains('{') && (text.contains(',') || text.contains(".."))
}

/// What only a shell has.
const BUILTINS: &[&str] = &[
    ".", ":", "alias", "bg", "cd", "command", "eval", "exit", "export", "fg", "getopts", "hash", "jobs",
    "read", "readonly", "return", "set", "shift", "source", "times", "trap", "type", "ulimit", "umask",
    "unalias", "unset", "wait",
];

/// A CMD without any ENTRYPOINT is started the same way in both forms. An ENTRYPOINT in JSON form begins to see
/// arguments that the shell swallowed, and passes on those of a CMD.
fn safety(context: &Context<'_>, view: &StageView<'_>, step: &Step<'_>) -> Safety {
    let kind = &step.effective().kind;
    if matches!(kind, Kind::Healthcheck(_)) {
        return Safety::Unsafe;
    }
    let own = context.chain(view).into_iter().flat_map(|stage| &stage.steps);
    let no_entrypoint = !own.into_iter().any(|step| matches!(step.command.kind, Kind::Entrypoint(_)));
    let base_has_none =
        context.base(view).and_then(|base| base.entrypoint.as_ref()).is_some_and(Vec::is_empty);
    let usual_shell = step.state.shell.words.is_none();
    let is_cmd = matches!(kind, Kind::Cmd(_)) && !step.is_onbuild() && !view.is_reused;
    match is_cmd && no_entrypoint && base_has_none && usual_shell {
        true => Safety::Safe,
        false => Safety::Unsafe,
    }
}

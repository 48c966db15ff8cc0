//! CMD starts with the interpreter that the base image's ENTRYPOINT already is.

use bareboat_dockerfile::{Edit, Span, Word};
use bareboat_report::Severity;

use super::base;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "interpreter-twice",
    aliases: &["P06"],
    group: Group::Pairing,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("interpreter-twice.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages().iter().filter(|view| view.is_final) {
        let Some((step, words, entrypoint)) = base::arguments_of_base(context, view) else { continue };
        let Some((first, program)) = words.first().zip(entrypoint.first()) else { continue };
        let (Some(kind), Some(given)) = (interpreter(program), interpreter(&first.text)) else { continue };
        let repeated = repeated(words, &entrypoint[1..]);
        if kind != given {
            continue;
        }
        let message = format!("`{}` is an argument here: the image's ENTRYPOINT is `{program}`", first.text);
        let draft = findings.report(first.span, message);
        draft.note(happens(kind, &first.text, view.end.workdir.as_deref()));
        draft.help("leave the interpreter out of `CMD`");
        if step.stage == view.index && words.len() > repeated && !step.triggered {
            let until = words[repeated].span.start;
            draft.safe_fix("leave it out", [Edit::remove(Span::new(first.span.start, until))]);
        }
    }
}

/// How many words say again what the ENTRYPOINT says: `java -jar`.
fn repeated(words: &[Word], arguments: &[String]) -> usize {
    let same = words[1..].iter().zip(arguments).take_while(|(word, argument)| word.text == **argument);
    1 + same.count()
}

fn interpreter(program: &str) -> Option<&'static str> {
    let name = program.rsplit('/').next().unwrap_or(program);
    let base = name.trim_end_matches(|char: char| char.is_ascii_digit() || char == '.');
    ["python", "node", "java"].into_iter().find(|known| *known == base)
}

fn happens(kind: &str, word: &str, workdir: Option<&str>) -> String {
    let path = match word.starts_with('/') {
        true => word.to_owned(),
        false => format!("{}/{word}", workdir.unwrap_or_default().trim_end_matches('/')),
    };
    match kind {
        "python" if word.starts_with('/') => {
            "Python reads a binary as a script: `SyntaxError: Non-UTF-8 code starting with …`".to_owned()
        }
        "python" => format!("`can't open file '{path}': [Errno 2] No such file or directory`"),
        "node" => format!("`Error: Cannot find module '{path}'`"),
        _ => format!("`Error: Unable to access jarfile {word}`"),
    }
}

//! FROM uses an argument that is not declared.

use bareboat_dockerfile::{Edit, Expansion, Instruction, Word, expand::Reference};
use bareboat_report::Severity;

use crate::lint::context::is_variable_name;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "from-undefined-arg",
    aliases: &["UndefinedArgInFrom"],
    group: Group::BaseImage,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("from-undefined-arg.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages() {
        let stage = view.stage;
        let platform = stage.from.platform.as_ref().zip(stage.platform.as_ref());
        let image = stage.image.as_ref().map(|image| (&stage.from.image, image));
        for (word, expansion) in platform.into_iter().chain(image) {
            word_in(context, stage.instruction, (word, expansion), findings);
        }
    }
}

fn word_in(
    context: &Context<'_>,
    instruction: &Instruction,
    (word, expansion): (&Word, &Expansion),
    findings: &mut Findings<'_>,
) {
    let model = context.model();
    for reference in &expansion.references {
        let name = reference.name.as_str();
        if reference.defined || model.global(name).is_some() {
            continue;
        }
        let span = instruction.locate(word, reference.range.clone());
        let draft = findings.report(span, format!("no argument `{name}` is declared above the first `FROM`"));
        draft.note("arguments that are declared in a stage are not known to `FROM`");
        let declared = model.globals.iter().map(|argument| argument.name.as_str());
        let automatic = model.from_variables.keys().map(String::as_str);
        match context.suggest(name, declared.chain(automatic).filter(|name| is_variable_name(name))) {
            Some(close) => {
                draft.help(format!("did you mean `{close}`?"));
                if let Some(place) = name_in(word, reference) {
                    let edit = Edit::replace(instruction.locate(word, place), close);
                    draft.unsafe_fix(format!("write `{close}`"), [edit]);
                }
            }
            None => {
                draft.help(format!("declare it with `ARG {name}=…` above the first `FROM`"));
            }
        }
    }
}

/// Where in `word` the name is, without `$` and brace.
fn name_in(word: &Word, reference: &Reference) -> Option<std::ops::Range<usize>> {
    let written = word.text.get(reference.range.clone())?;
    let start = reference.range.start + written.find(&reference.name)?;
    Some(start..start + reference.name.len())
}

//! A && B || C is no if.

use bareboat_dockerfile::shell::{Node, Pipeline, Simple};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "and-or-is-not-if",
    aliases: &["SC2015"],
    group: Group::Shell,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("and-or-is-not-if.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, script) in context.scripts() {
        let parsed = &script.script;
        parsed.walk(&mut |node, place| {
            let Node::AndOr(and_or) = node else { return };
            for pair in and_or.rest.windows(2) {
                let [(and, then), (or, otherwise)] = pair else { continue };
                if and.or || !or.or || is_test(then) || cannot_surprise(otherwise) || place.checked {
                    continue;
                }
                findings
                    .report(parsed.span(or.range.clone()), "this also runs when the part after `&&` fails")
                    .related(parsed.span(and.range.clone()), "the part after this `&&`")
                    .help("write `if …; then …; else …; fi`");
            }
        });
    }
}

fn name(pipeline: &Pipeline) -> Option<String> {
    pipeline.commands.first()?.as_simple().and_then(Simple::name)
}

fn is_test(pipeline: &Pipeline) -> bool {
    name(pipeline).is_some_and(|name| matches!(name.as_str(), "[" | "test" | "[["))
}

fn cannot_surprise(pipeline: &Pipeline) -> bool {
    let assigns = pipeline
        .commands
        .first()
        .and_then(|command| command.as_simple())
        .is_some_and(|simple| simple.words.is_empty());
    assigns
        || name(pipeline)
            .is_some_and(|name| matches!(name.as_str(), "echo" | "exit" | "return" | "printf" | "true" | ":"))
}

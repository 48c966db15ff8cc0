//! cat in front of a pipeline.

use bareboat_dockerfile::shell::{Node, Simple};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "useless-cat",
    aliases: &["SC2002"],
    group: Group::Shell,
    severity: Severity::Style,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("useless-cat.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, script) in context.scripts() {
        let parsed = &script.script;
        parsed.walk(&mut |node, _| {
            let Node::Pipeline(pipeline) = node else { return };
            let first = &pipeline.commands[0];
            let Some(simple) = first.as_simple().filter(|_| pipeline.commands.len() > 1) else { return };
            if first.redirections.is_empty() && reads_one_file(simple) {
                findings
                    .report(parsed.span(first.range.clone()), "`cat` only hands a file on")
                    .help("name the file behind the next program, or redirect it: `< file`");
            }
        });
    }
}

fn reads_one_file(simple: &Simple) -> bool {
    let [file] = simple.arguments() else { return false };
    let one =
        !file.has_unquoted_expansion() && !file.has_wildcard() && !file.literal_prefix().starts_with('-');
    simple.name().as_deref() == Some("cat") && one
}

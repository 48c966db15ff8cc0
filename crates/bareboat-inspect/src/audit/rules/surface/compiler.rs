//! No compiler.

use bareboat_image::TreePath;

use super::listed;
use crate::facts::Tool;
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "compiler",
    aliases: &["CIS-4.3"],
    group: Group::Surface,
    severity: Severity::Warning,
    default_on: true,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("compiler.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    for (executable, names) in facts.surface.tools(Tool::Compiler) {
        findings
            .report_at(&executable.path, format!("{} can be executed: it makes programs", listed(&names)))
            .help("build in one stage and copy the result into another");
    }
    let is_header =
        |path: &&TreePath| path.starts_with(&include_directory()) && path.file_name().ends_with(b".h");
    let headers: Vec<&TreePath> = facts.tree().entries.keys().filter(is_header).collect();
    if let Some(first) = headers.first() {
        findings
            .report_at(first, format!("{} header files in `/usr/include`", headers.len()))
            .severity(Severity::Info)
            .help("install the packages without `-dev` in the last stage");
    }
}

fn include_directory() -> TreePath {
    TreePath::new("usr/include").unwrap_or_default()
}

//! Node packages with compiled parts were installed by another major version.

use bareboat_report::Severity;

use super::arrival::arrivals;
use super::base;
use super::content::{Content, content};
use crate::knowledge::BaseFacts;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "node-major-differs",
    aliases: &["P16"],
    group: Group::Pairing,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("node-major-differs.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let Some(runs) = context.base(view).and_then(node) else { return };
    for arrival in arrivals(context, view) {
        let Some(builds) = arrival.made_on(context).and_then(node).filter(|builds| *builds != runs) else {
            continue;
        };
        if content(context, &arrival) != Some(Content::NodeModules) {
            continue;
        }
        let Some(compiled) = compiled(context) else { continue };
        let image = base::image(context, view);
        findings
            .report(
                arrival.span,
                format!("Node {builds} installed these packages, but `{image}` runs Node {runs}"),
            )
            .note(format!(
                "`{compiled}` may compile something for one version: `was compiled against a different Node.js \
                 version using NODE_MODULE_VERSION …`"
            ))
            .help(format!("build on `node:{runs}`"));
    }
}

fn node(facts: &BaseFacts) -> Option<u16> {
    let found = facts.interpreter.as_ref().filter(|found| found.kind == "node")?;
    found.version.map(|(major, _)| major)
}

/// The first package of the lock file that runs something when it is installed: compiling, usually.
fn compiled(context: &Context<'_>) -> Option<String> {
    let text = context.build()?.text("package-lock.json")?;
    let lock: serde_json::Value = serde_json::from_str(&text).ok()?;
    let packages = lock.get("packages")?.as_object()?;
    let marked = packages.iter().filter(|(_, package)| {
        package.get("hasInstallScript").and_then(serde_json::Value::as_bool) == Some(true)
            && package.get("dev").and_then(serde_json::Value::as_bool) != Some(true)
    });
    let mut names = marked.filter_map(|(path, _)| path.rsplit("node_modules/").next());
    names.find(|name| !name.is_empty()).map(str::to_owned)
}

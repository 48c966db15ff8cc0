//! `bareboat lint --list-rules`: every rule and whether it is on.

use bareboat_inspect::lint::{Preset, Rule, rules};
use bareboat_report::Safety;
use bareboat_report::render::Format;
use serde_json::{Value, json};

use super::configuration::Effective;
use crate::terminal::print as data;

/// Prints the rules, group by group.
pub fn print(effective: &Effective) {
    let is_on = |rule: &Rule| effective.linter.rules().iter().any(|on| on.name == rule.name);
    if effective.format == Format::Json {
        let rules = rules::all().map(|rule| {
            let mut value = describe(rule);
            value["on"] = is_on(rule).into();
            value
        });
        let codes = json!({ "hadolint": Preset::Hadolint.codes(), "buildkit": Preset::Buildkit.codes() });
        let value = json!({ "version": 1, "rules": rules.collect::<Vec<_>>(), "codes": codes });
        data(&format!("{value:#}\n"));
        return;
    }
    let mut text = String::new();
    for rule in rules::all() {
        let on = if is_on(rule) { "on" } else { "off" };
        let (name, severity) = (rule.name, rule.severity);
        text.push_str(&format!("{name:<28} {severity:<8} {on:<4} {}\n", rule.aliases.join(" ")));
    }
    data(&text);
}

/// A rule for programs.
pub fn describe(rule: &Rule) -> Value {
    let info = rule.info();
    json!({
        "name": info.name,
        "aliases": info.aliases,
        "group": { "name": rule.group.directory(), "title": rule.group.title() },
        "severity": info.severity.as_str(),
        "recommended": rule.default_on,
        "since": rule.since.to_string(),
        "fix": rule.fix().map(Safety::as_str),
        "summary": info.summary,
        "page": info.page,
        "address": info.address,
    })
}

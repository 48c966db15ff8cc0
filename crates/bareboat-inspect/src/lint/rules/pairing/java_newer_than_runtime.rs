//! Classes are compiled by a newer Java than the one that runs them.

use bareboat_report::Severity;

use super::arrival::{Arrival, arrivals};
use super::base;
use crate::knowledge::BaseFacts;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "java-newer-than-runtime",
    aliases: &["P17"],
    group: Group::Pairing,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("java-newer-than-runtime.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let Some(runs) = context.base(view).and_then(java) else { return };
    for arrival in arrivals(context, view) {
        let Some(builds) = arrival.made_on(context).and_then(java).filter(|builds| *builds > runs) else {
            continue;
        };
        if !is_classes(&arrival) || !compiles(context, &arrival) || says_release(context) {
            continue;
        }
        let image = base::image(context, view);
        findings
            .report(arrival.span, format!("Java {builds} compiles these classes, but `{image}` runs Java {runs}"))
            .note(format!(
                "`UnsupportedClassVersionError: … compiled by a more recent version of the Java Runtime (class file \
                 version {}.0)`",
                class_version(builds)
            ))
            .help(format!("compile with `--release {runs}`, or run on Java {builds}"));
    }
}

fn java(facts: &BaseFacts) -> Option<u16> {
    let found = facts.interpreter.as_ref().filter(|found| found.kind == "java")?;
    found.version.map(|(major, _)| major)
}

/// Class file versions count from Java 1.0 (JVM specification, table 4.1-A).
fn class_version(java: u16) -> u16 {
    java + 44
}

fn is_classes(arrival: &Arrival<'_, '_>) -> bool {
    let path = arrival.source.as_str();
    [".jar", ".war", ".class"].iter().any(|ending| path.ends_with(ending))
        || ["/target", "/build/libs", "/classes"].iter().any(|part| path.contains(part))
}

/// A RUN of the maker compiles, and says for no older Java.
fn compiles(context: &Context<'_>, arrival: &Arrival<'_, '_>) -> bool {
    let steps = context.chain(arrival.maker).into_iter().flat_map(|link| &link.steps);
    let calls = steps.filter_map(|step| step.run()).flat_map(|run| &run.calls);
    let compilers: Vec<_> =
        calls.filter(|call| call.is(&["mvn", "mvnw", "gradle", "gradlew", "javac"])).collect();
    let older = |text: &str| {
        ["--release", "-target", "--target", "release=", "target="].iter().any(|word| text.contains(word))
    };
    !compilers.is_empty() && !compilers.iter().flat_map(|call| &call.arguments).any(|word| older(&word.text))
}

/// The build files say for which Java; or nobody can look into them.
fn says_release(context: &Context<'_>) -> bool {
    let Some(build) = context.build() else { return false };
    let files = ["pom.xml", "build.gradle", "build.gradle.kts"];
    let texts: Vec<String> = files.iter().filter_map(|name| build.text(name)).collect();
    let words = [
        "release>",
        "<maven.compiler.target",
        "<target>",
        "java.version>",
        "targetCompatibility",
        "languageVersion",
        "jvmTarget",
    ];
    texts.iter().any(|text| words.iter().any(|word| text.contains(word)))
}

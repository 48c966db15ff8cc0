//! A download is executed unseen.

use bareboat_dockerfile::shell::{Command, Node, Part, Script, Simple};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "curl-pipe-shell",
    aliases: &[],
    group: Group::Packages,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("curl-pipe-shell.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for script in run.scripts {
            for range in executed_downloads(&script.script) {
                findings
                    .report(script.script.span(range), "a download is executed unseen")
                    .note("what runs is what the server says today; an answer that breaks off runs half")
                    .help("download to a file, check it with `sha256sum -c`, then run it");
            }
        }
    }
}

fn executed_downloads(script: &Script) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    script.walk(&mut |node, _| match node {
        Node::Pipeline(pipeline) => {
            let download = pipeline.commands.iter().position(downloads);
            let Some(at) = download else { return };
            if pipeline.commands[at + 1..].iter().any(|command| command.as_simple().is_some_and(is_shell)) {
                found.push(pipeline.range.clone());
            }
        }
        // `sh -c "$(curl …)"` and `bash <(curl …)`.
        Node::Simple(simple, command) if is_shell(simple) => {
            let parts = simple.arguments().iter().flat_map(|word| &word.parts);
            if parts.into_iter().any(contains_download) {
                found.push(command.range.clone());
            }
        }
        _ => {}
    });
    found
}

fn contains_download(part: &Part) -> bool {
    let body = match part {
        Part::DoubleQuoted { parts, .. } => return parts.iter().any(contains_download),
        Part::Command { body, .. } | Part::Process { body, .. } => body,
        _ => return false,
    };
    let pipelines = body.items.iter().flat_map(|item| item.pipelines());
    pipelines.flat_map(|pipeline| &pipeline.commands).any(downloads)
}

fn downloads(command: &Command) -> bool {
    command.as_simple().and_then(Simple::name).is_some_and(|name| matches!(program(&name), "curl" | "wget"))
}

fn is_shell(simple: &Simple) -> bool {
    let words: Vec<String> = simple.words.iter().map(|word| word.literal_prefix()).collect();
    let skipped =
        |word: &&String| !word.starts_with('-') && !word.contains('=') && !WRAPPERS.contains(&program(word));
    words.iter().find(skipped).is_some_and(|word| SHELLS.contains(&program(word)))
}

fn program(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

const WRAPPERS: &[&str] = &["sudo", "env", "exec", "command"];
const SHELLS: &[&str] =
    &["sh", "bash", "dash", "ash", "zsh", "ksh", "python", "python3", "perl", "ruby", "node"];

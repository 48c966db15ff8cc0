//! A service for whole machines runs beside the application.

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use crate::lint::context::StageView;
use crate::lint::rules::packages::installs::installs;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "services-in-image",
    aliases: &[],
    group: Group::Ephemeral,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("services-in-image.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let chain = context.chain(view);
    let started = started(&chain);
    let runs = chain.iter().flat_map(|link| &link.steps).filter(|step| !step.is_onbuild());
    for run in runs.filter_map(|step| step.run()) {
        for word in installs(run).flat_map(|install| install.packages().to_vec()) {
            let name = word.text.split(['=', ':']).next().unwrap_or_default();
            let Some((_, programs, instead)) =
                SERVICES.iter().find(|(packages, ..)| packages.contains(&name))
            else {
                continue;
            };
            // An image that is about this service and nothing else.
            if programs.iter().any(|program| started.iter().any(|name| name == program)) {
                continue;
            }
            findings
                .report(word.span, format!("`{name}` is a service beside the application"))
                .note("who watches the container sees only its first process, and stops and restarts all of them together")
                .help(*instead);
        }
    }
}

/// The programs that the image starts, by name.
fn started(chain: &[&StageView<'_>]) -> Vec<String> {
    let steps = chain.iter().flat_map(|link| &link.steps);
    let starts = steps.filter(|step| matches!(step.command.kind, Kind::Cmd(_) | Kind::Entrypoint(_)));
    let calls = starts.filter_map(|step| step.execution.as_ref()).flat_map(|execution| &execution.calls);
    calls.map(|call| call.name.clone()).collect()
}

/// Packages, the programs that are the only purpose of an image which starts them, and what to do instead.
type Service = (&'static [&'static str], &'static [&'static str], &'static str);

const SERVICES: &[Service] = &[
    (&["openssh-server", "openssh"], &["sshd"], "look into containers with `docker exec`"),
    (
        &["cron", "cronie", "dcron", "anacron"],
        &["cron", "crond"],
        "let what runs the containers start a job at its time, in a container of its own",
    ),
    (&["supervisor", "monit", "runit"], &[], "start one program, and one container for each"),
    (
        &["rsyslog", "syslog-ng"],
        &["rsyslogd", "syslog-ng"],
        "write the log to standard output, where the engine collects it",
    ),
    (
        &["postfix", "exim4", "sendmail"],
        &["postfix", "exim", "exim4", "sendmail"],
        "send mail through a server that is somewhere else",
    ),
];

//! Options of HEALTHCHECK that do nothing.

use bareboat_dockerfile::instruction::Healthcheck;
use bareboat_dockerfile::{Edit, Flag, Kind, Span};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "healthcheck-options",
    aliases: &[],
    group: Group::Instructions,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("healthcheck-options.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step) in context.steps() {
        let command = step.effective();
        let Kind::Healthcheck(healthcheck) = &command.kind else { continue };
        for flag in &command.flags {
            let Some((message, note)) = idle(flag, healthcheck) else { continue };
            let draft = findings.report(flag.span, message);
            draft.note(note).help("remove it, or give it what it needs");
            // Up to the next word: what is between may be a line of its own.
            let source = context.file().source();
            let blanks = source[flag.span.end..].iter().take_while(|byte| **byte == b' ').count();
            let gap = Span::new(flag.span.start, flag.span.end + blanks);
            draft.safe_fix("remove it", [Edit::remove(gap)]);
        }
    }
}

/// Why an option does nothing.
fn idle(flag: &Flag, healthcheck: &Healthcheck) -> Option<(String, &'static str)> {
    let name = flag.name.as_str();
    let options = match healthcheck {
        Healthcheck::None => {
            return Some((
                format!("`--{name}` does nothing in front of `NONE`"),
                "there is no check that it could be about",
            ));
        }
        Healthcheck::Command(options) => options,
    };
    let value = flag.value.as_ref()?;
    if value.text.is_empty() {
        return Some((format!("`--{name}=` has no value"), "the default is taken"));
    }
    let is_zero = match name {
        "interval" => options.interval == Some(0),
        "timeout" => options.timeout == Some(0),
        "retries" => options.retries == Some(0),
        _ => false,
    };
    if is_zero {
        let default = match name {
            "retries" => "0 is not never: it means the default, 3 failures",
            _ => "0 is not always or never: it means the default, 30 seconds",
        };
        return Some((format!("`--{name}={}` means the default", value.text), default));
    }
    (name == "start-interval" && options.start_period.unwrap_or(0) == 0).then(|| {
        (
            "`--start-interval` does nothing without `--start-period`".to_owned(),
            "it is how often the check runs during that period, which is no time at all by default",
        )
    })
}

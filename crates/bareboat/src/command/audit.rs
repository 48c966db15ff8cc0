//! `bareboat audit`: judges an image.

use std::process::ExitCode;

use bareboat_inspect::audit::{Audit, Auditor, Configuration, Context, Preset, Waiver, render};
use bareboat_inspect::facts::Facts;

use super::image;
use super::lint::{sum_of, threshold, today};
use crate::cli::{AuditArgs, AuditPreset, Format};
use crate::failure::Failure;
use crate::session::Session;
use crate::terminal::print;

/// Prints what is wrong with it; 1 when something reaches the threshold.
pub fn run(session: &Session, arguments: &AuditArgs) -> Result<ExitCode, Failure> {
    let auditor = Auditor::new(configuration(arguments)?).map_err(|error| {
        let failure = Failure::input(error.to_string());
        error.hint().into_iter().fold(failure, Failure::hint)
    })?;
    let images = image::all_facts(session, arguments.image.asked())?;
    let judge = |facts| {
        let audit = auditor.audit(&Context { facts: &facts, today: today() });
        (facts, audit)
    };
    let judged: Vec<(Facts, Audit)> = images.into_iter().map(judge).collect();
    print(&match arguments.format {
        Format::Text => judged.iter().map(|(facts, audit)| titled(facts, audit, judged.len())).collect(),
        Format::Json => render::json(&judged),
    });
    for waiver in auditor.expired(today()) {
        session.terminal.warning(&format!("the waiver of `{}` has ended: {}", waiver.rule, waiver.reason));
    }
    for (facts, audit) in &judged {
        if facts.is_incomplete {
            session
                .terminal
                .warning("the image's lists of packages are larger than is read; some are missing");
        }
        let severities = audit.counted().map(|finding| finding.severity);
        session.terminal.say(&format!("{}: {}", title(facts, judged.len()), sum_of(severities)));
    }
    let threshold = threshold(arguments.threshold);
    let mut counted = judged.iter().flat_map(|(_, audit)| audit.counted());
    Ok(ExitCode::from(u8::from(counted.any(|finding| threshold.fails(finding.severity)))))
}

/// Which of several images: by platform.
fn title(facts: &Facts, images: usize) -> String {
    match (&facts.platform, images) {
        (Some(platform), 2..) => format!("{} for {platform}", facts.name),
        _ => facts.name.clone(),
    }
}

fn titled(facts: &Facts, audit: &Audit, images: usize) -> String {
    let text = render::text(facts, audit);
    if images > 1 { format!("{}\n\n{text}\n", title(facts, images)) } else { text }
}

fn configuration(arguments: &AuditArgs) -> Result<Configuration, Failure> {
    let waivers = match &arguments.waivers {
        Some(path) => {
            let unusable = || Failure::input(format!("cannot use the waivers `{}`", path.display()));
            let text = std::fs::read_to_string(path).map_err(|error| unusable().because(error))?;
            Waiver::parse_all(&text).map_err(|error| unusable().because(error))?
        }
        None => Vec::new(),
    };
    Ok(Configuration {
        waivers,
        preset: match arguments.preset {
            AuditPreset::Recommended => Preset::Recommended,
            AuditPreset::All => Preset::All,
        },
        enable: arguments.enable.clone(),
        ignore: arguments.ignore.clone(),
        ..Configuration::default()
    })
}

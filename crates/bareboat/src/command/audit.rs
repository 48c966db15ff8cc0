//! `bareboat audit`: judges an image.

use std::process::ExitCode;

use bareboat_inspect::audit::{Auditor, Configuration, Context, Preset, Waiver, render};

use super::image;
use super::lint::{severity, sum_of, today};
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
    let facts = image::facts(session, &arguments.image.image, arguments.image.platform.as_deref())?;
    let audit = auditor.audit(&Context { facts: &facts, today: today() });
    print(&match arguments.format {
        Format::Text => render::text(&facts, &audit),
        Format::Json => render::json(&facts, &audit),
    });
    if facts.is_incomplete {
        session.terminal.warning("the image's lists of packages are larger than is read; some are missing");
    }
    for waiver in auditor.expired(today()) {
        session.terminal.warning(&format!("the waiver of `{}` has ended: {}", waiver.rule, waiver.reason));
    }
    let severities = audit.counted().map(|finding| finding.severity);
    session.terminal.say(&format!("{}: {}", facts.name, sum_of(severities)));
    Ok(ExitCode::from(u8::from(audit.reaches(severity(arguments.threshold)))))
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

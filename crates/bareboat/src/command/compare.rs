//! `bareboat compare`: images side by side.

use std::process::ExitCode;

use bareboat_inspect::audit::{Auditor, Configuration, Context};
use bareboat_inspect::compare::{self, Candidate, Symbols};

use super::image;
use super::lint::today;
use crate::cli::{CompareArgs, Format};
use crate::failure::Failure;
use crate::session::Session;
use crate::terminal::print;

/// Prints the comparison, best first; with `--format json` as they were named.
pub fn run(session: &Session, arguments: &CompareArgs) -> Result<ExitCode, Failure> {
    let auditor =
        Auditor::new(Configuration::default()).map_err(|error| Failure::input(error.to_string()))?;
    let mut candidates = Vec::new();
    for name in &arguments.images {
        let asked = image::Asked {
            image: name,
            platform: arguments.platform.as_deref(),
            registry: &arguments.registry,
        };
        let facts = image::facts(session, asked)?;
        let audit = auditor.audit(&Context { facts: &facts, today: today() });
        candidates.push(Candidate { facts, audit });
    }
    match arguments.format {
        Format::Json => print(&compare::json(&candidates)),
        Format::Text => {
            compare::best_first(&mut candidates);
            print(&compare::text(&candidates, symbols()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Blocks and ticks where the locale says that the terminal shows them (locale(7)).
fn symbols() -> Symbols {
    let set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let name = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find(|name| set(name));
    let locale = name.and_then(|name| std::env::var(name).ok()).unwrap_or_default().to_ascii_lowercase();
    if locale.contains("utf-8") || locale.contains("utf8") { Symbols::Unicode } else { Symbols::Ascii }
}

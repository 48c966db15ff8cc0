//! `bareboat check`: container-structure-test files on an image, without a daemon.

mod commands;

use std::path::Path;
use std::process::ExitCode;

use bareboat_inspect::check::{self, Report, Tests, Verdict};

use self::commands::Commands;
use super::image;
use crate::cli::{CheckArgs, CheckFormat};
use crate::failure::Failure;
use crate::session::Session;
use crate::terminal::print;

/// Prints what came of the tests; 1 when one failed.
pub fn run(session: &Session, arguments: &CheckArgs) -> Result<ExitCode, Failure> {
    let files: Vec<(String, Tests)> =
        arguments.files.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
    for (file, tests) in &files {
        for key in &tests.ignored {
            session.terminal.warning(&format!("{file}: `{key}` is for Docker and means nothing here"));
        }
    }
    let name = &arguments.image.image;
    let reports = image::visit(session, arguments.image.asked(), |image, facts| {
        let mut commands = Commands::new(session, image, &facts, arguments);
        let mut reports = Vec::new();
        for (file, tests) in &files {
            let contents = image::contents(image, &facts, &check::wanted(tests, &facts))?;
            let outcomes =
                check::check(tests, &facts, &contents, &mut |test, variables| commands.run(test, variables));
            reports.push(Report { file: file.clone(), outcomes });
        }
        Ok(reports)
    })?;
    print(&match arguments.format {
        CheckFormat::Text => check::text(&reports),
        CheckFormat::Json => check::json(name, &reports),
        CheckFormat::Junit => check::junit(name, &reports),
    });
    let mut verdicts = reports.iter().flat_map(|report| &report.outcomes).map(|outcome| &outcome.verdict);
    let fails = verdicts.any(|verdict| match verdict {
        Verdict::Passed => false,
        Verdict::Failed(_) => true,
        Verdict::Skipped(_) => arguments.no_skip,
    });
    Ok(ExitCode::from(u8::from(fails)))
}

fn read(path: &Path) -> Result<(String, Tests), Failure> {
    let file = path.display().to_string();
    let unusable = || Failure::input(format!("cannot use the tests `{file}`"));
    let text = std::fs::read_to_string(path).map_err(|error| unusable().because(error))?;
    let tests = Tests::parse(&text).map_err(|error| unusable().because(error))?;
    Ok((file, tests))
}

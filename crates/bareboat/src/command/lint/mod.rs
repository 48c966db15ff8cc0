//! `bareboat lint`: judges Dockerfiles, and repairs them. Opens no cache but for `--resolve`.

mod accepted;
mod bases;
mod configuration;
mod directory;
mod judge;
mod list;
mod show;
mod source;
mod targets;
mod walk;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use bareboat_inspect::knowledge::Date;
use rayon::prelude::*;

use self::bases::Bases;
use self::configuration::{Configurations, Effective};
pub use self::configuration::{Wishes, format, linter_for, threshold};
pub use self::directory::DirectoryFiles;
use self::judge::{Asked, Judged, judge};
pub use self::list::describe;
pub use self::show::sum_of;
use self::source::Target;
use self::walk::Exclude;
use crate::cli::{Global, LintArgs};
use crate::failure::Failure;
use crate::shellcheck::ShellCheck;
use crate::terminal::Terminal;

/// From so many files on, several threads are worth starting.
const WORTH_THREADS: usize = 4;

/// Judges every file that is named; 1 when something is found.
pub fn run(arguments: &LintArgs, global: &Global, terminal: &Arc<Terminal>) -> Result<ExitCode, Failure> {
    let mut configurations = Configurations::new(arguments, terminal);
    let here = configurations.of(Path::new("."))?;
    if arguments.list_rules {
        list::print(&here);
        return Ok(ExitCode::SUCCESS);
    }
    let exclude = Exclude::new([
        (here.exclude.0.as_path(), here.exclude.1.as_slice()),
        (walk::absolute(Path::new(".")).as_path(), arguments.exclude.as_slice()),
    ])?;
    let (targets, mut failures) = targets::find(arguments, terminal, exclude);
    let mut wanted: Vec<(&Target, Arc<Effective>)> = Vec::new();
    for target in &targets {
        wanted.push((target, configurations.of(target.configured_in())?));
    }
    let shellcheck = ShellCheck::find(&here.shellcheck, std::env::var_os("PATH").as_deref())?;
    let bases = Bases::new(arguments, global, terminal)?;
    let asked = Asked { arguments, today: today(), shellcheck: shellcheck.as_ref(), bases: &bases };
    let (kept, mut judged) = judge_all(&asked, &wanted, &mut failures);
    for trouble in shellcheck.iter().flat_map(ShellCheck::troubles) {
        terminal.warning(&trouble);
    }
    let files: Vec<&Target> = kept.iter().map(|(target, _)| *target).collect();
    if !arguments.diff {
        failures.extend(write_back(&files, &judged));
    }
    if arguments.write_baseline {
        let accepted = accepted::write(here.baseline.as_ref(), &judged)?;
        terminal.say(&format!("{accepted} findings are accepted from now on"));
        return Ok(worst(terminal, &failures).unwrap_or(ExitCode::SUCCESS));
    }
    let accepted = match &here.baseline {
        Some(path) => accepted::accept(path, &mut judged)?,
        None => 0,
    };
    show::show(arguments, terminal, here.format, &files, &judged, accepted);
    if let Some(code) = worst(terminal, &failures) {
        return Ok(code);
    }
    let fails = kept.iter().zip(&judged).any(|((_, effective), judged)| {
        judged.report.findings.iter().any(|finding| effective.threshold.fails(finding.severity))
    });
    Ok(ExitCode::from(u8::from(fails)))
}

type Wanted<'t> = (&'t Target, Arc<Effective>);

/// Reads and judges; what cannot be read is a failure among good ones.
fn judge_all<'t>(
    asked: &Asked<'_>,
    wanted: &[Wanted<'t>],
    failures: &mut Vec<Failure>,
) -> (Vec<Wanted<'t>>, Vec<Judged>) {
    let one =
        |(target, effective): &Wanted<'t>| target.read().map(|text| judge(asked, effective, target, text));
    let results: Vec<Result<Judged, Failure>> = match wanted.len() >= WORTH_THREADS {
        true => wanted.par_iter().map(one).collect(),
        false => wanted.iter().map(one).collect(),
    };
    let (mut kept, mut judged) = (Vec::new(), Vec::new());
    for (wanted, result) in wanted.iter().zip(results) {
        match result {
            Ok(one) => {
                kept.push(wanted.clone());
                judged.push(one);
            }
            Err(failure) => failures.push(failure),
        }
    }
    (kept, judged)
}

/// Writes what was changed, each file once.
fn write_back(targets: &[&Target], judged: &[Judged]) -> Vec<Failure> {
    let mut failures = Vec::new();
    for (target, judged) in targets.iter().zip(judged).filter(|(_, judged)| judged.before.is_some()) {
        failures.extend(target.write(&judged.report.source).err());
    }
    for (path, text) in judged.iter().flat_map(|judged| &judged.writes) {
        failures.extend(source::write(path, text.as_bytes()).err());
    }
    failures
}

/// Shows the failures; the exit code of the worst.
fn worst(terminal: &Terminal, failures: &[Failure]) -> Option<ExitCode> {
    failures.iter().for_each(|failure| terminal.failure(failure));
    let worst = failures.iter().map(|failure| failure.fault).max()?;
    Some(ExitCode::from(worst.exit_code()))
}

/// The day; `None` before 1970.
pub fn today() -> Option<Date> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Date::from_days(i64::try_from(since.as_secs() / 86_400).ok()?)
}

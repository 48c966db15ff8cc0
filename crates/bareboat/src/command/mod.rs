//! One file per command.

mod attest;
mod audit;
mod bases;
mod build;
mod cache;
mod check;
mod compare;
mod copy;
mod delete;
mod dockerfile;
mod explain;
mod explore;
mod image;
mod images;
mod index;
mod init;
mod inspect;
mod lint;
mod lock;
mod lsp;
mod manual;
mod outdated;
mod output;
mod referrers;
mod registry;
mod run;
mod sbom;
mod tags;

use std::process::ExitCode;
use std::sync::Arc;

use clap::CommandFactory;

use crate::cli::{Cli, Command};
use crate::failure::Failure;
use crate::session::Session;
use crate::terminal::{Terminal, print};

/// Runs the command of `arguments`; the exit code of the program.
pub fn run(arguments: Cli, terminal: &Arc<Terminal>) -> Result<ExitCode, Failure> {
    if let Command::Completions { shell } = arguments.command {
        // Into memory first: the generator panics when its reader goes away.
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "bareboat", &mut script);
        print(&String::from_utf8_lossy(&script));
        return Ok(ExitCode::SUCCESS);
    }
    if let Command::Man { directory } = &arguments.command {
        return manual::run(directory.as_deref());
    }
    // Judging a file needs no cache.
    if let Command::Lint(lint) = &arguments.command {
        return lint::run(lint, &arguments.global, terminal);
    }
    if let Command::Explain(explain) = &arguments.command
        && let Some(code) = explain::rule(explain)?
    {
        return Ok(code);
    }
    if let Command::Lsp = &arguments.command {
        return lsp::run();
    }
    let session = Session::open(&arguments.global, terminal)?;
    match arguments.command {
        Command::Build(build) if build.dockerfile.file.is_some() => dockerfile::run(&session, &build),
        Command::Build(build) => build::run(&session, &build),
        Command::Run(run) => run::run(session, &run),
        Command::Lock(lock) => lock::run(&session, &lock),
        Command::Outdated(outdated) => outdated::run(&session, &outdated),
        Command::Init(init) => init::run(&session, &init),
        Command::Explain(explain) => explain::run(&session, &explain),
        Command::Inspect(inspect) => inspect::run(&session, &inspect),
        Command::Audit(audit) => audit::run(&session, &audit),
        Command::Compare(compare) => compare::run(&session, &compare),
        Command::Sbom(sbom) => sbom::run(&session, &sbom),
        Command::Check(check) => check::run(&session, &check),
        Command::Explore(explore) => explore::run(&session, &explore),
        Command::Images(format) => images::list(&session, &format),
        Command::Tag { image, name } => images::tag(&session, &image, &name),
        Command::Rm { images } => images::remove(&session, &images),
        Command::Save(save) => images::save(&session, &save),
        Command::Push(push) => registry::push(&session, &push),
        Command::Pull(pull) => registry::pull(&session, &pull),
        Command::Copy(copy) => copy::run(&session, &copy),
        Command::Tags(tags) => tags::run(&session, &tags),
        Command::Index(index) => index::run(&session, &index),
        Command::Referrers(referrers) => referrers::run(&session, &referrers),
        Command::Delete(delete) => delete::run(&session, &delete),
        Command::Login(login) => registry::login(&session, &login),
        Command::Logout { domain } => registry::logout(&session, &domain),
        Command::Cache { action } => cache::run(session, action),
        Command::Lint(lint) => lint::run(&lint, &arguments.global, terminal),
        Command::Lsp => lsp::run(),
        Command::Man { directory } => manual::run(directory.as_deref()),
        Command::Completions { .. } => Ok(ExitCode::SUCCESS),
    }
}

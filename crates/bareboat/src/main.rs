//! The `bareboat` command: arguments, terminal, progress and exit codes. Everything else is in the libraries.

mod assignment;
mod cli;
mod command;
mod failure;
mod filter;
mod logins;
mod registries;
mod session;
mod shellcheck;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let arguments = match cli::Cli::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            // Help and version are answers; anything else is the user's input.
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let terminal = std::sync::Arc::new(terminal::Terminal::new(&arguments.global));
    match command::run(arguments, &terminal) {
        Ok(code) => code,
        Err(failure) => {
            terminal.failure(&failure);
            ExitCode::from(failure.fault.exit_code())
        }
    }
}

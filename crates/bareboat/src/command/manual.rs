//! `man`: manual pages, made from the same definitions as `--help`.

use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;
use clap_mangen::Man;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::terminal::print;

/// Prints the page of the program itself, or writes one page per command into `directory`.
pub fn run(directory: Option<&Path>) -> Result<ExitCode, Failure> {
    let mut program = Cli::command();
    program.build();
    let Some(directory) = directory else {
        print(&page(&program)?);
        return Ok(ExitCode::SUCCESS);
    };
    let failed = |path: &Path, error: std::io::Error| {
        Failure::world(format!("cannot write `{}`", path.display())).because(error)
    };
    std::fs::create_dir_all(directory).map_err(|error| failed(directory, error))?;
    for command in pages(&program) {
        let name = command.get_display_name().unwrap_or(command.get_name());
        let path = directory.join(format!("{name}.1"));
        std::fs::write(&path, page(&command)?).map_err(|error| failed(&path, error))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The command and everything below it that somebody would look up.
fn pages(command: &clap::Command) -> Vec<clap::Command> {
    let below = command.get_subcommands().filter(|below| below.get_name() != "help" && !below.is_hide_set());
    let below: Vec<clap::Command> = below.flat_map(pages).collect();
    [command.clone()].into_iter().chain(below).collect()
}

fn page(command: &clap::Command) -> Result<String, Failure> {
    let mut text = Vec::new();
    Man::new(command.clone())
        .render(&mut text)
        .map_err(|error| Failure::world("cannot write a manual page").because(error))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

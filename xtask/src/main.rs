//! Repository tasks, run as `cargo xtask NAME`.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bench;
mod docs;
mod knowledge;
mod layers;
mod licences;
mod picture;
mod test;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask test [--all] [FILTER]   run every test this machine can run; --all makes every skip a failure
cargo xtask layers                  check that crates import only what lies below them
cargo xtask licences                check that every dependency may be used
cargo xtask bench [--runs N] [--no-docker] [--hadolint PATH] [--binary PATH] [build] [lint] [audit]
                                    measure side by side with the rivals that are installed
cargo xtask docs [--check]          write docs/reference.md and docs/rules.md from the code, or check that they are current
cargo xtask picture [--binary PATH] [--mirror URL] [--keep DIR]
                                    remake the README's comparison from two images made here; needs root
cargo xtask knowledge CSV            write the table of what official images stood on, from their history
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest = arguments.get(1..).unwrap_or_default();
    let result = match arguments.first().map(String::as_str) {
        Some("test") => test::run(rest),
        Some("layers") => layers::check(),
        Some("licences") => licences::check(),
        Some("bench") => bench::run(rest),
        Some("docs") => docs::run(rest),
        Some("picture") => picture::run(rest),
        Some("knowledge") => knowledge::run(rest),
        _ => Err(HELP.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Cargo in the repository's directory, as somebody at a shell would start it: of the variables that `cargo run` sets for
/// the program it runs, build scripts would take some for their own and everything above them would be compiled again.
fn cargo() -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO"));
    command.current_dir(root());
    let of_this_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
    for (name, _) in std::env::vars_os() {
        if of_this_package.iter().any(|start| name.to_string_lossy().starts_with(start)) {
            command.env_remove(name);
        }
    }
    command
}

/// The repository's directory.
fn root() -> &'static std::path::Path {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository")
}

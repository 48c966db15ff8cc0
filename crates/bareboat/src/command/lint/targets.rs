//! The files to judge, with what other files say about them: a Compose or bake file names Dockerfiles, their build
//! contexts and arguments.

use std::path::{Path, PathBuf};

use bareboat_inspect::lint::NamedDockerfile;

use super::source::Target;
use super::walk::{self, Exclude, normal};
use crate::cli::LintArgs;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Everything that is to be judged, in order. A file that only names Dockerfiles stays in: it is looked at, too.
pub fn find(arguments: &LintArgs, terminal: &Terminal, exclude: Exclude) -> (Vec<Target>, Vec<Failure>) {
    let is_input = |path: &&PathBuf| path.as_os_str() == "-";
    let paths: Vec<PathBuf> = arguments.paths.iter().filter(|path| !is_input(path)).cloned().collect();
    let (files, failures) = walk::files(&paths, exclude);
    let mut targets = Vec::new();
    if arguments.paths.iter().any(|path| is_input(&path)) {
        targets.push(Target::standard_input(arguments.stdin_filename.as_deref()));
    }
    targets.extend(files.iter().map(|file| Target::file(file)));
    let hosts: Vec<Target> = targets.iter().filter(|target| target.host().is_some()).cloned().collect();
    for host in hosts {
        for named in named(&host) {
            add(&mut targets, &host, named, terminal);
        }
    }
    (targets, failures)
}

/// The Dockerfiles that a file names. One that cannot be read or understood says so when it is judged.
fn named(host: &Target) -> Vec<NamedDockerfile> {
    let Some(kind) = host.host().filter(|_| !host.is_standard_input()) else { return Vec::new() };
    let Ok(text) = host.read() else { return Vec::new() };
    kind.builds(&String::from_utf8_lossy(&text)).map(|builds| builds.named).unwrap_or_default()
}

/// Tells the target what is said about it; makes one when the Dockerfile is not among them.
fn add(targets: &mut Vec<Target>, host: &Target, named: NamedDockerfile, terminal: &Terminal) {
    let Some(directory) = host.directory() else { return };
    let path = normal(&directory.join(&named.path));
    let known =
        targets.iter_mut().find(|target| target.file.as_deref().is_some_and(|file| normal(file) == path));
    let target = match known {
        Some(target) => target,
        None if path.is_file() => {
            targets.push(Target::file(&path));
            let last = targets.len() - 1;
            &mut targets[last]
        }
        None => {
            terminal.warning(&format!("`{}` names `{}`, which is not there", host.name, path.display()));
            return;
        }
    };
    // The first one who says something is right.
    if target.context.is_none() {
        let context = normal(&directory.join(&named.context));
        let here = context.as_os_str().is_empty();
        target.context = Some(if here { Path::new(".").to_owned() } else { context });
        target.arguments = named.arguments;
    }
}

//! The files to judge, with what other files say about them: a Compose or bake file names Dockerfiles, their build
//! contexts and arguments.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    let exclude = Arc::new(exclude);
    let (files, failures) = walk::files(&paths, &exclude);
    let mut targets = Targets::default();
    if arguments.paths.iter().any(|path| is_input(&path)) {
        targets.list.push(Target::standard_input(arguments.stdin_filename.as_deref()));
    }
    files.iter().for_each(|file| _ = targets.file(file));
    let hosts: Vec<Target> = targets.list.iter().filter(|target| target.host().is_some()).cloned().collect();
    for host in hosts {
        for named in named(&host) {
            if let Some(missing) = targets.name(&host, named, &exclude) {
                let missing = missing.display();
                terminal.warning(&format!("`{}` names `{missing}`, which is not there", host.name));
            }
        }
    }
    (targets.list, failures)
}

/// The Dockerfiles that a file names. One that cannot be read or understood says so when it is judged.
fn named(host: &Target) -> Vec<NamedDockerfile> {
    let Some(kind) = host.host().filter(|_| !host.is_standard_input()) else { return Vec::new() };
    let Ok(text) = host.read() else { return Vec::new() };
    kind.builds(&String::from_utf8_lossy(&text)).map(|builds| builds.named).unwrap_or_default()
}

/// Targets, each file once.
#[derive(Default)]
struct Targets {
    list: Vec<Target>,
    /// Where in the list a file is, by its normal path.
    known: BTreeMap<PathBuf, usize>,
}

impl Targets {
    fn file(&mut self, path: &Path) -> usize {
        *self.known.entry(normal(path)).or_insert_with(|| {
            self.list.push(Target::file(path));
            self.list.len() - 1
        })
    }

    /// Tells a target what a host says about it; makes one when the Dockerfile is not among them. The path of a
    /// Dockerfile that is not there.
    fn name(&mut self, host: &Target, named: NamedDockerfile, exclude: &Exclude) -> Option<PathBuf> {
        let directory = host.directory()?;
        let path = normal(&directory.join(&named.path));
        if !self.known.contains_key(&path) {
            if exclude.has_file(&path) {
                return None;
            }
            if !path.is_file() {
                return Some(path);
            }
        }
        let index = self.file(&path);
        let target = &mut self.list[index];
        // The first one who says something is right.
        if target.context.is_none() {
            let context = normal(&directory.join(&named.context));
            let here = context.as_os_str().is_empty();
            target.context = Some(if here { PathBuf::from(".") } else { context });
            target.arguments = named.arguments;
        }
        None
    }
}

//! RUN: gives the executor what the step says, and says what went wrong.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::OnceLock;

use bareboat_image::{Layer, Owner};
use bareboat_store::Digest;

use super::accounts;
use super::error::{DockerfileError, Problem};
use super::files::Files;
use super::keys;
use super::plan::{Mount, Origin, RunStep, Step};
use super::solve::{Failed, Place, Solver};
use super::walk::clean;
use super::{Request, Workshop};
use crate::event::Event;
use crate::run::{BindSource, Command, Executor, Network, Outcome, RunError, RunMount, Sharing, Stream};

/// Executes commands, once there is one: a build without RUN asks nothing of the machine.
pub(super) struct Commands<'s> {
    workshop: &'s Workshop<'s>,
    request: &'s Request<'s>,
    time: i64,
    executor: OnceLock<Executor<'s>>,
}

impl<'s> Commands<'s> {
    pub(super) fn new(workshop: &'s Workshop<'s>, request: &'s Request<'s>, time: i64) -> Self {
        Self { workshop, request, time, executor: OnceLock::new() }
    }

    fn executor(&self) -> Result<&Executor<'s>, RunError> {
        if let Some(executor) = self.executor.get() {
            return Ok(executor);
        }
        let cancel = self.workshop.cancel.clone();
        let executor = Executor::new(self.workshop.store, self.request.tier, self.time, cancel)?;
        let executor = executor.with_compression(self.request.compression);
        let text = format!("commands run in a {}", executor.tier());
        (self.workshop.observer)(Event::Decision { text });
        Ok(self.executor.get_or_init(|| executor))
    }
}

/// The digests of what a RUN reads besides its own stage: what is mounted, the machine it runs on, its secrets' names.
pub(super) fn inputs(solver: &Solver<'_>, run: &RunStep) -> Result<Vec<Digest>, Problem> {
    let mut inputs = vec![Digest::of(solver.request.host.to_string())];
    for mount in &run.mounts {
        let Mount::Bind { from, source, .. } = mount else { continue };
        inputs.extend(match solver.place(from, true)? {
            Some(Place::Layers(files)) => {
                let tree = files.tree(solver.workshop.store)?;
                Some(keys::of_tree(&tree, &clean(source))?)
            }
            Some(Place::Directory(context)) => {
                let whole = clean(source).is_root();
                Some(keys::of_context(&context, &[source], whole)?)
            }
            None => None,
        });
    }
    Ok(inputs)
}

/// Executes a RUN; the layer it adds.
pub(super) fn run(
    solver: &Solver<'_>,
    files: &Files,
    run: &RunStep,
    step: &Step,
) -> Result<Option<Layer>, Failed> {
    if files.layers.is_empty() {
        let message = "there is nothing to run: the stage has no files".to_owned();
        let hint = Some("start from an image, or `COPY` a program first".to_owned());
        return Err(Ok(Problem::Words { message, hint }));
    }
    let command = command(solver, files, run).map_err(Ok)?;
    let executor = solver.commands.executor().map_err(|error| Ok(Problem::from(error)))?;
    let observer = solver.workshop.observer;
    let mut last = Last::default();
    let outcome = executor.execute(&files.layers, &command, &mut |stream, bytes| {
        last.push(bytes);
        observer(Event::Output { bytes: bytes.to_vec(), is_error: stream == Stream::Error });
    });
    match outcome.map_err(|error| Ok(Problem::from(error)))? {
        Outcome::Changed(layer) => Ok(Some(layer)),
        Outcome::Unchanged => Ok(None),
        Outcome::Failed(failure) => {
            let hint = hint(&failure.ended.to_string(), &last.text(), &run.arguments);
            let problem = Problem::Failed { ended: failure.ended.to_string(), output: last.text(), hint };
            Err(Err(DockerfileError { problem, place: Some(Box::new(step.place.clone())) }))
        }
    }
}

fn command(solver: &Solver<'_>, files: &Files, run: &RunStep) -> Result<Command, Problem> {
    let (user, home) = accounts::runner(solver.workshop.store, files, &run.user)?;
    let mut environment = run.environment.clone();
    environment.extend(run.proxies.clone());
    environment.entry("HOME".to_owned()).or_insert(home);
    let mut mounts = Vec::new();
    for mount in &run.mounts {
        match mount {
            Mount::Secret { id, environment: Some(name), target, required, .. } => {
                let Some(value) = secret(solver, id, *required)? else { continue };
                environment.insert(name.clone(), String::from_utf8_lossy(value).into_owned());
                if target.is_some() {
                    mounts.extend(self::mount(solver, mount)?);
                }
            }
            other => mounts.extend(self::mount(solver, other)?),
        }
    }
    let socket = mounts.iter().find(|mount| matches!(mount, RunMount::Ssh { .. }));
    if let Some(socket) = socket.map(|mount| mount.target().display().to_string()) {
        environment.insert("SSH_AUTH_SOCK".to_owned(), socket);
    }
    mounts.extend(run.script.iter().map(|(path, text)| RunMount::File {
        content: text.clone().into_bytes(),
        target: path.into(),
        mode: 0o755,
    }));
    let mut command = Command::new(run.arguments.clone(), environment.into_iter().collect());
    command.working_directory = PathBuf::from(&run.working_directory);
    command.user = user;
    command.network = if run.no_network { Network::None } else { Network::Host };
    command.hosts = solver.request.hosts.clone();
    command.mounts = mounts;
    Ok(command)
}

fn secret<'s>(solver: &'s Solver<'_>, id: &str, required: bool) -> Result<Option<&'s Vec<u8>>, Problem> {
    match solver.request.secrets.get(id) {
        None if required => Err(Problem::Words {
            message: format!("the secret `{id}` is required and was not given"),
            hint: Some(format!("pass `--secret id={id},src=FILE` or `--secret id={id},env=NAME`")),
        }),
        found => Ok(found),
    }
}

fn mount(solver: &Solver<'_>, mount: &Mount) -> Result<Option<RunMount>, Problem> {
    Ok(Some(match mount {
        Mount::Bind { from, source, target, writable } => {
            RunMount::Bind { source: bind(solver, from, source)?, target: target.into(), writable: *writable }
        }
        Mount::Cache { id, sharing, mode, owner, target, read_only, from } => RunMount::Cache {
            id: id.clone(),
            sharing: match *sharing {
                "locked" => Sharing::Locked,
                "private" => Sharing::Private,
                _ => Sharing::Shared,
            },
            mode: *mode,
            owner: Owner { uid: owner.0, gid: owner.1 },
            target: target.into(),
            read_only: *read_only,
            from: from.as_ref().map(|(from, source)| bind(solver, from, source)).transpose()?,
        },
        Mount::Tmpfs { target, size } => RunMount::Tmpfs { target: target.into(), size: *size },
        Mount::Secret { id, target, required, mode, owner, .. } => {
            let (Some(content), Some(target)) = (secret(solver, id, *required)?, target) else {
                return Ok(None);
            };
            let owner = Owner { uid: owner.0, gid: owner.1 };
            RunMount::Secret { content: content.clone(), target: target.into(), mode: *mode, owner }
        }
        Mount::Ssh { id, target, required, mode, owner } => match solver.request.agents.get(id) {
            Some(socket) => RunMount::Ssh {
                socket: socket.clone(),
                target: target.into(),
                mode: *mode,
                owner: Owner { uid: owner.0, gid: owner.1 },
            },
            None if *required => {
                let message = format!("the key agent `{id}` is required and was not given");
                let hint = Some(format!("pass `--ssh {id}`"));
                return Err(Problem::Words { message, hint });
            }
            None => return Ok(None),
        },
    }))
}

/// Where the content of a bind mount is. What a context has is made a layer first, because an ignore file may leave
/// something out, and because everything in it belongs to root.
fn bind(solver: &Solver<'_>, from: &Origin, source: &str) -> Result<BindSource, Problem> {
    let place = solver.place(from, true)?;
    let missing = || Problem::words("there is nothing to mount from");
    match place.ok_or_else(missing)? {
        Place::Layers(files) => Ok(BindSource::Layers { layers: files.layers, path: clean(source) }),
        Place::Directory(context) => {
            let layer = solver.context_layer(&context, &clean(source))?;
            let layers = layer.into_iter().collect();
            Ok(BindSource::Layers { layers, path: clean(source) })
        }
    }
}

/// The end of what a command wrote.
#[derive(Default)]
struct Last {
    bytes: VecDeque<u8>,
}

impl Last {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(&bytes[bytes.len().saturating_sub(KEPT)..]);
        let over = self.bytes.len().saturating_sub(KEPT);
        self.bytes.drain(..over);
    }

    /// The last lines, whole ones.
    fn text(&self) -> String {
        let bytes: Vec<u8> = self.bytes.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}

/// What is known to end commands like this.
fn hint(ended: &str, output: &str, arguments: &[String]) -> Option<String> {
    let has = |texts: &[&str]| texts.iter().any(|text| output.contains(text));
    let program = arguments.first().map(String::as_str).unwrap_or_default();
    let text = match ended {
        "signal 9" => "it was killed, most often because memory ran out".to_owned(),
        "exit code 127" if has(&["not found"]) => {
            "install the program in the image, or correct its name".to_owned()
        }
        "exit code 127" | "exit code 126" => {
            format!("check that `{program}` is in the image and may be executed")
        }
        _ if has(&["Exec format error", "exec format error"]) => {
            "the program is for another machine: build for this machine's platform".to_owned()
        }
        _ if has(&["No space left on device"]) => "make room with `bareboat cache prune`".to_owned(),
        _ if has(&[
            "Temporary failure in name resolution",
            "Could not resolve host",
            "Temporary failure resolving",
            "bad address",
        ]) =>
        {
            "no name could be resolved: check the network, or set `--build-arg HTTP_PROXY=…`".to_owned()
        }
        _ if has(&["Unable to locate package"]) => {
            "run `apt-get update` in the same `RUN`, before `apt-get install`".to_owned()
        }
        _ => return None,
    };
    Some(text)
}

/// Bytes of output kept for an error.
const KEPT: usize = 16 * 1024;
/// Lines of it shown.
const LINES: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_lines() {
        let mut last = Last::default();
        (0..5000).for_each(|number| last.push(format!("line {number}\n").as_bytes()));
        let text = last.text();
        assert!(text.starts_with("line 4980\n") && text.ends_with("line 4999"), "{text}");
    }

    #[test]
    fn knows_common_causes() {
        let told = |ended, output| hint(ended, output, &["/bin/sh".to_owned()]).unwrap_or_default();
        assert!(told("exit code 127", "sh: curl: not found").contains("install the program"));
        assert!(told("exit code 127", "").contains("`/bin/sh`"));
        assert!(told("signal 9", "").contains("memory"));
        assert!(told("exit code 100", "E: Unable to locate package x").contains("apt-get update"));
        assert_eq!(told("exit code 1", "no"), "");
    }
}

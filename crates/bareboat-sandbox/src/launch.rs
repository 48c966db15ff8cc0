//! Starting a sandbox: choosing how ids map, cloning the first process, writing its maps, waiting until the program runs.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::{Command, Stdio as ProcessStdio};

use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions};

use crate::blueprint::{self, Blueprint, Scene};
use crate::caller::{Caller, MapPrograms};
use crate::channel::{self, Failure, Order, Report};
use crate::child::{Child, Streams};
use crate::error::SandboxError;
use crate::identity::{self, Extent, IdMaps, Identity, Wanted, Writer};
use crate::inside::{self, Handover, Namespace, Records};
use crate::kernel::{self, Cloned};
use crate::obstacle::Obstacle;
use crate::program::{self, Nature};
use crate::publish::Publication;
use crate::sandbox::{Network, RootMode, Sandbox, Stdio};
use crate::step::Step;

/// Starts a sandbox and returns once its program runs.
///
/// The caller must wait for the [`Child`], or drop it, which kills it. When the calling process dies, however it dies,
/// everything inside is killed.
///
/// # Errors
/// The description is wrong, the kernel refuses a step, or the program cannot be executed. Nothing is left running or
/// mounted then.
pub fn spawn(sandbox: &Sandbox) -> Result<Child, SandboxError> {
    spawn_blueprint(sandbox, &Blueprint::new(sandbox)?, &Caller::read())
}

/// As [`spawn`], with what it would look up.
pub(crate) fn spawn_blueprint(
    sandbox: &Sandbox,
    blueprint: &Blueprint,
    caller: &Caller,
) -> Result<Child, SandboxError> {
    let mut publication = Publication::listen(&sandbox.published, sandbox.network)?;
    let mut first_error = None;
    let ways = match sandbox.root_mode {
        RootMode::Chroot => vec![Identity::Unmapped],
        _ => identity::candidates(sandbox.identity, caller),
    };
    for identity in ways {
        let attempt = Attempt { sandbox, blueprint, caller, identity };
        match attempt.start(&mut publication) {
            Ok(child) => return Ok(child),
            Err(error) if is_about_privilege(&error) => {
                first_error.get_or_insert(error);
            }
            // Nobody else's ids would change this.
            Err(error) => return Err(first_error.unwrap_or(error)),
        }
    }
    Err(first_error.unwrap_or(SandboxError::Vanished))
}

/// Whether another way of mapping ids may do better.
fn is_about_privilege(error: &SandboxError) -> bool {
    match error {
        SandboxError::SetUp { step, .. } => step.needs_privilege(),
        SandboxError::Mount { error, .. } => {
            matches!(error.raw_os_error(), Some(libc::EPERM | libc::EACCES | libc::ENOSYS))
        }
        SandboxError::NotRoot { .. }
        | SandboxError::NoMapPrograms
        | SandboxError::NoSubordinateIds { .. }
        | SandboxError::IdNotMapped { .. }
        | SandboxError::IdMap { .. } => true,
        _ => false,
    }
}

/// One way of mapping ids, tried.
struct Attempt<'a> {
    sandbox: &'a Sandbox,
    blueprint: &'a Blueprint,
    caller: &'a Caller,
    identity: Identity,
}

impl Attempt<'_> {
    fn start(&self, publication: &mut Publication) -> Result<Child, SandboxError> {
        let wanted = Wanted::by(self.sandbox);
        let maps = match self.sandbox.root_mode {
            RootMode::Chroot => None,
            _ => identity::maps(self.identity, self.caller, &wanted)?,
        };
        let system = SandboxError::system("prepare the sandbox's pipes");
        let streams = StreamPlan::new(self.sandbox).map_err(system)?;
        let system = SandboxError::system("make a pair of sockets");
        let (control, theirs) = channel::pair().map_err(&system)?;
        let connector = match publication.needs_connector() {
            true => Some(channel::pair().map_err(&system)?),
            false => None,
        };
        let terminal = match self.blueprint.terminal {
            Some(_) => Some(channel::pair().map_err(&system)?),
            None => None,
        };
        let handover = Handover {
            blueprint: self.blueprint,
            namespace: namespace(maps.as_ref(), self.caller),
            channel: theirs.as_fd(),
            connector: connector.as_ref().map(|(_, inner)| inner.as_fd()),
            terminal: terminal.as_ref().map(|(_, inner)| inner.as_fd()),
            streams: streams.inner(),
        };
        let pid = self.clone_process(&handover)?;
        drop(theirs);
        let connector = connector.map(|(outer, _)| outer);
        let result = self.hand_over(pid, maps.as_ref(), &control);
        if let Err(error) = result {
            // With our end closed the first process gives up, if it has not already.
            drop(control);
            reap(pid);
            return Err(error);
        }
        let mut child = Child::new(pid, control, self.identity, streams.outer());
        if let Some((outer, inner)) = terminal {
            drop(inner);
            child.terminal = crate::descriptor::receive(&outer).map_err(&system)?.map(File::from);
        }
        child.attach(publication.start(connector)?);
        Ok(child)
    }

    #[allow(unsafe_code)]
    fn clone_process(&self, handover: &Handover<'_>) -> Result<Pid, SandboxError> {
        let mut namespaces = libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;
        if handover.namespace.own_users {
            namespaces |= libc::CLONE_NEWUSER;
        }
        if self.sandbox.network == Network::None {
            namespaces |= libc::CLONE_NEWNET;
        }
        if self.sandbox.root_mode == RootMode::Chroot {
            namespaces = 0;
        }
        let mut scene = Scene::new(self.blueprint, self.identity == Identity::Single);
        // A handler of this program must not run in the copy.
        let mask = kernel::block_signals();
        // SAFETY: the child runs `inside::run`, which neither allocates nor locks nor returns; the guard ends it
        // should it ever unwind.
        let cloned = unsafe { kernel::clone_process(namespaces) };
        if let Ok(Cloned::Child) = cloned {
            let _guard = ExitOnUnwind;
            inside::run(handover, &mut scene);
        }
        kernel::restore_signals(&mask);
        match cloned {
            Ok(Cloned::Parent(pid)) => Ok(pid),
            Ok(Cloned::Child) => kernel::exit(125),
            Err(errno) => Err(self.set_up_error(Step::Namespaces, errno)),
        }
    }

    /// Writes the maps, lets the first process go, and waits until the program runs.
    fn hand_over(&self, pid: Pid, maps: Option<&IdMaps>, control: &OwnedFd) -> Result<(), SandboxError> {
        if let Some(maps) = maps {
            write_maps(self.identity, self.caller, pid, maps)?;
        }
        channel::send_order(control, Order::Go).map_err(|_| SandboxError::Vanished)?;
        let system = SandboxError::system("hear from the sandbox");
        match channel::receive_report(control).map_err(system)? {
            Some(Report::Started) => Ok(()),
            Some(Report::Failed(failure, head)) => Err(self.explain(failure, &head)),
            Some(Report::Ended(_)) | None => Err(SandboxError::Vanished),
        }
    }

    fn set_up_error(&self, step: Step, errno: Errno) -> SandboxError {
        let own_users = self.identity != Identity::Unmapped;
        let obstacle = Obstacle::find(step, errno, own_users);
        SandboxError::SetUp { step, identity: self.identity, error: errno.into(), obstacle }
    }

    /// Turns a reported failure into an error that names what it was about.
    fn explain(&self, failure: Failure, head: &[u8]) -> SandboxError {
        let Failure { step, index, errno } = failure;
        let index = usize::from(index);
        let inside = |path: &std::ffi::CStr| PathBuf::from(OsStr::from_bytes(path.to_bytes()));
        match step {
            Step::OpenRoot => SandboxError::Root { path: self.sandbox.root.clone(), error: errno.into() },
            Step::OpenSource => {
                let source = self.blueprint.sources.get(index);
                let path = source.map(|source| match &source.stack {
                    // The directory means nothing to the reader; what was looked for in it does.
                    Some(stack) => inside(&stack.path),
                    None => inside(&source.directory),
                });
                let path = path.unwrap_or_default();
                SandboxError::MountSource { path, error: errno.into() }
            }
            Step::Mount => {
                let operation = self.blueprint.operations.get(index);
                let own_users = self.identity != Identity::Unmapped;
                match operation {
                    Some(operation) if operation.target.as_c_str() != c"/proc" => SandboxError::Mount {
                        target: inside(&operation.target),
                        error: errno.into(),
                        obstacle: Obstacle::find(step, errno, own_users),
                    },
                    _ => self.set_up_error(step, errno),
                }
            }
            Step::WorkingDirectory => SandboxError::WorkingDirectory {
                path: self.sandbox.working_directory.clone(),
                error: errno.into(),
            },
            Step::Execute => explain_execution(self.sandbox, self.blueprint, index, errno, head),
            step => self.set_up_error(step, errno),
        }
    }
}

/// Writes the id maps of a new process, which waits for it.
pub(crate) fn write_maps(
    identity: Identity,
    caller: &Caller,
    pid: Pid,
    maps: &IdMaps,
) -> Result<(), SandboxError> {
    let failed = |message: String| SandboxError::IdMap { identity, message };
    let directory = PathBuf::from(format!("/proc/{}", pid.as_raw_nonzero()));
    let write = |file: &str, text: String| {
        fs::write(directory.join(file), text).map_err(|error| failed(format!("`{file}`: {error}")))
    };
    match (maps.writer, &caller.map_programs) {
        (Writer::Programs, Some(programs)) => run_map_programs(programs, pid, maps).map_err(failed),
        (Writer::Programs, None) => Err(SandboxError::NoMapPrograms),
        (Writer::Privileged, _) => {
            write("gid_map", map_lines(&maps.gids))?;
            write("uid_map", map_lines(&maps.uids))
        }
        (Writer::Unprivileged, _) => {
            write("setgroups", "deny".to_owned())?;
            write("gid_map", map_lines(&maps.gids))?;
            write("uid_map", map_lines(&maps.uids))
        }
    }
}

fn namespace(maps: Option<&IdMaps>, caller: &Caller) -> Namespace {
    Namespace {
        own_users: maps.is_some(),
        records: match maps.is_none() && caller.in_initial_namespace() {
            true => Records::Trusted,
            false => Records::User,
        },
        maps_root: maps.is_none_or(IdMaps::maps_root),
        sets_groups: maps.is_none_or(|maps| maps.writer != Writer::Unprivileged),
    }
}

pub(crate) fn map_lines(extents: &[Extent]) -> String {
    let line = |extent: &Extent| format!("{} {} {}\n", extent.inside, extent.outside, extent.count);
    extents.iter().map(line).collect()
}

/// Runs both programs side by side; the message of whichever fails.
fn run_map_programs(programs: &MapPrograms, pid: Pid, maps: &IdMaps) -> Result<(), String> {
    let start = |program: &PathBuf, extents: &[Extent]| {
        let mut command = Command::new(program);
        command.arg(pid.as_raw_nonzero().to_string());
        for extent in extents {
            command.args([extent.inside, extent.outside, extent.count].map(|number| number.to_string()));
        }
        command
            .env_clear()
            .stdin(ProcessStdio::null())
            .stdout(ProcessStdio::null())
            .stderr(ProcessStdio::piped());
        (program.clone(), command.spawn())
    };
    let running = [start(&programs.uids, &maps.uids), start(&programs.gids, &maps.gids)];
    let mut problems = Vec::new();
    for (program, child) in running {
        match child.and_then(std::process::Child::wait_with_output) {
            Ok(output) if output.status.success() => {}
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                problems.push(format!("`{}`: {}", program.display(), said.trim().replace('\n', "; ")));
            }
            Err(error) => problems.push(format!("`{}`: {error}", program.display())),
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
}

fn explain_execution(
    sandbox: &Sandbox,
    blueprint: &Blueprint,
    index: usize,
    errno: Errno,
    head: &[u8],
) -> SandboxError {
    let candidate = blueprint.program.candidates.get(index);
    let program = candidate.map(|path| PathBuf::from(OsStr::from_bytes(path.to_bytes()))).unwrap_or_default();
    let not_executable = |reason| SandboxError::NotExecutable { program: program.clone(), reason };
    match (errno, program::nature(head)) {
        (Errno::NOENT | Errno::NOTDIR, Nature::Script { interpreter }) => {
            SandboxError::InterpreterNotFound { program, interpreter }
        }
        (Errno::NOENT, Nature::Elf { interpreter: Some(interpreter), .. }) => {
            SandboxError::InterpreterNotFound { program, interpreter }
        }
        (Errno::NOENT | Errno::NOTDIR, Nature::Empty) => program_not_found(sandbox),
        (Errno::NOEXEC, Nature::Elf { machine, .. }) if machine != program::own_machine() => {
            let found = program::machine_name(machine);
            SandboxError::WrongMachine {
                program,
                found,
                wanted: program::machine_name(program::own_machine()),
            }
        }
        (Errno::NOEXEC, Nature::Text) => {
            not_executable("it is text without a `#!` line that names an interpreter")
        }
        (Errno::NOEXEC, Nature::Empty) => not_executable("it is empty or cannot be read"),
        (Errno::NOEXEC, _) => not_executable("its format is unknown to the kernel"),
        (Errno::ACCESS, _) => not_executable(
            "the user has no permission to, or it is a directory, or on a file system mounted `noexec`",
        ),
        (program::REFUSED, _) => {
            not_executable("it leads to the program that starts the sandbox, through a link in `/proc`")
        }
        _ => SandboxError::Execute { program, error: errno.into() },
    }
}

fn program_not_found(sandbox: &Sandbox) -> SandboxError {
    let name = sandbox.arguments.first().cloned().unwrap_or_default();
    let directories = match name.as_bytes().contains(&b'/') {
        true => Vec::new(),
        false => blueprint::search_path(&sandbox.environment).collect(),
    };
    SandboxError::ProgramNotFound { program: name.to_string_lossy().into_owned(), directories }
}

/// Waits for the first process to be gone, and with it everything inside.
pub(crate) fn reap(pid: Pid) -> Option<i32> {
    loop {
        match rustix::process::waitpid(Some(pid), WaitOptions::empty()) {
            Ok(Some((_, status))) => return Some(status.as_raw()),
            Ok(None) | Err(Errno::INTR) => {}
            // Somebody ignores SIGCHLD or waits for every child of this process: then the kernel or they reaped it.
            Err(_) => return None,
        }
    }
}

struct ExitOnUnwind;

impl Drop for ExitOnUnwind {
    fn drop(&mut self) {
        kernel::exit(125);
    }
}

/// The sandbox's ends of the standard streams, and ours of the pipes.
struct StreamPlan {
    inner: [Option<OwnedFd>; 3],
    outer: Streams,
}

impl StreamPlan {
    fn new(sandbox: &Sandbox) -> Result<Self, Errno> {
        let (stdin, input) = stream(&sandbox.stdin, Direction::In)?;
        let (stdout, output) = stream(&sandbox.stdout, Direction::Out)?;
        let (stderr, error) = stream(&sandbox.stderr, Direction::Out)?;
        let outer = Streams { stdin: input, stdout: output, stderr: error };
        Ok(Self { inner: [stdin, stdout, stderr], outer })
    }

    fn inner(&self) -> [Option<std::os::fd::BorrowedFd<'_>>; 3] {
        self.inner.each_ref().map(|descriptor| descriptor.as_ref().map(AsFd::as_fd))
    }

    fn outer(self) -> Streams {
        self.outer
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    In,
    Out,
}

fn stream(wish: &Stdio, direction: Direction) -> Result<(Option<OwnedFd>, Option<File>), Errno> {
    use rustix::fs::{Mode, OFlags};
    let descriptor = match wish {
        Stdio::Inherit => return Ok((None, None)),
        Stdio::Null => rustix::fs::open(c"/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?,
        Stdio::Descriptor(descriptor) => descriptor.try_clone().map_err(|_| Errno::MFILE)?,
        Stdio::Pipe => {
            let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
            let (inner, outer) = if direction == Direction::In { (read, write) } else { (write, read) };
            return Ok((Some(channel::above_streams(inner)?), Some(File::from(outer))));
        }
    };
    Ok((Some(channel::above_streams(descriptor)?), None))
}

//! Runs one process without root: own file system view, processes, users and network, nothing left behind.
//!
//! Sees paths and processes, never images. The work is done by the kernel's namespaces directly, without a runtime
//! program; for ordinary users with `newuidmap` where there are subordinate ids. It never raises resource limits and
//! never touches control groups. Follows namespaces(7), user_namespaces(7) and capabilities(7).
//!
//! ```no_run
//! use bareboat_sandbox::{Sandbox, User, run};
//!
//! let mut sandbox = Sandbox::new("/some/root", User::new(65532, 65532), vec!["/usr/bin/app".into()]);
//! sandbox.environment.push(("PORT".into(), "8080".into()));
//! let status = run(&sandbox)?;
//! std::process::exit(status.code().into());
//! # #[allow(unreachable_code)]
//! # Ok::<(), bareboat_sandbox::SandboxError>(())
//! ```

mod blueprint;
mod caller;
mod capability;
mod channel;
mod child;
mod command;
mod descriptor;
mod error;
mod forward;
mod helper;
mod identity;
mod inside;
mod kernel;
mod launch;
mod mount;
mod names;
mod obstacle;
mod probe;
mod program;
mod publish;
mod sandbox;
pub(crate) mod seccomp;
mod standard;
mod step;
mod terminal;

pub use capability::Capabilities;
pub use child::{Child, ExitStatus};
pub use command::{Ending, Finished, Kept, Limits, Stream, run_command, run_command_until};
pub use error::SandboxError;
pub use helper::{Helper, HelperOutput, id_maps, overlay_records, start_helper};
pub use identity::Identity;
pub use inside::Records;
pub use launch::spawn;
pub use mount::{Access, Changes, Mount};
pub use names::name_files;
pub use obstacle::Obstacle;
pub use probe::{Probe, Way, probe, try_chroot, try_overlay};
pub use rustix::process::Signal;
pub use sandbox::{Network, Privileges, Publish, RootMode, Sandbox, Seccomp, Stdio, Terminal, User};
pub use step::Step;

/// Starts a sandbox, passes this process's signals on to it, and waits for its end.
///
/// While it waits, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 and SIGWINCH of this process go to the application
/// instead; SIGTSTP stops and SIGCONT continues both.
///
/// # Errors
/// As [`spawn`] and [`Child::wait`].
pub fn run(sandbox: &Sandbox) -> Result<ExitStatus, SandboxError> {
    let forwarding = forward::Forwarding::begin();
    let mut child = spawn(sandbox)?;
    forwarding.attach(&child);
    let status = match child.terminal.take() {
        Some(terminal) => terminal::relay(&mut child, terminal),
        None => child.wait(),
    };
    // Before the child, whose socket it uses.
    drop(forwarding);
    status
}

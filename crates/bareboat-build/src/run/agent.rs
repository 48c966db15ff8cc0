//! A key agent's socket inside: one of our own with the owner and permission bits asked for, whose connections are
//! passed on to the agent. The agent's own socket never appears inside.

use std::fs;
use std::io;
use std::net::Shutdown;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bareboat_image::Owner;
use bareboat_store::StoreError;

use super::error::RunError;
use super::scratch::in_ground;
use super::tier::Ground;

/// A socket that leads to an agent, until it is dropped.
#[derive(Debug)]
pub(super) struct Agent {
    path: PathBuf,
    ending: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Agent {
    /// Listens in `directory`, which is empty, for the agent at `socket`.
    pub(super) fn listen(
        socket: &Path,
        directory: &Path,
        mode: u16,
        owner: Owner,
        ground: &Ground,
    ) -> Result<Self, RunError> {
        let source = |error| RunError::Source { path: socket.to_owned(), error };
        // Says so now if nobody is there.
        drop(UnixStream::connect(socket).map_err(source)?);
        let path = directory.join("agent");
        let listener = listen(directory).map_err(|error| StoreError::io("listen on", &path, error))?;
        in_ground(ground, || {
            chown(&path, Some(owner.uid), Some(owner.gid))?;
            fs::set_permissions(&path, fs::Permissions::from_mode(mode.into()))
        })?;
        let ending = Arc::new(AtomicBool::new(false));
        let (flag, socket) = (Arc::clone(&ending), socket.to_owned());
        let accepting = thread::spawn(move || {
            while !flag.load(Ordering::SeqCst) {
                match listener.accept() {
                    Ok((inner, _)) => pass_on(inner, &socket),
                    // Nobody yet, or somebody who is gone again.
                    Err(_) => thread::sleep(LOOK_EVERY),
                }
            }
        });
        Ok(Self { path, ending, accepting: Some(accepting) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::SeqCst);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// By a name relative to an open directory: a socket's path may have 108 bytes, and a store lies deeper than that.
fn listen(directory: &Path) -> io::Result<UnixListener> {
    use std::os::fd::AsRawFd;
    let opened = fs::File::open(directory)?;
    let listener = UnixListener::bind(format!("/proc/self/fd/{}/agent", opened.as_raw_fd()))?;
    // A thread that waits in the kernel cannot be told to end.
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Passes bytes on in both directions; the threads end with the connection.
fn pass_on(inner: UnixStream, agent: &Path) {
    let Ok(outer) = UnixStream::connect(agent) else { return };
    let (Ok(inner_copy), Ok(outer_copy)) = (inner.try_clone(), outer.try_clone()) else { return };
    for (mut from, mut to) in [(inner, outer), (outer_copy, inner_copy)] {
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
}

const LOOK_EVERY: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};

    use bareboat_sandbox::{Identity, Records};

    use super::*;
    use crate::run::Tier;

    fn ground() -> Ground {
        let (identity, records) = (Identity::Unmapped, Records::User);
        Ground { tier: Tier::Chroot, identity, records, name: String::new() }
    }

    #[test]
    fn both_directions_are_passed_on_until_it_is_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("outside");
        let listener = UnixListener::bind(&socket).unwrap();
        let answering = thread::spawn(move || {
            // The first only looks whether somebody is there.
            let mut stream = listener.incoming().nth(1).unwrap().unwrap();
            let mut question = String::new();
            BufReader::new(&stream).read_line(&mut question).unwrap();
            stream.write_all(format!("answer to {question}").as_bytes()).unwrap();
        });
        let inside = directory.path().join("inside");
        fs::create_dir(&inside).unwrap();
        let owner =
            Owner { uid: rustix::process::geteuid().as_raw(), gid: rustix::process::getegid().as_raw() };
        let agent = Agent::listen(&socket, &inside, 0o600, owner, &ground()).unwrap();
        assert_eq!(fs::metadata(agent.path()).unwrap().permissions().mode() & 0o777, 0o600);
        let mut stream = UnixStream::connect(agent.path()).unwrap();
        stream.write_all(b"question\n").unwrap();
        let mut answer = String::new();
        BufReader::new(&stream).read_line(&mut answer).unwrap();
        assert_eq!(answer, "answer to question\n");
        answering.join().unwrap();
        let path = agent.path().to_owned();
        drop(agent);
        assert!(UnixStream::connect(path).is_err());
        assert!(Agent::listen(&socket, &inside, 0o600, owner, &ground()).is_err());
    }
}

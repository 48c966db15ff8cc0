//! What kind of sandbox works on this machine, found by trying the real thing, never by version numbers.

use std::path::Path;

use crate::blueprint::Blueprint;
use crate::caller::Caller;
use crate::error::SandboxError;
use crate::identity::Identity;
use crate::launch;
use crate::sandbox::{Network, Privileges, RootMode, Sandbox, Stdio, User};

/// What works, way by way of mapping ids.
#[derive(Debug)]
pub struct Probe {
    /// Every way, strongest first.
    pub ways: Vec<Way>,
}

/// One way of mapping ids, tried.
#[derive(Debug)]
pub struct Way {
    /// The way.
    pub identity: Identity,
    /// Whether a process can be started at all, with the host's network.
    pub start: Result<(), SandboxError>,
    /// Whether it can have a network of its own; not tried when it cannot start.
    pub own_network: Option<Result<(), SandboxError>>,
    /// Whether a root that lacks mount points can be used (which takes an overlay); not tried when it cannot start.
    pub overlay: Option<Result<(), SandboxError>>,
}

impl Probe {
    /// The way that [`Identity::Automatic`] takes, if any works.
    pub fn best(&self) -> Option<&Way> {
        self.ways.iter().find(|way| way.start.is_ok())
    }

    /// Whether files inside can belong to several users.
    pub fn has_many_users(&self) -> bool {
        self.best().is_some_and(|way| way.identity != Identity::Single)
    }
}

/// Tries every way. Starts a handful of processes that end at once, and leaves nothing behind.
///
/// `directory` lies on the file system that roots will lie on; nothing is written to it.
pub fn probe(directory: &Path) -> Probe {
    let caller = Caller::read();
    let identities = [Identity::Same, Identity::Unmapped, Identity::Subordinate, Identity::Single];
    Probe { ways: identities.map(|identity| try_way(identity, directory, &caller)).into() }
}

/// Tries once whether a process can be started with this way of mapping ids, over `root` and with its changes going to
/// `upper`: what a build needs.
///
/// # Errors
/// Why not.
pub fn try_overlay(identity: Identity, root: &Path, upper: &Path, work: &Path) -> Result<(), SandboxError> {
    let mut sandbox = Sandbox::new(root, User::ROOT, vec!["probe".into()]);
    sandbox.root_mode =
        RootMode::Overlay { below: Vec::new(), upper: upper.to_owned(), work: work.to_owned() };
    sandbox.privileges = Privileges::SetUserId;
    sandbox.mounts.clear();
    sandbox.identity = identity;
    end_at_once(sandbox, &Caller::read())
}

/// Tries once whether a process can be started in `root` by chroot(2) alone.
///
/// # Errors
/// Why not.
pub fn try_chroot(root: &Path) -> Result<(), SandboxError> {
    let mut sandbox = Sandbox::new(root, User::ROOT, vec!["probe".into()]);
    sandbox.root_mode = RootMode::Chroot;
    sandbox.privileges = Privileges::SetUserId;
    sandbox.mounts.clear();
    end_at_once(sandbox, &Caller::read())
}

fn try_way(identity: Identity, directory: &Path, caller: &Caller) -> Way {
    // The host's own root has every mount point, whatever its file system.
    let start = attempt(identity, Path::new("/"), Network::Host, caller);
    if start.is_err() {
        return Way { identity, start, own_network: None, overlay: None };
    }
    let own_network = attempt(identity, Path::new("/"), Network::None, caller);
    let overlay = attempt(identity, directory, Network::Host, caller);
    Way { identity, start, own_network: Some(own_network), overlay: Some(overlay) }
}

fn attempt(identity: Identity, root: &Path, network: Network, caller: &Caller) -> Result<(), SandboxError> {
    let mut sandbox = Sandbox::new(root, User::new(65_532, 65_532), vec!["probe".into()]);
    sandbox.identity = identity;
    sandbox.network = network;
    end_at_once(sandbox, caller)
}

fn end_at_once(mut sandbox: Sandbox, caller: &Caller) -> Result<(), SandboxError> {
    sandbox.stdin = Stdio::Null;
    sandbox.stdout = Stdio::Null;
    sandbox.stderr = Stdio::Null;
    let mut blueprint = Blueprint::new(&sandbox)?;
    blueprint.program.candidates.clear();
    let mut child = launch::spawn_blueprint(&sandbox, &blueprint, caller)?;
    child.wait().map(drop)
}

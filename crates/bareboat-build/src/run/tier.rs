//! Which ways of executing commands this machine allows, found by trying.

use bareboat_sandbox::{Identity, Records, SandboxError, id_maps, overlay_records, try_chroot, try_overlay};
use bareboat_store::{Digest, Store};

use super::error::{RunError, Tried};
use super::scratch::Scratch;
use super::{Tier, base};

/// What commands are executed on: how ids map, and what overlays write.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    pub(super) tier: Tier,
    pub(super) identity: Identity,
    pub(super) records: Records,
    /// What the names of directories hold whose files were given owners on this ground.
    pub(super) name: String,
}

impl Ground {
    /// Finds the strongest that works; `wanted` allows only one.
    pub(super) fn find(store: &Store, wanted: Option<Tier>) -> Result<Self, RunError> {
        let mut tried = Vec::new();
        let order = [Tier::Root, Tier::UserNamespace, Tier::Chroot, Tier::SingleId];
        for tier in order.into_iter().filter(|tier| wanted.is_none_or(|wanted| wanted == *tier)) {
            let ground = match Self::of(tier) {
                Ok(ground) => ground,
                Err(attempt) => {
                    tried.push(attempt);
                    continue;
                }
            };
            match ground.test(store) {
                Ok(()) => return Ok(ground),
                Err(RunError::Sandbox(error)) => tried.push(Tried::failed(tier, &error)),
                Err(error) => return Err(error),
            }
        }
        Err(RunError::NoTier { tried })
    }

    fn of(tier: Tier) -> Result<Self, Tried> {
        let identity = match tier {
            Tier::Root => Identity::Unmapped,
            Tier::UserNamespace => subordinate().map_err(|error| Tried::failed(tier, &error))?,
            Tier::Chroot => return Ok(Self::chroot()),
            Tier::SingleId => return Err(Tried::missing(tier)),
        };
        let maps = id_maps(identity).map_err(|error| Tried::failed(tier, &error))?;
        let records = overlay_records(identity);
        let name = Digest::of(format!("{records:?}\n{maps}")).short().to_string();
        Ok(Self { tier, identity, records, name })
    }

    /// Without privileges over the kernel there are only the attributes that everybody can write; no kernel reads them,
    /// we do.
    fn chroot() -> Self {
        let name = "chroot".to_owned();
        Self { tier: Tier::Chroot, identity: Identity::Unmapped, records: Records::User, name }
    }

    /// Runs nothing at all, but sets everything up for it.
    fn test(&self, store: &Store) -> Result<(), RunError> {
        if self.tier == Tier::Chroot {
            let scratch = Scratch::new(store, self)?;
            return Ok(try_chroot(&scratch.directory("root")?)?);
        }
        let root = base::empty(store)?;
        let scratch = Scratch::new(store, self)?;
        let (upper, work) = scratch.pair()?;
        Ok(try_overlay(self.identity, &root, &upper, &work)?)
    }
}

/// An ordinary user's subordinate ids, or root's own ids in a namespace.
fn subordinate() -> Result<Identity, SandboxError> {
    match id_maps(Identity::Subordinate) {
        Ok(_) => Ok(Identity::Subordinate),
        Err(error) => id_maps(Identity::Same).map(|_| Identity::Same).map_err(|_| error),
    }
}

//! How user and group ids inside a sandbox correspond to ids outside.
//!
//! Follows user_namespaces(7). For an ordinary caller, ids beyond its own need the set-user-id programs `newuidmap`
//! and `newgidmap` and ranges in `/etc/subuid` and `/etc/subgid`.

use std::collections::BTreeSet;
use std::fmt;

use crate::caller::{Caller, Range};
use crate::error::SandboxError;
use crate::mount::Mount;
use crate::sandbox::{Sandbox, User};

/// How ids inside map to ids outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Identity {
    /// The first that works of [`Same`](Self::Same) and [`Unmapped`](Self::Unmapped) for root, or of
    /// [`Subordinate`](Self::Subordinate) and [`Single`](Self::Single) for an ordinary user.
    #[default]
    Automatic,
    /// Every id is itself, in an own user namespace; root only. Files keep their owners, but capabilities, even
    /// those that a kernel flaw would give away, are worth nothing outside: so root prefers it.
    Same,
    /// Root inside is the caller, all other ids come from its subordinate ranges.
    Subordinate,
    /// The sandbox's user is the caller, so that what it writes to a host directory belongs to the caller; all other
    /// ids, root included, come from the subordinate ranges.
    Caller,
    /// The sandbox's user is the caller and nobody else exists: needs no ranges, allows no other owners.
    Single,
    /// No user namespace; root only. Capabilities are real ones, so give few.
    Unmapped,
}

impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Automatic => "automatic",
            Self::Same => "user namespace with the same ids",
            Self::Subordinate => "user namespace with subordinate ids",
            Self::Caller => "user namespace with the caller as its user",
            Self::Single => "user namespace with a single id",
            Self::Unmapped => "no user namespace",
        })
    }
}

/// One line of an id map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) inside: u32,
    pub(crate) outside: u32,
    pub(crate) count: u32,
}

/// Who writes the maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    /// We, with CAP_SETUID and CAP_SETGID.
    Privileged,
    /// We, as anybody may for the own id, after giving up setgroups.
    Unprivileged,
    /// `newuidmap` and `newgidmap`.
    Programs,
}

/// The maps of one user namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdMaps {
    pub(crate) uids: Vec<Extent>,
    pub(crate) gids: Vec<Extent>,
    pub(crate) writer: Writer,
}

impl IdMaps {
    pub(crate) fn maps_root(&self) -> bool {
        covers(&self.uids, 0) && covers(&self.gids, 0)
    }
}

/// The ids that must exist inside.
pub(crate) struct Wanted<'a> {
    user: &'a User,
    uids: BTreeSet<u32>,
    gids: BTreeSet<u32>,
}

impl<'a> Wanted<'a> {
    /// Only root.
    pub(crate) fn root() -> Self {
        static ROOT: User = User::ROOT;
        Self { user: &ROOT, uids: BTreeSet::from([0]), gids: BTreeSet::from([0]) }
    }

    /// The user's ids, and the owners of scratch space.
    pub(crate) fn by(sandbox: &'a Sandbox) -> Self {
        let user = &sandbox.user;
        let owners = sandbox.mounts.iter().filter_map(|mount| match mount {
            Mount::Tmpfs { owner, .. } | Mount::File { owner, .. } => Some(*owner),
            _ => None,
        });
        let (mut uids, mut gids): (BTreeSet<u32>, BTreeSet<u32>) = owners.unzip();
        uids.insert(user.uid);
        gids.insert(user.gid);
        gids.extend(&user.groups);
        Self { user, uids, gids }
    }
}

/// The ways to try for a wish, best first. Never [`Identity::Automatic`].
pub(crate) fn candidates(wish: Identity, caller: &Caller) -> Vec<Identity> {
    if wish != Identity::Automatic {
        return vec![wish];
    }
    let mut found = Vec::new();
    if caller.writes_maps() {
        found.push(Identity::Same);
    }
    if caller.administers() {
        found.push(Identity::Unmapped);
    }
    if found.is_empty() {
        if caller.map_programs.is_some() && !caller.subordinate_uids.is_empty() {
            found.push(Identity::Subordinate);
        }
        found.push(Identity::Single);
    }
    found
}

/// The maps for one way; none means no user namespace.
///
/// # Errors
/// The caller lacks the ranges, programs or capabilities that this way needs.
pub(crate) fn maps(
    identity: Identity,
    caller: &Caller,
    wanted: &Wanted,
) -> Result<Option<IdMaps>, SandboxError> {
    let Wanted { user, uids: uids_wanted, gids: gids_wanted } = wanted;
    match identity {
        Identity::Unmapped if caller.administers() => Ok(None),
        Identity::Unmapped => Err(SandboxError::NotRoot { identity }),
        Identity::Same if caller.writes_maps() => {
            let same = |ranges: &[Range]| -> Vec<Extent> {
                let extent =
                    |range: &Range| Extent { inside: range.first, outside: range.first, count: range.count };
                ranges.iter().map(extent).collect()
            };
            let uids = require(same(&caller.own_uids), uids_wanted, "user", identity)?;
            let gids = require(same(&caller.own_gids), gids_wanted, "group", identity)?;
            Ok(Some(IdMaps { uids, gids, writer: Writer::Privileged }))
        }
        Identity::Same => Err(SandboxError::NotRoot { identity }),
        Identity::Single => {
            let single = |inside, outside| vec![Extent { inside, outside, count: 1 }];
            let uids = single(user.uid, caller.uid);
            // Without setgroups there are no supplementary groups to give; whoever asks for some must know.
            let groups = user.groups.iter().copied().collect();
            let gids = require(single(user.gid, caller.gid), &groups, "group", identity)?;
            Ok(Some(IdMaps { uids, gids, writer: Writer::Unprivileged }))
        }
        Identity::Subordinate | Identity::Automatic => subordinate(caller, (0, 0), uids_wanted, gids_wanted),
        Identity::Caller => subordinate(caller, (user.uid, user.gid), uids_wanted, gids_wanted),
    }
}

fn subordinate(
    caller: &Caller,
    pinned: (u32, u32),
    uids_wanted: &BTreeSet<u32>,
    gids_wanted: &BTreeSet<u32>,
) -> Result<Option<IdMaps>, SandboxError> {
    if caller.map_programs.is_none() {
        return Err(SandboxError::NoMapPrograms);
    }
    let missing = |file: &'static str| SandboxError::NoSubordinateIds {
        file,
        user: caller.name.clone().unwrap_or_else(|| caller.uid.to_string()),
    };
    if caller.subordinate_uids.is_empty() {
        return Err(missing("/etc/subuid"));
    }
    if caller.subordinate_gids.is_empty() {
        return Err(missing("/etc/subgid"));
    }
    let uids = lay_out((pinned.0, caller.uid), &caller.subordinate_uids, uids_wanted);
    let gids = lay_out((pinned.1, caller.gid), &caller.subordinate_gids, gids_wanted);
    Ok(Some(IdMaps {
        uids: require(uids, uids_wanted, "user", Identity::Subordinate)?,
        gids: require(gids, gids_wanted, "group", Identity::Subordinate)?,
        writer: Writer::Programs,
    }))
}

/// Maps `pinned.0` to `pinned.1` and the ids from 0 up to `ranges`, in order; wanted ids that lie beyond get the
/// last ids of the ranges, so that a range of any size can run any user, such as 1000680000.
fn lay_out(pinned: (u32, u32), ranges: &[Range], wanted: &BTreeSet<u32>) -> Vec<Extent> {
    let total = ranges.iter().map(|range| u64::from(range.count)).sum::<u64>().min(u64::from(u32::MAX));
    let mut far: Vec<u32> = Vec::new();
    // Giving an id away shrinks the run, which may put another wanted id beyond it: go from the highest down.
    for &id in wanted.iter().rev().filter(|&&id| id != pinned.0) {
        let run = total.saturating_sub(far.len() as u64);
        let position = u64::from(id) - u64::from(pinned.0 < id);
        if position >= run && run > 0 {
            far.push(id);
        }
    }
    let mut outside = ranges.iter().flat_map(|range| split_ids(*range)).collect::<Vec<_>>();
    let mut extents = vec![Extent { inside: pinned.0, outside: pinned.1, count: 1 }];
    for id in far {
        if let Some(last) = take_last(&mut outside) {
            extents.push(Extent { inside: id, outside: last, count: 1 });
        }
    }
    let mut inside = 0_u32;
    for mut range in outside {
        while range.count > 0 {
            if inside == pinned.0 {
                inside = inside.saturating_add(1);
            }
            let end = if inside < pinned.0 { pinned.0 } else { u32::MAX };
            let room = range.count.min(end - inside);
            if room == 0 {
                break;
            }
            extents.push(Extent { inside, outside: range.first, count: room });
            inside += room;
            range = Range { first: range.first + room, count: range.count - room };
        }
    }
    extents.sort_by_key(|extent| extent.inside);
    extents
}

/// A range without ids that no map can hold.
fn split_ids(range: Range) -> Option<Range> {
    let count = range.count.min(u32::MAX - range.first);
    (count > 0).then_some(Range { first: range.first, count })
}

fn take_last(ranges: &mut Vec<Range>) -> Option<u32> {
    let range = ranges.last_mut()?;
    range.count -= 1;
    let id = range.first + range.count;
    if range.count == 0 {
        ranges.pop();
    }
    Some(id)
}

fn require(
    extents: Vec<Extent>,
    wanted: &BTreeSet<u32>,
    kind: &'static str,
    identity: Identity,
) -> Result<Vec<Extent>, SandboxError> {
    match wanted.iter().find(|&&id| !covers(&extents, id)) {
        Some(&id) => Err(SandboxError::IdNotMapped { kind, id, identity }),
        None => Ok(extents),
    }
}

fn covers(extents: &[Extent], id: u32) -> bool {
    extents.iter().any(|extent| id >= extent.inside && id - extent.inside < extent.count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(pinned: (u32, u32), ranges: &[(u32, u32)], wanted: &[u32]) -> Vec<(u32, u32, u32)> {
        let ranges: Vec<Range> = ranges.iter().map(|&(first, count)| Range { first, count }).collect();
        let wanted = wanted.iter().copied().collect();
        lay_out(pinned, &ranges, &wanted)
            .into_iter()
            .map(|extent| (extent.inside, extent.outside, extent.count))
            .collect()
    }

    #[test]
    fn root_is_the_caller_and_the_rest_follows() {
        assert_eq!(layout((0, 1001), &[(100_000, 65_536)], &[65_532]), [(0, 1001, 1), (1, 100_000, 65_536)]);
    }

    #[test]
    fn ids_beyond_the_range_get_its_last_ids() {
        assert_eq!(
            layout((0, 1001), &[(100_000, 1000)], &[65_532, 1_000_680_000]),
            [(0, 1001, 1), (1, 100_000, 998), (65_532, 100_998, 1), (1_000_680_000, 100_999, 1)]
        );
    }

    #[test]
    fn an_id_pushed_out_by_another_is_still_mapped() {
        assert_eq!(
            layout((0, 7), &[(100, 10)], &[10, 5000]),
            [(0, 7, 1), (1, 100, 8), (10, 108, 1), (5000, 109, 1)]
        );
    }

    #[test]
    fn several_ranges_are_one_run() {
        assert_eq!(layout((0, 7), &[(100, 2), (500, 3)], &[1]), [(0, 7, 1), (1, 100, 2), (3, 500, 3)]);
    }

    #[test]
    fn the_caller_can_be_a_user_in_the_middle() {
        assert_eq!(
            layout((3, 7), &[(100, 2), (500, 3)], &[3]),
            [(0, 100, 2), (2, 500, 1), (3, 7, 1), (4, 501, 2)]
        );
        assert_eq!(layout((65_532, 7), &[(100, 10)], &[65_532]), [(0, 100, 10), (65_532, 7, 1)]);
    }

    #[test]
    fn absurd_ranges_do_not_overflow() {
        let found = layout((0, 7), &[(1, u32::MAX), (0, u32::MAX)], &[u32::MAX - 1]);
        assert!(found.iter().all(|&(inside, outside, count)| {
            inside.checked_add(count).is_some() && outside.checked_add(count).is_some()
        }));
    }
}

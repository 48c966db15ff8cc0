//! What the calling process is and may do: ids, capabilities, subordinate id ranges (subuid(5)).

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use rustix::thread::CapabilitySet;

use crate::kernel;

/// A run of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first id.
    pub first: u32,
    /// How many.
    pub count: u32,
}

/// The facts about the caller that decide how ids can be mapped.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) name: Option<String>,
    pub(crate) capabilities: CapabilitySet,
    /// The ids that exist in the caller's own user namespace.
    pub(crate) own_uids: Vec<Range>,
    pub(crate) own_gids: Vec<Range>,
    /// Subordinate ids, as `/etc/subuid` and `/etc/subgid` grant them.
    pub(crate) subordinate_uids: Vec<Range>,
    pub(crate) subordinate_gids: Vec<Range>,
    pub(crate) map_programs: Option<MapPrograms>,
}

/// Where the programs are that write id maps for ordinary users.
#[derive(Clone, Debug)]
pub(crate) struct MapPrograms {
    pub(crate) uids: PathBuf,
    pub(crate) gids: PathBuf,
}

impl Caller {
    /// Looks the facts up; what cannot be read counts as not there.
    pub(crate) fn read() -> Self {
        let uid = rustix::process::geteuid().as_raw();
        let name = kernel::user_name(uid);
        let capabilities = rustix::thread::capabilities(None)
            .map_or(CapabilitySet::empty(), |sets| sets.effective & sets.permitted);
        let ranges = |file: &str| parse_subordinate(&read_small(file), name.as_deref(), uid);
        Self {
            uid,
            gid: rustix::process::getegid().as_raw(),
            capabilities,
            own_uids: parse_own_map(&read_small("/proc/self/uid_map")),
            own_gids: parse_own_map(&read_small("/proc/self/gid_map")),
            subordinate_uids: ranges("/etc/subuid"),
            subordinate_gids: ranges("/etc/subgid"),
            map_programs: find_map_programs(),
            name,
        }
    }

    /// Whether the caller may write any id map itself.
    pub(crate) fn writes_maps(&self) -> bool {
        self.capabilities.contains(CapabilitySet::SETUID | CapabilitySet::SETGID)
    }

    /// Whether the caller's user namespace is the machine's own.
    pub(crate) fn in_initial_namespace(&self) -> bool {
        self.own_uids == [Range { first: 0, count: u32::MAX }]
    }

    /// Whether the caller may make mount namespaces without a user namespace.
    pub(crate) fn administers(&self) -> bool {
        self.capabilities.contains(
            CapabilitySet::SYS_ADMIN
                | CapabilitySet::SYS_CHROOT
                | CapabilitySet::SETUID
                | CapabilitySet::SETGID
                | CapabilitySet::SETPCAP,
        )
    }
}

fn find_map_programs() -> Option<MapPrograms> {
    // Fixed directories rather than PATH: these programs run with root's rights, and the path of a caller is not
    // known here. The last one is where NixOS keeps its set-user-id wrappers.
    let directories = ["/usr/bin", "/bin", "/usr/sbin", "/usr/local/bin", "/run/wrappers/bin"];
    directories.iter().map(Path::new).find_map(|directory| {
        let programs = MapPrograms { uids: directory.join("newuidmap"), gids: directory.join("newgidmap") };
        (programs.uids.is_file() && programs.gids.is_file()).then_some(programs)
    })
}

/// At most a megabyte of a system file, empty when unreadable.
fn read_small(path: &str) -> String {
    let mut text = Vec::new();
    if let Ok(file) = fs::File::open(path) {
        let _ = file.take(1 << 20).read_to_end(&mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The ranges of `owner:first:count` lines that belong to this user, by name or number; overlaps are dropped.
fn parse_subordinate(text: &str, name: Option<&str>, uid: u32) -> Vec<Range> {
    let number = uid.to_string();
    let mut ranges: Vec<Range> = Vec::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.trim().split(':').collect();
        let [owner, first, count] = fields[..] else { continue };
        if owner != number && Some(owner) != name {
            continue;
        }
        let (Ok(first), Ok(count)) = (first.parse::<u32>(), count.parse::<u32>()) else { continue };
        let Some(end) = first.checked_add(count) else { continue };
        let overlaps = ranges.iter().any(|range| first < range.first + range.count && range.first < end);
        // The kernel takes 340 extents at most, and five before Linux 4.15; nobody has many ranges.
        if count > 0 && !overlaps && ranges.len() < 64 {
            ranges.push(Range { first, count });
        }
    }
    ranges
}

/// The inner ids of the extents in a `/proc/PID/uid_map`.
fn parse_own_map(text: &str) -> Vec<Range> {
    text.lines()
        .filter_map(|line| {
            let mut numbers = line.split_ascii_whitespace().map(str::parse::<u32>);
            let first = numbers.next()?.ok()?;
            let count = numbers.nth(1)?.ok()?;
            Some(Range { first, count })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_ranges_by_name_and_by_number() {
        let text = "root:1:5\ntester:100000:65536\n1001:300000:10\ntester1:9:9\n";
        let found = parse_subordinate(text, Some("tester"), 1001);
        assert_eq!(found, [Range { first: 100_000, count: 65_536 }, Range { first: 300_000, count: 10 }]);
    }

    #[test]
    fn ignores_malformed_empty_and_overlapping_ranges() {
        let text = "a:1\na:x:3\na:4294967290:100\na:5:0\na:10:10\na:15:10\na:20:1\n\n#a:1:1\n";
        assert_eq!(
            parse_subordinate(text, Some("a"), 7),
            [Range { first: 10, count: 10 }, Range { first: 20, count: 1 }]
        );
    }

    #[test]
    fn reads_the_inner_side_of_an_own_map() {
        let text = "         0       1001          1\n         1     100000      65536\n";
        assert_eq!(parse_own_map(text), [Range { first: 0, count: 1 }, Range { first: 1, count: 65_536 }]);
    }
}

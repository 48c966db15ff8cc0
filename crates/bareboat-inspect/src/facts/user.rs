//! Who a container's process is: `User` of the configuration against the image's own `/etc/passwd` and `/etc/group`.
//!
//! Follows what Docker, containerd and Podman do (moby/sys/user, `GetExecUser`): a name must be in the image, a number
//! need not; a number that is not in `/etc/passwd` keeps group 0 unless a group is given.

use bareboat_image::Entry;

use super::accounts::Accounts;

/// The identity of a container's process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// As the configuration writes it; empty is root.
    pub spec: String,
    /// User id; 0 where nothing resolves.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Further groups.
    pub groups: Vec<u32>,
    /// Its name in `/etc/passwd`.
    pub name: Option<String>,
    /// Why no container starts with it.
    pub fault: Option<String>,
}

/// What a process wants to do with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read it.
    Read,
    /// Write it, or make and remove files in the directory.
    Write,
    /// Execute it, or pass through the directory.
    Execute,
}

impl User {
    /// Resolves the configuration's `User`.
    pub fn resolve(spec: &str, accounts: &Accounts) -> Self {
        let (user, group) = spec.split_once(':').unwrap_or((spec, ""));
        let mut resolved =
            Self { spec: spec.to_owned(), uid: 0, gid: 0, groups: Vec::new(), name: None, fault: None };
        let wanted = if user.is_empty() { "0" } else { user };
        let number = id(wanted);
        let is_it =
            |account: &&super::accounts::Account| account.name == wanted || number == Some(account.uid);
        match accounts.users().iter().find(is_it) {
            Some(account) => {
                (resolved.uid, resolved.gid) = (account.uid, account.gid);
                resolved.name = Some(account.name.clone());
            }
            None => match number {
                Some(uid) => resolved.uid = uid,
                None => {
                    let file =
                        if accounts.users.is_some() { "has no such name" } else { "is not in the image" };
                    resolved.fault = Some(format!("user `{user}` is a name, and `/etc/passwd` {file}"));
                    return resolved;
                }
            },
        }
        resolved.group(group, accounts);
        resolved
    }

    fn group(&mut self, group: &str, accounts: &Accounts) {
        if group.is_empty() {
            let Some(name) = &self.name else { return };
            let of = accounts.groups().iter().filter(|group| group.members.contains(name));
            self.groups = of.map(|group| group.gid).collect();
            return;
        }
        let number = id(group);
        let found = accounts.groups().iter().find(|row| row.name == group || number == Some(row.gid));
        match found.map(|row| row.gid).or(number) {
            Some(gid) => self.gid = gid,
            None => {
                let file = if accounts.groups.is_some() { "has no such name" } else { "is not in the image" };
                self.fault = Some(format!("group `{group}` is a name, and `/etc/group` {file}"));
            }
        }
    }

    /// True for user 0.
    pub fn is_root(&self) -> bool {
        self.uid == 0
    }

    /// Whether permission bits let the user (POSIX file access permissions; root's exceptions as in capabilities(7)).
    pub fn may(&self, access: Access, entry: &Entry) -> bool {
        let bit = match access {
            Access::Read => 4,
            Access::Write => 2,
            Access::Execute => 1,
        };
        if self.is_root() {
            let is_directory = entry.kind == bareboat_image::Kind::Directory;
            return access != Access::Execute || is_directory || entry.mode & 0o111 != 0;
        }
        let shift = match () {
            () if entry.owner.uid == self.uid => 6,
            () if entry.owner.gid == self.gid || self.groups.contains(&entry.owner.gid) => 3,
            () => 0,
        };
        entry.mode >> shift & bit != 0
    }
}

/// A number as runtimes take them for ids: up to 2^31 - 1.
fn id(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|id| is_number && *id <= i32::MAX as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str =
        "root:x:0:0:root:/root:/bin/sh\nbroken\nweb:x:1000:1001::/home/web:\nweb:x:7:7::/:\n";
    const GROUP: &str = "root:x:0:\nweb:x:1001:\nlog:x:4:web,root\nother:x:9:\n";

    fn resolve(spec: &str, files: bool) -> String {
        let accounts = match files {
            true => Accounts::new(Some(PASSWD), Some(GROUP), None),
            false => Accounts::default(),
        };
        let user = User::resolve(spec, &accounts);
        user.fault.unwrap_or_else(|| format!("{}:{} {:?}", user.uid, user.gid, user.groups))
    }

    #[test]
    fn names_are_looked_up_and_numbers_stand_for_themselves() {
        for (spec, with, without) in [
            ("", "0:0 [4]", "0:0 []"),
            ("root", "0:0 [4]", "user `root` is a name, and `/etc/passwd` is not in the image"),
            ("web", "1000:1001 [4]", "user `web` is a name, and `/etc/passwd` is not in the image"),
            ("1000", "1000:1001 [4]", "1000:0 []"),
            ("1000:0", "1000:0 []", "1000:0 []"),
            ("web:other", "1000:9 []", "user `web` is a name, and `/etc/passwd` is not in the image"),
            ("65532", "65532:0 []", "65532:0 []"),
            ("65532:65532", "65532:65532 []", "65532:65532 []"),
            (":9", "0:9 []", "0:9 []"),
            (
                "nobody",
                "user `nobody` is a name, and `/etc/passwd` has no such name",
                "user `nobody` is a name, and `/etc/passwd` is not in the image",
            ),
            (
                "1:none",
                "group `none` is a name, and `/etc/group` has no such name",
                "group `none` is a name, and `/etc/group` is not in the image",
            ),
            (
                "4294967295",
                "user `4294967295` is a name, and `/etc/passwd` has no such name",
                "user `4294967295` is a name, and `/etc/passwd` is not in the image",
            ),
        ] {
            assert_eq!(
                (resolve(spec, true).as_str(), resolve(spec, false).as_str()),
                (with, without),
                "{spec}"
            );
        }
    }

    #[test]
    fn the_first_class_that_fits_decides() {
        let mut user = User::resolve("5:6", &Accounts::default());
        let mut entry = Entry::directory(0o074);
        entry.owner = bareboat_image::Owner { uid: 5, gid: 6 };
        assert!(!user.may(Access::Read, &entry), "the owner has no bits, whatever the group may");
        user.uid = 7;
        assert!(user.may(Access::Write, &entry) && user.may(Access::Execute, &entry));
        user.gid = 8;
        assert!(user.may(Access::Read, &entry) && !user.may(Access::Write, &entry));
        user.uid = 0;
        assert!(user.may(Access::Write, &entry));
        let file = Entry::file(bareboat_store::Digest::of(b""), 0, 0o644);
        assert!(!user.may(Access::Execute, &file) && user.may(Access::Write, &file));
    }
}

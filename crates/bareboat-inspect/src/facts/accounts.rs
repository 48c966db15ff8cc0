//! `/etc/passwd`, `/etc/group`, `/etc/shadow` of an image, as a container runtime reads them (passwd(5), group(5),
//! shadow(5)); lines that are none are skipped.

/// A line of `/etc/passwd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// The second field: `x` where the hash is in `/etc/shadow`.
    pub password: String,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Home directory.
    pub home: String,
    /// Login shell.
    pub shell: String,
}

/// A line of `/etc/group`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Group id.
    pub gid: u32,
    /// Names of members.
    pub members: Vec<String>,
}

/// Everybody an image knows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accounts {
    /// Users in the file's order: the first match counts. `None` without the file.
    pub users: Option<Vec<Account>>,
    /// Groups, likewise.
    pub groups: Option<Vec<Group>>,
    /// Names and hashes of `/etc/shadow`.
    pub shadow: Vec<(String, String)>,
}

impl Accounts {
    /// Reads the three files, as far as they are there.
    pub(super) fn new(passwd: Option<&str>, group: Option<&str>, shadow: Option<&str>) -> Self {
        Self {
            users: passwd.map(|text| text.lines().filter_map(account).collect()),
            groups: group.map(|text| text.lines().filter_map(group_line).collect()),
            shadow: shadow.into_iter().flat_map(str::lines).filter_map(shadow_line).collect(),
        }
    }

    /// The users, none without the file.
    pub fn users(&self) -> &[Account] {
        self.users.as_deref().unwrap_or_default()
    }

    /// The groups, none without the file.
    pub fn groups(&self) -> &[Group] {
        self.groups.as_deref().unwrap_or_default()
    }
}

fn account(line: &str) -> Option<Account> {
    let fields: Vec<&str> = line.trim().split(':').collect();
    let [name, password, uid, gid, rest @ ..] = &fields[..] else { return None };
    Some(Account {
        name: (*name).to_owned(),
        password: (*password).to_owned(),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        home: rest.get(1).copied().unwrap_or_default().to_owned(),
        shell: rest.get(2).copied().unwrap_or_default().to_owned(),
    })
}

fn group_line(line: &str) -> Option<Group> {
    let fields: Vec<&str> = line.trim().split(':').collect();
    let [name, _, gid, rest @ ..] = &fields[..] else { return None };
    let members = rest.first().copied().unwrap_or_default().split(',').filter(|name| !name.is_empty());
    Some(Group {
        name: (*name).to_owned(),
        gid: gid.parse().ok()?,
        members: members.map(str::to_owned).collect(),
    })
}

fn shadow_line(line: &str) -> Option<(String, String)> {
    let mut fields = line.trim().split(':');
    Some((fields.next().filter(|name| !name.is_empty())?.to_owned(), fields.next()?.to_owned()))
}

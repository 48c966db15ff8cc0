//! Users and groups by name or number, looked up in a stage's own `/etc/passwd` and `/etc/group`.

use bareboat_image::Owner;
use bareboat_sandbox::User;
use bareboat_store::Store;

use super::error::Problem;
use super::files::Files;

/// Who owns a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// The numbers.
    pub owner: Owner,
    /// The name is nobody's; BuildKit silently takes root then, and so do we, with a warning.
    pub unknown: bool,
}

/// The owner that `--chown` or USER names: `user`, `user:group`, each a name or a number. A number alone is the group as
/// well, a name brings its primary group.
///
/// # Errors
/// A name where there are no files at all to look it up in.
pub(super) fn owner(store: &Store, files: &Files, text: &str) -> Result<Found, Problem> {
    let (user, group) = split(text);
    let mut found = Found { owner: Owner::ROOT, unknown: false };
    if let Ok(uid) = user.parse::<u32>() {
        found.owner = Owner { uid, gid: uid };
    } else if !user.is_empty() {
        match entry(&read(store, files, PASSWD, text)?, |fields| fields[0] == user) {
            Some(fields) => found.owner = Owner { uid: number(&fields, 2), gid: number(&fields, 3) },
            None => found.unknown = true,
        }
    }
    match group.map(|group| (group, group.parse::<u32>())) {
        None => {}
        Some((_, Ok(gid))) => found.owner.gid = gid,
        Some((name, Err(_))) => match entry(&read(store, files, GROUP, text)?, |fields| fields[0] == name) {
            Some(fields) => found.owner.gid = number(&fields, 2),
            None => {
                found.unknown = true;
                found.owner.gid = 0;
            }
        },
    }
    Ok(found)
}

/// Who runs a command as USER says it, and that user's home directory.
///
/// # Errors
/// A name that is nobody's.
pub(super) fn runner(store: &Store, files: &Files, text: &str) -> Result<(User, String), Problem> {
    let (name, group) = split(text);
    let name = if name.is_empty() { "0" } else { name };
    let users = files.read(store, PASSWD, LARGEST)?.map(lossy).unwrap_or_default();
    let groups = files.read(store, GROUP, LARGEST)?.map(lossy).unwrap_or_default();
    let uid = name.parse::<u32>().ok();
    let fits = |fields: &[&str]| match uid {
        Some(uid) => fields[2].parse() == Ok(uid),
        None => fields[0] == name,
    };
    let account = entry(&users, fits);
    let nobody = |what: &str, name: &str, file: &str| Problem::Words {
        message: format!("there is no {what} `{name}` in the stage's `{file}`"),
        hint: Some(format!("create it in a `RUN` before, or write a number, as in `USER {}`", "65532:65532")),
    };
    let (uid, gid, home) = match (&account, uid) {
        (Some(fields), _) => (number(fields, 2), number(fields, 3), fields.get(5).cloned()),
        (None, Some(uid)) => (uid, 0, None),
        (None, None) => return Err(nobody("user", name, PASSWD)),
    };
    let home = home.filter(|home| !home.is_empty()).unwrap_or_else(|| "/".to_owned());
    let Some(group) = group else {
        let account = account.map(|fields| fields[0].clone()).unwrap_or_default();
        return Ok((User { uid, gid, groups: memberships(&groups, &account) }, home));
    };
    let gid = match group.parse::<u32>() {
        Ok(gid) => gid,
        Err(_) => match entry(&groups, |fields| fields[0] == group) {
            Some(fields) => number(&fields, 2),
            None => return Err(nobody("group", group, GROUP)),
        },
    };
    Ok((User::new(uid, gid), home))
}

/// The groups that list `account` among their members.
fn memberships(groups: &str, account: &str) -> Vec<u32> {
    let lists = |fields: &[&str]| {
        !account.is_empty()
            && fields.get(3).is_some_and(|members| members.split(',').any(|one| one == account))
    };
    let fields = groups.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found = fields.filter(|fields| lists(fields)).filter_map(|fields| fields.get(2)?.parse().ok());
    found.collect()
}

fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once(':') {
        Some((user, group)) => (user, Some(group).filter(|group| !group.is_empty())),
        None => (text, None),
    }
}

fn read(store: &Store, files: &Files, path: &str, wanted: &str) -> Result<String, Problem> {
    if files.layers.is_empty() {
        return Err(Problem::Words {
            message: format!("`{wanted}` cannot be looked up: the stage has no `{path}` yet"),
            hint: Some("write numbers, as in `65532:65532`".to_owned()),
        });
    }
    Ok(files.read(store, path, LARGEST)?.map(lossy).unwrap_or_default())
}

fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The fields of the first line that `fits`; lines with less than three fields are no entries.
fn entry(text: &str, fits: impl Fn(&[&str]) -> bool) -> Option<Vec<String>> {
    let lines = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found = lines.into_iter().find(|fields| fields.len() > 2 && fits(fields))?;
    Some(found.into_iter().map(str::to_owned).collect())
}

fn number(fields: &[String], index: usize) -> u32 {
    fields.get(index).and_then(|field| field.parse().ok()).unwrap_or(0)
}

const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";
/// Bytes; no honest list of users is longer.
const LARGEST: u64 = 4 << 20;

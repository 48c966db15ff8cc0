//! `/etc/passwd`, `/etc/group` and home directories: root, nobody and the one user that runs the application.
//!
//! Follows passwd(5) and group(5). There is no shadow file: nobody can log in, there is nothing to log in to.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Generated;

/// The user an image runs as. Its row is called `nonroot` whatever its number, as in the field's reference images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeUser {
    /// User id, never 0.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
}

impl RuntimeUser {
    /// Its name in `/etc/passwd`.
    pub const NAME: &'static str = "nonroot";
    /// Its home directory.
    pub const HOME: &'static str = "/home/nonroot";
}

impl Default for RuntimeUser {
    /// `65532:65532`.
    fn default() -> Self {
        Self { uid: 65532, gid: 65532 }
    }
}

impl std::fmt::Display for RuntimeUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.uid, self.gid)
    }
}

impl FromStr for RuntimeUser {
    type Err = UserError;

    /// `UID` or `UID:GID`; the group defaults to the user's number. By number only: Kubernetes' `runAsNonRoot`
    /// cannot judge a name.
    fn from_str(text: &str) -> Result<Self, UserError> {
        let (user, group) = text.split_once(':').unwrap_or((text, text));
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let value = plain.then(|| digits.parse::<u32>().ok()).flatten();
            value.filter(|&id| id < RESERVED).ok_or_else(|| UserError::NotANumber { text: cut(text) })
        };
        let (uid, gid) = (number(user)?, number(group)?);
        match uid {
            0 => Err(UserError::Root),
            NOBODY => Err(UserError::Nobody),
            _ => Ok(Self { uid, gid }),
        }
    }
}

/// Who may use the home directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HomeAccess {
    /// Its user alone: `0700`.
    #[default]
    Private,
    /// Any user in group 0: `0770` and group 0, for platforms that run arbitrary user ids (OpenShift).
    GroupZero,
}

/// The account files and home directories.
pub fn generate(user: RuntimeUser, access: HomeAccess) -> Vec<Generated> {
    let RuntimeUser { uid, gid } = user;
    let (home_mode, home_group) = match access {
        HomeAccess::Private => (0o700, gid),
        HomeAccess::GroupZero => (0o770, 0),
    };
    vec![
        Generated::file("etc/passwd", 0o644, passwd(user), BECAUSE),
        Generated::file("etc/group", 0o644, group(user), BECAUSE),
        Generated::directory("root", 0o700, "root's home (base-files)"),
        Generated::directory("home", 0o755, "home directories (base-files)"),
        Generated::directory("home/nonroot", home_mode, "the runtime user's home").owned_by(uid, home_group),
    ]
}

fn passwd(RuntimeUser { uid, gid }: RuntimeUser) -> String {
    format!(
        "root:x:0:0:root:/root:/sbin/nologin\n\
         nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n\
         nonroot:x:{uid}:{gid}:nonroot:/home/nonroot:/sbin/nologin\n"
    )
}

fn group(RuntimeUser { gid, .. }: RuntimeUser) -> String {
    let fixed = "root:x:0:\nnobody:x:65534:\ntty:x:5:\nstaff:x:50:\n";
    match [0, 5, 50, NOBODY].contains(&gid) {
        true => fixed.to_owned(),
        false => format!("{fixed}nonroot:x:{gid}:\n"),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

const BECAUSE: &str = "accounts (replaces base-passwd)";
const NOBODY: u32 = 65534;
/// `(uid_t) -1` means "no change" to chown(2) and is no user.
const RESERVED: u32 = u32::MAX;

/// Why a text is not a usable runtime user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// Not `UID` or `UID:GID`.
    #[error("`{text}` is not a user: want `UID` or `UID:GID`, by number")]
    NotANumber {
        /// The text.
        text: String,
    },
    /// User id 0.
    #[error("user 0 is root: an image runs as an ordinary user")]
    Root,
    /// User id 65534.
    #[error("user 65534 is `nobody`, which owns what belongs to nobody: want another number")]
    Nobody,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(user: &str, path: &str) -> String {
        let generated = generate(user.parse().unwrap(), HomeAccess::Private);
        let file = generated.into_iter().find(|file| file.path.as_bytes() == path.as_bytes()).unwrap();
        String::from_utf8(file.content).unwrap()
    }

    #[test]
    fn the_default_files_match_the_reference_images_byte_for_byte() {
        assert_eq!(
            text("65532", "etc/passwd"),
            "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n\
             nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n"
        );
        assert_eq!(
            text("65532", "etc/group"),
            "root:x:0:\nnobody:x:65534:\ntty:x:5:\nstaff:x:50:\nnonroot:x:65532:\n"
        );
    }

    #[test]
    fn another_number_keeps_the_name() {
        assert!(text("1002", "etc/passwd").contains("nonroot:x:1002:1002:"));
        assert!(text("1002:0", "etc/passwd").contains("nonroot:x:1002:0:"));
        assert!(!text("1002:0", "etc/group").contains("nonroot"));
    }

    #[test]
    fn homes_are_private_unless_group_zero_shares_them() {
        let describe = |access| {
            let generated = generate(RuntimeUser::default(), access);
            generated.last().unwrap().describe()
        };
        assert_eq!(describe(HomeAccess::Private), "/home/nonroot 0700 65532:65532 directory");
        assert_eq!(describe(HomeAccess::GroupZero), "/home/nonroot 0770 65532:0 directory");
    }

    #[test]
    fn refuses_root_nobody_and_names() {
        for text in
            ["0", "0:5", "65534", "nonroot", "", "-1", "+5", "1:2:3", "4294967295", "99999999999", "1:"]
        {
            assert!(text.parse::<RuntimeUser>().is_err(), "{text}");
        }
    }
}

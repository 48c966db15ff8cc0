//! Rules about a non-root user.

mod adduser_dialect;
mod chpasswd;
mod low_port_nonroot;
mod sudo;
mod uid_not_explicit;
mod user_created_unused;
mod user_missing;
mod user_not_numeric;
mod user_ping_pong;
mod user_root_last;
mod useradd_high_uid;
mod workdir_root_owned;
mod world_writable;

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[
    &adduser_dialect::RULE,
    &chpasswd::RULE,
    &low_port_nonroot::RULE,
    &sudo::RULE,
    &uid_not_explicit::RULE,
    &user_created_unused::RULE,
    &user_missing::RULE,
    &user_not_numeric::RULE,
    &user_ping_pong::RULE,
    &user_root_last::RULE,
    &useradd_high_uid::RULE,
    &workdir_root_owned::RULE,
    &world_writable::RULE,
];

/// The options of useradd(8) that take a value.
const USERADD: &[&str] = &[
    "-b",
    "--base-dir",
    "-c",
    "--comment",
    "-d",
    "--home-dir",
    "-e",
    "--expiredate",
    "-f",
    "--inactive",
    "-g",
    "--gid",
    "-G",
    "--groups",
    "-k",
    "--skel",
    "-K",
    "--key",
    "-p",
    "--password",
    "-R",
    "--root",
    "-P",
    "--prefix",
    "-s",
    "--shell",
    "-u",
    "--uid",
    "-Z",
    "--selinux-user",
];

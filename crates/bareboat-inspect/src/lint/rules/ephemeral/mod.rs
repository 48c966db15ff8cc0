//! Rules about ephemeral, stateless, one concern.

mod docker_socket;
mod entrypoint_without_exec;
mod healthcheck_missing;
mod ssh_port;
mod volume_then_write;

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[
    &docker_socket::RULE,
    &entrypoint_without_exec::RULE,
    &healthcheck_missing::RULE,
    &ssh_port::RULE,
    &volume_then_write::RULE,
];

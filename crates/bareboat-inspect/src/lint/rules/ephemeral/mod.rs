//! Rules about ephemeral, stateless, one concern.

mod docker_socket;
mod entrypoint_without_exec;
mod healthcheck_missing;
mod services_in_image;
mod ssh_port;
mod stopsignal_ungraceful;
mod volume_sensitive;
mod volume_then_write;

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[
    &docker_socket::RULE,
    &entrypoint_without_exec::RULE,
    &healthcheck_missing::RULE,
    &services_in_image::RULE,
    &ssh_port::RULE,
    &stopsignal_ungraceful::RULE,
    &volume_sensitive::RULE,
    &volume_then_write::RULE,
];

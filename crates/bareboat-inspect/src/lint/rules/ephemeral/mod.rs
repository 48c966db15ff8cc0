//! Rules about ephemeral, stateless, one concern.

mod healthcheck_missing;
mod ssh_port;
mod volume_then_write;

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[&healthcheck_missing::RULE, &ssh_port::RULE, &volume_then_write::RULE];

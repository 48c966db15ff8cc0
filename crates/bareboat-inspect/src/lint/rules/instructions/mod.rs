//! Rules about correct instructions.

mod cd_in_run;
mod empty_continuation;
mod env_self_reference;
mod expose_format;
mod expose_proto_casing;
mod expose_range;
mod from_as_casing;
mod instruction_before_from;
mod keyword_casing;
mod legacy_key_value;
mod maintainer;
mod multiple;
mod multiple_cmd;
mod multiple_entrypoint;
mod multiple_healthcheck;
mod pointless_command;
mod shell_form_pid1;
mod stage_name_casing;
mod undefined_var;
mod workdir_relative;

pub(in crate::lint::rules) use self::shell_form_pid1::as_json;
use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[
    &cd_in_run::RULE,
    &empty_continuation::RULE,
    &env_self_reference::RULE,
    &expose_format::RULE,
    &expose_proto_casing::RULE,
    &expose_range::RULE,
    &from_as_casing::RULE,
    &instruction_before_from::RULE,
    &keyword_casing::RULE,
    &legacy_key_value::RULE,
    &maintainer::RULE,
    &multiple_cmd::RULE,
    &multiple_entrypoint::RULE,
    &multiple_healthcheck::RULE,
    &pointless_command::RULE,
    &shell_form_pid1::RULE,
    &stage_name_casing::RULE,
    &undefined_var::RULE,
    &workdir_relative::RULE,
];

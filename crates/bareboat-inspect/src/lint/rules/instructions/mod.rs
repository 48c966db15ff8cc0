//! Rules about correct instructions.

mod cd_in_run;
mod cmd_missing;
mod definition_comment;
mod empty_continuation;
mod env_self_reference;
mod env_unset_later;
mod expose_format;
mod expose_proto_casing;
mod expose_range;
mod from_as_casing;
mod healthcheck_options;
mod instruction_before_from;
mod invalid_json_form;
mod keyword_casing;
mod keyword_in_run;
mod label_empty;
mod label_format;
mod label_key;
mod label_missing;
mod label_not_in_schema;
mod label_values;
mod labels;
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
mod workdir_system_directory;
mod workdir_unescaped_space;

pub(in crate::lint::rules) use self::shell_form_pid1::as_json;
use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[
    &cd_in_run::RULE,
    &cmd_missing::RULE,
    &definition_comment::RULE,
    &empty_continuation::RULE,
    &env_self_reference::RULE,
    &env_unset_later::RULE,
    &expose_format::RULE,
    &expose_proto_casing::RULE,
    &expose_range::RULE,
    &from_as_casing::RULE,
    &healthcheck_options::RULE,
    &instruction_before_from::RULE,
    &invalid_json_form::RULE,
    &keyword_casing::RULE,
    &keyword_in_run::RULE,
    &label_empty::RULE,
    &label_format::RULE,
    &label_key::RULE,
    &label_missing::RULE,
    &label_not_in_schema::RULE,
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
    &workdir_system_directory::RULE,
    &workdir_unescaped_space::RULE,
];

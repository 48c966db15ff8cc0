//! Rules about shell inside RUN.

mod and_or_is_not_if;
mod backquotes;
mod bashism_in_sh;
mod cd_unchecked;
mod echo_escapes;
mod expansion_in_single_quotes;
mod heredoc_wrong_shell;
mod link_sh;
mod pipefail;
mod shell_syntax;
pub(super) mod shellcheck;
mod status_hidden_by_export;
mod unquoted_substitution;
mod unquoted_variable;
mod useless_cat;
mod wildcard_as_option;

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[
    &and_or_is_not_if::RULE,
    &backquotes::RULE,
    &bashism_in_sh::RULE,
    &cd_unchecked::RULE,
    &echo_escapes::RULE,
    &expansion_in_single_quotes::RULE,
    &heredoc_wrong_shell::RULE,
    &link_sh::RULE,
    &pipefail::RULE,
    &shell_syntax::RULE,
    &shellcheck::RULE,
    &status_hidden_by_export::RULE,
    &unquoted_substitution::RULE,
    &unquoted_variable::RULE,
    &useless_cat::RULE,
    &wildcard_as_option::RULE,
];

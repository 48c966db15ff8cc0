//! Rules about packages: no unnecessary ones, honest installs.

mod apk_virtual;
mod apt_not_apt_get;
mod assume_yes;
mod curl_and_wget;
mod curl_pipe_shell;
mod curl_without_fail;
mod debug_tools_in_final;
mod dev_deps_in_final;
mod duplicate_package;
mod install_without_lock;
pub(super) mod installs;
mod no_recommends;
mod pin_gem;
mod pin_go;
mod pin_npm;
mod pin_os_packages;
mod pin_pip;
pub(super) mod pip;
mod signature_check_off;
mod sort_packages;
mod tls_verify_off;
mod update_alone;
mod upgrade_in_build;
mod wget_progress;

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[
    &apk_virtual::RULE,
    &apt_not_apt_get::RULE,
    &assume_yes::RULE,
    &curl_and_wget::RULE,
    &curl_pipe_shell::RULE,
    &curl_without_fail::RULE,
    &debug_tools_in_final::RULE,
    &dev_deps_in_final::RULE,
    &duplicate_package::RULE,
    &install_without_lock::RULE,
    &no_recommends::RULE,
    &pin_gem::RULE,
    &pin_go::RULE,
    &pin_npm::RULE,
    &pin_os_packages::RULE,
    &pin_pip::RULE,
    &signature_check_off::RULE,
    &sort_packages::RULE,
    &tls_verify_off::RULE,
    &update_alone::RULE,
    &upgrade_in_build::RULE,
    &wget_progress::RULE,
];

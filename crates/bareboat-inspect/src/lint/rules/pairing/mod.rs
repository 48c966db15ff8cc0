//! Rules about stages that fit together.

mod arrival;
mod base;
mod console_script_not_found;
mod content;
mod dynamic_program_without_libc;
mod floating_pair;
mod glibc_newer_than_runtime;
mod interpreter_twice;
mod java_newer_than_runtime;
mod libc_family_differs;
mod native;
mod node_major_differs;
mod opaque;
mod packages_off_path;
mod program_for_another_machine;
mod program_not_in_image;
mod python_minor_differs;
mod runtime_unmaintained;
mod rust_without_libgcc;
mod script_without_shell;
mod shared_library_missing;
mod shell_form_without_shell;
#[cfg(test)]
mod tests;
mod user_not_in_image;
mod venv_link_dangles;

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[
    &console_script_not_found::RULE,
    &dynamic_program_without_libc::RULE,
    &floating_pair::RULE,
    &glibc_newer_than_runtime::RULE,
    &interpreter_twice::RULE,
    &java_newer_than_runtime::RULE,
    &libc_family_differs::RULE,
    &node_major_differs::RULE,
    &packages_off_path::RULE,
    &program_for_another_machine::RULE,
    &program_not_in_image::RULE,
    &python_minor_differs::RULE,
    &runtime_unmaintained::RULE,
    &rust_without_libgcc::RULE,
    &script_without_shell::RULE,
    &shared_library_missing::RULE,
    &shell_form_without_shell::RULE,
    &user_not_in_image::RULE,
    &venv_link_dangles::RULE,
];

//! Will it start?

mod elf_arch;
mod elf_closure;
mod elf_interp;
mod entrypoint;
mod health;
mod libc_mix;
mod py_abi;
mod py_imports;
mod py_path;
mod shebang;
mod user_exists;
mod workdir;

use super::Rule;

/// The rules of this question.
pub(super) static RULES: &[&Rule] = &[
    &entrypoint::RULE,
    &workdir::RULE,
    &shebang::RULE,
    &elf_arch::RULE,
    &elf_interp::RULE,
    &elf_closure::RULE,
    &libc_mix::RULE,
    &py_abi::RULE,
    &py_path::RULE,
    &py_imports::RULE,
    &user_exists::RULE,
    &health::RULE,
];

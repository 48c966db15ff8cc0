//! How bare is it?

mod code_writable;
mod compiler;
mod fcaps;
mod nettool;
mod pkgmgr;
mod port_low;
mod secret_config;
mod secret_file;
mod secret_hidden;
mod setid;
mod shell;
mod user_gid0;
mod user_numeric;
mod user_root;
mod volume;
mod world_writable;

use super::Rule;

/// The rules of this question.
pub(super) static RULES: &[&Rule] = &[
    &user_root::RULE,
    &user_numeric::RULE,
    &user_gid0::RULE,
    &shell::RULE,
    &pkgmgr::RULE,
    &compiler::RULE,
    &nettool::RULE,
    &setid::RULE,
    &fcaps::RULE,
    &world_writable::RULE,
    &code_writable::RULE,
    &secret_file::RULE,
    &secret_hidden::RULE,
    &secret_config::RULE,
    &port_low::RULE,
    &volume::RULE,
];

/// `` `a`, `b` and `c` ``, a few of them.
fn listed(names: &[&bareboat_image::TreePath]) -> String {
    const MOST: usize = 4;
    let quoted: Vec<String> = names.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    match (&quoted[..], names.len()) {
        ([], _) => String::new(),
        ([only], _) => only.clone(),
        (shown, all) if all > MOST => format!("{} and {} more", shown.join(", "), all - MOST),
        ([first @ .., last], _) => format!("{} and {last}", first.join(", ")),
    }
}

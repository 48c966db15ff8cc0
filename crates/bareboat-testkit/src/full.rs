//! The full suite: tests that need the network, an engine or a privilege, and say so when they are skipped.

/// True when the full suite runs (`BAREBOAT_FULL=1`, set by `cargo xtask test` where the network can be reached).
///
/// Otherwise prints why `test` is skipped; with `BAREBOAT_NO_SKIP=1` that is a failure.
///
/// # Panics
/// When a skip is not allowed.
#[allow(clippy::print_stderr)]
pub fn wanted(test: &str) -> bool {
    if std::env::var_os("BAREBOAT_FULL").is_some_and(|value| value == "1") {
        return true;
    }
    skip(test, "BAREBOAT_FULL is not 1");
    false
}

/// True when `program` can be started; otherwise as [`wanted`].
///
/// # Panics
/// When a skip is not allowed.
pub fn has_program(test: &str, program: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|directory| directory.join(program).is_file()));
    if !found {
        skip(test, &format!("there is no `{program}` on PATH"));
    }
    found
}

/// Says that `test` is skipped and why.
///
/// # Panics
/// With `BAREBOAT_NO_SKIP=1`: a skip is a failure there.
#[allow(clippy::print_stderr)]
pub fn skip(test: &str, why: &str) {
    let forbidden = std::env::var_os("BAREBOAT_NO_SKIP").is_some_and(|value| value == "1");
    assert!(!forbidden, "{test} was skipped where it must run: {why}");
    eprintln!("skipped: {test}: {why}");
}

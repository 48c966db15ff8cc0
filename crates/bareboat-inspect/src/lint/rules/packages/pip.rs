//! Calls of pip, by its own name or as a module of Python.

use std::borrow::Cow;

use crate::lint::context::{Call, Execution};

/// The `pip install` calls of `run`, with arguments that start at pip's own.
pub(in crate::lint::rules) fn installs<'c, 'a>(
    run: &'c Execution<'a>,
) -> impl Iterator<Item = Cow<'c, Call<'a>>> {
    run.calls
        .iter()
        .filter_map(of_call)
        .filter(|call| call.options(&crate::lint::context::grammar::PIP).subcommand() == Some("install"))
}

/// The `pipx install` calls of `run`.
pub(in crate::lint::rules) fn pipx_installs<'c, 'a>(
    run: &'c Execution<'a>,
) -> impl Iterator<Item = Cow<'c, Call<'a>>> {
    let calls = run.calls_of(&["pipx"]).map(Cow::Borrowed);
    calls.filter(|call| call.options(&crate::lint::context::grammar::PIP).subcommand() == Some("install"))
}

fn of_call<'c, 'a>(call: &'c Call<'a>) -> Option<Cow<'c, Call<'a>>> {
    if is_versioned(&call.name, "pip") {
        return Some(Cow::Borrowed(call));
    }
    if !is_versioned(&call.name, "python") {
        return None;
    }
    let module =
        call.arguments.iter().position(|argument| !argument.text.starts_with('-') || argument.is("-m"))?;
    let is_pip = call.arguments[module].is("-m") && call.arguments.get(module + 1)?.is("pip");
    is_pip.then(|| {
        let mut own = call.clone();
        own.arguments.drain(..module + 2);
        Cow::Owned(own)
    })
}

/// `pip`, `pip3`, `pip3.13`; not `pipx`.
fn is_versioned(program: &str, name: &str) -> bool {
    let version = program.strip_prefix(name);
    version.is_some_and(|version| version.chars().all(|char| char == '.' || char.is_ascii_digit()))
}

//! What arriving files are, judged by the instructions that made them.
//!
//! Only what an instruction says counts. Files whose making nobody sees are nothing to judge.

use super::arrival::{Arrival, absolute, below, overlaps};
use crate::lint::Context;
use crate::lint::context::{Call, Grammar, StageView, Step, grammar};

/// What arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// Installed Python packages, and the directory in the making stage that holds them (`None`: of the venv).
    Packages { directory: String, venv: bool },
    /// A program that cargo built for the builder's own C library.
    Rust,
    /// A program that Go built with cgo.
    Cgo { explicit: bool },
    /// A program of a C compiler.
    C,
    /// Packages of npm or yarn.
    NodeModules,
}

impl Content {
    /// True for a program that a compiler linked.
    pub(super) fn is_program(&self) -> bool {
        matches!(self, Self::Rust | Self::Cgo { .. } | Self::C)
    }
}

const GO: Grammar =
    Grammar { valued: &["-o", "-ldflags", "-tags", "-C", "-gcflags", "-mod"], single_dash: true };
const CC: Grammar = Grammar { valued: &["-o", "-I", "-L", "-l", "-x"], single_dash: true };
const CARGO: Grammar = Grammar {
    valued: &["--target", "--root", "--bin", "-p", "--package", "--features", "-F"],
    single_dash: false,
};
const COMPILERS: &[&str] = &["gcc", "g++", "cc", "c++", "clang", "clang++"];

/// What `arrival` brings; `None` when nothing says so.
pub(super) fn content(context: &Context<'_>, arrival: &Arrival<'_, '_>) -> Option<Content> {
    let chain = context.chain(arrival.maker);
    if !context.affords(&chain) {
        return None;
    }
    let runs = || {
        let steps = chain.iter().flat_map(|link| &link.steps).filter(|step| !step.is_onbuild());
        steps.filter_map(|step| Some((step, step.run()?)))
    };
    let calls = || runs().flat_map(|(step, run)| run.calls.iter().map(move |call| (step, call)));
    let found = calls().find_map(|(step, call)| of_call(context, arrival, step, call));
    if found.is_some() {
        return found;
    }
    let path = arrival.source.as_str();
    let installs = calls().any(|(_, call)| pip_install(call));
    if installs && is_site_packages(path) {
        return Some(Content::Packages { directory: path.to_owned(), venv: false });
    }
    let cargo = calls().find(|(_, call)| is_cargo_build(call));
    let built = path.contains("/target/release") || path.contains("/target/debug");
    let moved = || calls().any(|(step, call)| copies_from_target(step, call, path));
    if cargo.is_some_and(|(step, call)| !is_musl(context, step, call)) && (built || moved()) {
        return Some(Content::Rust);
    }
    None
}

/// True for `…/lib/python3.12/site-packages`.
fn is_site_packages(path: &str) -> bool {
    path.ends_with("/site-packages") && path.contains("/lib/python3.")
}

/// The directories above that hold more than packages: the interpreter itself.
pub(super) fn brings_python(arrivals: &[Arrival<'_, '_>]) -> bool {
    arrivals.iter().any(|arrival| {
        let name = arrival.source.rsplit('/').next().unwrap_or_default();
        let program = name.starts_with("python") && arrival.source.contains("/bin/");
        program
            || matches!(arrival.source.as_str(), "" | "/usr" | "/usr/local" | "/usr/local/bin" | "/usr/bin")
    })
}

fn of_call(
    context: &Context<'_>,
    arrival: &Arrival<'_, '_>,
    step: &Step<'_>,
    call: &Call<'_>,
) -> Option<Content> {
    let path = arrival.source.as_str();
    let workdir = step.state.workdir.as_deref();
    let named = |value: Option<&str>| value.and_then(|value| absolute(workdir, value));
    if let Some(venv) = venv(call).and_then(|directory| named(Some(directory))) {
        return overlaps(path, &venv).then_some(Content::Packages { directory: venv, venv: true });
    }
    if pip_install(call) {
        let target = named(call.options(&grammar::PIP).value(&["--target", "-t"]))?;
        let inside = overlaps(path, &target);
        return inside.then_some(Content::Packages { directory: target, venv: false });
    }
    if call.is(&["go"]) && call.options(&GO).subcommand() == Some("build") {
        let output = named(call.options(&GO).value(&["-o"]))?;
        return overlaps(path, &output).then(|| cgo(context, arrival.maker, step, call)).flatten();
    }
    if call.is(COMPILERS) {
        let options = call.options(&CC);
        let fixed = options.has(&["-static", "-static-pie", "-c", "-S", "-E"]);
        let output = named(options.value(&["-o"]))?;
        return (!fixed && output == path).then_some(Content::C);
    }
    let node = call.is(&["npm"]) && matches!(npm_command(call), Some("ci" | "install" | "i"));
    let yarn =
        call.is(&["yarn"]) && matches!(call.options(&grammar::PLAIN).subcommand(), None | Some("install"));
    let modules = format!("{}/node_modules", workdir?.trim_end_matches('/'));
    ((node || yarn) && overlaps(path, &modules)).then_some(Content::NodeModules)
}

fn npm_command<'c>(call: &'c Call<'_>) -> Option<&'c str> {
    let options = call.options(&grammar::NPM);
    // Told to fetch for another C library, or to put them elsewhere: its author has thought about it.
    if options.has(&["--libc", "-g", "--global", "--prefix"]) {
        return None;
    }
    call.arguments.iter().filter_map(|argument| argument.value()).find(|word| !word.starts_with('-'))
}

/// The directory of `python -m venv DIR`, `virtualenv DIR`, `uv venv DIR`.
pub(super) fn venv<'c>(call: &'c Call<'_>) -> Option<&'c str> {
    let words: Vec<&str> = call.arguments.iter().filter_map(|argument| argument.value()).collect();
    let rest = match (call.name.as_str(), &words[..]) {
        (name, ["-m", "venv" | "virtualenv", rest @ ..]) if name.starts_with("python") => rest,
        ("virtualenv", rest) | ("uv", ["venv", rest @ ..]) => rest,
        _ => return None,
    };
    // Some options take a value; the directory is the last word as people write it.
    rest.last().copied().filter(|word| !word.starts_with('-'))
}

/// `pip install`, also as a module and by uv.
pub(super) fn pip_install(call: &Call<'_>) -> bool {
    let words = call.arguments.iter().filter_map(|argument| argument.value());
    let words: Vec<&str> = words.filter(|word| !word.starts_with("--")).take(3).collect();
    match call.name.as_str() {
        name if name.starts_with("pip") => words.first() == Some(&"install"),
        name if name.starts_with("python") => words.starts_with(&["-m", "pip", "install"]),
        "uv" => words.starts_with(&["pip", "install"]),
        _ => false,
    }
}

fn is_cargo_build(call: &Call<'_>) -> bool {
    call.is(&["cargo"]) && matches!(call.options(&CARGO).subcommand(), Some("build" | "b"))
}

fn is_musl(context: &Context<'_>, step: &Step<'_>, call: &Call<'_>) -> bool {
    let options = call.options(&CARGO);
    let target = options.value(&["--target"]);
    let variable = context.variable(step, "CARGO_BUILD_TARGET").map(|(value, _)| value);
    let flags = context.variable(step, "RUSTFLAGS").map(|(value, _)| value.to_owned()).unwrap_or_default();
    let inline = call.environment.iter().any(|(name, _)| name == "RUSTFLAGS" || name == "CARGO_BUILD_TARGET");
    // Another target than the builder's own: nothing is known about it.
    options.has(&["--target"]) && target.is_none_or(|target| !target.ends_with("-linux-gnu"))
        || variable.is_some_and(|target| !target.ends_with("-linux-gnu"))
        || flags.contains("crt-static")
        || inline
}

/// `cp target/release/app PATH`
fn copies_from_target(step: &Step<'_>, call: &Call<'_>, path: &str) -> bool {
    let options = call.options(&grammar::PLAIN);
    let [sources @ .., target] = &options.operands[..] else { return false };
    let from_target = sources.iter().any(|source| source.text.contains("target/release"));
    let target = target.value().and_then(|target| absolute(step.state.workdir.as_deref(), target));
    call.is(&["cp", "mv", "install"])
        && from_target
        && target.is_some_and(|target| below(path, &target).is_some())
}

/// Go links the C library in by default where a C compiler is there: on Debian, not on Alpine.
fn cgo(context: &Context<'_>, maker: &StageView<'_>, step: &Step<'_>, call: &Call<'_>) -> Option<Content> {
    let inline = call.environment.iter().rfind(|(name, _)| name == "CGO_ENABLED");
    let set = match inline {
        Some((_, value)) => Some(value.clone()?),
        None => exported(step)
            .or_else(|| context.variable(step, "CGO_ENABLED").map(|(value, _)| value.to_owned())),
    };
    let cross = call.environment.iter().any(|(name, _)| name == "GOOS" || name == "GOARCH")
        || context.variable(step, "GOARCH").is_some();
    let flags = call.options(&GO).value(&["-ldflags"]).unwrap_or_default().contains("-static");
    let on_debian = context.base(maker).and_then(|base| base.distribution.as_ref());
    let default = on_debian.is_some_and(|distribution| distribution.id == "debian");
    match set.as_deref() {
        Some("1") if !flags => Some(Content::Cgo { explicit: true }),
        // The go command turns cgo off when it builds for another machine.
        None if default && !flags && !cross => Some(Content::Cgo { explicit: false }),
        _ => None,
    }
}

/// `export CGO_ENABLED=0` in the same RUN.
fn exported(step: &Step<'_>) -> Option<String> {
    let calls = &step.run()?.calls;
    let words = calls.iter().filter(|call| call.is(&["export"])).flat_map(|call| &call.arguments);
    words.filter_map(|word| word.value()?.strip_prefix("CGO_ENABLED=").map(str::to_owned)).next_back()
}

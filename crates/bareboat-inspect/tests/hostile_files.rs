//! Files made to hurt: each is judged and repaired without a panic, at a size where work that grows with the square of a
//! file would make this suite stand still. Nothing here is timed; to see how the time grows:
//!
//! `SHAPE="name of one" SIZE=1000000 cargo test -p bareboat-inspect --test hostile_files -- --nocapture`

#![allow(clippy::unwrap_used)]

#[path = "../../../fuzz/src/lint.rs"]
mod promises;
#[path = "hostile_files/shapes.rs"]
mod shapes;

use std::time::{Duration, Instant};

use bareboat_inspect::lint::{Configuration, Input, Linter, Preset};

const SIZE: usize = 16 * 1024;

#[test]
fn large_hostile_files_are_judged() {
    let only = std::env::var("SHAPE").ok();
    let size = std::env::var("SIZE").ok().and_then(|size| size.parse().ok()).unwrap_or(SIZE);
    let is_wanted = |name: &str| only.as_ref().is_none_or(|only| only == name);
    let mut judged = 0;
    for (name, make) in shapes::SHAPES.iter().filter(|(name, _)| is_wanted(name)) {
        let took = judge(&make(size));
        judged += 1;
        if only.is_some() {
            let eighth = judge(&make(size / 8));
            show(&format!("{name}: {size} bytes in {took:?}, an eighth of it in {eighth:?}"));
        }
    }
    assert!(judged > 0, "no shape is called so");
}

#[allow(clippy::print_stdout)]
fn show(line: &str) {
    println!("{line}");
}

fn judge(bytes: &[u8]) -> Duration {
    let configuration = Configuration { preset: Preset::All, ..Configuration::default() };
    let linter = Linter::new(configuration).unwrap();
    let begun = Instant::now();
    linter.lint(&Input::new(bytes));
    begun.elapsed()
}

#[test]
fn hostile_files_are_repaired_once_and_for_all() {
    for (_, make) in shapes::SHAPES {
        let bytes = make(600);
        promises::lint(&bytes);
        promises::lint_fix(&bytes);
    }
}

#[test]
fn a_million_continuations_are_one_instruction() {
    let text = [&b"FROM debian:13\nRUN true"[..], &b"\\\n".repeat(1_000_000), b"\nUSER 1\n"].concat();
    promises::lint(&text);
}

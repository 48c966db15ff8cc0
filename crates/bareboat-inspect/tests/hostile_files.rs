//! Files made to hurt: each is judged and repaired in time that grows with its size, without a panic.
//!
//! `SHAPE="name of one" SIZE=1000000 cargo test -p bareboat-inspect --test hostile_files -- --nocapture` measures one.

#![allow(clippy::unwrap_used)]

#[path = "../../../fuzz/src/lint.rs"]
mod promises;
#[path = "hostile_files/shapes.rs"]
mod shapes;

use std::time::{Duration, Instant};

use bareboat_inspect::lint::{Configuration, Input, Linter, Preset};

/// Work that grows with the square of a file takes the square of this times as long for one so much larger.
const GROWTH: usize = 8;
const SMALL: usize = 2 * 1024;
/// Below this the machine's other work decides.
const WORTH_COMPARING: Duration = Duration::from_millis(400);

#[test]
fn time_grows_with_the_file_and_not_with_its_square() {
    let only = std::env::var("SHAPE").ok();
    let size = std::env::var("SIZE").ok().and_then(|size| size.parse().ok()).unwrap_or(SMALL * GROWTH);
    let mut wrong = Vec::new();
    for (name, make) in
        shapes::SHAPES.iter().filter(|(name, _)| only.as_ref().is_none_or(|only| only == name))
    {
        let large = judge(&make(size));
        println!("{name}: {size} bytes in {large:?}");
        // Twice: something else may have run meanwhile.
        if large > WORTH_COMPARING {
            let ratio = || judge(&make(size)).as_secs_f64() / judge(&make(size / GROWTH)).as_secs_f64();
            let growth = ratio().min(ratio());
            if growth > (GROWTH * GROWTH) as f64 / 2.0 {
                wrong.push(format!("`{name}`: {GROWTH} times the size takes {growth:.0} times as long"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
    let begun = Instant::now();
    promises::lint(&text);
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

//! Damaged copies of valid inputs for every reader of bytes from outside: none panics, hangs or lies.
//!
//! The readers are the bodies of the fuzz targets in `fuzz/`. The damage is the same in every run: a failure says which
//! reader, which seed and which round, and repeats.

#![allow(clippy::unwrap_used)]

#[path = "hostile/damage.rs"]
mod damage;
#[allow(dead_code)]
#[path = "../../../fuzz/src/lib.rs"]
mod readers;
#[path = "hostile/seeds.rs"]
mod seeds;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use damage::Damage;

const ROUNDS: u64 = 600;
const SLOW: Duration = Duration::from_secs(5);

#[test]
fn readers_survive_damaged_input() {
    let rounds = std::env::var("BAREBOAT_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    let mut wrong = Vec::new();
    for (name, read) in readers::READERS {
        let seeds = seeds::of(name);
        assert!(!seeds.is_empty(), "`{name}` has no seed");
        for round in 0..rounds.unwrap_or(ROUNDS) {
            let seed = &seeds[round as usize % seeds.len()];
            // The first rounds are the seeds as they are.
            let bytes = match round < seeds.len() as u64 {
                true => seed.clone(),
                false => Damage::new(name, round).of(seed, &seeds),
            };
            let begun = Instant::now();
            let survived = catch_unwind(AssertUnwindSafe(|| read(&bytes))).is_ok();
            if !survived || begun.elapsed() > SLOW {
                let what = if survived { "is slow" } else { "panics" };
                wrong.push(format!("`{name}` {what} in round {round}: {}", bytes.escape_ascii()));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_reader_has_a_fuzz_target() {
    let fuzz = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    let mut targets: Vec<String> = std::fs::read_dir(fuzz.join("fuzz_targets"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    targets.sort();
    let mut names: Vec<String> = readers::READERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.sort();
    assert_eq!(targets, names);
    for name in &names {
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "fuzz/Cargo.toml does not name `{name}`");
    }
}

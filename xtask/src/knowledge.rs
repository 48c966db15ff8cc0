//! `cargo xtask knowledge CSV`: writes the table of which distribution each official image tag stood on.
//!
//! The CSV has the columns image, tag, since, distribution, last_listed, one line per change, taken from the history
//! of the official images' library files. Left out: tags that name their distribution, and everything replaced or
//! gone before 2022; of images with thousands of tags those with a patch number or for rare variants. Nothing is added
//! that is not in the CSV.

use std::collections::BTreeMap;
use std::fmt::Write as _;

const IMAGES: &[&str] = &[
    "amazoncorretto",
    "debian",
    "eclipse-temurin",
    "golang",
    "gradle",
    "maven",
    "node",
    "php",
    "python",
    "ruby",
    "rust",
    "ubuntu",
];
/// They would be half of the table with all of their tags.
const ABRIDGED: &[&str] = &["gradle", "php"];
/// Parts of tags that few people use.
const RARE: &[&str] = &["graal", "ubi", "minimal", "and"];
const OLDEST: &str = "2022-01-01";
const TABLE: &str = "crates/bareboat-inspect/data/official-images.txt";
/// The knowledge base promises a quick start and a small binary.
const MOST_BYTES: usize = 190 * 1024;

/// A tag's life: changes in order, and the last day it was listed.
#[derive(Default)]
struct Tag {
    changes: Vec<(String, String)>,
    last: String,
}

pub fn run(arguments: &[String]) -> Result<(), String> {
    let [path] = arguments else { return Err("cargo xtask knowledge CSV".to_owned()) };
    let csv = std::fs::read_to_string(path).map_err(|error| format!("cannot read `{path}`: {error}"))?;
    let table = table(&csv)?;
    if table.len() > MOST_BYTES {
        return Err(format!("the table has {} bytes, more than {MOST_BYTES}", table.len()));
    }
    let target = crate::root().join(TABLE);
    std::fs::write(&target, &table)
        .map_err(|error| format!("cannot write `{}`: {error}", target.display()))?;
    println!("{TABLE}: {} tags, {} bytes", table.lines().count() - 1, table.len());
    Ok(())
}

fn table(csv: &str) -> Result<String, String> {
    let mut tags: BTreeMap<String, Tag> = BTreeMap::new();
    let mut newest = String::new();
    for line in csv.lines().skip(1) {
        let columns: Vec<&str> = line.split(',').collect();
        let [image, tag, since, distribution, last] = columns[..] else {
            return Err(format!("not five columns: `{line}`"));
        };
        newest = newest.max(since.to_owned()).max(last.to_owned());
        if IMAGES.contains(&image) {
            let entry = tags.entry(format!("{image}:{tag}")).or_default();
            entry.changes.push((since.to_owned(), distribution.to_owned()));
            entry.last = last.to_owned();
        }
    }
    let mut table = format!("# {newest}\n");
    for (name, tag) in &tags {
        let Some((_, last)) = tag.changes.last() else { continue };
        if last.is_empty() || tag.last.as_str() < OLDEST || names_itself(name, last) || is_rare(name) {
            continue;
        }
        let first = tag.changes.iter().rposition(|(since, _)| since.as_str() <= OLDEST).unwrap_or(0);
        write!(table, "{name} {}", short(&tag.last)).map_err(|error| error.to_string())?;
        for (since, distribution) in &tag.changes[first..] {
            write!(table, " {}{distribution}", short(since)).map_err(|error| error.to_string())?;
        }
        table.push('\n');
    }
    Ok(table)
}

/// `python:3.13-slim-trixie`: the name says it, for as long as there is such a tag.
fn names_itself(name: &str, distribution: &str) -> bool {
    name.split_once(':').is_some_and(|(_, tag)| tag.split('-').any(|part| part == distribution))
}

/// `php:8.4.1-fpm`, `gradle:8-jdk21-graal`, `php:8.5-rc`.
fn is_rare(name: &str) -> bool {
    let Some((_, tag)) = name.split_once(':').filter(|(image, _)| ABRIDGED.contains(image)) else {
        return false;
    };
    let number = tag.split('-').next().unwrap_or_default();
    number.matches('.').count() > 1 || tag.contains("rc") || tag.split('-').any(|part| RARE.contains(&part))
}

/// `2026-08-13` as `260813`.
fn short(date: &str) -> String {
    date.chars().filter(char::is_ascii_digit).skip(2).collect()
}

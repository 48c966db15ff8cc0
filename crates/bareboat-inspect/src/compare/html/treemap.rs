//! Treemaps: package by package and file by file, one for each image and named size, and one of what changes.

use std::collections::BTreeMap;
use std::fmt::Write;

use bareboat_report::size;

use super::escape;
use super::squarify::{Area, squarify};
use super::weight::{Measure, Owner, Weighed, weigh};
use crate::compare::Candidate;
use crate::compare::markdown::signed;
use crate::facts::Facts;

/// A rectangle in the making.
struct Tile {
    bytes: u64,
    title: String,
    class: &'static str,
}

/// A package or directory with its files.
struct Group {
    name: String,
    tiles: Vec<Tile>,
}

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 420.0;
/// Room for the name of a group.
const LABEL: f64 = 15.0;
const MOST_GROUPS: usize = 45;
const MOST_FILES: usize = 9;

/// A map for each image; which size counts is chosen without a script.
pub(super) fn maps(candidates: &[Candidate]) -> String {
    let mut text = switch("map");
    for measure in Measure::ALL {
        let _ = writeln!(text, "<div class=\"choice {}\">", measure.id());
        for candidate in candidates {
            let _ = writeln!(text, "<h3>{}</h3>", escape(&candidate.facts.name));
            text.push_str(&match weigh(&candidate.facts, measure) {
                Some(files) => map(groups(&files)),
                None => "<p>This size is not known for this image.</p>\n".to_owned(),
            });
        }
        text.push_str("</div>\n");
    }
    text.push_str(
        "<p class=\"legend\"><i class=\"system\"></i> system packages <i class=\"python\"></i> Python distributions \
         <i class=\"nobody\"></i> the application and what nobody owns <i class=\"hidden\"></i> hidden</p>\n",
    );
    text
}

/// A map of what changes from one image to another: the area is the change.
pub(super) fn difference(first: &Facts, other: &Facts) -> String {
    let mut text = switch(&format!("change-{}", escape(&other.name)));
    for measure in Measure::ALL {
        let _ = writeln!(text, "<div class=\"choice {}\">", measure.id());
        text.push_str(&match (weigh(first, measure), weigh(other, measure)) {
            (Some(before), Some(after)) => map(changes(&before, &after)),
            _ => "<p>This size is not known for both images.</p>\n".to_owned(),
        });
        text.push_str("</div>\n");
    }
    text.push_str(
        "<p class=\"legend\"><i class=\"less\"></i> fewer bytes <i class=\"more\"></i> more bytes</p>\n",
    );
    text
}

/// One button of several, for the named sizes.
fn switch(name: &str) -> String {
    let mut text = String::new();
    for (index, measure) in Measure::ALL.into_iter().enumerate() {
        let (id, title) = (measure.id(), measure.as_str());
        let checked = if index == 0 { " checked" } else { "" };
        let _ = writeln!(
            text,
            "<input type=\"radio\" class=\"pick-{id}\" name=\"{name}\" id=\"{name}-{id}\"{checked}><label for=\"{name}-{id}\">{title}</label>"
        );
    }
    text
}

fn groups(files: &[Weighed]) -> Vec<Group> {
    let mut groups: BTreeMap<(Owner, &str), Vec<Tile>> = BTreeMap::new();
    for file in files {
        let class = match file.owner {
            Owner::System => "system",
            Owner::Python => "python",
            Owner::Nobody => "nobody",
            Owner::Hidden => "hidden",
        };
        let tile = Tile { bytes: file.bytes, title: format!("{} {}", file.path, size(file.bytes)), class };
        groups.entry((file.owner, &file.group)).or_default().push(tile);
    }
    groups.into_iter().map(|((_, name), tiles)| Group { name: name.to_owned(), tiles }).collect()
}

fn changes(before: &[Weighed], after: &[Weighed]) -> Vec<Group> {
    let mut sides: BTreeMap<(&str, String), [u64; 2]> = BTreeMap::new();
    for (side, files) in [before, after].into_iter().enumerate() {
        for file in files {
            sides.entry((&file.group, file.path.to_string())).or_default()[side] += file.bytes;
        }
    }
    let mut groups: BTreeMap<&str, Vec<Tile>> = BTreeMap::new();
    for ((group, path), [before, after]) in sides {
        if before == after {
            continue;
        }
        let class = if after > before { "more" } else { "less" };
        let title = format!("{path} {}", signed(before, after));
        groups.entry(group).or_default().push(Tile { bytes: before.abs_diff(after), title, class });
    }
    groups.into_iter().map(|(name, tiles)| Group { name: name.to_owned(), tiles }).collect()
}

/// The map; what is too small to be seen is one tile.
fn map(mut groups: Vec<Group>) -> String {
    if groups.is_empty() {
        return "<p>Nothing.</p>\n".to_owned();
    }
    let bytes = |group: &Group| group.tiles.iter().map(|tile| tile.bytes).sum::<u64>();
    groups.sort_by(|a, b| bytes(b).cmp(&bytes(a)).then_with(|| a.name.cmp(&b.name)));
    if groups.len() > MOST_GROUPS {
        let rest = groups.split_off(MOST_GROUPS - 1);
        let name = format!("{} smaller groups", rest.len());
        let tiles = rest.iter().map(|group| {
            let class = group.tiles.first().map_or("nobody", |tile| tile.class);
            Tile { bytes: bytes(group), title: format!("{} {}", group.name, size(bytes(group))), class }
        });
        groups.push(Group { name, tiles: tiles.collect() });
        groups.sort_by(|a, b| bytes(b).cmp(&bytes(a)).then_with(|| a.name.cmp(&b.name)));
    }
    let mut text = format!("<svg class=\"map\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\n");
    let values: Vec<f64> = groups.iter().map(|group| bytes(group) as f64).collect();
    let areas = squarify(&values, Area { x: 0.0, y: 0.0, width: WIDTH, height: HEIGHT });
    for (group, area) in groups.into_iter().zip(areas) {
        draw(group, area, &mut text);
    }
    text.push_str("</svg>\n");
    text
}

fn draw(mut group: Group, area: Area, text: &mut String) {
    let total: u64 = group.tiles.iter().map(|tile| tile.bytes).sum();
    let title = format!("{} {}", group.name, size(total));
    let has_label = area.height > 2.0 * LABEL && area.width > 40.0;
    let inner = match has_label {
        true => Area { y: area.y + LABEL, height: area.height - LABEL, ..area },
        false => area,
    };
    group.tiles.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.title.cmp(&b.title)));
    if group.tiles.len() > MOST_FILES {
        let rest = group.tiles.split_off(MOST_FILES - 1);
        let bytes = rest.iter().map(|tile| tile.bytes).sum();
        let class = rest.first().map_or("nobody", |tile| tile.class);
        group.tiles.push(Tile {
            bytes,
            title: format!("{} smaller: {} {}", rest.len(), group.name, size(bytes)),
            class,
        });
        group.tiles.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.title.cmp(&b.title)));
    }
    let values: Vec<f64> = group.tiles.iter().map(|tile| tile.bytes as f64).collect();
    for (tile, area) in group.tiles.iter().zip(squarify(&values, inner)) {
        if area.width < 0.5 || area.height < 0.5 {
            continue;
        }
        let _ = writeln!(
            text,
            "<rect class=\"{}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}</title></rect>",
            tile.class,
            area.x,
            area.y,
            area.width,
            area.height,
            escape(&tile.title)
        );
    }
    if has_label {
        let characters = ((area.width - 8.0) / 6.5) as usize;
        let shown: String = match title.chars().count() > characters {
            true => title.chars().take(characters.saturating_sub(1)).chain(['…']).collect(),
            false => title,
        };
        let _ = writeln!(
            text,
            "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            area.x + 4.0,
            area.y + 11.0,
            escape(&shown)
        );
    }
}

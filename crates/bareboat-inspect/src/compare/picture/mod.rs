//! The picture of a comparison, made for a README: bars of sizes beside a matrix of yes and no.
//!
//! It is laid out once, as shapes, and drawn as SVG or as PNG. Equal images give equal bytes, on every machine: no fonts,
//! no clock and no random numbers take part.

mod font;
mod png;
mod svg;

use bareboat_report::size;

use super::Candidate;
use super::matrix::{self, Cell, Row};

pub use png::png;
pub(super) use svg::escape;
pub use svg::svg;

/// Which colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Dark on white.
    Light,
    /// Light on black.
    Dark,
    /// As the reader's system likes it; a PNG is light.
    Auto,
}

/// What a colour is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Background,
    Text,
    Muted,
    Line,
    Bar,
    Good,
    Bad,
}

impl Role {
    const ALL: [Self; 7] =
        [Self::Background, Self::Text, Self::Muted, Self::Line, Self::Bar, Self::Good, Self::Bad];

    /// Red, green, blue. Each has a contrast of at least 4.5 : 1 to its background, lines aside.
    const fn color(self, is_dark: bool) -> [u8; 3] {
        match (self, is_dark) {
            (Self::Background, false) => [0xff, 0xff, 0xff],
            (Self::Text, false) => [0x1f, 0x23, 0x28],
            (Self::Muted, false) => [0x59, 0x63, 0x6e],
            (Self::Line, false) => [0xd1, 0xd9, 0xe0],
            (Self::Bar, false) => [0x09, 0x69, 0xda],
            (Self::Good, false) => [0x1a, 0x7f, 0x37],
            (Self::Bad, false) => [0xcf, 0x22, 0x2e],
            (Self::Background, true) => [0x0d, 0x11, 0x17],
            (Self::Text, true) => [0xf0, 0xf6, 0xfc],
            (Self::Muted, true) => [0x91, 0x98, 0xa1],
            (Self::Line, true) => [0x3d, 0x44, 0x4d],
            (Self::Bar, true) => [0x44, 0x93, 0xf8],
            (Self::Good, true) => [0x3f, 0xb9, 0x50],
            (Self::Bad, true) => [0xf8, 0x51, 0x49],
        }
    }
}

/// Something to draw, in pixels from the top left.
#[derive(Debug, Clone, PartialEq)]
enum Shape {
    /// A filled rectangle.
    Bar { x: u32, y: u32, width: u32, height: u32, role: Role },
    /// The outline of one.
    Box { x: u32, y: u32, width: u32, height: u32, role: Role },
    /// A line through points.
    Stroke { points: Vec<(u32, u32)>, role: Role },
    /// Words; `y` is the base line.
    Text { x: u32, y: u32, size: u32, is_bold: bool, role: Role, text: String },
}

/// A picture before it is drawn.
#[derive(Debug, Clone, PartialEq)]
struct Picture {
    width: u32,
    height: u32,
    shapes: Vec<Shape>,
    /// For those who cannot see it.
    description: String,
}

const MARGIN: u32 = 20;
/// Where sizes end.
const LEFT: u32 = 380;
/// The longest bar.
const LONGEST: u32 = 230;
/// Between two images.
const STEP: u32 = 68;
/// Where the names of rows begin, and where they end.
const MATRIX: u32 = 410;
const NAMES: u32 = 130;
const ROW: u32 = 21;

fn layout(candidates: &[Candidate]) -> Picture {
    let rows = matrix::rows(candidates);
    let column: u32 = if candidates.len() <= 2 { 140 } else { 120 };
    let count = u32::try_from(candidates.len()).unwrap_or(u32::MAX).min(MOST_IMAGES);
    let width = MATRIX + NAMES + count * column + MARGIN;
    let mut shapes = Vec::new();
    sizes(candidates, &mut shapes);
    let bottom = matrix(candidates, &rows, column, &mut shapes);
    let bottom = bottom.max(MARGIN + count * STEP);
    let line = [(MARGIN, bottom + 6), (width - MARGIN, bottom + 6)];
    shapes.push(Shape::Stroke { points: line.into(), role: Role::Line });
    for (index, text) in caption(candidates).into_iter().enumerate() {
        let y = bottom + 24 + 16 * u32::try_from(index).unwrap_or_default();
        let text = shortened(&text, width - 2 * MARGIN, 11);
        shapes.push(Shape::Text { x: MARGIN, y, size: 11, is_bold: false, role: Role::Muted, text });
    }
    Picture { width, height: bottom + 24 + 16 + 14, shapes, description: description(candidates, &rows) }
}

/// More columns than anybody reads.
const MOST_IMAGES: u32 = 8;

/// The bars: what is pulled is filled, what is seen is an outline, both to one scale.
fn sizes(candidates: &[Candidate], shapes: &mut Vec<Shape>) {
    let all = candidates.iter().map(|candidate| &candidate.facts.sizes);
    let most = all.flat_map(|sizes| [sizes.pull, Some(sizes.visible)]).flatten().max().unwrap_or(1).max(1);
    let length = |bytes: u64| {
        let scaled = u128::from(bytes) * u128::from(LONGEST) / u128::from(most);
        u32::try_from(scaled).unwrap_or(LONGEST).max(2)
    };
    let mut top = MARGIN;
    for candidate in candidates.iter().take(MOST_IMAGES as usize) {
        let facts = &candidate.facts;
        let name = shortened(&facts.name, 250, 14);
        let digest = facts.digest.as_ref().map(|digest| digest.hex().chars().take(12).collect::<String>());
        // Bold letters of other fonts are wider than ours.
        let end = MARGIN + font::width(&name, 14) * 6 / 5 + 12;
        shapes.push(Shape::Text {
            x: MARGIN,
            y: top + 12,
            size: 14,
            is_bold: true,
            role: Role::Text,
            text: name,
        });
        if let Some(digest) = digest.filter(|_| end < LEFT - 80) {
            shapes.push(Shape::Text {
                x: end,
                y: top + 12,
                size: 10,
                is_bold: false,
                role: Role::Muted,
                text: digest,
            });
        }
        let (pull, visible) = (facts.sizes.pull, facts.sizes.visible);
        let words = |shapes: &mut Vec<Shape>, y, end, text: String| {
            let x = MARGIN + end + 8;
            shapes.push(Shape::Text { x, y, size: 12, is_bold: false, role: Role::Text, text });
        };
        match pull {
            Some(pull) => {
                let width = length(pull);
                shapes.push(Shape::Bar { x: MARGIN, y: top + 20, width, height: 14, role: Role::Bar });
                words(shapes, top + 31, width, format!("{} pull", size(pull)));
            }
            None => words(shapes, top + 31, 0, "pull size unknown".to_owned()),
        }
        let width = length(visible);
        shapes.push(Shape::Box { x: MARGIN, y: top + 38, width, height: 14, role: Role::Bar });
        words(shapes, top + 49, width, format!("{} visible", size(visible)));
        top += STEP;
    }
}

/// Yes and no; the end of it.
fn matrix(candidates: &[Candidate], rows: &[Row], column: u32, shapes: &mut Vec<Shape>) -> u32 {
    let left = |index: usize| MATRIX + NAMES + column * u32::try_from(index).unwrap_or_default();
    let text = |x, y, is_bold, role, text: String| Shape::Text { x, y, size: 12, is_bold, role, text };
    let shown = MOST_IMAGES as usize;
    for (index, candidate) in candidates.iter().enumerate().take(shown) {
        let name = shortened(&candidate.facts.name, column - 8, 12);
        shapes.push(text(left(index), MARGIN + 12, true, Role::Text, name));
    }
    let mut top = MARGIN + 20;
    for row in rows
        .iter()
        .filter(|row| row.cells.iter().all(|cell| cell.bytes.is_none()) && !row.name.contains("size"))
    {
        let end = left(candidates.len().min(shown));
        shapes.push(Shape::Stroke { points: vec![(MATRIX, top), (end, top)], role: Role::Line });
        shapes.push(text(MATRIX, top + 15, false, Role::Muted, row.name.to_owned()));
        for (index, cell) in row.cells.iter().enumerate().take(shown) {
            let mut x = left(index);
            if let Some(good) = cell.verdict {
                shapes.push(mark(x, top + 5, good));
                x += 16;
            }
            let words = begin(&cell.text, column.saturating_sub(x - left(index) + 8), 12);
            shapes.push(text(x, top + 15, false, role(cell), words));
        }
        top += ROW;
    }
    top
}

fn role(cell: &Cell) -> Role {
    match cell.verdict {
        Some(true) => Role::Good,
        Some(false) => Role::Bad,
        None => Role::Text,
    }
}

/// A tick or a cross, eleven pixels wide.
fn mark(x: u32, y: u32, good: bool) -> Shape {
    match good {
        true => {
            Shape::Stroke { points: vec![(x, y + 6), (x + 4, y + 10), (x + 11, y + 1)], role: Role::Good }
        }
        false => {
            let points =
                vec![(x + 1, y + 1), (x + 10, y + 10), (x + 5, y + 5), (x + 10, y + 1), (x + 1, y + 10)];
            Shape::Stroke { points, role: Role::Bad }
        }
    }
}

/// What the numbers are, and how to get them.
fn caption(candidates: &[Candidate]) -> [String; 2] {
    let mut platforms: Vec<String> = candidates
        .iter()
        .filter_map(|candidate| Some(candidate.facts.platform.as_ref()?.to_string()))
        .collect();
    platforms.dedup();
    let platforms =
        if platforms.is_empty() { String::new() } else { format!(" · {}", platforms.join(", ")) };
    let names: Vec<&str> = candidates.iter().map(|candidate| candidate.facts.name.as_str()).collect();
    [
        format!("pull: compressed layers · visible: files a container sees{platforms}"),
        format!("bareboat compare {} --format svg", names.join(" ")),
    ]
}

fn description(candidates: &[Candidate], rows: &[Row]) -> String {
    let of = |(index, candidate): (usize, &Candidate)| {
        let cells = rows.iter().map(|row| format!("{} {}", row.name, row.cells[index].text));
        format!("{}: {}", candidate.facts.name, cells.collect::<Vec<_>>().join(", "))
    };
    candidates.iter().enumerate().map(of).collect::<Vec<_>>().join(". ")
}

/// The beginning of a text, where all of it would be wider than `most` pixels.
fn begin(text: &str, most: u32, size: u32) -> String {
    if font::width(text, size) <= most {
        return text.to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    let start = |end: usize| format!("{}…", characters[..end].iter().collect::<String>());
    let fits = |end: &usize| font::width(&start(*end), size) <= most;
    (0..characters.len()).rev().find(fits).map_or_else(|| "…".to_owned(), start)
}

/// The end of a text, where all of it would be wider than `most` pixels; the end is what tells names apart.
fn shortened(text: &str, most: u32, size: u32) -> String {
    if font::width(text, size) <= most {
        return text.to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    let end = |start: usize| format!("…{}", characters[start..].iter().collect::<String>());
    let fits = |start: &usize| font::width(&end(*start), size) <= most;
    (1..characters.len()).find(fits).map_or_else(|| "…".to_owned(), end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::best_first;
    use crate::compare::tests::candidates;

    fn ordered() -> Vec<Candidate> {
        let mut candidates = candidates();
        best_first(&mut candidates);
        candidates
    }

    #[test]
    fn the_picture_is_small_and_always_the_same() {
        let candidates = ordered();
        for theme in [Theme::Light, Theme::Dark, Theme::Auto] {
            let (drawn, pixels) = (svg(&candidates, theme), png(&candidates, theme));
            assert_eq!((svg(&candidates, theme), png(&candidates, theme)), (drawn.clone(), pixels.clone()));
            assert!(drawn.len() < 10_000 && pixels.len() < 10_000, "{} {}", drawn.len(), pixels.len());
        }
        assert_ne!(png(&candidates, Theme::Light), png(&candidates, Theme::Dark));
        insta::assert_snapshot!(svg(&candidates, Theme::Auto));
    }

    #[test]
    fn names_are_told_apart_by_their_ends_and_cannot_break_the_document() {
        let mut candidates = ordered();
        candidates[0].facts.name = format!("<script>&\"'\u{1}{}:tag", "registry.example/".repeat(20));
        let drawn = svg(&candidates, Theme::Light);
        assert!(!drawn.contains("<script>") && !drawn.contains('\u{1}') && drawn.contains(":tag</text>"));
        let shapes = layout(&candidates);
        let right = |shape: &Shape| match shape {
            Shape::Text { x, size, text, .. } => x + font::width(text, *size),
            Shape::Bar { x, width, .. } | Shape::Box { x, width, .. } => x + width,
            Shape::Stroke { points, .. } => points.iter().map(|point| point.0).max().unwrap_or_default(),
        };
        assert!(shapes.shapes.iter().all(|shape| right(shape) <= shapes.width));
    }

    #[test]
    fn many_images_have_room() {
        let twelve: Vec<Candidate> = (0..6).flat_map(|_| candidates()).collect();
        assert!(layout(&twelve).width < 1_600);
        assert!(png(&twelve, Theme::Light).starts_with(b"\x89PNG\r\n\x1a\n"));
    }
}

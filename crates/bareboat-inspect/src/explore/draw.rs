//! The view as lines of styled text: layers on the left, the tree on the right, why below the layers.

use bareboat_report::size;

use super::state::{Explorer, Pane};
use super::tree::{Change, Row, Span};

/// How a stretch of text looks. Signs say the same: `+`, `~`, `-`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Style {
    Plain,
    Dim,
    Title,
    ActiveTitle,
    Added,
    Modified,
    Removed,
    /// Under the cursor of the pane that keys go to.
    Selected,
}

/// A line: stretches that together are exactly as wide as the view.
pub type Line = Vec<(Style, String)>;

/// The view of `width` columns and `height` lines.
pub fn view(explorer: &Explorer<'_>, width: usize, height: usize) -> Vec<Line> {
    if width < 40 || height < 8 {
        return vec![vec![(Style::Plain, fit("the terminal is too small", width))]];
    }
    let left_width = (width * 2 / 5).min(64);
    let right_width = width - left_width - 1;
    let body = height - 1;
    let left = left(explorer, left_width, body);
    let right = tree(explorer, right_width, body);
    let mut lines: Vec<Line> = left
        .into_iter()
        .zip(right)
        .map(|(left, right)| vec![left, (Style::Dim, "│".to_owned()), right])
        .collect();
    lines.push(vec![(Style::Dim, fit(&status(explorer), width))]);
    lines
}

fn status(explorer: &Explorer<'_>) -> String {
    match (&explorer.message, explorer.pane) {
        (Some(message), _) => message.clone(),
        (None, Pane::Search) => format!("search: {}_   Enter keeps it, Esc clears it", explorer.wanted.pattern),
        (None, Pane::Layers) => "Tab tree  ↑↓ layer  ^A all changes  ^L this layer's  ^F search  ^O sort  q quit".to_owned(),
        (None, Pane::Tree) => {
            "Tab layers  Space fold  ^A added ^R removed ^M modified ^U unmodified  ^E extract  ^F search  ^O sort  q quit".to_owned()
        }
    }
}

/// Layers above, why below.
fn left(explorer: &Explorer<'_>, width: usize, height: usize) -> Vec<(Style, String)> {
    let title = if explorer.pane == Pane::Layers { Style::ActiveTitle } else { Style::Title };
    let layers = &explorer.facts.layers;
    let room = (height / 2).min(layers.len() + 1).max(3);
    let mut lines = vec![(title, fit(&format!("Layers of {}", explorer.facts.name), width))];
    let from = explorer.wanted.layer.saturating_sub(room.saturating_sub(2));
    for (index, layer) in layers.iter().enumerate().skip(from).take(room - 1) {
        let style = match (index == explorer.wanted.layer, explorer.pane) {
            (true, Pane::Layers) => Style::Selected,
            (true, _) => Style::Title,
            _ => Style::Plain,
        };
        let mark = if index == explorer.wanted.layer { ">" } else { " " };
        let made = layer.created_by.as_deref().unwrap_or("—");
        lines
            .push((style, fit(&format!("{mark}{:>3} {:>9}  {made}", index + 1, size(layer.shipped)), width)));
    }
    lines.resize(room, (Style::Plain, fit("", width)));
    lines.push((Style::Title, fit("Why is this here", width)));
    for line in explorer.why() {
        lines.extend(wrapped(&line, width).into_iter().map(|line| (Style::Plain, fit(&line, width))));
    }
    lines.resize(height, (Style::Plain, fit("", width)));
    lines
}

fn tree(explorer: &Explorer<'_>, width: usize, height: usize) -> Vec<(Style, String)> {
    let style = if explorer.pane == Pane::Layers { Style::Title } else { Style::ActiveTitle };
    let wanted = &explorer.wanted;
    let span = match wanted.span {
        Span::Layer => format!("changes of layer {}", wanted.layer + 1),
        Span::Aggregated => format!("changes up to layer {}", wanted.layer + 1),
    };
    let order = if wanted.by_size { "by size" } else { "by name" };
    let mut title = format!("Files: {span}, {order}");
    let names = ["unmodified", "added", "modified", "removed"];
    for (name, _) in names.iter().zip(wanted.shown).filter(|(_, shown)| !shown) {
        title.push_str(&format!(", no {name}"));
    }
    if !wanted.pattern.is_empty() {
        title.push_str(&format!(", with `{}`", wanted.pattern));
    }
    let mut lines = vec![(style, fit(&title, width))];
    let rows = explorer.rows();
    let room = height - 1;
    let from = explorer.cursor.saturating_sub(room / 2).min(rows.len().saturating_sub(room));
    for (index, row) in rows.iter().enumerate().skip(from).take(room) {
        let selected = index == explorer.cursor && explorer.pane != Pane::Layers;
        let style = if selected { Style::Selected } else { change(row.change) };
        lines.push((style, fit(&line(explorer, row), width)));
    }
    lines.resize(height, (Style::Plain, fit("", width)));
    lines
}

fn line(explorer: &Explorer<'_>, row: &Row) -> String {
    let sign = match row.change {
        Change::None => ' ',
        Change::Added => '+',
        Change::Modified => '~',
        Change::Removed => '-',
    };
    let fold = match (row.is_directory, explorer.is_open(&row.path)) {
        (true, true) => "▾ ",
        (true, false) => "▸ ",
        _ => "  ",
    };
    let node = row.node.map(|index| &explorer.nodes[index]);
    let target = node.map_or("", |node| node.target.as_str());
    let name = String::from_utf8_lossy(row.path.file_name()).into_owned();
    format!("{sign}{:>9} {}{fold}{name}{target}", size(row.size), "  ".repeat(row.depth))
}

const fn change(change: Change) -> Style {
    match change {
        Change::None => Style::Plain,
        Change::Added => Style::Added,
        Change::Modified => Style::Modified,
        Change::Removed => Style::Removed,
    }
}

/// Exactly `width` columns, and nothing that moves the cursor or changes colours.
fn fit(text: &str, width: usize) -> String {
    let clean = |character: char| if character.is_control() { '\u{fffd}' } else { character };
    let mut characters: Vec<char> = text.chars().map(clean).collect();
    if characters.len() > width {
        characters.truncate(width.saturating_sub(1));
        characters.push('…');
    }
    characters.resize(width, ' ');
    characters.into_iter().collect()
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(width.max(1)).take(4).map(|line| line.iter().collect()).collect()
}

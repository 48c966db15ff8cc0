//! What is looked at, and what a key changes. Keys are dive's: Tab, arrows, Space, Ctrl-A, Ctrl-R, Ctrl-M, Ctrl-U for
//! changes in the tree, Ctrl-A and Ctrl-L in the layers, Ctrl-F to search, Ctrl-O to sort, Ctrl-E to extract.

use std::collections::BTreeSet;

use bareboat_image::TreePath;

use super::tree::{Change, Node, Row, Shown, Span, Wanted, nodes};
use super::why::why;
use crate::audit::Audit;
use crate::facts::Facts;

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Key {
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Tab,
    Enter,
    Escape,
    Backspace,
    /// With Control held.
    Control(char),
    /// Any other character.
    Character(char),
}

/// What the caller does after a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Shows the new view.
    Draw,
    /// Ends.
    Quit,
    /// Writes this file, which must be real, to the working directory, and says so with [`Explorer::say`].
    Extract(TreePath),
}

/// Where keys go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pane {
    Layers,
    Tree,
    /// The line in which a pattern is typed.
    Search,
}

/// The explorer of one image.
#[derive(Debug)]
pub struct Explorer<'f> {
    pub(super) facts: &'f Facts,
    audit: &'f Audit,
    pub(super) nodes: Vec<Node>,
    pub(super) wanted: Wanted,
    shown: Shown,
    open: BTreeSet<TreePath>,
    pub(super) pane: Pane,
    pub(super) cursor: usize,
    pub(super) message: Option<String>,
    page: usize,
}

impl<'f> Explorer<'f> {
    /// Begins at the lowest layer, with every directory closed.
    pub fn new(facts: &'f Facts, audit: &'f Audit) -> Self {
        let nodes = nodes(facts);
        let wanted =
            Wanted { layer: 0, span: Span::Layer, shown: [true; 4], pattern: String::new(), by_size: false };
        let shown = Shown::new(&nodes, &wanted);
        Self {
            facts,
            audit,
            nodes,
            wanted,
            shown,
            open: BTreeSet::new(),
            pane: Pane::Layers,
            cursor: 0,
            message: None,
            page: 10,
        }
    }

    /// Lines on a page, for the keys that turn it.
    pub fn set_page(&mut self, lines: usize) {
        self.page = lines.max(1);
    }

    /// Shows a message until the next key.
    pub fn say(&mut self, message: impl Into<String>) {
        self.message = Some(message.into());
    }

    /// What a key does.
    pub fn key(&mut self, key: Key) -> Action {
        self.message = None;
        match (self.pane, key) {
            (_, Key::Control('c')) => return Action::Quit,
            (Pane::Search, _) => self.search(key),
            (_, Key::Character('q')) => return Action::Quit,
            (_, Key::Tab) => self.pane = if self.pane == Pane::Layers { Pane::Tree } else { Pane::Layers },
            (_, Key::Control('f') | Key::Character('/')) => self.pane = Pane::Search,
            (_, Key::Control('o') | Key::Character('s')) => {
                self.wanted.by_size = !self.wanted.by_size;
                self.refresh();
            }
            (Pane::Layers, _) => self.layers(key),
            (Pane::Tree, _) => return self.tree(key),
        }
        Action::Draw
    }

    fn search(&mut self, key: Key) {
        match key {
            Key::Character(character) => self.wanted.pattern.push(character),
            Key::Backspace => drop(self.wanted.pattern.pop()),
            Key::Escape => {
                self.wanted.pattern.clear();
                self.pane = Pane::Tree;
            }
            Key::Enter | Key::Tab | Key::Down | Key::Control('f') => self.pane = Pane::Tree,
            _ => {}
        }
        self.refresh();
        if !self.wanted.pattern.is_empty() {
            self.open = self.shown.directories().cloned().collect();
        }
    }

    fn layers(&mut self, key: Key) {
        let last = self.facts.layers.len().saturating_sub(1);
        let layer = &mut self.wanted.layer;
        match key {
            Key::Up => *layer = layer.saturating_sub(1),
            Key::Down => *layer = (*layer + 1).min(last),
            Key::PageUp | Key::Home => *layer = 0,
            Key::PageDown | Key::End => *layer = last,
            Key::Control('a') | Key::Character('a') => self.wanted.span = Span::Aggregated,
            Key::Control('l') | Key::Character('l') => self.wanted.span = Span::Layer,
            Key::Right | Key::Enter => self.pane = Pane::Tree,
            _ => {}
        }
        self.refresh();
    }

    fn tree(&mut self, key: Key) -> Action {
        let rows = self.rows().len();
        match key {
            Key::Up => self.cursor = self.cursor.saturating_sub(1),
            Key::Down => self.cursor += 1,
            Key::PageUp => self.cursor = self.cursor.saturating_sub(self.page),
            Key::PageDown => self.cursor += self.page,
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = rows,
            Key::Control('a') | Key::Character('a') => self.toggle(Change::Added),
            Key::Control('r') | Key::Character('r') => self.toggle(Change::Removed),
            Key::Control('m') | Key::Enter | Key::Character('m') => self.toggle(Change::Modified),
            Key::Control('u') | Key::Character('u') => self.toggle(Change::None),
            Key::Character(' ') => self.fold(None),
            Key::Right => self.fold(Some(true)),
            Key::Left => self.fold(Some(false)),
            Key::Control(' ') => match self.open.is_empty() {
                true => self.open = self.shown.directories().cloned().collect(),
                false => self.open.clear(),
            },
            Key::Control('e') | Key::Character('e') => return self.extract(),
            _ => {}
        }
        self.cursor = self.cursor.min(self.rows().len().saturating_sub(1));
        Action::Draw
    }

    fn toggle(&mut self, change: Change) {
        let shown = &mut self.wanted.shown[change as usize];
        *shown = !*shown;
        self.refresh();
    }

    /// Opens or closes the directory under the cursor; closing what is not open goes to its parent.
    fn fold(&mut self, open: Option<bool>) {
        let Some(row) = self.row().cloned() else { return };
        let is_open = self.open.contains(&row.path);
        match (row.is_directory, open.unwrap_or(!is_open)) {
            (true, true) => drop(self.open.insert(row.path)),
            (true, false) if is_open => drop(self.open.remove(&row.path)),
            (_, false) => {
                let parent = row.path.parent().unwrap_or_default();
                let found = self.rows().iter().position(|row| row.path == parent);
                self.cursor = found.unwrap_or(self.cursor);
            }
            _ => {}
        }
    }

    fn extract(&mut self) -> Action {
        let path = self.row().filter(|row| !row.is_directory).map(|row| row.path.clone());
        match path.and_then(|path| self.facts.real(&path)).filter(|path| self.facts.file(path).is_some()) {
            Some(path) => Action::Extract(path),
            None => {
                self.say("only a regular file that can be seen in the end can be extracted");
                Action::Draw
            }
        }
    }

    fn refresh(&mut self) {
        let path = self.row().map(|row| row.path.clone());
        self.shown = Shown::new(&self.nodes, &self.wanted);
        // The cursor stays on its file, where that is still shown.
        let found = path.and_then(|path| self.rows().iter().position(|row| row.path == path));
        self.cursor = found.unwrap_or(self.cursor).min(self.rows().len().saturating_sub(1));
    }

    pub(super) fn is_open(&self, path: &TreePath) -> bool {
        self.open.contains(path)
    }

    pub(super) fn rows(&self) -> Vec<&Row> {
        self.shown.lines(|path| self.open.contains(path))
    }

    /// The line under the cursor.
    pub(super) fn row(&self) -> Option<&Row> {
        self.rows().get(self.cursor).copied()
    }

    pub(super) fn why(&self) -> Vec<String> {
        let Some(row) = self.row() else { return Vec::new() };
        why(self.facts, self.audit, &row.path, row.node.map(|index| &self.nodes[index]), row.size)
    }
}

//! YAML as a tree whose nodes know their bytes: for hadolint's configuration, Compose files, structure tests, and bake
//! files in JSON, which YAML 1.2 includes. Scalars stay text.
//!
//! The parser is a library's; here are the tree, aliases, merge keys and the limits for hostile files.

use std::collections::BTreeMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// Nodes of a file at most, what aliases repeat included.
const MOST_NODES: usize = 200_000;
/// Levels at most.
const DEEPEST: usize = 100;

/// A node and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    /// Its bytes, quotes included. A block scalar's start somewhere in the white space before its text.
    pub(crate) range: Range<usize>,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Text, and how it is written.
    Scalar(String, Style),
    List(Vec<Node>),
    /// In the order of the file; a key that is merged in comes last.
    Map(Vec<(Node, Node)>),
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// Why a file is not YAML, or too much of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct YamlError {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl Node {
    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// The value of a key in a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        let Value::Map(pairs) = &self.value else { return None };
        pairs.iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    /// The keys and values of a map; nothing for anything else.
    pub(crate) fn pairs(&self) -> &[(Node, Node)] {
        match &self.value {
            Value::Map(pairs) => pairs,
            _ => &[],
        }
    }

    /// The items of a list; nothing for anything else.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// True for what YAML reads as no value.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(text, Style::Plain) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    fn size(&self) -> usize {
        1 + match &self.value {
            Value::Scalar(..) => 0,
            Value::List(items) => items.iter().map(Node::size).sum(),
            Value::Map(pairs) => pairs.iter().map(|(key, value)| key.size() + value.size()).sum(),
        }
    }
}

/// The first document of a file; `None` for an empty one.
///
/// # Errors
/// It is not YAML, or too deep or large.
pub(crate) fn parse(text: &str) -> Result<Option<Node>, YamlError> {
    let offsets = Offsets::new(text);
    let mut builder = Builder { offsets: &offsets, open: Vec::new(), anchors: BTreeMap::new(), nodes: 0 };
    for event in Parser::new_from_str(text) {
        let (event, span) = event
            .map_err(|error| YamlError { line: error.marker().line(), message: error.info().to_owned() })?;
        if event == Event::DocumentEnd {
            return Ok(None);
        }
        if let Some(root) = builder.take(event, span)? {
            return Ok(Some(root));
        }
    }
    Ok(None)
}

/// Characters, which the parser counts, to bytes.
struct Offsets {
    /// Empty when every character is a byte.
    bytes: Vec<usize>,
    length: usize,
}

impl Offsets {
    fn new(text: &str) -> Self {
        let bytes =
            if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(at, _)| at).collect() };
        Self { bytes, length: text.len() }
    }

    fn range(&self, span: Span) -> Range<usize> {
        let byte = |index: usize| match self.bytes.is_empty() {
            true => index.min(self.length),
            false => self.bytes.get(index).copied().unwrap_or(self.length),
        };
        byte(span.start.index())..byte(span.end.index())
    }
}

struct Builder<'o> {
    offsets: &'o Offsets,
    /// Lists and maps that have begun: their values, the anchor, for a map the key that waits for its value.
    open: Vec<(Node, usize, Option<Node>)>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
}

impl Builder<'_> {
    /// Takes an event; the root when it is complete.
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<Option<Node>, YamlError> {
        let range = self.offsets.range(span);
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::SingleQuoted,
                    ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                (Node { value: Value::Scalar(text.into_owned(), style), range }, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                return self.begin(Value::List(Vec::new()), range, anchor, span);
            }
            Event::MappingStart(anchor, _) => {
                return self.begin(Value::Map(Vec::new()), range, anchor, span);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some((mut node, anchor, _)) = self.open.pop() else { return Ok(None) };
                node.range.end = range.end;
                merge(&mut node);
                (node, anchor)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => {
                    self.nodes += node.size();
                    (node.clone(), 0)
                }
                None => return Err(too_much(span, "an alias is inside what it names")),
            },
            _ => return Ok(None),
        };
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(too_much(span, "there is too much in this file"));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(self.place(node))
    }

    fn begin(
        &mut self,
        value: Value,
        range: Range<usize>,
        anchor: usize,
        span: Span,
    ) -> Result<Option<Node>, YamlError> {
        if self.open.len() >= DEEPEST {
            return Err(too_much(span, "this is too deep"));
        }
        self.open.push((Node { value, range }, anchor, None));
        Ok(None)
    }

    fn place(&mut self, node: Node) -> Option<Node> {
        let Some((parent, _, key)) = self.open.last_mut() else { return Some(node) };
        match &mut parent.value {
            Value::List(items) => items.push(node),
            Value::Map(pairs) => match key.take() {
                Some(key) => pairs.push((key, node)),
                None => *key = Some(node),
            },
            Value::Scalar(..) => {}
        }
        None
    }
}

/// `<<: *base`: the keys of a map, or of several, that are not here already.
fn merge(node: &mut Node) {
    let Value::Map(pairs) = &mut node.value else { return };
    let Some(at) = pairs.iter().position(|(key, _)| key.text() == Some("<<")) else { return };
    let (_, merged) = pairs.remove(at);
    let sources = if merged.items().is_empty() { std::slice::from_ref(&merged) } else { merged.items() };
    for (key, value) in sources.iter().flat_map(Node::pairs) {
        if pairs.iter().all(|(own, _)| own.text() != key.text()) {
            pairs.push((key.clone(), value.clone()));
        }
    }
}

fn too_much(span: Span, message: &str) -> YamlError {
    YamlError { line: span.start.line(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_know_their_bytes() {
        let text = "é: 1\nlist:\n  - 'a b'\n  - |\n    x\n";
        let root = parse(text).unwrap().unwrap();
        let list = root.get("list").unwrap().items();
        assert_eq!(&text[list[0].range.clone()], "'a b'");
        assert_eq!(list[1].text(), Some("x\n"));
        assert_eq!(text[list[1].range.start..].trim_start(), "x\n");
        assert_eq!(parse("# nothing\n").unwrap(), None);
    }

    #[test]
    fn aliases_and_merge_keys_are_followed() {
        let root = parse("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n").unwrap().unwrap();
        let b = root.get("b").unwrap();
        assert_eq!((b.get("x").unwrap().text(), b.get("y").unwrap().text()), (Some("1"), Some("3")));
    }

    #[test]
    fn hostile_files_end_in_an_error() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let below = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
        }
        assert!(parse(&bomb).is_err());
        assert!(parse(&"[".repeat(10_000)).is_err());
        assert!(parse(&"- ".repeat(10_000)).is_err());
        assert_eq!(parse("a: [\nb: }").unwrap_err().line, 2);
    }

    #[test]
    fn no_damage_makes_it_panic_or_leave_the_file() {
        let text = "%YAML 1.2\n---\na: &a [x, 'y z', \"q\\n\"]\nb: {k: *a, ? q : r}\nc: !!str |-\n  t\n\n  é\nd: >\n  f\n<<: {m: 1}\n# e\n";
        for at in text.char_indices().map(|(at, _)| at) {
            for damage in "[]{}:-&*!|>'\"%@`#,?\t\n\r\\\u{0}é\u{feff}".chars() {
                let damaged = format!("{}{damage}{}", &text[..at], &text[at..]);
                for text in [damaged.as_str(), &damaged[..at + damage.len_utf8()]] {
                    let Ok(Some(root)) = parse(text) else { continue };
                    let mut open = vec![&root];
                    while let Some(node) = open.pop() {
                        assert!(text.get(node.range.clone()).is_some(), "{:?} of {text:?}", node.range);
                        open.extend(node.items());
                        open.extend(node.pairs().iter().flat_map(|(key, value)| [key, value]));
                    }
                }
            }
        }
    }
}

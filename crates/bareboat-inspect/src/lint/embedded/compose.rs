//! Compose files: `services.NAME.build` (compose-spec, "Compose Build Specification").

use std::collections::BTreeMap;

use super::{Build, Builds, HostError, Scalar, Syntax, add, interpolation, map};
use crate::yaml::{self, Node, Style, Value};

pub(super) fn builds(text: &str) -> Result<Builds, HostError> {
    let root = yaml::parse(text).map_err(|error| HostError {
        line: error.line,
        message: format!("this is not YAML: {}", error.message),
    })?;
    let mut builds = Builds::default();
    let services = root.as_ref().and_then(|root| root.get("services"));
    for (_, service) in services.into_iter().flat_map(Node::pairs) {
        if let Some(build) = service.get("build") {
            add(&mut builds, read(text, build));
        }
    }
    Ok(builds)
}

fn read(text: &str, build: &Node) -> Build {
    let word = |key: &str| build.get(key).and_then(Node::text).map(value);
    let inline = build.get("dockerfile_inline").and_then(|node| scalar(text, node, Syntax::Compose));
    Build {
        inline: inline.map(interpolation::compose),
        context: build.text().map(value).or_else(|| word("context")).unwrap_or_else(|| ".".to_owned()),
        dockerfile: word("dockerfile").unwrap_or_else(|| "Dockerfile".to_owned()),
        arguments: build.get("args").map(arguments).unwrap_or_default(),
    }
}

/// A map, or a list of `NAME=VALUE`. An argument without value comes from the environment: nobody knows it.
fn arguments(node: &Node) -> BTreeMap<String, String> {
    let pairs = node.pairs().iter().filter(|(_, value)| !value.is_null());
    let pairs = pairs.filter_map(|(name, value)| Some((name.text()?, value.text()?)));
    let items = node.items().iter().filter_map(|item| item.text()?.split_once('='));
    let known = pairs.chain(items).map(|(name, text)| (name.to_owned(), value(text)));
    known.filter(|(_, value)| !value.contains('$')).collect()
}

/// A short text after its variables are replaced; one that stays unknown keeps its dollar.
fn value(text: &str) -> String {
    let scalar = Scalar::opaque(text, 0..0, Syntax::Compose);
    interpolation::compose(scalar).text().to_owned()
}

/// The text of a node with the places of its bytes; `None` when it is none.
pub(super) fn scalar(file: &str, node: &Node, syntax: Syntax) -> Option<Scalar> {
    let Value::Scalar(text, style) = &node.value else { return None };
    let whole = node.range.clone();
    let placed = match style {
        Style::Literal => Scalar::block(file, first_line(file, whole.start), text, syntax),
        // YAML folds lines between quotes and has escapes that JSON has not.
        Style::DoubleQuoted => map::double_quoted(file, whole.clone())
            .filter(|written| written.text == *text)
            .map(|written| Scalar::quoted(written, whole.clone(), syntax)),
        Style::Plain | Style::SingleQuoted | Style::Folded => None,
    };
    Some(placed.unwrap_or_else(|| Scalar::opaque(text, whole, syntax)))
}

/// Where the first line of a block scalar begins: below the line with its `|`, which is never blank.
fn first_line(file: &str, inside: usize) -> usize {
    let line_start = |at: usize| file[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let mut start = line_start(inside.min(file.len()));
    while start > 0 {
        let before = line_start(start - 1);
        if !file[before..start].trim().is_empty() {
            break;
        }
        start = before;
    }
    start
}

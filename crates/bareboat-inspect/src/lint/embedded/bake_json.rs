//! Bake files in JSON: `target.NAME` (docs.docker.com, "Bake file reference"). Read as YAML, which JSON is.

use std::collections::BTreeMap;

use super::compose::scalar;
use super::{Build, Builds, HostError, Syntax, add, interpolation};
use crate::yaml::{self, Node};

pub(super) fn builds(text: &str) -> Result<Builds, HostError> {
    let root = yaml::parse(text).map_err(|error| HostError {
        line: error.line,
        message: format!("this is not JSON: {}", error.message),
    })?;
    let mut builds = Builds::default();
    let Some(root) = root else { return Ok(builds) };
    let variables = variables(&root);
    for (_, target) in root.get("target").into_iter().flat_map(Node::pairs) {
        add(&mut builds, read(text, target, &variables));
    }
    Ok(builds)
}

fn variables(root: &Node) -> BTreeMap<String, String> {
    let pairs = root.get("variable").into_iter().flat_map(Node::pairs);
    let known = pairs.filter_map(|(name, variable)| Some((name.text()?, variable.get("default")?.text()?)));
    known.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn read(text: &str, target: &Node, variables: &BTreeMap<String, String>) -> Build {
    let word = |key: &str| target.get(key).and_then(Node::text).map(str::to_owned);
    let inline = target.get("dockerfile-inline").and_then(|node| scalar(text, node, Syntax::Hcl));
    let arguments = target.get("args").into_iter().flat_map(Node::pairs);
    let arguments = arguments.filter(|(_, value)| !value.is_null());
    let arguments =
        arguments.filter_map(|(name, value)| Some((name.text()?.to_owned(), value.text()?.to_owned())));
    Build {
        inline: inline.map(|scalar| interpolation::hcl(scalar, variables)),
        context: word("context").unwrap_or_else(|| ".".to_owned()),
        dockerfile: word("dockerfile").unwrap_or_else(|| "Dockerfile".to_owned()),
        arguments: arguments.filter(|(_, value)| !value.contains("${")).collect(),
    }
}

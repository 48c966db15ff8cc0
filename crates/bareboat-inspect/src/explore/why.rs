//! Why a file is in the image: layer and instruction, package, who needs it, what is wrong with it.

use bareboat_image::TreePath;
use bareboat_report::size;

use super::tree::Node;
use crate::audit::Audit;
use crate::facts::Facts;

/// Lines about a path.
pub(super) fn why(
    facts: &Facts,
    audit: &Audit,
    path: &TreePath,
    node: Option<&Node>,
    bytes: u64,
) -> Vec<String> {
    let mut lines = vec![format!("{path}  {}", size(bytes))];
    if let Some(node) = node {
        let (uid, gid) = node.owner;
        lines.push(format!("{:04o} {uid}:{gid}{}", node.mode, node.target));
        lines.push(layer(facts, "layer", node.layer));
        if let Some(by) = node.hidden_by {
            lines.push(layer(facts, "hidden by layer", by));
        }
    }
    match facts.owner(path) {
        Some(package) => lines.push(format!("package {} ({})", package.title(), package.ecosystem.as_str())),
        None if node.is_some_and(|node| !node.is_directory) => {
            lines.push("no package says it is its own".to_owned())
        }
        None => {}
    }
    lines.extend(needs(facts, path));
    let findings = audit.counted().filter(|finding| finding.place.path.as_ref() == Some(path));
    lines.extend(
        findings.map(|finding| format!("{}[{}]: {}", finding.severity, finding.rule.name, finding.message)),
    );
    lines
}

fn layer(facts: &Facts, word: &str, index: usize) -> String {
    let made = facts.layers.get(index).and_then(|layer| layer.created_by.as_deref()).unwrap_or("—");
    format!("{word} {}: {made}", index + 1)
}

/// Who needs a file: the command, and other programs and libraries.
fn needs(facts: &Facts, path: &TreePath) -> Vec<String> {
    let mut lines = Vec::new();
    if facts.start().chain.contains(path) {
        lines.push("the command starts it".to_owned());
    } else if facts.started.contains(path) {
        lines.push("starting the command loads it".to_owned());
    }
    let libraries = facts.load.iter().flat_map(|load| &load.libraries);
    let needing: Vec<String> = libraries
        .filter(|(_, needed)| needed.iter().any(|(_, library)| library == path))
        .map(|(file, _)| file.to_string())
        .collect();
    match needing.as_slice() {
        [] => {}
        [one] => lines.push(format!("{one} needs it")),
        [first, second] => lines.push(format!("{first} and {second} need it")),
        [first, second, rest @ ..] => {
            lines.push(format!("{first}, {second} and {} more need it", rest.len()))
        }
    }
    lines
}

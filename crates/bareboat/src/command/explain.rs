//! `bareboat explain`: who brought a path of an image, and why; or what a rule of `lint` or `audit` is about.

use std::process::ExitCode;

use bareboat_build::Inventory;
use bareboat_build::plan::Origin;
use bareboat_image::TreePath;
use bareboat_inspect::audit::rules as audit_rules;
use bareboat_inspect::lint::rules;

use crate::cli::{ExplainArgs, Format};
use crate::failure::Failure;
use crate::session::Session;
use crate::terminal::{print, size};

/// Prints the page of a rule; `None` when a path is meant. Needs no cache.
pub fn rule(arguments: &ExplainArgs) -> Result<Option<ExitCode>, Failure> {
    let name = arguments.subject.as_str();
    if arguments.image.is_some() || name.contains('/') {
        return Ok(None);
    }
    let found: Vec<_> = rules::find(name).collect();
    let of_audit: Vec<_> = audit_rules::find(name).collect();
    if found.is_empty() && of_audit.is_empty() {
        let names = rules::all().map(|rule| rule.name).chain(audit_rules::all().map(|rule| rule.name));
        return match bareboat_report::closest(name, names) {
            Some(close) => Err(Failure::input(format!("there is no rule `{name}`"))
                .hint(format!("did you mean `{close}`? A path in an image begins with `/`"))),
            None => Ok(None),
        };
    }
    if arguments.format == Format::Json {
        let found = found.iter().map(|rule| super::lint::describe(rule));
        let found: Vec<_> = found.chain(of_audit.iter().map(|rule| super::audit::describe(rule))).collect();
        let value = serde_json::json!({ "version": 1, "rules": found });
        print(&format!("{value:#}\n"));
    } else {
        let of_audit = of_audit.iter().map(|rule| format!("{}\n", rule.page().trim_end()));
        let pages = found.iter().map(|rule| rule.page()).chain(of_audit);
        print(&pages.collect::<Vec<_>>().join("\n"));
    }
    Ok(Some(ExitCode::SUCCESS))
}

/// Looks the path up in the image's inventory.
pub fn run(session: &Session, arguments: &ExplainArgs) -> Result<ExitCode, Failure> {
    let (name, manifest) = session.manifest(arguments.image.as_deref())?;
    let Some(inventory) = Inventory::of(&session.store, &manifest)? else {
        return Err(Failure::input(format!("`{name}` has no inventory: it was not built here"))
            .hint("run `bareboat build`"));
    };
    let path = TreePath::new(&arguments.subject)
        .map_err(|error| Failure::input(format!("cannot use `{}`", arguments.subject)).because(error))?;
    let Some(owner) = inventory.files.get(&path) else {
        let below = inventory.files.keys().filter(|file| file.starts_with(&path)).count();
        if below > 0 {
            return directory(&inventory, &path);
        }
        let names: Vec<String> = inventory.files.keys().map(ToString::to_string).collect();
        let close = bareboat_report::closest(&path.to_string(), names.iter().map(String::as_str));
        let failure = Failure::input(format!("`{path}` is not in `{name}`"));
        return Err(match close {
            Some(close) => failure.hint(format!("did you mean `{close}`?")),
            None => failure,
        });
    };
    let owner = &inventory.origins[*owner];
    let reason = inventory.reasons.get(&path).unwrap_or(&owner.reason);
    if arguments.format == Format::Json {
        let value = serde_json::json!({ "version": 1, "path": path.to_string(), "origin": owner.origin, "reason": reason });
        print(&format!("{value:#}\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = format!("{path}\n  from: {}\n  why:  {}\n", owner.origin, reason);
    if matches!(owner.origin, Origin::Debian { .. }) {
        for (action, instead) in &owner.replaced {
            text.push_str(&format!("  its script: {action}; here: {instead}\n"));
        }
    }
    print(&text);
    Ok(ExitCode::SUCCESS)
}

/// A directory: who has files below it.
fn directory(inventory: &Inventory, path: &TreePath) -> Result<ExitCode, Failure> {
    let mut counts = std::collections::BTreeMap::<usize, usize>::new();
    for (_, owner) in inventory.files.iter().filter(|(file, _)| file.starts_with(path)) {
        *counts.entry(*owner).or_default() += 1;
    }
    let mut text = format!("{path} is a directory with files from\n");
    for (owner, files) in counts {
        let owner = &inventory.origins[owner];
        text.push_str(&format!("  {}: {files} files of {} in all\n", owner.origin, size(owner.visible)));
    }
    print(&text);
    Ok(ExitCode::SUCCESS)
}

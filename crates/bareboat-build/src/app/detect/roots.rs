//! From which directory an application's modules are imported, judged by what they import.

use super::Source;

/// The directory that `source` and its neighbours are imported from, when that is neither the application's own nor its
/// `src`, and the dotted name of `source` as it is imported from there.
///
/// `backend/main.py` that imports `settings` from `backend/settings.py` was written to be started in `backend`.
pub(super) fn of(source: &Source, files: &[String]) -> (Option<String>, String) {
    let outside = (None, source.module.clone());
    // The directory of a package's `__init__.py` is inside the package.
    let file = source.path.strip_suffix("/__init__.py").unwrap_or(&source.path);
    let Some((directory, _)) = file.rsplit_once('/') else { return outside };
    let ancestors: Vec<&str> = std::iter::successors(Some(directory), |directory| {
        directory.rsplit_once('/').map(|(parent, _)| parent)
    })
    .collect();
    // A project of its own inside the application: a member of a workspace, a path dependency.
    if let Some(project) =
        ancestors.iter().find(|directory| has(files, &format!("{directory}/pyproject.toml")))
    {
        let inner = format!("{project}/src");
        let is_inner =
            source.path.starts_with(&format!("{inner}/")) && !has(files, &format!("{inner}/__init__.py"));
        let root = if is_inner { inner } else { (*project).to_owned() };
        let module = super::module_name(source.path[root.len()..].trim_start_matches('/'), &[]);
        return (Some(root), module);
    }
    let own: Vec<&str> = source
        .facts
        .imports
        .iter()
        .map(String::as_str)
        .filter(|name| ancestors.iter().any(|directory| is_below(directory, name, files)))
        .collect();
    let everywhere = |name: &&str| is_below("", name, files) || is_below("src", name, files);
    if own.iter().all(everywhere) {
        return outside;
    }
    // Outermost first: an inner directory is a root only when nothing further out will do.
    let fits =
        |directory: &&&str| own.iter().all(|name| everywhere(name) || is_below(directory, name, files));
    match ancestors.iter().rev().find(fits) {
        Some(root) if *root != "src" => {
            let below = source.path[root.len()..].trim_start_matches('/');
            (Some((*root).to_owned()), super::module_name(below, &[]))
        }
        _ => outside,
    }
}

/// Whether `name` is a module or a package directly in `directory`.
fn is_below(directory: &str, name: &str, files: &[String]) -> bool {
    let start = if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") };
    let package = format!("{start}/");
    // A directory with code further down only is no package that anybody imports from.
    let is_in = |file: &String| {
        let below = file.strip_prefix(&package);
        below.is_some_and(|below| below.ends_with(".py") && !below.contains('/'))
    };
    has(files, &format!("{start}.py")) || files.iter().any(is_in)
}

fn has(files: &[String], path: &str) -> bool {
    files.binary_search_by(|file| file.as_str().cmp(path)).is_ok()
}

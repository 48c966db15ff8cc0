//! The project as an installed distribution: its metadata and commands, while its files stay where they are.
//!
//! Like an editable installation (PEP 660): `importlib.metadata` finds the distribution, its scripts are on `PATH`, and
//! a `.pth` file leads imports to its directory. No build backend runs.

use bareboat_image::{Entry, Tree, TreePath};
use bareboat_packages::wheel::{Script, VenvLayout};
use bareboat_store::Store;

use super::dynamic_version;
use super::project::Project;
use crate::BuildError;

/// The files that make the project in `directory` (relative to the application, `.` for itself) an installed
/// distribution; empty when its `pyproject.toml` names none.
///
/// # Errors
/// A `pyproject.toml` that is not TOML, or names that cannot be file names.
pub fn files(
    store: &Store,
    layout: &VenvLayout,
    project: &Project,
    directory: &str,
) -> Result<Tree, BuildError> {
    let mut tree = Tree::new();
    let file =
        if directory == "." { "pyproject.toml".to_owned() } else { format!("{directory}/pyproject.toml") };
    let Some(text) = project.text(&file)? else { return Ok(tree) };
    let wrong = |reason: String| BuildError::Read { path: file.clone(), reason };
    let document: toml::Table = toml::from_str(&text).map_err(|error| wrong(error.message().to_owned()))?;
    let standard = document.get("project").and_then(toml::Value::as_table);
    let poetry = document.get("tool").and_then(|tool| tool.get("poetry")).and_then(toml::Value::as_table);
    let Some(table) = standard.or(poetry) else { return Ok(tree) };
    let Some(name) = table.get("name").and_then(toml::Value::as_str) else { return Ok(tree) };
    let version = match table.get("version").and_then(toml::Value::as_str) {
        Some(version) => Some(version.to_owned()),
        None => dynamic_version::find(project, directory, name, &document)?,
    };
    let version = version.unwrap_or_else(|| dynamic_version::UNKNOWN.to_owned());
    let stem = format!("{}-{version}.dist-info", name.replace(['-', '.'], "_"));
    let base = layout.site_packages().join(&stem).map_err(|error| wrong(error.to_string()))?;
    let scripts = scripts(table);
    let mut put = |path: TreePath, text: String, mode: u16| -> Result<(), BuildError> {
        let digest = store.insert(text.as_bytes())?;
        tree.insert(path, Entry::file(digest, text.len() as u64, mode));
        Ok(())
    };
    let below = |name: &str| base.join(name).expect("a constant name");
    put(below("METADATA"), format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"), 0o644)?;
    put(below("INSTALLER"), "bareboat\n".to_owned(), 0o644)?;
    if !scripts.is_empty() {
        let lines: String = scripts
            .iter()
            .map(|script| format!("{} = {}:{}\n", script.name, script.module, script.object))
            .collect();
        put(below("entry_points.txt"), format!("[console_scripts]\n{lines}"), 0o644)?;
    }
    for script in &scripts {
        let path = layout.scripts().join(&script.name).map_err(|error| wrong(error.to_string()))?;
        put(path, script.text(&layout.python_path()), 0o755)?;
    }
    Ok(tree)
}

fn scripts(table: &toml::Table) -> Vec<Script> {
    let Some(scripts) = table.get("scripts").and_then(toml::Value::as_table) else { return Vec::new() };
    let script = |(name, value): (&String, &toml::Value)| {
        let (module, object) = value.as_str()?.split_once(':')?;
        let plain = !name.contains('/') && !name.is_empty();
        plain.then(|| Script {
            name: name.clone(),
            module: module.trim().to_owned(),
            object: object.trim().to_owned(),
        })
    };
    scripts.iter().filter_map(script).collect()
}

/// Where imports of the projects in `directories` begin, as absolute paths in the image: the directory, and its `src`
/// when that is no package itself.
pub fn import_roots<'a>(project: &Project, directories: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut roots = vec!["/app".to_owned()];
    for directory in [""].into_iter().chain(directories.filter(|directory| *directory != ".")) {
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        if !directory.is_empty() {
            roots.push(format!("/app/{directory}"));
        }
        let source = format!("{prefix}src/");
        let is_package = project.files.iter().any(|file| *file == format!("{source}__init__.py"));
        if !is_package && project.files.iter().any(|file| file.starts_with(&source) && file.ends_with(".py"))
        {
            roots.push(format!("/app/{prefix}src"));
        }
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installs_metadata_and_commands_without_building() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "pyproject.toml",
            "[project]\nname = \"my-shop\"\nversion = \"1.2\"\nscripts = { shop = \"my_shop.cli:main\" }\n",
        );
        write("src/my_shop/cli.py", "def main(): ...\n");
        let store_root = tempfile::tempdir().unwrap();
        let store = Store::open(store_root.path()).unwrap();
        let project = Project::open(root.path()).unwrap();
        let layout =
            VenvLayout::new(TreePath::new("app/.venv").unwrap(), (3, 13), "/usr/bin/python3.13").unwrap();
        let tree = files(&store, &layout, &project, ".").unwrap();
        let shown: Vec<String> =
            tree.entries.iter().map(|(path, entry)| format!("{path} {:o}", entry.mode)).collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        /app/.venv/bin/shop 755
        /app/.venv/lib/python3.13/site-packages/my_shop-1.2.dist-info/INSTALLER 644
        /app/.venv/lib/python3.13/site-packages/my_shop-1.2.dist-info/METADATA 644
        /app/.venv/lib/python3.13/site-packages/my_shop-1.2.dist-info/entry_points.txt 644
        ");
        assert_eq!(import_roots(&project, ["."].into_iter()), ["/app", "/app/src"]);
    }
}

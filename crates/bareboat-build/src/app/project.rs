//! The application's directory: which files go into the image, with their content's digests.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use bareboat_dockerfile::Ignore;
use bareboat_dockerfile::ignore::{Verdict, Walk};
use bareboat_image::{Entry, Tree, TreePath};
use bareboat_store::{Digest, DigestReader};
use rayon::prelude::*;

use super::generated::APPLICATION;
use super::plain_file;
use crate::BuildError;

/// A directory and what is taken of it.
#[derive(Debug)]
pub struct Project {
    /// Absolute path of the directory.
    pub root: PathBuf,
    /// Paths of the files and links that are taken, below the root, with `/`, sorted.
    pub files: Vec<String>,
    /// What was left out and is worth a word, for example `.env`.
    pub notes: Vec<String>,
}

impl Project {
    /// Lists the directory: everything but what `.dockerignore` excludes and what never belongs in an image.
    ///
    /// # Errors
    /// The directory or a file in it cannot be read; `.dockerignore` has a bad pattern; a name is not UTF-8.
    pub fn open(directory: &Path) -> Result<Self, BuildError> {
        let root = directory.canonicalize().map_err(|error| not_readable(directory, &error))?;
        if !root.is_dir() {
            return Err(BuildError::NoDirectory { path: directory.display().to_string() });
        }
        let mut project = Self { root, files: Vec::new(), notes: Vec::new() };
        let ignore = project.ignore()?;
        project.walk("", &ignore, &Walk::default())?;
        project.files.sort();
        Ok(project)
    }

    fn ignore(&self) -> Result<Ignore, BuildError> {
        let path = self.root.join(".dockerignore");
        let text = match plain_file::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(not_readable(&path, &error)),
        };
        Ignore::parse(text).map_err(|error| BuildError::IgnoreFile { reason: error.to_string() })
    }

    fn walk(&mut self, below: &str, ignore: &Ignore, walk: &Walk) -> Result<(), BuildError> {
        let directory = self.root.join(below);
        let entries = fs::read_dir(&directory).map_err(|error| not_readable(&directory, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| not_readable(&directory, &error))?;
            let Ok(name) = entry.file_name().into_string() else {
                return Err(BuildError::FileName { path: entry.path().display().to_string() });
            };
            let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
            let kind = entry.file_type().map_err(|error| not_readable(&entry.path(), &error))?;
            if kind.is_dir() {
                if is_never_wanted(&name, true) || entry.path().join("pyvenv.cfg").exists() {
                    continue;
                }
                let (verdict, inner) = ignore.enter(&path, walk);
                if verdict != Verdict::Prune {
                    self.walk(&path, ignore, &inner)?;
                }
                continue;
            }
            if is_never_wanted(&name, false) || ignore.excludes_in(&path, walk) {
                continue;
            }
            if name == ".env" || name.starts_with(".env.") {
                self.notes.push(format!("`{path}` stays out of the image: it usually holds secrets"));
                continue;
            }
            if kind.is_file() || kind.is_symlink() {
                self.files.push(path);
            } else {
                self.notes.push(format!("`{path}` stays out of the image: it is neither a file nor a link"));
            }
        }
        Ok(())
    }

    /// The tree of the application below `at`: root-owned, `0644` or `0755`, whatever the owner and umask here.
    ///
    /// # Errors
    /// A file that cannot be read, or a link that leads out of the directory.
    pub fn tree(&self, at: &TreePath) -> Result<Tree, BuildError> {
        let entries: Vec<(TreePath, Entry)> = self
            .files
            .par_iter()
            .map(|path| {
                let tree_path =
                    at.join(path).map_err(|error| BuildError::FileName { path: error.to_string() })?;
                Ok((tree_path, self.entry(path)?))
            })
            .collect::<Result<_, BuildError>>()?;
        let mut tree = Tree::new();
        for (path, entry) in entries {
            let mut parent = path.parent();
            while let Some(directory) = parent.filter(|path| path.starts_with(at) && tree.get(path).is_none())
            {
                parent = directory.parent();
                tree.insert(directory, Entry::directory(0o755));
            }
            tree.insert(path, entry);
        }
        tree.insert(at.clone(), Entry::directory(0o755));
        Ok(tree)
    }

    fn entry(&self, path: &str) -> Result<Entry, BuildError> {
        let file = self.root.join(path);
        let metadata = fs::symlink_metadata(&file).map_err(|error| not_readable(&file, &error))?;
        if metadata.is_symlink() {
            let target = fs::read_link(&file).map_err(|error| not_readable(&file, &error))?;
            let real = file.canonicalize().ok();
            let leaves = real.is_some_and(|real| !real.starts_with(&self.root)) || climbs_out(path, &target);
            let Some(target) = target.to_str().filter(|target| !target.starts_with('/') && !leaves) else {
                return Err(BuildError::LinkLeaves {
                    path: path.to_owned(),
                    target: target.display().to_string(),
                });
            };
            return Ok(Entry::symlink(target));
        }
        let opened = fs::File::open(&file).map_err(|error| not_readable(&file, &error))?;
        let mut reader = DigestReader::new(opened);
        io::copy(&mut reader, &mut io::sink()).map_err(|error| not_readable(&file, &error))?;
        let (_, digest, size) = reader.finish();
        let mode = if metadata.permissions().mode() & 0o111 == 0 { 0o644 } else { 0o755 };
        Ok(Entry::file(digest, size, mode))
    }

    /// Reads a small file of the project; `None` when there is none.
    ///
    /// # Errors
    /// It is there but cannot be read as UTF-8 text.
    pub fn text(&self, name: &str) -> Result<Option<String>, BuildError> {
        let path = self.root.join(name);
        match plain_file::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(not_readable(&path, &error)),
        }
    }

    /// Its Python files with their bytes, by their path in the image. One that cannot be read any more is left out.
    pub fn python_sources(&self) -> Vec<(TreePath, Vec<u8>)> {
        let own = self.files.iter().filter(|path| path.ends_with(".py"));
        let read = |path: &String| {
            let bytes = std::fs::read(self.root.join(path)).ok()?;
            Some((TreePath::new(format!("{APPLICATION}/{path}")).ok()?, bytes))
        };
        own.filter_map(read).collect()
    }

    /// The digest of everything that decides the application's tree.
    pub fn digest(tree: &Tree) -> Digest {
        Digest::of(serde_json::to_vec(tree).expect("trees have string keys only"))
    }
}

/// Version control, caches, environments and bareboat's own files: never part of an application.
fn is_never_wanted(name: &str, directory: bool) -> bool {
    const DIRECTORIES: &[&str] = &[
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        "__pycache__",
        "node_modules",
        ".tox",
        ".nox",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".idea",
        ".vscode",
    ];
    const FILES: &[&str] =
        &[".dockerignore", ".gitignore", ".DS_Store", "bareboat.toml", "bareboat.lock", ".python-version"];
    if directory {
        return DIRECTORIES.contains(&name) || name.ends_with(".egg-info");
    }
    FILES.contains(&name)
        || name.ends_with(".pyc")
        || matches!(name, "Dockerfile" | "Containerfile" | "Procfile" | ".git")
        || name.ends_with(".Dockerfile")
        || name.starts_with("Dockerfile.")
}

/// Whether a link at `path`, followed by name alone, leads above the directory: whatever is out there now.
fn climbs_out(path: &str, target: &Path) -> bool {
    let mut depth = path.matches('/').count();
    for part in target.components() {
        match part {
            Component::ParentDir if depth == 0 => return true,
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
            _ => {}
        }
    }
    false
}

fn not_readable(path: &Path, error: &io::Error) -> BuildError {
    BuildError::Read { path: path.display().to_string(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn takes_what_the_ignore_file_leaves_and_normalises_modes() {
        let root = tempfile::tempdir().unwrap();
        for path in [
            "app.py",
            "static/a.css",
            "tests/t.py",
            ".git/HEAD",
            "x/__pycache__/m.pyc",
            "bareboat.lock",
            ".env",
        ] {
            write(root.path(), path, "x");
        }
        write(root.path(), "run.sh", "x");
        fs::set_permissions(root.path().join("run.sh"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::set_permissions(root.path().join("app.py"), fs::Permissions::from_mode(0o600)).unwrap();
        write(root.path(), ".dockerignore", "tests\n");
        let project = Project::open(root.path()).unwrap();
        assert_eq!(project.files, ["app.py", "run.sh", "static/a.css"]);
        assert_eq!(project.notes, ["`.env` stays out of the image: it usually holds secrets"]);
        let tree = project.tree(&TreePath::new("app").unwrap()).unwrap();
        let shown: Vec<_> =
            tree.entries.iter().map(|(path, entry)| format!("{path} {:o}", entry.mode)).collect();
        assert_eq!(
            shown,
            ["/app 755", "/app/app.py 644", "/app/run.sh 755", "/app/static 755", "/app/static/a.css 644"]
        );
    }

    #[test]
    fn refuses_links_that_leave_the_directory() {
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", root.path().join("passwd")).unwrap();
        let project = Project::open(root.path()).unwrap();
        assert!(matches!(project.tree(&TreePath::new("app").unwrap()), Err(BuildError::LinkLeaves { .. })));
        assert!(climbs_out("a/link", Path::new("../../gone")) && climbs_out("link", Path::new("b/../..")));
        assert!(!climbs_out("a/link", Path::new("../gone")) && !climbs_out("link", Path::new("b/../c")));
    }
}

//! Which files are judged: what is named, what a directory holds, what a glob matches.
//!
//! A file that is named is judged whatever it is called. Directories are searched with `.gitignore`, `.ignore` and
//! `.git/info/exclude` respected, hidden ones too; links are not followed. The order is that of the command
//! line, below a directory by name, and never that of the disk.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bareboat_inspect::lint::HostKind;
use globset::{GlobBuilder, GlobMatcher};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::{DirEntry, WalkBuilder};

use crate::failure::Failure;

/// Directories and files that are not searched.
pub struct Exclude {
    matchers: Vec<Gitignore>,
    here: PathBuf,
}

impl Exclude {
    /// Patterns as `.gitignore` has them, each list relative to a directory.
    pub fn new<'p>(lists: impl IntoIterator<Item = (&'p Path, &'p [String])>) -> Result<Self, Failure> {
        let mut matchers = Vec::new();
        for (root, patterns) in lists {
            let mut builder = GitignoreBuilder::new(root);
            for pattern in patterns {
                let refused =
                    |error| Failure::input(format!("cannot use the pattern `{pattern}`")).because(error);
                builder.add_line(None, pattern).map_err(refused)?;
            }
            let refused = |error| Failure::input("cannot use the patterns to exclude").because(error);
            matchers.push(builder.build().map_err(refused)?);
        }
        Ok(Self { matchers, here: absolute(Path::new(".")) })
    }

    /// True for a file that would not be found, wherever below an excluded directory it is.
    pub fn has_file(&self, path: &Path) -> bool {
        self.has(path, false) || path.ancestors().skip(1).any(|above| self.has(above, true))
    }

    fn has(&self, path: &Path, is_directory: bool) -> bool {
        let path = normal(&self.here.join(path));
        self.matchers.iter().any(|matcher| matcher.matched(&path, is_directory).is_ignore())
    }
}

/// The files that the arguments name, each once; what cannot be searched is a failure among good ones.
pub fn files(arguments: &[PathBuf], exclude: &Arc<Exclude>) -> (Vec<PathBuf>, Vec<Failure>) {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for argument in arguments {
        let mut files = Vec::new();
        if argument.is_dir() {
            search(argument, exclude, &mut files, &mut failures, &|path| {
                is_dockerfile(path) || is_host(path)
            });
            if files.is_empty() {
                let message = format!("`{}` holds no Dockerfile", argument.display());
                failures
                    .push(Failure::input(message).hint("name the file, as in `bareboat lint path/to/file`"));
            }
        } else if let Some((base, glob)) = glob(argument) {
            search(&base, exclude, &mut files, &mut failures, &|path| glob.is_match(normal(path)));
            if files.is_empty() {
                failures.push(Failure::input(format!("nothing matches `{}`", argument.display())));
            }
        } else {
            files.push(argument.clone());
        }
        found.extend(files.into_iter().filter(|file| seen.insert(normal(file))));
    }
    (found, failures)
}

fn search(
    directory: &Path,
    exclude: &Arc<Exclude>,
    files: &mut Vec<PathBuf>,
    failures: &mut Vec<Failure>,
    wanted: &dyn Fn(&Path) -> bool,
) {
    let exclude = Arc::clone(exclude);
    let is_kept = move |entry: &DirEntry| {
        let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
        let is_history = is_directory && entry.file_name() == ".git";
        entry.depth() == 0 || !(is_history || exclude.has(entry.path(), is_directory))
    };
    let walk = WalkBuilder::new(directory)
        .hidden(false)
        .require_git(false)
        .sort_by_file_name(std::cmp::Ord::cmp)
        .filter_entry(is_kept)
        .build();
    for entry in walk {
        match entry {
            Ok(entry) => {
                let path = entry.into_path();
                if wanted(&path) && path.is_file() {
                    files.push(path);
                }
            }
            Err(error) => {
                let message = format!("cannot search `{}`", directory.display());
                failures.push(Failure::input(message).because(error));
            }
        }
    }
}

/// A path that is no file but a pattern: the directory to search and what to look for.
fn glob(argument: &Path) -> Option<(PathBuf, GlobMatcher)> {
    let text = argument.to_str()?;
    if !text.contains(['*', '?', '[', '{']) || argument.exists() {
        return None;
    }
    let is_literal =
        |component: &Component<'_>| !component.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']);
    let base: PathBuf = argument.components().take_while(is_literal).collect();
    let base = if base.as_os_str().is_empty() { PathBuf::from(".") } else { base };
    let pattern = normal(argument).to_str()?.to_owned();
    let glob = GlobBuilder::new(&pattern).literal_separator(true).build().ok()?;
    Some((base, glob.compile_matcher()))
}

/// `Dockerfile`, `Dockerfile.dev`, `dev.Dockerfile`, and the same with `Containerfile`, in any case; not a source file or
/// a template of such a name.
fn is_dockerfile(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    ["dockerfile", "containerfile"].into_iter().any(|known| {
        let before = name.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        let after = name.strip_prefix(known).and_then(|rest| rest.strip_prefix('.'));
        before || after.is_some_and(|after| !OTHER_KINDS.contains(&after.rsplit('.').next().unwrap_or(after)))
    })
}

/// Endings of files that are about Dockerfiles, or make them.
const OTHER_KINDS: [&str; 30] = [
    "bak",
    "c",
    "cpp",
    "cs",
    "diff",
    "dockerignore",
    "erb",
    "go",
    "h",
    "html",
    "j2",
    "java",
    "jinja",
    "js",
    "json",
    "lua",
    "md",
    "orig",
    "patch",
    "php",
    "py",
    "rb",
    "rej",
    "rs",
    "swp",
    "template",
    "tmpl",
    "toml",
    "tpl",
    "ts",
];

fn is_host(path: &Path) -> bool {
    path.file_name().and_then(|name| HostKind::of(name.to_str()?)).is_some()
}

/// The path from the root.
pub fn absolute(path: &Path) -> PathBuf {
    // This program never changes its working directory, and is asked for every file.
    static HERE: OnceLock<Option<PathBuf>> = OnceLock::new();
    match HERE.get_or_init(|| std::env::current_dir().ok()) {
        Some(here) => normal(&here.join(path)),
        None => normal(path),
    }
}

/// The path without `.` and, where a name is before it, `..`: as people would write it.
pub fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(normal.components().next_back(), Some(Component::Normal(_))) => {
                normal.pop();
            }
            // There is nothing above the root.
            Component::ParentDir if normal.has_root() => {}
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_dockerfile_by_its_name() {
        let yes = [
            "Dockerfile",
            "dockerfile",
            "Dockerfile.dev",
            "a.Dockerfile",
            "Containerfile",
            "x.containerfile",
            "Dockerfile.3.12",
        ];
        let no = [
            "Dockerfile.dockerignore",
            "dockerfile.rs",
            "Dockerfile.j2",
            "MyDockerfile",
            "Dockerfiles",
            "Dockerfile.dev.md",
        ];
        assert!(yes.iter().all(|name| is_dockerfile(Path::new(name))));
        assert!(!no.iter().any(|name| is_dockerfile(Path::new(name))));
    }

    #[test]
    fn a_path_is_as_people_would_write_it() {
        assert_eq!(normal(Path::new("./a/../b/./c")), Path::new("b/c"));
        assert_eq!(normal(Path::new("../a")), Path::new("../a"));
        assert_eq!(normal(Path::new("/a/../../b")), Path::new("/b"));
    }
}

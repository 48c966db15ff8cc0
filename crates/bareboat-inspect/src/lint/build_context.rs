//! The build context: the directory whose files COPY can see.
//!
//! Rules see it through [`BuildContext`], which bounds what is read. Who lists and reads (a directory, memory) is
//! behind [`ContextFiles`]; this module does no I/O itself.

use std::collections::BTreeMap;
use std::fmt;

use bareboat_dockerfile::Ignore;

/// Lists and reads files. Paths are relative to the context, `/` between components, `""` its root. Whatever fails
/// or leads out of the context is as if it were not there.
pub trait ContextFiles: Sync {
    /// What is at `path`; links are followed inside the context.
    fn kind(&self, path: &str) -> Option<EntryKind>;
    /// What is directly in the directory at `path`, by name.
    fn list(&self, path: &str) -> Vec<Entry>;
    /// The first `limit` bytes of the file at `path`.
    fn read(&self, path: &str, limit: usize) -> Option<Vec<u8>>;
}

/// Something in a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A link that leads nowhere, a device, a socket.
    Other,
}

/// Bytes of a file that rules look at.
const MOST_READ: usize = 1024 * 1024;

/// The build context as rules see it.
pub struct BuildContext<'a> {
    files: &'a dyn ContextFiles,
    /// The path of the ignore file that counts, and its text.
    ignore_file: Option<(String, String)>,
    ignore: Option<Ignore>,
    assumed: bool,
}

impl<'a> BuildContext<'a> {
    /// The context `files` of the Dockerfile called `dockerfile` (a path relative to the context, when it is in it).
    ///
    /// Of `NAME.dockerignore` beside the Dockerfile and `.dockerignore` the first that exists counts, as for
    /// BuildKit. `assumed`: nobody said which directory it is, the Dockerfile's own was taken.
    pub fn new(files: &'a dyn ContextFiles, dockerfile: Option<&str>, assumed: bool) -> Self {
        let own = dockerfile.map(|path| format!("{path}.dockerignore"));
        let names = own.into_iter().chain([".dockerignore".to_owned()]);
        let ignore_file = names.filter_map(|name| {
            let text = files.read(&name, MOST_READ)?;
            Some((name, String::from_utf8_lossy(&text).into_owned()))
        });
        let ignore_file = ignore_file.into_iter().next();
        let ignore = ignore_file.as_ref().and_then(|(_, text)| Ignore::parse(text).ok());
        Self { files, ignore_file, ignore, assumed }
    }

    /// Nobody said that this is the context, so a file that is missing here may be in the real one.
    pub fn is_assumed(&self) -> bool {
        self.assumed
    }

    /// The ignore file's path and text.
    pub fn ignore_file(&self) -> Option<(&str, &str)> {
        self.ignore_file.as_ref().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The ignore file, understood; `None` without one, or when BuildKit would refuse it.
    pub fn ignore(&self) -> Option<&Ignore> {
        self.ignore.as_ref()
    }

    /// True when the ignore file keeps `path` out.
    pub fn is_ignored(&self, path: &str) -> bool {
        self.ignore.as_ref().is_some_and(|ignore| ignore.excludes(clean(path)))
    }

    /// What is at `path`, ignored or not.
    pub fn kind(&self, path: &str) -> Option<EntryKind> {
        self.files.kind(&clean(path))
    }

    /// What is directly in the directory at `path`, ignored or not, by name.
    pub fn list(&self, path: &str) -> Vec<Entry> {
        self.files.list(&clean(path))
    }

    /// The text of a file, at most its first MiB; what is not UTF-8 is replaced.
    pub fn text(&self, path: &str) -> Option<String> {
        let bytes = self.files.read(&clean(path), MOST_READ)?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The first bytes of a file, at most `limit` and a MiB.
    pub fn bytes(&self, path: &str, limit: usize) -> Option<Vec<u8>> {
        self.files.read(&clean(path), limit.min(MOST_READ))
    }
}

impl fmt::Debug for BuildContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuildContext").field("assumed", &self.assumed).finish_non_exhaustive()
    }
}

/// `path` relative to the context's root, as COPY takes its sources: `..` at the root stays there.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Files that exist only here: for tests, and for editors whose buffers are not saved.
#[derive(Debug, Clone, Default)]
pub struct MemoryFiles(
    /// Content by path.
    pub BTreeMap<String, Vec<u8>>,
);

impl ContextFiles for MemoryFiles {
    fn kind(&self, path: &str) -> Option<EntryKind> {
        let below = format!("{path}/");
        match self.0.contains_key(path) {
            true => Some(EntryKind::File),
            false => {
                let directory = path.is_empty() || self.0.keys().any(|name| name.starts_with(&below));
                directory.then_some(EntryKind::Directory)
            }
        }
    }

    fn list(&self, path: &str) -> Vec<Entry> {
        let below = if path.is_empty() { String::new() } else { format!("{path}/") };
        let inside = self.0.keys().filter_map(|name| name.strip_prefix(&below));
        let mut entries: Vec<Entry> = inside
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => Entry { name: name.to_owned(), kind: EntryKind::Directory },
                None => Entry { name: rest.to_owned(), kind: EntryKind::File },
            })
            .collect();
        entries.sort();
        entries.dedup();
        entries
    }

    fn read(&self, path: &str, limit: usize) -> Option<Vec<u8>> {
        self.0.get(path).map(|content| content[..content.len().min(limit)].to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_like_a_directory_and_obeys_the_nearest_ignore_file() {
        let content =
            [("app/main.py", ""), (".dockerignore", "*"), ("Dockerfile.dockerignore", "*.py\n**/x")];
        let files = content.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
        let files = MemoryFiles(files.into());
        let context = BuildContext::new(&files, Some("Dockerfile"), false);
        assert_eq!(context.ignore_file().map(|(path, _)| path), Some("Dockerfile.dockerignore"));
        assert!(context.is_ignored("./main.py") && !context.is_ignored("app/main.py"));
        assert_eq!(context.kind("/app/"), Some(EntryKind::Directory));
        assert_eq!(context.kind("../app/main.py"), Some(EntryKind::File));
        assert_eq!(context.kind("nowhere"), None);
        let names: Vec<_> = context.list(".").into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, [".dockerignore", "Dockerfile.dockerignore", "app"]);
        assert_eq!(context.text(".dockerignore").as_deref(), Some("*"));
    }
}

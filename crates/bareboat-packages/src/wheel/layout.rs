//! The virtual environment that wheels are installed into, as paths in the image.
//!
//! Follows CPython's `venv` (PEP 405) and sysconfig's `venv` scheme. No directory is made and nothing is linked on a
//! disk: everything here is data for a tree. `lib64` is left out on purpose: `venv` makes that link on every 64-bit
//! Linux for distributions whose libraries live there, and Debian's Python never looks at it.

use bareboat_image::{PathError, TreePath};

use super::WheelError;

/// Where a virtual environment is and whose interpreter it uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VenvLayout {
    root: TreePath,
    python: (u8, u8),
    interpreter: String,
}

/// A file of an empty virtual environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseFile {
    /// A directory, mode `0755`.
    Directory,
    /// A symbolic link to the given target.
    Symlink(String),
    /// A regular file, mode `0644`.
    File(Vec<u8>),
}

impl VenvLayout {
    /// A virtual environment at `root` for the CPython release `python` at the absolute path `interpreter`.
    ///
    /// # Errors
    /// A root whose scripts could not name their interpreter on a `#!` line: the kernel splits that line at a space,
    /// and older kernels cut it after 127 bytes (execve(2)). Other tools fall back to a shell there; these images have none.
    pub fn new(root: TreePath, python: (u8, u8), interpreter: &str) -> Result<Self, WheelError> {
        let layout = Self { root, python, interpreter: interpreter.to_owned() };
        let refuse = |why| WheelError::Root { root: layout.root.to_string(), why };
        let Ok(root) = std::str::from_utf8(layout.root.as_bytes()) else {
            return Err(refuse("the path is not UTF-8"));
        };
        if root.is_empty() {
            return Err(refuse("that is the root of the image"));
        }
        if root.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(refuse("scripts cannot name an interpreter on a path with white space"));
        }
        if layout.python_path().len() > MAX_SHEBANG {
            return Err(refuse("the path is too long for the first line of a script"));
        }
        Ok(layout)
    }

    /// The virtual environment's directory.
    pub fn root(&self) -> &TreePath {
        &self.root
    }

    /// CPython's major and minor version.
    pub fn python(&self) -> (u8, u8) {
        self.python
    }

    /// The absolute path of the environment's own interpreter link, as scripts name it.
    pub fn python_path(&self) -> String {
        format!("/{}/bin/python", self.root.to_str_lossy())
    }

    /// `lib/pythonX.Y/site-packages`: both purelib and platlib.
    pub fn site_packages(&self) -> TreePath {
        self.below(&format!("lib/{}/site-packages", self.python_name()))
    }

    /// `bin`.
    pub fn scripts(&self) -> TreePath {
        self.below("bin")
    }

    /// Where the headers of the distribution `name` go.
    ///
    /// # Errors
    /// A `name` that is no path inside a tree.
    pub fn headers(&self, name: &str) -> Result<TreePath, PathError> {
        self.below(&format!("include/site/{}", self.python_name())).join(name)
    }

    /// The files of the empty environment, in path order: `pyvenv.cfg`, the interpreter links, `site-packages`.
    pub fn base_files(&self) -> Vec<(TreePath, BaseFile)> {
        let python = self.python_name();
        let directories = ["", "bin", "lib"].map(str::to_owned);
        let libraries = [format!("lib/{python}"), format!("lib/{python}/site-packages")];
        let mut files: Vec<_> = directories
            .iter()
            .chain(&libraries)
            .map(|directory| (self.below(directory), BaseFile::Directory))
            .collect();
        files.push((self.below("bin/python"), BaseFile::Symlink(self.interpreter.clone())));
        files.push((self.below("bin/python3"), BaseFile::Symlink("python".into())));
        files.push((self.below(&format!("bin/{python}")), BaseFile::Symlink("python".into())));
        files.push((self.below("pyvenv.cfg"), BaseFile::File(self.configuration().into_bytes())));
        files.sort_by(|left, right| left.0.cmp(&right.0));
        files
    }

    /// `pyvenv.cfg`: only `home` and the switch mean something to the interpreter; the version is for tools.
    fn configuration(&self) -> String {
        let home = self.interpreter.rsplit_once('/').map_or("/usr/bin", |(directory, _)| directory);
        let (major, minor) = self.python;
        format!("home = {home}\ninclude-system-site-packages = false\nversion = {major}.{minor}\n")
    }

    fn python_name(&self) -> String {
        format!("python{}.{}", self.python.0, self.python.1)
    }

    fn below(&self, tail: &str) -> TreePath {
        self.root.join(tail).expect("the tails here have no `..` and no NUL")
    }
}

/// 127 bytes less `#!` and room for one short argument.
const MAX_SHEBANG: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lays_out_what_venv_makes() {
        let root = TreePath::new("app/.venv").unwrap();
        let layout = VenvLayout::new(root, (3, 13), "/usr/bin/python3.13").unwrap();
        let shown: Vec<String> = layout
            .base_files()
            .into_iter()
            .map(|(path, file)| match file {
                BaseFile::Directory => format!("{path}/"),
                BaseFile::Symlink(target) => format!("{path} -> {target}"),
                BaseFile::File(bytes) => format!("{path}: {}", String::from_utf8(bytes).unwrap()),
            })
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        /app/.venv/
        /app/.venv/bin/
        /app/.venv/bin/python -> /usr/bin/python3.13
        /app/.venv/bin/python3 -> python
        /app/.venv/bin/python3.13 -> python
        /app/.venv/lib/
        /app/.venv/lib/python3.13/
        /app/.venv/lib/python3.13/site-packages/
        /app/.venv/pyvenv.cfg: home = /usr/bin
        include-system-site-packages = false
        version = 3.13
        ");
    }

    #[test]
    fn refuses_roots_no_script_can_name() {
        for root in ["", "my app/.venv", "a\tb", &"d/".repeat(80)] {
            let root = TreePath::new(root).unwrap();
            assert!(VenvLayout::new(root, (3, 13), "/usr/bin/python3.13").is_err());
        }
    }
}

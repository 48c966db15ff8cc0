//! Applications whose dependencies have to be built.

use std::fs;
use std::path::Path;

use crate::{apps, example};
use bareboat_testkit::sdist;

/// The `setup.py` of a distribution `hello` with one extension module.
pub const SETUP: &str = "from setuptools import Extension, setup\nsetup(name='hello', version='1.0', ext_modules=[Extension('hello', ['hello.c'])])\n";

/// Its module. `__FILE__` and the assertion put paths of the build into the result, if anything does.
const SOURCE: &str = r#"
#include <Python.h>
#include <assert.h>
static PyObject *where(PyObject *self, PyObject *none) {
    assert(self != NULL);
    return PyUnicode_FromString(__FILE__);
}
static PyMethodDef methods[] = {{"where", where, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "hello", NULL, -1, methods};
PyMODINIT_FUNC PyInit_hello(void) { return PyModule_Create(&module); }
"#;

/// An application in a directory called `project`.
pub struct Project {
    directory: tempfile::TempDir,
}

/// An application with an extension module in an archive of its own.
pub fn extension() -> Project {
    Project::new("./hello-1.0.tar.gz\n", &[("hello-1.0.tar.gz", extension_archive())])
}

/// Its source distribution.
pub fn extension_archive() -> Vec<u8> {
    sdist::make("hello", "1.0", &[("setup.py", SETUP), ("hello.c", SOURCE)])
}

impl Project {
    pub fn new(requirements: &str, files: &[(&str, Vec<u8>)]) -> Self {
        let project = Self { directory: tempfile::tempdir().unwrap() };
        fs::create_dir(project.path()).unwrap();
        let main = "if __name__ == '__main__':\n    print('started')\n";
        fs::write(project.path().join("main.py"), main).unwrap();
        fs::write(project.path().join("requirements.txt"), requirements).unwrap();
        for (name, bytes) in files {
            fs::write(project.path().join(name), bytes).unwrap();
        }
        project
    }

    pub fn copy_of(other: &Self) -> Self {
        let project = Self { directory: tempfile::tempdir().unwrap() };
        example::copy(&other.path(), &project.path());
        project
    }

    pub fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("project")
    }

    /// Builds; the image's digest.
    pub fn digest(&self, arguments: &[&str]) -> String {
        example::build(apps::bareboat().args(arguments).arg(self.path()))
    }

    /// Fails; the exit code and what was said about it.
    pub fn fails(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = apps::bareboat();
        let output =
            command.args(["--color", "never", "--quiet"]).args(arguments).arg(self.path()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        // A mirror that lags behind is warned of before, or is not.
        let error = said.find("error: ").map(|at| said[at..].to_owned());
        (output.status.code(), error.unwrap_or(said))
    }

    /// A cache that holds what this project's lock names and nothing that was made of it.
    pub fn fresh_cache(&self) -> tempfile::TempDir {
        let cache = tempfile::tempdir().unwrap();
        example::fill_cache(&self.path().join("bareboat.lock"), cache.path());
        cache
    }
}

/// Gives everything at and below `path` to a user.
pub fn give(path: &Path, user: u32) {
    std::os::unix::fs::chown(path, Some(user), Some(user)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path(), user);
        }
    }
}

//! Applications in a tree.

use std::collections::BTreeMap;

use bareboat_image::{Entry as TreeEntry, Tree, TreePath};
use bareboat_packages::deb::Architecture;
use bareboat_packages::pypi::{PythonVersion, Target};
use bareboat_store::Digest;

use super::super::*;

const SITE: &str = "app/.venv/lib/python3.13/site-packages";
const STANDARD: &str = "usr/lib/python3.13";

/// A tree with an application below `app`.
struct World {
    files: BTreeMap<TreePath, String>,
    roots: Vec<TreePath>,
}

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

impl World {
    fn new(files: &[(&str, &str)]) -> Self {
        let standard = ["os", "json/__init__", "typing", "importlib/__init__"];
        let mut all: BTreeMap<_, _> = standard
            .iter()
            .map(|name| (path(&format!("{STANDARD}/{name}.py")), "sys.modules".to_owned()))
            .collect();
        for (name, content) in files {
            let at = name
                .strip_prefix("site:")
                .map_or_else(|| path(&format!("app/{name}")), |name| path(&format!("{SITE}/{name}")));
            all.insert(at, (*content).to_owned());
        }
        Self { files: all, roots: vec![path("app")] }
    }

    fn roots(mut self, roots: &[&str]) -> Self {
        self.roots = roots.iter().map(|root| path(root)).collect();
        self
    }

    fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        for (path, content) in &self.files {
            tree.insert(path.clone(), TreeEntry::file(Digest::of(content), content.len() as u64, 0o644));
        }
        tree
    }

    fn check(&self, entries: &[Entry]) -> Report {
        let (tree, target) =
            (self.tree(), Target::new(PythonVersion::new(3, 13, 5), (2, 41), Architecture::Amd64));
        let search = SearchPath {
            first: self.roots.clone(),
            standard: vec![path(STANDARD), path(&format!("{STANDARD}/lib-dynload"))],
            sites: vec![path(SITE)],
        };
        let read = |path: &TreePath| self.files.get(path).map(|content| content.clone().into_bytes());
        let modules = Modules::new(&tree, &target, &search, &read);
        let own = self.files.iter().filter(|(at, _)| {
            at.starts_with(&path("app"))
                && !at.starts_with(&path("app/.venv"))
                && at.as_bytes().ends_with(b".py")
        });
        let own = own.map(|(path, content)| (path.clone(), content.clone().into_bytes()));
        let sources: Sources = scan_all(own.collect::<Vec<_>>(), (3, 13)).into_iter().collect();
        check(&modules, &sources, &self.roots, entries)
    }
}

fn module(name: &str) -> Vec<Entry> {
    vec![Entry::Module(name.to_owned())]
}

/// `need file:line module` per missing module.
fn missing(report: &Report) -> Vec<String> {
    let shown = report.missing.iter().map(|missing| {
        let file = missing.file.as_ref().map(TreePath::to_string).unwrap_or_default();
        format!("{:?} {file}:{} {}", missing.need, missing.line, missing.module)
    });
    shown.collect()
}

#[test]
fn finds_own_modules_packages_and_distributions() {
    let world = World::new(&[
        (
            "main.py",
            "import os, sys, json, os.path\nimport flask\nfrom pkg import views\nfrom pkg.models import User\n",
        ),
        ("pkg/__init__.py", "from . import models\n"),
        ("pkg/views.py", "from .models import User\nfrom ..pkg import models\n"),
        ("pkg/models.py", "import _fast, markupsafe._speedups\n"),
        ("tests/test_x.py", "import pytest\n"),
        ("site:flask/__init__.py", ""),
        ("site:_fast.abi3.so", ""),
        ("site:markupsafe/__init__.py", ""),
        ("site:markupsafe/_speedups.cpython-313-x86_64-linux-gnu.so", ""),
    ]);
    let report = world.check(&module("main"));
    assert_eq!(missing(&report), ["Required /app/pkg/views.py:2 ..pkg"]);
    assert_eq!(report.unreached, [path("app/tests/test_x.py")]);
    assert!(report.resolved > 8 && report.unknown.is_empty());
}

#[test]
fn weakens_a_need_along_the_way_to_the_file() {
    let world = World::new(&[
        ("main.py", "import a\ndef f():\n    import b\ntry:\n    import c\nexcept ImportError:\n    pass\n"),
        ("a.py", "import gone_a\nimport d\n"),
        ("b.py", "import gone_b\nimport d\n"),
        ("c.py", "import gone_c\nimport e\n"),
        ("d.py", "import gone_d\n"),
        ("e.py", "def f(): import gone_e\n"),
    ]);
    assert_eq!(
        missing(&world.check(&module("main"))),
        [
            "Required /app/a.py:1 gone_a",
            "Required /app/d.py:1 gone_d",
            "Lazy /app/b.py:1 gone_b",
            "Optional /app/c.py:1 gone_c",
            "Optional /app/e.py:1 gone_e",
        ]
    );
}

#[test]
fn asks_for_the_fallback_only_when_it_is_needed() {
    let fallback = "try:\n    import ujson as json\nexcept ImportError:\n    import simplejson as json\nelse:\n    import extra\n";
    let world = |installed: &[(&str, &str)]| {
        let mut files = vec![("main.py", fallback)];
        files.extend(installed);
        World::new(&files)
    };
    let neither = world(&[]).check(&module("main"));
    assert_eq!(missing(&neither), ["Required /app/main.py:4 simplejson", "Optional /app/main.py:2 ujson"]);
    let second = world(&[("site:simplejson.py", "")]).check(&module("main"));
    assert_eq!(missing(&second), ["Optional /app/main.py:2 ujson"]);
    let first = world(&[("site:ujson.py", "")]).check(&module("main"));
    assert_eq!(missing(&first), ["Required /app/main.py:6 extra"]);
}

#[test]
fn reads_the_main_guard_only_of_the_program() {
    let files =
        [("main.py", "if __name__ == '__main__':\n    import gone\n"), ("pkg/__main__.py", "import main\n")];
    assert!(missing(&World::new(&files).check(&module("main"))).is_empty());
    let run = World::new(&files).check(&[Entry::MainFile(path("app/main.py"))]);
    assert_eq!(missing(&run), ["Required /app/main.py:2 gone"]);
    let run = World::new(&files).check(&[Entry::MainModule("main".into())]);
    assert_eq!(missing(&run), ["Required /app/main.py:2 gone"]);
    let package = World::new(&files).check(&[Entry::MainModule("pkg".into())]);
    assert!(missing(&package).is_empty() && package.unreached.is_empty());
    assert_eq!(missing(&World::new(&files).check(&module("nowhere"))), ["Required :0 nowhere"]);
}

#[test]
fn says_why_an_extension_module_is_not_seen() {
    let world = World::new(&[
        ("main.py", "import numpy\nimport numpy._core\n"),
        ("site:numpy/__init__.py", ""),
        ("site:numpy/_core.cpython-311-x86_64-linux-gnu.so", ""),
    ]);
    let report = world.check(&module("main"));
    assert_eq!(missing(&report), ["Required /app/main.py:2 numpy._core"]);
    let unfit = report.missing[0].unfit.as_deref().unwrap();
    assert!(unfit.contains("built for CPython 3.11, not 3.13"), "{unfit}");
}

#[test]
fn leaves_to_running_what_packages_do_themselves() {
    let world = World::new(&[
        (
            "main.py",
            "import six.moves.urllib\nimport plain.gone\nimport lib.gone\nimport importlib\nimportlib.import_module(x)\n",
        ),
        ("site:six.py", "__path__ = []\n"),
        ("site:plain/__init__.py", ""),
        ("site:lib/__init__.abi3.so", ""),
    ]);
    let report = world.check(&module("main"));
    assert_eq!(missing(&report), ["Required /app/main.py:2 plain.gone"]);
    let unknown: Vec<_> =
        report.unknown.iter().map(|unknown| (unknown.line, unknown.what.as_str())).collect();
    assert_eq!(unknown, [(1, "six.moves.urllib"), (3, "lib.gone"), (5, "importlib.import_module")]);
}

#[test]
fn knows_namespace_packages_pth_files_and_source_layouts() {
    let world = World::new(&[
        ("src/pkg/__init__.py", "import google.cloud.storage, extra\nfrom google.cloud import pubsub, gone\nfrom google import auth\n"),
        ("site:google/cloud/storage/__init__.py", ""),
        ("site:google/cloud/pubsub.py", ""),
        ("site:google/auth.py", ""),
        ("site:more.pth", "# a comment\nimport sys\n../more\n/nowhere\n"),
        (".venv/lib/python3.13/more/extra.py", ""),
    ])
    .roots(&["app/src", "app"]);
    assert_eq!(
        missing(&world.check(&module("pkg"))),
        ["Required /app/src/pkg/__init__.py:2 google.cloud.gone"]
    );
}

#[test]
fn follows_names_that_frameworks_read_from_strings() {
    let world = World::new(&[
        ("manage.py", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site_.settings')\n"),
        ("site_/__init__.py", ""),
        ("site_/settings.py", "INSTALLED_APPS = ['polls', 'django.contrib.admin']\n"),
        ("polls/__init__.py", ""),
        ("polls/models.py", "import gone\n"),
        ("polls/tests.py", "import pytest\n"),
        ("unused.py", "import nothing\n"),
    ]);
    let report = world.check(&[Entry::MainFile(path("app/manage.py"))]);
    assert_eq!(missing(&report), ["Lazy /app/polls/models.py:1 gone"]);
    assert_eq!(report.unreached, [path("app/polls/tests.py"), path("app/unused.py")]);
}

#[test]
fn gives_the_advice_that_helps() {
    let world = World::new(&[
        ("main.py", "import yaml\nimport tkinter\nimport cgi\nimport pkg.gone\nfrom .pkg import x\n"),
        ("pkg/__init__.py", ""),
    ]);
    let report = world.check(&module("main"));
    let hints: Vec<_> = report.missing.iter().map(|missing| missing.hint.as_str()).collect();
    assert!(hints[0].contains("PyYAML"), "{hints:?}");
    assert!(hints[1].contains("python3-tk"), "{hints:?}");
    assert!(hints[2].contains("legacy-cgi"), "{hints:?}");
    assert!(hints[3].contains(".dockerignore"), "{hints:?}");
    assert!(hints[4].contains("without the dots"), "{hints:?}");
}

#[test]
fn names_files_that_are_no_python() {
    let world = World::new(&[
        ("main.py", "import broken\n"),
        ("broken.py", "print 'x'\n"),
        ("other.py", "print 'x'\n"),
    ]);
    let report = world.check(&module("main"));
    assert_eq!(report.unreadable.len(), 1);
    assert_eq!(
        (report.unreadable[0].file.to_string().as_str(), report.unreadable[0].error.line),
        ("/app/broken.py", 1)
    );
}

#[test]
fn survives_import_cycles() {
    let world = World::new(&[("a.py", "import b\n"), ("b.py", "import a\nfrom a import b\n")]);
    let report = world.check(&module("a"));
    assert!(report.missing.is_empty() && report.unreached.is_empty());
}

//! Distributions without a wheel: built in the sandbox, the same each time, and with an error that helps when they fail.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
mod apps;
#[allow(dead_code)]
mod example;
mod sources;

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

use apps::{App, Expect};
use bareboat_testkit::{full, sdist};
use sources::{Project, SETUP};

#[test]
fn pure_python_from_the_index() {
    App::new()
        .file("requirements.txt", "docopt==0.6.2\n")
        .file(
            "main.py",
            "import docopt\nif __name__ == '__main__':\n    print('docopt', docopt.__version__)\n",
        )
        .expect(Expect::Output("docopt 0.6.2"))
        .check("pure_python_from_the_index");
}

#[test]
fn psycopg2_with_the_headers_it_needs_and_the_library_it_links_to() {
    App::new()
        .file("requirements.txt", "psycopg2==2.9.11\n")
        .file("bareboat.toml", "build-packages = ['libpq-dev']\n")
        .file("main.py", "import psycopg2\nif __name__ == '__main__':\n    print('libpq', psycopg2.__libpq_version__ > 0)\n")
        .expect(Expect::Output("libpq True"))
        .check("psycopg2_with_the_headers_it_needs_and_the_library_it_links_to");
}

#[test]
fn uwsgi_needs_nothing_but_a_compiler_and_serves() {
    App::new()
        .file("requirements.txt", "uwsgi==2.0.31\n")
        .file("Procfile", "web: uwsgi --http-socket 0.0.0.0:$PORT --wsgi-file app.py --master\n")
        .file("app.py", "def application(environ, start):\n    start('200 OK', [('Content-Type', 'text/plain')])\n    return [b'hello from uwsgi']\n")
        .file("bareboat.toml", "port = 9090\n")
        .expect(Expect::Page("hello from uwsgi"))
        .check("uwsgi_needs_nothing_but_a_compiler_and_serves");
}

#[test]
fn an_extension_module_from_an_archive_in_the_project_loads() {
    App::new()
        .file("requirements.txt", "./hello-1.0.tar.gz\n")
        .bytes("hello-1.0.tar.gz", sources::extension_archive())
        .file("main.py", "import hello\nif __name__ == '__main__':\n    print('from', hello.where())\n")
        .expect(Expect::Output("from hello.c"))
        .check("an_extension_module_from_an_archive_in_the_project_loads");
}

#[test]
fn an_older_release_builds_for_its_own_interpreter() {
    App::new()
        .file("requirements.txt", "docopt==0.6.2\n")
        .file(".python-version", "3.11\n")
        .file("main.py", "import docopt, sys\nif __name__ == '__main__':\n    print('docopt on 3.%d' % sys.version_info[1])\n")
        .expect(Expect::Output("docopt on 3.11"))
        .check("an_older_release_builds_for_its_own_interpreter");
}

#[test]
fn a_failing_build_shows_its_last_words_and_the_ways_out() {
    if !full::wanted("a_failing_build") {
        return;
    }
    let setup = "raise SystemExit('looking around\\nError: pg_config executable not found.')\n";
    let archive = sdist::make("psycopg2", "2.0", &[("setup.py", setup)]);
    let project = Project::new("./psycopg2-2.0.tar.gz\n", &[("psycopg2-2.0.tar.gz", archive)]);
    let (code, said) = project.fails(&["build"]);
    assert_eq!(code, Some(2), "{said}");
    insta::assert_snapshot!(said, @r#"
    error: cannot build `psycopg2` 2.0 from its source distribution: its build ended with exit code 1; the last it said was
      | looking around
      | Error: pg_config executable not found.
      it calls `pg_config`, which is not there
      hint: set `build-packages = ["libpq-dev"]` in `bareboat.toml`; or, without building, depend on `psycopg2-binary`, which has wheels, or take Debian's: `[debian-python]` with `psycopg2 = "python3-psycopg2"`
    "#);
    assert!(!project.path().join("bareboat.lock").exists(), "what cannot be built is not locked");
}

#[test]
fn a_missing_header_is_named_with_the_package_that_has_it() {
    if !full::wanted("a_missing_header") {
        return;
    }
    let source = "#include <Python.h>\n#include <zbar.h>\n";
    let files = [("setup.py", SETUP), ("hello.c", source)];
    let archive = sdist::make("hello", "1.0", &files);
    let project = Project::new("./hello-1.0.tar.gz\n", &[("hello-1.0.tar.gz", archive)]);
    let (code, said) = project.fails(&["build"]);
    assert_eq!(code, Some(2), "{said}");
    for text in [
        "error: cannot build `hello` 1.0 from its source distribution: its build ended with exit code 1",
        "  | hello.c:2:10: fatal error: zbar.h: No such file or directory\n",
        "  it includes `zbar.h`, which is not there\n",
        "hint: set `build-packages = [\"libzbar-dev\"]` in `bareboat.toml`; or, without building, ",
    ] {
        assert!(said.contains(text), "no `{text}` in\n{said}");
    }
}

#[test]
fn a_hostile_build_sees_no_network_no_host_and_no_privilege() {
    if !full::wanted("a_hostile_build") {
        return;
    }
    let secret = tempfile::NamedTempFile::new().unwrap();
    let setup =
        include_str!("sources/hostile_setup.py").replace("SECRET", &secret.path().display().to_string());
    let files = [("setup.py", setup.as_str()), ("hello.py", "")];
    let project =
        Project::new("./hello-1.0.tar.gz\n", &[("hello-1.0.tar.gz", sdist::make("hello", "1.0", &files))]);
    project.digest(&["build"]);
    let root = fs::read_dir(apps::cache().join("rootfs")).unwrap().flatten();
    let roots: Vec<_> =
        root.filter(|entry| entry.file_name().to_string_lossy().starts_with("build-")).collect();
    assert!(roots.iter().all(|root| !root.path().join("usr/bin/planted").exists()));
}

#[test]
fn two_fresh_caches_build_the_same_image_and_the_lock_is_enough() {
    if !full::wanted("two_fresh_caches") {
        return;
    }
    let project = sources::extension();
    let first = project.digest(&["build"]);
    let lock = fs::read_to_string(project.path().join("bareboat.lock")).unwrap();
    assert!(lock.contains("[[builds."), "{lock}");
    for _ in 0..2 {
        let cache = project.fresh_cache();
        let mut command = apps::bareboat();
        command.env("BAREBOAT_CACHE_DIR", cache.path()).args(["build", "--offline", "--locked"]);
        command.env("TZ", "Asia/Kathmandu").env("CFLAGS", "-O0 -g3").env("PYTHONHASHSEED", "7");
        assert_eq!(example::build(command.arg(project.path())), first);
    }
    assert_eq!(project.digest(&["build", "--offline", "--locked"]), first);
    let again = Project::copy_of(&project);
    fs::remove_file(again.path().join("bareboat.lock")).unwrap();
    again.digest(&["build"]);
    assert_eq!(fs::read_to_string(again.path().join("bareboat.lock")).unwrap(), lock);
}

#[test]
fn an_ordinary_user_builds_what_root_builds() {
    if !full::wanted("an_ordinary_user") {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        full::skip("an_ordinary_user", "this is not root");
        return;
    }
    // No account has this number: no home, no subordinate ids.
    const NOBODY_IN_PARTICULAR: u32 = 54_322;
    let project = sources::extension();
    let first = project.digest(&["build"]);
    let cache = project.fresh_cache();
    let copy = Project::copy_of(&project);
    let binary = cache.path().join("bareboat");
    fs::copy(env!("CARGO_BIN_EXE_bareboat"), &binary).unwrap();
    for directory in [cache.path(), &copy.path()] {
        sources::give(directory, NOBODY_IN_PARTICULAR);
    }
    let mut command = Command::new(&binary);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("BAREBOAT_CACHE_DIR", cache.path());
    command.uid(NOBODY_IN_PARTICULAR).gid(NOBODY_IN_PARTICULAR).current_dir(copy.path());
    command.args(["build", "--offline", "--locked"]).arg(copy.path());
    assert_eq!(example::build(&mut command), first);
    let left = fs::read_dir(cache.path().join("tmp")).unwrap().count();
    assert_eq!(left, 0, "nothing of the build is left behind");
}

#[test]
fn another_platform_gets_pure_python_and_an_explanation_for_the_rest() {
    if !full::wanted("another_platform") {
        return;
    }
    let foreign = if cfg!(target_arch = "x86_64") { "linux/arm64" } else { "linux/amd64" };
    Project::new("docopt==0.6.2\n", &[]).digest(&["build", "--platform", foreign]);
    let (code, said) = sources::extension().fails(&["build", "--platform", foreign]);
    assert_eq!(code, Some(2), "{said}");
    if cfg!(target_arch = "x86_64") {
        insta::assert_snapshot!(said, @r"
        error: `hello` 1.0 has no wheel for linux/arm64, and building it here gives one for linux/amd64: `hello-1.0-cp313-cp313-linux_x86_64.whl` holds machine code
          hint: build for linux/arm64 on such a machine, since a compiler's result depends on it; or, without building, choose a version of `hello` that has a wheel
        ");
    }
}

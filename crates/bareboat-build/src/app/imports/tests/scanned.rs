//! Circumstances of imports.

use super::super::*;

/// `need level module name` per import; branches and guards in brackets.
fn imports(source: &str) -> Vec<String> {
    let found = scan(source.as_bytes(), (3, 13)).unwrap();
    let shown = found.imports.iter().map(|import| {
        let name = import.name.as_ref().map(|name| format!(":{name}")).unwrap_or_default();
        let need = match import.need {
            Need::Required => "",
            Need::Lazy => "lazy ",
            Need::Optional => "optional ",
            Need::Never => "never ",
        };
        let main = if import.only_as_main { "main " } else { "" };
        let guard = import.guard.map(|guard| format!(" caught-by-{guard}")).unwrap_or_default();
        let branches: String = import
            .branches
            .iter()
            .map(|branch| {
                format!(" {}-{}", if branch.failed { "after-failed" } else { "after" }, branch.guard)
            })
            .collect();
        format!(
            "{} {main}{need}{}{}{name}{guard}{branches}",
            import.line,
            ".".repeat(import.level as usize),
            import.module
        )
    });
    shown.collect()
}

#[test]
fn reads_every_form_of_import() {
    let source = "from __future__ import annotations\nimport a, b.c as d\nfrom e.f import g as h, i\nfrom . import j\n\
                  from ..k import (\n    l,\n)\nfrom m import *\nclass C:\n    import n\nfor x in y:\n    import o\n";
    assert_eq!(
        imports(source),
        ["2 a", "2 b.c", "3 e.f:g", "3 e.f:i", "4 .:j", "5 ..k:l", "8 m", "10 n", "12 o"]
    );
}

#[test]
fn knows_what_happens_later_or_never() {
    let source = "\
def f():
    import a
async def g(): import b
if TYPE_CHECKING:
    import c
else:
    import d
if sys.platform == 'win32':
    import e
elif sys.version_info < (3, 11):
    import f
else:
    import g
if not TYPE_CHECKING: import h
if DEBUG:
    import i
elif sys.platform == 'linux':
    import j
else:
    import k
match x:
    case 1: import l
if __name__ == '__main__':
    import m
else:
    import n
";
    assert_eq!(
        imports(source),
        [
            "2 lazy a",
            "3 lazy b",
            "5 never c",
            "7 d",
            "9 never e",
            "11 never f",
            "13 g",
            "14 h",
            "16 optional i",
            "18 optional j",
            "20 never k",
            "22 optional l",
            "24 main m",
            "26 optional n",
        ]
    );
}

#[test]
fn knows_who_catches_a_failure() {
    let source = "\
try:
    import a
except ImportError:
    import b
else:
    import c
finally:
    import d
try:
    import e
except (ValueError, ModuleNotFoundError):
    raise RuntimeError('install e')
try:
    import f
except KeyError:
    import g
try:
    try:
        import h
    except ImportError:
        import i
except Exception:
    h = None
with contextlib.suppress(ImportError):
    import j
with open(x): import k
try:
    def later(): import l
except ImportError:
    sys.exit(1)
";
    assert_eq!(
        imports(source),
        [
            "2 optional a caught-by-0",
            "4 b after-failed-0",
            "6 c after-0",
            "8 d",
            "10 e",
            "14 f",
            "16 optional g",
            "19 optional h caught-by-4",
            "21 optional i caught-by-3 after-failed-4",
            "25 optional j caught-by-5",
            "26 k",
            "28 lazy l",
        ]
    );
}

#[test]
fn sees_imports_by_call_and_names_in_strings() {
    let source = "\
a = importlib.import_module('plugins.one')
b = __import__('two')
c = import_string('three.four.Class')
d = import_module(name)
e = importlib.import_module('.relative', package=__name__)
APPS = ['polls.apps.PollsConfig', 'not a name', 'celery']
def f(): return import_module(f'plugins.{x}')
";
    let found = scan(source.as_bytes(), (3, 13)).unwrap();
    assert_eq!(imports(source), ["1 plugins.one", "2 two", "3 three.four:Class"]);
    let dynamic: Vec<_> = found.dynamic.iter().map(|dynamic| (dynamic.line, dynamic.call.as_str())).collect();
    assert_eq!(dynamic, [(4, "import_module"), (5, "importlib.import_module"), (7, "import_module")]);
    assert!(found.names.contains("polls.apps.PollsConfig") && found.names.contains("celery"));
    assert!(!found.names.contains("not a name"));
}

#[test]
fn refuses_what_is_no_python() {
    assert_eq!(scan(b"x = 1\nprint 'x'\n", (3, 13)).unwrap_err().line, 2);
    assert!(scan(b"import \xff", (3, 13)).is_err());
}

#[test]
fn reads_other_encodings_and_byte_order_marks() {
    for source in
        [&b"# coding: latin-1\nx = '\xe9'\nimport a\n"[..], b"\xef\xbb\xbfimport a\n", b"\nimport a\r\n"]
    {
        assert_eq!(scan(source, (3, 13)).unwrap().imports[0].module, "a");
    }
}

#[test]
fn survives_any_nesting() {
    let deep = [
        "(".repeat(90_000),
        format!("{}1{}", "(".repeat(90_000), ")".repeat(90_000)),
        format!("x = {}1", "-".repeat(99_000)),
        format!("x = {}1", "not ".repeat(49_000)),
        format!("x = 1{}", "+1".repeat(99_000)),
        format!("x = a{}", ".b".repeat(99_000)),
        format!("x = a{}", "()".repeat(99_000)),
        format!("x = {}1", "lambda:".repeat(49_000)),
        format!("x = {}1", "1 if x else ".repeat(20_000)),
        (0..3000).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect::<String>()
            + &" ".repeat(3000)
            + "pass\n",
    ];
    let results = scan_all(deep.into_iter().map(String::into_bytes).enumerate(), (3, 13));
    assert_eq!(results.len(), 10);
    for source in ["(".repeat(200_000), "not ".repeat(200_000), format!("x = 1{}", "+1".repeat(200_000))] {
        let results = scan_all([((), source.into_bytes())], (3, 13));
        assert!(results[0].1.as_ref().unwrap_err().message.contains("too many"));
    }
}

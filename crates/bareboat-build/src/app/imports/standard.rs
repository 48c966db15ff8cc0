//! Modules that are in the interpreter itself, and modules of the standard library that an image may lack.

/// Whether `import name` needs no file: compiled into Debian's `pythonX.Y` or frozen in it.
pub(super) fn is_built_in(name: &str, python: (u8, u8)) -> bool {
    BUILT_IN.contains(&name)
        || match python.1 {
            ..=11 => BUILT_IN_311.contains(&name),
            12..=13 => BUILT_IN_313.contains(&name),
            _ => BUILT_IN_313.contains(&name) || BUILT_IN_314.contains(&name),
        }
}

/// Why a module of the standard library may be missing, as advice.
pub(super) fn absence(name: &str, python: (u8, u8)) -> Option<String> {
    let removed = REMOVED.iter().find(|(module, since, _)| *module == name && python.1 >= *since);
    if let Some((_, since, instead)) = removed {
        let (major, minor) = python;
        return Some(format!(
            "Python {major}.{since} removed `{name}` and the image has {major}.{minor}: {instead}"
        ));
    }
    match name {
        "tkinter" | "_tkinter" | "turtle" | "idlelib" | "turtledemo" => {
            Some("add the Debian package `python3-tk` under `packages`".into())
        }
        "distutils" | "lib2to3" => Some(format!("add the Debian package `python3-{name}` under `packages`")),
        "pydoc_data" | "antigravity" | "this" | "venv" => {
            Some("the image leaves this part of the standard library out: set `slice = \"full\"`".into())
        }
        _ => None,
    }
}

/// `sys.builtin_module_names` that Debian's 3.11, 3.13 and 3.14 share, and the frozen modules without a file of their own.
const BUILT_IN: &[&str] = &[
    "_abc",
    "_ast",
    "_bisect",
    "_blake2",
    "_codecs",
    "_collections",
    "_csv",
    "_datetime",
    "_elementtree",
    "_frozen_importlib",
    "_frozen_importlib_external",
    "_functools",
    "_heapq",
    "_imp",
    "_io",
    "_locale",
    "_md5",
    "_opcode",
    "_operator",
    "_pickle",
    "_posixsubprocess",
    "_random",
    "_sha1",
    "_sha3",
    "_signal",
    "_socket",
    "_sre",
    "_stat",
    "_statistics",
    "_string",
    "_struct",
    "_symtable",
    "_thread",
    "_tokenize",
    "_tracemalloc",
    "_warnings",
    "_weakref",
    "array",
    "atexit",
    "binascii",
    "builtins",
    "cmath",
    "errno",
    "faulthandler",
    "fcntl",
    "gc",
    "grp",
    "itertools",
    "marshal",
    "math",
    "posix",
    "pwd",
    "pyexpat",
    "select",
    "sys",
    "syslog",
    "time",
    "unicodedata",
    "zlib",
];

/// Further ones of 3.11.
const BUILT_IN_311: &[&str] = &["_sha256", "_sha512", "spwd", "xxsubtype"];

/// Further ones of 3.13.
const BUILT_IN_313: &[&str] = &["_json", "_sha2", "_suggestions", "_sysconfig", "_typing"];

/// Further ones of 3.14.
const BUILT_IN_314: &[&str] = &["_contextvars", "_types"];

/// Modules that newer releases no longer have: name, minor version of the first release without, what to do.
const REMOVED: &[(&str, u8, &str)] = &[
    ("distutils", 12, "add `setuptools`, which brings it"),
    ("imp", 12, "use `importlib`"),
    ("asynchat", 12, "add `pyasynchat`"),
    ("asyncore", 12, "add `pyasyncore`"),
    ("smtpd", 12, "add `aiosmtpd` and use it"),
    ("aifc", 13, "add `standard-aifc`"),
    ("audioop", 13, "add `audioop-lts`"),
    ("cgi", 13, "add `legacy-cgi`"),
    ("cgitb", 13, "add `legacy-cgi`"),
    ("chunk", 13, "add `standard-chunk`"),
    ("crypt", 13, "use `bcrypt` or `argon2-cffi`"),
    ("imghdr", 13, "add `standard-imghdr`, or use `filetype`"),
    ("lib2to3", 13, "use `libcst`"),
    ("mailcap", 13, "add `standard-mailcap`"),
    ("nis", 13, "nothing replaces it"),
    ("nntplib", 13, "add `standard-nntplib`"),
    ("ossaudiodev", 13, "nothing replaces it"),
    ("pipes", 13, "add `standard-pipes`, or use `subprocess`"),
    ("sndhdr", 13, "add `standard-sndhdr`"),
    ("spwd", 13, "nothing replaces it"),
    ("sunau", 13, "add `standard-sunau`"),
    ("telnetlib", 13, "add `standard-telnetlib`"),
    ("uu", 13, "add `standard-uu`"),
    ("xdrlib", 13, "add `standard-xdrlib`"),
];

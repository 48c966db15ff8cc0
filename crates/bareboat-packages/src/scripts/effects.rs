//! What commands of maintainer scripts amount to, when the result is an image that is never maintained.

/// What becomes of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It leaves no trace on a fresh installation.
    None,
    /// Something of ours stands in for it, or an image has no use for it.
    Replaced(&'static str),
    /// It changes something that nobody replaces.
    Unknown,
}

/// The effect of the command `words`.
pub(super) fn effect(words: &[Option<String>]) -> Effect {
    let Some(Some(program)) = words.first() else { return Effect::Unknown };
    let name = program.rsplit('/').next().unwrap_or(program);
    let has = |flag: &str| words.iter().flatten().any(|word| word.starts_with(flag));
    match name {
        // Wrappers: what they run decides. `command -v` asks only.
        "command" | "type" if has("-v") => Effect::None,
        "command" | "env" | "nice" | "exec" if words.len() > 1 => effect(&words[1..]),
        "sed" | "perl" if has("-i") => Effect::Unknown,
        "find" if has("-delete") || has("-exec") => Effect::Unknown,
        "dpkg-statoverride" if has("--list") => Effect::None,
        _ if words.iter().flatten().any(|word| word.ends_with("/py_compile.py")) => {
            Effect::Replaced(BYTECODE)
        }
        "." | "source" => match words.get(1) {
            Some(Some(file)) if file.ends_with("/debconf/confmodule") => Effect::None,
            _ => Effect::Unknown,
        },
        _ if name.starts_with("db_") => Effect::None,
        _ if NO_TRACE.contains(&name) => Effect::None,
        _ => match REPLACED.iter().find(|(command, _)| *command == name) {
            Some((_, by)) => Effect::Replaced(by),
            None => Effect::Unknown,
        },
    }
}

/// Commands that ask, print, or undo what only an older version could have done.
const NO_TRACE: &[&str] = &[
    "set",
    "unset",
    "umask",
    "cd",
    "pwd",
    "trap",
    "wait",
    "sleep",
    "local",
    "export",
    "readonly",
    "read",
    "shift",
    "break",
    "continue",
    "hash",
    "type",
    "which",
    "echo",
    "printf",
    "cat",
    "test",
    "expr",
    "seq",
    "id",
    "getent",
    "stat",
    "ls",
    "readlink",
    "realpath",
    "dirname",
    "basename",
    "pathfind",
    "grep",
    "egrep",
    "fgrep",
    "sed",
    "awk",
    "cut",
    "sort",
    "uniq",
    "head",
    "tail",
    "tr",
    "wc",
    "find",
    "diff",
    "cmp",
    "md5sum",
    "sha1sum",
    "sha256sum",
    "date",
    "uname",
    "hostname",
    "mktemp",
    "tempfile",
    "logger",
    "ischroot",
    "ps",
    "pidof",
    "kill",
    "rm",
    "rmdir",
    "dpkg",
    "dpkg-query",
    "dpkg-vendor",
    "dpkg-divert",
    "dpkg-maintscript-helper",
    "systemd-detect-virt",
    "debconf-communicate",
    "rpcinfo",
    "restorecon",
    "mountpoint",
    "getcap",
    "aa-enabled",
    "selinuxenabled",
    "clear",
    "stty",
    "tput",
    "eval_gettext",
];

const SERVICES: &str = "an image runs one program: no service is enabled or started";
const MENUS: &str = "an image has no desktop, menu or manual";
const BYTECODE: &str = "bytecode is compiled when the image is built, or not at all";
const CACHE: &str = "only a cache that its readers do without";

/// Commands that something replaces.
const REPLACED: &[(&str, &str)] = &[
    ("ldconfig", "/etc/ld.so.cache is written natively"),
    ("update-ca-certificates", "the bundle /etc/ssl/certs/ca-certificates.crt is written natively"),
    ("py3compile", BYTECODE),
    ("py3clean", BYTECODE),
    ("pycompile", BYTECODE),
    ("pyclean", BYTECODE),
    ("pypy3compile", BYTECODE),
    ("pypy3clean", BYTECODE),
    ("deb-systemd-helper", SERVICES),
    ("deb-systemd-invoke", SERVICES),
    ("systemctl", SERVICES),
    ("update-rc.d", SERVICES),
    ("invoke-rc.d", SERVICES),
    ("service", SERVICES),
    ("telinit", SERVICES),
    ("init", SERVICES),
    ("udevadm", SERVICES),
    ("apparmor_parser", SERVICES),
    ("update-initramfs", SERVICES),
    ("update-binfmts", SERVICES),
    ("dpkg-trigger", "triggers of other packages are accounted for with those packages"),
    ("install-info", MENUS),
    ("install-docs", MENUS),
    ("update-menus", MENUS),
    ("update-desktop-database", MENUS),
    ("update-icon-caches", MENUS),
    ("gtk-update-icon-cache", MENUS),
    ("update-mime", MENUS),
    ("mandb", MENUS),
    ("emacs-package-install", MENUS),
    ("add-shell", "an image has no login shell"),
    ("remove-shell", "an image has no login shell"),
    ("fc-cache", CACHE),
    ("gio-querymodules", CACHE),
    ("gtk-query-immodules-3.0", CACHE),
    ("update-pciids", CACHE),
    ("ucf", "configuration files ship with their package"),
    ("ucfr", "configuration files ship with their package"),
    ("start-stop-daemon", SERVICES),
    ("rc-service", SERVICES),
];

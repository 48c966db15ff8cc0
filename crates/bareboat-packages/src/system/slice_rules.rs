//! The table of slice rules. The first that matches decides, so exceptions stand above what they are exceptions to.
//!
//! Sizes are those of Debian 13 amd64. What is *not* cut has its reason here, too: Chinese, Japanese and Korean
//! codecs (`_codecs_*`, 0.9 MB: mail and CSV in the wild), `pydoc`, `doctest` and `unittest` (pandas, scipy and
//! scikit-learn import them), `venv`, SQLite (Django's default), the glibc libraries that `manylinux` promises
//! (`libnsl`, `libanl`, `libutil`, `librt`, `libresolv`; `libmvec` where something is linked to it), and time zones.

use super::slices::Verdict;

/// One rule.
pub(super) struct Rule {
    /// Package name with `*`; empty for any.
    pub package: &'static str,
    /// Path without leading slash; `*` inside a component, a final `**` for everything below and the directory itself.
    pub pattern: &'static str,
    /// Only in the `web` slice.
    pub web_only: bool,
    /// When the rule is off.
    pub unless: Unless,
    /// What it decides.
    pub verdict: Verdict,
}

/// What switches a rule off.
pub(super) enum Unless {
    /// Nothing.
    Never,
    /// `Slicing::needs_gconv`.
    Gconv,
    /// `Slicing::needs_mvec`.
    Mvec,
}

const fn keep(package: &'static str, pattern: &'static str) -> Rule {
    Rule { package, pattern, web_only: false, unless: Unless::Never, verdict: Verdict::Keep }
}

const fn cut(package: &'static str, pattern: &'static str, why: &'static str) -> Rule {
    Rule { package, pattern, web_only: false, unless: Unless::Never, verdict: Verdict::Drop(why) }
}

const fn cut_unless(unless: Unless, package: &'static str, pattern: &'static str, why: &'static str) -> Rule {
    Rule { package, pattern, web_only: false, unless, verdict: Verdict::Drop(why) }
}

const fn web(package: &'static str, pattern: &'static str, why: &'static str) -> Rule {
    Rule { package, pattern, web_only: true, unless: Unless::Never, verdict: Verdict::Drop(why) }
}

const DOCUMENTATION: &str = "documentation; licences are kept";
const TRANSLATIONS: &str = "translated messages of tools that are not there";
const ADMINISTRATION: &str = "for administrators of a whole Debian system";
const DEBUGGING: &str = "only debuggers and profilers load it";
const GCONV: &str = "character set converter that nothing here calls; kept whole when iconv_open is used";
const TESTS: &str = "tests of the standard library itself";
const TERMINAL: &str = "terminals do not matter to a network service";
const DBM: &str = "dbm databases; dbm.dumb still works";

/// Every rule, exceptions first.
pub(super) const RULES: &[Rule] = &[
    // 1.5 MB; a package's licence is in its own directory or in the one its directory links to.
    keep("", "usr/share/doc/*/copyright"),
    keep("", "usr/share/doc/*"),
    keep("", "usr/share/doc"),
    cut("", "usr/share/doc/**", DOCUMENTATION),
    cut("", "usr/share/man/**", DOCUMENTATION),
    cut("", "usr/share/info/**", DOCUMENTATION),
    cut("", "usr/share/lintian/**", "overrides of Debian's package checker"),
    cut("", "usr/share/bug/**", ADMINISTRATION),
    cut("", "usr/share/locale/**", TRANSLATIONS),
    cut("", "usr/share/gdb/**", DEBUGGING),
    cut("libstdc++6", "usr/share/gcc/**", DEBUGGING),
    cut("base-files", "etc/update-motd.d/**", "a shell script for logins"),
    cut("base-files", "usr/share/base-files/**", "templates its install script copies for logins"),
    // 222 KB that the bundle repeats; its update program is a shell script.
    cut(
        "ca-certificates",
        "usr/share/ca-certificates/**",
        "in the bundle /etc/ssl/certs/ca-certificates.crt",
    ),
    cut("ca-certificates", "usr/sbin/**", ADMINISTRATION),
    cut("ca-certificates", "etc/ca-certificates/**", ADMINISTRATION),
    // ctypes.util.find_library reads what `ldconfig -p` prints; the rest is a shell script and tools that ask the C library.
    keep("libc-bin", "usr/sbin/ldconfig"),
    cut("libc-bin", "**", ADMINISTRATION),
    // 7.9 MB of 250 converters. These few serve wide characters, mail and Windows text, as Ubuntu's chisel cuts, too.
    keep("", "usr/lib/*/gconv/gconv-modules*"),
    keep("", "usr/lib/*/gconv/gconv-modules.d/*"),
    keep("", "usr/lib/*/gconv/UTF-*.so"),
    keep("", "usr/lib/*/gconv/UNICODE.so"),
    keep("", "usr/lib/*/gconv/ISO8859-1.so"),
    keep("", "usr/lib/*/gconv/ISO8859-15.so"),
    keep("", "usr/lib/*/gconv/CP1252.so"),
    cut_unless(Unless::Gconv, "", "usr/lib/*/gconv/*", GCONV),
    // 0.7 MB in 436 files.
    cut(
        "tzdata*",
        "usr/share/zoneinfo/right/**",
        "time zones for clocks that count leap seconds, which Linux's does not",
    ),
    // 1 MB. Only the linker brings it in, for code whose loops were vectorised; nobody loads it by name.
    cut_unless(
        Unless::Mvec,
        "libc6",
        "usr/lib/*/libmvec.so.1",
        "vector mathematics that nothing here is linked to",
    ),
    cut("libc6", "usr/lib/*/libmemusage.so", DEBUGGING),
    cut("libc6", "usr/lib/*/libpcprofile.so", DEBUGGING),
    cut("libc6", "usr/lib/*/libc_malloc_debug.so.0", DEBUGGING),
    cut("libc6", "usr/lib/*/libthread_db.so.1", DEBUGGING),
    cut("libc6", "usr/lib/*/libBrokenLocale.so.1", "for programs of the 1990s"),
    cut("libc6", "usr/lib/*/libnss_hesiod.so.2", "Hesiod name service, which nsswitch.conf does not name"),
    // 1.4 MB.
    cut("libpython3*", "usr/lib/python3*/test/**", TESTS),
    cut("libpython3*", "usr/lib/python3*/unittest/test/**", TESTS),
    cut("libpython3*", "usr/lib/python3*/ctypes/test/**", TESTS),
    cut("*python3*", "usr/lib/python3*/distutils/tests/**", TESTS),
    cut("*python3*", "usr/lib/python3*/lib2to3/tests/**", TESTS),
    cut("libpython3*", "usr/lib/python3*/lib-dynload/_test*.so", TESTS),
    cut("libpython3*", "usr/lib/python3*/lib-dynload/_ctypes_test*.so", TESTS),
    cut("libpython3*", "usr/lib/python3*/lib-dynload/_xxtestfuzz*.so", TESTS),
    cut("libpython3*", "usr/lib/python3*/lib-dynload/xx*.so", TESTS),
    // 0.7 MB.
    cut("libpython3*", "usr/lib/python3*/pydoc_data/**", "texts of the interactive help"),
    cut("libpython3*", "usr/lib/python3*/turtle.py", "needs tkinter and a display"),
    cut("*python3*", "usr/lib/python3*/turtledemo/**", "needs tkinter and a display"),
    cut("*python3*", "usr/lib/python3*/idlelib/**", "needs tkinter and a display"),
    cut("*python3*", "usr/lib/python3*/ensurepip/**", "installs pip; an image is not installed into"),
    web("libpython3*", "usr/lib/python3*/lib-dynload/_curses*.so", TERMINAL),
    web("libpython3*", "usr/lib/python3*/lib-dynload/readline.*.so", TERMINAL),
    web("libpython3*", "usr/lib/python3*/lib-dynload/_dbm.*.so", DBM),
    web("libpython3*", "usr/lib/python3*/lib-dynload/nis.*.so", "network information service of the 1980s"),
    web(
        "libpython3*",
        "usr/lib/python3*/lib-dynload/_crypt.*.so",
        "password hashes of /etc/shadow, which is not there",
    ),
    web("libssl3*", "usr/lib/*/engines-3/**", "hardware engines, deprecated since OpenSSL 3"),
    web("libssl3*", "usr/lib/*/ossl-modules/**", "ciphers that OpenSSL calls legacy"),
];

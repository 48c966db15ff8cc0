//! What the output of a failed build says is missing: compilers, linkers, shells, `pkg-config` and Python each have words
//! for it. Guesses for a hint, never decisions.

use std::collections::BTreeSet;

/// Something that a build looked for and did not find.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Clue {
    /// A C header, as `#include` names it.
    Header(String),
    /// A library to link with: `pq` for `-lpq`.
    Library(String),
    /// A `pkg-config` module.
    PkgConfig(String),
    /// A program.
    Program(String),
    /// A Python module.
    Module(String),
    /// The network.
    Network,
}

/// A text before and one after what is missing, and what that is.
type Phrase = (&'static str, &'static str, fn(String) -> Clue);

/// The words of tools around a name.
const PHRASES: &[Phrase] = &[
    ("fatal error: ", ": No such file or directory", Clue::Header),
    ("cannot find -l", "", Clue::Library),
    ("No package '", "' found", Clue::PkgConfig),
    ("Package ", " was not found in the pkg-config search path", Clue::PkgConfig),
    ("Package '", "', required by", Clue::PkgConfig),
    ("No module named '", "'", Clue::Module),
    ("No such file or directory: '", "'", Clue::Program),
    ("Error: ", " executable not found", Clue::Program),
    ("error: ", " executable not found", Clue::Program),
    (": ", ": command not found", Clue::Program),
    (": ", ": not found", Clue::Program),
];

/// The words of programs without network.
const OFFLINE: &[&str] = &[
    "Temporary failure in name resolution",
    "Name or service not known",
    "Could not resolve host",
    "Network is unreachable",
];

/// More than anybody reads.
const MOST: usize = 4;

/// The clues in `output`, each once, at most four.
pub(super) fn find(output: &str) -> Vec<Clue> {
    let mut found = BTreeSet::new();
    for line in output.lines() {
        found.extend(PHRASES.iter().find_map(|phrase| clue(line, phrase)));
        found.extend(OFFLINE.iter().any(|words| line.contains(words)).then_some(Clue::Network));
    }
    found.into_iter().take(MOST).collect()
}

fn clue(line: &str, (before, after, make): &Phrase) -> Option<Clue> {
    let (_, rest) = line.split_once(before)?;
    let name = match *after {
        "" => rest.split([':', ' ']).next()?,
        after => rest.split_once(after)?.0,
    };
    // Shells put their own name and the line's number before the program's.
    let name = name.rsplit(": ").next().unwrap_or(name).trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._+-/".contains(c);
    let is_plain = !name.is_empty() && name.len() < 80 && name.chars().all(is_name);
    let clue = is_plain.then(|| make(name.to_owned()))?;
    // A path is a file of its own that some program missed, no program.
    (!matches!(&clue, Clue::Program(name) if name.contains('/'))).then_some(clue)
}

impl Clue {
    /// One sentence for people.
    pub(super) fn text(&self) -> String {
        match self {
            Clue::Header(name) => format!("it includes `{name}`, which is not there"),
            Clue::Library(name) => format!("it links with `lib{name}`, which is not there"),
            Clue::PkgConfig(name) => format!("it asks `pkg-config` for `{name}`, which is not there"),
            Clue::Program(name) => format!("it calls `{name}`, which is not there"),
            Clue::Network => "it asks the network, which builds do not have".to_owned(),
            Clue::Module(name) => {
                format!("it imports `{name}`, which is not among the build requirements it names")
            }
        }
    }

    /// How the paths of files end that would be what is missing.
    pub(super) fn endings(&self) -> Vec<String> {
        match self {
            Clue::Header(name) => vec![format!("/{name}")],
            Clue::Library(name) => vec![format!("/lib{name}.so"), format!("/lib{name}.a")],
            Clue::PkgConfig(name) => vec![format!("/{name}.pc")],
            Clue::Program(name) => vec![format!("bin/{name}")],
            Clue::Module(_) | Clue::Network => Vec::new(),
        }
    }

    /// True for a file in a place where builds look for it.
    pub(super) fn is_in_place(&self, path: &str) -> bool {
        match self {
            Clue::Header(_) => path.starts_with("usr/include/"),
            Clue::Library(_) | Clue::PkgConfig(_) => path.starts_with("usr/lib/"),
            Clue::Program(_) => ["usr/bin/", "bin/", "usr/sbin/"].iter().any(|place| path.starts_with(place)),
            Clue::Module(_) | Clue::Network => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn understands_the_words_of_many_tools() {
        let output = "building\n\
            src/x.c:3:10: fatal error: libpq-fe.h: No such file or directory\n\
            /usr/bin/ld: cannot find -lmariadb: No such file or directory\n\
            Package libffi was not found in the pkg-config search path.\n";
        let shown: Vec<String> = find(output).iter().map(|clue| format!("{clue:?}")).collect();
        assert_eq!(shown, ["Header(\"libpq-fe.h\")", "Library(\"mariadb\")", "PkgConfig(\"libffi\")"]);
        for (line, expected) in [
            ("/bin/sh: 1: mysql_config: not found", Clue::Program("mysql_config".into())),
            ("bash: line 3: cmake: command not found", Clue::Program("cmake".into())),
            ("Error: pg_config executable not found.", Clue::Program("pg_config".into())),
            (
                "FileNotFoundError: [Errno 2] No such file or directory: 'cargo'",
                Clue::Program("cargo".into()),
            ),
            ("ModuleNotFoundError: No module named 'pkg_resources'", Clue::Module("pkg_resources".into())),
            ("curl: (6) Could not resolve host: files.test", Clue::Network),
            ("Package 'lz4', required by 'virtual:world', not found", Clue::PkgConfig("lz4".into())),
        ] {
            assert_eq!(find(line), [expected], "{line}");
        }
    }

    #[test]
    fn takes_nothing_strange_for_a_name() {
        for line in [
            "No such file or directory: '/build/source/x/README'",
            "fatal error: a b: No such file or directory",
            "fatal error: `$(reboot)`: No such file or directory",
            "cannot find -l",
            "all is well",
        ] {
            assert_eq!(find(line), [], "{line}");
        }
    }

    #[test]
    fn knows_where_what_is_missing_would_be() {
        let header = Clue::Header("libpq-fe.h".into());
        assert_eq!(header.endings(), ["/libpq-fe.h"]);
        assert!(header.is_in_place("usr/include/postgresql/libpq-fe.h"));
        assert!(!header.is_in_place("usr/share/doc/x/libpq-fe.h"));
        assert!(!Clue::Program("x".into()).is_in_place("usr/lib/git/bin/x"));
    }
}

//! Maintainer-script accounting: what a package's scripts would have done, and what stands in for it.
//!
//! No script ever runs. Each is parsed as POSIX shell and followed as a first installation would take it; every
//! command that would leave a trace is either replaced by something native or reported by name. A script that only
//! asks, prints or looks after upgrades is covered. `prerm` and `postrm` never run on a fresh installation, `config`
//! only asks questions. Follows Debian policy 6.

mod effects;
mod lexer;
mod packages;
mod parser;
mod walk;
mod word;

use std::collections::BTreeSet;

use crate::debfile::ControlFiles;
use effects::{Effect, effect};
use walk::Action;

/// What a package's scripts come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accounting {
    /// Actions with what replaces each, in the order of the scripts, each once.
    pub covered: Vec<(String, String)>,
    /// Actions that nothing replaces: the package may not work as on a Debian system.
    pub uncovered: Vec<String>,
    /// Names the package offers a file for (`update-alternatives`); [`crate::system::alternatives`] links them.
    pub alternatives: Vec<Alternative>,
}

/// A file offered under a common name (update-alternatives(1)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Alternative {
    /// The link that programs use, absolute.
    pub link: String,
    /// The name below `/etc/alternatives`.
    pub name: String,
    /// The file offered, absolute.
    pub path: String,
    /// The highest wins.
    pub priority: i64,
    /// Links that follow the main one: link, name, path.
    pub slaves: Vec<(String, String, String)>,
}

/// Accounts for the scripts of `package`.
pub fn account(package: &str, files: &ControlFiles) -> Accounting {
    let mut accounting = Accounting::default();
    for (script, arguments) in [("preinst", ["install", ""]), ("postinst", ["configure", ""])] {
        if let Some(text) = files.text(script) {
            accounting.script(package, script, &text, &arguments);
        }
    }
    accounting.triggers(&files.text("triggers").unwrap_or_default());
    accounting.deduplicate();
    accounting
}

impl Accounting {
    fn script(&mut self, package: &str, script: &str, text: &str, arguments: &[&str]) {
        let interpreter = text.lines().next().unwrap_or_default();
        let shells = ["/bin/sh", "/bin/bash", "/bin/dash"];
        let is_shell =
            interpreter.starts_with("#!") && shells.iter().any(|shell| interpreter.contains(shell));
        let text = without_local_directories(text);
        let commands = is_shell.then(|| parser::parse(&text).ok()).flatten();
        let Some(commands) = commands else {
            self.uncovered.push(format!("{script}: all of it ({interpreter})"));
            return;
        };
        let variables =
            [("DPKG_MAINTSCRIPT_PACKAGE", package), ("DPKG_MAINTSCRIPT_NAME", script), ("DPKG_ROOT", "")];
        for action in walk::actions(&commands, arguments, &variables) {
            self.action(package, script, action);
        }
    }

    fn action(&mut self, package: &str, script: &str, action: Action) {
        let (words, text) = match action {
            Action::Run { words, text } => (words, text),
            Action::Write { target } => return self.unknown(package, script, &format!("writes {target}")),
        };
        let name = words.first().cloned().flatten().unwrap_or_default();
        if name.rsplit('/').next() == Some("update-alternatives") {
            return self.update_alternatives(script, &words, &text);
        }
        match effect(&words) {
            Effect::None => {}
            Effect::Replaced(by) => self.covered.push((cut(&text), by.to_owned())),
            Effect::Unknown => self.unknown(package, script, &text),
        }
    }

    fn unknown(&mut self, package: &str, script: &str, action: &str) {
        match packages::replacement(package, action) {
            Some(by) => self.covered.push((cut(action), by.to_owned())),
            None => self.uncovered.push(format!("{script}: {}", cut(action))),
        }
    }

    fn update_alternatives(&mut self, script: &str, words: &[Option<String>], text: &str) {
        let installs = words.iter().flatten().any(|word| word == "--install");
        let known: Option<Vec<&str>> = words.iter().map(Option::as_deref).collect();
        match known.and_then(|words| alternative(&words)) {
            Some(alternative) => {
                const BY: &str = "the links are made natively";
                self.covered
                    .push((format!("update-alternatives --install {}", alternative.link), BY.to_owned()));
                self.alternatives.push(alternative);
            }
            None if installs => self.uncovered.push(format!("{script}: {}", cut(text))),
            None => {}
        }
    }

    fn triggers(&mut self, text: &str) {
        for line in text.lines().filter(|line| line.trim_start().starts_with("activate")) {
            let trigger = line.split_whitespace().nth(1).unwrap_or_default();
            let program = trigger.trim_end_matches("-fresh").to_owned();
            match effect(&[Some(program)]) {
                Effect::Replaced(by) => self.covered.push((format!("trigger {trigger}"), by.to_owned())),
                _ => self.uncovered.push(format!("activates the trigger {}", cut(trigger))),
            }
        }
    }

    fn deduplicate(&mut self) {
        let mut seen = BTreeSet::new();
        self.covered.retain(|pair| seen.insert(pair.clone()));
        let mut seen = BTreeSet::new();
        self.uncovered.retain(|action| seen.insert(action.clone()));
        let mut seen = BTreeSet::new();
        self.alternatives.retain(|alternative| seen.insert(alternative.clone()));
    }
}

/// The script without what debhelper adds to make directories below `/usr/local`, which are for administrators.
///
/// Its commands take their arguments from a here-document, so they could not be told from others.
fn without_local_directories(text: &str) -> String {
    let mut kept = String::new();
    let mut inside = false;
    for line in text.lines() {
        inside |= line.starts_with("# Automatically added by dh_usrlocal");
        if !inside {
            kept.push_str(line);
            kept.push('\n');
        }
        inside &= line != "# End automatically added section";
    }
    kept
}

/// `--install LINK NAME PATH PRIORITY [--slave LINK NAME PATH]…`.
fn alternative(words: &[&str]) -> Option<Alternative> {
    let start = words.iter().position(|word| *word == "--install")?;
    let [link, name, path, priority, rest @ ..] = &words[start + 1..] else { return None };
    let slaves = rest.split(|word| *word == "--slave").filter_map(|slave| match slave {
        [link, name, path] => Some((link.to_string(), name.to_string(), path.to_string())),
        _ => None,
    });
    Some(Alternative {
        link: link.to_string(),
        name: name.to_string(),
        path: path.to_string(),
        priority: priority.parse().ok()?,
        slaves: slaves.collect(),
    })
}

/// Text for one line of a report.
fn cut(text: &str) -> String {
    const LONGEST: usize = 160;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests;

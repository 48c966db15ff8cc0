//! Which shell reads a command, and what it was told.

use crate::knowledge::{BaseFacts, ShellFacts, ShellKind};

/// The family of a shell, as far as rules care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// `sh`, and nothing tells which: only POSIX can be relied on. Debian's is dash.
    Posix,
    /// `dash`, by name or because the base image's `sh` is it.
    Dash,
    /// BusyBox `ash`.
    Busybox,
    /// `bash`.
    Bash,
    /// `ksh`, `mksh`.
    Ksh,
    /// `zsh`.
    Zsh,
    /// `powershell`, `pwsh`: not parsed.
    PowerShell,
    /// `cmd`: not parsed.
    Cmd,
    /// Something else: not parsed.
    Other,
}

/// A shell as an instruction uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shell {
    /// What SHELL says; `None` when the image's own shell is used.
    pub words: Option<Vec<String>>,
    /// What language it reads.
    pub dialect: Dialect,
    /// `-e`
    pub exits_on_error: bool,
    /// `-o pipefail`
    pub pipefail: bool,
}

impl Dialect {
    /// The dialect of the shell `program` (a name or path).
    pub fn of_program(program: &str) -> Self {
        let name = program.rsplit(['/', '\\']).next().unwrap_or(program).to_ascii_lowercase();
        match name.strip_suffix(".exe").unwrap_or(&name) {
            "sh" => Self::Posix,
            "dash" => Self::Dash,
            "ash" | "busybox" => Self::Busybox,
            "bash" | "rbash" => Self::Bash,
            "ksh" | "mksh" | "ksh93" => Self::Ksh,
            "zsh" => Self::Zsh,
            "powershell" | "pwsh" => Self::PowerShell,
            "cmd" => Self::Cmd,
            _ => Self::Other,
        }
    }

    /// The dialect a `#!` line asks for; [`Dialect::Other`] for interpreters that are no shells.
    pub fn of_shebang(line: &str) -> Self {
        let mut words = line.trim_start_matches("#!").split_whitespace();
        let program = words.next().unwrap_or_default();
        match program.rsplit('/').next() {
            Some("env") => Self::of_program(words.find(|word| !word.starts_with('-')).unwrap_or_default()),
            _ => Self::of_program(program),
        }
    }

    /// True for shells whose language the shell parser reads.
    pub const fn is_parsed(self) -> bool {
        matches!(self, Self::Posix | Self::Dash | Self::Busybox | Self::Bash | Self::Ksh | Self::Zsh)
    }
}

impl Shell {
    /// The shell that SHELL sets, or the one of the base image.
    pub(super) fn new(words: Option<&Vec<String>>, base: Option<&BaseFacts>) -> Self {
        let own = base.and_then(|base| base.shell);
        let of_base = match own {
            Some(ShellFacts::Present(ShellKind::Dash)) => Dialect::Dash,
            Some(ShellFacts::Present(ShellKind::Bash)) => Dialect::Bash,
            Some(ShellFacts::Present(ShellKind::Busybox)) => Dialect::Busybox,
            Some(ShellFacts::Absent) | None => Dialect::Posix,
        };
        let Some(words) = words else {
            return Self { words: None, dialect: of_base, exits_on_error: false, pipefail: false };
        };
        let named = words.first().map_or(Dialect::Other, |program| Dialect::of_program(program));
        let dialect = if named == Dialect::Posix { of_base } else { named };
        let options = words.get(1..).unwrap_or_default();
        let short = |letter| options.iter().any(|word| is_short(word) && word.contains(letter));
        let pipefail = options.windows(2).any(|pair| {
            is_short(&pair[0]) && pair[0].ends_with('o') && pair[1].split(',').any(|name| name == "pipefail")
        });
        Self { words: Some(words.clone()), dialect, exits_on_error: short('e'), pipefail }
    }
}

fn is_short(word: &str) -> bool {
    word.starts_with('-') && !word.starts_with("--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_shells_by_program_shebang_and_base() {
        assert_eq!(Dialect::of_program("/usr/bin/bash"), Dialect::Bash);
        assert_eq!(Dialect::of_program(r"C:\Windows\System32\cmd.exe"), Dialect::Cmd);
        assert_eq!(Dialect::of_shebang("#!/usr/bin/env -S bash -e"), Dialect::Bash);
        assert_eq!(Dialect::of_shebang("#! /usr/bin/python3"), Dialect::Other);
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let shell = Shell::new(Some(&words("/bin/bash -exo pipefail -c")), None);
        assert!(shell.dialect == Dialect::Bash && shell.pipefail && shell.exits_on_error);
        let busybox =
            BaseFacts { shell: Some(ShellFacts::Present(ShellKind::Busybox)), ..BaseFacts::default() };
        assert_eq!(Shell::new(None, Some(&busybox)).dialect, Dialect::Busybox);
        assert_eq!(Shell::new(Some(&words("/bin/sh -c")), Some(&busybox)).dialect, Dialect::Busybox);
        assert!(!Shell::new(Some(&words("pwsh -Command")), None).dialect.is_parsed());
    }
}

//! Calls that install packages of the operating system, whichever program does it.

use crate::lint::context::{Argument, Call, Execution, Grammar, Options, grammar};

/// A program that installs packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lint::rules) enum Manager {
    /// `apt-get`
    AptGet,
    /// `apt`, `aptitude`: made for people, not for scripts.
    Apt,
    Apk,
    Yum,
    /// `dnf`, `microdnf`
    Dnf,
    Zypper,
}

/// A call that installs packages.
pub(in crate::lint::rules) struct Install<'c, 'a> {
    pub(in crate::lint::rules) manager: Manager,
    pub(in crate::lint::rules) call: &'c Call<'a>,
    pub(in crate::lint::rules) options: Options<'c, 'a>,
}

impl<'c, 'a> Install<'c, 'a> {
    /// What is installed: the words after the subcommand.
    pub(in crate::lint::rules) fn packages(&self) -> &[&'c Argument<'a>] {
        let rest = self.options.rest();
        if self.options.subcommand() == Some("module") { &rest[1..] } else { rest }
    }

    /// The byte behind the subcommand: where an option of it may be inserted.
    pub(in crate::lint::rules) fn behind_subcommand(&self) -> Option<usize> {
        behind(self.options.operands.first()?)
    }
}

impl Manager {
    /// The manager that a call is of.
    pub(in crate::lint::rules) fn of(call: &Call<'_>) -> Option<Self> {
        Some(match call.name.as_str() {
            "apt-get" => Self::AptGet,
            "apt" | "aptitude" => Self::Apt,
            "apk" => Self::Apk,
            "yum" => Self::Yum,
            "dnf" | "microdnf" | "dnf5" => Self::Dnf,
            "zypper" => Self::Zypper,
            _ => return None,
        })
    }

    /// How it reads its options.
    pub(in crate::lint::rules) const fn grammar(self) -> &'static Grammar {
        match self {
            Self::AptGet | Self::Apt => &grammar::APT,
            Self::Apk => &grammar::APK,
            Self::Yum | Self::Dnf => &grammar::DNF,
            Self::Zypper => &grammar::ZYPPER,
        }
    }

    const fn installs(self) -> &'static [&'static str] {
        match self {
            Self::AptGet | Self::Apt => &["install"],
            Self::Apk => &["add"],
            Self::Yum | Self::Dnf => &["install", "in"],
            Self::Zypper => &["install", "in"],
        }
    }
}

/// The calls of `run` that install packages.
pub(in crate::lint::rules) fn installs<'c, 'a>(
    run: &'c Execution<'a>,
) -> impl Iterator<Item = Install<'c, 'a>> {
    run.calls.iter().filter_map(of_call)
}

/// `call` as one that installs packages.
pub(in crate::lint::rules) fn of_call<'c, 'a>(call: &'c Call<'a>) -> Option<Install<'c, 'a>> {
    let manager = Manager::of(call)?;
    let options = call.options(manager.grammar());
    let installs = options.subcommand().is_some_and(|name| manager.installs().contains(&name));
    // `dnf module install nodejs:20`
    let of_module = matches!(manager, Manager::Yum | Manager::Dnf)
        && options.subcommand() == Some("module")
        && options.rest().first().is_some_and(|word| word.is("install"));
    (installs || of_module).then_some(Install { manager, call, options })
}

/// The byte behind a word that is written as it is read, outside of variables.
pub(in crate::lint::rules) fn behind(argument: &Argument<'_>) -> Option<usize> {
    argument.word.is_some_and(|word| word.is_bare()).then_some(argument.span.end)
}

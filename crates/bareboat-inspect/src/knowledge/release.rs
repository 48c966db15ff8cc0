//! Distributions and their releases: C library, package manager, shell, end of life.
//!
//! glibc levels: the releases' own libc6 packages. End of life: end of the distribution's own (not paid) support,
//! for Debian that of the long-term team. Taken 2026-11-23.

use super::{
    BaseFacts, Date, Distribution, Interpreter, Libc, LibcFamily, PackageManager, ShellFacts, ShellKind,
    Tools,
};

/// A release with a codename.
struct Release {
    id: &'static str,
    codename: &'static str,
    version: &'static str,
    glibc: (u16, u16),
    end_of_life: Option<Date>,
}

const fn debian(
    codename: &'static str,
    version: &'static str,
    glibc: (u16, u16),
    end_of_life: Option<Date>,
) -> Release {
    Release { id: "debian", codename, version, glibc, end_of_life }
}

const fn ubuntu(
    codename: &'static str,
    version: &'static str,
    glibc: (u16, u16),
    end_of_life: Option<Date>,
) -> Release {
    Release { id: "ubuntu", codename, version, glibc, end_of_life }
}

const RELEASES: &[Release] = &[
    debian("stretch", "9", (2, 24), Some(Date::new(2022, 7, 1))),
    debian("buster", "10", (2, 28), Some(Date::new(2024, 7, 1))),
    debian("bullseye", "11", (2, 31), Some(Date::new(2026, 9, 1))),
    debian("bookworm", "12", (2, 36), Some(Date::new(2028, 7, 1))),
    debian("trixie", "13", (2, 41), None),
    ubuntu("focal", "20.04", (2, 31), Some(Date::new(2025, 6, 1))),
    ubuntu("jammy", "22.04", (2, 35), None),
    ubuntu("noble", "24.04", (2, 39), None),
    ubuntu("resolute", "26.04", (2, 43), None),
];

/// The day a language's version stops getting fixes. Python: the release cycle in the developer's guide; Node: the
/// schedule of the release team. Taken 2026-11-23.
pub(super) fn language_end(interpreter: &Interpreter) -> Option<Date> {
    let (major, minor) = interpreter.version?;
    let ends = match interpreter.kind.as_str() {
        "python" if major == 3 => PYTHON.iter().find(|(found, _)| Some(*found) == minor),
        "node" => NODE.iter().find(|(found, _)| *found == major),
        _ => None,
    };
    ends.map(|(_, date)| *date)
}

const PYTHON: &[(u16, Date)] = &[
    (6, Date::new(2021, 12, 23)),
    (7, Date::new(2023, 6, 27)),
    (8, Date::new(2024, 10, 7)),
    (9, Date::new(2025, 10, 31)),
    (10, Date::new(2026, 10, 31)),
    (11, Date::new(2027, 10, 31)),
    (12, Date::new(2028, 10, 31)),
    (13, Date::new(2029, 10, 31)),
];
const NODE: &[(u16, Date)] = &[
    (14, Date::new(2023, 4, 30)),
    (16, Date::new(2023, 9, 11)),
    (18, Date::new(2025, 4, 30)),
    (20, Date::new(2026, 4, 30)),
    (22, Date::new(2027, 4, 30)),
    (24, Date::new(2028, 4, 30)),
];
/// End of support of the main repository (alpinelinux.org/releases).
const ALPINE: &[(u16, Date)] = &[
    (16, Date::new(2024, 5, 23)),
    (17, Date::new(2024, 11, 22)),
    (18, Date::new(2025, 5, 9)),
    (19, Date::new(2025, 11, 1)),
    (20, Date::new(2026, 4, 1)),
    (21, Date::new(2026, 11, 1)),
    (22, Date::new(2027, 5, 1)),
    (23, Date::new(2027, 11, 1)),
];

/// What every image of a release has; the release as the official images name it: `trixie`, `alpine3.22`.
pub(super) fn facts(name: &str) -> Option<BaseFacts> {
    if let Some(version) = name.strip_prefix("alpine") {
        return alpine(version);
    }
    let release = RELEASES.iter().find(|release| release.codename == name)?;
    Some(BaseFacts {
        libc: Some(Libc { family: LibcFamily::Glibc, version: Some(release.glibc) }),
        distribution: Some(Distribution {
            id: release.id.to_owned(),
            version: Some(release.version.to_owned()),
            codename: Some(release.codename.to_owned()),
        }),
        shell: Some(ShellFacts::Present(ShellKind::Dash)),
        package_manager: Some(PackageManager::Apt),
        tools: tools(&["apt-get", "dpkg", "ls", "cat", "sh", "bash", "useradd", "groupadd"], &["apk", "dnf"]),
        end_of_life: release.end_of_life,
        ..BaseFacts::default()
    })
}

/// The codename that a tag part names: `bookworm`, `alpine3.22`; also Debian's and Ubuntu's numbers.
pub(super) fn named(part: &str) -> Option<String> {
    let known = RELEASES.iter().any(|release| release.codename == part);
    let alpine = part.strip_prefix("alpine").is_some_and(is_version);
    (known || alpine).then(|| part.to_owned())
}

/// When support of a release ended or will end, by `ID` and `VERSION_ID` of its `/etc/os-release`.
pub(super) fn end_of_life(id: &str, version: &str) -> Option<Date> {
    if id == "alpine" {
        return alpine(version)?.end_of_life;
    }
    RELEASES.iter().find(|release| release.id == id && release.version == version)?.end_of_life
}

/// The codename of the Debian release with this number.
pub(super) fn debian_codename(version: &str) -> Option<&'static str> {
    let found = RELEASES.iter().find(|release| release.id == "debian" && release.version == version);
    found.map(|release| release.codename)
}

/// Alpine has musl 1.2 since 3.13.
pub(super) fn alpine(version: &str) -> Option<BaseFacts> {
    let (major, minor) = version.split_once('.')?;
    let minor: u16 = minor.split('.').next()?.parse().ok()?;
    let modern = major == "3" && minor >= 13;
    Some(BaseFacts {
        libc: Some(Libc { family: LibcFamily::Musl, version: modern.then_some((1, 2)) }),
        distribution: Some(Distribution {
            id: "alpine".to_owned(),
            version: Some(format!("{major}.{minor}")),
            codename: None,
        }),
        shell: Some(ShellFacts::Present(ShellKind::Busybox)),
        package_manager: Some(PackageManager::Apk),
        end_of_life: ALPINE.iter().find(|(found, _)| major == "3" && *found == minor).map(|(_, date)| *date),
        tools: tools(&["apk", "ls", "cat", "sh", "wget", "adduser", "addgroup"], &["apt-get", "dnf"]),
        ..BaseFacts::default()
    })
}

fn is_version(text: &str) -> bool {
    text.contains('.') && text.chars().all(|char| char.is_ascii_digit() || char == '.')
}

fn tools(present: &[&str], absent: &[&str]) -> Tools {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Tools { present: set(present), absent: set(absent), complete: false }
}

//! Images of other registries: Chainguard, Docker's hardened images, Red Hat's UBI.
//!
//! Sources: Chainguard's image directory and locks and Docker's hardened image catalogue, read 2026-08-22; Red Hat's
//! product documentation (UBI 8 has glibc 2.28, 9 has 2.34, 10 has 2.39). What moves without its tag changing (Wolfi's
//! glibc, Chainguard's Python) is left open.

use std::collections::{BTreeMap, BTreeSet};

use super::official::interpreter;
use super::{
    BaseFacts, Date, Distribution, Libc, LibcFamily, PackageManager, ShellFacts, ShellKind, Tools, release,
};
use crate::lint::context::ImageName;

/// The day Chainguard's and Docker's sources were read.
const AS_OF: Date = Date::new(2026, 8, 22);
const NO_TOOLS: &[&str] = &["sh", "bash", "apk", "apt-get", "dnf", "curl", "wget", "pip", "npm"];

pub(super) fn lookup(name: &ImageName) -> Option<BaseFacts> {
    match name.registry.as_deref()? {
        "cgr.dev" => chainguard(name),
        "dhi.io" => hardened(name),
        "registry.access.redhat.com" | "registry.redhat.io" => ubi(name),
        _ => None,
    }
}

/// `cgr.dev/chainguard/python:latest[-dev]`: Wolfi, which has no releases.
fn chainguard(name: &ImageName) -> Option<BaseFacts> {
    let image = name.repository.strip_prefix("chainguard/").filter(|image| !image.contains('/'))?;
    let tag = name.tag.as_deref().unwrap_or("latest");
    let dev = tag.ends_with("-dev");
    let family = if image == "static" { LibcFamily::None } else { LibcFamily::Glibc };
    let mut facts = BaseFacts {
        family: Some(format!("chainguard/{image}")),
        libc: Some(Libc { family, version: None }),
        distribution: Some(Distribution { id: "wolfi".to_owned(), version: None, codename: None }),
        user: Some("65532".to_owned()),
        users: Some(numbers(&[("root", 0), ("nonroot", 65532)])),
        release_floats: Some(true),
        as_of: Some(AS_OF),
        ..BaseFacts::default()
    };
    // Only these were looked at.
    match image {
        "python" => {
            facts.entrypoint = Some(vec!["/usr/bin/python".to_owned()]);
            facts.command = Some(Vec::new());
            facts.interpreter = interpreter("python", "");
        }
        "static" | "node" | "go" | "glibc-dynamic" => {}
        _ => return None,
    }
    Some(with_tools(facts, dev, PackageManager::Apk))
}

/// `dhi.io/python:3.13[-dev][-alpine3.22]`; without a distribution it is Debian 13.
fn hardened(name: &ImageName) -> Option<BaseFacts> {
    let kind = match name.repository.as_str() {
        "python" => "python",
        "node" => "node",
        _ => return None,
    };
    let tag = name.tag.as_deref()?;
    let named = tag.split('-').find_map(|part| {
        release::named(part)
            .or_else(|| part.strip_prefix("debian").and_then(release::debian_codename).map(str::to_owned))
    });
    let mut facts = release::facts(named.as_deref().unwrap_or("trixie"))?;
    facts.family = Some(format!("dhi/{kind}"));
    facts.release_floats = Some(named.is_none());
    facts.user = Some("65532".to_owned());
    facts.interpreter = interpreter(kind, tag).map(|found| super::Interpreter {
        // Where it is differs from variant to variant.
        path: None,
        package_paths: None,
        ..found
    });
    if kind == "python" {
        facts.entrypoint = Some(Vec::new());
        facts.command = Some(vec!["python3".to_owned()]);
    }
    facts.as_of = Some(AS_OF);
    let dev = tag.split('-').any(|part| part == "dev");
    let manager = facts.package_manager.unwrap_or(PackageManager::None);
    Some(with_tools(facts, dev, manager))
}

/// Without `-dev` there is neither shell nor package manager.
fn with_tools(mut facts: BaseFacts, dev: bool, manager: PackageManager) -> BaseFacts {
    if dev {
        facts.shell = facts.shell.or(Some(ShellFacts::Present(ShellKind::Busybox)));
        facts.package_manager = Some(manager);
        return facts;
    }
    facts.shell = Some(ShellFacts::Absent);
    facts.package_manager = Some(PackageManager::None);
    let absent: BTreeSet<String> = NO_TOOLS.iter().map(|name| (*name).to_owned()).collect();
    facts.tools = Tools { absent, ..Tools::default() };
    facts
}

/// `ubi9/ubi-minimal`, `ubi9-minimal`, `ubi9/python-311`.
fn ubi(name: &ImageName) -> Option<BaseFacts> {
    let rest = name.repository.strip_prefix("ubi")?;
    let digits = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
    let (number, variant) = rest.split_at(digits);
    let glibc = match number {
        "8" => (2, 28),
        "9" => (2, 34),
        "10" => (2, 39),
        _ => return None,
    };
    let variant = variant.trim_start_matches(['/', '-']);
    let variant = variant.strip_prefix("ubi-").unwrap_or(variant);
    let (manager, user) = match variant {
        "" | "ubi" | "init" => (PackageManager::Dnf, Some("")),
        "minimal" => (PackageManager::Microdnf, Some("")),
        "micro" => (PackageManager::None, Some("")),
        _ if variant.starts_with("python-3") || variant.starts_with("nodejs-") => {
            (PackageManager::Dnf, Some("1001"))
        }
        _ => return None,
    };
    Some(BaseFacts {
        family: Some(format!("ubi/{}", if variant.is_empty() { "ubi" } else { variant })),
        libc: Some(Libc { family: LibcFamily::Glibc, version: Some(glibc) }),
        distribution: Some(Distribution {
            id: "rhel".to_owned(),
            version: Some(number.to_owned()),
            codename: None,
        }),
        shell: Some(ShellFacts::Present(ShellKind::Bash)),
        package_manager: Some(manager),
        user: user.map(str::to_owned),
        release_floats: Some(false),
        ..BaseFacts::default()
    })
}

fn numbers(names: &[(&str, u32)]) -> BTreeMap<String, u32> {
    names.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(reference: &str) -> Option<BaseFacts> {
        lookup(&ImageName::new(reference))
    }

    #[test]
    fn images_for_running_have_no_shell() {
        let python = facts("cgr.dev/chainguard/python:latest").unwrap();
        assert_eq!(python.shell, Some(ShellFacts::Absent));
        assert_eq!(python.interpreter.unwrap().version, None);
        let dev = facts("dhi.io/python:3.13-dev").unwrap();
        assert_eq!(dev.shell, Some(ShellFacts::Present(ShellKind::Dash)));
        let musl = facts("dhi.io/python:3.13-alpine3.22").unwrap();
        assert_eq!((musl.libc.unwrap().family, musl.shell), (LibcFamily::Musl, Some(ShellFacts::Absent)));
        assert_eq!(facts("dhi.io/nosuch:1"), None);
    }

    #[test]
    fn ubi_is_known_by_its_names() {
        for name in ["ubi9/ubi-minimal", "ubi9-minimal"] {
            let found = facts(&format!("registry.access.redhat.com/{name}:9.4")).unwrap();
            assert_eq!(found.package_manager, Some(PackageManager::Microdnf), "{name}");
            assert_eq!(found.libc.unwrap().version, Some((2, 34)));
        }
        let python = facts("registry.access.redhat.com/ubi9/python-311").unwrap();
        assert_eq!(python.user.as_deref(), Some("1001"));
        assert_eq!(facts("registry.access.redhat.com/ubi7/ubi"), None);
    }
}

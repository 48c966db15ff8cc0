//! Google's distroless images.
//!
//! Source: the project's build files and their history up to 2026-08-21. Image, Debian release and end are read
//! there; suffix-less names moved from debian12 to debian13 on 2026-01-30.

use std::collections::BTreeMap;

use super::{BaseFacts, Date, Interpreter, Libc, LibcFamily, PackageManager, ShellFacts, Tools, release};
use crate::lint::context::ImageName;

const DEFAULT_MOVED: Date = Date::new(2026, 1, 30);
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The day the build files were read.
const AS_OF: Date = Date::new(2026, 8, 21);

pub(super) fn lookup(name: &ImageName, today: Option<Date>) -> Option<BaseFacts> {
    let image = name.repository.strip_prefix("distroless/")?;
    let tag = name.tag.as_deref().unwrap_or("latest");
    let (line, number) = match image.rsplit_once("-debian") {
        Some((line, number)) => (line, number),
        // Nobody knows of which day the digest is.
        None if name.digest.is_some() => return None,
        None if today.unwrap_or(AS_OF) < DEFAULT_MOVED => (image, "12"),
        None => (image, "13"),
    };
    let codename = release::debian_codename(number)?;
    let kind = kind(line, number)?;
    let (variant, debug) = match tag {
        "latest" => ("", false),
        "nonroot" => ("65532", false),
        "debug" => ("", true),
        "debug-nonroot" => ("65532", true),
        _ => return None,
    };
    let mut facts = release::facts(codename)?;
    if kind.libc == LibcFamily::None {
        facts.libc = Some(Libc { family: LibcFamily::None, version: None });
    }
    facts.family = Some(format!("distroless/{line}"));
    facts.shell = Some(ShellFacts::Absent);
    facts.package_manager = Some(PackageManager::None);
    let program = kind.interpreter.as_ref().and_then(|found| found.path.as_deref());
    // node is not on the PATH.
    let present = program.filter(|path| path.starts_with("/usr/bin/")).map(|path| {
        let mut names = vec![path.rsplit('/').next().unwrap_or(path).to_owned()];
        if line == "python3" {
            names.extend(["python".to_owned(), "python3".to_owned()]);
        }
        names
    });
    // Debug images have BusyBox at /busybox, but still no /bin/sh.
    facts.tools = Tools {
        present: present.unwrap_or_default().into_iter().collect(),
        complete: !debug,
        ..Tools::default()
    };
    facts.entrypoint = Some(if debug { vec!["/busybox/sh".to_owned()] } else { kind.entrypoint });
    facts.interpreter = kind.interpreter;
    facts.command = Some(Vec::new());
    let numbers = |names: &[(&str, u32)]| {
        names.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect::<BTreeMap<_, _>>()
    };
    facts.users = Some(numbers(&[("root", 0), ("nobody", 65534), ("nonroot", 65532)]));
    facts.groups =
        Some(numbers(&[("root", 0), ("nobody", 65534), ("tty", 5), ("staff", 50), ("nonroot", 65532)]));
    facts.user = Some(variant.to_owned());
    facts.workdir = Some(if variant.is_empty() { "/" } else { "/home/nonroot" }.to_owned());
    facts.environment = environment(line, debug);
    facts.release_floats = Some(!image.contains("-debian"));
    facts.unmaintained_since = kind.unmaintained_since;
    facts.successor = kind.successor.map(|line| format!("gcr.io/distroless/{line}{}", suffix(name)));
    facts.as_of = Some(AS_OF);
    Some(facts)
}

/// `:nonroot` as the file has it.
fn suffix(name: &ImageName) -> String {
    name.tag.as_deref().map(|tag| format!(":{tag}")).unwrap_or_default()
}

/// Java images have more, which nobody wrote down here.
fn environment(line: &str, debug: bool) -> Option<BTreeMap<String, String>> {
    if line.starts_with("java") {
        return None;
    }
    let path = if debug { format!("{PATH}:/busybox") } else { PATH.to_owned() };
    let mut environment = BTreeMap::from([
        ("PATH".to_owned(), path),
        ("SSL_CERT_FILE".to_owned(), "/etc/ssl/certs/ca-certificates.crt".to_owned()),
    ]);
    if line == "python3" {
        environment.insert("LANG".to_owned(), "C.UTF-8".to_owned());
    }
    Some(environment)
}

struct Kind {
    libc: LibcFamily,
    entrypoint: Vec<String>,
    interpreter: Option<Interpreter>,
    unmaintained_since: Option<Date>,
    successor: Option<String>,
}

fn kind(line: &str, number: &str) -> Option<Kind> {
    let old = (number == "11").then_some(Date::new(2024, 9, 3));
    let plain = |libc| Kind {
        libc,
        entrypoint: Vec::new(),
        interpreter: None,
        unmaintained_since: old,
        successor: old.map(|_| format!("{line}-debian13")),
    };
    let language = |program: &str, arguments: &[&str], interpreter: Interpreter, end: Date| {
        let words = [program].into_iter().chain(arguments.iter().copied());
        let ended = old.or((number == "12").then_some(end));
        Kind {
            libc: LibcFamily::Glibc,
            entrypoint: words.map(str::to_owned).collect(),
            unmaintained_since: ended,
            successor: ended.map(|_| format!("{line}-debian13")),
            interpreter: Some(interpreter),
        }
    };
    if !matches!(number, "11" | "12" | "13") {
        return None;
    }
    if line == "python3" {
        let minor = match number {
            "11" => 9,
            "12" => 11,
            _ => 13,
        };
        let program = format!("/usr/bin/python3.{minor}");
        let interpreter = python(minor, &program);
        return Some(language(&program, &[], interpreter, Date::new(2026, 5, 11)));
    }
    if let Some(major) = line.strip_prefix("nodejs").and_then(|major| major.parse().ok()) {
        let path = "/nodejs/bin/node";
        let interpreter = Interpreter {
            kind: "node".to_owned(),
            version: Some((major, None)),
            path: Some(path.to_owned()),
            package_paths: None,
        };
        return Some(language(path, &[], interpreter, Date::new(2026, 2, 27)));
    }
    if let Some(major) = line.strip_prefix("java").and_then(|major| major.parse().ok()) {
        let path = "/usr/bin/java";
        let interpreter = Interpreter {
            kind: "java".to_owned(),
            version: Some((major, None)),
            path: Some(path.to_owned()),
            package_paths: None,
        };
        return Some(language(path, &["-jar"], interpreter, Date::new(2026, 2, 27)));
    }
    match line {
        "static" => Some(plain(LibcFamily::None)),
        "base" | "base-nossl" | "cc" => Some(plain(LibcFamily::Glibc)),
        _ => None,
    }
}

/// Debian's Python: `dist-packages`, and no `site-packages` outside of a virtual environment.
pub(super) fn python(minor: u16, program: &str) -> Interpreter {
    let library = format!("/usr/lib/python3.{minor}");
    Interpreter {
        kind: "python".to_owned(),
        version: Some((3, Some(minor))),
        path: Some(program.to_owned()),
        package_paths: Some(vec![
            library.clone(),
            format!("{library}/lib-dynload"),
            format!("/usr/local/lib/python3.{minor}/dist-packages"),
            "/usr/lib/python3/dist-packages".to_owned(),
        ]),
    }
}

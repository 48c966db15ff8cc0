//! What a base image brings, read from the image itself instead of from the tables.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_image::TreePath;

use super::{
    BaseFacts, Distribution, Interpreter, Libc, LibcFamily, PackageManager, ShellFacts, ShellKind, Tools,
    distroless, official,
};
use crate::facts::Facts;

impl BaseFacts {
    /// The facts of an image that somebody has. What only tables tell (until when it is maintained, what to take
    /// instead, which line of images it belongs to) comes from `known`.
    pub fn of_image(facts: &Facts, known: Option<Self>) -> Self {
        let known = known.unwrap_or_default();
        let distribution = distribution(facts);
        let end_of_life = distribution
            .as_ref()
            .and_then(|found| super::end_of_life(&found.id, found.version.as_deref()?))
            .or(known.end_of_life);
        let config =
            |value: Option<&Vec<String>>| facts.has_config.then(|| value.cloned().unwrap_or_default());
        let tools = programs(facts);
        Self {
            libc: libc(facts),
            interpreter: interpreter(facts).or(known.interpreter),
            shell: shell(facts),
            package_manager: Some(package_manager(&tools)),
            users: Some(facts.accounts.users().iter().map(|user| (user.name.clone(), user.uid)).collect()),
            groups: Some(
                facts.accounts.groups().iter().map(|group| (group.name.clone(), group.gid)).collect(),
            ),
            user: facts.has_config.then(|| facts.config.user.clone()),
            entrypoint: config(facts.config.entrypoint.as_ref()),
            command: config(facts.config.cmd.as_ref()),
            environment: facts.has_config.then(|| environment(&facts.config.env)),
            workdir: facts.has_config.then(|| workdir(&facts.config.working_dir)),
            tools: Tools { present: tools, absent: BTreeSet::new(), complete: true },
            distribution,
            end_of_life,
            ..known
        }
    }
}

fn libc(facts: &Facts) -> Option<Libc> {
    match (&facts.libcs.glibc, &facts.libcs.musl) {
        (Some((_, version)), None) => Some(Libc { family: LibcFamily::Glibc, version: *version }),
        (None, Some(_)) => Some(Libc { family: LibcFamily::Musl, version: None }),
        (None, None) => Some(Libc { family: LibcFamily::None, version: None }),
        // Programs of both load; which one a program needs is not a question about the image.
        (Some(_), Some(_)) => None,
    }
}

fn distribution(facts: &Facts) -> Option<Distribution> {
    let field = |name: &str| facts.distribution.get(name).filter(|value| !value.is_empty()).cloned();
    Some(Distribution { id: field("ID")?, version: field("VERSION_ID"), codename: field("VERSION_CODENAME") })
}

/// The only CPython with a program; several are no answer.
fn interpreter(facts: &Facts) -> Option<Interpreter> {
    let mut programs =
        facts.interpreters.iter().filter_map(|found| Some((found.minor, found.program.as_ref()?)));
    let (Some((minor, program)), None) = (programs.next(), programs.next()) else { return None };
    let minor = u16::try_from(minor).ok()?;
    let path = program.to_string();
    if path.starts_with("/usr/local/") {
        return official::interpreter("python", &format!("3.{minor}"));
    }
    Some(distroless::python(minor, &path))
}

fn shell(facts: &Facts) -> Option<ShellFacts> {
    let Some(program) = facts.at("/bin/sh") else { return Some(ShellFacts::Absent) };
    let kind = match program.file_name() {
        b"dash" => ShellKind::Dash,
        b"bash" => ShellKind::Bash,
        b"busybox" => ShellKind::Busybox,
        _ => return None,
    };
    Some(ShellFacts::Present(kind))
}

fn package_manager(tools: &BTreeSet<String>) -> PackageManager {
    const KNOWN: [(&str, PackageManager); 7] = [
        ("apt-get", PackageManager::Apt),
        ("apk", PackageManager::Apk),
        ("dnf", PackageManager::Dnf),
        ("microdnf", PackageManager::Microdnf),
        ("yum", PackageManager::Yum),
        ("zypper", PackageManager::Zypper),
        ("pacman", PackageManager::Pacman),
    ];
    let found = KNOWN.iter().find(|(name, _)| tools.contains(*name));
    found.map_or(PackageManager::None, |(_, manager)| *manager)
}

/// Names in the directories of the image's PATH that lead to a file.
fn programs(facts: &Facts) -> BTreeSet<String> {
    let absolute = facts.search_path().into_iter().filter(|part| part.starts_with('/'));
    let directories: BTreeSet<TreePath> = absolute.filter_map(|part| facts.at(part)).collect();
    let leads_to_file = |path: &TreePath| facts.real(path).is_some_and(|real| facts.file(&real).is_some());
    directories
        .iter()
        .flat_map(|directory| {
            facts.tree().below(directory).filter(move |(path, _)| path.parent().as_ref() == Some(directory))
        })
        .filter(|(path, _)| leads_to_file(path))
        .map(|(path, _)| String::from_utf8_lossy(path.file_name()).into_owned())
        .collect()
}

fn environment(lines: &[String]) -> BTreeMap<String, String> {
    let pair = |line: &String| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    lines.iter().filter_map(pair).collect()
}

fn workdir(configured: &str) -> String {
    if configured.is_empty() { "/".to_owned() } else { configured.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::fixture;
    use crate::knowledge::Date;

    const DEBIAN: &str = r#"
        user app
        workdir /srv
        env PATH=/usr/bin:/bin
        env LANG=C.UTF-8
        cmd ["sh"]
        link /bin usr/bin
        link /lib64 usr/lib64
        link /usr/bin/sh dash
        elf /usr/bin/dash 0755 needs=libc.so.6
        elf /usr/bin/python3.13 0755 needs=libc.so.6
        link /usr/bin/python3 python3.13
        file /usr/bin/apt-get 0755 "x"
        elf /usr/lib/x86_64-linux-gnu/libc.so.6 0755 soname=libc.so.6 defines=GLIBC_2.41
        file /etc/os-release 0644 "ID=debian\nVERSION_ID=\"13\"\nVERSION_CODENAME=trixie\n"
        file /etc/passwd 0644 "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n"
        file /etc/group 0644 "root:x:0:\n"
    "#;

    #[test]
    fn an_image_tells_what_the_tables_do_not() {
        let facts = BaseFacts::of_image(&fixture::facts(DEBIAN), None);
        assert_eq!(facts.libc, Some(Libc { family: LibcFamily::Glibc, version: Some((2, 41)) }));
        assert_eq!(facts.distribution.as_ref().unwrap().codename.as_deref(), Some("trixie"));
        assert_eq!(facts.end_of_life, crate::knowledge::end_of_life("debian", "13"));
        let python = facts.interpreter.unwrap();
        assert_eq!(
            (python.version, python.path.as_deref()),
            (Some((3, Some(13))), Some("/usr/bin/python3.13"))
        );
        assert!(python.package_paths.unwrap().contains(&"/usr/lib/python3/dist-packages".to_owned()));
        assert_eq!(facts.shell, Some(ShellFacts::Present(ShellKind::Dash)));
        assert_eq!(facts.package_manager, Some(PackageManager::Apt));
        let tools: Vec<&String> = facts.tools.present.iter().collect();
        assert_eq!(tools, ["apt-get", "dash", "python3", "python3.13", "sh"]);
        assert_eq!(facts.tools.has("bash"), Some(false));
        assert_eq!(facts.users.unwrap().get("app"), Some(&1000));
        assert_eq!((facts.user.as_deref(), facts.workdir.as_deref()), (Some("app"), Some("/srv")));
        assert_eq!(facts.environment.unwrap()["LANG"], "C.UTF-8");
        assert_eq!((facts.command, facts.entrypoint), (Some(vec!["sh".to_owned()]), Some(Vec::new())));
    }

    #[test]
    fn what_only_tables_tell_stays() {
        let known = BaseFacts {
            family: Some("python".to_owned()),
            release_floats: Some(true),
            unmaintained_since: Some(Date::new(2026, 1, 1)),
            shell: Some(ShellFacts::Present(ShellKind::Bash)),
            ..BaseFacts::default()
        };
        let facts = BaseFacts::of_image(&fixture::facts("file /app 0755 \"x\""), Some(known));
        assert_eq!(facts.family.as_deref(), Some("python"));
        assert_eq!(facts.release_floats, Some(true));
        assert_eq!(facts.unmaintained_since, Some(Date::new(2026, 1, 1)));
        // The image has the last word about itself.
        assert_eq!(facts.shell, Some(ShellFacts::Absent));
        assert_eq!(facts.libc, Some(Libc { family: LibcFamily::None, version: None }));
        assert_eq!(facts.users, Some(BTreeMap::new()));
    }
}

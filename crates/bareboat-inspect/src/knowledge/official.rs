//! Docker's official images: languages, Debian, Ubuntu, Alpine.
//!
//! Which release a tag stands on: its own words, else `data/official-images.txt`. Interpreter paths: the images'
//! Dockerfiles (python and ruby build below /usr/local; node unpacks there).

use super::{
    BaseFacts, Date, Distribution, Interpreter, Libc, LibcFamily, PackageManager, ShellFacts, ShellKind,
    release,
};
use crate::lint::context::ImageName;

/// What stands in front of Java's version in the tags of maven and gradle.
const JDKS: &[&str] = &["temurin-", "corretto-", "openjdk-", "ibmjava-", "jdk"];
/// Images of which the table has some tags or none: what the others say is in the tags themselves.
const UNLISTED: &[&str] = &["amazoncorretto", "openjdk", "maven", "gradle", "php"];
/// The first line is the day it was made; then `image:tag LAST SINCEdistribution …`, sorted, days as YYMMDD.
const TABLE: &str = include_str!("../../data/official-images.txt");

pub(super) fn lookup(name: &ImageName, today: Option<Date>) -> Option<BaseFacts> {
    let image = name.repository.strip_prefix("library/").unwrap_or(&name.repository);
    if image.contains('/') {
        return None;
    }
    if let Some(facts) = without_table(image, name.tag.as_deref()) {
        return Some(facts);
    }
    let tag = name.tag.as_deref().unwrap_or("latest");
    if image == "alpine" {
        let mut facts = release::alpine(tag)?;
        facts.family = Some(image.to_owned());
        facts.release_floats = Some(false);
        return Some(configured(facts, &[], &["/bin/sh"]));
    }
    let kind = KINDS.iter().find(|kind| kind.image == image)?;
    let (distribution, as_of) = match tag.split('-').find_map(release::named) {
        Some(named) => (named, None),
        // `13-slim` is a release whatever the digest is.
        None if name.digest.is_some() && debian_number(kind, tag).is_some() => {
            (debian_number(kind, tag)?.to_owned(), None)
        }
        None if name.digest.is_some() => return Some(by_tag(kind, tag)),
        None => match table_entry(&format!("{image}:{tag}"), today) {
            Some(found) => found,
            // Their language is in the tag all the same.
            None if UNLISTED.contains(&image) => {
                return Some(BaseFacts { release_floats: None, ..by_tag(kind, tag) });
            }
            None => return None,
        },
    };
    let Some(mut facts) = release::facts(&distribution) else {
        return UNLISTED.contains(&image).then(|| BaseFacts { release_floats: None, ..by_tag(kind, tag) });
    };
    facts.family = Some(image.to_owned());
    // Debian's own tags are its releases: only names like `latest` move.
    let is_system = kind.language.is_none();
    let is_number = tag.starts_with(|char: char| char.is_ascii_digit());
    facts.release_floats = Some(as_of.is_some() && !(is_system && is_number));
    facts.as_of = as_of;
    facts.interpreter = language(kind, tag);
    let language_ends = facts.interpreter.as_ref().and_then(release::language_end);
    facts.end_of_life = [facts.end_of_life, language_ends].into_iter().flatten().min();
    Some(match image {
        "python" => configured(facts, &[], &["python3"]),
        "node" => configured(facts, &["docker-entrypoint.sh"], &["node"]),
        "debian" | "ubuntu" => configured(facts, &[], &["bash"]),
        "php" => configured(facts, &["docker-php-entrypoint"], php_command(tag)),
        _ => facts,
    })
}

/// Images whose tags say all that is known about them. Of the amazonlinux images: AWS's own release notes and
/// support dates.
fn without_table(image: &str, tag: Option<&str>) -> Option<BaseFacts> {
    let tag = tag.unwrap_or("latest");
    let mut facts = match image {
        "busybox" => {
            let libc = tag.split('-').find_map(|part| match part {
                "musl" => Some(LibcFamily::Musl),
                "glibc" => Some(LibcFamily::Glibc),
                _ => None,
            });
            let facts = BaseFacts {
                libc: libc.map(|family| Libc { family, version: None }),
                shell: Some(ShellFacts::Present(ShellKind::Busybox)),
                package_manager: Some(PackageManager::None),
                ..BaseFacts::default()
            };
            configured(facts, &[], &["sh"])
        }
        "amazonlinux" => configured(amazon(tag.split('.').next()?)?, &[], &["/bin/bash"]),
        "amazoncorretto" => {
            let facts = tag.split('-').find_map(|part| amazon(part.strip_prefix("al")?))?;
            BaseFacts { interpreter: interpreter("java", tag), ..facts }
        }
        _ => return None,
    };
    facts.family = Some(image.to_owned());
    facts.release_floats = Some(false);
    Some(facts)
}

/// Amazon Linux by its number.
fn amazon(number: &str) -> Option<BaseFacts> {
    let (glibc, manager, end) = match number {
        "2" => ((2, 26), PackageManager::Yum, Date::new(2026, 6, 30)),
        "2023" => ((2, 34), PackageManager::Dnf, Date::new(2029, 6, 30)),
        _ => return None,
    };
    Some(BaseFacts {
        libc: Some(Libc { family: LibcFamily::Glibc, version: Some(glibc) }),
        distribution: Some(Distribution {
            id: "amzn".to_owned(),
            version: Some(number.to_owned()),
            codename: None,
        }),
        shell: Some(ShellFacts::Present(ShellKind::Bash)),
        package_manager: Some(manager),
        end_of_life: Some(end),
        ..BaseFacts::default()
    })
}

fn php_command(tag: &str) -> &'static [&'static str] {
    match tag.split('-').find(|part| matches!(*part, "apache" | "fpm")) {
        Some("apache") => &["apache2-foreground"],
        Some(_) => &["php-fpm"],
        None => &["php", "-a"],
    }
}

fn language(kind: &Image, tag: &str) -> Option<Interpreter> {
    // The number in front is maven's and gradle's own.
    let own = !matches!(kind.image, "maven" | "gradle") || JDKS.iter().any(|word| tag.contains(word));
    kind.language.filter(|_| own).and_then(|language| interpreter(language, tag))
}

/// `13`, `12.11-slim`
fn debian_number(kind: &Image, tag: &str) -> Option<&'static str> {
    let number = tag.split(['-', '.']).next().filter(|_| kind.image == "debian")?;
    release::debian_codename(number)
}

/// What a tag that names no release says all the same. With a digest, which may be of any day, nobody knows it.
fn by_tag(kind: &Image, tag: &str) -> BaseFacts {
    let musl = tag.split('-').any(|part| part.starts_with("alpine"));
    let family = if musl { LibcFamily::Musl } else { LibcFamily::Glibc };
    BaseFacts {
        family: Some(kind.image.to_owned()),
        libc: Some(Libc { family, version: None }),
        interpreter: language(kind, tag),
        release_floats: Some(false),
        ..BaseFacts::default()
    }
}

struct Image {
    image: &'static str,
    language: Option<&'static str>,
}

const KINDS: &[Image] = &[
    Image { image: "debian", language: None },
    Image { image: "ubuntu", language: None },
    Image { image: "python", language: Some("python") },
    Image { image: "node", language: Some("node") },
    Image { image: "golang", language: Some("go") },
    Image { image: "rust", language: Some("rust") },
    Image { image: "ruby", language: Some("ruby") },
    Image { image: "eclipse-temurin", language: Some("java") },
    Image { image: "amazoncorretto", language: Some("java") },
    Image { image: "openjdk", language: Some("java") },
    Image { image: "maven", language: Some("java") },
    Image { image: "gradle", language: Some("java") },
    Image { image: "php", language: Some("php") },
];

fn configured(mut facts: BaseFacts, entrypoint: &[&str], command: &[&str]) -> BaseFacts {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    facts.user = Some(String::new());
    facts.entrypoint = Some(words(entrypoint));
    facts.command = Some(words(command));
    facts.workdir = Some("/".to_owned());
    facts
}

/// The language a tag promises: `3.13-slim`, `3.9-eclipse-temurin-21`, `8.10-jdk21`.
pub(super) fn interpreter(kind: &str, tag: &str) -> Option<Interpreter> {
    let after = |words: &[&str]| {
        let rest = words.iter().find_map(|word| tag.split_once(word).map(|(_, rest)| rest))?;
        let number = rest.split(['-', '_', '+']).next()?;
        number.starts_with(|char: char| char.is_ascii_digit()).then_some(number)
    };
    let java = after(JDKS).filter(|_| kind == "java");
    let number = java.or_else(|| tag.split(['-', '_', '+']).next())?;
    let mut parts = number.split('.').map(|part| part.parse::<u16>().ok());
    let version = parts.next().flatten().map(|major| (major, parts.next().flatten()));
    let (path, packages) = match (kind, version) {
        ("python", Some((3, Some(minor)))) => {
            let library = format!("/usr/local/lib/python3.{minor}");
            let paths =
                [library.clone(), format!("{library}/lib-dynload"), format!("{library}/site-packages")];
            (Some(format!("/usr/local/bin/python3.{minor}")), Some(paths.to_vec()))
        }
        ("node", _) => (Some("/usr/local/bin/node".to_owned()), None),
        _ => (None, None),
    };
    Some(Interpreter { kind: kind.to_owned(), version, path, package_paths: packages })
}

/// The distribution of a tag on the day, and that day.
fn table_entry(name: &str, today: Option<Date>) -> Option<(String, Option<Date>)> {
    let (first, lines) = TABLE.split_once('\n')?;
    let made: Date = first.strip_prefix("# ")?.parse().ok()?;
    let day = today.unwrap_or(made);
    let fields = find(lines, name)?.split(' ').skip(2);
    let mut found = None;
    for field in fields {
        let (since, distribution) = field.split_at_checked(6)?;
        // The first change that is kept may be later than the tag itself.
        if date(since)? > day {
            break;
        }
        found = Some(distribution);
    }
    // Empty: the history does not say.
    found.filter(|found| !found.is_empty()).map(|found| (found.to_owned(), Some(day.min(made))))
}

/// The line that starts with `name` and a space, by bisection: most of the table is never looked at.
fn find<'t>(lines: &'t str, name: &str) -> Option<&'t str> {
    let (mut low, mut high) = (0, lines.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = lines.as_bytes()[..middle].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let end = lines[start..].find('\n').map_or(lines.len(), |at| start + at);
        let line = &lines[start..end];
        match line.split(' ').next().unwrap_or_default().cmp(name) {
            std::cmp::Ordering::Equal => return Some(line),
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
}

/// `260813` as a day.
fn date(text: &str) -> Option<Date> {
    let [year, month, day] = [text.get(..2)?, text.get(2..4)?, text.get(4..6)?];
    Some(Date::new(2000 + year.parse::<u16>().ok()?, month.parse().ok()?, day.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_found_and_understood() {
        let (_, lines) = TABLE.split_once('\n').unwrap();
        for line in lines.lines() {
            let name = line.split(' ').next().unwrap();
            assert_eq!(find(lines, name), Some(line));
            for field in line.split(' ').skip(2) {
                assert!(date(field).is_some(), "{line}");
            }
        }
    }
}

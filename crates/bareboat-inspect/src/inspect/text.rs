//! Facts for people.

use bareboat_report::{render::table, size};

use crate::facts::{Ecosystem, Facts, Tool};

/// Packages listed before the rest is only counted.
const MOST_PACKAGES: usize = 12;
/// Columns of an instruction.
const INSTRUCTION: usize = 60;

/// The facts, in paragraphs.
pub fn text(facts: &Facts) -> String {
    let mut text = identity(facts);
    text.push_str(&layers(facts));
    text.push_str(&packages(facts));
    text.push_str(&surface(facts));
    text
}

fn identity(facts: &Facts) -> String {
    let mut lines: Vec<(&str, String)> = vec![("image", facts.name.clone())];
    let mut add = |name, value: Option<String>| lines.extend(value.map(|value| (name, value)));
    add("found as", facts.tag.clone().filter(|tag| *tag != facts.name));
    add("digest", facts.digest.map(|digest| digest.to_string()));
    add("platform", facts.platform.as_ref().map(ToString::to_string));
    add("created", facts.created.clone());
    let name = facts.distribution.get("PRETTY_NAME").or(facts.distribution.get("ID"));
    add("system", name.cloned());
    add(
        "C library",
        facts.libcs.main().map(|libc| match libc.version {
            Some((major, minor)) => format!("{} {major}.{minor}", libc.family.as_str()),
            None => libc.family.as_str().to_owned(),
        }),
    );
    for interpreter in &facts.interpreters {
        let place = interpreter.program.as_ref().or(interpreter.library.as_ref());
        let place = place.map(ToString::to_string).unwrap_or_default();
        add("interpreter", Some(format!("CPython 3.{} at {place}", interpreter.minor)));
    }
    if facts.has_config {
        add("user", Some(user(facts)));
        add(
            "command",
            Some(facts.command()).filter(|command| !command.is_empty()).map(|command| command.join(" ")),
        );
        let directory = &facts.config.working_dir;
        add("directory", Some(directory.clone()).filter(|directory| !directory.is_empty()));
    }
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut text: String = lines.iter().map(|(name, value)| format!("{name:width$}  {value}\n")).collect();
    text.push_str(&sizes(facts));
    text
}

fn user(facts: &Facts) -> String {
    let user = &facts.user;
    match &user.fault {
        Some(fault) => fault.clone(),
        None => {
            let name = user.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
            let groups: String = user.groups.iter().map(|group| format!(" {group}")).collect();
            let groups = if groups.is_empty() { groups } else { format!(", groups{groups}") };
            format!("{}:{}{name}{groups}", user.uid, user.gid)
        }
    }
}

fn sizes(facts: &Facts) -> String {
    let sizes = &facts.sizes;
    let known = |bytes: Option<u64>| bytes.map_or("unknown".to_owned(), size);
    let rows = [
        ("pull", known(sizes.pull), "compressed layers"),
        ("tar", known(sizes.tar), "decompressed layers"),
        ("shipped", size(sizes.shipped), "files in all layers"),
        ("visible", size(sizes.visible), "files a container sees"),
        ("hidden", size(sizes.hidden), "shipped, but overwritten or deleted"),
    ];
    let rows: Vec<Vec<String>> =
        rows.into_iter().map(|(name, bytes, means)| vec![name.into(), bytes, means.into()]).collect();
    format!("\n{}", table(&["size", "", ""], &rows))
}

fn layers(facts: &Facts) -> String {
    let row = |(index, layer): (usize, &crate::facts::Layer)| {
        let instruction = layer.created_by.clone().unwrap_or_else(|| "—".to_owned());
        let instruction = match instruction.chars().count() > INSTRUCTION {
            true => format!("{}…", instruction.chars().take(INSTRUCTION - 1).collect::<String>()),
            false => instruction,
        };
        let pull = layer.pull.map_or("—".to_owned(), size);
        vec![(index + 1).to_string(), pull, size(layer.shipped), size(layer.hidden.total()), instruction]
    };
    let rows: Vec<Vec<String>> = facts.layers.iter().enumerate().map(row).collect();
    format!("\n{}", table(&["layer", "pull", "shipped", "hidden", "made by"], &rows))
}

fn packages(facts: &Facts) -> String {
    let mut text = String::new();
    for ecosystem in [Ecosystem::Deb, Ecosystem::Apk, Ecosystem::Rpm, Ecosystem::Python] {
        let mut of_it: Vec<_> =
            facts.packages.iter().filter(|package| package.ecosystem == ecosystem).collect();
        if of_it.is_empty() {
            continue;
        }
        let bytes = of_it.iter().map(|package| package.bytes).sum();
        text.push_str(&format!("\n{} packages: {} in {}\n", ecosystem.as_str(), of_it.len(), size(bytes)));
        of_it.sort_by(|a, b| b.bytes.cmp(&a.bytes).then(a.name.cmp(&b.name)));
        let shown = of_it.iter().take(MOST_PACKAGES);
        let rows: Vec<Vec<String>> = shown
            .map(|package| vec![package.name.clone(), size(package.bytes), package.version.clone()])
            .collect();
        text.push_str(&table(&["package", "files", "version"], &rows));
        if of_it.len() > MOST_PACKAGES {
            text.push_str(&format!("and {} smaller\n", of_it.len() - MOST_PACKAGES));
        }
    }
    text
}

fn surface(facts: &Facts) -> String {
    let surface = &facts.surface;
    let names: usize = surface.executables.iter().map(|executable| 1 + executable.links.len()).sum();
    let list = |tool| {
        let paths: Vec<String> =
            surface.tools(tool).flat_map(|(_, names)| names).map(ToString::to_string).collect();
        match paths.len() {
            0 => "none".to_owned(),
            1..=4 => paths.join(" "),
            more => format!("{} and {} more", paths[..4].join(" "), more - 4),
        }
    };
    let writable = match facts.user.is_root() {
        true => "everything (root)".to_owned(),
        false => match surface.writable.len() {
            0 => "nothing".to_owned(),
            1..=4 => surface
                .writable
                .iter()
                .map(|writable| writable.path.to_string())
                .collect::<Vec<_>>()
                .join(" "),
            more => format!("{more} places"),
        },
    };
    let lines = [
        ("executables", format!("{} ({names} names)", surface.executables.len())),
        ("shells", list(Tool::Shell)),
        ("interpreters", list(Tool::Interpreter)),
        ("package managers", list(Tool::PackageManager)),
        ("compilers", list(Tool::Compiler)),
        ("network tools", list(Tool::Network)),
        ("setuid, setgid", surface.set_id.len().to_string()),
        ("file capabilities", surface.capabilities.len().to_string()),
        ("writable", writable),
        ("secrets", facts.secrets.len().to_string()),
    ];
    let lines = lines.iter().map(|(name, value)| format!("{name:17}  {value}\n"));
    format!("\n{}", lines.collect::<String>())
}

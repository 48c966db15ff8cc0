//! Entry points that somebody wrote down: `Procfile`, `[project.scripts]`.

pub(super) use super::dockerfile::find as dockerfile;
use super::{Application, EntryPoint, Trail};
use crate::app::{plain_file, words};

/// The `web` process of a `Procfile`; a lone process of another name also counts.
pub(super) fn procfile(application: &Application<'_>, trail: &mut Trail) -> Option<EntryPoint> {
    let Ok(text) = plain_file::read_to_string(&application.root.join("Procfile")) else {
        trail.looked_for.push("`web` in `Procfile` (no such file)".to_owned());
        return None;
    };
    let processes: Vec<(&str, &str)> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(|line| line.split_once(':'))
        .map(|(name, command)| (name.trim(), command.trim()))
        .collect();
    let web = processes.iter().find(|(name, _)| *name == "web");
    let services: Vec<_> = processes.iter().filter(|(name, _)| *name != "release").collect();
    let (name, command) = *web.or(if services.len() == 1 { Some(services[0]) } else { None })?;
    match words::split(command) {
        Ok(words) => Some(EntryPoint::new(words, format!("process `{name}`"), "`Procfile`")),
        Err(error) => {
            trail.refuse(format!("`{name}` in `Procfile`: {error}"));
            None
        }
    }
}

/// Python itself, a server or tool that is installed, or the project's own script.
pub(super) fn can_run(program: &str, application: &Application<'_>) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    let installed = match name {
        "waitress-serve" => "waitress",
        "fastapi" => "fastapi-cli",
        "django-admin" => "django",
        other => other,
    };
    is_python(program)
        || application.distributions.contains(installed)
        || application.distributions.contains(name)
        || scripts(application).iter().any(|(script, _)| script == name)
}

pub(super) fn is_python(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    name.strip_prefix("python").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// The only script of `[project.scripts]`, or the one named like the project.
pub(super) fn project_script(application: &Application<'_>, trail: &mut Trail) -> Option<EntryPoint> {
    let scripts = scripts(application);
    let project = project_name(application);
    let script = match &scripts[..] {
        [] => {
            trail.looked_for.push("`[project.scripts]` in `pyproject.toml` (none)".to_owned());
            return None;
        }
        [(only, _)] => only,
        several => match several.iter().find(|(name, _)| Some(name) == project.as_ref()) {
            Some((name, _)) => name,
            None => {
                let names: Vec<_> = several.iter().map(|(name, _)| name.as_str()).collect();
                trail.looked_for.push(format!("`[project.scripts]` has several: {}", names.join(", ")));
                return None;
            }
        },
    };
    Some(EntryPoint::new(
        vec![script.clone()],
        format!("script `{script}`"),
        "`[project.scripts]` in `pyproject.toml`",
    ))
}

fn pyproject(application: &Application<'_>) -> Option<toml::Table> {
    toml::from_str(&plain_file::read_to_string(&application.root.join("pyproject.toml")).ok()?).ok()
}

fn project_name(application: &Application<'_>) -> Option<String> {
    Some(pyproject(application)?.get("project")?.get("name")?.as_str()?.to_owned())
}

fn scripts(application: &Application<'_>) -> Vec<(String, String)> {
    let Some(document) = pyproject(application) else { return Vec::new() };
    let standard = document.get("project").and_then(|project| project.get("scripts"));
    let poetry =
        document.get("tool").and_then(|tool| tool.get("poetry")).and_then(|poetry| poetry.get("scripts"));
    let Some(table) = standard.or(poetry).and_then(toml::Value::as_table) else { return Vec::new() };
    table.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

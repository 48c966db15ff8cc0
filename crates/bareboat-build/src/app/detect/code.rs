//! Entry points found in the code itself: application objects, dashboards, `__main__`, main guards.

use super::{Application, EntryPoint, Source, roots, server};
use crate::app::python_source::{AppObject, Interface};

/// An ASGI or WSGI object and the server that is installed for it.
pub(super) fn object(
    application: &Application<'_>,
    sources: &[Source],
    looked_for: &mut Vec<String>,
) -> Option<EntryPoint> {
    let mut found: Vec<(&Source, &AppObject)> = sources
        .iter()
        .flat_map(|source| source.facts.objects.iter().map(move |object| (source, object)))
        .filter(|(_, object)| object.framework != "Django")
        .collect();
    if found.is_empty() {
        looked_for.push("an ASGI or WSGI application object in the code (none)".to_owned());
        return None;
    }
    // Shallow before deep, objects before factories, a server's usual names before others: an order for
    // choosing among real objects, never a reason to believe in one.
    found.sort_by_key(|(source, object)| {
        let depth = source.module.matches('.').count();
        let usual =
            ["app", "application", "server", "api"].iter().position(|name| *name == object.name).unwrap_or(9);
        let module = source.module.rsplit('.').next().unwrap_or_default();
        let usual_module =
            ["wsgi", "asgi", "main", "app", "server"].iter().position(|name| *name == module).unwrap_or(9);
        // Dash keeps a WSGI application inside its own object.
        let has_inner = object.interface == Interface::Own
            && source.facts.objects.iter().any(|inner| inner.interface == Interface::Wsgi);
        (object.is_factory, depth, usual_module, has_inner, usual, source.path.clone())
    });
    let (source, object) = found[0];
    let what = format!("{} application `{}` in `{}`", object.framework, object.name, source.path);
    let default_port = source.facts.port.unwrap_or(framework_port(object.framework));
    let (root, module) = roots::of(source, application.files);
    let rooted = |found: EntryPoint| EntryPoint { import_roots: root.clone().into_iter().collect(), ..found };
    if let Some(server) = server::choose(object.interface, application.distributions) {
        return Some(rooted(server::entry_point(server, &module, object, default_port, what)));
    }
    let own =
        server::framework_own(&module, &source.path, object, default_port, application.distributions, &what)
            .map(rooted);
    if own.is_none() && source.facts.has_main_guard {
        let mut found = start_file(source, Some(default_port), what);
        if object.framework == "Dash" {
            found.environment.insert("HOST".to_owned(), "0.0.0.0".to_owned());
        }
        return Some(found);
    }
    if own.is_none() {
        looked_for.push(format!(
            "a server for the {what} (none is locked: add `gunicorn`, `uvicorn` or `waitress`)"
        ));
    }
    own
}

fn framework_port(framework: &str) -> u16 {
    match framework {
        "Flask" | "APIFlask" | "Quart" => 5000,
        "Bottle" | "Connexion" | "aiohttp" => 8080,
        "Dash" => 8050,
        "FastHTML" => 5001,
        _ => 8000,
    }
}

/// Streamlit and Gradio: a file that imports them, when exactly one is at the shallowest depth.
pub(super) fn dashboard(application: &Application<'_>, sources: &[Source]) -> Option<EntryPoint> {
    for (distribution, port) in [("streamlit", 8501), ("gradio", 7860)] {
        if !application.distributions.contains(distribution) {
            continue;
        }
        let mut files: Vec<_> = sources
            .iter()
            .filter(|source| source.facts.imports.iter().any(|module| module == distribution))
            .filter(|source| !source.path.contains("pages/"))
            .collect();
        files.sort_by_key(|source| (source.path.matches('/').count(), source.path.clone()));
        let Some(first) = files.first() else { continue };
        let depth = first.path.matches('/').count();
        let rivals = files.iter().filter(|source| source.path.matches('/').count() == depth).count();
        let named = files
            .iter()
            .find(|source| matches!(source.path.as_str(), "app.py" | "main.py" | "streamlit_app.py"));
        let chosen = named.or(if rivals == 1 { Some(first) } else { None })?;
        let what = format!(
            "{} application `{}`",
            if distribution == "gradio" { "Gradio" } else { "Streamlit" },
            chosen.path
        );
        let words: Vec<String> = if distribution == "streamlit" {
            [
                "streamlit",
                "run",
                &chosen.path,
                "--server.address=0.0.0.0",
                "--server.port=${PORT:-8501}",
                "--server.headless=true",
            ]
            .map(str::to_owned)
            .to_vec()
        } else {
            vec!["GRADIO_SERVER_PORT=${PORT:-7860}".to_owned(), "python".to_owned(), chosen.path.clone()]
        };
        let mut found = EntryPoint::new(words, what, "found in the code");
        found.port = Some(port);
        if distribution == "gradio" {
            found.environment.insert("GRADIO_SERVER_NAME".to_owned(), "0.0.0.0".to_owned());
        } else {
            found.environment.insert("STREAMLIT_BROWSER_GATHER_USAGE_STATS".to_owned(), "false".to_owned());
        }
        return Some(found);
    }
    None
}

/// A package's `__main__.py`, or the only file with a main guard.
pub(super) fn main(
    application: &Application<'_>,
    sources: &[Source],
    looked_for: &mut Vec<String>,
) -> Option<EntryPoint> {
    let packages: Vec<_> = sources.iter().filter(|source| source.path.ends_with("__main__.py")).collect();
    if let [only] = &packages[..] {
        return Some(match only.module.strip_suffix(".__main__") {
            Some(package) => {
                let words = ["python", "-m", package].map(str::to_owned).to_vec();
                EntryPoint {
                    port: only.facts.port,
                    ..EntryPoint::new(words, format!("package `{package}`"), format!("`{}`", only.path))
                }
            }
            None => start_file(only, only.facts.port, format!("script `{}`", only.path)),
        });
    }
    let mut guarded: Vec<_> = sources
        .iter()
        .filter(|source| source.facts.has_main_guard && !source.path.ends_with("manage.py"))
        .collect();
    guarded.sort_by_key(|source| (source.path.matches('/').count(), source.path.clone()));
    let shallowest = guarded.first().map(|source| source.path.matches('/').count());
    guarded.retain(|source| Some(source.path.matches('/').count()) == shallowest);
    let named =
        guarded.iter().find(|source| matches!(source.path.rsplit('/').next(), Some("main.py" | "app.py")));
    let python: Vec<_> = application.files.iter().filter(|path| path.ends_with(".py")).collect();
    match (&guarded[..], named) {
        ([only], _) => Some(start_file(only, only.facts.port, format!("script `{}`", only.path))),
        (_, Some(named)) => Some(start_file(named, named.facts.port, format!("script `{}`", named.path))),
        ([], None) => {
            if let [only] = &python[..] {
                let words = vec!["python".to_owned(), (*only).clone()];
                return Some(EntryPoint::new(words, format!("script `{only}`"), "the only Python file"));
            }
            looked_for.push("`if __name__ == \"__main__\"` in a Python file (none)".to_owned());
            None
        }
        (several, None) => {
            let names: Vec<_> = several.iter().map(|source| source.path.as_str()).collect();
            looked_for.push(format!(
                "`if __name__ == \"__main__\"`: several files have one ({})",
                names.join(", ")
            ));
            None
        }
    }
}

fn start_file(source: &Source, port: Option<u16>, what: String) -> EntryPoint {
    let words = vec!["python".to_owned(), source.path.clone()];
    let mut found = EntryPoint::new(words, what, format!("main guard in `{}`", source.path));
    found.port = port;
    found.notes.extend(source.facts.only_loopback.map(|line| {
        format!(
            "`{}`, line {line}, listens on this machine only, and nobody outside the container reaches it: \
             pass `host=\"0.0.0.0\"`",
            source.path
        )
    }));
    found
}

impl Interface {
    /// For people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Interface::Wsgi => "WSGI",
            Interface::Asgi => "ASGI",
            Interface::Own => "its own interface",
        }
    }
}

//! The servers we know: how each is started, told its port, and what it needs in a read-only container.

use std::collections::BTreeSet;

use super::EntryPoint;
use crate::app::python_source::{AppObject, Interface};

/// A server that can run an application object.
#[derive(Clone, Copy)]
pub(super) struct Server {
    /// Normalised distribution name.
    distribution: &'static str,
    start: fn(&Start<'_>) -> Vec<String>,
}

/// What a server is told.
struct Start<'a> {
    /// `module:object`.
    target: String,
    object: &'a AppObject,
    port: u16,
}

const ASGI: &[Server] = &[
    Server { distribution: "uvicorn", start: uvicorn },
    Server { distribution: "hypercorn", start: hypercorn },
    Server { distribution: "granian", start: granian },
    Server { distribution: "daphne", start: daphne },
];

const WSGI: &[Server] = &[
    Server { distribution: "gunicorn", start: gunicorn },
    Server { distribution: "waitress", start: waitress },
    Server { distribution: "granian", start: granian },
    Server { distribution: "hypercorn", start: hypercorn },
];

/// The best installed server for an interface.
pub(super) fn choose(interface: Interface, distributions: &BTreeSet<String>) -> Option<Server> {
    let servers = match interface {
        Interface::Asgi => ASGI,
        Interface::Wsgi => WSGI,
        Interface::Own => &[],
    };
    servers.iter().copied().find(|server| distributions.contains(server.distribution))
}

/// The entry point that lets `server` run `object`.
pub(super) fn entry_point(
    server: Server,
    module: &str,
    object: &AppObject,
    port: u16,
    what: String,
) -> EntryPoint {
    let start = Start { target: format!("{module}:{}", object.name), object, port };
    let why =
        format!("found in the code; `{}` is installed for {}", server.distribution, object.interface.name());
    EntryPoint { port: Some(port), ..EntryPoint::new((server.start)(&start), what, why) }
}

/// The framework's own server: with some it is the one to use, with others it is for development only.
pub(super) fn framework_own(
    module: &str,
    path: &str,
    object: &AppObject,
    port: u16,
    distributions: &BTreeSet<String>,
    what: &str,
) -> Option<EntryPoint> {
    let target = format!("{module}:{}", object.name);
    let port_word = format!("${{PORT:-{port}}}");
    let words: Vec<&str> = match object.framework {
        "Flask" | "APIFlask" | "Quart" => {
            let program = if object.framework == "Quart" { "quart" } else { "flask" };
            vec![program, "--app", &target, "run", "--host", "0.0.0.0", "--port", &port_word]
        }
        "FastAPI" if distributions.contains("fastapi-cli") => {
            vec!["fastapi", "run", path, "--host", "0.0.0.0", "--port", &port_word]
        }
        "Sanic" => {
            let mut words = vec!["sanic", &target, "--host", "0.0.0.0", "--port", &port_word];
            words.extend(object.is_factory.then_some("--factory"));
            return Some(for_good(words, "found in the code; Sanic is its own server", port, what));
        }
        "aiohttp" if distributions.contains("gunicorn") => {
            let target = format!("{target}{}", if object.is_factory { "()" } else { "" });
            let words = vec!["gunicorn", &target, "--worker-class", "aiohttp.GunicornWebWorker"];
            let why = "found in the code; `gunicorn` is installed, and aiohttp has a worker for it";
            return Some(for_good(words, why, port, what));
        }
        _ => return None,
    };
    let words = words.into_iter().map(str::to_owned).collect();
    let why = format!("found in the code; {}'s own server, because no other is locked", object.framework);
    let mut found = EntryPoint { port: Some(port), ..EntryPoint::new(words, what, why) };
    let better = if object.interface == Interface::Asgi { "uvicorn" } else { "gunicorn" };
    found
        .notes
        .push(format!("the development server is not for production: add `{better}` to the dependencies"));
    Some(found)
}

fn for_good(words: Vec<&str>, why: &str, port: u16, what: &str) -> EntryPoint {
    let words = words.into_iter().map(str::to_owned).collect();
    EntryPoint { port: Some(port), ..EntryPoint::new(words, what, why) }
}

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

fn bind(start: &Start<'_>) -> String {
    format!("0.0.0.0:${{PORT:-{}}}", start.port)
}

fn call(start: &Start<'_>) -> String {
    format!("{}{}", start.target, if start.object.is_factory { "()" } else { "" })
}

/// Without `--bind`, gunicorn listens on `0.0.0.0:$PORT` when `PORT` is set, and the image sets it.
fn gunicorn(start: &Start<'_>) -> Vec<String> {
    words(["gunicorn", &call(start)])
}

fn uvicorn(start: &Start<'_>) -> Vec<String> {
    let port = format!("${{PORT:-{}}}", start.port);
    let mut words = words(["uvicorn", &start.target, "--host", "0.0.0.0", "--port", &port]);
    if start.object.is_factory {
        words.push("--factory".to_owned());
    }
    words
}

fn hypercorn(start: &Start<'_>) -> Vec<String> {
    words(["hypercorn", "--bind", &bind(start), &call(start)])
}

fn waitress(start: &Start<'_>) -> Vec<String> {
    let listen = format!("--listen={}", bind(start));
    let mut words = words(["waitress-serve", &listen]);
    if start.object.is_factory {
        words.push("--call".to_owned());
    }
    words.push(start.target.clone());
    words
}

fn granian(start: &Start<'_>) -> Vec<String> {
    let interface = start.object.interface.name().to_lowercase();
    let port = format!("${{PORT:-{}}}", start.port);
    let mut words = words(["granian", "--interface", &interface, "--host", "0.0.0.0", "--port", &port]);
    if start.object.is_factory {
        words.push("--factory".to_owned());
    }
    words.push(start.target.clone());
    words
}

fn daphne(start: &Start<'_>) -> Vec<String> {
    let port = format!("${{PORT:-{}}}", start.port);
    words(["daphne", "-b", "0.0.0.0", "-p", &port, &start.target])
}

/// Options after or in which a port stands.
const PORT_OPTIONS: &[&str] = &["--bind", "-b", "--port", "-p", "--listen", "--server.port", "--http-socket"];

/// The port written as a number into a known option of the command.
pub(super) fn literal_port(words: &[String]) -> Option<u16> {
    (0..words.len()).find_map(|index| option_value(words, index)?.rsplit(':').next()?.parse().ok())
}

/// `words` with a literal `port` in a known option replaced by `${PORT:-port}`, so that `PORT` is honoured.
pub(super) fn honour_port(words: &[String], port: u16) -> Vec<String> {
    let (old, new) = (port.to_string(), format!("${{PORT:-{port}}}"));
    (0..words.len())
        .map(|index| match option_value(words, index) {
            Some(value) if value == old || value.ends_with(&format!(":{old}")) => {
                let keep = words[index].len() - old.len();
                format!("{}{new}", &words[index][..keep])
            }
            _ => words[index].clone(),
        })
        .collect()
}

/// The value that word `index` holds for a port option: the word itself after `--bind`, or its part after `=`.
fn option_value(words: &[String], index: usize) -> Option<&str> {
    let word = &words[index];
    if let Some((name, value)) = word.split_once('=')
        && PORT_OPTIONS.contains(&name)
    {
        return Some(value);
    }
    let before = index.checked_sub(1).and_then(|index| words.get(index))?;
    PORT_OPTIONS.contains(&before.as_str()).then_some(word.as_str())
}

/// Environment that a server needs to work on a read-only root.
pub(super) fn add_environment(found: &mut EntryPoint, distributions: &BTreeSet<String>) {
    let uses = |name: &str| found.words.iter().any(|word| word.rsplit('/').next() == Some(name));
    if uses("gunicorn") && distributions.contains("gunicorn") {
        // Workers prove that they live through a file; /dev/shm is writable in every engine, /tmp may not be.
        let arguments = found.environment.entry("GUNICORN_CMD_ARGS".to_owned()).or_default();
        if !arguments.contains("--worker-tmp-dir") {
            let space = if arguments.is_empty() { "" } else { " " };
            arguments.push_str(&format!("{space}--worker-tmp-dir=/dev/shm"));
        }
    }
}

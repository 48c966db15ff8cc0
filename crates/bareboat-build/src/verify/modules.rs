//! Extension modules fit the interpreter, and the application's imports resolve.

use bareboat_image::{Kind, Tree, TreePath};
use bareboat_packages::wheel::abi::{Fit, judge};
use bareboat_store::Store;

use super::{Finding, Proof};
use crate::app::compose::{Composition, environment};
use crate::app::imports::{self, Entry, Modules, Need, SearchPath};
use crate::app::lock::Locked;
use crate::app::project::Project;
use crate::app::target::Target;
use crate::event::{Event, Observer};
use crate::image::Runtime;

/// The file name suffix and the wheel's tags of every extension module.
pub(super) fn check_tags(
    composition: &Composition,
    target: Target,
    proof: &mut Proof,
    findings: &mut Vec<Finding>,
) {
    let python = target.for_wheels(0);
    for (index, piece) in composition.pieces.iter().enumerate() {
        let Some(facts) = &piece.python else { continue };
        for path in piece.elf.keys().filter(|path| composition.merged.owner.get(*path) == Some(&index)) {
            let name = String::from_utf8_lossy(path.file_name()).into_owned();
            let Some(verdict) = judge(&name, &facts.tags, &python) else { continue };
            match verdict.fit {
                Fit::Wrong => findings.push(Finding {
                    path: path.clone(),
                    what: format!("cannot be imported: {}", verdict.because),
                    hint: format!("lock a wheel of `{}` for {}", facts.name, target.python_name()),
                }),
                Fit::Loads => proof.extension_modules += 1,
                Fit::Unproven => proof.unknown_extension_modules += 1,
                // The interpreter passes it by.
                Fit::Unseen => {}
            }
        }
    }
}

/// What the proof knows beside the composition.
pub struct Application<'a> {
    /// Its directory on this machine.
    pub project: &'a Project,
    /// What was locked for it.
    pub locked: &'a Locked,
    /// Where its imports begin, absolute in the image.
    pub import_roots: &'a [String],
    /// Generated files lie here.
    pub store: &'a Store,
}

/// The static imports of the application's own files, from its entry point on.
pub(super) fn check_imports(
    composition: &Composition,
    runtime: &Runtime,
    target: Target,
    application: &Application<'_>,
    observer: &Observer,
    proof: &mut Proof,
    findings: &mut Vec<Finding>,
) {
    let tree = &composition.merged.tree;
    let python = target.for_wheels(0);
    let read = |path: &TreePath| application.read(composition, path);
    let mut entries = entries(runtime);
    let script = own_script(runtime, &read);
    entries.extend(script.iter().map(|(path, _)| Entry::MainFile(path.clone())));
    let roots = search_roots(runtime, &entries, application.import_roots);
    let library = format!("usr/lib/{}", target.python_name());
    let standard = [library.clone(), format!("{library}/lib-dynload")];
    let site = environment().join(format!("lib/{}/site-packages", target.python_name()));
    let search = SearchPath {
        first: roots.clone(),
        standard: standard.iter().filter_map(|path| TreePath::new(path).ok()).collect(),
        sites: site.into_iter().collect(),
    };
    findings.extend(entries.iter().filter_map(|entry| missing_script(entry, &composition.merged.tree)));
    let modules = Modules::new(tree, &python, &search, &read);
    let sources = application.project.python_sources();
    let sources = imports::scan_all(sources.into_iter().chain(script), target.python()).into_iter().collect();
    let report = imports::check(&modules, &sources, &roots, &entries);
    proof.imports = report.resolved;
    proof.unknown_imports = report.unknown.len();
    for unknown in &report.unknown {
        let text =
            format!("{}:{}: `{}` is unknown: {}", unknown.file, unknown.line, unknown.what, unknown.why);
        observer(Event::Decision { text });
    }
    for missing in report.missing {
        let unfit = missing.unfit.map(|why| format!(" ({why})")).unwrap_or_default();
        let begin = match &missing.file {
            Some(_) => format!("line {} imports", missing.line),
            None => "the command starts with".to_owned(),
        };
        let what = format!("{begin} `{}`, which is not in the image{unfit}", missing.module);
        let path = missing.file.unwrap_or_else(|| TreePath::new("app").expect("a constant path"));
        match missing.need {
            Need::Required => findings.push(Finding { path, what, hint: missing.hint }),
            _ => observer(Event::Decision { text: format!("{path}: {what}; the import is optional") }),
        }
    }
}

impl Application<'_> {
    /// The bytes of an application file or of a generated one; others are not at hand.
    fn read(&self, composition: &Composition, path: &TreePath) -> Option<Vec<u8>> {
        const LARGEST: u64 = 8 << 20;
        let app = TreePath::new("app").ok()?;
        let own = path.strip_prefix(&app).filter(|_| !path.starts_with(&environment()));
        if let Some(below) = own {
            return std::fs::read(self.project.root.join(below.to_str_lossy().as_ref())).ok();
        }
        match composition.merged.tree.get(path)?.kind {
            Kind::File { digest, .. } if self.store.contains(&digest) => {
                self.store.read(&digest, LARGEST).ok()
            }
            _ => None,
        }
    }
}

/// A script that is started and is not there.
fn missing_script(entry: &Entry, tree: &Tree) -> Option<Finding> {
    let Entry::MainFile(path) = entry else { return None };
    tree.resolve(path).is_none().then(|| Finding {
        path: path.clone(),
        what: "the command starts this file, which is not in the image".to_owned(),
        hint: "set `command` in `bareboat.toml`, or check `.dockerignore`".to_owned(),
    })
}

/// Where imports begin: the directory of a script that is run, those that the command or `PYTHONPATH` name, and the
/// application's own.
fn search_roots(runtime: &Runtime, entries: &[Entry], own: &[String]) -> Vec<TreePath> {
    let scripts = entries.iter().filter_map(|entry| match entry {
        Entry::MainFile(file) => file.parent(),
        _ => None,
    });
    let words = &runtime.entrypoint;
    let named = words.iter().enumerate().filter_map(|(index, word)| match word.split_once('=') {
        Some((option, directory)) => DIRECTORY_OPTIONS.contains(&option).then_some(directory),
        None => {
            words.get(index + 1).filter(|_| DIRECTORY_OPTIONS.contains(&word.as_str())).map(String::as_str)
        }
    });
    let path = runtime.environment.get("PYTHONPATH").into_iter().flat_map(|path| path.split(':'));
    let absolute = |directory: &str| match directory.strip_prefix('/') {
        Some(_) => directory.to_owned(),
        None => format!("/app/{}", directory.trim_start_matches("./")),
    };
    let named = named.chain(path).filter_map(|directory| TreePath::new(absolute(directory)).ok());
    let own = own.iter().filter_map(|root| TreePath::new(root).ok());
    let mut roots: Vec<TreePath> = Vec::new();
    for root in scripts.chain(named).chain(own) {
        if !roots.contains(&root) {
            roots.push(root);
        }
    }
    roots
}

/// Options of servers that name the directory of the application.
const DIRECTORY_OPTIONS: &[&str] = &["--chdir", "--app-dir", "--pythonpath"];

/// Where the program starts, as far as its command tells: a file, a module, or the object a server is given.
fn entries(runtime: &Runtime) -> Vec<Entry> {
    let words = command(runtime);
    let Some((program, arguments)) = words.split_first() else { return Vec::new() };
    let file = |path: &&str| {
        let path = match path.strip_prefix('/') {
            Some(path) => path.to_owned(),
            None => format!("app/{}", path.trim_start_matches("./")),
        };
        TreePath::new(path).ok().map(Entry::MainFile)
    };
    match program.rsplit('/').next().unwrap_or_default() {
        name if name.starts_with("python") => {
            let mut rest = arguments.iter();
            match rest.by_ref().find(|word| !word.starts_with('-') || **word == "-m" || **word == "-c") {
                Some(&"-m") => {
                    let module = rest.next().map(|module| Entry::MainModule((*module).to_owned()));
                    module.into_iter().chain(objects(arguments)).collect()
                }
                Some(script) if script.ends_with(".py") => file(script).into_iter().collect(),
                _ => Vec::new(),
            }
        }
        "streamlit" | "fastapi" => {
            arguments.iter().find(|word| word.ends_with(".py")).and_then(file).into_iter().collect()
        }
        _ => objects(arguments),
    }
}

/// The program and its arguments, without the launcher.
fn command(runtime: &Runtime) -> Vec<&str> {
    let words: Vec<&str> =
        runtime.entrypoint.iter().map(String::as_str).filter(|word| !word.ends_with("/launch.py")).collect();
    // Behind the launcher: its own interpreter, settings, then the program.
    let launched = usize::from(words.len() < runtime.entrypoint.len());
    let settings = words.iter().skip(launched).take_while(|word| !word.starts_with('/')).count();
    words.into_iter().skip(launched + settings).collect()
}

/// The script of the application's own that is started (`[project.scripts]`), with its text.
fn own_script(
    runtime: &Runtime,
    read: &impl Fn(&TreePath) -> Option<Vec<u8>>,
) -> Option<(TreePath, Vec<u8>)> {
    let path = TreePath::new(command(runtime).first()?.strip_prefix('/')?).ok()?;
    let below = path.strip_prefix(&environment())?;
    let is_script = below.to_str_lossy().starts_with("bin/") && !below.to_str_lossy().contains("python");
    let text = read(&path).filter(|text| is_script && text.starts_with(b"#!"))?;
    Some((path, text))
}

/// `module:object` words, as WSGI and ASGI servers take them.
fn objects(words: &[&str]) -> Vec<Entry> {
    let is_name = |text: &str| {
        !text.is_empty()
            && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.')
            && !text.starts_with(|c: char| c.is_ascii_digit())
    };
    let module = |word: &&str| {
        let (module, object) = word.split_once(':')?;
        (is_name(module) && is_name(object.trim_end_matches("()"))).then(|| Entry::Module(module.to_owned()))
    };
    words.iter().filter_map(module).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries_of(words: &[&str]) -> Vec<Entry> {
        entries(&runtime_of(words))
    }

    fn runtime_of(words: &[&str]) -> Runtime {
        let entrypoint = words.iter().map(|word| (*word).to_owned()).collect();
        Runtime {
            entrypoint,
            environment: Default::default(),
            user: String::new(),
            working_directory: String::new(),
            port: None,
            labels: Default::default(),
            created: String::new(),
        }
    }

    #[test]
    fn a_script_of_the_application_is_read_and_a_wheels_is_not() {
        let own = TreePath::new("app/.venv/bin/shop").unwrap();
        let text = b"#!/app/.venv/bin/python\nfrom shop import main\n".to_vec();
        let read = |path: &TreePath| (*path == own).then(|| text.clone());
        let of = |words: &[&str]| own_script(&runtime_of(words), &read);
        assert_eq!(of(&["/app/.venv/bin/shop", "--port", "80"]), Some((own.clone(), text.clone())));
        let launched =
            ["/app/.venv/bin/python", "/usr/lib/bareboat/launch.py", "A=$B", "/app/.venv/bin/shop", "$A"];
        assert_eq!(of(&launched), Some((own.clone(), text.clone())));
        assert_eq!(of(&["/app/.venv/bin/gunicorn", "app:app"]), None);
        assert_eq!(of(&["/app/.venv/bin/python", "/app/main.py"]), None);
    }

    #[test]
    fn imports_begin_where_the_command_says() {
        let roots = |words: &[&str], path: &str| -> Vec<String> {
            let runtime = Runtime {
                entrypoint: words.iter().map(|word| (*word).to_owned()).collect(),
                environment: [("PYTHONPATH".to_owned(), path.to_owned())].into(),
                user: String::new(),
                working_directory: String::new(),
                port: None,
                labels: Default::default(),
                created: String::new(),
            };
            let roots = search_roots(&runtime, &entries(&runtime), &["/app".to_owned()]);
            roots.iter().map(ToString::to_string).collect()
        };
        let python = "/app/.venv/bin/python";
        assert_eq!(
            roots(&[python, "scripts/job.py"], "/app/lib:vendor"),
            ["/app/scripts", "/app/lib", "/app/vendor", "/app"]
        );
        assert_eq!(roots(&["gunicorn", "--chdir", "web", "m:a"], "/app"), ["/app/web", "/app"]);
        assert_eq!(roots(&["uvicorn", "--app-dir=./src", "m:a"], "/app"), ["/app/src", "/app"]);
    }

    #[test]
    fn finds_where_servers_modules_and_scripts_start() {
        let python = "/app/.venv/bin/python";
        let launched = [
            python,
            "/usr/lib/bareboat/launch.py",
            "/app/.venv/bin/gunicorn",
            "-b",
            "0.0.0.0:${PORT:-1}",
            "web.app:make()",
        ];
        assert_eq!(entries_of(&launched), [Entry::Module("web.app".into())]);
        assert_eq!(entries_of(&[python, "-m", "shop"]), [Entry::MainModule("shop".into())]);
        assert_eq!(
            entries_of(&[python, "bin/job.py"]),
            [Entry::MainFile(TreePath::new("app/bin/job.py").unwrap())]
        );
        let configured = ["/app/.venv/bin/gunicorn", "-c", "gunicorn.conf.py", "shop.wsgi:app"];
        assert_eq!(entries_of(&configured), [Entry::Module("shop.wsgi".into())]);
        let set = [python, "/usr/lib/bareboat/launch.py", "A=$B", python, "-u", "/app/x.py"];
        assert_eq!(entries_of(&set), [Entry::MainFile(TreePath::new("app/x.py").unwrap())]);
    }
}

//! Extension modules fit the interpreter, and the application's imports resolve.

use bareboat_image::{Kind, TreePath};
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
            match judge(&name, &facts.tags, &python) {
                Some(verdict) if verdict.fit == Fit::Wrong => findings.push(Finding {
                    path: path.clone(),
                    what: format!("cannot be imported: {}", verdict.because),
                    hint: format!("lock a wheel of `{}` for {}", facts.name, target.python_name()),
                }),
                Some(_) => proof.extension_modules += 1,
                None => {}
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
    let roots: Vec<TreePath> =
        application.import_roots.iter().filter_map(|root| TreePath::new(root).ok()).collect();
    let library = format!("usr/lib/{}", target.python_name());
    let standard = [library.clone(), format!("{library}/lib-dynload")];
    let site = environment().join(format!("lib/{}/site-packages", target.python_name()));
    let search = SearchPath {
        first: roots.clone(),
        standard: standard.iter().filter_map(|path| TreePath::new(path).ok()).collect(),
        sites: site.into_iter().collect(),
    };
    let modules = Modules::new(tree, &python, &search, &read);
    let sources = application.project.python_sources();
    let sources = imports::scan_all(sources, target.python()).into_iter().collect();
    let report = imports::check(&modules, &sources, &roots, &entries(runtime));
    proof.imports = report.resolved;
    proof.unknown_imports = report.unknown.len();
    for unknown in &report.unknown {
        let text =
            format!("{}:{}: `{}` is unknown: {}", unknown.file, unknown.line, unknown.what, unknown.why);
        observer(Event::Decision { text });
    }
    for missing in report.missing {
        let path = missing.file.unwrap_or_default();
        let unfit = missing.unfit.map(|why| format!(" ({why})")).unwrap_or_default();
        let what =
            format!("line {} imports `{}`, which is not in the image{unfit}", missing.line, missing.module);
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

/// Where the program starts, as far as its command tells: a file, a module, or the object a server is given.
fn entries(runtime: &Runtime) -> Vec<Entry> {
    let words: Vec<&str> =
        runtime.entrypoint.iter().map(String::as_str).filter(|word| !word.ends_with("/launch.py")).collect();
    let after =
        |word: &str| words.iter().position(|other| *other == word).and_then(|index| words.get(index + 1));
    if let Some(module) = after("-m").filter(|_| words[0].ends_with("/python")) {
        let mut entries = vec![Entry::MainModule((*module).to_owned())];
        entries.extend(objects(&words));
        return entries;
    }
    let file = words.iter().skip(1).find(|word| word.ends_with(".py"));
    if let Some(path) = file.and_then(|file| TreePath::new(format!("app/{file}")).ok()) {
        return vec![Entry::MainFile(path)];
    }
    objects(&words)
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
        let entrypoint = words.iter().map(|word| (*word).to_owned()).collect();
        entries(&Runtime {
            entrypoint,
            environment: Default::default(),
            user: String::new(),
            working_directory: String::new(),
            port: None,
            labels: Default::default(),
            created: String::new(),
        })
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
    }
}

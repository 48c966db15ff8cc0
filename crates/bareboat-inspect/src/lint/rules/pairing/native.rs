//! Whether the Python packages of a stage have compiled code.
//!
//! Names come from pip's arguments and from the requirement files in the build context. The lists are short on
//! purpose: a package that is in none of them is not known.

use std::collections::BTreeSet;

use bareboat_dockerfile::Kind;
use bareboat_dockerfile::instruction::Source;

use super::content::pip_install;
use crate::lint::Context;
use crate::lint::context::{StageView, Step, grammar};

/// What packages are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nature {
    /// All of them only Python.
    Pure,
    /// Compiled parts that Python replaces when they do not load.
    Optional,
    /// Nobody knows.
    Unknown,
    /// Something does not work without its compiled part.
    Native,
}

/// Packages that do not import without their compiled modules.
const NATIVE: &[&str] = &[
    "aiohttp",
    "argon2-cffi",
    "asyncpg",
    "bcrypt",
    "cffi",
    "confluent-kafka",
    "cryptography",
    "fastapi",
    "gevent",
    "greenlet",
    "grpcio",
    "httptools",
    "lxml",
    "matplotlib",
    "mysqlclient",
    "numpy",
    "opencv-python",
    "orjson",
    "pandas",
    "pillow",
    "polars",
    "psutil",
    "psycopg2",
    "psycopg2-binary",
    "pyarrow",
    "pydantic",
    "pydantic-core",
    "pyzmq",
    "rpds-py",
    "scikit-learn",
    "scipy",
    "tiktoken",
    "tokenizers",
    "torch",
    "ujson",
    "uvloop",
];
/// Packages whose compiled modules are only faster, and those that always bring one of them.
const OPTIONAL: &[&str] = &[
    "charset-normalizer",
    "coverage",
    "flask",
    "jinja2",
    "mako",
    "markupsafe",
    "pyyaml",
    "requests",
    "sqlalchemy",
    "tornado",
    "websockets",
    "werkzeug",
    "wrapt",
];
/// Packages that are only Python and need no others than such.
const PURE: &[&str] = &[
    "asgiref",
    "blinker",
    "bottle",
    "certifi",
    "click",
    "django",
    "gunicorn",
    "h11",
    "idna",
    "itsdangerous",
    "packaging",
    "pip",
    "pygments",
    "pyjwt",
    "python-dateutil",
    "pytz",
    "setuptools",
    "six",
    "sniffio",
    "sqlparse",
    "tomli",
    "typing-extensions",
    "tzdata",
    "urllib3",
    "wheel",
    "whitenoise",
];

/// The names of the packages that are installed in `maker` and the stages it builds on, as far as they can be seen:
/// pip's arguments and its requirement files.
pub(super) fn packages(context: &Context<'_>, maker: &StageView<'_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for step in context.chain(maker).into_iter().flat_map(|link| &link.steps) {
        let calls = step.run().map(|run| run.calls.as_slice()).unwrap_or_default();
        for call in calls.iter().filter(|call| pip_install(call)) {
            let options = call.options(&grammar::PIP);
            let files =
                options.options.iter().filter(|option| matches!(&*option.name, "-r" | "--requirement"));
            for text in
                files.filter_map(|option| requirements(context, maker, step, option.value.as_deref()?))
            {
                names.extend(lines(&text).map(name));
            }
            let words = options.operands.iter().skip_while(|word| !word.is("install")).skip(1);
            names.extend(words.filter_map(|word| word.value()).map(name));
        }
    }
    names
}

/// The lines of a requirement file that name packages.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(|line| line.split(" #").next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("--hash"))
}

/// The package's name in its normal form (PEP 503).
fn name(requirement: &str) -> String {
    let is_name = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
    let end = requirement.find(|char: char| !is_name(char)).unwrap_or(requirement.len());
    requirement[..end].to_ascii_lowercase().replace(['_', '.'], "-")
}

/// What the packages installed in `maker` and the stages it builds on are made of.
pub(super) fn nature(context: &Context<'_>, maker: &StageView<'_>) -> Nature {
    let links = context.chain(maker);
    if !context.affords(&links) {
        return Nature::Unknown;
    }
    let steps = links.into_iter().flat_map(|link| &link.steps);
    let mut worst: Option<Nature> = None;
    for step in steps {
        let calls = step.run().map(|run| run.calls.as_slice()).unwrap_or_default();
        for call in calls.iter().filter(|call| pip_install(call)) {
            let options = call.options(&grammar::PIP);
            let files =
                options.options.iter().filter(|option| matches!(&*option.name, "-r" | "--requirement"));
            let texts: Vec<Option<String>> =
                files.map(|option| requirements(context, maker, step, option.value.as_deref()?)).collect();
            let mut add = |nature| worst = worst.max(Some(nature));
            for text in texts {
                add(text.map_or(Nature::Unknown, |text| of_file(&text)));
            }
            let words = options.operands.iter().skip_while(|word| !word.is("install")).skip(1);
            words.for_each(|word| add(word.value().map_or(Nature::Unknown, of_requirement)));
        }
    }
    worst.unwrap_or(Nature::Unknown)
}

/// The text of a requirement file, when a COPY of one file of that name brought it from the context.
fn requirements(context: &Context<'_>, maker: &StageView<'_>, step: &Step<'_>, path: &str) -> Option<String> {
    let build = context.build()?;
    let name = path.rsplit('/').next().unwrap_or(path);
    let links = context.chain(maker);
    let before = links
        .into_iter()
        .flat_map(|link| &link.steps)
        .take_while(|other| other.stage != step.stage || other.position < step.position);
    let sources = before.filter_map(|step| match &step.command.kind {
        Kind::Copy(copy) if copy.from.is_none() => Some(copy.transfer.sources.iter()),
        _ => None,
    });
    let paths = sources.flatten().filter_map(|source| match source {
        Source::Path(word) => Some(word.text.as_str()),
        Source::Heredoc(_) => None,
    });
    let found = paths.filter_map(|source| {
        let whole = matches!(source.trim_end_matches('/'), "." | "");
        let same = source.rsplit('/').next() == Some(name);
        (whole || same).then_some(if whole { path } else { source })
    });
    found.filter_map(|path| build.text(path)).last()
}

fn of_file(text: &str) -> Nature {
    lines(text).map(of_requirement).max().unwrap_or(Nature::Unknown)
}

/// `Flask[async]>=3 ; …`: extras bring packages that are not named.
fn of_requirement(requirement: &str) -> Nature {
    let name = name(requirement);
    let rest = &requirement[name.len()..];
    let has = |names: &[&str]| names.contains(&name.as_str());
    if has(NATIVE) {
        return Nature::Native;
    }
    match rest.trim_start().starts_with(['[', '@', '/', ':']) {
        true => Nature::Unknown,
        false if has(OPTIONAL) => Nature::Optional,
        false if has(PURE) => Nature::Pure,
        false => Nature::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_a_file_counts() {
        assert_eq!(of_file("# x\nclick==8.1\nsix\n"), Nature::Pure);
        assert_eq!(of_file("click==8.1\nMarkupSafe==3.0.4 # fast\n"), Nature::Optional);
        assert_eq!(of_file("click\nNumPy>=2 ; python_version > '3.9'\n"), Nature::Native);
        assert_eq!(of_file("nobody-knows\nclick\n"), Nature::Unknown);
        assert_eq!(of_requirement("click[extra]"), Nature::Unknown);
    }
}

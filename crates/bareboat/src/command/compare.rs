//! `bareboat compare`: images side by side.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use bareboat_inspect::audit::{Auditor, Configuration, Context};
use bareboat_inspect::compare::{self, Budget, Candidate, Symbols, Theme};

use super::image;
use super::lint::today;
use crate::cli::{CompareArgs, CompareFormat, ThemeChoice};
use crate::failure::Failure;
use crate::session::Session;
use crate::terminal::print;

/// Prints the comparison; 1 when an image is over budget.
pub fn run(session: &Session, arguments: &CompareArgs) -> Result<ExitCode, Failure> {
    let budgets = budgets(&arguments.fail_on)?;
    let format =
        arguments.format.or_else(|| of_name(arguments.output.as_deref()?)).unwrap_or(CompareFormat::Text);
    if format == CompareFormat::Png && arguments.output.is_none() && std::io::stdout().is_terminal() {
        return Err(Failure::input("a terminal shows no PNG").hint("name a file: `-o picture.png`"));
    }
    let auditor =
        Auditor::new(Configuration::default()).map_err(|error| Failure::input(error.to_string()))?;
    let mut candidates = Vec::new();
    for name in &arguments.images {
        let asked = image::Asked {
            image: name,
            platform: arguments.platform.as_deref(),
            registry: &arguments.registry,
        };
        let facts = image::facts(session, asked)?;
        let audit = auditor.audit(&Context { facts: &facts, today: today() });
        candidates.push(Candidate { facts, audit });
    }
    // Against the first that was named, before they are put in another order.
    let over = compare::over_budget(&budgets, &candidates);
    write(session, arguments.output.as_deref(), &drawn(candidates, format, arguments.theme))?;
    over.iter().for_each(|sentence| session.terminal.warning(sentence));
    Ok(ExitCode::from(u8::from(!over.is_empty())))
}

/// The comparison's bytes: best first for people, as they were named for what is about a change.
fn drawn(mut candidates: Vec<Candidate>, format: CompareFormat, theme: ThemeChoice) -> Vec<u8> {
    let theme = match theme {
        ThemeChoice::Light => Theme::Light,
        ThemeChoice::Dark => Theme::Dark,
        ThemeChoice::Auto => Theme::Auto,
    };
    if !matches!(format, CompareFormat::Json | CompareFormat::Markdown) {
        compare::best_first(&mut candidates);
    }
    match format {
        CompareFormat::Text => compare::text(&candidates, symbols()).into_bytes(),
        CompareFormat::Json => compare::json(&candidates).into_bytes(),
        CompareFormat::Markdown => compare::markdown(&candidates).into_bytes(),
        CompareFormat::Html => compare::html(&candidates).into_bytes(),
        CompareFormat::Svg => compare::svg(&candidates, theme).into_bytes(),
        CompareFormat::Png => compare::png(&candidates, theme),
    }
}

fn write(session: &Session, output: Option<&Path>, bytes: &[u8]) -> Result<(), Failure> {
    if let Some(path) = output {
        let unwritable = |error| Failure::world(format!("cannot write `{}`", path.display())).because(error);
        std::fs::write(path, bytes).map_err(unwritable)?;
        session.terminal.say(&format!("wrote {}", path.display()));
        return Ok(());
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => print(text),
        // A reader that goes away early wants no more.
        Err(_) => drop(std::io::stdout().write_all(bytes)),
    }
    Ok(())
}

/// The format that a file's name ends with.
fn of_name(path: &Path) -> Option<CompareFormat> {
    Some(match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "json" => CompareFormat::Json,
        "md" | "markdown" => CompareFormat::Markdown,
        "html" | "htm" => CompareFormat::Html,
        "svg" => CompareFormat::Svg,
        "png" => CompareFormat::Png,
        _ => return None,
    })
}

fn budgets(texts: &[String]) -> Result<Vec<Budget>, Failure> {
    let one = |text: &String| {
        text.parse().map_err(|error| Failure::input(format!("cannot use `--fail-on {text}`")).because(error))
    };
    texts.iter().map(one).collect()
}

/// Blocks and ticks where the locale says that the terminal shows them (locale(7)).
fn symbols() -> Symbols {
    let set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let name = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find(|name| set(name));
    let locale = name.and_then(|name| std::env::var(name).ok()).unwrap_or_default().to_ascii_lowercase();
    if locale.contains("utf-8") || locale.contains("utf8") { Symbols::Unicode } else { Symbols::Ascii }
}

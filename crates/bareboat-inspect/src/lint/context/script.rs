//! Shell scripts of a file: each parsed once, also those inside others (`sh -c '…'`, `bash <<EOF`).

use std::collections::BTreeMap;
use std::ops::Range;

use bareboat_dockerfile::instruction::{CommandLine, Executed, Healthcheck};
use bareboat_dockerfile::shell::{Part, Script, Simple, Word};
use bareboat_dockerfile::{Dockerfile, Instruction, Kind, Text};

use super::Dialect;
use super::wrapper::wrapped;

/// How deep scripts in scripts are followed.
const DEEPEST: usize = 3;

/// A parsed script.
#[derive(Debug)]
pub struct ShellScript {
    /// The script; its ranges become places with [`Script::span`].
    pub script: Script,
    /// The shell that reads it, where the text itself says so: a `#!` line, `bash -c`. Otherwise the one in force.
    pub named: Option<Dialect>,
    /// It is inside another script or a JSON form.
    pub nested: bool,
    /// A file of its own with a `#!` line: the options of SHELL do not hold.
    pub file: bool,
}

/// All scripts of a file, by the instruction they are in.
#[derive(Debug, Default)]
pub(in crate::lint) struct Scripts(BTreeMap<usize, Vec<ShellScript>>);

impl Scripts {
    /// Parses every RUN, CMD, ENTRYPOINT and HEALTHCHECK of `file`.
    pub(in crate::lint) fn new(file: &Dockerfile) -> Self {
        let found = file.instructions().filter_map(|instruction| {
            let scripts = of_instruction(instruction, file.source());
            (!scripts.is_empty()).then_some((instruction.span.start, scripts))
        });
        Self(found.collect())
    }

    pub(super) fn of(&self, instruction: &Instruction) -> &[ShellScript] {
        self.0.get(&instruction.span.start).map_or(&[], Vec::as_slice)
    }
}

fn of_instruction(instruction: &Instruction, source: &[u8]) -> Vec<ShellScript> {
    let mut scripts = Vec::new();
    let line = match &instruction.effective().kind {
        Kind::Run(run) => match run.executed(instruction, source) {
            Executed::Shell(text) => {
                add(text, None, Nesting::Own, &mut scripts);
                return scripts;
            }
            Executed::File { heredoc, text } => {
                let shebang = instruction.heredocs.get(heredoc).and_then(|heredoc| heredoc.shebang(source));
                let shebang = shebang.map(|span| String::from_utf8_lossy(span.of(source)).into_owned());
                let dialect = Dialect::of_shebang(&shebang.unwrap_or_default());
                if dialect.is_parsed() {
                    add(text, Some(dialect), Nesting::File, &mut scripts);
                }
                return scripts;
            }
            Executed::Exec(_) => &run.command,
        },
        Kind::Cmd(line) | Kind::Entrypoint(line) => line,
        Kind::Healthcheck(Healthcheck::Command(healthcheck)) => &healthcheck.command,
        _ => return scripts,
    };
    match line {
        CommandLine::Shell(text) => add(text.clone(), None, Nesting::Own, &mut scripts),
        CommandLine::Exec(words) => {
            let values: Vec<_> = words.iter().map(|word| Some(word.text.clone())).collect();
            if let Some((index, dialect)) = shell_argument(&values)
                && let Some(text) = json_content(instruction, &words[index])
            {
                add(text, Some(dialect), Nesting::Inside(1), &mut scripts);
            }
        }
    }
    scripts
}

/// Where a script was found.
#[derive(Clone, Copy)]
enum Nesting {
    Own,
    File,
    Inside(usize),
}

fn add(text: Text, named: Option<Dialect>, nesting: Nesting, scripts: &mut Vec<ShellScript>) {
    let script = Script::parse(text);
    let depth = match nesting {
        Nesting::Inside(depth) => depth,
        Nesting::Own | Nesting::File => 0,
    };
    let inside = if depth < DEEPEST { inner(&script) } else { Vec::new() };
    scripts.push(ShellScript { script, named, nested: depth > 0, file: matches!(nesting, Nesting::File) });
    for (text, dialect) in inside {
        add(text, Some(dialect), Nesting::Inside(depth + 1), scripts);
    }
}

/// The scripts that commands of `script` hand to another shell.
fn inner(script: &Script) -> Vec<(Text, Dialect)> {
    let mut found = Vec::new();
    for (simple, command, _) in script.simple_commands() {
        let values: Vec<_> = simple.words.iter().map(Word::literal).collect();
        if let Some((index, dialect)) = shell_argument(&values) {
            found.extend(quoted_content(script, &simple.words[index]).map(|text| (text, dialect)));
        } else if let Some(dialect) = reads_stdin(simple, &values) {
            let heredocs = command.redirections.iter().filter_map(|redirection| redirection.heredoc);
            let bodies = heredocs.filter_map(|index| script.heredocs.get(index));
            found.extend(bodies.map(|heredoc| (script.text().slice(heredoc.body.clone()), dialect)));
        }
    }
    found
}

/// The index of the script in `sh -c SCRIPT`, and the shell.
fn shell_argument(values: &[Option<String>]) -> Option<(usize, Dialect)> {
    let start = wrapped(values);
    let dialect = Dialect::of_program(values.get(start)?.as_deref()?);
    if !dialect.is_parsed() {
        return None;
    }
    let mut command = false;
    for (index, value) in values.iter().enumerate().skip(start + 1) {
        match value.as_deref()? {
            option if option.starts_with("--") => {}
            option if option.starts_with(['-', '+']) => {
                command |= option.starts_with('-') && option.contains('c')
            }
            // The value of `-o`.
            "pipefail" | "errexit" | "nounset" | "xtrace" => {}
            _ => return command.then_some((index, dialect)),
        }
    }
    None
}

/// The shell of a command that reads its script from standard input: only options, no script.
fn reads_stdin(simple: &Simple, values: &[Option<String>]) -> Option<Dialect> {
    let start = wrapped(values);
    let dialect = Dialect::of_program(values.get(start)?.as_deref()?);
    let only_options = simple.words.iter().skip(start + 1).all(|word| word.literal_prefix().starts_with('-'));
    (dialect.is_parsed() && only_options).then_some(dialect)
}

/// The text of a word that is one quoted piece without expansions or escapes, with its places.
fn quoted_content(script: &Script, word: &Word) -> Option<Text> {
    let [part] = &word.parts[..] else { return None };
    let (Part::SingleQuoted { ansi: false, range, .. } | Part::DoubleQuoted { range, .. }) = part else {
        return None;
    };
    content(script.text(), range.clone(), &word.literal()?)
}

/// The text of a JSON string without escapes, with its places.
fn json_content(instruction: &Instruction, word: &bareboat_dockerfile::Word) -> Option<Text> {
    content(&instruction.text, word.range.clone(), &word.text)
}

fn content(text: &Text, quoted: Range<usize>, value: &str) -> Option<Text> {
    let inside = quoted.start + 1..quoted.end.checked_sub(1)?;
    (text.as_str().get(inside.clone())? == value).then(|| text.slice(inside))
}

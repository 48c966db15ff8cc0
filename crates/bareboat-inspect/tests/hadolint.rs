//! The verdicts of hadolint on our own files, line by line, against ours with its preset.
//!
//! `hadolint/*.cases` has files, each after a line `=== title`. `config …` lines below the title configure both
//! linters. After `---` come the verdicts, a line of the file each: its number, then codes. `DL3003` is what both
//! report, `-DL3003` what only hadolint reports, `+DL3003` what only we report, `~SC2012` what hadolint's ShellCheck
//! reports and no rule here knows. hadolint reports every finding at the first line of its instruction; here ours
//! count there too. Of what ShellCheck finds in a RUN hadolint shows one code; here is what ShellCheck itself says about
//! the script as hadolint hands it over.
//!
//! The test needs neither. `HADOLINT=/path SHELLCHECK=/path cargo test -p bareboat-inspect --test hadolint` asks them
//! and writes the verdicts anew: then read the difference.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use bareboat_dockerfile::instruction::{Executed, Pairs};
use bareboat_dockerfile::{Dockerfile, Kind};
use bareboat_inspect::lint::{Configuration, Input, Linter, Preset, rules};

type Verdicts = BTreeMap<usize, BTreeSet<String>>;

/// A file and what is said about it.
#[derive(Default)]
struct Case {
    title: String,
    configuration: Vec<String>,
    text: String,
    verdicts: Vec<String>,
}

impl Case {
    fn parse(page: &str) -> Vec<Self> {
        let mut cases: Vec<Self> = Vec::new();
        let mut after = false;
        for line in page.lines() {
            if let Some(title) = line.strip_prefix("=== ") {
                cases.push(Self { title: title.to_owned(), ..Self::default() });
                after = false;
                continue;
            }
            let Some(case) = cases.last_mut() else { continue };
            match line.strip_prefix("config ") {
                Some(words) if case.text.is_empty() => case.configuration.push(words.to_owned()),
                _ if line == "---" => after = true,
                _ if after => case.verdicts.push(line.to_owned()),
                _ => case.text.extend([line, "\n"]),
            }
        }
        cases
    }

    fn print(&self) -> String {
        let mut text = format!("=== {}\n", self.title);
        for words in &self.configuration {
            _ = writeln!(text, "config {words}");
        }
        text.push_str(&self.text);
        text.push_str("---\n");
        for line in &self.verdicts {
            _ = writeln!(text, "{line}");
        }
        text
    }

    /// What hadolint said when the file was written.
    fn recorded(&self) -> Verdicts {
        let mut verdicts = Verdicts::new();
        for line in &self.verdicts {
            let mut words = line.split(' ');
            let number = words.next().and_then(|word| word.parse().ok()).expect("a line number");
            let codes = words.filter(|code| !code.starts_with('+'));
            let codes = codes.map(|code| code.trim_start_matches(['-', '~']).to_owned());
            verdicts.entry(number).or_default().extend(codes);
        }
        verdicts.retain(|_, codes| !codes.is_empty());
        verdicts
    }

    fn ours(&self) -> Verdicts {
        let mut configuration = Configuration { preset: Preset::Hadolint, ..Configuration::default() };
        for words in &self.configuration {
            match words.split_once(' ') {
                None if words == "strict" => configuration.settings.strict_labels = true,
                Some(("trust", registry)) => {
                    configuration.settings.trusted_registries.push(registry.to_owned());
                }
                Some(("enable", code)) => configuration.enable.push(code.to_owned()),
                Some(("label", label)) => {
                    let (name, format) = label.split_once(':').expect("a format");
                    configuration.settings.labels.insert(name.to_owned(), format.parse().unwrap());
                }
                _ => panic!("what is `{words}`?"),
            }
        }
        let linter = Linter::new(configuration).unwrap();
        let parsed = Dockerfile::parse(self.text.as_bytes());
        let lines = parsed.file.line_index();
        let starts: Vec<_> = parsed.file.instructions().map(|found| found.text_span().start).collect();
        let mut verdicts = Verdicts::new();
        for finding in linter.lint(&Input::new(self.text.as_bytes())) {
            let codes = finding.aliases.iter().filter(|alias| is_code(alias)).map(ToString::to_string);
            let before = starts.partition_point(|start| *start <= finding.place.range.start);
            let pragma = finding.rule == "pragma-used";
            let line = match before.checked_sub(1).filter(|_| !pragma) {
                Some(index) => lines.position(starts[index]).line,
                None => finding.place.line,
            };
            verdicts.entry(line).or_default().extend(codes);
        }
        verdicts.retain(|_, codes| !codes.is_empty());
        verdicts
    }

    /// Asks hadolint.
    fn asked(&self, program: &str) -> Verdicts {
        let mut command = Command::new(program);
        command.args(["--no-color", "--no-fail", "-f", "gnu", "-c", "/dev/null"]);
        for words in &self.configuration {
            match words.split_once(' ') {
                None => command.arg("--strict-labels"),
                Some(("trust", registry)) => command.args(["--trusted-registry", registry]),
                Some(("enable", code)) => command.args(["--info", code]),
                Some((_, label)) => command.args(["--require-label", label]),
            };
        }
        let mut child = command
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), self.text.as_bytes()).unwrap();
        let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        let mut verdicts = Verdicts::new();
        // `hadolint:-:2: DL3003 warning: …`, for a file that does not parse `-:2:5 …`.
        for line in output.lines() {
            let mut fields = line.trim_start_matches("hadolint:").split(':').skip(1);
            let Some(number) = fields.next().and_then(|field| field.parse().ok()) else { continue };
            let code = line.split([' ', ':']).find(|word| is_code(word)).unwrap_or("DL1000");
            verdicts.entry(number).or_default().insert(code.to_owned());
        }
        let read = !verdicts.values().any(|codes| codes.contains("DL1000"));
        if let Some(program) = env::var_os("SHELLCHECK").filter(|_| read && !self.text.contains("shell=")) {
            for (number, script) in self.scripts() {
                verdicts.entry(number).or_default().extend(shellcheck(&program, &script));
            }
        }
        verdicts.retain(|_, codes| !codes.is_empty());
        verdicts
    }

    /// The scripts of RUN with their lines, as hadolint hands them to ShellCheck: the shell as `#!` line, the variables
    /// of the build exported, the lines joined.
    fn scripts(&self) -> Vec<(usize, String)> {
        let parsed = Dockerfile::parse(self.text.as_bytes());
        let lines = parsed.file.line_index();
        let (mut shell, mut exports, mut found) = ("/bin/sh -c".to_owned(), String::new(), Vec::new());
        for instruction in parsed.file.instructions() {
            match &instruction.effective().kind {
                Kind::From(_) => (shell, exports) = ("/bin/sh -c".to_owned(), String::new()),
                Kind::Shell(words) => {
                    let words: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
                    shell = words.join(" ");
                }
                Kind::Env(Pairs { pairs, .. }) | Kind::Arg(pairs) => {
                    exports.extend(pairs.iter().map(|pair| format!("export {}=1\n", pair.name.text)));
                }
                Kind::Run(run) => {
                    if let Executed::Shell(text) = run.executed(instruction, self.text.as_bytes()) {
                        let line = lines.position(instruction.text_span().start).line;
                        found.push((line, format!("#!{shell}\n{exports}{}\n", text.as_str())));
                    }
                }
                _ => {}
            }
        }
        found
    }
}

/// Asks ShellCheck. What hadolint leaves out is left out here.
fn shellcheck(program: &std::ffi::OsStr, script: &str) -> BTreeSet<String> {
    if script.contains("pwsh") || script.contains("powershell") || script.starts_with("#!cmd") {
        return BTreeSet::new();
    }
    let mut command = Command::new(program);
    command.args(["--norc", "-f", "gcc", "-e", "SC2187,SC1090,SC1091", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), script.as_bytes()).unwrap();
    let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    output.split(['[', ']']).filter(|word| is_code(word)).map(str::to_owned).collect()
}

/// `DL3003`, `SC2086`
fn is_code(word: &str) -> bool {
    let digits = word.strip_prefix("DL").or_else(|| word.strip_prefix("SC"));
    digits.is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_ours(code: &str) -> bool {
    rules::find(code).next().is_some()
}

/// The lines below `---`.
fn compare(theirs: &Verdicts, ours: &Verdicts) -> Vec<String> {
    let none = BTreeSet::new();
    let lines: BTreeSet<usize> = theirs.keys().chain(ours.keys()).copied().collect();
    let written = lines.into_iter().map(|number| {
        let (theirs, ours) = (theirs.get(&number).unwrap_or(&none), ours.get(&number).unwrap_or(&none));
        let mut line = number.to_string();
        for code in theirs | ours {
            let mark = match (theirs.contains(&code), ours.contains(&code)) {
                (true, true) => "",
                (false, _) => "+",
                _ if is_ours(&code) || code.starts_with("DL") => "-",
                _ => "~",
            };
            _ = write!(line, " {mark}{code}");
        }
        line
    });
    written.collect()
}

fn pages() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hadolint");
    let mut pages: Vec<PathBuf> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    pages
}

#[test]
fn verdicts_are_as_recorded() {
    let mut faults = Vec::new();
    for path in pages() {
        let page = fs::read_to_string(&path).unwrap();
        let mut cases = Case::parse(&page);
        let program = env::var("HADOLINT").ok();
        for case in &mut cases {
            let theirs = program.as_deref().map_or_else(|| case.recorded(), |program| case.asked(program));
            let now = compare(&theirs, &case.ours());
            if program.is_some() {
                case.verdicts = now;
                continue;
            }
            let changed = now.iter().filter(|line| !case.verdicts.contains(line));
            let gone = case.verdicts.iter().filter(|line| !now.contains(line));
            faults.extend(changed.map(|line| format!("{}: now {line}", case.title)));
            faults.extend(gone.map(|line| format!("{}: was {line}", case.title)));
        }
        if program.is_some() {
            fs::write(&path, cases.iter().map(Case::print).collect::<String>()).unwrap();
        }
    }
    assert!(faults.is_empty(), "verdicts have changed:\n{}", faults.join("\n"));
}

/// The rows of the page about codes: code, rule, and whether verdicts are the same.
fn rows() -> BTreeMap<String, (String, bool)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/hadolint.md");
    let page = fs::read_to_string(page).unwrap();
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let code = cells.next().filter(|code| is_code(code))?.to_owned();
        let rule = cells.next()?.trim_matches('`').to_owned();
        Some((code, (rule, cells.next()?.starts_with("same"))))
    });
    rows.collect()
}

/// The page says of every code what the recorded verdicts say.
#[test]
fn the_page_about_codes_tells_the_truth() {
    let (mut reported, mut differ) = (BTreeSet::new(), BTreeSet::new());
    let pages = pages();
    let cases = pages.iter().flat_map(|page| Case::parse(&fs::read_to_string(page).unwrap()));
    let words: Vec<String> = cases.flat_map(|case| case.verdicts).collect();
    for word in words.iter().flat_map(|line| line.split(' ').skip(1)) {
        let code = word.trim_start_matches(['+', '-', '~']);
        reported.insert(code.to_owned());
        if word.starts_with(['+', '-']) {
            differ.insert(code.to_owned());
        }
    }
    let mut faults = Vec::new();
    let rows = rows();
    for (code, (rule, same)) in &rows {
        if *same == differ.contains(code) {
            faults.push(format!("{code}: the page says {}", if *same { "same" } else { "differs" }));
        }
        if !rules::find(code).any(|found| found.name == rule) {
            faults.push(format!("{code} is no alias of {rule}"));
        }
        if !reported.contains(code) && code != "SC2002" {
            faults.push(format!("{code} is reported nowhere"));
        }
    }
    let aliases = rules::all().flat_map(|rule| rule.aliases.iter().copied()).filter(|alias| is_code(alias));
    let known = aliases.map(str::to_owned).chain(differ);
    faults.extend(
        known.filter(|code| !rows.contains_key(code)).map(|code| format!("{code} is not on the page")),
    );
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

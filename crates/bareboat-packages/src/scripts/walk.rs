//! Follows a script as a first installation would run it, and collects what it would do.
//!
//! Nothing is executed. Conditions on the script's arguments are decided (`configure`, no old version); all others may
//! go either way, so both ways are followed. What cannot be decided counts as done.

use std::collections::BTreeMap;

use super::parser::Command;
use super::word::{Variables, Word};

/// Something a script would do: a command's expanded words, or a file it writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// A command.
    Run {
        /// Its words; `None` where nobody knows.
        words: Vec<Option<String>>,
        /// As written.
        text: String,
    },
    /// Output to a file.
    Write {
        /// As written.
        target: String,
    },
}

/// What `script` would do when called with `arguments`.
pub(super) fn actions(script: &[Command], arguments: &[&str], variables: &[(&str, &str)]) -> Vec<Action> {
    let mut walker = Walker {
        variables: variables
            .iter()
            .map(|(name, value)| (name.to_string(), Some(value.to_string())))
            .collect(),
        functions: BTreeMap::new(),
        actions: Vec::new(),
        uncertain: 0,
        depth: 0,
        budget: MOST_STEPS,
    };
    walker.set_arguments(arguments.iter().map(|argument| Some(argument.to_string())).collect());
    walker.list(script);
    walker.actions
}

/// Steps before a script is given up on; the rest then counts as unknown.
const MOST_STEPS: usize = 50_000;
const DEEPEST: usize = 64;
/// `for` loops over constants are unrolled up to here.
const MOST_VALUES: usize = 64;

struct Walker<'a> {
    variables: Variables,
    functions: BTreeMap<&'a str, &'a [Command]>,
    actions: Vec<Action>,
    /// How many undecided conditions enclose the present command.
    uncertain: usize,
    depth: usize,
    budget: usize,
}

/// A command's end: its status where known, and whether the script (or function) ends with it.
#[derive(Clone, Copy)]
struct Outcome {
    status: Option<bool>,
    ends: bool,
}

const UNKNOWN: Outcome = Outcome { status: None, ends: false };

fn known(status: bool) -> Outcome {
    Outcome { status: Some(status), ends: false }
}

impl<'a> Walker<'a> {
    fn list(&mut self, commands: &'a [Command]) -> Outcome {
        let mut outcome = known(true);
        for command in commands {
            outcome = self.command(command);
            if outcome.ends {
                break;
            }
        }
        outcome
    }

    fn command(&mut self, command: &'a Command) -> Outcome {
        if self.budget == 0 || self.depth > DEEPEST {
            return self.give_up();
        }
        self.budget -= 1;
        self.depth += 1;
        let outcome = match command {
            Command::Simple { words, writes } => self.simple(words, writes),
            Command::If { branches, otherwise } => self.conditional(branches, otherwise),
            Command::Case { subject, arms } => self.case(subject, arms),
            Command::For { name, values, body } => self.for_loop(name, values.as_deref(), body),
            Command::Loop { condition, body } => {
                let condition = self.maybe(|walker| walker.list(condition));
                if condition.status != Some(false) {
                    self.maybe(|walker| walker.list(body));
                }
                UNKNOWN
            }
            Command::Function { name, body } => {
                self.functions.insert(name, body);
                known(true)
            }
            Command::Group { body, writes } => {
                self.writes(writes);
                self.list(body)
            }
            Command::Chain { first, rest } => self.chain(first, rest),
            Command::Pipe(commands) => {
                for command in commands {
                    self.maybe(|walker| walker.command(command));
                }
                UNKNOWN
            }
            Command::Not(inner) => {
                let outcome = self.command(inner);
                Outcome { status: outcome.status.map(|status| !status), ..outcome }
            }
        };
        self.depth -= 1;
        outcome
    }

    fn conditional(
        &mut self,
        branches: &'a [(Vec<Command>, Vec<Command>)],
        otherwise: &'a [Command],
    ) -> Outcome {
        let before = self.uncertain;
        let mut outcome = None;
        for (condition, branch) in branches {
            match self.list(condition).status {
                Some(true) => {
                    outcome = Some(self.list(branch));
                    break;
                }
                Some(false) => {}
                None => {
                    self.uncertain += 1;
                    self.list(branch);
                }
            }
        }
        let outcome = outcome.unwrap_or_else(|| self.list(otherwise));
        let decided = self.uncertain == before;
        self.uncertain = before;
        if decided { outcome } else { UNKNOWN }
    }

    fn case(&mut self, subject: &Word, arms: &'a [(Vec<Word>, Vec<Command>)]) -> Outcome {
        let subject = subject.expand(&self.variables);
        for (patterns, body) in arms {
            let patterns: Vec<_> = patterns.iter().map(|pattern| pattern.expand(&self.variables)).collect();
            let verdicts =
                patterns.iter().map(|pattern| matches_glob(pattern.as_deref()?, subject.as_deref()?));
            let verdicts: Vec<Option<bool>> = verdicts.collect();
            if verdicts.contains(&Some(true)) {
                return self.list(body);
            }
            if verdicts.contains(&None) {
                self.maybe(|walker| walker.list(body));
            }
        }
        known(true)
    }

    fn for_loop(&mut self, name: &str, values: Option<&[Word]>, body: &'a [Command]) -> Outcome {
        let expanded: Option<Vec<String>> = values
            .filter(|values| values.len() <= MOST_VALUES)
            .and_then(|values| values.iter().map(|value| value.expand(&self.variables)).collect());
        // `*` in a value stands for files that nobody knows.
        match expanded.filter(|values| !values.iter().any(|value| value.contains(['*', '?', ' ', '\n']))) {
            Some(values) => {
                for value in values {
                    self.variables.insert(name.to_owned(), Some(value));
                    let outcome = self.list(body);
                    if outcome.ends {
                        return outcome;
                    }
                }
            }
            None => {
                self.variables.insert(name.to_owned(), None);
                self.maybe(|walker| walker.list(body));
            }
        }
        UNKNOWN
    }

    fn chain(&mut self, first: &'a Command, rest: &'a [(bool, Command)]) -> Outcome {
        let mut outcome = self.command(first);
        for (and, command) in rest {
            if outcome.ends {
                return outcome;
            }
            outcome = match outcome.status {
                Some(status) if status == *and => self.command(command),
                Some(_) => outcome,
                None => Outcome { status: None, ..self.maybe(|walker| walker.command(command)) },
            };
        }
        outcome
    }

    fn simple(&mut self, words: &[Word], writes: &[Word]) -> Outcome {
        self.writes(writes);
        let assignments = words.iter().take_while(|word| word.assignment().is_some()).count();
        let (assigned, words) = words.split_at(assignments);
        if words.is_empty() {
            for (name, value) in assigned.iter().filter_map(Word::assignment) {
                let value = value.expand(&self.variables);
                self.assign(name, value);
            }
            return UNKNOWN;
        }
        let expanded: Vec<Option<String>> = words.iter().map(|word| word.expand(&self.variables)).collect();
        let name = expanded[0].clone().unwrap_or_default();
        let known_words: Option<Vec<&str>> = expanded.iter().map(Option::as_deref).collect();
        match name.as_str() {
            "exit" | "return" => return Outcome { status: None, ends: self.uncertain == 0 },
            "true" | ":" => return known(true),
            "false" => return known(false),
            "[" | "test" => {
                return Outcome { status: known_words.and_then(|words| test(&words)), ends: false };
            }
            "shift" => self.shift(),
            "local" | "export" | "readonly" => {
                for (name, value) in words[1..].iter().filter_map(Word::assignment) {
                    let value = value.expand(&self.variables);
                    self.assign(name, value);
                }
            }
            "read" => {
                for name in words[1..].iter().filter_map(Word::bare) {
                    self.variables.insert(name.to_owned(), None);
                }
            }
            "dpkg"
                if known_words.as_ref().is_some_and(|words| words.get(1) == Some(&"--compare-versions")) =>
            {
                return Outcome {
                    status: known_words.and_then(|words| compare_versions(&words[2..])),
                    ends: false,
                };
            }
            _ => {
                if let Some(body) = self.functions.get(name.as_str()).copied() {
                    return self.call(body, expanded);
                }
            }
        }
        let text = words.iter().map(|word| word.raw.as_str()).collect::<Vec<_>>().join(" ");
        self.actions.push(Action::Run { words: expanded, text });
        UNKNOWN
    }

    fn call(&mut self, body: &'a [Command], mut words: Vec<Option<String>>) -> Outcome {
        let saved: Vec<_> = POSITIONAL.iter().map(|name| self.variables.get(*name).cloned()).collect();
        words.remove(0);
        self.set_arguments(words);
        let outcome = self.list(body);
        for (name, value) in POSITIONAL.iter().zip(saved) {
            match value {
                Some(value) => self.variables.insert((*name).to_owned(), value),
                None => self.variables.remove(*name),
            };
        }
        // A function's `return` ends the function alone; an `exit` in it is taken for one, so more is followed.
        Outcome { ends: false, ..outcome }
    }

    fn set_arguments(&mut self, arguments: Vec<Option<String>>) {
        for (index, name) in POSITIONAL.iter().enumerate().take(9) {
            let value = arguments.get(index).cloned().unwrap_or(Some(String::new()));
            self.variables.insert((*name).to_owned(), value);
        }
        for name in ["@", "*"] {
            let all: Option<Vec<String>> = arguments.iter().cloned().collect();
            self.variables.insert(name.to_owned(), all.map(|all| all.join(" ")));
        }
        self.variables.insert("#".to_owned(), Some(arguments.len().to_string()));
    }

    fn shift(&mut self) {
        let rest: Vec<_> =
            POSITIONAL[1..9].iter().map(|name| self.variables.get(*name).cloned().flatten()).collect();
        self.set_arguments(rest);
        self.variables.insert("#".to_owned(), None);
    }

    fn assign(&mut self, name: String, value: Option<String>) {
        const LONGEST: usize = 8 << 10;
        let value = value.filter(|value| self.uncertain == 0 && value.len() <= LONGEST);
        self.variables.insert(name, value);
    }

    fn writes(&mut self, writes: &[Word]) {
        for word in writes {
            let expanded = word.expand(&self.variables);
            if !expanded.is_some_and(|path| path.starts_with("/dev/")) {
                self.actions.push(Action::Write { target: word.raw.clone() });
            }
        }
    }

    fn maybe(&mut self, walk: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        self.uncertain += 1;
        let outcome = walk(self);
        self.uncertain -= 1;
        Outcome { ends: false, ..outcome }
    }

    fn give_up(&mut self) -> Outcome {
        let gave_up =
            Action::Run { words: vec![None], text: "a script too long or deep to follow".to_owned() };
        if self.actions.last() != Some(&gave_up) {
            self.actions.push(gave_up);
        }
        Outcome { status: None, ends: true }
    }
}

const POSITIONAL: [&str; 12] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "@", "*", "#"];

/// `[` on known words; `None` for what depends on the disk.
fn test(words: &[&str]) -> Option<bool> {
    let words = words[1..].strip_suffix(&["]"]).unwrap_or(&words[1..]);
    match words {
        ["!", rest @ ..] if !rest.is_empty() => test(&[&["["], rest].concat()).map(|status| !status),
        ["-n", text] => Some(!text.is_empty()),
        ["-z", text] => Some(text.is_empty()),
        [left, "=" | "==", right] => Some(left == right),
        [left, "!=", right] => Some(left != right),
        [left, operator @ ("-eq" | "-ne" | "-gt" | "-lt" | "-ge" | "-le"), right] => {
            let (left, right): (i64, i64) = (left.parse().ok()?, right.parse().ok()?);
            Some(match *operator {
                "-eq" => left == right,
                "-ne" => left != right,
                "-gt" => left > right,
                "-lt" => left < right,
                "-ge" => left >= right,
                _ => left <= right,
            })
        }
        [text] => Some(!text.is_empty()),
        [] => Some(false),
        _ => None,
    }
}

/// `dpkg --compare-versions` where the old version is empty, as on a first installation (dpkg(1)).
fn compare_versions(words: &[&str]) -> Option<bool> {
    let [left, operator, right] = words else { return None };
    if !left.is_empty() || right.is_empty() {
        return None;
    }
    match *operator {
        "lt" | "le" | "ne" | "<" | "<<" | "<=" => Some(true),
        "eq" | "ge" | "gt" | "lt-nl" | "le-nl" | "=" | ">" | ">>" | ">=" => Some(false),
        "ge-nl" | "gt-nl" => Some(true),
        _ => None,
    }
}

/// A `case` pattern: constants and `*` alone are decided.
fn matches_glob(pattern: &str, text: &str) -> Option<bool> {
    match pattern {
        "*" => Some(true),
        _ if !pattern.contains(['*', '?', '[']) => Some(pattern == text),
        _ => None,
    }
}

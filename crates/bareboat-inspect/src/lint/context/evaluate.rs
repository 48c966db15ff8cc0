//! The values of shell words, as far as they are constant: quotes removed, known variables replaced.

use std::collections::BTreeMap;

use bareboat_dockerfile::Span;
use bareboat_dockerfile::shell::{CommandKind, Node, Parameter, Part, Script, Word};

use super::call::Argument;

/// What a script does to its own variables: a value where exactly one constant is ever assigned.
pub(super) struct Evaluator<'s, 'l> {
    script: &'s Script,
    /// Variables from outside the script.
    outside: &'l dyn Fn(&str) -> Option<String>,
    /// Names the script itself sets; `None` once the value is not known.
    own: BTreeMap<String, Option<String>>,
}

impl<'s, 'l> Evaluator<'s, 'l> {
    pub(super) fn new(script: &'s Script, outside: &'l dyn Fn(&str) -> Option<String>) -> Self {
        let mut evaluator = Self { script, outside, own: BTreeMap::new() };
        evaluator.learn();
        evaluator
    }

    /// Goes over all assignments once, in order. A name that is assigned twice has no known value.
    fn learn(&mut self) {
        let mut assigned: Vec<(String, Option<&'s Word>)> = Vec::new();
        self.script.walk(&mut |node, _| match node {
            Node::Simple(simple, _) => {
                let name = simple.name();
                let lasting = match name.as_deref() {
                    None => simple.words.is_empty(),
                    Some("export" | "readonly" | "local" | "declare" | "typeset") => {
                        let words = simple.arguments().iter().map(Word::literal_prefix);
                        assigned.extend(words.filter_map(|word| {
                            word.split_once('=').map(|(name, _)| (name.to_owned(), None))
                        }));
                        false
                    }
                    Some("read" | "unset" | "getopts" | "mapfile") => {
                        let words = simple.arguments().iter().filter_map(Word::literal);
                        assigned.extend(words.map(|word| (word, None)));
                        false
                    }
                    _ => false,
                };
                if lasting {
                    let constant = |append: bool, value| if append { None } else { Some(value) };
                    assigned.extend(simple.assignments.iter().map(|assignment| {
                        (assignment.name.clone(), constant(assignment.append, &assignment.value))
                    }));
                }
            }
            Node::Command(command) => {
                if let CommandKind::For { name, .. } = &command.kind {
                    assigned.push((name.clone(), None));
                }
            }
            _ => {}
        });
        for (name, word) in assigned {
            let value = match (self.own.contains_key(&name), word) {
                (false, Some(word)) => self.single(word),
                _ => None,
            };
            self.own.insert(name, value);
        }
    }

    fn single(&self, word: &Word) -> Option<String> {
        let mut value = Value::default();
        value.parts(self, &word.parts, true);
        (value.complete && value.fields.is_empty()).then_some(value.current)
    }

    fn variable(&self, name: &str) -> Option<String> {
        match self.own.get(name) {
            Some(value) => value.clone(),
            None => (self.outside)(name),
        }
    }

    /// A word as the command gets it: one argument, or several (or none) where a known variable is split.
    pub(super) fn arguments(&self, word: &'s Word) -> Vec<Argument<'s>> {
        let mut value = Value { quoted: word.parts.is_empty(), ..Value::default() };
        value.parts(self, &word.parts, false);
        let span: Span = self.script.span(word.range.clone());
        let complete = value.complete;
        let last = (!value.current.is_empty() || value.quoted || !complete).then_some(value.current);
        let fields: Vec<String> = value.fields.into_iter().chain(last).collect();
        let count = fields.len();
        let argument = |(index, text)| Argument {
            text,
            is_complete: complete || index + 1 < count,
            span,
            word: Some(word),
        };
        fields.into_iter().enumerate().map(argument).collect()
    }
}

/// A word under evaluation.
struct Value {
    /// Fields that are complete.
    fields: Vec<String>,
    current: String,
    /// Everything so far is known.
    complete: bool,
    /// There were quotes: an empty word is one.
    quoted: bool,
}

impl Default for Value {
    fn default() -> Self {
        Self { fields: Vec::new(), current: String::new(), complete: true, quoted: false }
    }
}

impl Value {
    fn parts(&mut self, evaluator: &Evaluator<'_, '_>, parts: &[Part], quoted: bool) {
        for part in parts {
            if !self.complete {
                return;
            }
            match part {
                Part::Literal { text, .. } => self.current.push_str(text),
                Part::SingleQuoted { text, .. } => {
                    self.quoted = true;
                    self.current.push_str(text);
                }
                Part::DoubleQuoted { parts, .. } => {
                    self.quoted = true;
                    self.parts(evaluator, parts, true);
                }
                Part::Parameter(parameter) => match value(evaluator, parameter) {
                    Some(value) if quoted => self.current.push_str(&value),
                    Some(value) => self.split(&value),
                    None => self.complete = false,
                },
                _ => self.complete = false,
            }
        }
    }

    /// Adds an unquoted value: white space in it ends fields.
    fn split(&mut self, value: &str) {
        for (index, piece) in value.split([' ', '\t', '\n']).enumerate() {
            if index > 0 && !self.current.is_empty() {
                self.fields.push(std::mem::take(&mut self.current));
            }
            self.current.push_str(piece);
        }
    }
}

/// `$name`, `${name}`, and `${name:-default}` when the name has a value.
fn value(evaluator: &Evaluator<'_, '_>, parameter: &Parameter) -> Option<String> {
    if parameter.length || parameter.indirect || parameter.index.is_some() {
        return None;
    }
    let value = evaluator.variable(&parameter.name)?;
    match parameter.operator.as_deref() {
        None => Some(value),
        Some(":-" | ":=" | ":?" | "-" | "=" | "?") if !value.is_empty() => Some(value),
        _ => None,
    }
}

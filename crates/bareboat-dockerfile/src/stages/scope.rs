//! What an instruction can see: variables, shell, user and working directory, as they flow through stages.
//!
//! One model for the linter and the front end. Follows BuildKit where its documentation says otherwise: of an ENV
//! and an ARG with one name the one declared last counts, for expansion and for RUN.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Base, Stage, Stages};
use crate::expand::{ExpandError, ExpandErrorKind, Expansion, expand};
use crate::instruction::{Pair, Pairs};
use crate::{Allowance, Command, Instruction, Kind, Span};

/// Bytes of variables kept over all stages; beyond that a stage starts with unknown ones.
const MOST_KEPT: usize = 64 * 1024 * 1024;
/// Linux's PATH_MAX.
const LONGEST_PATH: usize = 4096;

/// The state in front of an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    variables: Arc<BTreeMap<String, Variable>>,
    escape: char,
    /// Variables may exist that are not known: those of a base image nobody looked at.
    pub open: bool,
    /// The shell of shell forms; `None` for that of the base image (usually `/bin/sh -c`).
    pub shell: Option<Vec<String>>,
    /// The user as written and expanded; `None` for that of the base image.
    pub user: Option<String>,
    /// The working directory, textually; `None` when it depends on an unknown base image's.
    pub workdir: Option<String>,
}

/// A variable's value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The value that expansion and RUN see.
    pub value: String,
    /// Who set it last.
    pub source: VariableSource,
    /// The value the image's configuration has, when that is another one: of an ENV above an ARG.
    pub configured: Option<String>,
}

/// Who set a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariableSource {
    /// The base image.
    Base,
    /// An ENV; the span is that of its pair.
    Env(Span),
    /// An ARG; the span is that of its pair.
    Arg(Span),
}

/// An instruction with the state in front of it.
#[derive(Debug)]
pub struct Step<'s, 'a> {
    /// The stage it runs in.
    pub stage: &'s Stage<'a>,
    /// The instruction; for a trigger the ONBUILD of another stage.
    pub instruction: &'a Instruction,
    /// What runs: the instruction's command, or the trigger's.
    pub command: &'a Command,
    /// It is a trigger of the stage this one builds on.
    pub triggered: bool,
    /// What it can see.
    pub scope: &'s Scope,
}

impl Scope {
    /// The state right after FROM: the base image's environment, and a working directory if it is known. `open`
    /// says that the image may have more variables.
    pub fn new(environment: BTreeMap<String, String>, workdir: Option<String>, open: bool) -> Self {
        let variables = environment
            .into_iter()
            .map(|(name, value)| (name, Variable { value, source: VariableSource::Base, configured: None }));
        Self {
            variables: Arc::new(variables.collect()),
            escape: '\\',
            open,
            shell: None,
            user: None,
            workdir,
        }
    }

    /// The state of `FROM scratch`.
    pub fn scratch() -> Self {
        let path = ("PATH".to_owned(), crate::arguments::DEFAULT_PATH.to_owned());
        Self::new([path].into(), Some("/".to_owned()), false)
    }

    /// The state of an image nobody looked at.
    pub fn unknown() -> Self {
        Self::new(BTreeMap::new(), None, true)
    }

    /// The same for a file with another escape character.
    pub fn with_escape(self, escape: char) -> Self {
        Self { escape, ..self }
    }

    /// The variable called `name`.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name)
    }

    /// Every variable that expansion and RUN see, by name.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &Variable)> {
        self.variables.iter().map(|(name, variable)| (name.as_str(), variable))
    }

    /// The environment for the image's configuration: without ARGs.
    pub fn configured(&self) -> BTreeMap<String, String> {
        let configured = self.variables.iter().filter_map(|(name, variable)| {
            let value = match variable.source {
                VariableSource::Arg(_) => variable.configured.as_ref()?,
                _ => &variable.value,
            };
            Some((name.clone(), value.clone()))
        });
        configured.collect()
    }

    /// Expands `word` with what is visible here.
    ///
    /// # Errors
    /// As [`crate::expand()`].
    pub fn expand(&self, word: &str) -> Result<Expansion, ExpandError> {
        expand(word, self.escape, |name| self.variables.get(name).map(|variable| variable.value.as_str()))
    }

    fn expand_within(&self, word: &str, allowance: &mut Allowance) -> Result<Expansion, ExpandError> {
        let lookup = |name: &str| self.variables.get(name).map(|variable| variable.value.as_str());
        let expansion = allowance.expand(word, self.escape, lookup)?;
        // It will be kept, wherever its text came from.
        allowance.spend(expansion.text.len());
        Ok(expansion)
    }

    /// Takes over what `command` declares. What does not expand declares nothing: the linter and the build
    /// report it where they expand it themselves.
    pub fn apply(
        &mut self,
        command: &Command,
        stages: &Stages<'_>,
        given: &BTreeMap<String, String>,
        allowance: &mut Allowance,
    ) {
        match &command.kind {
            Kind::Env(pairs) => self.env(pairs, allowance),
            Kind::Arg(pairs) => pairs.iter().for_each(|pair| self.arg(pair, stages, given, allowance)),
            Kind::Shell(words) => self.shell = Some(words.iter().map(|word| word.text.clone()).collect()),
            Kind::User(word) => {
                if let Ok(user) = self.expand_within(&word.text, allowance) {
                    self.user = Some(user.text);
                }
            }
            Kind::Workdir(word) => {
                self.workdir = match (self.expand_within(&word.text, allowance), &self.workdir) {
                    (Ok(path), _) if path.text.starts_with('/') => Some(path.text),
                    // What is too long for any kernel is not worth growing further.
                    (Ok(path), Some(base)) if base.len() <= LONGEST_PATH => {
                        Some(format!("{}/{}", base.trim_end_matches('/'), path.text))
                    }
                    _ => None,
                };
            }
            _ => {}
        }
    }

    /// All values see the state in front of the instruction.
    fn env(&mut self, pairs: &Pairs, allowance: &mut Allowance) {
        let expanded: Vec<_> = pairs
            .pairs
            .iter()
            .filter_map(|pair| {
                let value = pair.value.as_ref().map_or("", |value| value.text.as_str());
                let name = self.expand_within(&pair.name.text, allowance).ok()?.text;
                match self.expand_within(value, allowance) {
                    Ok(value) => Some((name, Some(value.text), pair.span)),
                    // It has a value, but nobody will know which one.
                    Err(error) if error.kind == ExpandErrorKind::TooLong => Some((name, None, pair.span)),
                    Err(_) => None,
                }
            })
            .collect();
        let variables = Arc::make_mut(&mut self.variables);
        for (name, value, span) in expanded {
            let Some(value) = value else {
                variables.remove(&name);
                self.open = true;
                continue;
            };
            variables.insert(name, Variable { value, source: VariableSource::Env(span), configured: None });
        }
    }

    fn arg(
        &mut self,
        pair: &Pair,
        stages: &Stages<'_>,
        given: &BTreeMap<String, String>,
        allowance: &mut Allowance,
    ) {
        let name = self.expand_within(&pair.name.text, allowance).map(|name| name.text);
        let Ok(name) = name else { return };
        let default = || match &pair.value {
            Some(word) => self.expand_within(&word.text, allowance).ok().map(|value| value.text),
            None => stages.from_variables.get(&name).cloned(),
        };
        // Without any value the name stays as it was, set or not.
        let Some(value) = given.get(&name).cloned().or_else(default) else { return };
        let variables = Arc::make_mut(&mut self.variables);
        let configured = variables.get(&name).and_then(|before| match before.source {
            VariableSource::Arg(_) => before.configured.clone(),
            _ => Some(before.value.clone()),
        });
        variables.insert(name, Variable { value, source: VariableSource::Arg(pair.span), configured });
    }

    fn size(&self) -> usize {
        self.variables.iter().map(|(name, variable)| name.len() + variable.value.len() + 100).sum()
    }
}

impl<'a> Stages<'a> {
    /// Goes through all stages in order and calls `visit` for every instruction (FROM not among them) with the
    /// state in front of it. `root` gives the state after a FROM that names an image; scratch and other stages
    /// need no asking. The result is the state at the end of each stage. (Once 64 MiB of variables are kept, which
    /// no honest file reaches, further stages are unknown.)
    pub fn replay(
        &self,
        escape: char,
        given: &BTreeMap<String, String>,
        root: &dyn Fn(&Stage<'a>) -> Scope,
        visit: &mut dyn FnMut(Step<'_, 'a>),
    ) -> Vec<Scope> {
        let mut ends: Vec<Scope> = Vec::with_capacity(self.stages.len());
        let mut kept = 0;
        let mut allowance = Allowance::default();
        let mut triggers_left = super::reference::MOST_TRIGGERS;
        for stage in &self.stages {
            let mut scope = match stage.base {
                Base::Stage(_) if kept > MOST_KEPT => Scope::unknown(),
                Base::Stage(index) => ends[index].clone(),
                Base::Scratch => Scope::scratch(),
                Base::Image(_) | Base::Unknown => root(stage),
            };
            scope.escape = escape;
            let triggers = self.triggers(stage).iter().take(triggers_left);
            triggers_left -= triggers.len();
            let triggers = triggers.map(|trigger| (trigger.instruction, trigger.command, true));
            let own = stage.instructions.iter().map(|&own| (own, &own.command, false));
            for (instruction, command, triggered) in triggers.chain(own) {
                visit(Step { stage, instruction, command, triggered, scope: &scope });
                scope.apply(command, self, given, &mut allowance);
            }
            kept += scope.size();
            ends.push(if kept > MOST_KEPT { Scope::unknown() } else { scope });
        }
        ends
    }
}

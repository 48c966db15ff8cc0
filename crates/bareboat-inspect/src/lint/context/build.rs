//! Works out a [`Context`]: one pass over the stages for states and variables, one for what is executed.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bareboat_dockerfile::arguments::DEFAULT_PATH;
use bareboat_dockerfile::instruction::{CommandLine, Healthcheck, ResolvedMount, Run};
use bareboat_dockerfile::stages::{Base, Scope, Step as Replayed, Variable, VariableSource};
use bareboat_dockerfile::{Command, Keyword, Kind, Parsed, Stage, Stages};

use super::evaluate::Evaluator;
use super::variables::{History, lookup};
use super::{Call, Context, Execution, ImageName, Scripts, Shell, StageView, State, Step};
use crate::knowledge::{BaseFacts, Date};
use crate::lint::{BuildContext, Settings, pragma};

/// Longest working directory kept (Linux's PATH_MAX).
const LONGEST_PATH: usize = 4096;
/// Bytes of scripts whose calls are worked out; triggers can multiply a file's own.
const MOST_SCRIPT: usize = 64 * 1024 * 1024;
/// Bytes of values that are put into them.
const MOST_VALUES: usize = 1024 * 1024;

/// What a context is made from besides the file.
pub(in crate::lint) struct Surroundings<'a> {
    pub(in crate::lint) settings: &'a Settings,
    pub(in crate::lint) build: Option<&'a BuildContext<'a>>,
    pub(in crate::lint) today: Option<Date>,
    pub(in crate::lint) arguments: &'a BTreeMap<String, String>,
    pub(in crate::lint) facts: &'a dyn Fn(&str) -> Option<BaseFacts>,
}

impl<'a> Context<'a> {
    /// Works out everything about a parsed file.
    pub(in crate::lint) fn new(
        parsed: &'a Parsed,
        model: &'a Stages<'a>,
        scripts: &'a Scripts,
        surroundings: &Surroundings<'a>,
    ) -> Self {
        let file = &parsed.file;
        let mut context = Self {
            file,
            errors: &parsed.errors,
            model,
            stages: views(model, surroundings.facts),
            histories: Vec::new(),
            lines: file.line_index(),
            settings: surroundings.settings,
            build: surroundings.build,
            today: surroundings.today,
            allowance: Cell::default(),
            comparisons: Cell::new(super::MOST_COMPARISONS),
            effort: Cell::new(super::MOST_EFFORT),
        };
        context.replay(surroundings.arguments);
        context.execute(scripts);
        context
    }

    fn replay(&mut self, arguments: &BTreeMap<String, String>) {
        let bases: Vec<Option<Arc<BaseFacts>>> = self.stages.iter().map(|stage| stage.base.clone()).collect();
        let shells = pragma::shells(self.file);
        let file_start = self.model.stages.first().map(|stage| stage.instruction.span.start);
        let mut recorder =
            Recorder { bases: &bases, shells: &shells, file_start, steps: Vec::new(), histories: Vec::new() };
        recorder.steps.resize_with(bases.len(), Vec::new);
        recorder.histories.extend(self.model.stages.iter().map(|stage| match stage.base {
            Base::Stage(parent) => History::above(parent),
            _ => History::on(bases[stage.index].clone()),
        }));
        let root = |stage: &Stage<'a>| root_scope(bases[stage.index].as_deref());
        let escape = self.file.escape();
        let ends = self.model.replay(escape, arguments, &root, &mut |step| recorder.step(&step));
        for (index, end) in ends.iter().enumerate() {
            recorder.settle(index, end);
            self.stages[index].end = recorder.state(index, end);
        }
        let Recorder { steps, histories, .. } = recorder;
        for (stage, steps) in self.stages.iter_mut().zip(steps) {
            let is_workdir = |step: &Step<'_>| matches!(step.command.kind, Kind::Workdir(_));
            stage.first_workdir = steps.iter().position(is_workdir);
            stage.steps = steps;
        }
        self.histories = histories;
    }

    fn execute(&mut self, scripts: &'a Scripts) {
        let mut left = MOST_SCRIPT;
        let values_left = Cell::new(MOST_VALUES);
        let histories = &self.histories;
        let escape = self.file.escape();
        for step in self.stages.iter_mut().flat_map(|stage| &mut stage.steps) {
            let Some(line) = command_line(step.effective()) else { continue };
            let size = step.instruction.span.len();
            if size > left {
                continue;
            }
            left -= size;
            let (stage, position) = (step.stage, step.position);
            let is_run = matches!(step.effective().kind, Kind::Run(_));
            let outside = |name: &str| {
                let (value, source) = lookup(histories, stage, position, name)?;
                // A long value can be asked for in every line; no file that means well gets this far.
                values_left.set(values_left.get().checked_sub(value.len())?);
                // When a container starts there are no build arguments any more.
                (is_run || !matches!(source, VariableSource::Arg(_))).then(|| value.to_owned())
            };
            let parsed = line_is_parsed(line, &step.state);
            let own = if parsed { scripts.of(step.instruction) } else { &[] };
            let mut calls = match line {
                CommandLine::Exec(words) => Call::of_exec(words),
                CommandLine::Shell(_) => Vec::new(),
            };
            for script in own {
                let evaluator = Evaluator::new(&script.script, &outside);
                for simple in script.script.simple_commands() {
                    calls.extend(Call::of_simple(script, &evaluator, simple));
                }
            }
            let mounts = match &step.effective().kind {
                Kind::Run(run) => mounts(run, escape, &outside),
                _ => Vec::new(),
            };
            step.execution = Some(Execution { line, scripts: own, calls, mounts });
        }
        for stage in &mut self.stages {
            let calls = stage.steps.iter().filter_map(|step| Some(step.execution.as_ref()?.calls.len()));
            stage.weight = stage.steps.len() + calls.sum::<usize>();
        }
    }
}

/// The line of an instruction that executes something.
fn command_line(command: &Command) -> Option<&CommandLine> {
    match &command.kind {
        Kind::Run(run) => Some(&run.command),
        Kind::Cmd(line) | Kind::Entrypoint(line) => Some(line),
        Kind::Healthcheck(Healthcheck::Command(healthcheck)) => Some(&healthcheck.command),
        _ => None,
    }
}

/// True unless the shell in force reads a language of its own.
fn line_is_parsed(line: &CommandLine, state: &State) -> bool {
    matches!(line, CommandLine::Exec(_)) || state.shell.dialect.is_parsed()
}

fn mounts(run: &Run, escape: char, outside: &dyn Fn(&str) -> Option<String>) -> Vec<ResolvedMount> {
    let resolve = |mount: &bareboat_dockerfile::instruction::Mount| {
        let resolved = mount.resolve(|value| {
            // The lookup wants borrowed values; a mount has few variables.
            let names: BTreeSet<String> = bareboat_dockerfile::expand(value, escape, |_| Some(""))
                .map(|found| found.used().into_iter().map(str::to_owned).collect())
                .unwrap_or_default();
            let values: BTreeMap<String, String> =
                names.into_iter().filter_map(|name| Some((name.clone(), outside(&name)?))).collect();
            let lookup = |name: &str| values.get(name).map(String::as_str);
            bareboat_dockerfile::expand(value, escape, lookup).map(|found| found.text)
        });
        resolved.ok()
    };
    run.mounts.iter().filter_map(resolve).collect()
}

/// The stages with what is known about their bases, without steps.
fn views<'a>(model: &'a Stages<'a>, facts: &dyn Fn(&str) -> Option<BaseFacts>) -> Vec<StageView<'a>> {
    let last = model.stages.len().saturating_sub(1);
    let needed = model.reachable(last);
    let reused: BTreeSet<usize> = model
        .stages
        .iter()
        .filter_map(|stage| match stage.base {
            Base::Stage(index) => Some(index),
            _ => None,
        })
        .collect();
    let mut known: BTreeMap<String, Option<Arc<BaseFacts>>> = BTreeMap::new();
    let mut views: Vec<StageView<'a>> = Vec::with_capacity(model.stages.len());
    for stage in &model.stages {
        let mut look_up = |name: &str| {
            let found = || facts(name).map(with_search_path).map(Arc::new);
            known.entry(name.to_owned()).or_insert_with(found).clone()
        };
        let base = match &stage.base {
            Base::Scratch => look_up("scratch"),
            Base::Image(name) => look_up(name),
            Base::Stage(index) => views.get(*index).and_then(|view| view.base.clone()),
            Base::Unknown => None,
        };
        views.push(StageView {
            index: stage.index,
            stage,
            image: stage.base.image().map(ImageName::new),
            end: Arc::new(state(&root_scope(base.as_deref()), base.as_deref())),
            base,
            first_workdir: None,
            weight: 0,
            steps: Vec::new(),
            is_final: stage.index == last,
            is_needed: needed.contains(&stage.index),
            is_reused: reused.contains(&stage.index),
        });
    }
    views
}

/// BuildKit gives a search path to images that set none.
fn with_search_path(mut facts: BaseFacts) -> BaseFacts {
    if let Some(environment) = &mut facts.environment {
        environment.entry("PATH".to_owned()).or_insert_with(|| DEFAULT_PATH.to_owned());
    }
    facts
}

/// The state right after a FROM that names an image.
fn root_scope(facts: Option<&BaseFacts>) -> Scope {
    match facts.and_then(|facts| Some((facts, facts.environment.clone()?))) {
        Some((facts, environment)) => Scope::new(environment, facts.workdir.clone(), false),
        None => Scope::new(BTreeMap::new(), facts.and_then(|facts| facts.workdir.clone()), true),
    }
}

fn state(scope: &Scope, base: Option<&BaseFacts>) -> State {
    State {
        shell: Shell::new(scope.shell.as_ref(), base),
        user: scope.user.clone(),
        workdir: scope.workdir.clone().filter(|path| path.len() <= LONGEST_PATH),
        open: scope.open,
    }
}

/// Takes notes while the stages are replayed.
struct Recorder<'r, 'a> {
    bases: &'r [Option<Arc<BaseFacts>>],
    /// What comments say about the shell, by place.
    shells: &'r [(usize, Vec<String>)],
    /// Where the first FROM is.
    file_start: Option<usize>,
    steps: Vec<Vec<Step<'a>>>,
    histories: Vec<History>,
}

impl<'r, 'a> Recorder<'r, 'a> {
    fn step(&mut self, replayed: &Replayed<'_, 'a>) {
        let stage = replayed.stage.index;
        self.settle(stage, replayed.scope);
        let mut state = self.state(stage, replayed.scope);
        if let Some(words) = self.commented_shell(replayed) {
            let shell = Shell::new(Some(words), self.bases[stage].as_deref());
            Arc::make_mut(&mut state).shell = shell;
        }
        let position = self.steps[stage].len();
        self.steps[stage].push(Step {
            stage,
            position,
            instruction: replayed.instruction,
            command: replayed.command,
            triggered: replayed.triggered,
            state,
            execution: None,
        });
    }

    /// What a comment above says about the shell: in the stage since its last SHELL, or above the first FROM.
    fn commented_shell(&self, replayed: &Replayed<'_, 'a>) -> Option<&'r Vec<String>> {
        if self.shells.is_empty() || replayed.triggered {
            return None;
        }
        let at = replayed.instruction.span.start;
        let from = replayed.stage.instruction.span.start;
        let before = replayed.stage.instructions.iter().filter(|found| found.span.start < at);
        let set =
            before.filter(|found| found.keyword() == Some(Keyword::Shell)).map(|found| found.span.start);
        let since = set.max();
        let holds = |place: usize| match since {
            Some(since) => place > since,
            None => place > from || self.file_start.is_none_or(|first| place < first),
        };
        let found = self.shells.iter().rfind(|(place, _)| *place < at && holds(*place));
        found.map(|(_, words)| words)
    }

    /// Records what the last step of `stage` did when it is an ENV or ARG; `scope` is the one behind it.
    fn settle(&mut self, stage: usize, scope: &Scope) {
        let position = self.steps[stage].len();
        let last = self.steps[stage].last().map(|step| step.command);
        let pairs = match last.map(|command| &command.kind) {
            Some(Kind::Env(pairs)) => &pairs.pairs,
            Some(Kind::Arg(pairs)) => pairs,
            _ => return,
        };
        for pair in pairs {
            let name = &pair.name.text;
            self.histories[stage].declare(position, name);
            // Names with variables in them are rare enough to do without, and what does not expand sets nothing.
            let sets = |variable: &&Variable| match variable.source {
                VariableSource::Env(span) | VariableSource::Arg(span) => span == pair.span,
                VariableSource::Base => false,
            };
            if let Some(variable) = scope.variable(name).filter(sets) {
                self.histories[stage].record(position, name, variable);
            }
        }
    }

    /// The state as the step before had it when nothing changed.
    fn state(&self, stage: usize, scope: &Scope) -> Arc<State> {
        let new = state(scope, self.bases[stage].as_deref());
        match self.steps[stage].last() {
            Some(before) if *before.state == new => Arc::clone(&before.state),
            _ => Arc::new(new),
        }
    }
}

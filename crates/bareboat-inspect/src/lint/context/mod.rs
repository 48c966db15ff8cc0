//! What rules look at: the file, its stages and steps, with everything that several rules need worked out once.
//!
//! A [`Context`] has a [`StageView`] per stage, each with a [`Step`] per instruction; a step that runs something has
//! an [`Execution`] with parsed [`ShellScript`]s and the [`Call`]s in them.

pub(in crate::lint) mod build;
mod call;
mod dialect;
mod editing;
mod evaluate;
pub mod grammar;
mod image_name;
mod script;
#[cfg(test)]
mod tests;
mod variables;
mod wrapper;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use bareboat_dockerfile::instruction::{CommandLine, ResolvedMount};
use bareboat_dockerfile::stages::{Base, VariableSource};
use bareboat_dockerfile::{
    Allowance, Command, Dockerfile, ExpandError, Expansion, Instruction, Kind, LineIndex, ParseError, Stage,
    Stages, Word,
};

pub use self::call::{Argument, Call, CallOption, Grammar, Options};
pub use self::dialect::{Dialect, Shell};
pub use self::image_name::ImageName;
pub(in crate::lint) use self::script::Scripts;
pub use self::script::ShellScript;
use self::variables::History;
pub(in crate::lint) use self::variables::is_variable_name;
use super::{BuildContext, Preset, Settings};
use crate::knowledge::{BaseFacts, Date};

/// A file as rules see it.
#[derive(Debug)]
pub struct Context<'a> {
    file: &'a Dockerfile,
    errors: &'a [ParseError],
    model: &'a Stages<'a>,
    stages: Vec<StageView<'a>>,
    histories: Vec<History>,
    lines: LineIndex<'a>,
    settings: &'a Settings,
    build: Option<&'a BuildContext<'a>>,
    today: Option<Date>,
    allowance: Cell<Allowance>,
    comparisons: Cell<usize>,
    effort: Cell<usize>,
}

/// Stages that are followed down to a base image; longer chains do not occur in honest files.
const DEEPEST_CHAIN: usize = 100;
/// Names that are compared for "did you mean" in one file.
const MOST_COMPARISONS: usize = 20_000;
/// Steps and calls that are looked at while files are followed from stage to stage.
const MOST_EFFORT: usize = 500_000;

/// A stage.
#[derive(Debug)]
pub struct StageView<'a> {
    /// Its number, from 0.
    pub index: usize,
    /// The stage as parsed: FROM, name, base, references.
    pub stage: &'a Stage<'a>,
    /// The image it builds on directly, taken apart; `None` for scratch, a stage, or what does not expand.
    pub image: Option<ImageName>,
    /// What is known about the image at the root of its chain; see [`Context::base`].
    base: Option<Arc<BaseFacts>>,
    /// Its instructions after FROM; the triggers of the stage it builds on come first.
    pub steps: Vec<Step<'a>>,
    /// It is the last one: the image that is built without `--target`.
    pub is_final: bool,
    /// The last stage needs it (or is it).
    pub is_needed: bool,
    /// Another stage builds on it with FROM.
    pub is_reused: bool,
    /// The state after its last instruction.
    pub end: Arc<State>,
    /// The number of its first WORKDIR.
    first_workdir: Option<usize>,
    /// Its steps and the calls in them: what looking at all of them costs.
    weight: usize,
}

/// An instruction in its stage.
#[derive(Debug)]
pub struct Step<'a> {
    /// The number of its stage.
    pub stage: usize,
    /// Its number in the stage, from 0.
    pub position: usize,
    /// The instruction; for a trigger the ONBUILD of another stage.
    pub instruction: &'a Instruction,
    /// What it says: the instruction's command (ONBUILD itself, not its trigger), or a trigger that runs here.
    pub command: &'a Command,
    /// It is a trigger of the stage this one builds on, and runs here.
    pub triggered: bool,
    /// Shell, user and working directory in front of it.
    pub state: Arc<State>,
    /// What it runs: RUN, CMD, ENTRYPOINT, HEALTHCHECK, also as the trigger of an ONBUILD.
    pub execution: Option<Execution<'a>>,
}

/// What holds in front of an instruction. Variables: [`Context::variable`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The shell of shell forms.
    pub shell: Shell,
    /// The user as set and expanded; `None` for that of the base image, see [`Context::user`].
    pub user: Option<String>,
    /// The working directory; `None` when it depends on an unknown base image's.
    pub workdir: Option<String>,
    /// The base image may have variables that nobody knows.
    pub open: bool,
}

/// Something that is executed, now or when a container starts.
#[derive(Debug)]
pub struct Execution<'a> {
    /// Its two forms, as written.
    pub line: &'a CommandLine,
    /// Its scripts: the own one first, then those inside it. Empty when the shell's language is not parsed.
    pub scripts: &'a [ShellScript],
    /// The programs it calls, script by script, in order. `$(…)` is included.
    pub calls: Vec<Call<'a>>,
    /// The mounts of a RUN that can be understood.
    pub mounts: Vec<ResolvedMount>,
}

impl<'a> Context<'a> {
    /// The file.
    pub fn file(&self) -> &'a Dockerfile {
        self.file
    }

    /// What was wrong while parsing.
    pub fn errors(&self) -> &'a [ParseError] {
        self.errors
    }

    /// The stages as parsed: global ARGs, errors about stages, who refers to whom.
    pub fn model(&self) -> &'a Stages<'a> {
        self.model
    }

    /// The stages in order.
    pub fn stages(&self) -> &[StageView<'a>] {
        &self.stages
    }

    /// The last stage.
    pub fn final_stage(&self) -> Option<&StageView<'a>> {
        self.stages.last()
    }

    /// The stage itself and the stages it builds on, the deepest one first; of more than a hundred the last ones.
    pub fn chain(&self, stage: &StageView<'a>) -> Vec<&StageView<'a>> {
        let below = |view: &&StageView<'a>| match view.stage.base {
            Base::Stage(index) => self.stages.get(index),
            _ => None,
        };
        let links = std::iter::successors(self.stages.get(stage.index), below).take(DEEPEST_CHAIN);
        let mut chain: Vec<_> = links.collect();
        chain.reverse();
        chain
    }

    /// Every step of every stage. A trigger is met in the stages where it runs; ONBUILD itself where it stands.
    pub fn steps(&self) -> impl Iterator<Item = (&StageView<'a>, &Step<'a>)> {
        self.stages.iter().flat_map(|stage| stage.steps.iter().map(move |step| (stage, step)))
    }

    /// Every RUN, also those of ONBUILD.
    pub fn runs(&self) -> impl Iterator<Item = (&StageView<'a>, &Step<'a>, &Execution<'a>)> {
        self.steps().filter_map(|(stage, step)| Some((stage, step, step.run()?)))
    }

    /// Every script of every RUN, also those inside others.
    pub fn scripts(&self) -> impl Iterator<Item = (&Step<'a>, &'a ShellScript)> {
        self.runs().flat_map(|(_, step, run)| run.scripts.iter().map(move |script| (step, script)))
    }

    /// True when rules must say exactly what hadolint says.
    pub fn as_hadolint(&self) -> bool {
        self.settings.preset == Preset::Hadolint
    }

    /// The ports that EXPOSE names: each word as written, and what it expands to; one that does not is left out.
    pub fn exposed(&self) -> impl Iterator<Item = (&'a Word, Expansion)> {
        let ports = self.steps().flat_map(|(_, step)| match &step.effective().kind {
            Kind::Expose(ports) => ports.iter().map(|port| (step, port)).collect(),
            _ => Vec::new(),
        });
        ports.filter_map(|(step, port)| Some((port, self.expand(step, &port.text).ok()?)))
    }

    /// What is known about the image a stage stands on in the end; `None` when nothing is.
    pub fn base(&self, stage: &StageView<'a>) -> Option<&BaseFacts> {
        self.stages.get(stage.index)?.base.as_deref()
    }

    /// The user in force at `state`: as set, else that of the base image (`""` is root); `None` when not known.
    pub fn user<'s>(&'s self, stage: &StageView<'a>, state: &'s State) -> Option<&'s str> {
        state.user.as_deref().or_else(|| self.base(stage)?.user.as_deref())
    }

    /// The value of a variable in front of `step`, and who set it. `None`: not set, or not known ([`State::open`]).
    pub fn variable(&self, step: &Step<'_>, name: &str) -> Option<(&str, VariableSource)> {
        variables::lookup(&self.histories, step.stage, step.position, name)
    }

    /// Expands `word` as `step` sees its variables.
    ///
    /// # Errors
    /// As [`bareboat_dockerfile::expand()`].
    pub fn expand(&self, step: &Step<'_>, word: &str) -> Result<Expansion, ExpandError> {
        let lookup = |name: &str| self.variable(step, name).map(|(value, _)| value);
        let mut allowance = self.allowance.get();
        let expanded = allowance.expand(word, self.file.escape(), lookup);
        self.allowance.set(allowance);
        expanded
    }

    /// True when an ARG or ENV above `step` names `name`, with or without a value; stages it builds on count.
    pub fn is_declared(&self, step: &Step<'_>, name: &str) -> bool {
        variables::is_declared(&self.histories, step.stage, step.position, name)
    }

    /// The names that ARG and ENV above `step` declare.
    pub fn declared(&self, step: &Step<'_>) -> impl Iterator<Item = &str> {
        variables::declared(&self.histories, step.stage, step.position)
    }

    /// The candidate that `wrong` probably means. After so many comparisons that no honest file needs them, `None`.
    pub fn suggest<'n>(&self, wrong: &str, candidates: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
        let counted = candidates.into_iter().take(self.comparisons.get()).inspect(|_| {
            self.comparisons.set(self.comparisons.get().saturating_sub(1));
        });
        bareboat_dockerfile::suggest(wrong, counted)
    }

    /// What the configuration says to rules.
    pub fn settings(&self) -> &'a Settings {
        self.settings
    }

    /// The build context; `None` when nobody knows it (standard input): then say nothing about its files.
    pub fn build(&self) -> Option<&'a BuildContext<'a>> {
        self.build
    }

    /// The day; `None` when nobody said.
    pub fn today(&self) -> Option<Date> {
        self.today
    }

    /// True when a WORKDIR stands above `step` of `stage`, or in a stage that it builds on.
    pub fn has_workdir(&self, stage: &StageView<'a>, step: &Step<'_>) -> bool {
        self.chain(stage).iter().any(|link| {
            link.first_workdir.is_some_and(|first| link.index != step.stage || first < step.position)
        })
    }

    /// Allows looking at all steps and calls of `stages`; no longer once that was done so often that only a file
    /// made for it has reached it. For rules that follow files from stage to stage.
    pub fn affords(&self, stages: &[&StageView<'a>]) -> bool {
        let weight: usize = stages.iter().map(|stage| stage.weight).sum();
        let left = self.effort.get().checked_sub(weight);
        self.effort.set(left.unwrap_or(0));
        left.is_some()
    }

    /// The numbers of the stages that the last one needs.
    pub fn needed(&self) -> BTreeSet<usize> {
        self.stages.iter().filter(|stage| stage.is_needed).map(|stage| stage.index).collect()
    }
}

impl<'a> Step<'a> {
    /// What runs in the end: the trigger of an ONBUILD, otherwise the command itself.
    pub fn effective(&self) -> &'a Command {
        match &self.command.kind {
            Kind::Onbuild(onbuild) => &onbuild.trigger,
            _ => self.command,
        }
    }

    /// True for an ONBUILD: it does nothing in this stage.
    pub fn is_onbuild(&self) -> bool {
        matches!(self.command.kind, Kind::Onbuild(_))
    }

    /// What a RUN executes, also that of an ONBUILD.
    pub fn run(&self) -> Option<&Execution<'a>> {
        self.execution.as_ref().filter(|_| matches!(self.effective().kind, Kind::Run(_)))
    }
}

impl<'a> Execution<'a> {
    /// True for shell form (and heredocs).
    pub fn is_shell_form(&self) -> bool {
        matches!(self.line, CommandLine::Shell(_))
    }

    /// The calls of one of `programs`.
    pub fn calls_of<'s>(&'s self, programs: &'s [&'s str]) -> impl Iterator<Item = &'s Call<'a>> {
        self.calls.iter().filter(move |call| call.is(programs))
    }

    /// The cache or tmpfs mount that keeps `path` (absolute, a directory) out of the image.
    pub fn mount_over(&self, path: &str) -> Option<&ResolvedMount> {
        use bareboat_dockerfile::instruction::MountKind::{Cache, Tmpfs};
        let kept_out = self.mounts.iter().filter(|mount| matches!(mount.kind, Cache | Tmpfs));
        kept_out.into_iter().find(|mount| {
            let target = mount.target.as_deref().unwrap_or_default().trim_end_matches('/');
            let below = path.trim_end_matches('/').strip_prefix(target);
            !target.is_empty() && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

impl ShellScript {
    /// The shell that reads it, given the one in force.
    pub fn dialect(&self, state: &State) -> Dialect {
        match self.named {
            // `sh -c` in an image whose `sh` is known is that one.
            Some(Dialect::Posix) if state.shell.words.is_none() => state.shell.dialect,
            Some(dialect) => dialect,
            None => state.shell.dialect,
        }
    }
}

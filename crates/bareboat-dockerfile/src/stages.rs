//! Stages: what FROM starts, who builds on whom, who copies from whom, and what a target needs.
//!
//! A pure model over a parsed file, shared by the linter and by the Dockerfile front end. Follows BuildKit:
//! FROM sees earlier stages by their exact lower-case names and otherwise means an image; COPY --from knows
//! numbers and names in any case; the last of equal names wins.

mod error;
mod globals;
mod reference;
mod scope;

use std::collections::{BTreeMap, BTreeSet};

pub use self::error::{StageError, StageErrorKind};
pub use self::globals::GlobalArgument;
pub use self::reference::{Origin, Reference, ReferenceKind};
pub use self::scope::{Scope, Step, Variable, VariableSource};
use crate::instruction::From;
use crate::{Allowance, Command, Dockerfile, Expansion, Instruction, Kind, Word, suggest};

/// The stages of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Stages<'a> {
    /// ARGs before the first FROM, in order, with the values FROM sees.
    pub globals: Vec<GlobalArgument<'a>>,
    /// Other instructions before the first FROM; each is an error.
    pub misplaced: Vec<&'a Instruction>,
    /// The stages in order.
    pub stages: Vec<Stage<'a>>,
    /// What is wrong with the whole, by place.
    pub errors: Vec<StageError>,
    /// Every variable FROM lines can see.
    pub from_variables: BTreeMap<String, String>,
    /// The last stage of each name so far.
    names: BTreeMap<String, usize>,
    /// The last of `globals` by name.
    global_names: BTreeMap<String, usize>,
    allowance: Allowance,
}

/// One stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage<'a> {
    /// Its number, from 0.
    pub index: usize,
    /// The FROM that starts it.
    pub instruction: &'a Instruction,
    /// The same, understood.
    pub from: &'a From,
    /// Its name in lower case.
    pub name: Option<String>,
    /// What it builds on.
    pub base: Base,
    /// The image or stage name with variables expanded; `None` when that fails.
    pub image: Option<Expansion>,
    /// `--platform` with variables expanded; `None` without the flag or when that fails.
    pub platform: Option<Expansion>,
    /// Its instructions after FROM, also those that are broken.
    pub instructions: Vec<&'a Instruction>,
    /// Where its instructions refer to stages and images, in order; the base is not among them. The triggers of
    /// the stage it builds on come first.
    pub references: Vec<Reference<'a>>,
    /// The triggers of its own ONBUILDs.
    pub onbuild: Vec<Trigger<'a>>,
}

/// What a stage builds on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// Nothing.
    Scratch,
    /// The earlier stage with this number.
    Stage(usize),
    /// An image by this reference, as it is after expansion.
    Image(String),
    /// The FROM does not expand; an error says why.
    Unknown,
}

/// Where an ONBUILD trigger that runs in a stage was written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trigger<'a> {
    /// The ONBUILD, in another stage.
    pub instruction: &'a Instruction,
    /// What it triggers.
    pub command: &'a Command,
}

impl<'a> Stages<'a> {
    /// Finds the stages of `file`. `given` are `--build-arg`s; `platform` the values of the automatic platform
    /// arguments (see [`crate::arguments::platform_arguments`]), which `given` overrides.
    pub fn new(
        file: &'a Dockerfile,
        given: &BTreeMap<String, String>,
        platform: &BTreeMap<String, String>,
    ) -> Self {
        let mut stages = Self {
            globals: Vec::new(),
            misplaced: Vec::new(),
            stages: Vec::new(),
            errors: Vec::new(),
            from_variables: platform.clone(),
            names: BTreeMap::new(),
            global_names: BTreeMap::new(),
            allowance: Allowance::default(),
        };
        let overridden = given.iter().filter(|(name, _)| platform.contains_key(*name));
        stages.from_variables.extend(overridden.map(|(name, value)| (name.clone(), value.clone())));
        for instruction in file.instructions() {
            stages.add(instruction, file.escape(), given);
        }
        if stages.stages.is_empty() {
            let end = file.source().len();
            stages.error(crate::Span::at(end), StageErrorKind::NoStage);
        }
        stages.resolve_references();
        stages.errors.sort_by_key(|error| error.span.start);
        stages
    }

    fn add(&mut self, instruction: &'a Instruction, escape: char, given: &BTreeMap<String, String>) {
        match (&instruction.command.kind, self.stages.last_mut()) {
            (Kind::From(from), _) => self.start(instruction, from, escape),
            (kind, Some(stage)) => {
                stage.instructions.push(instruction);
                if let Kind::Onbuild(onbuild) = kind {
                    stage.onbuild.push(Trigger { instruction, command: &onbuild.trigger });
                }
            }
            (Kind::Arg(pairs), None) => self.add_globals(pairs, escape, given),
            // What is not understood has its own error already.
            (Kind::Broken, None) => self.misplaced.push(instruction),
            (_, None) => {
                let span = instruction.command.keyword.span;
                self.misplaced.push(instruction);
                self.error(span, StageErrorKind::BeforeFrom { keyword: instruction.keyword() });
            }
        }
    }

    fn start(&mut self, instruction: &'a Instruction, from: &'a From, escape: char) {
        let image = self.expand(&from.image, instruction, escape);
        let platform = from.platform.as_ref().and_then(|word| self.expand(word, instruction, escape));
        if image.as_ref().is_some_and(|image| image.text.is_empty()) {
            self.error(from.image.span, StageErrorKind::BlankBase { written: from.image.text.clone() });
        }
        if let (Some(word), Some(found)) = (&from.platform, &platform)
            && found.text.is_empty()
        {
            self.error(word.span, StageErrorKind::BlankPlatform { written: word.text.clone() });
        }
        let base = match image.as_ref().map(|image| image.text.as_str()) {
            None | Some("") => Base::Unknown,
            Some(name) => match self.names.get(name) {
                Some(index) => Base::Stage(*index),
                None if name == "scratch" => Base::Scratch,
                None => Base::Image(name.to_owned()),
            },
        };
        let name = from.alias.as_ref().map(|alias| alias.name.text.to_lowercase());
        self.names.extend(name.clone().map(|name| (name, self.stages.len())));
        self.stages.push(Stage {
            index: self.stages.len(),
            instruction,
            from,
            name,
            base,
            image,
            platform,
            instructions: Vec::new(),
            references: Vec::new(),
            onbuild: Vec::new(),
        });
    }

    /// Expands a word of a FROM; `None` once the failure is reported.
    fn expand(&mut self, word: &Word, instruction: &Instruction, escape: char) -> Option<Expansion> {
        let variables = &self.from_variables;
        let lookup = |name: &str| variables.get(name).map(String::as_str);
        match self.allowance.expand(&word.text, escape, lookup) {
            Ok(expansion) => Some(expansion),
            Err(error) => {
                let span = instruction.locate(word, error.at..word.text.len());
                self.error(span, StageErrorKind::Expand(error));
                None
            }
        }
    }

    fn error(&mut self, span: crate::Span, kind: StageErrorKind) {
        self.errors.push(StageError { span, kind });
    }

    /// The stage called `name`, in any case; of several the last one.
    pub fn by_name(&self, name: &str) -> Option<&Stage<'a>> {
        self.stages.get(*self.names.get(&name.to_lowercase())?)
    }

    /// The stage that `--target` asks for: by name in any case, without a name the last one. Numbers are no names.
    ///
    /// # Errors
    /// No stage has that name, or there is none at all.
    pub fn target(&self, name: Option<&str>) -> Result<&Stage<'a>, StageErrorKind> {
        let found = match name {
            None | Some("") => self.stages.last(),
            Some(name) => self.by_name(name),
        };
        found.ok_or_else(|| match name {
            None | Some("") => StageErrorKind::NoStage,
            Some(name) => {
                let known = self.stages.iter().filter_map(|stage| stage.name.as_deref());
                let suggestion = suggest(name, known).map(str::to_owned);
                StageErrorKind::UnknownTarget { name: name.to_owned(), suggestion }
            }
        })
    }

    /// The stage itself and the stages it builds on, the deepest one first.
    pub fn chain(&self, index: usize) -> Vec<&Stage<'a>> {
        let mut chain = Vec::new();
        let mut next = self.stages.get(index);
        while let Some(stage) = next {
            chain.push(stage);
            next = match stage.base {
                // Always smaller, so this ends.
                Base::Stage(base) => self.stages.get(base),
                _ => None,
            };
        }
        chain.reverse();
        chain
    }

    /// What the stage builds on in the end: the base of the deepest stage of its chain.
    pub fn root(&self, index: usize) -> &Base {
        self.chain(index).first().map_or(&Base::Unknown, |stage| &stage.base)
    }

    /// The stages that must be built for `target`, itself included.
    pub fn reachable(&self, target: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut pending = vec![target];
        while let Some(index) = pending.pop() {
            let Some(stage) = self.stages.get(index) else { continue };
            if found.insert(index) {
                pending.extend(self.needs(stage));
            }
        }
        found
    }

    /// The stages `stage` needs directly.
    pub fn needs(&self, stage: &Stage<'_>) -> BTreeSet<usize> {
        let base = match stage.base {
            Base::Stage(index) => Some(index),
            _ => None,
        };
        let others = stage.references.iter().filter_map(|reference| match reference.origin {
            Origin::Stage(index) => Some(index),
            _ => None,
        });
        base.into_iter().chain(others).collect()
    }

    /// The triggers that run right after the FROM of `stage`: the ONBUILDs of the stage it builds on. (Those of an
    /// image are in its configuration.)
    pub fn triggers(&self, stage: &Stage<'a>) -> &[Trigger<'a>] {
        match stage.base {
            Base::Stage(base) => self.stages.get(base).map_or(&[], |base| &base.onbuild),
            _ => &[],
        }
    }
}

impl Base {
    /// The image's reference.
    pub fn image(&self) -> Option<&str> {
        match self {
            Self::Image(reference) => Some(reference),
            _ => None,
        }
    }
}

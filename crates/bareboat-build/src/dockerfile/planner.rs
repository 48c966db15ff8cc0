//! Makes plans: finds the stages a target needs, their bases, and what each instruction means there. Touches no files
//! but what finding a base image touches; stages that are not needed are not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bareboat_dockerfile::arguments::{self, PROXY};
use bareboat_dockerfile::stages::{Base as Named, Stage};
use bareboat_dockerfile::{Allowance, Command, DirectiveName, Dockerfile, Instruction, Kind, Span, Stages};
use bareboat_image::{Platform, Reference};

use super::Request;
use super::base::{BaseImage, Wanted};
use super::configuration::{Configuration, Located};
use super::error::{DockerfileError, Problem};
use super::place::{Place, Text};
use super::plan::{Base, Origin, Plan, PlannedStage, Step, Work};
use super::{NamedContext, run_step, transfer_step};
use crate::event::{Event, Observer};

/// Plans the build of `request` for one platform.
///
/// # Errors
/// Everything that is wrong with the file, each with its lines; a base image that cannot be had.
pub(super) fn plan(request: &Request<'_>, platform: &Platform) -> Result<Plan, DockerfileError> {
    let parsed = Dockerfile::parse(request.file.source.to_vec());
    let wrong: Vec<_> = parsed.errors.iter().filter(|error| !error.deferred).collect();
    if let Some(&first) = wrong.first() {
        let problem = Problem::Parse { error: Box::new(first.clone()), more: wrong.len() - 1 };
        return Err(problem.at(request.file.place(first.span)));
    }
    check_frontend(request, &parsed.file)?;
    let automatic = automatic(request, platform);
    let stages = Stages::new(&parsed.file, &request.arguments, &automatic);
    if let Some(error) = stages.errors.first() {
        return Err(Problem::Stage(error.kind.clone()).at(request.file.place(error.span)));
    }
    let target =
        stages.target(request.target).map_err(|error| DockerfileError::from(Problem::from(error)))?;
    let mut planner = Planner {
        request,
        platform,
        file: &parsed.file,
        stages: &stages,
        planned: BTreeMap::new(),
        images: BTreeMap::new(),
    };
    let target = target.index;
    let mut needed = stages.reachable(target);
    while let Some(more) = planner.all(&needed)? {
        needed.extend(stages.reachable(more));
    }
    Ok(Plan { stages: planner.planned, target, images: planner.images })
}

/// Frontends for Dockerfiles are all this one, whatever their version; nothing is pulled for them.
fn check_frontend(request: &Request<'_>, file: &Dockerfile) -> Result<(), DockerfileError> {
    let directive = file.directive(DirectiveName::Syntax);
    let place = directive.map(|directive| request.file.place(directive.value_span));
    let written = directive.map(|directive| directive.value.as_str());
    let given = request.arguments.get("BUILDKIT_SYNTAX").map(String::as_str);
    let Some(image) = given.or(written).and_then(|image| image.split_whitespace().next()) else {
        return Ok(());
    };
    let name = image.split(['@', ':']).next().unwrap_or(image);
    let known = ["docker/dockerfile", "docker/dockerfile-upstream", "dockerfile.v0"];
    if known.contains(&name.strip_prefix("docker.io/").unwrap_or(name)) {
        return Ok(());
    }
    let what = format!("the frontend `{image}`");
    let hint = Some("remove the `# syntax=` line if the file is an ordinary Dockerfile".to_owned());
    Err(DockerfileError { problem: Problem::Unsupported { what, hint }, place: place.map(Box::new) })
}

fn automatic(request: &Request<'_>, platform: &Platform) -> BTreeMap<String, String> {
    let known = |platform: &Platform| arguments::Platform {
        os: platform.os.clone(),
        architecture: platform.architecture.clone(),
        variant: platform.variant.clone().unwrap_or_default(),
        os_version: platform.os_version.clone().unwrap_or_default(),
    };
    arguments::platform_arguments(&known(request.host), &known(platform), request.target)
}

/// What plans one build.
pub(super) struct Planner<'p> {
    pub(super) request: &'p Request<'p>,
    pub(super) platform: &'p Platform,
    file: &'p Dockerfile,
    stages: &'p Stages<'p>,
    planned: BTreeMap<usize, PlannedStage>,
    images: BTreeMap<String, BaseImage>,
}

/// An instruction in its stage.
pub(super) struct Call<'c> {
    /// The stage's number.
    pub(super) stage: usize,
    /// The instruction, or the ONBUILD's trigger as an instruction of its own.
    pub(super) instruction: &'c Instruction,
    /// What the instruction stands in.
    pub(super) source: &'c [u8],
}

impl Call<'_> {
    fn command(&self) -> &Command {
        &self.instruction.command
    }
}

impl Planner<'_> {
    /// Plans the stages of `needed` that are not planned yet; a stage that is needed besides, by a trigger.
    fn all(&mut self, needed: &BTreeSet<usize>) -> Result<Option<usize>, DockerfileError> {
        for &number in needed {
            if self.planned.contains_key(&number) {
                continue;
            }
            let Some(stage) = self.stages.stages.get(number) else { continue };
            let planned = self.stage(stage)?;
            let wanted = planned.steps.iter().flat_map(|step| step.work.stages());
            if let Some(missing) = wanted.into_iter().find(|wanted| !needed.contains(wanted)) {
                return Ok(Some(missing));
            }
            self.find_images(&planned.steps)?;
            self.planned.insert(number, planned);
        }
        Ok(None)
    }

    /// Finds the images that `steps` take files from.
    fn find_images(&mut self, steps: &[Step]) -> Result<(), DockerfileError> {
        for step in steps {
            for origin in step.work.origins() {
                let Origin::Image(name) = origin else { continue };
                if !self.images.contains_key(name) {
                    let image = self.image(name, self.platform);
                    let image = image.map_err(|problem| problem.at(step.place.clone()))?;
                    self.images.insert(name.clone(), image);
                }
            }
        }
        Ok(())
    }

    fn stage(&self, stage: &Stage<'_>) -> Result<PlannedStage, DockerfileError> {
        let place = self.request.file.place(stage.instruction.text_span());
        let title = stage.name.clone().unwrap_or_else(|| format!("stage-{}", stage.index));
        if let Some(name) = stage.name.as_ref().filter(|name| self.request.contexts.contains_key(*name)) {
            let what = format!("replacing the stage `{name}` by a context of that name");
            return Err(Problem::Unsupported { what, hint: None }.at(place));
        }
        let (base, mut configuration) = self.base(stage, &place)?;
        let triggers = configuration.take_triggers();
        let mut steps = Vec::new();
        for trigger in &triggers {
            self.trigger(stage.index, trigger, &mut configuration, &mut steps)?;
        }
        let mut allowance = Allowance::default();
        for instruction in &stage.instructions {
            let call = Call { stage: stage.index, instruction, source: self.file.source() };
            steps.push(self.step(&call, &mut configuration, &mut allowance, &self.request.file)?);
        }
        let text = one_line(stage.instruction);
        Ok(PlannedStage { title, base, place, text, steps, configuration })
    }

    fn base(&self, stage: &Stage<'_>, place: &Place) -> Result<(Base, Configuration), DockerfileError> {
        let escape = self.file.escape();
        let at = |problem: Problem| problem.at(place.clone());
        let platform = match &stage.platform {
            Some(text) => text.text.parse().map_err(|error| at(Problem::Platform(error)))?,
            None => self.platform.clone(),
        };
        match &stage.base {
            Named::Scratch => Ok((Base::Scratch, Configuration::new(None, &platform, escape))),
            Named::Stage(number) => match self.planned.get(number) {
                Some(planned) => Ok((Base::Stage(*number), planned.configuration.inherit())),
                None => Err(at(Problem::words("the stage builds on one that comes later"))),
            },
            Named::Image(name) => {
                let image = self.image(name, &platform).map_err(at)?;
                let configuration = Configuration::new(Some(&image.config), &platform, escape);
                Ok((Base::Image(Box::new(image)), configuration))
            }
            Named::Unknown => Err(at(Problem::words("the base image is unknown"))),
        }
    }

    /// The image called `name`, which a named context may replace.
    fn image(&self, name: &str, platform: &Platform) -> Result<BaseImage, Problem> {
        match self.named_context(name) {
            Some(NamedContext::Image(place)) => (self.request.bases)(Wanted::Place(place), platform),
            Some(NamedContext::Directory(_)) => Err(Problem::Unsupported {
                what: format!("building on the directory that `--build-context {name}=` names"),
                hint: Some(format!("copy from it: `FROM scratch` and `COPY --from={name} . /`")),
            }),
            None => (self.request.bases)(Wanted::Name(name), platform),
        }
    }

    fn named_context(&self, name: &str) -> Option<&NamedContext> {
        let contexts = &self.request.contexts;
        contexts.get(name).or_else(|| {
            let wanted: Reference = name.parse().ok()?;
            contexts.iter().find(|(known, _)| known.parse() == Ok(wanted.clone())).map(|(_, context)| context)
        })
    }

    /// Plans a trigger: an instruction that the base left behind, read as a file of its own.
    fn trigger(
        &self,
        stage: usize,
        trigger: &str,
        configuration: &mut Configuration,
        steps: &mut Vec<Step>,
    ) -> Result<(), DockerfileError> {
        let parsed = Dockerfile::parse(trigger.as_bytes().to_vec());
        let text = Text { name: Arc::from("ONBUILD of the base image"), source: trigger.as_bytes().into() };
        if let Some(error) = parsed.errors.first() {
            let problem = Problem::Parse { error: Box::new(error.clone()), more: parsed.errors.len() - 1 };
            return Err(problem.at(text.place(error.span)));
        }
        let mut allowance = Allowance::default();
        for instruction in parsed.file.instructions() {
            if matches!(instruction.command.kind, Kind::From(_) | Kind::Onbuild(_) | Kind::Maintainer(_)) {
                let problem = Problem::words("this instruction cannot be triggered");
                return Err(problem.at(text.place(instruction.span)));
            }
            let call = Call { stage, instruction, source: parsed.file.source() };
            steps.push(self.step(&call, configuration, &mut allowance, &text)?);
        }
        Ok(())
    }

    fn step(
        &self,
        call: &Call<'_>,
        configuration: &mut Configuration,
        allowance: &mut Allowance,
        text: &Text,
    ) -> Result<Step, DockerfileError> {
        let whole = call.instruction.text_span();
        let located = |(problem, span): Located| problem.at(text.place(span.unwrap_or(whole)));
        let work = self.work(call, configuration).map_err(located)?;
        configuration.apply(call.instruction, call.command(), call.source).map_err(located)?;
        let work = match (&call.command().kind, work) {
            (Kind::Workdir(_), _) => Work::Directory {
                path: configuration.image.config.working_dir.clone(),
                user: configuration.image.config.user.clone(),
            },
            (_, work) => work,
        };
        configuration.scope.apply(call.command(), self.stages, &self.request.arguments, allowance);
        Ok(Step { place: text.place(whole), text: one_line(call.instruction), work })
    }

    fn work(&self, call: &Call<'_>, configuration: &Configuration) -> Result<Work, Located> {
        match &call.command().kind {
            Kind::Copy(copy) => transfer_step::copy(self, call, configuration, copy).map(Work::Transfer),
            Kind::Add(add) => transfer_step::add(call, configuration, add).map(Work::Transfer),
            Kind::Run(run) => run_step::plan(self, call, configuration, run).map(Box::new).map(Work::Run),
            _ => Ok(Work::Metadata),
        }
    }

    /// What the name after `from` means in stage `own`: a number or name of an earlier stage, a named context, an image.
    pub(super) fn origin(&self, own: usize, name: &str, span: Span) -> Result<Origin, Located> {
        let number = name.parse::<usize>().ok().filter(|number| *number < self.stages.stages.len());
        let stage = number.or_else(|| self.stages.by_name(name).map(|stage| stage.index));
        match stage {
            Some(stage) if stage < own => return Ok(Origin::Stage(stage)),
            Some(_) => {
                let problem = Problem::words(format!("stage `{name}` does not come before this one"));
                return Err((problem, Some(span)));
            }
            None => {}
        }
        match self.named_context(name) {
            Some(NamedContext::Directory(_)) => Ok(Origin::Directory(name.to_owned())),
            Some(NamedContext::Image(_)) | None => Ok(Origin::Image(name.to_owned())),
        }
    }

    /// `--build-arg`s for proxies, in both cases of letters.
    pub(super) fn proxies(&self) -> BTreeMap<String, String> {
        let given = &self.request.arguments;
        let find = |name: &str| {
            let (lower, upper) = (name.to_lowercase(), name.to_uppercase());
            given.get(name).or_else(|| given.get(&lower)).or_else(|| given.get(&upper)).cloned()
        };
        PROXY.iter().filter_map(|name| Some(((*name).to_owned(), find(name)?))).collect()
    }
}

impl Work {
    /// Where it takes files from.
    pub(super) fn origins(&self) -> Vec<&Origin> {
        match self {
            Self::Transfer(transfer) => vec![&transfer.from],
            Self::Run(run) => run.origins(),
            Self::Metadata | Self::Directory { .. } => Vec::new(),
        }
    }

    /// The stages among them.
    fn stages(&self) -> Vec<usize> {
        let stages = self.origins().into_iter().filter_map(|origin| match origin {
            Origin::Stage(number) => Some(*number),
            _ => None,
        });
        stages.collect()
    }
}

/// Warns about `--build-arg`s that no ARG of the file takes.
pub(super) fn note_unused(request: &Request<'_>, observer: &Observer) {
    let parsed = Dockerfile::parse(request.file.source.to_vec());
    let mut declared: BTreeSet<&str> = PROXY.into_iter().chain(arguments::BUILDER).collect();
    declared.extend(arguments::PLATFORM);
    for instruction in parsed.file.instructions() {
        if let Kind::Arg(pairs) = &instruction.effective().kind {
            declared.extend(pairs.iter().map(|pair| pair.name.text.as_str()));
        }
    }
    let unused: Vec<&str> = request.arguments.keys().map(String::as_str).collect();
    let unused: Vec<&str> = unused.into_iter().filter(|name| !declared.contains(name)).collect();
    if !unused.is_empty() {
        let text = format!("no `ARG` takes the build argument `{}`", unused.join("`, `"));
        observer(Event::Warning { text });
    }
}

/// The instruction without its heredocs, white space made single.
fn one_line(instruction: &Instruction) -> String {
    let text = instruction.text.as_str();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

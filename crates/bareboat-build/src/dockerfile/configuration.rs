//! The image configuration as it grows, instruction by instruction. No files are touched here.

use bareboat_dockerfile::arguments::DEFAULT_PATH;
use bareboat_dockerfile::instruction::{CommandLine, Healthcheck, Pairs};
use bareboat_dockerfile::stages::Scope;
use bareboat_dockerfile::{Command, Instruction, Kind, Span, Word};
use bareboat_image::{ImageConfig, Platform};

use super::error::Problem;
use super::words;

/// A stage's configuration and what its instructions can see.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// What becomes the image's configuration. Its history is that of the base image.
    pub image: ImageConfig,
    /// Variables, ARGs among them.
    pub scope: Scope,
    /// A CMD of this very stage was seen.
    has_own_command: bool,
}

/// A problem and the bytes of the instruction to blame; the whole instruction without.
pub(super) type Located = (Problem, Option<Span>);

impl Configuration {
    /// What `FROM image` starts with; `None` is scratch.
    pub(super) fn new(base: Option<&ImageConfig>, platform: &Platform, escape: char) -> Self {
        let mut image = match base {
            Some(base) => base.clone(),
            None => ImageConfig::new(platform.clone()),
        };
        image.root_fs.diff_ids.clear();
        if image.config.working_dir.is_empty() {
            image.config.working_dir = "/".to_owned();
        }
        let environment = &mut image.config.env;
        if !environment.iter().any(|pair| pair.starts_with("PATH=")) {
            environment.push(format!("PATH={DEFAULT_PATH}"));
        }
        let variables = environment.iter().map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (name.to_owned(), value.to_owned())
        });
        let scope = Scope::new(variables.collect(), Some(image.config.working_dir.clone()), false);
        Self { image, scope: scope.with_escape(escape), has_own_command: false }
    }

    /// What `FROM stage` starts with: everything but the triggers, which the caller takes.
    pub(super) fn inherit(&self) -> Self {
        Self { has_own_command: false, ..self.clone() }
    }

    /// The triggers of the base, which run now and are gone.
    pub(super) fn take_triggers(&mut self) -> Vec<String> {
        std::mem::take(&mut self.image.config.on_build)
    }

    /// Expands a word with what the instruction can see.
    pub(super) fn expand(&self, instruction: &Instruction, word: &Word) -> Result<String, Located> {
        Ok(self.expand_words(instruction, word)?.text)
    }

    fn expand_words(
        &self,
        instruction: &Instruction,
        word: &Word,
    ) -> Result<bareboat_dockerfile::Expansion, Located> {
        self.scope.expand(&word.text).map_err(|error| {
            let span = instruction.locate(word, error.at.min(word.text.len())..word.text.len());
            (error.into(), Some(span))
        })
    }

    /// The shell of shell forms.
    pub(super) fn shell(&self) -> Vec<String> {
        let default = || vec!["/bin/sh".to_owned(), "-c".to_owned()];
        self.image.config.shell.clone().filter(|shell| !shell.is_empty()).unwrap_or_else(default)
    }

    /// Takes over what an instruction says about the image. Those about files leave it as it is.
    pub(super) fn apply(
        &mut self,
        instruction: &Instruction,
        command: &Command,
        source: &[u8],
    ) -> Result<(), Located> {
        match &command.kind {
            Kind::Env(pairs) => self.environment(instruction, pairs)?,
            Kind::Arg(pairs) => {
                for pair in pairs {
                    self.expand(instruction, &pair.name)?;
                    pair.value.iter().try_for_each(|value| self.expand(instruction, value).map(drop))?;
                }
            }
            Kind::Label(pairs) => {
                for (name, value) in self.pairs(instruction, pairs)? {
                    self.image.config.labels.insert(name, value);
                }
            }
            Kind::Cmd(line) => {
                self.image.config.cmd = Some(self.command_line(line));
                self.has_own_command = true;
            }
            Kind::Entrypoint(line) => {
                self.image.config.entrypoint = Some(self.command_line(line));
                if !self.has_own_command {
                    self.image.config.cmd = None;
                }
            }
            Kind::Shell(words) => {
                self.image.config.shell = Some(words.iter().map(|word| word.text.clone()).collect());
            }
            Kind::Healthcheck(check) => self.image.config.healthcheck = Some(healthcheck(check)),
            Kind::Maintainer(word) => self.image.author = Some(self.expand(instruction, word)?),
            Kind::Onbuild(_) => {
                self.image.config.on_build.extend(instruction.onbuild_expression(source));
            }
            Kind::User(_) | Kind::Workdir(_) | Kind::Stopsignal(_) => self.single(instruction, command)?,
            Kind::Expose(ports) => self.expose(instruction, ports)?,
            Kind::Volume(paths) => self.volume(instruction, paths)?,
            Kind::Add(_) | Kind::Copy(_) | Kind::From(_) | Kind::Run(_) | Kind::Broken => {}
        }
        Ok(())
    }

    fn single(&mut self, instruction: &Instruction, command: &Command) -> Result<(), Located> {
        let config = |this: &Self, word: &Word| this.expand(instruction, word);
        match &command.kind {
            Kind::User(word) => self.image.config.user = config(self, word)?,
            Kind::Workdir(word) => {
                let wanted = config(self, word)?;
                let current = &self.image.config.working_dir;
                let found = words::working_directory(current, &wanted);
                self.image.config.working_dir = found.map_err(|problem| (problem, Some(word.span)))?;
            }
            Kind::Stopsignal(word) => {
                let signal = config(self, word)?;
                words::signal(&signal).map_err(|problem| (problem, Some(word.span)))?;
                self.image.config.stop_signal = signal;
            }
            _ => {}
        }
        Ok(())
    }

    fn pairs(&self, instruction: &Instruction, pairs: &Pairs) -> Result<Vec<(String, String)>, Located> {
        let expanded = pairs.pairs.iter().map(|pair| {
            let value = pair.value.as_ref().map(|value| self.expand(instruction, value)).transpose()?;
            Ok((self.expand(instruction, &pair.name)?, value.unwrap_or_default()))
        });
        expanded.collect()
    }

    fn environment(&mut self, instruction: &Instruction, pairs: &Pairs) -> Result<(), Located> {
        for (name, value) in self.pairs(instruction, pairs)? {
            let pair = format!("{name}={value}");
            let environment = &mut self.image.config.env;
            let known = environment.iter_mut().find(|pair| pair.split('=').next() == Some(&name));
            match known {
                Some(known) => *known = pair,
                None => environment.push(pair),
            }
        }
        Ok(())
    }

    fn command_line(&self, line: &CommandLine) -> Vec<String> {
        match line {
            CommandLine::Exec(words) => words.iter().map(|word| word.text.clone()).collect(),
            CommandLine::Shell(text) => self.shell().into_iter().chain([text.as_str().to_owned()]).collect(),
        }
    }

    fn expose(&mut self, instruction: &Instruction, ports: &[Word]) -> Result<(), Located> {
        for word in ports {
            for port in self.expand_words(instruction, word)?.words {
                let ports = words::ports(&port).map_err(|problem| (problem, Some(word.span)))?;
                self.image.config.exposed_ports.extend(ports);
            }
        }
        Ok(())
    }

    fn volume(&mut self, instruction: &Instruction, paths: &[Word]) -> Result<(), Located> {
        for word in paths {
            let path = self.expand(instruction, word)?;
            if path.trim().is_empty() {
                let problem = Problem::words("the volume's path is empty once its variables are expanded");
                return Err((problem, Some(word.span)));
            }
            self.image.config.volumes.insert(path);
        }
        Ok(())
    }
}

fn healthcheck(check: &Healthcheck) -> bareboat_image::Healthcheck {
    let Healthcheck::Command(check) = check else {
        let test = vec!["NONE".to_owned()];
        return bareboat_image::Healthcheck { test, ..Default::default() };
    };
    let test = match &check.command {
        CommandLine::Exec(words) => {
            std::iter::once("CMD".to_owned()).chain(words.iter().map(|word| word.text.clone())).collect()
        }
        CommandLine::Shell(text) => vec!["CMD-SHELL".to_owned(), text.as_str().to_owned()],
    };
    let time = |nanoseconds: Option<u64>| i64::try_from(nanoseconds.unwrap_or(0)).unwrap_or(i64::MAX);
    bareboat_image::Healthcheck {
        test,
        interval: time(check.interval),
        timeout: time(check.timeout),
        start_period: time(check.start_period),
        start_interval: time(check.start_interval),
        retries: i64::from(check.retries.unwrap_or(0)),
    }
}

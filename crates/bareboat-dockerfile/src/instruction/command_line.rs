//! RUN, CMD, ENTRYPOINT, HEALTHCHECK and SHELL: what is executed.

use super::mount::Mount;
use super::{Call, Instruction, Kind, Reader};
use crate::duration::{DurationError, parse_duration};
use crate::error::{ErrorKind, shorten};
use crate::{Text, Word, heredoc};

/// A command in one of its two forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandLine {
    /// Text for the shell; may be empty. Also what was meant as JSON but is not valid JSON.
    Shell(Text),
    /// A JSON array: program and arguments, no shell. May be empty.
    Exec(Vec<Word>),
}

/// `RUN`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// `--mount`, in order.
    pub mounts: Vec<Mount>,
    /// `--network`
    pub network: Option<Network>,
    /// `--security`
    pub security: Option<Security>,
    /// `--device`, in order.
    pub devices: Vec<Device>,
    /// What is run; see [`Run::executed`] when there are heredocs.
    pub command: CommandLine,
}

/// `RUN --network=…`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the Dockerfile's own")]
pub enum Network {
    Default,
    None,
    Host,
}

/// `RUN --security=…`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the Dockerfile's own")]
pub enum Security {
    Sandbox,
    Insecure,
}

/// `RUN --device=…`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The flag's value, as written: a device name, with `required` after a comma when it is.
    pub value: Word,
}

/// What a RUN executes, heredocs included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Executed {
    /// Text for the shell: the line; the body of a heredoc that stands alone; or the line with its heredocs below
    /// it, which the shell itself must understand.
    Shell(Text),
    /// The body of a heredoc that stands alone and names its interpreter in a `#!` line: a file to execute.
    File {
        /// Index of the heredoc in the instruction.
        heredoc: usize,
        /// The body.
        text: Text,
    },
    /// Program and arguments.
    Exec(Vec<Word>),
}

/// `HEALTHCHECK`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Healthcheck {
    /// `HEALTHCHECK NONE`
    None,
    /// `HEALTHCHECK CMD`
    Command(HealthcheckCommand),
}

/// `HEALTHCHECK CMD`; durations in nanoseconds, 0 and `None` both meaning the default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthcheckCommand {
    /// What is run. The shell form always uses the image's shell.
    pub command: CommandLine,
    /// `--interval`
    pub interval: Option<u64>,
    /// `--timeout`
    pub timeout: Option<u64>,
    /// `--start-period`
    pub start_period: Option<u64>,
    /// `--start-interval`
    pub start_interval: Option<u64>,
    /// `--retries`
    pub retries: Option<u32>,
}

impl Run {
    /// What `instruction` (which this belongs to) executes, heredocs included. `source` is the file.
    pub fn executed(&self, instruction: &Instruction, source: &[u8]) -> Executed {
        let line = match &self.command {
            CommandLine::Exec(words) => return Executed::Exec(words.clone()),
            CommandLine::Shell(line) => line,
        };
        let Some(first) = instruction.heredocs.first() else { return Executed::Shell(line.clone()) };
        if matches!(heredoc::parse_word(line.as_str()), Ok(Some(_))) {
            let text = first.text(source);
            return match first.shebang(source) {
                Some(_) => Executed::File { heredoc: 0, text },
                None => Executed::Shell(text),
            };
        }
        let mut script = line.clone();
        for heredoc in &instruction.heredocs {
            script.push_synthetic("\n", heredoc.body.start);
            script.push_source(source, heredoc.body);
            script.push_synthetic(&heredoc.name, heredoc.end.start);
        }
        Executed::Shell(script)
    }
}

impl CommandLine {
    /// True for shell form whose text starts like JSON: most often a JSON array with a mistake in it.
    pub fn is_failed_json(&self) -> bool {
        matches!(self, Self::Shell(text) if text.as_str().starts_with('['))
    }
}

impl Reader<'_> {
    /// The arguments of CMD and ENTRYPOINT.
    pub(super) fn command_line(&mut self, call: &Call<'_>) -> Option<CommandLine> {
        self.check_flags(call);
        self.shell_or_exec(call.arguments.clone())
    }

    fn shell_or_exec(&mut self, range: std::ops::Range<usize>) -> Option<CommandLine> {
        Some(match self.json(range.clone()).ok()? {
            Some(words) => CommandLine::Exec(words),
            None => CommandLine::Shell(self.text.slice(range)),
        })
    }

    pub(super) fn run(&mut self, call: &Call<'_>) -> Option<Kind> {
        self.check_flags(call);
        let mounts = call.values("mount").iter().filter_map(|value| self.mount(value)).collect();
        let network = self.choice(call, "network", "`default`, `none` or `host`", |value| {
            Some(match value {
                "default" => Network::Default,
                "none" => Network::None,
                "host" => Network::Host,
                _ => return None,
            })
        });
        let security = self.choice(call, "security", "`sandbox` or `insecure`", |value| {
            Some(match value {
                "sandbox" => Security::Sandbox,
                "insecure" => Security::Insecure,
                _ => return None,
            })
        });
        let devices = call.values("device").into_iter().map(|value| Device { value }).collect();
        let command = self.shell_or_exec(call.arguments.clone())?;
        Some(Kind::Run(Run { mounts, network, security, devices, command }))
    }

    fn mount(&mut self, value: &Word) -> Option<Mount> {
        let mount = match Mount::parse(value, self.text) {
            Ok(mount) => mount,
            Err(error) => {
                self.error(value.span, error.into());
                return None;
            }
        };
        let variable_from = mount.options.iter().find(|option| {
            option.key == "from" && option.value.as_ref().is_some_and(|value| has_variable(value))
        });
        if let Some(option) = variable_from {
            self.error(option.span, ErrorKind::VariableInFrom { option: "from" });
        } else if !mount.has_variables() {
            let checked = mount.resolve(|value| Ok(value.to_owned()));
            if let Err((option, error)) = checked {
                let span = option.map_or(mount.span, |option| option.span);
                self.error(span, error.into());
            }
        }
        Some(mount)
    }

    fn choice<T>(
        &mut self,
        call: &Call<'_>,
        flag: &str,
        allowed: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = call.value(flag)?;
        let choice = read(&value.text);
        if choice.is_none() {
            let (flag, value_text) = (flag.to_owned(), shorten(&value.text));
            self.error(value.span, ErrorKind::InvalidFlagValue { flag, value: value_text, allowed });
        }
        choice
    }

    pub(super) fn shell(&mut self, call: &Call<'_>) -> Option<Kind> {
        self.check_flags(call);
        match self.json(call.arguments.clone()).ok()? {
            Some(words) if !words.is_empty() => return Some(Kind::Shell(words)),
            None if !call.arguments.is_empty() => {
                let span = self.text.source_span(call.arguments.clone());
                self.error(span, ErrorKind::ShellNotJson);
            }
            _ => self.missing(call, "a shell, as in `SHELL [\"/bin/sh\", \"-c\"]`"),
        }
        None
    }

    pub(super) fn healthcheck(&mut self, call: &Call<'_>) -> Option<Kind> {
        let arguments = self.argument_text(call);
        let end = arguments.find(char::is_whitespace).unwrap_or(arguments.len());
        let kind = arguments[..end].to_ascii_uppercase();
        let rest = call.arguments.end - arguments[end..].trim_start().len()..call.arguments.end;
        let span = self.text.source_span(call.arguments.start..call.arguments.start + end);
        match kind.as_str() {
            "" => self.missing(call, "`CMD` or `NONE`"),
            // Flags of NONE are not even looked at.
            "NONE" if rest.is_empty() => return Some(Kind::Healthcheck(Healthcheck::None)),
            "NONE" => {
                let span = self.text.source_span(rest);
                self.error(span, ErrorKind::HealthcheckNoneArguments);
            }
            "CMD" => return self.healthcheck_command(call, rest),
            _ => self.error(span, ErrorKind::HealthcheckType { word: shorten(&kind) }),
        }
        None
    }

    fn healthcheck_command(&mut self, call: &Call<'_>, rest: std::ops::Range<usize>) -> Option<Kind> {
        self.check_flags(call);
        let interval = self.duration(call, "interval");
        let timeout = self.duration(call, "timeout");
        let start_period = self.duration(call, "start-period");
        let start_interval = self.duration(call, "start-interval");
        let retries = self.retries(call);
        let command = self.shell_or_exec(rest)?;
        let empty = match &command {
            CommandLine::Shell(text) => text.is_empty(),
            CommandLine::Exec(words) => words.is_empty(),
        };
        if empty {
            self.missing(call, "a command after `CMD`");
            return None;
        }
        let command =
            HealthcheckCommand { command, interval, timeout, start_period, start_interval, retries };
        Some(Kind::Healthcheck(Healthcheck::Command(command)))
    }

    fn duration(&mut self, call: &Call<'_>, flag: &'static str) -> Option<u64> {
        let word = call.value(flag).filter(|word| !word.text.is_empty())?;
        let value = || shorten(&word.text);
        match parse_duration(&word.text) {
            Ok(nanoseconds) => return Some(nanoseconds),
            Err(DurationError::Malformed) => {
                self.error(word.span, ErrorKind::InvalidDuration { flag, value: value() });
            }
            Err(DurationError::TooShort) => {
                self.error(word.span, ErrorKind::DurationTooShort { flag, value: value() });
            }
        }
        None
    }

    fn retries(&mut self, call: &Call<'_>) -> Option<u32> {
        let word = call.value("retries").filter(|word| !word.text.is_empty())?;
        let retries = word.text.parse::<i32>().ok().and_then(|count| u32::try_from(count).ok());
        if retries.is_none() {
            self.error(word.span, ErrorKind::InvalidRetries { value: shorten(&word.text) });
        }
        retries
    }
}

/// True when `text` has a `$` with something after it, which is where BuildKit suspects a variable.
pub(super) fn has_variable(text: &str) -> bool {
    text.strip_suffix('$').unwrap_or(text).contains('$')
}

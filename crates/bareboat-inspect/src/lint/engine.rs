//! Judging one file: parse, work out the context, run the rules, take out what is silenced, sort.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_dockerfile::arguments::{Platform, platform_arguments};
use bareboat_dockerfile::{Dockerfile, Instruction, Keyword, LineIndex, Parsed, Span, Stages};
use bareboat_report::{Edit, Finding, Fix, Place, Related, Severity, closest};

use super::context::build::Surroundings;
use super::context::{Context, Scripts};
use super::findings::{Draft, DraftFix};
use super::pragma::Pragmas;
use super::{
    BuildContext, Configuration, ConfigurationError, Findings, Rule, RunShellCheck, rules, shellcheck,
};
use crate::knowledge::{self, BaseFacts, Date};

/// A configuration worked out once, for any number of files. Cheap to share between threads.
#[derive(Debug)]
pub struct Linter {
    configuration: Configuration,
    rules: Vec<&'static Rule>,
    /// Names and aliases in lower case.
    ignored: BTreeSet<String>,
    severities: BTreeMap<String, Severity>,
    /// Names of rules that are on only because somebody enabled them, maybe by an alias for a part of them.
    only_enabled: BTreeSet<&'static str>,
    /// The values BuildKit gives to the platform arguments on the usual machine.
    platform: BTreeMap<String, String>,
}

/// A file to judge, and what surrounds it.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The file.
    pub source: &'a [u8],
    /// Its build context; `None` when nobody knows it.
    pub build: Option<&'a BuildContext<'a>>,
    /// The day, for facts that end on one.
    pub today: Option<Date>,
    /// `--build-arg`s.
    pub arguments: &'a BTreeMap<String, String>,
    /// What is known about an image by its reference on a day; `scratch` is asked for too.
    pub facts: &'a (dyn Fn(&str, Option<Date>) -> Option<BaseFacts> + Sync),
    /// An external ShellCheck; `None` when there is none or nobody wants it.
    pub shellcheck: Option<&'a RunShellCheck<'a>>,
}

impl<'a> Input<'a> {
    /// A file about whose surroundings nothing is known but the embedded knowledge of base images.
    pub fn new(source: &'a [u8]) -> Self {
        static NO_ARGUMENTS: BTreeMap<String, String> = BTreeMap::new();
        Self {
            source,
            build: None,
            today: None,
            arguments: &NO_ARGUMENTS,
            facts: &knowledge::lookup,
            shellcheck: None,
        }
    }
}

impl Linter {
    /// Works a configuration out.
    ///
    /// # Errors
    /// It names a rule that nobody has.
    pub fn new(configuration: Configuration) -> Result<Self, ConfigurationError> {
        configuration.check()?;
        let mut configuration = configuration;
        configuration.settings.preset = configuration.preset;
        let enabled: Vec<&Rule> = configuration.enable.iter().flat_map(|name| rules::find(name)).collect();
        let is_wanted = |rule: &Rule| configuration.wants(rule);
        let is_enabled = |rule: &Rule| enabled.iter().any(|enabled| enabled.name == rule.name);
        let rules: Vec<_> = rules::all().filter(|rule| is_wanted(rule) || is_enabled(rule)).collect();
        let only_enabled = rules.iter().filter(|rule| !is_wanted(rule)).map(|rule| rule.name).collect();
        Ok(Self { only_enabled, ..Self::with_rules(configuration.clone(), rules) })
    }

    /// A linter with exactly these rules.
    pub(super) fn with_rules(configuration: Configuration, rules: Vec<&'static Rule>) -> Self {
        let machine =
            Platform { os: "linux".to_owned(), architecture: "amd64".to_owned(), ..Platform::default() };
        let lower = |name: &String| name.to_ascii_lowercase();
        Self {
            ignored: configuration.ignore.iter().map(lower).collect(),
            severities: configuration
                .severities
                .iter()
                .map(|(name, severity)| (lower(name), *severity))
                .collect(),
            platform: platform_arguments(&machine, &machine, None),
            only_enabled: BTreeSet::new(),
            configuration,
            rules,
        }
    }

    /// The rules that run.
    pub fn rules(&self) -> &[&'static Rule] {
        &self.rules
    }

    /// Everything that is wrong with a file, by place, then rule.
    pub fn lint(&self, input: &Input<'_>) -> Vec<Finding> {
        let parsed = Dockerfile::parse(input.source);
        let mut drafts = self.judge(input, &parsed);
        drafts.extend(self.judge_fragment(input, &parsed.file));
        drafts.retain(|draft| self.wants(draft));
        if self.configuration.pragmas {
            self.silence(&parsed.file, &mut drafts);
        }
        drafts.sort_by(|a, b| (a.span, a.rule.name, &a.message).cmp(&(b.span, b.rule.name, &b.message)));
        // A trigger is judged in every stage it runs in, and says the same each time.
        drafts.dedup_by(|a, b| (a.span, a.rule.name, &a.message) == (b.span, b.rule.name, &b.message));
        let lines = parsed.file.line_index();
        drafts.into_iter().map(|draft| self.finish(draft, &lines)).collect()
    }

    /// What every rule finds.
    fn judge(&self, input: &Input<'_>, parsed: &Parsed) -> Vec<Draft> {
        let stages = Stages::new(&parsed.file, input.arguments, &self.platform);
        let scripts = Scripts::new(&parsed.file);
        let surroundings = Surroundings {
            settings: &self.configuration.settings,
            build: input.build,
            today: input.today,
            arguments: input.arguments,
            facts: &|name| (input.facts)(name, input.today),
        };
        let context = Context::new(parsed, &stages, &scripts, &surroundings);
        let mut drafts = Vec::new();
        for rule in &self.rules {
            (rule.check)(&context, &mut Findings::new(rule, &mut drafts));
        }
        let asks = self.rules.iter().find(|rule| std::ptr::eq(**rule, &rules::SHELLCHECK));
        if let (Some(rule), Some(run)) = (asks, input.shellcheck) {
            shellcheck::judge(&context, run, &mut Findings::new(rule, &mut drafts));
        }
        drafts
    }

    /// A file without FROM is a part of one: its instructions are judged as those of a stage on an unknown image.
    fn judge_fragment(&self, input: &Input<'_>, file: &Dockerfile) -> Vec<Draft> {
        let is_from = |instruction: &Instruction| instruction.keyword() == Some(Keyword::From);
        if file.instructions().any(is_from) {
            return Vec::new();
        }
        let only_arguments = file.instructions().all(|found| found.keyword() == Some(Keyword::Arg));
        let Some(first) = file.instructions().next().filter(|_| !only_arguments) else { return Vec::new() };
        let at = first.span.start;
        let mut source = input.source.to_vec();
        source.splice(at..at, FRAGMENT.bytes());
        let drafts = self.judge(input, &Dockerfile::parse(source));
        drafts.into_iter().filter_map(|draft| draft.without(at..at + FRAGMENT.len())).collect()
    }

    /// False for findings that the preset does not have, and for ignored ones.
    fn wants(&self, draft: &Draft) -> bool {
        let rule = draft.rule;
        if rules::is_always_on(rule) {
            return true;
        }
        let mut names = draft.names().map(str::to_ascii_lowercase);
        if names.any(|name| self.ignored.contains(&name)) {
            return false;
        }
        // A rule about several package managers may be on for one of them only.
        let enabled = || self.configuration.enable.iter().any(|name| draft.is_called(name));
        let wanted = || self.configuration.preset.judge(&draft.aliases).is_some();
        enabled() || !self.only_enabled.contains(rule.name) && wanted()
    }

    /// Takes out what comments silence, and reports comments that silence nothing.
    fn silence(&self, file: &Dockerfile, drafts: &mut Vec<Draft>) {
        let mut pragmas = Pragmas::new(file);
        if pragmas.is_empty() {
            return;
        }
        let starts: Vec<(usize, bool)> = file
            .instructions()
            .map(|instruction| (instruction.span.start, instruction.keyword() == Some(Keyword::From)))
            .collect();
        drafts.retain(|draft| {
            if rules::is_always_on(draft.rule) {
                return true;
            }
            let names: Vec<&str> = draft.names().collect();
            // Other tools report some things at the other place, and people put their comments there.
            let places = [draft.span].into_iter().chain(draft.related.iter().map(|(span, _)| *span));
            let silenced = places.map(|span| {
                let after = starts.partition_point(|(start, _)| *start <= span.start);
                let before = &starts[..after];
                let instruction = before.last().map(|(start, _)| *start);
                let stage = before.iter().rfind(|(_, from)| *from).map(|(start, _)| *start);
                pragmas.silences(&names, instruction, stage)
            });
            // All of them: each comment that does something is to be seen as used.
            !silenced.fold(false, |any, one| any | one)
        });
        let wanted = |rule: &&&'static Rule| {
            std::ptr::eq(**rule, &rules::UNUSED_PRAGMA) && !self.ignored.contains(rule.name)
        };
        let Some(rule) = self.rules.iter().find(wanted) else { return };
        let mut findings = Findings::new(rule, drafts);
        for code in pragmas.unused() {
            let name = code.name.as_str();
            if self.rules.iter().any(|rule| rule.is_called(name)) {
                findings.report(code.span, format!("`{name}` is ignored here, but nothing is found"));
            } else if code.own && rules::find(name).next().is_none() && !super::preset::is_foreign_code(name)
            {
                let draft = findings.report(code.span, format!("there is no rule `{name}`"));
                if let Some(close) = closest(name, rules::all().map(|rule| rule.name)) {
                    draft.help(format!("did you mean `{close}`?"));
                }
            }
        }
    }

    fn finish(&self, draft: Draft, lines: &LineIndex<'_>) -> Finding {
        let configured =
            draft.names().find_map(|name| self.severities.get(&name.to_ascii_lowercase())).copied();
        let preset = || self.configuration.preset.judge(&draft.aliases).flatten();
        let severity = configured.or_else(preset).or(draft.severity).unwrap_or(draft.rule.severity);
        Finding {
            rule: draft.rule.name.into(),
            aliases: draft.aliases,
            severity,
            message: draft.message,
            place: place(draft.span, lines),
            related: draft
                .related
                .into_iter()
                .map(|(span, message)| Related { place: place(span, lines), message })
                .collect(),
            notes: draft.notes,
            help: draft.help,
            fix: draft.fix.map(finish_fix),
        }
    }
}

/// What makes a fragment a file.
const FRAGMENT: &str = "FROM fragment\n";

/// Where a span stands, for people.
pub(crate) fn place(span: Span, lines: &LineIndex<'_>) -> Place {
    let (start, end) = (lines.position(span.start), lines.position(span.end));
    Place {
        range: span.range(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
    }
}

fn finish_fix(fix: DraftFix) -> Fix {
    let edits = fix.edits.into_iter().map(|edit| Edit { range: edit.span.range(), replacement: edit.text });
    Fix { safety: fix.safety, title: fix.title, edits: edits.collect(), writes: fix.writes }
}

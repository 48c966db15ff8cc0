//! `bareboat audit`: judges an image.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use bareboat_inspect::audit::{
    self, Audit, Auditor, Configuration, Context, Origin, Preset, Rule, Waiver, render, rules,
};
use bareboat_inspect::facts::Facts;
use bareboat_report::render::{Format, Report, TextStyle};
use bareboat_report::{FileReport, Severity};
use serde_json::{Value, json};

use super::image::{self, Asked};
use super::lint::{format, sum_of, threshold, today};
use crate::cli::{AuditArgs, AuditPreset};
use crate::failure::Failure;
use crate::session::Session;
use crate::terminal::print;

/// Prints what is wrong with it; 1 when something reaches the threshold.
pub fn run(session: &Session, arguments: &AuditArgs) -> Result<ExitCode, Failure> {
    let auditor = Auditor::new(configuration(arguments)?).map_err(|error| {
        let failure = Failure::input(error.to_string());
        error.hint().into_iter().fold(failure, Failure::hint)
    })?;
    let format = format(arguments.format);
    if arguments.list_rules {
        print(&list(&auditor, format));
        return Ok(ExitCode::SUCCESS);
    }
    let Some(name) = &arguments.image else {
        return Err(
            Failure::input("nothing says which image to judge").hint("name it: `bareboat audit IMAGE`")
        );
    };
    let asked = Asked { image: name, platform: arguments.platform.as_deref(), registry: &arguments.registry };
    let images = image::all_facts(session, asked, auditor.checksums())?;
    let judge = |facts| {
        let audit = auditor.audit(&Context { facts: &facts, today: today() });
        (facts, audit)
    };
    let judged: Vec<(Facts, Audit)> = images.into_iter().map(judge).collect();
    let origin = arguments.dockerfile.as_deref().map(origin).transpose()?;
    print(&shown(&judged, format, origin.as_ref()));
    talk(session, &auditor, &judged);
    let threshold = threshold(arguments.threshold);
    let mut counted = judged.iter().flat_map(|(_, audit)| audit.counted());
    Ok(ExitCode::from(u8::from(counted.any(|finding| threshold.fails(finding.severity)))))
}

/// Text and JSON are our own, because an image has more to say than a file; the others are those of `lint`.
fn shown(judged: &[(Facts, Audit)], format: Format, origin: Option<&Origin>) -> String {
    match format {
        Format::Text => {
            judged.iter().map(|(facts, audit)| titled(facts, audit, judged.len(), origin)).collect()
        }
        Format::Json => render::json(judged),
        other => {
            let reports = |(facts, audit): &(Facts, Audit)| {
                audit::reports(&title(facts, judged.len()), facts, audit, origin)
            };
            let files: Vec<FileReport> = judged.iter().flat_map(reports).collect();
            let rules = audit::described(judged);
            let report = Report { files: &files, rules: &rules, version: env!("CARGO_PKG_VERSION") };
            bareboat_report::render::render(other, &report, TextStyle { colors: false, width: 110 })
        }
    }
}

/// What is no data: waivers that ended, what could not be read, the sum.
fn talk(session: &Session, auditor: &Auditor, judged: &[(Facts, Audit)]) {
    let terminal = &session.terminal;
    for waiver in auditor.expired(today()) {
        terminal.warning(&format!("the waiver of `{}` has ended: {}", waiver.rule, waiver.reason));
    }
    for (facts, audit) in judged {
        if facts.is_incomplete {
            terminal.warning("the image's lists of packages are larger than is read; some are missing");
        }
        let severities = audit.counted().map(|finding| finding.severity);
        terminal.say(&format!("{}: {}", title(facts, judged.len()), sum_of(severities)));
    }
}

/// Which of several images: by platform.
fn title(facts: &Facts, images: usize) -> String {
    match (&facts.platform, images) {
        (Some(platform), 2..) => format!("{} for {platform}", facts.name),
        _ => facts.name.clone(),
    }
}

/// Reads the Dockerfile that `--dockerfile` names.
fn origin(path: &Path) -> Result<Origin, Failure> {
    let source = std::fs::read(path).map_err(|error| {
        Failure::input(format!("cannot read the Dockerfile `{}`", path.display())).because(error)
    })?;
    Ok(Origin { path: path.display().to_string(), source })
}

fn titled(facts: &Facts, audit: &Audit, images: usize, origin: Option<&Origin>) -> String {
    let text = render::text(facts, audit, origin);
    if images > 1 { format!("{}\n\n{text}\n", title(facts, images)) } else { text }
}

/// Every rule and whether it is on.
fn list(auditor: &Auditor, format: Format) -> String {
    let is_on = |rule: &Rule| auditor.rules().iter().any(|on| on.name == rule.name);
    if format == Format::Json {
        let rules = rules::all().map(|rule| {
            let mut value = describe(rule);
            value["on"] = is_on(rule).into();
            value
        });
        return format!("{:#}\n", json!({ "version": 1, "rules": rules.collect::<Vec<_>>() }));
    }
    let line = |rule: &Rule| {
        let on = if is_on(rule) { "on" } else { "off" };
        let (name, severity, aliases) = (rule.name, rule.severity, rule.aliases.join(" "));
        format!("{}\n", format!("{name:<16} {severity:<8} {on:<4} {aliases}").trim_end())
    };
    rules::all().map(line).collect()
}

/// A rule for programs.
pub fn describe(rule: &Rule) -> Value {
    let info = rule.info();
    json!({
        "name": info.name,
        "aliases": info.aliases,
        "group": { "name": rule.group.directory(), "title": rule.group.question() },
        "severity": info.severity.as_str(),
        "recommended": rule.default_on,
        "hard": rule.is_hard,
        "since": rule.since.to_string(),
        "summary": info.summary,
        "page": info.page,
    })
}

fn configuration(arguments: &AuditArgs) -> Result<Configuration, Failure> {
    let waivers = match &arguments.waivers {
        Some(path) => {
            let unusable = || Failure::input(format!("cannot use the waivers `{}`", path.display()));
            let text = std::fs::read_to_string(path).map_err(|error| unusable().because(error))?;
            Waiver::parse_all(&text).map_err(|error| unusable().because(error))?
        }
        None => Vec::new(),
    };
    Ok(Configuration {
        waivers,
        preset: match arguments.preset {
            AuditPreset::Recommended => Preset::Recommended,
            AuditPreset::All => Preset::All,
        },
        enable: arguments.enable.clone(),
        ignore: arguments.ignore.clone(),
        severities: severities(&arguments.severity)?,
        ..Configuration::default()
    })
}

/// `RULE=SEVERITY` each.
fn severities(texts: &[String]) -> Result<BTreeMap<String, Severity>, Failure> {
    let one = |text: &String| {
        let unusable = || Failure::input(format!("cannot use `--severity {text}`"));
        let (rule, severity) = text
            .split_once('=')
            .ok_or_else(|| unusable().hint("write RULE=SEVERITY, as in user-numeric=error"))?;
        let severity = severity.parse().map_err(|error| unusable().because(error))?;
        Ok((rule.to_owned(), severity))
    };
    texts.iter().map(one).collect()
}

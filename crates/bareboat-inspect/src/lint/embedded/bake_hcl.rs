//! Bake files in HCL: `target "NAME" { … }` (docs.docker.com, "Bake file reference").
//!
//! Of expressions only texts are understood, with variables of the same file that have a text as default. A target
//! whose Dockerfile is made by a function is passed over.

use std::collections::BTreeMap;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, Object};
use hcl_edit::structure::{Block, Body};

use super::{Build, Builds, HostError, Scalar, Syntax, add, interpolation, map};

pub(super) fn builds(text: &str) -> Result<Builds, HostError> {
    let body = hcl_edit::parser::parse_body(text).map_err(|error| HostError {
        line: error.location().line(),
        message: format!("this is not HCL: {}", error.message().replace('\n', ", ")),
    })?;
    let variables = variables(text, &body);
    let mut builds = Builds::default();
    for target in body.get_blocks("target") {
        if let Some(build) = read(text, target, &variables) {
            add(&mut builds, build);
        }
    }
    Ok(builds)
}

fn variables(text: &str, body: &Body) -> BTreeMap<String, String> {
    let known = body.get_blocks("variable").filter_map(|variable| {
        let name = variable.labels.first()?.as_str().to_owned();
        let value = scalar(text, &variable.body.get_attribute("default")?.value)?;
        (!value.text().contains("${")).then(|| (name, value.text().to_owned()))
    });
    known.collect()
}

/// `None` when the Dockerfile is made by something that is no text.
fn read(text: &str, target: &Block, variables: &BTreeMap<String, String>) -> Option<Build> {
    let expression = |key: &str| target.body.get_attribute(key).map(|attribute| &attribute.value);
    let replaced = |value: &Expression| match value {
        Expression::Variable(name) => variables.get(name.as_str()).cloned(),
        other => Some(interpolation::hcl(scalar(text, other)?, variables).text().to_owned()),
    };
    // What is not understood keeps a dollar, so that nobody looks for it.
    let word = |key: &str, default: &str| match expression(key) {
        Some(value) => replaced(value).unwrap_or_else(|| "$".to_owned()),
        None => default.to_owned(),
    };
    let inline = match expression("dockerfile-inline") {
        Some(value) => Some(interpolation::hcl(scalar(text, value)?, variables)),
        None => None,
    };
    let arguments = match expression("args") {
        Some(Expression::Object(object)) => arguments(object, &replaced),
        _ => BTreeMap::new(),
    };
    Some(Build {
        inline,
        context: word("context", "."),
        dockerfile: word("dockerfile", "Dockerfile"),
        arguments,
    })
}

fn arguments(object: &Object, replaced: &dyn Fn(&Expression) -> Option<String>) -> BTreeMap<String, String> {
    let known = object.iter().filter_map(|(key, value)| {
        let name = match key.as_expr() {
            Some(expression) => expression.as_str()?.to_owned(),
            None => key.as_ident()?.as_str().to_owned(),
        };
        Some((name, replaced(value.expr())?))
    });
    known.filter(|(_, value)| !value.contains("${")).collect()
}

/// A text as it is written, before anything in it is replaced.
fn scalar(file: &str, value: &Expression) -> Option<Scalar> {
    let span = value.span()?;
    match value {
        Expression::String(_) | Expression::StringTemplate(_) => {
            let written = map::double_quoted(file, span.clone())?;
            Some(Scalar::quoted(written, span, Syntax::Hcl))
        }
        Expression::HeredocTemplate(heredoc) => {
            let start = span.start + file[span.start..].find('\n')? + 1;
            let is_end = |line: &&str| line.trim() == heredoc.delimiter.as_str();
            let lines: Vec<&str> = file[start..].lines().take_while(|line| !is_end(line)).collect();
            let indented = file[span.start..].starts_with("<<-");
            let indent = if indented { common_indent(&lines) } else { 0 };
            let text: String =
                lines.iter().map(|line| format!("{}\n", line.get(indent..).unwrap_or_default())).collect();
            Scalar::block(file, start, &text, Syntax::Hcl)
        }
        _ => None,
    }
}

/// The white space that every line that is not blank starts with.
fn common_indent(lines: &[&str]) -> usize {
    let blanks = |line: &&str| line.len() - line.trim_start_matches([' ', '\t']).len();
    lines.iter().filter(|line| !line.trim().is_empty()).map(blanks).min().unwrap_or(0)
}

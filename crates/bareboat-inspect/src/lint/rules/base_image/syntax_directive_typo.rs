//! A `# syntax=` that does not do what it says: misspelt, or too far down to be read.

use bareboat_dockerfile::{DirectiveName, Edit, Item, Span};
use bareboat_report::Severity;

use crate::lint::context::ImageName;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "syntax-directive-typo",
    aliases: &[],
    group: Group::BaseImage,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("syntax-directive-typo.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let file = context.file();
    for directive in file.directives().filter(|directive| directive.name == DirectiveName::Syntax) {
        let image = ImageName::new(&directive.value);
        let close = context.suggest(&image.repository, FRONTENDS.iter().copied());
        let Some(close) = close.filter(|close| *close != image.repository) else { continue };
        let fixed = directive.value.replacen(&image.repository, close, 1);
        findings
            .report(directive.value_span, format!("`{}` is probably no image", directive.value))
            .note("BuildKit gets the image that this line names before it reads the rest; without it the build fails")
            .help(format!("write `{fixed}`"))
            .unsafe_fix(format!("write `{fixed}`"), [Edit::replace(directive.value_span, fixed)]);
    }
    // A file for executing has its interpreter in front of everything; BuildKit passes over that line.
    let is_script = file.source().starts_with(b"#!");
    let has_mark = matches!(file.items().first(), Some(Item::ByteOrderMark(_)));
    let mut may_move = !is_script && !has_mark && file.directive(DirectiveName::Syntax).is_none();
    let mut place = Place::Top;
    for item in file.items() {
        match item {
            Item::Comment(line) if is_script && line.start == 0 => continue,
            Item::Comment(line) => may_move &= !comment(context, *line, place, may_move, findings),
            Item::ByteOrderMark(_) | Item::Directive(_) => continue,
            _ => {}
        }
        place = Place::Below;
    }
}

/// Where a comment stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Where it would be a directive.
    Top,
    Below,
}

/// A comment that looks like the directive. At the place of directives it is misspelt, elsewhere it is not read. True
/// when the fix moves it.
fn comment(
    context: &Context<'_>,
    line: Span,
    place: Place,
    may_move: bool,
    findings: &mut Findings<'_>,
) -> bool {
    let text = context.text(line);
    let Some((name, value)) = text.trim_start().strip_prefix('#').and_then(|text| text.split_once('='))
    else {
        return false;
    };
    let (name, value) = (name.trim(), value.trim());
    let names_frontend = value.contains("docker/dockerfile") && !value.contains(char::is_whitespace);
    let is_right = name.eq_ignore_ascii_case("syntax");
    // A second one at the top is an error of its own.
    if !names_frontend || is_right && place == Place::Top {
        return false;
    }
    if !is_right && context.suggest(name, ["syntax"]).is_none() {
        return false;
    }
    let start = line.start + (text.len() - text.trim_start().len());
    let span = Span::new(start, start + text.trim().len());
    if place == Place::Top {
        let at = line.start + text.find(name).unwrap_or_default();
        let edit = Edit::replace(Span::new(at, at + name.len()), "syntax");
        findings
            .report(span, format!("`{name}` is no directive"))
            .note("this is a comment: the builder's own syntax is used")
            .help("write `syntax`")
            .unsafe_fix("write `syntax`", [edit]);
        return false;
    }
    let draft = findings.report(span, "this is a comment: directives stand above everything else");
    draft
        .note("the first line that is no directive, be it a comment or a blank line, ends them")
        .help("move it to the first line of the file, or remove it");
    let moves = may_move && text.ends_with('\n');
    if moves {
        let moved = format!("# syntax={value}{}", context.line_end());
        draft.unsafe_fix("move it to the first line", [Edit::insert(0, moved), Edit::remove(line)]);
    }
    moves
}

const FRONTENDS: &[&str] = &["docker/dockerfile", "docker/dockerfile-upstream"];

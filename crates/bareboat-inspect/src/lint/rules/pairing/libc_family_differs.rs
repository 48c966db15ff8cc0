//! Native code from musl in an image with glibc, or the reverse.

use bareboat_report::Severity;

use super::arrival::arrivals;
use super::base;
use super::content::{Content, content};
use super::native::{Nature, nature};
use crate::knowledge::LibcFamily;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "libc-family-differs",
    aliases: &["P01"],
    group: Group::Pairing,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("libc-family-differs.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let Some(runtime) = context.base(view) else { return };
    let Some(here) = base::libc(runtime).filter(|libc| *libc != LibcFamily::None) else { return };
    for arrival in arrivals(context, view) {
        let Some(builder) = arrival.made_on(context) else { continue };
        let Some(there) = base::libc(builder).filter(|libc| *libc != LibcFamily::None && *libc != here)
        else {
            continue;
        };
        let Some(content) = content(context, &arrival) else { continue };
        let (what, certain) = match &content {
            Content::Packages { .. } => match nature(context, arrival.maker) {
                Nature::Pure => continue,
                Nature::Native => ("these Python packages", true),
                Nature::Optional | Nature::Unknown => ("these Python packages", false),
            },
            Content::NodeModules => ("these Node packages", false),
            // Rust for musl is linked statically there.
            Content::Rust if there == LibcFamily::Musl => continue,
            Content::Rust | Content::Cgo { .. } | Content::C => ("this program", true),
        };
        let image = base::image(context, view);
        let message = format!(
            "{what} {} installed for {}, but `{image}` has {}",
            if content.is_program() { "was" } else { "were" },
            name(there),
            name(here)
        );
        let draft = findings.report(arrival.span, message);
        if certain {
            draft.severity(Severity::Error);
        }
        draft.note(happens(&content, there));
        match base::matching_python(runtime).filter(|_| matches!(content, Content::Packages { .. })) {
            Some(python) => {
                draft.help(format!("build on `{python}`, which is what the runtime stands on"));
                let same = base::python_minor(builder) == base::python_minor(runtime);
                if let Some(edit) = base::rebuild_on(context, arrival.maker, &python).filter(|_| same) {
                    draft.unsafe_fix(format!("build on `{python}`"), [edit]);
                }
                draft
            }
            None => {
                draft.help(format!("build on an image with {}, of the runtime's own release", name(here)))
            }
        };
    }
}

fn name(libc: LibcFamily) -> &'static str {
    match libc {
        LibcFamily::Glibc => "glibc",
        LibcFamily::Musl => "musl",
        LibcFamily::None => "no C library",
    }
}

fn happens(content: &Content, built_for: LibcFamily) -> &'static str {
    match (content, built_for) {
        (Content::Packages { .. }, LibcFamily::Musl) => {
            "a compiled module is not found (`ModuleNotFoundError: No module named …`), or does not load: \
             `ImportError: libc.musl-x86_64.so.1: cannot open shared object file`"
        }
        (Content::Packages { .. }, _) => {
            "a compiled module is not found (`ModuleNotFoundError: No module named …`), or its symbols are not: \
             `ImportError: Error relocating …: symbol not found`"
        }
        (Content::NodeModules, _) => {
            "packages with compiled parts (sharp, bcrypt, prisma, esbuild) do not load: \
             `Error loading shared library`, `cannot open shared object file`, `Cannot find module`"
        }
        _ => "the loader it asks for is not there: `no such file or directory`, although the file exists",
    }
}

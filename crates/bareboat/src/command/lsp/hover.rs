//! What stands under the pointer: the page of the rule that found something, or what an instruction does.

use bareboat_dockerfile::{Dockerfile, Keyword};
use bareboat_inspect::lint::rules;
use lsp_types::{Hover, HoverContents, HoverParams, MarkupContent, MarkupKind};

use super::View;

/// The pages of the rules whose findings are there; otherwise the instruction whose keyword is there.
pub fn hover(view: &View<'_>, parameters: &HoverParams) -> Option<Hover> {
    let lines = view.document.lines();
    let at = view.encoding.offset(&lines, parameters.text_document_position_params.position);
    let mut found: Vec<_> = view
        .document
        .findings()
        .iter()
        .filter(|finding| finding.place.range.contains(&at) || finding.place.range == (at..at))
        .collect();
    found.sort_by_key(|finding| finding.place.range.len());
    if let Some(nearest) = found.first() {
        let mut pages: Vec<&str> = Vec::new();
        for rule in found.iter().filter_map(|finding| rules::find(&finding.rule).next()) {
            if !pages.contains(&prose(rule.docs)) {
                pages.push(prose(rule.docs));
            }
        }
        let range = view.encoding.range(&lines, nearest.place.range.clone());
        return Some(markdown(pages.join("\n\n---\n\n"), range));
    }
    let parsed = Dockerfile::parse(view.document.text.as_bytes());
    let mut keywords = parsed.file.instructions().flat_map(|instruction| {
        let outer = (instruction.keyword(), instruction.command.keyword.span);
        let inner = instruction.effective();
        [outer, (Keyword::from_name(&inner.keyword.text), inner.keyword.span)]
    });
    let (keyword, span) = keywords.find(|(_, span)| span.contains(at))?;
    let keyword = keyword?;
    let text = format!("**{keyword}** {}", meaning(keyword));
    Some(markdown(text, view.encoding.range(&lines, span.range())))
}

fn markdown(value: String, range: lsp_types::Range) -> Hover {
    let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value });
    Hover { contents, range: Some(range) }
}

/// A page up to its first example.
fn prose(page: &str) -> &str {
    page.split("\n```").next().unwrap_or(page).trim_end()
}

fn meaning(keyword: Keyword) -> &'static str {
    match keyword {
        Keyword::Add => {
            "copies files in, and also fetches addresses and unpacks local archives. For plain files use COPY."
        }
        Keyword::Arg => "declares a variable of the build; it is gone when a container starts.",
        Keyword::Cmd => "is the command of a container, or the arguments of ENTRYPOINT; the last one counts.",
        Keyword::Copy => "copies files from the build context, or with `--from` from another stage or image.",
        Keyword::Entrypoint => "is the program of a container; arguments of `run` are added to it.",
        Keyword::Env => "sets a variable for the rest of the build and for containers.",
        Keyword::Expose => "tells which ports a container listens on; it opens none.",
        Keyword::From => "starts a stage on an image or on another stage.",
        Keyword::Healthcheck => "is a command that tells whether a container still does its work.",
        Keyword::Label => "adds a note to the image.",
        Keyword::Maintainer => "is deprecated; a LABEL says the same.",
        Keyword::Onbuild => "is run by builds that stand on this image, not by this one.",
        Keyword::Run => "runs a command and keeps what it changes as a layer.",
        Keyword::Shell => "sets the shell for the shell forms below it.",
        Keyword::Stopsignal => "is the signal that asks a container to stop.",
        Keyword::User => "is who runs what follows, and containers.",
        Keyword::Volume => {
            "is a directory whose content outlives containers; what RUN writes there later is lost."
        }
        Keyword::Workdir => "is the directory of what follows, made when it is missing.",
    }
}

//! Going places: from a stage's name to its FROM, from a COPY to the file it copies.

use std::collections::BTreeMap;

use bareboat_dockerfile::instruction::{Source, Transfer};
use bareboat_dockerfile::stages::{Base, Origin};
use bareboat_dockerfile::{Dockerfile, Kind, Span, Stages};
use lsp_types::{DocumentLink, DocumentLinkParams, GotoDefinitionParams, GotoDefinitionResponse, Location};

use super::View;
use super::document::address;

/// The FROM of the stage that is named where the pointer is: after FROM, `--from=`, or `from=` of a mount.
pub fn definition(view: &View<'_>, parameters: &GotoDefinitionParams) -> Option<GotoDefinitionResponse> {
    let lines = view.document.lines();
    let at = view.encoding.offset(&lines, parameters.text_document_position_params.position);
    let parsed = Dockerfile::parse(view.document.text.as_bytes());
    let (given, platform) = (BTreeMap::new(), BTreeMap::new());
    let model = Stages::new(&parsed.file, &given, &platform);
    let index = model.stages.iter().find_map(|stage| {
        let base = match stage.base {
            Base::Stage(base) => Some((stage.from.image.span, base)),
            _ => None,
        };
        let references = stage.references.iter().filter_map(|reference| match reference.origin {
            Origin::Stage(index) | Origin::Later(index) => Some((reference.span, index)),
            _ => None,
        });
        let named: Vec<(Span, usize)> = base.into_iter().chain(references).collect();
        named.into_iter().find(|(span, _)| span.start <= at && at <= span.end).map(|(_, index)| index)
    })?;
    let from = model.stages.get(index)?.from;
    let target = from.alias.as_ref().map_or(from.image.span, |alias| alias.name.span);
    let range = view.encoding.range(&lines, target.range());
    Some(GotoDefinitionResponse::Scalar(Location { uri: view.document.uri.clone(), range }))
}

/// A link to every file of the context that a COPY or ADD names.
pub fn links(view: &View<'_>, _: &DocumentLinkParams) -> Option<Vec<DocumentLink>> {
    let path = view.document.path()?;
    let directory = path.parent()?;
    let lines = view.document.lines();
    let parsed = Dockerfile::parse(view.document.text.as_bytes());
    let transfers =
        parsed.file.instructions().filter_map(|instruction| match &instruction.effective().kind {
            Kind::Copy(copy) if copy.from.is_none() => Some(&copy.transfer),
            Kind::Add(add) => Some(&add.transfer),
            _ => None,
        });
    let links = transfers.flat_map(sources).filter_map(|(span, source)| {
        let file = directory.join(source.trim_start_matches('/'));
        let target = file.is_file().then(|| address(&file)).flatten()?;
        let range = view.encoding.range(&lines, span.range());
        Some(DocumentLink { range, target: Some(target), tooltip: None, data: None })
    });
    Some(links.collect())
}

/// The sources that stay inside the context and are no patterns.
fn sources(transfer: &Transfer) -> impl Iterator<Item = (Span, &str)> {
    let words = transfer.sources.iter().filter_map(|source| match source {
        Source::Path(word) => Some(word),
        Source::Heredoc(_) => None,
    });
    let plain = words.filter(|word| {
        !word.text.contains(['$', '*', '?', '[']) && !word.text.split('/').any(|part| part == "..")
    });
    plain.map(|word| (word.span, word.text.as_str()))
}

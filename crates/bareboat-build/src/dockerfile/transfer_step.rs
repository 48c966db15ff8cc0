//! What a COPY or ADD means, with everything expanded.

use bareboat_dockerfile::instruction::{Add, Copy, Source as Written, Transfer as Common};
use bareboat_dockerfile::{Word, expand_heredoc};
use bareboat_store::Digest;

use super::configuration::{Configuration, Located};
use super::error::Problem;
use super::plan::{Origin, Source, Transfer};
use super::planner::{Call, Planner};
use super::transfer::mode::Mode;
use super::words;

/// COPY.
pub(super) fn copy(
    planner: &Planner<'_>,
    call: &Call<'_>,
    configuration: &Configuration,
    copy: &Copy,
) -> Result<Transfer, Located> {
    let from = match copy.from.as_ref().filter(|from| !from.text.is_empty()) {
        Some(from) => planner.origin(call.stage, &from.text, from.span)?,
        None => Origin::Context,
    };
    let transfer = common(call, configuration, &copy.transfer, from)?;
    Ok(Transfer { parents: copy.parents, ..transfer })
}

/// ADD.
pub(super) fn add(call: &Call<'_>, configuration: &Configuration, add: &Add) -> Result<Transfer, Located> {
    let mut transfer = common(call, configuration, &add.transfer, Origin::Context)?;
    let checksum =
        add.checksum.as_ref().map(|word| configuration.expand(call.instruction, word)).transpose()?;
    let mut remote = 0;
    for source in &mut transfer.sources {
        let Source::Path(path) = source else { continue };
        if is_repository(path) {
            let what = format!("adding the repository `{path}`");
            let hint = Some("clone it into the build context first".to_owned());
            return Err((Problem::Unsupported { what, hint }, None));
        }
        if is_remote(path) {
            remote += 1;
            let name = remote_name(path, &transfer.destination).map_err(|problem| (problem, None))?;
            let url = path.clone();
            *source = Source::Url { url, name, checksum: checksum.clone() };
        }
    }
    if let Some(word) = add.checksum.as_ref().filter(|_| remote != 1 || transfer.sources.len() != 1) {
        let problem = Problem::words("`--checksum` is for a single source from the network");
        return Err((problem, Some(word.span)));
    }
    if let Some((word, text)) = add.checksum.as_ref().zip(checksum.as_ref()) {
        let wrong = |_| {
            (
                Problem::words(format!("`{text}` is no checksum: want `sha256:` and 64 digits")),
                Some(word.span),
            )
        };
        text.parse::<Digest>().map_err(wrong)?;
    }
    Ok(Transfer { unpack: add.unpack.unwrap_or(remote == 0), ..transfer })
}

fn common(
    call: &Call<'_>,
    configuration: &Configuration,
    written: &Common,
    from: Origin,
) -> Result<Transfer, Located> {
    let expand = |word: &Word| configuration.expand(call.instruction, word);
    let destination = expand(&written.destination)?;
    let chmod = written.chmod.as_ref().map(|word| {
        let text = expand(word)?;
        Mode::parse(&text).map_err(|problem| (problem, Some(word.span)))
    });
    let sources = written.sources.iter().map(|source| match source {
        Written::Path(word) => Ok(Source::Path(expand(word)?)),
        Written::Heredoc(index) => heredoc(call, configuration, *index),
    });
    Ok(Transfer {
        from,
        sources: sources.collect::<Result<_, Located>>()?,
        destination: words::destination(&configuration.image.config.working_dir, &destination),
        chown: written.chown.as_ref().map(expand).transpose()?,
        chmod: chmod.transpose()?,
        exclude: written.exclude.iter().map(expand).collect::<Result<_, Located>>()?,
        parents: false,
        unpack: false,
    })
}

fn heredoc(call: &Call<'_>, configuration: &Configuration, index: usize) -> Result<Source, Located> {
    let Some(heredoc) = call.instruction.heredocs.get(index) else {
        return Err((Problem::words("the heredoc is missing"), None));
    };
    let text = heredoc.text(call.source);
    let mut content = text.as_str().to_owned();
    if heredoc.expand {
        let scope = &configuration.scope;
        let lookup = |name: &str| scope.variable(name).map(|variable| variable.value.as_str());
        let expanded = expand_heredoc(&content, lookup);
        content = expanded.map_err(|error| (error.into(), Some(heredoc.body)))?.text;
    }
    Ok(Source::Heredoc { name: heredoc.name.clone(), content })
}

/// True for what ADD fetches.
fn is_remote(source: &str) -> bool {
    ["http://", "https://"].iter().any(|start| source.starts_with(start))
}

/// True for what ADD clones.
fn is_repository(source: &str) -> bool {
    let path = source.split(['#', '?']).next().unwrap_or(source);
    ["git://", "ssh://", "git@"].iter().any(|start| source.starts_with(start))
        || is_remote(source) && path.ends_with(".git")
}

/// What a file of the network is called: by the destination, or in a directory by its address.
fn remote_name(url: &str, destination: &str) -> Result<String, Problem> {
    let own = destination.rsplit('/').next().filter(|own| !own.is_empty());
    let found = own.map(str::to_owned).or_else(|| name_of(url));
    found.ok_or_else(|| Problem::Words {
        message: format!("`{}` does not say what the file is called", bareboat_store::redact_url(url)),
        hint: Some("write the file's name at the end of the destination".to_owned()),
    })
}

/// The last component of an address's path.
fn name_of(url: &str) -> Option<String> {
    let path = url.split(['#', '?']).next()?.split_once("://")?.1.split_once('/')?.1;
    let name = path.rsplit('/').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

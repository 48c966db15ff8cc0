//! Which line of a Dockerfile a finding comes from.
//!
//! The instructions that make files are laid beside the image's layers from the end, as far as the history says the
//! same; what is about the configuration belongs to the instruction that sets it. Where nothing fits, nothing is said.

use std::collections::BTreeMap;

use bareboat_dockerfile::{Dockerfile, Instruction, Keyword, LineIndex, Stages};
use bareboat_report::Place;

use super::Finding;
use crate::facts::{Facts, secret};
use crate::lint::place;

/// A Dockerfile beside one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockerfileLines {
    /// For each layer, counted from 0, the instruction that made it.
    layers: BTreeMap<usize, Place>,
    /// The last instruction of each kind.
    settings: BTreeMap<Keyword, Place>,
}

impl DockerfileLines {
    /// Lays the last stage of the Dockerfile with these bytes beside an image.
    pub fn new(source: &[u8], facts: &Facts) -> Self {
        let parsed = Dockerfile::parse(source);
        let stages = Stages::new(&parsed.file, &BTreeMap::new(), &BTreeMap::new());
        let lines = LineIndex::new(source);
        let place = |instruction: &Instruction| place(instruction.text_span(), &lines);
        let last = stages.stages.len().saturating_sub(1);
        let mut settings = BTreeMap::new();
        let mut makers: Vec<&Instruction> = Vec::new();
        for stage in stages.chain(last) {
            settings.insert(Keyword::From, place(stage.instruction));
            for instruction in &stage.instructions {
                let Some(keyword) = instruction.keyword() else { continue };
                settings.insert(keyword, place(instruction));
                if matches!(keyword, Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::Workdir) {
                    makers.push(instruction);
                }
            }
        }
        let layers = beside(&makers, facts).into_iter().map(|(layer, maker)| (layer, place(maker))).collect();
        Self { layers, settings }
    }

    /// The instruction that a finding comes from.
    pub fn place(&self, finding: &Finding) -> Option<&Place> {
        match finding.place.layer {
            Some(layer) => self.layers.get(&layer),
            None => setting(finding.rule.name).iter().find_map(|keyword| self.settings.get(keyword)),
        }
    }
}

/// The instructions that set what a rule judges, the likeliest first.
fn setting(rule: &str) -> &'static [Keyword] {
    match rule {
        "user-root" | "user-exists" | "user-numeric" | "user-gid0" => &[Keyword::User, Keyword::From],
        "entrypoint" => &[Keyword::Entrypoint, Keyword::Cmd, Keyword::From],
        "health" => &[Keyword::Healthcheck],
        "workdir" => &[Keyword::Workdir],
        "port-low" => &[Keyword::Expose],
        "volume" => &[Keyword::Volume],
        "secret-config" => &[Keyword::Env],
        "tag-latest" | "pkg-eol" => &[Keyword::From],
        _ => &[],
    }
}

/// Layers and what made them, from the last one up to where history and file no longer say the same.
fn beside<'i>(makers: &[&'i Instruction], facts: &Facts) -> Vec<(usize, &'i Instruction)> {
    let mut found = Vec::new();
    let mut left = makers;
    for (layer, made) in facts.layers.iter().enumerate().rev() {
        let Some(made) = &made.created_by else { break };
        // A WORKDIR makes a layer only where the directory was not there.
        while let Some((last, before)) = left.split_last() {
            if last.keyword() != Some(Keyword::Workdir) || fits(last, made) {
                break;
            }
            left = before;
        }
        let Some((last, before)) = left.split_last() else { break };
        if !fits(last, made) {
            break;
        }
        found.push((layer, *last));
        left = before;
    }
    found
}

/// Whether the history's words are this instruction's.
fn fits(instruction: &Instruction, made: &str) -> bool {
    let Some(keyword) = instruction.keyword() else { return false };
    let Some(rest) = made.strip_prefix(keyword.as_str()).and_then(|rest| rest.strip_prefix(' ')) else {
        return false;
    };
    let arguments = &instruction.command.arguments;
    let text = &instruction.text.as_str()[arguments.clone()];
    let is_plain =
        keyword == Keyword::Run && instruction.heredocs.is_empty() && !text.trim_start().starts_with('[');
    if !is_plain {
        return true;
    }
    let words = |text: &str| secret::masked(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    // Flags are no part of the history; build arguments come first in it: `|1 NAME=value script`.
    let script = words(text);
    rest == script || rest.starts_with('|') && rest.ends_with(&script)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Auditor, Configuration, Context, fixture};

    const DOCKERFILE: &str = "\
FROM debian:13 AS base
RUN apt-get update \\
 && apt-get install -y curl
FROM scratch AS other
COPY x /x
FROM base
WORKDIR /app
ENV A=b
COPY app /app
RUN --mount=type=cache,target=/c chmod 4755 /bin/tool
EXPOSE 80
USER root
";

    fn lines(image: &str) -> Vec<String> {
        let facts = fixture::facts(image);
        let audit =
            Auditor::new(Configuration::default()).unwrap().audit(&Context { facts: &facts, today: None });
        let lines = DockerfileLines::new(DOCKERFILE.as_bytes(), &facts);
        let shown = |finding: &Finding| {
            let place = lines.place(finding)?;
            Some(format!("{} {}:{}", finding.rule.name, place.line, place.end_line))
        };
        let mut shown: Vec<String> = audit.findings.iter().filter_map(shown).collect();
        shown.dedup();
        shown
    }

    #[test]
    fn findings_have_the_line_of_their_layer_or_setting() {
        let image = "user 0\nexpose 80/tcp\ncmd [\"/bin/sh\"]\nlayer \"/bin/sh -c #(nop) ADD file:1 in / \"\n\
                     elf /bin/sh 0755 static\nlayer \"RUN /bin/sh -c apt-get update && apt-get install -y curl # buildkit\"\n\
                     elf /usr/bin/curl 0755 static\nlayer \"COPY app /app # buildkit\"\nfile /app/x 0644 \"x\"\n\
                     layer \"RUN /bin/sh -c chmod 4755 /bin/tool # buildkit\"\nelf /bin/tool 04755 static\n";
        assert_eq!(lines(image), ["user-root 12:12", "nettool 2:3", "setid 10:10"]);
    }

    #[test]
    fn another_images_file_is_laid_beside_nothing() {
        let image = "user 0\ncmd [\"/usr/bin/curl\"]\nlayer \"RUN make\"\nelf /usr/bin/curl 0755 static\n";
        assert_eq!(lines(image), ["user-root 12:12"]);
    }
}

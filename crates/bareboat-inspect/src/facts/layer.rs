//! The layers of an image with the instruction that made each and what of it is hidden later.

use bareboat_image::source::{LayerFacts, LayerSource};
use bareboat_image::{HiddenCause, History, Merged};
use bareboat_store::Digest;

use super::secret;

/// One layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The digest of its tar; a directory has none.
    pub diff_id: Option<Digest>,
    /// The digest of its blob; old archives and directories have none.
    pub digest: Option<Digest>,
    /// Bytes to pull.
    pub pull: Option<u64>,
    /// Bytes of tar.
    pub tar: Option<u64>,
    /// Bytes of its regular files, hard links not counted.
    pub shipped: u64,
    /// How many of those are hidden by it or by later layers.
    pub hidden: HiddenBytes,
    /// What made it, with secrets masked; `None` where the history does not fit the layers.
    pub created_by: Option<String>,
}

/// Bytes that are shipped and cannot be seen, by cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HiddenBytes {
    /// By other content.
    pub overwritten: u64,
    /// By a whiteout.
    pub deleted: u64,
    /// By the same content with other metadata.
    pub metadata_only: u64,
}

impl HiddenBytes {
    /// Counts a file.
    pub fn add(&mut self, cause: HiddenCause, size: u64) {
        match cause {
            HiddenCause::Replaced => self.overwritten += size,
            HiddenCause::Deleted => self.deleted += size,
            HiddenCause::MetadataOnly => self.metadata_only += size,
        }
    }

    /// All of them.
    pub fn total(self) -> u64 {
        self.overwritten + self.deleted + self.metadata_only
    }
}

pub(super) fn layers(
    sources: &[LayerSource],
    facts: &[LayerFacts],
    merged: &Merged,
    history: &[History],
) -> Vec<Layer> {
    let steps: Vec<&History> = history.iter().filter(|step| !step.empty_layer).collect();
    let fits = steps.len() == sources.len();
    let mut layers: Vec<Layer> = sources
        .iter()
        .zip(facts)
        .zip(&merged.layers)
        .enumerate()
        .map(|(index, ((source, facts), summary))| Layer {
            diff_id: facts.diff_id,
            digest: source.descriptor.as_ref().map(|descriptor| descriptor.digest),
            pull: facts.pull,
            tar: facts.tar,
            shipped: summary.shipped,
            hidden: HiddenBytes::default(),
            created_by: steps.get(index).filter(|_| fits).and_then(|step| instruction(step)),
        })
        .collect();
    for hidden in &merged.hidden {
        layers[hidden.origin.layer].hidden.add(hidden.cause, hidden.size);
    }
    layers
}

/// A step of the history as somebody would write it in a Dockerfile: builders put a shell and remarks around it.
fn instruction(step: &History) -> Option<String> {
    let text = step.created_by.as_deref().or(step.comment.as_deref())?.trim();
    let text = text.strip_suffix("# buildkit").unwrap_or(text).trim();
    let text = match text.strip_prefix("/bin/sh -c #(nop)") {
        Some(rest) => rest.trim().to_owned(),
        None => match text.strip_prefix("/bin/sh -c ") {
            Some(rest) => format!("RUN {}", rest.trim()),
            None => text.replacen("RUN /bin/sh -c ", "RUN ", 1),
        },
    };
    // Tabs and line ends of a continued instruction.
    let words: Vec<&str> = text.split_whitespace().collect();
    (!words.is_empty()).then(|| secret::masked(&words.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_reads_as_a_dockerfile_whoever_wrote_it() {
        let read = |text: &str| {
            instruction(&History { created_by: Some(text.to_owned()), ..History::default() })
                .unwrap_or_default()
        };
        assert_eq!(read("/bin/sh -c #(nop) ADD file:12 in / "), "ADD file:12 in /");
        assert_eq!(read("/bin/sh -c apt-get update \t&& true"), "RUN apt-get update && true");
        assert_eq!(read("RUN /bin/sh -c make # buildkit"), "RUN make");
        assert_eq!(read("COPY . /app # buildkit"), "COPY . /app");
        assert_eq!(read("bazel build"), "bazel build");
        assert_eq!(read("RUN |1 TOKEN=abcdefgh /bin/sh -c x"), "RUN |1 TOKEN=… /bin/sh -c x");
        assert_eq!(instruction(&History::default()), None);
    }
}

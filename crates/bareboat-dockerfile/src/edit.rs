//! Changing a file without touching the rest of it.

use std::borrow::Cow;

use crate::Span;

/// A replacement of some bytes by others. An empty span inserts; an empty text removes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edit {
    /// The bytes to replace.
    pub span: Span,
    /// What comes in their place.
    pub text: String,
}

impl Edit {
    /// Replaces the bytes of `span` by `text`.
    pub fn replace(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }

    /// Inserts `text` before the byte at `at`.
    pub fn insert(at: usize, text: impl Into<String>) -> Self {
        Self::replace(Span::at(at), text)
    }

    /// Removes the bytes of `span`.
    pub fn remove(span: Span) -> Self {
        Self::replace(span, "")
    }
}

/// Edits that do not overlap, collected one group after the other.
///
/// A group (all edits of one fix) is taken whole or not at all, so that no fix is applied by half.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edits {
    /// By place; at one place insertions stand before a replacement, in the order they were added.
    edits: Vec<Edit>,
}

impl Edits {
    /// No edits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds all edits of a group, or none: `false` when one of them touches bytes that another edit changes, or
    /// inserts at a place where another one inserts (which of the two goes first is not ours to say).
    pub fn add(&mut self, group: impl IntoIterator<Item = Edit>) -> bool {
        let mut group: Vec<Edit> = group.into_iter().collect();
        group.sort_by_key(|edit| edit.span);
        let within = group.windows(2).any(|pair| conflict(&pair[0], &pair[1]));
        if within || group.iter().any(|edit| self.conflicts(edit)) {
            return false;
        }
        for edit in group {
            let at = self.edits.partition_point(|other| other.span <= edit.span);
            self.edits.insert(at, edit);
        }
        true
    }

    fn conflicts(&self, edit: &Edit) -> bool {
        // Sorted and without overlaps, only the neighbours can be in the way.
        let at = self.edits.partition_point(|other| other.span <= edit.span);
        let before = at.checked_sub(1).and_then(|index| self.edits.get(index));
        before.into_iter().chain(self.edits.get(at)).any(|other| conflict(other, edit))
    }

    /// The edits, by place.
    pub fn as_slice(&self) -> &[Edit] {
        &self.edits
    }

    /// True without edits.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// `source` with all edits made; borrowed when there are none. Edits beyond its end are cut to it.
    pub fn apply<'a>(&self, source: &'a [u8]) -> Cow<'a, [u8]> {
        if self.edits.is_empty() {
            return Cow::Borrowed(source);
        }
        let mut result = Vec::with_capacity(source.len());
        let mut at = 0;
        for edit in &self.edits {
            let start = edit.span.start.clamp(at, source.len());
            result.extend_from_slice(&source[at..start]);
            result.extend_from_slice(edit.text.as_bytes());
            at = edit.span.end.clamp(start, source.len());
        }
        result.extend_from_slice(&source[at..]);
        Cow::Owned(result)
    }
}

fn conflict(a: &Edit, b: &Edit) -> bool {
    let (a, b) = (a.span, b.span);
    match (a.is_empty(), b.is_empty()) {
        (true, true) => a == b,
        // An insertion at either edge of a replacement is beside it.
        (true, false) => b.start < a.start && a.start < b.end,
        (false, true) => a.start < b.start && b.start < a.end,
        (false, false) => a.start < b.end && b.start < a.end,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SOURCE: &[u8] = b"FROM a\r\n# caf\xe9\nRUN b\n";

    fn applied(groups: &[&[Edit]]) -> (Vec<bool>, Vec<u8>) {
        let mut edits = Edits::new();
        let taken = groups.iter().map(|group| edits.add(group.iter().cloned())).collect();
        (taken, edits.apply(SOURCE).into_owned())
    }

    #[test]
    fn keeps_everything_else_byte_for_byte() {
        let (taken, result) = applied(&[
            &[Edit::replace(Span::new(5, 6), "alpine")],
            &[Edit::insert(15, "USER 1\n"), Edit::remove(Span::new(20, 21))],
        ]);
        assert_eq!(taken, [true, true]);
        assert_eq!(result, b"FROM alpine\r\n# caf\xe9\nUSER 1\nRUN b");
    }

    #[test]
    fn a_group_that_collides_is_left_out_whole() {
        let (taken, result) = applied(&[
            &[Edit::replace(Span::new(0, 6), "FROM x")],
            &[Edit::replace(Span::new(5, 6), "y"), Edit::insert(15, "never\n")],
            &[Edit::insert(6, " AS z")],
            &[Edit::insert(6, " AS w")],
        ]);
        assert_eq!(taken, [true, false, true, false]);
        assert_eq!(result, b"FROM x AS z\r\n# caf\xe9\nRUN b\n");
    }

    #[test]
    fn a_group_may_not_collide_with_itself() {
        let group = [Edit::remove(Span::new(0, 4)), Edit::remove(Span::new(3, 6))];
        assert_eq!(applied(&[&group]).0, [false]);
    }

    #[test]
    fn without_edits_nothing_is_copied() {
        assert!(matches!(Edits::new().apply(SOURCE), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn never_panics_and_never_loses_what_no_edit_covers(
            spans in prop::collection::vec((0usize..30, 0usize..6, "[a-z]{0,2}"), 0..8),
        ) {
            let mut edits = Edits::new();
            for (start, length, text) in spans {
                edits.add([Edit::replace(Span::new(start, start + length), text)]);
            }
            let covered = |at: usize| edits.as_slice().iter().any(|edit| edit.span.range().contains(&at));
            let kept: usize = (0..SOURCE.len()).filter(|at| !covered(*at)).count();
            let added: usize = edits.as_slice().iter().map(|edit| edit.text.len()).sum();
            prop_assert_eq!(edits.apply(SOURCE).len(), kept + added);
        }
    }
}

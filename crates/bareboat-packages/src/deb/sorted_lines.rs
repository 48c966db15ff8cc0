//! A table as text: tab-separated lines ordered by their first column, found by halving.
//!
//! This is how parsed indexes are cached: reading one back costs a scan for line ends and no allocation for
//! each row, and a person can look at it.

/// A table whose rows are ordered by the bytes of their first column.
#[derive(Debug, Clone, Default)]
pub(super) struct SortedLines {
    text: String,
    /// Offsets of the rows, in order, and of the end of the text.
    starts: Vec<u32>,
}

impl SortedLines {
    /// Takes `text` as written by [`SortedLines::write`]; `None` when it has another heading.
    pub fn open(text: String, heading: &str) -> Option<Self> {
        let body = text.strip_prefix(heading)?.strip_prefix('\n')?;
        let first = text.len() - body.len();
        u32::try_from(text.len()).ok()?;
        if !body.is_empty() && !body.ends_with('\n') {
            return None;
        }
        let mut starts = vec![first as u32];
        starts.extend(memchr::memchr_iter(b'\n', body.as_bytes()).map(|end| (first + end + 1) as u32));
        Some(Self { text, starts })
    }

    /// The text of a table of `rows`, which this orders. Rows hold no line breaks.
    pub fn write(heading: &str, mut rows: Vec<String>) -> String {
        rows.sort_by(|left, right| key(left).cmp(key(right)).then_with(|| left.cmp(right)));
        rows.dedup();
        let length = rows.iter().map(|row| row.len() + 1).sum::<usize>();
        let mut text = String::with_capacity(heading.len() + 1 + length);
        text.extend([heading, "\n"]);
        for row in &rows {
            text.extend([row, "\n"]);
        }
        text
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Row `index`, without its end.
    pub fn row(&self, index: usize) -> &str {
        let (start, end) = (self.starts[index] as usize, self.starts[index + 1] as usize);
        &self.text[start..end - 1]
    }

    /// The rows whose first column is `name`.
    pub fn find<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = (low + high) / 2;
            if key(self.row(middle)) < name.as_bytes() {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low..self.len()).map(|index| self.row(index)).take_while(move |row| key(row) == name.as_bytes())
    }

    /// The rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.row(index))
    }
}

/// A row's first column.
fn key(row: &str) -> &[u8] {
    let bytes = row.as_bytes();
    &bytes[..memchr::memchr(b'\t', bytes).unwrap_or(bytes.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[&str]) -> SortedLines {
        let text = SortedLines::write("h 1", rows.iter().map(|row| (*row).to_owned()).collect());
        SortedLines::open(text, "h 1").unwrap()
    }

    #[test]
    fn finds_all_rows_of_a_name() {
        // In bytes `+` sorts before `-`, and a tab before both: whole rows would sort differently from their
        // names.
        let table = table(&["b\t2", "a+b\t1", "b\t1", "a\t1", "a-b\t1", "c"]);
        assert_eq!(table.len(), 6);
        assert_eq!(table.find("b").collect::<Vec<_>>(), ["b\t1", "b\t2"]);
        assert_eq!(table.find("a").collect::<Vec<_>>(), ["a\t1"]);
        assert_eq!(table.find("c").collect::<Vec<_>>(), ["c"]);
        for absent in ["", "aa", "d"] {
            assert_eq!(table.find(absent).count(), 0, "{absent}");
        }
    }

    #[test]
    fn survives_emptiness_and_refuses_other_text() {
        assert_eq!(table(&[]).find("a").count(), 0);
        for text in ["", "h 2\na\n", "h 1", "h 1\na"] {
            assert!(SortedLines::open(text.to_owned(), "h 1").is_none(), "{text}");
        }
    }
}

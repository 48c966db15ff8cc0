//! Rows of text in columns.

/// A table: columns as wide as their widest cell, the first left, numbers right.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let columns = header.len();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([header[column].chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let is_number = |column: usize| {
        !rows.is_empty()
            && rows.iter().all(|row| row[column].starts_with(|c: char| c.is_ascii_digit() || c == '—'))
    };
    let numeric: Vec<bool> = (0..columns).map(is_number).collect();
    let line = |cells: Vec<String>| {
        let padded: Vec<String> = cells
            .into_iter()
            .enumerate()
            .map(|(column, cell)| {
                let space = " ".repeat(widths[column].saturating_sub(cell.chars().count()));
                if numeric[column] { format!("{space}{cell}") } else { format!("{cell}{space}") }
            })
            .collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut text = line(header.iter().map(|cell| (*cell).to_owned()).collect());
    for row in rows {
        text.push_str(&line(row.clone()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligns_numbers_to_the_right() {
        let rows =
            vec![vec!["base".to_owned(), "7.1 MB".to_owned()], vec!["app".to_owned(), "12.0 MB".to_owned()]];
        assert_eq!(table(&["layer", "pull"], &rows), "layer     pull\nbase    7.1 MB\napp    12.0 MB\n");
    }
}

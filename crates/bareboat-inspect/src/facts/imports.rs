//! What a Python source imports, read line by line: no parser, because sources of hostile images must not cost more
//! than their length.
//!
//! A statement at the left edge runs whenever the module is imported, and is certain. What is indented may stand behind
//! a condition, a handler or a call, and is only possible. Strings, comments and brackets are skipped (Python reference,
//! "Lexical analysis").

/// What one source says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imports {
    /// In the order of the text.
    pub all: Vec<Import>,
    /// It changes where modules are looked for.
    pub is_dynamic: bool,
}

/// One import of one module.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// Leading dots: 0 for an absolute import.
    pub level: usize,
    /// The dotted name; empty in `from . import x`.
    pub module: String,
    /// It happens whenever the module is imported.
    pub is_certain: bool,
    /// Its line, from 1.
    pub line: usize,
}

/// The imports of a source; those of an absurd number of lines are left out.
pub(super) fn scan(text: &str) -> Imports {
    let mut imports = Imports {
        all: Vec::new(),
        is_dynamic: ["sys.path", "__path__", "meta_path", "addsitedir"]
            .iter()
            .any(|word| text.contains(word)),
    };
    for (line, statement) in statements(text) {
        let is_certain = !statement.starts_with([' ', '\t']);
        for part in statement.split(';').map(str::trim) {
            let mut add = |level: usize, module: &str| {
                let is_name = |part: &str| {
                    !part.is_empty()
                        && part.chars().all(|c| c.is_alphanumeric() || c == '_')
                        && !part.starts_with(|c: char| c.is_ascii_digit())
                };
                if imports.all.len() < MOST_IMPORTS
                    && (module.is_empty() && level > 0 || module.split('.').all(is_name))
                {
                    imports.all.push(Import { level, module: module.to_owned(), is_certain, line });
                }
            };
            if let Some(names) = part.strip_prefix("import ") {
                for name in names.split(',') {
                    add(0, name.split_whitespace().next().unwrap_or_default());
                }
            } else if let Some((module, _)) =
                part.strip_prefix("from ").and_then(|rest| rest.split_once(" import"))
            {
                let module = module.trim();
                let name = module.trim_start_matches('.');
                add(module.len() - name.len(), name.trim());
            }
        }
    }
    imports
}

const MOST_IMPORTS: usize = 2_000;

/// Logical lines with the number of their first line; strings are left out, brackets and backslashes join lines.
fn statements(text: &str) -> Vec<(usize, String)> {
    let mut statements = Vec::new();
    let (mut current, mut line, mut first, mut depth) = (String::new(), 1, 1, 0_usize);
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match character {
            '"' | '\'' => {
                let (after, lines) = string_end(character, rest);
                line += lines;
                rest = after;
                current.push('_');
            }
            '#' => rest = &rest[rest.find('\n').unwrap_or(rest.len())..],
            '\\' if rest.starts_with('\n') => {
                rest = &rest[1..];
                line += 1;
                current.push(' ');
            }
            '\n' => {
                line += 1;
                if depth > 0 {
                    current.push(' ');
                    continue;
                }
                statements.push((first, std::mem::take(&mut current)));
                first = line;
            }
            other => {
                match other {
                    '(' | '[' | '{' => depth += 1,
                    ')' | ']' | '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                current.push(other);
            }
        }
    }
    statements.push((first, current));
    statements.retain(|(_, text)| text.contains("import"));
    statements
}

/// What follows a string that has begun with `quote`, and how many line ends it holds.
fn string_end(quote: char, rest: &str) -> (&str, usize) {
    let triple: String = std::iter::repeat_n(quote, 3).collect();
    let is_triple = rest.starts_with(&triple[..2]);
    let end = if is_triple { triple.as_str() } else { &triple[..1] };
    let start = if is_triple { 2 } else { 0 };
    let bytes = rest.as_bytes();
    let (mut at, mut lines) = (start, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => {
                lines += usize::from(bytes.get(at + 1) == Some(&b'\n'));
                at += 2;
                continue;
            }
            // A string in one line ends with it, whatever is missing.
            b'\n' if !is_triple => return (&rest[at..], lines),
            b'\n' => lines += 1,
            _ if bytes[at..].starts_with(end.as_bytes()) => return (&rest[at + end.len()..], lines),
            _ => {}
        }
        at += 1;
    }
    ("", lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_at_the_edge_are_certain_and_strings_are_no_statements() {
        let text = "\"\"\"Says\nimport nothing\n\"\"\"\nimport os, a.b as c; import d\nfrom . import x\nfrom ..y.z import (\n  one,\n  two)\n\
                    try:\n    import fast\nexcept ImportError:\n    fast = 'import slow'\nif x: import later\n# import not\nfrom long \\\n  import it\n\
                    imports = important\nfrom é import f\n";
        let shown: Vec<String> = scan(text)
            .all
            .iter()
            .map(|import| {
                format!(
                    "{}{}{} {}",
                    ".".repeat(import.level),
                    import.module,
                    if import.is_certain { "" } else { "?" },
                    import.line
                )
            })
            .collect();
        assert_eq!(shown, ["os 4", "a.b 4", "d 4", ". 5", "..y.z 6", "fast? 10", "long 15", "é 18"]);
    }

    #[test]
    fn broken_sources_end() {
        for text in
            ["\"\"\"", "'", "'\\", "import", "from", "from  import", "(((((", "\\", "\"é", "import 1x, ,"]
        {
            assert!(scan(text).all.is_empty(), "{text}");
        }
        assert!(scan("import sys\nsys.path.insert(0, 'x')\n").is_dynamic);
    }
}

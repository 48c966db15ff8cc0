//! Refuses sources that would need more stack than there is, before anything recursive sees them.

/// Whether a statement could nest deeper than the stack allows: counts, per logical line, everything that can nest.
/// Python itself gives up far earlier; large tables of data stay far below.
pub(super) fn is_too_deep(source: &str) -> bool {
    let (mut nesting, mut open) = (0_u32, 0_i64);
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' => (nesting, open) = (nesting + 1, open + 1),
            b')' | b']' | b'}' => open -= 1,
            b'\n' if open <= 0 => (nesting, open) = (0, 0),
            // Operators, and the blanks around `not`, `lambda`, `if` and `await`.
            b'+' | b'-' | b'~' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^' | b'<' | b'>' | b'.' | b'@'
            | b'=' => {
                nesting += 1;
            }
            _ => {}
        }
        if nesting > MAX_NESTING {
            return true;
        }
    }
    source.lines().any(|line| {
        line.len() > MAX_LINE
            && line.split([' ', '\t', '(', ':']).filter(|word| NESTING_WORDS.contains(word)).count()
                > MAX_WORDS
    })
}

/// With at most some three kilobytes of stack per level, this fits the stack that scanning has.
const MAX_NESTING: u32 = 100_000;

/// Words that nest without an operator.
const NESTING_WORDS: [&str; 5] = ["not", "lambda", "await", "if", "else"];

/// Occurrences of them in one line.
const MAX_WORDS: usize = 50_000;

/// Lines shorter than this cannot hold so many.
const MAX_LINE: usize = 2 * MAX_WORDS;

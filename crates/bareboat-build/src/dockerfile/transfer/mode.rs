//! `--chmod`: octal, or symbolic as chmod(1) reads it with an umask of zero.

use serde::Serialize;

use crate::dockerfile::error::Problem;

/// Permission bits to set or change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Mode {
    /// These bits exactly.
    Octal(u16),
    /// Changes, one after the other.
    Symbolic(Vec<Clause>),
}

/// One change: `go-w`, `u=rwX`, `+x`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clause {
    /// The bits of the classes concerned: `0o700`, `0o070`, `0o007` together, with `0o7000` where special bits fit.
    who: u16,
    operation: char,
    permissions: Vec<char>,
}

impl Mode {
    /// Reads the flag's value.
    ///
    /// # Errors
    /// Neither an octal number up to 7777 nor a symbolic mode.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let wrong = || Problem::Words {
            message: format!("`--chmod={text}` is no mode"),
            hint: Some("write octal digits up to 7777, or changes as in `u=rwX,go=rX`".to_owned()),
        };
        if text.bytes().next().is_some_and(|byte| byte.is_ascii_digit()) {
            let mode = u16::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o7777);
            return mode.map(Mode::Octal).ok_or_else(wrong);
        }
        let clauses: Option<Vec<Vec<Clause>>> = text.split(',').map(clauses).collect();
        let clauses: Vec<Clause> = clauses.ok_or_else(wrong)?.into_iter().flatten().collect();
        if clauses.is_empty() { Err(wrong()) } else { Ok(Self::Symbolic(clauses)) }
    }

    /// The bits of a file that has `mode` now.
    pub fn apply(&self, mode: u16, is_directory: bool) -> u16 {
        match self {
            Self::Octal(bits) => *bits,
            Self::Symbolic(clauses) => {
                clauses.iter().fold(mode, |mode, clause| clause.apply(mode, is_directory))
            }
        }
    }
}

impl Clause {
    fn apply(&self, mode: u16, is_directory: bool) -> u16 {
        let executable = is_directory || mode & 0o111 != 0;
        let bits = self.permissions.iter().fold(0, |bits, permission| {
            bits | match permission {
                'r' => 0o444 & self.who,
                'w' => 0o222 & self.who,
                'x' => 0o111 & self.who,
                'X' if executable => 0o111 & self.who,
                's' => special(self.who),
                't' => 0o1000 & self.who,
                'u' => spread(mode >> 6) & self.who,
                'g' => spread(mode >> 3) & self.who,
                'o' => spread(mode) & self.who,
                _ => 0,
            }
        });
        match self.operation {
            '+' => mode | bits,
            '-' => mode & !bits,
            // The special bits of a directory survive an assignment that does not name them (chmod(1)).
            _ if is_directory => mode & !(self.who & 0o777) | bits,
            _ => mode & !(self.who & 0o777 | special(self.who) | 0o1000 & self.who) | bits,
        }
    }
}

fn special(who: u16) -> u16 {
    (if who & 0o700 != 0 { 0o4000 } else { 0 }) | (if who & 0o070 != 0 { 0o2000 } else { 0 })
}

/// Three bits for all three classes.
fn spread(bits: u16) -> u16 {
    (bits & 7) * 0o111
}

/// One part between commas: classes, then one or more operations.
fn clauses(part: &str) -> Option<Vec<Clause>> {
    let start = part.find(['+', '-', '='])?;
    let mut who = 0;
    for class in part[..start].chars() {
        who |= match class {
            'u' => 0o4700,
            'g' => 0o2070,
            'o' => 0o1007,
            'a' => 0o7777,
            _ => return None,
        };
    }
    let who = if start == 0 { 0o7777 } else { who };
    let mut clauses = Vec::new();
    for char in part[start..].chars() {
        match char {
            '+' | '-' | '=' => clauses.push(Clause { who, operation: char, permissions: Vec::new() }),
            'r' | 'w' | 'x' | 'X' | 's' | 't' | 'u' | 'g' | 'o' => {
                clauses.last_mut()?.permissions.push(char);
            }
            _ => return None,
        }
    }
    Some(clauses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_octal_and_symbolic_modes() {
        let cases = [
            ("640", 0o755, false, 0o640),
            ("4755", 0o644, false, 0o4755),
            ("u=rwX,go=rX", 0o600, false, 0o644),
            ("u=rwX,go=rX", 0o700, true, 0o755),
            ("u=rwX,go=rX", 0o711, false, 0o755),
            ("+x", 0o644, false, 0o755),
            ("go-w", 0o666, false, 0o644),
            ("a+r,u+s", 0o100, false, 0o4544),
            ("o=u", 0o750, false, 0o757),
            ("u+rw-x", 0o100, false, 0o600),
        ];
        for (text, mode, is_directory, expected) in cases {
            let found = Mode::parse(text).unwrap().apply(mode, is_directory);
            assert_eq!(found, expected, "{text} on {mode:o} gave {found:o}");
        }
    }

    #[test]
    fn refuses_what_is_no_mode() {
        for text in ["", "8", "77777", "u", "x+", "u=q", "rwx", "0x7"] {
            assert!(Mode::parse(text).is_err(), "{text}");
        }
    }
}

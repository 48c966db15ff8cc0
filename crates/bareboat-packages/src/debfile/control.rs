//! The `control` file: one stanza of fields, in order, and its text byte for byte.

/// A package's control stanza (deb-control(5)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    text: String,
    fields: Vec<(String, String)>,
}

impl Control {
    /// Parses one stanza.
    ///
    /// # Errors
    /// Not UTF-8, a line that is neither field nor continuation, a field twice, more than one stanza, or
    /// `Package`, `Version` or `Architecture` absent or with characters that Debian policy 5.6 forbids.
    pub fn parse(text: &[u8]) -> Result<Self, ControlError> {
        let text = std::str::from_utf8(text).map_err(|_| ControlError::NotText)?;
        let stanza = text.trim_end_matches('\n');
        let mut fields: Vec<(String, String)> = Vec::new();
        for (index, line) in stanza.split('\n').enumerate() {
            let syntax = || ControlError::Syntax { line: index + 1 };
            if line.starts_with([' ', '\t']) {
                let (_, value) = fields.last_mut().ok_or_else(syntax)?;
                value.push('\n');
                value.push_str(line);
                continue;
            }
            let (name, value) = line.split_once(':').ok_or_else(syntax)?;
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(syntax());
            }
            if fields.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                return Err(ControlError::DuplicateField { field: name.to_owned() });
            }
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
        let control = Self { text: format!("{stanza}\n"), fields };
        for (field, extra) in [("Package", "+-."), ("Version", ".+-~:"), ("Architecture", "-")] {
            control.check_name(field, extra)?;
        }
        Ok(control)
    }

    /// The stanza as the package has it, ending in exactly one newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every field in the package's order. Continuation lines keep their leading space.
    pub fn fields(&self) -> &[(String, String)] {
        &self.fields
    }

    /// A field's value; names compare without regard to case.
    pub fn get(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        field.map(|(_, value)| value.as_str())
    }

    /// The package name: only `a-z 0-9 + - .`, so it is safe as a file name.
    pub fn package(&self) -> &str {
        self.get("Package").unwrap_or_default()
    }

    /// The full version, `[epoch:]upstream[-revision]`.
    pub fn version(&self) -> &str {
        self.get("Version").unwrap_or_default()
    }

    /// Debian's name of the architecture, or `all`.
    pub fn architecture(&self) -> &str {
        self.get("Architecture").unwrap_or_default()
    }

    /// Source package name and version; they default to the package's own (deb-control(5), `Source`).
    pub fn source(&self) -> (&str, &str) {
        let Some(source) = self.get("Source") else {
            return (self.package(), self.version());
        };
        match source.split_once(" (") {
            Some((name, version)) => (name, version.trim_end_matches(')')),
            None => (source, self.version()),
        }
    }

    fn check_name(&self, field: &'static str, extra: &str) -> Result<(), ControlError> {
        let value = self.get(field).ok_or(ControlError::MissingField { field })?;
        let upper = field == "Version";
        let allowed = |byte: u8| {
            byte.is_ascii_lowercase()
                || byte.is_ascii_digit()
                || upper && byte.is_ascii_uppercase()
                || extra.as_bytes().contains(&byte)
        };
        let starts_well = value.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        match starts_well && value.len() <= 256 && value.bytes().all(allowed) {
            true => Ok(()),
            false => Err(ControlError::BadValue { field, value: value.chars().take(80).collect() }),
        }
    }
}

/// Why a control file is unusable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// The package has none.
    #[error("the package has no `control` file")]
    Missing,
    /// Not UTF-8.
    #[error("it is not UTF-8")]
    NotText,
    /// A line that is neither a field nor a continuation.
    #[error("line {line} is neither a field nor a continuation")]
    Syntax {
        /// One-based.
        line: usize,
    },
    /// A field twice.
    #[error("field `{field}` occurs twice")]
    DuplicateField {
        /// Its name.
        field: String,
    },
    /// A mandatory field is absent.
    #[error("field `{field}` is missing")]
    MissingField {
        /// Its name.
        field: &'static str,
    },
    /// A mandatory field with forbidden characters.
    #[error("field `{field}` has the impossible value `{value}`")]
    BadValue {
        /// Its name.
        field: &'static str,
        /// The value, cut at 80 characters.
        value: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = "Package: hello\nVersion: 1:2.10-3+b1\nArchitecture: amd64\n";

    fn parse(text: &str) -> Result<Control, ControlError> {
        Control::parse(text.as_bytes())
    }

    #[test]
    fn keeps_order_text_and_continuations() {
        let text = format!("{MINIMAL}Source: hi (2.10-3)\nDescription: short\n long\n .\n");
        let control = parse(&text).unwrap();
        assert_eq!(control.text(), text);
        assert_eq!(control.get("description"), Some("short\n long\n ."));
        assert_eq!(control.source(), ("hi", "2.10-3"));
        assert_eq!(control.fields().last().unwrap().0, "Description");
    }

    #[test]
    fn source_defaults_to_the_package() {
        assert_eq!(parse(MINIMAL).unwrap().source(), ("hello", "1:2.10-3+b1"));
    }

    #[test]
    fn refuses_what_is_not_one_stanza() {
        let two = format!("{MINIMAL}\n{MINIMAL}");
        assert_eq!(parse(&two), Err(ControlError::Syntax { line: 4 }));
        assert_eq!(parse(" x"), Err(ControlError::Syntax { line: 1 }));
        assert_eq!(parse("Package: a\n"), Err(ControlError::MissingField { field: "Version" }));
        let doubled = format!("{MINIMAL}package: b\n");
        assert_eq!(parse(&doubled), Err(ControlError::DuplicateField { field: "package".into() }));
    }

    #[test]
    fn refuses_names_that_are_paths() {
        for name in ["../x", "a/b", "", ".x", "A"] {
            let text = MINIMAL.replace("hello", name);
            assert!(matches!(parse(&text), Err(ControlError::BadValue { .. })), "{name}");
        }
    }
}

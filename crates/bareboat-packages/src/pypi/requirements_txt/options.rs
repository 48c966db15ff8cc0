//! Options inside a requirements file: which there are and how they are written.

/// One option with its value, if it takes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ParsedOption {
    /// The long form, without dashes.
    pub(super) name: &'static str,
    pub(super) value: String,
}

/// Splits a line that begins with `-` into options.
pub(super) fn parse_options(text: &str) -> Result<Vec<ParsedOption>, String> {
    let mut words = split_words(text)?.into_iter();
    let mut options = Vec::new();
    while let Some(word) = words.next() {
        let (name, takes_value, inline) = recognise(&word)?;
        let value = match (takes_value, inline) {
            (false, None) => String::new(),
            (false, Some(_)) => return Err(format!("`--{name}` takes no value")),
            (true, Some(value)) => value,
            (true, None) => words.next().ok_or_else(|| format!("`--{name}` needs a value"))?,
        };
        options.push(ParsedOption { name, value });
    }
    Ok(options)
}

/// Where the options of a requirement begin: the first ` --`.
pub(super) fn split_requirement(text: &str) -> (&str, &str) {
    let at = text.match_indices("--").map(|(at, _)| at).find(|&at| text[..at].ends_with(char::is_whitespace));
    match at {
        Some(at) => (text[..at].trim_end(), &text[at..]),
        None => (text, ""),
    }
}

fn recognise(word: &str) -> Result<(&'static str, bool, Option<String>), String> {
    let unknown = || format!("`{word}` is not an option of requirements files");
    let (head, inline) = match word.strip_prefix("--").and_then(|long| long.split_once('=')) {
        Some((head, value)) => (format!("--{head}"), Some(value.to_owned())),
        None => (word.to_owned(), None),
    };
    if let Some(&(_, long, takes_value)) =
        OPTIONS.iter().find(|(_, long, _)| head.strip_prefix("--") == Some(long))
    {
        return Ok((long, takes_value, inline));
    }
    let short = OPTIONS
        .iter()
        .find(|(short, _, _)| !short.is_empty() && word.starts_with(short))
        .ok_or_else(unknown)?;
    if word.starts_with("--") {
        return Err(unknown());
    }
    let glued = word[short.0.len()..].trim_start_matches('=');
    Ok((short.1, short.2, (!glued.is_empty()).then(|| glued.to_owned())))
}

/// Splits at white space outside quotes, as a shell does without expansion.
fn split_words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in text.chars() {
        match quote {
            Some(open) if character == open => quote = None,
            Some(_) => word.get_or_insert_default().push(character),
            None if matches!(character, '"' | '\'') => {
                word.get_or_insert_default();
                quote = Some(character);
            }
            None if character.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    match quote {
        Some(_) => Err("the quote does not end".to_owned()),
        None => Ok(words),
    }
}

/// Short form, long form, takes a value.
const OPTIONS: [(&str, &str, bool); 20] = [
    ("-r", "requirement", true),
    ("-c", "constraint", true),
    ("-e", "editable", true),
    ("-i", "index-url", true),
    ("", "pypi-url", true),
    ("", "extra-index-url", true),
    ("-f", "find-links", true),
    ("", "no-index", false),
    ("", "no-binary", true),
    ("", "only-binary", true),
    ("", "prefer-binary", false),
    ("", "require-hashes", false),
    ("", "pre", false),
    ("", "trusted-host", true),
    ("", "use-feature", true),
    ("", "hash", true),
    ("-C", "config-settings", true),
    ("", "config-setting", true),
    ("", "global-option", true),
    ("", "install-option", true),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(&'static str, String)> {
        parse_options(text).unwrap().into_iter().map(|option| (option.name, option.value)).collect()
    }

    #[test]
    fn reads_short_long_glued_and_quoted_options() {
        assert_eq!(names("-rbase.txt"), [("requirement", "base.txt".to_owned())]);
        assert_eq!(
            names("-r base.txt -c 'a b.txt'"),
            [("requirement", "base.txt".to_owned()), ("constraint", "a b.txt".to_owned())]
        );
        assert_eq!(
            names("--index-url=https://index.test/simple?a=b"),
            [("index-url", "https://index.test/simple?a=b".to_owned())]
        );
        assert_eq!(names("--pre --no-index"), [("pre", String::new()), ("no-index", String::new())]);
        for text in ["--nope", "-x", "-r", "--pre=1", "-r 'a", "--requirements a"] {
            assert!(parse_options(text).is_err(), "{text}");
        }
    }

    #[test]
    fn splits_requirements_from_their_options() {
        assert_eq!(split_requirement("a==1 --hash=x"), ("a==1", "--hash=x"));
        assert_eq!(split_requirement("a @ https://a.test/x--y"), ("a @ https://a.test/x--y", ""));
    }
}

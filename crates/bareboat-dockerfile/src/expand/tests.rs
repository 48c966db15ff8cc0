use std::collections::BTreeMap;

use super::lexer::LONGEST;
use super::*;

fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn with(word: &str, escape: char, pairs: &[(&str, &str)]) -> Result<Expansion, ExpandError> {
    let variables = variables(pairs);
    expand(word, escape, |name| variables.get(name).map(String::as_str))
}

const USUAL: &[(&str, &str)] =
    &[("PWD", "/home"), ("SHELL", "bash"), ("KOREAN", "\u{d55c}\u{ad6d}"), ("NULL", ""), ("F", "xxyy")];

fn usual(word: &str) -> Result<String, ExpandErrorKind> {
    with(word, '\\', USUAL).map(|expansion| expansion.text).map_err(|error| error.kind)
}

#[test]
fn expands_as_the_reference_does() {
    let cases = [
        // Quotes and escapes.
        ("hello", "hello"),
        ("he'll'o", "hello"),
        ("he\\'llo", "he'llo"),
        ("he\\\\'llo'", "he\\llo"),
        ("abc\\tdef", "abctdef"),
        ("'abc\\tdef'", "abc\\tdef"),
        ("\"abc\\tdef\"", "abc\\tdef"),
        ("\"abc\\\\def\"", "abc\\def"),
        ("\"a\\\"b\"", "a\"b"),
        ("\"'a'\"", "'a'"),
        ("hello\\", "hello"),
        ("\"\"", ""),
        ("''", ""),
        // Plain variables.
        ("he$PWD", "he/home"),
        ("he${PWD}x", "he/homex"),
        ("'$PWD'", "$PWD"),
        ("\"$PWD\"", "/home"),
        ("\"'$PWD'\"", "'/home'"),
        ("\\$PWD", "$PWD"),
        ("\\${PWD}", "${PWD}"),
        ("\"\\$PWD\"", "$PWD"),
        ("$PWD\\n", "/homen"),
        ("$XXX", ""),
        ("$", "$"),
        ("a$", "a$"),
        ("$ a", "$ a"),
        ("$.x", "$.x"),
        ("$1", ""),
        ("$12x", "x"),
        ("$$PWD", "PWD"),
        ("$@", ""),
        ("\u{ad6d}$KOREAN", "\u{ad6d}\u{d55c}\u{ad6d}"),
        // Defaults.
        ("${XXX:-abc}", "abc"),
        ("${NULL:-abc}", "abc"),
        ("${NULL-abc}", ""),
        ("${XXX-abc}", "abc"),
        ("${PWD:-abc}", "/home"),
        ("${XXX:-$PWD:x}", "/home:x"),
        ("${XXX:-${YYY:-z}}y", "zy"),
        ("${XXX:-'a b'}", "a b"),
        ("${XXX:-a\\}b}", "a}b"),
        ("${XXX:-\"}\"}", "}"),
        ("${PWD:+abc}", "abc"),
        ("${NULL:+abc}", ""),
        ("${NULL+abc}", "abc"),
        ("${XXX+abc}", ""),
        ("${PWD:?no}", "/home"),
        ("${NULL?no}", ""),
        // Trimming.
        ("${F#x}", "xyy"),
        ("${F#*}", "xxyy"),
        ("${F##*}", ""),
        ("${F#*x}", "xyy"),
        ("${F##*x}", "yy"),
        ("${F%y}", "xxy"),
        ("${F%%y*}", "xx"),
        ("${F%y*}", "xxy"),
        ("${F#}", "xxyy"),
        ("${F##}", "xxyy"),
        ("${F%$XXX}", "xxyy"),
        ("${F#??}", "yy"),
        ("${F#*x*y}", "y"),
        ("${XXX:-.}${F%x}", ".xxyy"),
        // Replacing.
        ("${F/x/Z}", "Zxyy"),
        ("${F//x/Z}", "ZZyy"),
        ("${F/x*/Z}", "Z"),
        ("${F//q/Z}", "xxyy"),
        ("${F/$NULL/w}", "wxxyy"),
        ("${F///}", "xxyy"),
        ("${F//$NULL/-}", "-x-x-y-y-"),
        ("${PWD//\\//\\/}", "\\/home"),
        ("${F//x/[$$0]}", "[0][0]yy"),
    ];
    for (word, expected) in cases {
        assert_eq!(usual(word), Ok(expected.to_owned()), "{word}");
    }
}

#[test]
fn refuses_what_the_reference_refuses() {
    for word in [
        "he'llo",
        "he\"llo",
        "${",
        "${}",
        "${PWD",
        "${PWD:",
        "${PWD:}",
        "${:x}",
        "${{x}",
        "${PWD:-",
        "${PWD:-x",
        "${PWD=x}",
        "${PWD:=x}",
        "${PWD:0:3}",
        "${PWD^^}",
        "${F//ww}",
        "${F//}",
        "${F/x",
        "${XXX:?}",
        "${XXX?e}",
        "${NULL:?e}",
        "${F#\\x}",
        "${F#'\\'}",
        "${!x}",
    ] {
        assert!(usual(word).is_err(), "{word}: {:?}", usual(word));
    }
    assert_eq!(
        with("${XXX:?say $PWD}", '\\', USUAL).unwrap_err().to_string(),
        "`XXX` is required but unset: say /home"
    );
}

#[test]
fn special_regular_expression_characters_are_plain() {
    let pairs =
        [("FOO", "()[]{}^$.*?|\\x"), ("STARS", "a***yy*"), ("PATH", "/foo*/*/*.txt"), ("NEEDLE", "\\*/")];
    let cases = [
        (r"${FOO#()[]{\}^$.\*\?|\\}", "x"),
        (r"${STARS%%\**\*}", "a"),
        (r"${PATH/$NEEDLE/.} - ${PATH//$NEEDLE/.}", "/foo.*/*.txt - /foo..*.txt"),
    ];
    for (word, expected) in cases {
        let found = with(word, '\\', &pairs);
        // The `$.` in the first pattern names no variable, so it stays as written.
        assert_eq!(found.map(|expansion| expansion.text), Ok(expected.to_owned()), "{word}");
    }
}

#[test]
fn the_escape_character_can_be_a_backtick() {
    let text = |word| with(word, '`', USUAL).unwrap().text;
    assert_eq!(text("C:\\x`$PWD"), "C:\\x$PWD");
    assert_eq!(text("\"`\"\\\""), "\"\\");
    assert_eq!(text("C:\\$PWD"), "C:\\/home");
}

#[test]
fn templates_expand_only_in_replace_all() {
    let pairs = [("F", "xy"), ("T", "<$0$1$$>")];
    assert_eq!(with("${F/x/$T}", '\\', &pairs).unwrap().text, "<$0$1$$>y");
    assert_eq!(with("${F//x/$T}", '\\', &pairs).unwrap().text, "<x$>y");
}

#[test]
fn heredoc_bodies_keep_their_quotes() {
    let expanded = |body| expand_heredoc(body, |name| (name == "name").then_some("world")).unwrap().text;
    assert_eq!(expanded("Hello '${name}' \"$name\"!\n"), "Hello 'world' \"world\"!\n");
    assert_eq!(expanded("\\\n"), "\n");
    assert_eq!(expanded("\\\\ \\$name \\n"), "\\ $name n");
    assert_eq!(expanded("don't ${x:-y}"), "don't y");
}

#[test]
fn splits_words_after_expansion() {
    let pairs = [("A", "a b"), ("E", "")];
    let cases: &[(&str, &[&str])] = &[
        ("x y", &["x", "y"]),
        ("'x y'", &["x y"]),
        ("$A", &["a", "b"]),
        ("\"$A\"", &["a b"]),
        ("c$A", &["ca", "b"]),
        ("x\\ y", &["x y"]),
        ("  x  ", &["x"]),
        ("'' x", &["x"]),
        ("$E", &[]),
    ];
    for (word, expected) in cases {
        assert_eq!(with(word, '\\', &pairs).unwrap().words, *expected, "{word}");
    }
}

#[test]
fn tells_which_variables_were_asked_for_and_where() {
    let expansion = with("a${XXX:-$PWD}\"$F\"$YYY", '\\', USUAL).unwrap();
    let found: Vec<_> = expansion
        .references
        .iter()
        .map(|reference| {
            (reference.name.as_str(), reference.range.clone(), reference.defined, reference.modifier)
        })
        .collect();
    assert_eq!(
        found,
        [
            ("XXX", 1..13, false, Some('-')),
            ("PWD", 8..12, true, None),
            ("F", 14..16, true, None),
            ("YYY", 17..21, false, None)
        ]
    );
    assert_eq!(expansion.used(), ["F", "PWD"].into());
    assert_eq!(expansion.undefined(), ["XXX", "YYY"].into());
}

#[test]
fn nesting_and_growth_are_bounded() {
    let deep = "${a:-".repeat(100_000);
    assert_eq!(usual(&deep), Err(ExpandErrorKind::TooDeep));
    let big = "x".repeat(LONGEST / 4);
    let result = expand("$A$A$A$A$A", '\\', |_| Some(&big));
    assert_eq!(result.unwrap_err().kind, ExpandErrorKind::TooLong);
    let hostile = format!("${{A//{}b/}}", "*a".repeat(300));
    let long = "a".repeat(2_000);
    assert_eq!(expand(&hostile, '\\', |_| Some(&long)).unwrap().text, long);
}

#[test]
fn finds_raw_words_and_heredoc_names() {
    let words =
        |line| raw_words(line).map(|words| words.into_iter().map(|word| word.text).collect::<Vec<_>>());
    assert_eq!(
        words("RUN <<  EOF 3<<'B' \"<<X\" $y"),
        Some(vec!["RUN".into(), "<<  EOF".into(), "3<<'B'".into(), "\"<<X\"".into(), "$y".into()])
    );
    assert_eq!(words("RUN echo ${x^^} <<EOF"), None);
    assert_eq!(words("RUN don't <<EOF"), None);
    assert_eq!(heredoc_name("EOF"), Ok(Some(("EOF".into(), false))));
    assert_eq!(heredoc_name("eo'f'"), Ok(Some(("eof".into(), true))));
    assert_eq!(heredoc_name("eo\\'f"), Ok(Some(("eo'f".into(), false))));
    assert_eq!(heredoc_name("'e'o\\'f"), Ok(Some(("eo'f".into(), true))));
    assert_eq!(heredoc_name("'one two'"), Ok(Some(("one two".into(), true))));
    assert_eq!(heredoc_name("one two"), Ok(None));
    assert_eq!(heredoc_name("$EOF"), Ok(Some(("$EOF".into(), false))));
    assert_eq!(heredoc_name("'EOF"), Err(()));
}

proptest::proptest! {
    #[test]
    fn never_panics(word in "[${}:?+/#%*a'\"\\\\` <\u{e9}-]{0,40}", value in "[a*/\u{e9}]{0,12}") {
        for escape in ['\\', '`'] {
            let _ = expand(&word, escape, |name| (name.len() < 2).then_some(value.as_str()));
        }
        let _ = expand_heredoc(&word, |_| None);
        let _ = raw_words(&word);
        let _ = heredoc_name(&word);
    }

    #[test]
    fn plain_text_is_left_alone(word in "[a-zA-Z0-9/.:=_ -]{0,40}") {
        proptest::prop_assert_eq!(with(&word, '\\', &[]).unwrap().text, word);
    }
}

//! What BuildKit's parser does, statement by statement. Only the parser's part: expansion and ignore files have
//! their own tables beside the code.

use bareboat_dockerfile::instruction::{CommandLine, Executed, Healthcheck};
use bareboat_dockerfile::{Dockerfile, ErrorKind, Instruction, Kind, Parsed};

fn parse(source: &str) -> Parsed {
    Dockerfile::parse(source)
}

/// The joined texts of all instructions; there must be no error.
fn texts(source: &str) -> Vec<String> {
    let parsed = parse(source);
    assert_eq!(parsed.errors, [], "{source:?}");
    parsed.file.instructions().map(|instruction| instruction.text.as_str().trim().to_owned()).collect()
}

fn errors(source: &str) -> Vec<String> {
    parse(source).errors.iter().map(ToString::to_string).collect()
}

fn only(source: &str) -> Instruction {
    let parsed = parse(source);
    assert_eq!(parsed.errors, [], "{source:?}");
    parsed.file.instructions().next().cloned().expect("one instruction")
}

fn script(source: &str) -> String {
    let parsed = parse(source);
    let instruction = parsed.file.instructions().next().expect("one instruction");
    let Kind::Run(run) = &instruction.effective().kind else { panic!("{source:?} is no RUN") };
    match run.executed(instruction, parsed.file.source()) {
        Executed::Shell(text) => text.as_str().to_owned(),
        Executed::File { text, .. } => format!("FILE {}", text.as_str()),
        Executed::Exec(words) => words.iter().map(|word| format!("[{}]", word.text)).collect(),
    }
}

fn pairs(source: &str) -> Vec<(String, String)> {
    let pairs = match only(source).command.kind {
        Kind::Env(pairs) | Kind::Label(pairs) => pairs.pairs,
        Kind::Arg(pairs) => pairs,
        other => panic!("{source:?} has no pairs: {other:?}"),
    };
    let value = |pair: &bareboat_dockerfile::instruction::Pair| {
        pair.value.as_ref().map_or("(unset)".to_owned(), |value| value.text.clone())
    };
    pairs.iter().map(|pair| (pair.name.text.clone(), value(pair))).collect()
}

#[test]
fn legacy_pairs_take_the_rest_of_the_line() {
    let cases: &[(&str, &[(&str, &str)])] = &[
        ("ENV k v", &[("k", "v")]),
        ("ENV k  two  words ", &[("k", "two  words")]),
        ("ENV k \"a b\" c", &[("k", "\"a b\" c")]),
        ("ENV k a=b", &[("k", "a=b")]),
        ("ENV k=v", &[("k", "v")]),
        ("ENV k= j=", &[("k", ""), ("j", "")]),
        ("ENV k=a\\ b j='c d'", &[("k", "a\\ b"), ("j", "'c d'")]),
        ("ENV k=a=b", &[("k", "a=b")]),
        ("LABEL \"a b\"=\"c\"", &[("\"a b\"", "\"c\"")]),
        ("LABEL k v=w", &[("k", "v=w")]),
        ("ARG a b=c d=", &[("a", "(unset)"), ("b", "c"), ("d", "")]),
        ("ARG --whatever a", &[("a", "(unset)")]),
    ];
    for (source, expected) in cases {
        let expected: Vec<_> = expected.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        assert_eq!(pairs(source), expected, "{source}");
    }
}

#[test]
fn comments_and_blank_lines_inside_continuations_disappear() {
    let cases = [
        ("RUN a \\\n# c\n  # d \\\n  b", "RUN a   b"),
        ("RUN a \\\n\n \t\n b", "RUN a  b"),
        ("RUN a \\  \t\n b", "RUN a  b"),
        ("RUN a \\\r\n b\r\n", "RUN a  b"),
        ("RUN a \\", "RUN a"),
        ("RUN a \\\n", "RUN a"),
        ("RUN a \\\n# c", "RUN a"),
        ("RUN \\\na", "RUN a"),
        ("\\\nRUN a", "RUN a"),
        ("  RUN a", "RUN a"),
        ("RU\\\nN a", "RUN a"),
        ("RUN a # b \\\n c", "RUN a # b  c"),
        // Two escape characters are no mark, whatever an odd third one would mean.
        ("RUN a \\\\\nRUN b", "RUN a \\\\"),
        ("RUN a \\\\\\\nRUN b", "RUN a \\\\\\"),
        ("# escape=`\nRUN a `\n b", "RUN a  b"),
        ("# escape=`\nRUN a \\\nRUN b", "RUN a \\"),
    ];
    for (source, expected) in cases {
        assert_eq!(texts(source)[0], expected, "{source:?}");
    }
}

#[test]
fn a_hash_inside_a_line_is_data() {
    let Kind::Cmd(CommandLine::Shell(text)) = only("CMD [\"x\"] # c").command.kind else { panic!() };
    assert_eq!(text.as_str(), "[\"x\"] # c");
    assert_eq!(texts("RUN a #b"), ["RUN a #b"]);
}

#[test]
fn directives_come_first_or_not_at_all() {
    let escape = |source: &str| parse(source).file.escape();
    assert_eq!(escape("# escape=`\n"), '`');
    assert_eq!(escape("#ESCAPE = ` \n"), '`');
    assert_eq!(escape("\u{feff}# syntax=x\n# escape=`"), '`');
    for late in [
        "# c\n# escape=`",
        "\n# escape=`",
        "FROM x\n# escape=`",
        "# unknown=x\n# escape=`",
        "#!x\n# escape=`",
    ] {
        assert_eq!(escape(late), '\\', "{late:?}");
    }
    assert_eq!(errors("# escape=a"), ["the escape character can be `\\` or a backtick, not `a`"]);
    assert_eq!(errors("# escape=`\n# escape=\\"), ["the `escape` directive is given twice"]);
    let syntax = |source: &str| parse(source).file.directives().next().map(|found| found.value.clone());
    assert_eq!(syntax("#!/usr/bin/env x\n# syntax=a b\n").as_deref(), Some("a b"));
}

#[test]
fn byte_order_mark_crlf_case_and_indentation_do_not_matter() {
    assert_eq!(texts("\u{feff}from a\r\n\trun b\r\n\u{a0}Cmd c"), ["from a", "run b", "Cmd c"]);
}

#[test]
fn lines_have_a_longest_length() {
    let line = |length: usize| format!("RUN {}\nRUN x\n", "a".repeat(length - 4));
    assert_eq!(errors(&line(65_535)), Vec::<String>::new());
    assert_eq!(errors(&line(65_536)), ["the line has 65536 bytes; BuildKit reads at most 65535"]);
    let heredoc = format!("RUN <<E\n{}\nE\n", "a".repeat(70_000));
    assert_eq!(errors(&heredoc).len(), 1);
    let joined = format!("RUN {}\n", "aaaaaaaa \\\n".repeat(20_000));
    assert_eq!(texts(&joined)[0].len(), 4 + 20_000 * 9 - 1);
}

#[test]
fn json_that_is_no_json_is_shell_form() {
    for source in ["RUN ['a']", "CMD [a]", "ENTRYPOINT [\"a\",]", "RUN [\"a\"] x"] {
        let kind = only(source).command.kind;
        let line = match kind {
            Kind::Cmd(line) | Kind::Entrypoint(line) => line,
            Kind::Run(run) => run.command,
            _ => panic!(),
        };
        assert!(line.is_failed_json(), "{source}");
    }
    assert_eq!(errors("RUN [1]"), ["the JSON array holds something other than strings"]);
    assert_eq!(script("RUN  [ \"a b\" , \"\\u0063\" ] "), "[a b][c]");
}

#[test]
fn unknown_things_are_errors_with_suggestions_and_hide_nothing() {
    let parsed = parse("FORM a\nRUN --mout=x ls\nCOPY --chown=a --chown=b c d\nRUN ok\n");
    let hints: Vec<_> = parsed.errors.iter().map(|error| error.hint().unwrap()).collect();
    assert_eq!(hints, ["did you mean `FROM`?", "did you mean `--mount`?", "keep one of them"]);
    assert_eq!(parsed.file.instructions().count(), 4);
}

#[test]
fn heredocs_end_at_their_name_alone_on_a_line() {
    let cases = [
        ("RUN <<E\na\nE\n", "a\n"),
        ("RUN <<E\n E\nE \nE", " E\nE \n"),
        ("RUN <<-E\n\t\ta\n\tE\n", "a\n"),
        ("RUN <<-E\n \ta\nE\n", " \ta\n"),
        ("RUN <<'E'\n$x\nE\n", "$x\n"),
        ("RUN <<\"a b\"\nx\na b\n", "x\n"),
        ("RUN <<  E\nx\nE\n", "x\n"),
        ("RUN 3<<E\nx\nE\n", "x\n"),
        ("RUN <<E\r\nx\r\nE\r\n", "x\r\n"),
        ("RUN <<E\nE\n", ""),
        ("RUN <<E\n#!/bin/sh\nx\nE\n", "FILE #!/bin/sh\nx\n"),
        ("RUN <<E sh -x\nx\nE\n", "<<E sh -x\nx\nE"),
        ("RUN cat <<A <<B\na\nA\nb\nB\n", "cat <<A <<B\na\nA\nb\nB"),
        ("RUN cat <<X <<Y\nY\nX\nX\nY\n", "cat <<X <<Y\nY\nX\nX\nY"),
        ("RUN cat <<A; \\\n cat <<B\na\nA;\nb\nB\n", "cat <<A;  cat <<B\na\nA;\nb\nB"),
        ("RUN <<A \\\n# c\n\n && true\na\nA\n", "<<A  && true\na\nA"),
        ("ONBUILD RUN <<E\na\nE\n", "a\n"),
        ("RUN [\"<<E\"]\n", "[<<E]"),
        ("RUN \"<<E\"\n", "\"<<E\""),
        ("RUN x<<E\n", "x<<E"),
        ("RUN <<<E\n", "<<<E"),
        ("RUN echo don't <<E\n", "echo don't <<E"),
    ];
    for (source, expected) in cases {
        assert_eq!(script(source), expected, "{source:?}");
    }
}

#[test]
fn only_run_copy_and_add_take_heredocs() {
    assert_eq!(texts("USER <<E\nCMD <<E\nENV a=<<E\n").len(), 3);
    assert_eq!(errors("USER <<E\nE\n"), ["`E` is not an instruction"]);
    assert_eq!(only("ADD <<E /x\na\nE\n").heredocs.len(), 1);
}

#[test]
fn text_right_after_a_heredoc_is_the_next_instruction() {
    let source = "RUN <<E\na\nE\nRUN b\n# c\nCOPY <<F /f\nf\nF\n\nCMD d\n";
    assert_eq!(texts(source), ["RUN <<E", "RUN b", "COPY <<F /f", "CMD d"]);
}

#[test]
fn an_open_heredoc_is_one_error_and_what_looks_like_an_instruction_goes_on() {
    let parsed = parse("RUN <<E\necho\n  RUN x\nCOPY a b\nBAD\n");
    let messages: Vec<_> = parsed.errors.iter().map(ToString::to_string).collect();
    assert_eq!(messages, ["the heredoc `E` is never closed", "`BAD` is not an instruction"]);
    assert_eq!(parsed.file.instructions().count(), 3);
    let parsed = parse("RUM <<E\nnot an instruction\nE\n");
    assert!(
        matches!(parsed.errors[..], [ref error] if matches!(error.kind, ErrorKind::UnknownInstruction { .. }))
    );
}

#[test]
fn from_takes_one_or_three_words() {
    let from = |source: &str| match only(source).command.kind {
        Kind::From(from) => (from.image.text, from.alias.map(|alias| alias.name.text)),
        _ => panic!(),
    };
    assert_eq!(from("FROM a"), ("a".into(), None));
    assert_eq!(from("FROM --platform=x a:b@c aS Bld-1_.x"), ("a:b@c".into(), Some("Bld-1_.x".into())));
    for wrong in [
        "FROM a b",
        "FROM a AS",
        "FROM a AS b c",
        "FROM a IS b",
        "FROM a AS 1",
        "FROM a AS -b",
        "FROM a AS b/c",
    ] {
        assert_eq!(errors(wrong).len(), 1, "{wrong}");
    }
}

#[test]
fn triggers_are_checked_but_their_errors_can_wait() {
    let parsed = parse("ONBUILD COPY a\nONBUILD onbuild RUN x\nONBUILD from x\nONBUILD Maintainer x\n");
    let deferred: Vec<_> = parsed.errors.iter().map(|error| error.deferred).collect();
    assert_eq!(deferred, [true, false, false, false]);
}

#[test]
fn healthchecks_keep_their_form() {
    let check = |source: &str| match only(source).command.kind {
        Kind::Healthcheck(Healthcheck::Command(check)) => check,
        other => panic!("{other:?}"),
    };
    assert!(
        matches!(check("HEALTHCHECK cmd a b").command, CommandLine::Shell(text) if text.as_str() == "a b")
    );
    assert!(matches!(check("HEALTHCHECK --retries=2 CMD [\"a\"]").command, CommandLine::Exec(_)));
    assert_eq!(check("HEALTHCHECK --interval=0s --timeout= CMD a").interval, Some(0));
    assert_eq!(only("HEALTHCHECK --interval=bad NONE").command.kind, Kind::Healthcheck(Healthcheck::None));
}

#[test]
fn fragments_without_from_parse() {
    assert_eq!(texts("RUN a\nCOPY a b\n").len(), 2);
    assert_eq!(texts(""), Vec::<String>::new());
    assert_eq!(texts("\n\n# only comments\n"), Vec::<String>::new());
}

#[test]
fn odd_bytes_are_carried_along() {
    let parsed = Dockerfile::parse(&b"RUN echo \xff\xfe \x00 caf\xe9\nFROM a\x00b\n"[..]);
    assert_eq!(parsed.errors, []);
    assert_eq!(parsed.file.print(), parsed.file.source());
}

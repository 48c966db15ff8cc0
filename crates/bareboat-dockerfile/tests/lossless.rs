//! Whatever the bytes: nothing panics, nothing is lost, every span is where it says.

use bareboat_dockerfile::instruction::{CommandLine, Source, Transfer};
use bareboat_dockerfile::{Command, Dockerfile, Instruction, Kind, Parsed, Span, Word};
use proptest::prelude::*;

/// Lines that make the parser do something.
const LINES: [&str; 42] = [
    "FROM alpine AS a\n",
    "from scratch\r\n",
    "# syntax=x\n",
    "# escape=`\n",
    "# escape=\\\n",
    "#!/bin/sh\n",
    "  # comment\n",
    "\n",
    " \t \n",
    "RUN echo a \\\n",
    "  && echo b \\  \r\n",
    "    # inside\n",
    "RUN <<EOF\n",
    "RUN cat <<-'E' 3<<F\n",
    "\tE\n",
    "F\n",
    "EOF\n",
    "EOF",
    "COPY <<a <<b c /d\n",
    "a\nb\n",
    "COPY [\"x\", \"y z\"]\n",
    "COPY --from=a --link --chown=\"a b\" x\\\n",
    "y z\n",
    "ENV A=1 B='x y' C=\\\n",
    "LABEL a b c\n",
    "ARG X Y=\"\\\n",
    "\\\n",
    "`\n",
    "RUN a `\n",
    "RUN --mount=type=cache,\\\"target=/x,y\\\" z\n",
    "ONBUILD RUN <<EOF\n",
    "HEALTHCHECK --interval=5s CMD [\"a\"]\n",
    "CMD [\"a\", 1]\n",
    "SHELL [\"\\u00e9\"]\n",
    "EXPOSE 80 90/udp\n",
    "WAT \u{e9}\u{2003}x\n",
    "\u{a0}USER \u{1f600}\n",
    "STOPSIGNAL 9\\",
    "VOLUME a\u{b}b\n",
    "RUN \u{0}\n",
    "WORKDIR /a\rb\n",
    "MAINTAINER\n",
];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        8 => prop::sample::select(&LINES[..]).prop_map(|line| line.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => "[ -~\\\\\"'<`$\n]{0,20}".prop_map(String::into_bytes),
    ];
    let start = prop_oneof![4 => Just(&b""[..]), 1 => Just(&b"\xef\xbb\xbf"[..])];
    (start, prop::collection::vec(line, 0..25), prop::option::of((0usize.., any::<u8>()))).prop_map(
        |(start, lines, mutation)| {
            let mut bytes = [start, &lines.concat()].concat();
            if let (Some((at, byte)), true) = (mutation, !bytes.is_empty()) {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            bytes
        },
    )
}

fn check(parsed: &Parsed) {
    let source = parsed.file.source();
    assert_eq!(parsed.file.print(), source);
    let mut at = 0;
    for item in parsed.file.items() {
        assert_eq!(item.span().start, at);
        assert!(!item.span().is_empty());
        at = item.span().end;
    }
    assert_eq!(at, source.len());
    for instruction in parsed.file.instructions() {
        check_instruction(instruction, source);
    }
    for error in &parsed.errors {
        assert!(error.span.start <= error.span.end && error.span.end <= source.len());
        assert!(!error.to_string().is_empty());
        error.hint();
    }
    parsed.file.comments().for_each(|comment| assert!(!comment.text.contains(&b'\n')));
}

fn check_instruction(instruction: &Instruction, source: &[u8]) {
    let mut at = instruction.span.start;
    for piece in &instruction.pieces {
        assert_eq!(piece.span.start, at);
        at = piece.span.end;
    }
    assert_eq!(at, instruction.span.end);
    check_command(&instruction.command, instruction, source);
    if let Kind::Onbuild(onbuild) = &instruction.command.kind {
        check_command(&onbuild.trigger, instruction, source);
    }
    for heredoc in &instruction.heredocs {
        check_word(&heredoc.word, instruction, source);
        heredoc.text(source);
    }
    if let Kind::Run(run) = &instruction.effective().kind {
        run.executed(instruction, source);
    }
    instruction.onbuild_expression(source);
}

fn check_command(command: &Command, instruction: &Instruction, source: &[u8]) {
    check_word(&command.keyword, instruction, source);
    command.flags.iter().for_each(|flag| {
        inside(flag.span, instruction.span);
        inside(flag.name_span, flag.span);
        flag.value.iter().for_each(|value| inside(value.span, flag.span));
    });
    let transfer = |transfer: &Transfer| {
        check_word(&transfer.destination, instruction, source);
        transfer.sources.iter().for_each(|from| {
            if let Source::Path(word) = from {
                check_word(word, instruction, source);
            }
        });
    };
    let line = |line: &CommandLine| match line {
        CommandLine::Exec(words) => words.iter().for_each(|word| check_word(word, instruction, source)),
        CommandLine::Shell(text) => {
            for (at, char) in text.as_str().char_indices().filter(|(_, char)| *char != '\u{fffd}') {
                let span = text.source_span(at..at + char.len_utf8());
                assert_eq!(span.of(source), char.to_string().as_bytes());
            }
        }
    };
    match &command.kind {
        Kind::Add(add) => transfer(&add.transfer),
        Kind::Copy(copy) => transfer(&copy.transfer),
        Kind::Arg(pairs) => pairs.iter().for_each(|pair| check_word(&pair.name, instruction, source)),
        Kind::Env(pairs) | Kind::Label(pairs) => pairs.pairs.iter().for_each(|pair| {
            check_word(&pair.name, instruction, source);
            pair.value.iter().for_each(|value| check_word(value, instruction, source));
        }),
        Kind::Cmd(text) | Kind::Entrypoint(text) => line(text),
        Kind::Run(run) => line(&run.command),
        Kind::Expose(words) | Kind::Volume(words) | Kind::Shell(words) => {
            words.iter().for_each(|word| check_word(word, instruction, source));
        }
        Kind::Maintainer(word) | Kind::Stopsignal(word) | Kind::User(word) | Kind::Workdir(word) => {
            check_word(word, instruction, source);
        }
        _ => {}
    }
}

fn check_word(word: &Word, instruction: &Instruction, source: &[u8]) {
    inside(word.span, instruction.span);
    let text = instruction.text.as_str();
    if text[word.range.clone()] == word.text && !word.text.contains('\u{fffd}') {
        let whole = String::from_utf8_lossy(word.span.of(source));
        let mut rest = whole.as_ref();
        for char in word.text.chars() {
            let at = rest.find(char).unwrap_or_else(|| panic!("{word:?} is not at {whole:?}"));
            rest = &rest[at + char.len_utf8()..];
        }
    }
}

fn inside(inner: Span, outer: Span) {
    assert!(outer.start <= inner.start && inner.start <= inner.end && inner.end <= outer.end);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn keeps_every_byte_of_generated_files(bytes in bytes()) {
        check(&Dockerfile::parse(bytes));
    }

    #[test]
    fn keeps_every_byte_of_mutated_real_files(at in 0usize..5000, byte in any::<u8>(), cut in 0usize..5000) {
        for file in [&include_bytes!("kitchen_sink.Dockerfile")[..], include_bytes!("all_wrong.Dockerfile")] {
            let mut bytes = file.to_vec();
            let at = at % bytes.len();
            bytes[at] = byte;
            check(&Dockerfile::parse(bytes.clone()));
            bytes.drain(at..(at + cut % 200).min(bytes.len()));
            check(&Dockerfile::parse(bytes));
        }
    }

    #[test]
    fn parses_a_fragment_of_an_instruction_alone(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&Dockerfile::parse(bytes));
    }
}

#[test]
fn gives_up_on_what_is_no_dockerfile_but_keeps_the_bytes() {
    let junk: Vec<u8> = (0..400_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    check(&Dockerfile::parse(junk));
    let parsed = Dockerfile::parse("x\n".repeat(20_000));
    assert_eq!(parsed.errors.len(), 10_001);
    check(&parsed);
    let parsed = Dockerfile::parse(vec![b'#'; 17 * 1024 * 1024]);
    assert_eq!(parsed.errors.len(), 1);
    check(&parsed);
}

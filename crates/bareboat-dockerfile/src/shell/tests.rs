use super::*;

fn parse(source: &str) -> Script {
    let mut text = Text::default();
    text.push_source(source.as_bytes(), Span::new(0, source.len()));
    Script::parse(text)
}

/// A compact form of a script: words as written, structure in brackets.
fn shape(source: &str) -> String {
    let script = parse(source);
    assert_eq!(script.errors, [], "{source:?}");
    list(&script, &script.body)
}

fn list(script: &Script, body: &List) -> String {
    let items = body.items.iter().map(|item| {
        let mut out = pipeline(script, &item.first);
        for (operator, next) in &item.rest {
            out += if operator.or { " || " } else { " && " };
            out += &pipeline(script, next);
        }
        if item.background { out + " &" } else { out }
    });
    items.collect::<Vec<_>>().join("; ")
}

fn pipeline(script: &Script, pipeline: &Pipeline) -> String {
    let commands: Vec<_> = pipeline.commands.iter().map(|found| command(script, found)).collect();
    let negated = if pipeline.negated { "! " } else { "" };
    format!("{negated}{}", commands.join(" | "))
}

fn words(script: &Script, words: &[Word]) -> String {
    words.iter().map(|word| script.slice(word.range.clone()).to_owned()).collect::<Vec<_>>().join(" ")
}

fn command(script: &Script, found: &Command) -> String {
    let mut out = match &found.kind {
        CommandKind::Simple(simple) => {
            let assignments = simple.assignments.iter().map(|found| {
                let sign = if found.append { "+=" } else { "=" };
                format!("<{}{sign}{}>", found.name, script.slice(found.value.range.clone()))
            });
            let parts = assignments
                .chain(simple.words.iter().map(|word| script.slice(word.range.clone()).to_owned()));
            format!("[{}]", parts.collect::<Vec<_>>().join(" "))
        }
        CommandKind::Group(body) => format!("{{{}}}", list(script, body)),
        CommandKind::Subshell(body) => format!("({})", list(script, body)),
        CommandKind::If { branches, otherwise } => {
            let branches = branches
                .iter()
                .map(|(guard, body)| format!("{} ? {}", list(script, guard), list(script, body)));
            let otherwise = otherwise.iter().map(|body| list(script, body));
            format!("if({})", branches.chain(otherwise).collect::<Vec<_>>().join(" : "))
        }
        CommandKind::While { until, condition, body } => {
            let name = if *until { "until" } else { "while" };
            format!("{name}({} do {})", list(script, condition), list(script, body))
        }
        CommandKind::For { name, words: given, body } => {
            let given = given.as_ref().map_or("-".to_owned(), |given| words(script, given));
            format!("for({name} in {given} do {})", list(script, body))
        }
        CommandKind::ArithmeticFor { header, body } => {
            format!("for(({}) do {})", script.slice(header.clone()), list(script, body))
        }
        CommandKind::Case { word, arms } => {
            let word = word.as_ref().map_or("-", |word| script.slice(word.range.clone()));
            let arms = arms
                .iter()
                .map(|(patterns, body)| format!("{}) {}", words(script, patterns), list(script, body)));
            format!("case({word} {})", arms.collect::<Vec<_>>().join(", "))
        }
        CommandKind::Function { name, body, .. } => {
            format!("fn {name} {}", body.as_ref().map_or("-".into(), |body| command(script, body)))
        }
        CommandKind::Test(given) => format!("[[{}]]", words(script, given)),
        CommandKind::Arithmetic(inside) => format!("(({}))", script.slice(inside.clone())),
    };
    for redirection in &found.redirections {
        let descriptor = redirection.descriptor.map_or(String::new(), |number| number.to_string());
        let target = redirection.target.as_ref().map_or("", |word| script.slice(word.range.clone()));
        out += &format!(" {descriptor}{}{target}", redirection.operator);
        if let Some(index) = redirection.heredoc {
            out += &format!("{:?}", script.slice(script.heredocs[index].body.clone()));
        }
    }
    out
}

#[test]
fn reads_lists_and_pipelines() {
    let cases = [
        ("", ""),
        ("a", "[a]"),
        ("a b  c", "[a b c]"),
        ("a && b || c; d", "[a] && [b] || [c]; [d]"),
        ("a | b |& c", "[a] | [b] | [c]"),
        ("a & b &", "[a] &; [b] &"),
        ("! a | b", "! [a] | [b]"),
        ("a &&\n\n  b |\n c\nd", "[a] && [b] | [c]; [d]"),
        ("a # comment && b\nc", "[a]; [c]"),
        ("a#b #c", "[a#b]"),
        ("a\\\n b", "[a b]"),
        ("a;b;", "[a]; [b]"),
        ("X=1 Y+=2 a Z=3", "[<X=1> <Y+=2> a Z=3]"),
        ("X=", "[<X=>]"),
        ("a[1]=x 1x=y", "[<a[1]=x> 1x=y]"),
        ("time a", "[a]"),
        ("a\r\nb\r\n", "[a]; [b]"),
    ];
    for (source, expected) in cases {
        assert_eq!(shape(source), expected, "{source:?}");
    }
}

#[test]
fn reads_compound_commands() {
    let cases = [
        ("{ a; b; }", "{[a]; [b]}"),
        ("(a; b) >x", "([a]; [b]) >x"),
        ("if a; then b; elif c; then d; else e; fi", "if([a] ? [b] : [c] ? [d] : [e])"),
        ("while a; do b; done <f", "while([a] do [b]) <f"),
        ("until a\ndo b\ndone", "until([a] do [b])"),
        ("for x in a \"b c\" $d; do e; done", "for(x in a \"b c\" $d do [e])"),
        ("for x; do y; done", "for(x in - do [y])"),
        ("for x in; do y; done", "for(x in  do [y])"),
        ("for ((i=0; i<3; i++)); do y; done", "for((i=0; i<3; i++) do [y])"),
        ("case $x in a|b) c;; (d) e;& *) f; esac", "case($x a b) [c], d) [e], *) [f])"),
        ("case x in\n  a)\n    b\n    ;;\nesac", "case(x a) [b])"),
        ("f() { a; }; f", "fn f {[a]}; [f]"),
        ("f () (a)", "fn f ([a])"),
        ("function f { a; }", "fn f {[a]}"),
        (
            "[[ -f $x && ( $y == a* || $z =~ ^(b|c)$ ) ]] && d",
            "[[-f $x && ( $y == a* || $z =~ ^ ( b | c ) $ )]] && [d]",
        ),
        ("((x++)) || a", "((x++)) || [a]"),
        ("((a); b)", "(([a]); [b])"),
        ("[ a ] && b", "[[ a ]] && [b]"),
        ("echo if then fi { }", "[echo if then fi { }]"),
        ("if ! grep -q x y; then exit 1; fi", "if(! [grep -q x y] ? [exit 1])"),
    ];
    for (source, expected) in cases {
        assert_eq!(shape(source), expected, "{source:?}");
    }
}

#[test]
fn reads_redirections_and_heredocs() {
    let cases = [
        ("a >b 2>&1 <c", "[a] >b 2>&1 <c"),
        (">b a", "[a] >b"),
        ("a &>b", "[a] &>b"),
        ("a &>>b", "[a] &>>b"),
        ("a 12>>b >|c <>d", "[a] 12>>b >|c <>d"),
        ("a <<<\"b c\"", "[a] <<<\"b c\""),
        ("a 2 >b", "[a 2] >b"),
        ("cat <<A <<'B'\n1\nA\n2\nB\nc", "[cat] <<A\"1\\n\" <<'B'\"2\\n\"; [c]"),
        ("cat <<-A | b\n\t1\n\tA\nc", "[cat] <<-A\"\\t1\\n\" | [b]; [c]"),
        ("if a <<X; then\nb\nX\n c; fi", "if([a] <<X\"b\\n\" ? [c])"),
        ("cat <<A `b`\n1\nA\n", "[cat `b`] <<A\"1\\n\""),
        ("diff <(a) >(b)", "[diff <(a) >(b)]"),
    ];
    for (source, expected) in cases {
        assert_eq!(shape(source), expected, "{source:?}");
    }
}

fn parts(source: &str) -> Vec<String> {
    let script = parse(source);
    assert_eq!(script.errors, [], "{source:?}");
    let commands = script.simple_commands();
    let Some((simple, ..)) = commands.first() else { return Vec::new() };
    let word = simple.words.last().cloned().unwrap_or_default();
    word.parts.iter().map(|part| describe(&script, part)).collect()
}

fn describe(script: &Script, part: &Part) -> String {
    match part {
        Part::Literal { text, escaped: false, .. } => text.clone(),
        Part::Literal { text, .. } => format!("\\{text}"),
        Part::SingleQuoted { text, .. } => format!("'{text}'"),
        Part::DoubleQuoted { parts, .. } => {
            format!("\"{}\"", parts.iter().map(|part| describe(script, part)).collect::<Vec<_>>().join("|"))
        }
        Part::Parameter(found) => {
            let argument = found.argument.as_ref().map(|word| script.slice(word.range.clone()));
            let prefix = if found.length {
                "#"
            } else if found.indirect {
                "!"
            } else {
                ""
            };
            let index =
                found.index.clone().map_or(String::new(), |index| format!("[{}]", script.slice(index)));
            let operator = found.operator.clone().unwrap_or_default();
            format!("${{{prefix}{}{index} {operator} {}}}", found.name, argument.unwrap_or("-"))
        }
        Part::Command { body, backquoted, .. } => {
            format!("{}({})", if *backquoted { "`" } else { "$" }, list(script, body))
        }
        Part::Arithmetic { inside, .. } => format!("(({}))", script.slice(inside.clone())),
        Part::Process { body, .. } => format!("<({})", list(script, body)),
        Part::Array { words: given, .. } => format!("array({})", words(script, given)),
    }
}

#[test]
fn reads_quotes_and_expansions() {
    let cases: &[(&str, &[&str])] = &[
        ("e a'b'\"c\"", &["a", "'b'", "\"c\""]),
        ("e a\\ b\\*", &["a", "\\ ", "b", "\\*"]),
        ("e \"a\\\"b\\n\\$c\"", &["\"a|\\\"|b\\n|\\$|c\""]),
        ("e $'a\\n\\'b'", &["'a\n'b'"]),
        ("e $x${y}z", &["${x  -}", "${y  -}", "z"]),
        ("e $1$@$$ $", &["$"]),
        ("e ${x:-a b}", &["${x :- a b}"]),
        ("e ${x:-'}'}", &["${x :- '}'}"]),
        ("e \"${x:-'}\"", &["\"${x :- '}\""]),
        ("e ${x:-${y:-z}}", &["${x :- ${y:-z}}"]),
        ("e ${#x} ${#}", &["${#  -}"]),
        ("e ${#x}", &["${#x  -}"]),
        ("e ${!x}", &["${!x  -}"]),
        ("e ${x[@]}${x[1]##*/}", &["${x[@]  -}", "${x[1] ## */}"]),
        ("e ${x//a/b}${x:1:2}${x^^}", &["${x // a/b}", "${x : 1:2}", "${x ^^ }"]),
        ("e $(a | b)", &["$([a] | [b])"]),
        ("e `a \\`b\\``", &["`([a \\`b\\`])"]),
        ("e $((1 + (2)))", &["((1 + (2)))"]),
        ("e $((a); (b))", &["$(([a]); ([b]))"]),
        ("e $((a \"(\"); b)", &["$(([a \"(\"]); [b])"]),
        ("e \"$(a \"b\")\"", &["\"$([a \"b\"])\""]),
        ("e $(case x in a) b;; esac)", &["$(case(x a) [b]))"]),
        ("e !(a|b)*", &["!(a|b)*"]),
        ("declare -a x=(a \"b c\")", &["x=", "array(a \"b c\")"]),
        ("e \u{e9}'\u{1f600}'", &["\u{e9}", "'\u{1f600}'"]),
    ];
    for (source, expected) in cases {
        assert_eq!(parts(source), *expected, "{source:?}");
    }
}

#[test]
fn reads_scripts_as_people_write_them() {
    let scripts = [
        "set -eux; arch=\"$(dpkg --print-architecture)\"; case \"$arch\" in 'amd64') url='x' ;; arm64|armhf) url=y; \
         sum=$(sha256sum <f) ;; *) echo >&2 \"error: '$arch'\"; exit 1 ;; esac; wget -O t.tgz \"$url\"",
        "{ echo 'install: --no-document'; echo 'update: --no-document'; } >> /usr/local/etc/gemrc",
        "find /usr/local -depth \\( \\( -type d -a \\( -name test -o -name tests \\) \\) -o -name '*.pyc' \\) -exec rm -rf '{}' +",
        "find / -type f -not \\( -name '*tkinter*' \\) -exec ldd '{}' ';' | awk '/=>/ { so = $(NF-1); print so }' \
         | sort -u | xargs -rt dpkg-query --search | cut -d: -f1",
        "REV=$(git rev-parse HEAD)$(if ! git diff --quiet --exit-code; then echo .m; fi); echo \"-X ${PKG}=$REV\" | tee f;",
        "[ \"$(xx-info arch)\" != \"ppc64le\" ] || PREFER=ld xx-clang --setup-target-triple",
        "for key in A B; do gpg --batch --recv-keys \"$key\" || gpg --keyserver x --recv-keys \"$key\"; done",
        "if [[ \"$V\" =~ ^[0-9]+\\.([0-9]+)$ && -z ${X+set} ]]; then export P=${V%%.*}; else unset P; fi",
        "curl -fsSL https://x.test/$(uname -s)-$(uname -m).tgz | tar -xzC /usr/local --strip-components=1",
        "sed -ri 's/^(.*)\\(x\\)$/\\1/; s!a!b!g' /etc/f && echo \"deb [signed-by=/k] http://x.test $(. /etc/os-release && echo \"$ID\") main\" > l",
        "groupadd -r app --gid=999 && useradd -r -g app --uid=999 --home-dir=/var/lib/app --shell=/bin/bash app",
        "python3 - <<'PY'\nimport sys\nprint(f\"{sys.version}\")\nPY\necho done",
        "savedAptMark=\"$(apt-mark showmanual)\"; apt-mark auto '.*' > /dev/null; [ -z \"$savedAptMark\" ] || apt-mark manual $savedAptMark",
        "while read -r line; do printf '%s\\n' \"${line#*=}\"; done < <(grep -v '^#' f)",
        "(cd /src && make -j\"$(nproc)\") 2>&1 | tee log; test \"${PIPESTATUS[0]}\" -eq 0",
        "x=( $(ls) ); echo \"${x[@]:1}\" ${#x[@]}; y+=(\"$z\")",
        "printf \"%s\" 'a'\"'\"'b' | base64 -d > f; : ${V:=1} ${W:?\"not set\"}",
    ];
    for source in scripts {
        assert_eq!(parse(source).errors, [], "{source}");
    }
}

#[test]
fn words_know_what_the_shell_would_do_to_them() {
    let word = |source: &str| {
        let script = parse(source);
        script.simple_commands()[0].0.words[1].clone()
    };
    assert_eq!(word("e a'b'\"c\"\\d").literal().as_deref(), Some("abcd"));
    assert_eq!(word("e a$x").literal(), None);
    assert_eq!(word("e pkg=$x").literal_prefix(), "pkg=");
    assert!(word("e a$x").has_unquoted_expansion() && !word("e \"a$x\"").has_unquoted_expansion());
    assert!(word("e *.c").has_wildcard() && !word("e '*'.c").has_wildcard() && !word("e \\*").has_wildcard());
    assert!(word("e a").is_bare() && !word("e 'a'").is_bare());
}

#[test]
fn mistakes_are_noted_and_the_rest_is_still_read() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("a && ", &["a command is missing after `&&`"], &["a"]),
        ("a | ; b", &["a command is missing after `|`"], &["a", "b"]),
        ("; a", &["`;` is unexpected here"], &["a"]),
        ("a ) b", &["`)` is unexpected here"], &["a", "b"]),
        ("a ;; b", &["`;;` is unexpected here"], &["a", "b"]),
        ("fi; a", &["`fi` is unexpected here"], &["a"]),
        ("a (b)", &["`(` is unexpected here"], &["a", "b"]),
        ("if a; then b", &["`fi` is missing"], &["a", "b"]),
        ("if a; b; fi; c", &["`then` is missing"], &["a", "b", "c"]),
        ("for x in a; b; done; c", &["`do` is missing"], &["b", "c"]),
        ("while a; do b; fi; c", &["`done` is missing", "`fi` is unexpected here"], &["a", "b", "c"]),
        ("if a; then fi; b", &["`fi` is unexpected here"], &["a", "b"]),
        ("while a; do done; b", &["`done` is unexpected here"], &["a", "b"]),
        ("{ }; b", &["`}` is unexpected here"], &["b"]),
        ("e 'a", &["the closing `'` is missing"], &["e"]),
        ("e \"a", &["the closing `\"` is missing"], &["e"]),
        ("e $(a", &["the closing `)` is missing"], &["e", "a"]),
        ("e `a", &["the closing ``` is missing"], &["e", "a"]),
        ("e ${a", &["the closing `}` is missing"], &["e"]),
        ("e ${}; a", &["`${…}` is malformed"], &["e", "a"]),
        ("e $((1", &["the closing `))` is missing"], &["e"]),
        ("(a", &["the closing `)` is missing"], &["a"]),
        ("{ a", &["`}` is missing"], &["a"]),
        ("a >", &["a name or word is missing after `>`"], &["a"]),
        ("cat <<E\nb\n", &["the heredoc `E` has no lines or is never closed"], &["cat"]),
        ("cat <<E", &["the heredoc `E` has no lines or is never closed"], &["cat"]),
        ("case x in a b) c;; esac; d", &["the closing `)` is missing"], &["b", "c", "d"]),
        ("case x", &["`in` is missing", "`esac` is missing"], &[]),
        ("[[ a", &["the closing `]]` is missing"], &[]),
        ("f()", &["a command is missing after `()`"], &[]),
    ];
    for (source, errors, names) in cases {
        let script = parse(source);
        let found: Vec<_> = script.errors.iter().map(ToString::to_string).collect();
        assert_eq!(found, *errors, "{source:?}");
        let commands = script.simple_commands();
        let found: Vec<_> = commands.iter().filter_map(|(simple, ..)| simple.name()).collect();
        assert_eq!(found, *names, "{source:?}");
    }
}

#[test]
fn the_walk_tells_where_things_stand() {
    let source =
        "cd /a && b || true; if c; then (d | e); fi; for x in 1; do f \"$(g)\"; done; h() { i; }; ! j";
    let script = parse(source);
    let found: Vec<_> = script
        .simple_commands()
        .into_iter()
        .map(|(simple, _, context)| {
            let flags = [
                (context.checked, 'c'),
                (context.in_subshell, 's'),
                (context.in_pipeline, 'p'),
                (context.in_loop, 'l'),
                (context.in_substitution, '$'),
                (context.in_function, 'f'),
            ];
            let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, flag)| flag).collect();
            format!("{}:{flags}", simple.name().unwrap_or_default())
        })
        .collect();
    assert_eq!(found, ["cd:c", "b:c", "true:", "c:c", "d:sp", "e:sp", "f:l", "g:$", "i:f", "j:c"]);
}

#[test]
fn ranges_lead_back_to_the_dockerfile() {
    let source = b"RUN apt-get update \\\n  # why\n && apt-get install \\\n    curl=$V\n";
    let parsed = crate::Dockerfile::parse(&source[..]);
    let instruction = parsed.file.instructions().next().expect("one instruction");
    let crate::Kind::Run(run) = &instruction.command.kind else { panic!() };
    let crate::instruction::Executed::Shell(text) = run.executed(instruction, source) else { panic!() };
    let script = Script::parse(text);
    let commands = script.simple_commands();
    let last = &commands[1].0.words[2];
    assert_eq!(script.span(last.range.clone()).of(source), b"curl=$V");
    assert_eq!(script.span(last.parts[1].range()).of(source), b"$V");
    let operator = &script.body.items[0].rest[0].0;
    assert_eq!(script.span(operator.range.clone()).of(source), b"&&");
    let index = parsed.file.line_index();
    assert_eq!(index.position(script.span(last.range.clone()).start), crate::Position { line: 4, column: 5 });
}

#[test]
fn depth_is_bounded_and_costs_no_stack() {
    for opener in
        ["(", "$(", "{ ", "if ", "`$(", "${a:-", "\"$(", "f() ", "case x in a) ", "x=(", "! (", "[[ $("]
    {
        let script = parse(&opener.repeat(20_000));
        assert!(!script.errors.is_empty(), "{opener}");
        assert!(script.errors.len() <= 101);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn never_panics_and_keeps_ranges_in_order(
        pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..30),
        noise in ".{0,6}",
    ) {
        let source = pieces.concat() + &noise + pieces.first().copied().unwrap_or_default();
        let script = parse(&source);
        script.walk(&mut |node, _| {
            let range = match node {
                Node::AndOr(found) => found.range.clone(),
                Node::Pipeline(found) => found.range.clone(),
                Node::Command(found) | Node::Simple(_, found) => found.range.clone(),
                Node::Assignment(found) => found.range.clone(),
                Node::Redirection(found) => found.range.clone(),
                Node::Word(found, _) => found.range.clone(),
                Node::Part(found, ..) => found.range(),
            };
            assert!(source.get(range.clone()).is_some(), "{source:?} has no {range:?}");
        });
        for error in &script.errors {
            assert!(source.get(error.range.clone()).is_some(), "{source:?} {error:?}");
        }
    }
}

const PIECES: [&str; 64] = [
    "a",
    " ",
    "b",
    "\n",
    ";",
    "&",
    "&&",
    "|",
    "||",
    "(",
    ")",
    "{ ",
    "}",
    " }",
    "$(",
    "`",
    "\"",
    "'",
    "$",
    "${",
    "$((",
    "))",
    "((",
    "[[ ",
    " ]]",
    "if ",
    "then ",
    "else ",
    "fi",
    "for x in ",
    "do ",
    "done",
    "while ",
    "case x in ",
    "esac",
    ";;",
    "\\",
    "\\\n",
    "#",
    "<<E\n",
    "<<-'E'\n",
    "E\n",
    "\tE\n",
    ">",
    ">&",
    "2>",
    "<(",
    "&>",
    "<<<",
    "=",
    "x=",
    "x=(",
    "!",
    "!(",
    "*",
    "f() ",
    "function ",
    "time ",
    "$'",
    "#{",
    ":-",
    "[1]",
    "\r\n",
    "\u{e9}",
];

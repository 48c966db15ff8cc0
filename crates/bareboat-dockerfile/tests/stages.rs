//! Stages, their names and who needs whom.

use std::collections::BTreeMap;

use bareboat_dockerfile::arguments::{Platform, platform_arguments};
use bareboat_dockerfile::stages::{Base, Origin, Scope, Stages};
use bareboat_dockerfile::{Dockerfile, Kind, Parsed};

fn parse(source: &str) -> Parsed {
    let parsed = Dockerfile::parse(source);
    assert_eq!(parsed.errors, [], "{source}");
    parsed
}

fn stages<'a>(parsed: &'a Parsed, given: &[(&str, &str)]) -> Stages<'a> {
    let given = given.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let platform = platform_arguments(&Platform::linux("amd64"), &Platform::linux("arm64"), None);
    Stages::new(&parsed.file, &given, &platform)
}

fn bases(source: &str, given: &[(&str, &str)]) -> Vec<Base> {
    let parsed = parse(source);
    let stages = stages(&parsed, given);
    assert_eq!(stages.errors, [], "{source}");
    stages.stages.into_iter().map(|stage| stage.base).collect()
}

fn errors(source: &str) -> Vec<String> {
    let parsed = parse(source);
    stages(&parsed, &[]).errors.iter().map(ToString::to_string).collect()
}

fn image(name: &str) -> Base {
    Base::Image(name.to_owned())
}

#[test]
fn global_arguments_chain_and_can_be_given() {
    let source = "ARG A=1\nARG B=${A}2 C=$B\nARG D\nFROM x:$C$D\n";
    assert_eq!(bases(source, &[]), [image("x:12")]);
    assert_eq!(bases(source, &[("A", "9"), ("D", "-d")]), [image("x:92-d")]);
    assert_eq!(bases("FROM --platform=$BUILDPLATFORM x:$TARGETARCH", &[]), [image("x:arm64")]);
    assert_eq!(bases("FROM x:$TARGETARCH", &[("TARGETARCH", "y"), ("UNDECLARED", "z")]), [image("x:y")]);
}

#[test]
fn arguments_of_a_stage_are_unknown_to_from() {
    let parsed = parse("FROM a\nARG V=1\nFROM b:${V:-none}\n");
    let stages = stages(&parsed, &[]);
    assert_eq!(stages.stages[1].base, image("b:none"));
    assert_eq!(stages.stages[1].image.as_ref().unwrap().undefined(), ["V"].into());
}

#[test]
fn from_knows_earlier_stages_by_their_lower_case_name_only() {
    let source = "FROM a AS Build\nFROM build\nFROM Build\nFROM later\nFROM b AS later\nFROM scratch\n";
    let expected = [image("a"), Base::Stage(0), image("Build"), image("later"), image("b"), Base::Scratch];
    assert_eq!(bases(source, &[]), expected);
    assert_eq!(bases("FROM a AS alpine\nFROM alpine", &[]), [image("a"), Base::Stage(0)]);
    assert_eq!(bases("FROM a AS x\nFROM b AS x\nFROM x\n", &[]), [image("a"), image("b"), Base::Stage(1)]);
    assert_eq!(bases("FROM x AS x\n", &[]), [image("x")]);
    assert_eq!(bases("FROM x AS scratch\nFROM scratch", &[]), [image("x"), Base::Stage(0)]);
}

#[test]
fn references_know_names_in_any_case_and_numbers() {
    let source = "FROM a AS one\nFROM b AS two\nCOPY --from=ONE x y\nCOPY --from=0 x y\nCOPY --from=nginx:1 x y\n\
        RUN --mount=from=One,target=/x --mount=type=cache,from=0,target=/y --mount=type=secret,id=s z\n";
    let parsed = parse(source);
    let stages = stages(&parsed, &[]);
    assert_eq!(stages.errors, []);
    let origins: Vec<_> = stages.stages[1].references.iter().map(|found| found.origin.clone()).collect();
    let image = |name: &str| Origin::Image(name.to_owned());
    assert_eq!(origins, [Origin::Stage(0), Origin::Stage(0), image("nginx:1"), Origin::Stage(0), image("0")]);
    let span = stages.stages[1].references[0].span;
    assert_eq!(span.of(parsed.file.source()), b"ONE");
}

#[test]
fn references_to_later_or_own_stages_are_errors() {
    let source = "FROM a AS one\nCOPY --from=two x y\nCOPY --from=one x y\nCOPY --from=7 x y\nCOPY --from=-1 x y\n\
        FROM b AS two\n";
    assert_eq!(
        errors(source),
        [
            "stage `two` comes later; files can only be taken from an earlier one",
            "stage `one` cannot take files from itself",
            "there is no stage number 7; this file has 2",
            "there is no stage number -1; this file has 2",
        ]
    );
}

#[test]
fn what_stands_before_from_is_an_error_unless_it_is_arg() {
    assert_eq!(errors("ARG A\nRUN x\nFROM a"), ["only `ARG` can stand before the first `FROM`"]);
    assert_eq!(errors("# nothing\n"), ["the file has no `FROM`"]);
    assert_eq!(errors("FROM $X"), ["the image `$X` is empty once its variables are expanded"]);
    assert_eq!(
        errors("FROM --platform=$X a"),
        ["the platform `$X` is empty once its variables are expanded"]
    );
    assert_eq!(errors("FROM ${X:?}"), ["`X` is required but unset"]);
    assert_eq!(errors("ARG A=${B\nFROM a"), ["the closing `}` is missing"]);
}

#[test]
fn targets_are_found_by_name_in_any_case() {
    let parsed = parse("FROM a AS Dev\nFROM b AS prod\nFROM c AS dev\nFROM d\n");
    let stages = stages(&parsed, &[]);
    let target = |name| stages.target(name).map(|stage| stage.index);
    assert_eq!(target(None), Ok(3));
    assert_eq!(target(Some("DEV")), Ok(2), "the last of equal names");
    let error = target(Some("prd")).unwrap_err();
    assert_eq!(error.hint().as_deref(), Some("did you mean `prod`?"));
    assert!(target(Some("0")).is_err());
}

#[test]
fn only_what_a_target_needs_is_reachable() {
    let source = "FROM a AS base\nFROM base AS build\nRUN x\nFROM b AS unused\nFROM c AS tools\n\
        FROM base AS final\nCOPY --from=build x y\nRUN --mount=from=tools,target=/t z\n";
    let parsed = parse(source);
    let stages = stages(&parsed, &[]);
    assert_eq!(stages.reachable(4), [0, 1, 3, 4].into());
    assert_eq!(stages.reachable(2), [2].into());
    let chain: Vec<_> = stages.chain(4).iter().map(|stage| stage.index).collect();
    assert_eq!(chain, [0, 4]);
    assert_eq!(stages.root(4), &image("a"));
}

#[test]
fn triggers_refer_in_the_stage_they_run_in() {
    let source = "FROM a AS files\nFROM b AS base\nONBUILD COPY --from=files x y\nFROM base AS final\n";
    let parsed = parse(source);
    let stages = stages(&parsed, &[]);
    assert_eq!(stages.stages[1].references, []);
    assert_eq!(stages.stages[2].references[0].origin, Origin::Stage(0));
    assert_eq!(stages.reachable(2), [0, 1, 2].into());
    assert_eq!(stages.triggers(&stages.stages[2]).len(), 1);
}

#[test]
fn nothing_given_is_fine_too() {
    let parsed = parse("FROM a:$TARGETARCH\n");
    let stages = Stages::new(&parsed.file, &BTreeMap::new(), &BTreeMap::new());
    assert_eq!(stages.stages[0].base, image("a:"));
}

/// `name=value` of the variables that `RUN n` sees, for each RUN of the file, and its directory, user and shell.
fn seen(source: &str, given: &[(&str, &str)]) -> Vec<String> {
    let parsed = parse(source);
    let stages = stages(&parsed, given);
    let given = given.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let mut seen = Vec::new();
    stages.replay(parsed.file.escape(), &given, &|_| Scope::unknown(), &mut |step| {
        if !matches!(step.command.kind, Kind::Run(_)) {
            return;
        }
        let variables = step.scope.variables().filter(|(name, _)| *name != "PATH");
        let mut line: Vec<_> = variables.map(|(name, found)| format!("{name}={}", found.value)).collect();
        line.extend(step.scope.workdir.iter().map(|workdir| format!("in {workdir}")));
        line.extend(step.scope.user.iter().map(|user| format!("as {user}")));
        line.extend(step.scope.shell.iter().map(|shell| format!("by {}", shell.join(" "))));
        seen.push(line.join(" "));
    });
    seen
}

#[test]
fn variables_flow_as_declared() {
    let cases: &[(&str, &[&str])] = &[
        ("FROM a\nENV abc=hello\nENV abc=bye def=$abc\nRUN x", &["abc=bye def=hello"]),
        ("FROM a\nENV X=e\nARG X=a\nRUN x", &["X=a"]),
        ("FROM a\nARG X=a\nENV X=e\nRUN x", &["X=e"]),
        ("FROM a\nRUN x\nARG X=a\nRUN x", &["", "X=a"]),
        ("ARG G=g\nFROM a\nRUN x\nARG G\nRUN x\nARG G=l\nRUN x", &["", "G=g", "G=l"]),
        ("FROM a\nARG X\nRUN x\nARG X=\nRUN x", &["", "X="]),
        ("FROM a\nENV X=e\nARG X\nRUN x", &["X=e"]),
        ("FROM a\nARG TARGETARCH\nRUN x\nARG TARGETARCH=foo\nRUN x", &["TARGETARCH=arm64", "TARGETARCH=foo"]),
        ("FROM a AS b\nARG X=1\nENV E=2\nFROM b\nRUN x\nFROM a\nRUN x", &["E=2 X=1", ""]),
        ("FROM a AS b\nONBUILD ENV E=1\nONBUILD RUN x\nFROM b\nRUN x\nFROM a\nRUN x", &["E=1", "E=1", ""]),
        ("# escape=`\nFROM a\nENV X=`$Y\nRUN x", &["X=$Y"]),
    ];
    for (source, expected) in cases {
        assert_eq!(seen(source, &[]), *expected, "{source}");
    }
    assert_eq!(seen("FROM a\nARG X=1\nARG Y\nRUN x", &[("X", "9"), ("Y", "8"), ("Z", "7")]), ["X=9 Y=8"]);
}

#[test]
fn directories_users_and_shells_flow_too() {
    let source = "FROM scratch AS a\nENV D=/srv\nRUN x\nWORKDIR $D\nWORKDIR app/\nUSER me\nRUN x\n\
        SHELL [\"bash\", \"-c\"]\nFROM a\nRUN x\nFROM other\nWORKDIR rel\nRUN x\nWORKDIR /abs\nRUN x\n";
    assert_eq!(
        seen(source, &[]),
        ["D=/srv in /", "D=/srv in /srv/app/ as me", "D=/srv in /srv/app/ as me by bash -c", "", "in /abs"]
    );
}

#[test]
fn arguments_never_reach_the_configuration() {
    let parsed = parse("FROM scratch\nENV X=e\nARG X=a Y=b\n");
    let stages = stages(&parsed, &[]);
    let ends = stages.replay('\\', &BTreeMap::new(), &|_| Scope::unknown(), &mut |_| {});
    let configured = ends[0].configured();
    assert_eq!(configured.get("X").map(String::as_str), Some("e"));
    assert_eq!(configured.keys().collect::<Vec<_>>(), ["PATH", "X"]);
}

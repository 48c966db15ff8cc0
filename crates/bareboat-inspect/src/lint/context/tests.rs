//! What rules get to see, as text.

use std::collections::BTreeMap;

use bareboat_dockerfile::{Dockerfile, Stages};

use super::build::Surroundings;
use super::{Context, Scripts, grammar};
use crate::knowledge;
use crate::lint::Settings;

fn with_context(source: &str, run: impl FnOnce(&Context<'_>)) {
    let parsed = Dockerfile::parse(source);
    let (none, settings) = (BTreeMap::new(), Settings::default());
    let stages = Stages::new(&parsed.file, &none, &none);
    let scripts = Scripts::new(&parsed.file);
    let surroundings = Surroundings {
        settings: &settings,
        build: None,
        today: None,
        arguments: &none,
        facts: &|name| knowledge::lookup(name, None),
    };
    run(&Context::new(&parsed, &stages, &scripts, &surroundings));
}

/// One line per call: stage, place, `>` when called by the one before, variables, program, arguments (`…` for what
/// is not known), shell.
fn calls(source: &str) -> String {
    let mut lines = String::new();
    with_context(source, |context| {
        for (stage, step) in context.steps() {
            let Some(execution) = &step.execution else { continue };
            for call in &execution.calls {
                let place = context.position(call.span.start);
                let arguments = call.arguments.iter().map(|argument| {
                    let rest = if argument.is_complete { "" } else { "…" };
                    format!(" [{}{rest}]", argument.text)
                });
                let environment = call.environment.iter().map(|(name, value)| format!("{name}={value:?} "));
                lines += &format!(
                    "{} {}:{} {}{}{}{} {}\n",
                    stage.index,
                    place.line,
                    place.column,
                    if call.wrapped { "> " } else { "" },
                    environment.collect::<String>(),
                    call.name,
                    arguments.collect::<String>(),
                    call.script.map_or("-".to_owned(), |script| format!("{:?}", script.dialect(&step.state))),
                );
            }
        }
    });
    lines
}

#[test]
fn sees_every_call_with_its_values_wherever_it_hides() {
    let source = r#"ARG VERSION=1.2
FROM debian:13 AS base
ARG VERSION
ENV PACKAGES="curl git" EMPTY=
RUN sudo -E DEBIAN_FRONTEND=noninteractive apt-get install $PACKAGES "$PACKAGES" x=$VERSION $EMPTY "$NOBODY"
RUN set -e; dir=/opt/app; cd "$dir" && bash -ec 'make install' || echo "$(date +%F)" | tee log
RUN ["/bin/sh", "-c", "echo hi"]
RUN <<EOF bash
apk add x
EOF
RUN <<EOF
#!/usr/bin/env python3
print("no shell")
EOF
ONBUILD RUN PIP_NO_CACHE_DIR=1 pip install -r requirements.txt
FROM base
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
CMD exec app $VERSION
SHELL ["pwsh", "-Command"]
RUN Write-Host hi
"#;
    insta::assert_snapshot!(calls(source), @r#"
    0 5:5 sudo [-E] [DEBIAN_FRONTEND=noninteractive] [apt-get] [install] [curl] [git] [curl git] [x=1.2] […] Dash
    0 5:44 > DEBIAN_FRONTEND=Some("noninteractive") apt-get [install] [curl] [git] [curl git] [x=1.2] […] Dash
    0 6:5 set [-e] Dash
    0 6:27 cd [/opt/app] Dash
    0 6:40 bash [-ec] [make install] Dash
    0 6:67 echo […] Dash
    0 6:75 date [+%F] Dash
    0 6:88 tee [log] Dash
    0 6:50 make [install] Bash
    0 7:6 sh [-c] [echo hi] -
    0 7:24 echo [hi] Dash
    0 8:5 bash Dash
    0 9:1 apk [add] [x] Bash
    0 15:13 PIP_NO_CACHE_DIR=Some("1") pip [install] [-r] [requirements.txt] Dash
    1 15:13 PIP_NO_CACHE_DIR=Some("1") pip [install] [-r] [requirements.txt] Dash
    1 18:5 exec [app] […] Bash
    1 18:10 > app […] Bash
    "#);
}

#[test]
fn knows_state_and_variables_in_front_of_each_step() {
    let source = "FROM scratch AS a\nENV X=1\nUSER app\nFROM a\nRUN true\nENV X=2 Y=$X\nWORKDIR srv\nRUN [\"x\"]\n\
                  USER $Y\n";
    with_context(source, |context| {
        let [first, last] = context.stages() else { panic!("two stages") };
        assert!(first.is_reused && first.is_needed && !first.is_final && last.is_final);
        let at =
            |position: usize, name| context.variable(&last.steps[position], name).map(|(value, _)| value);
        let values = [at(0, "X"), at(0, "Y"), at(2, "X"), at(2, "Y")];
        assert_eq!(values, [Some("1"), None, Some("2"), Some("1")]);
        assert_eq!(at(0, "PATH"), Some(bareboat_dockerfile::arguments::DEFAULT_PATH));
        assert_eq!(context.user(last, &last.steps[0].state), Some("app"));
        assert_eq!(last.steps[3].state.workdir.as_deref(), Some("/srv"));
        assert_eq!(last.end.user.as_deref(), Some("1"));
        assert_eq!(context.expand(&last.steps[3], "${X}-$Y").unwrap().text, "2-1");
    });
}

#[test]
fn takes_options_and_operands_apart() {
    let source = "FROM a\nRUN apt-get -qqy -o Dpkg::Use-Pty=0 --option=a=b -tsid install -- -odd curl\n";
    with_context(source, |context| {
        let call = &context.stages()[0].steps[0].run().unwrap().calls[0];
        let options = call.options(&grammar::APT);
        let given = options.options.iter().map(|option| (option.name.as_ref(), option.value.as_deref()));
        let expected = [
            ("-q", None),
            ("-q", None),
            ("-y", None),
            ("-o", Some("Dpkg::Use-Pty=0")),
            ("--option", Some("a=b")),
            ("-t", Some("sid")),
        ];
        assert_eq!(given.collect::<Vec<_>>(), expected);
        assert_eq!(options.subcommand(), Some("install"));
        assert_eq!(
            options.rest().iter().map(|word| word.text.as_str()).collect::<Vec<_>>(),
            ["-odd", "curl"]
        );
        assert!(options.has(&["--yes", "-y"]) && options.value(&["-t"]) == Some("sid"));
    });
}

#[test]
fn mounts_over_a_directory_are_found_with_their_variables() {
    let source = "FROM a\nENV D=/var/lib\nRUN --mount=type=cache,target=$D/apt,sharing=locked true\n";
    with_context(source, |context| {
        let run = context.stages()[0].steps[1].run().unwrap();
        assert!(run.mount_over("/var/lib/apt/lists").is_some() && run.mount_over("/var/lib/apt/").is_some());
        assert!(run.mount_over("/var/lib/aptitude").is_none() && run.mount_over("/var/lib").is_none());
    });
}

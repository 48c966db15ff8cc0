//! Dockerfiles in other files: found, judged, and brought back to where they stand.

use super::*;
use crate::lint::{Configuration, Input, Linter, Preset, WhichFixes};

/// Rules that stand still while others are added.
fn linter() -> Linter {
    let enable = vec!["from-latest".to_owned(), "cd-in-run".to_owned()];
    Linter::new(Configuration { preset: Preset::Buildkit, enable, ..Configuration::default() }).unwrap()
}

/// `line:column rule: the bytes` of everything found in a host.
fn found(kind: HostKind, host: &str) -> Vec<String> {
    let linter = linter();
    let mut found = Vec::new();
    for embedded in kind.builds(host).unwrap().embedded {
        let findings = linter.lint(&Input::new(embedded.text.as_bytes()));
        for finding in embedded.host_findings(host, findings) {
            let (place, text) = (&finding.place, &host[finding.place.range.clone()]);
            found.push(format!("{}:{} {}: {text}", place.line, place.column, finding.rule));
        }
    }
    found
}

/// The host after all fixes of its Dockerfiles.
fn fixed(kind: HostKind, host: &str) -> Option<String> {
    let linter = linter();
    let mut text = host.to_owned();
    for embedded in kind.builds(host).unwrap().embedded.iter().rev() {
        let fixed = linter.fix(&Input::new(embedded.text.as_bytes()), WhichFixes::All);
        let (range, replacement) = embedded.rewrite(std::str::from_utf8(&fixed.source).unwrap())?;
        text.replace_range(range, &replacement);
    }
    Some(text)
}

const COMPOSE: &str = "\
services:
  # Größe
  web:
    build:
      context: ./web
      args:
        VERSION: '13'
      dockerfile_inline: |

        FROM debian:13
        RUN echo $$HOME && \\
          cd /x

        MAINTAINER me
  api:
    build: ./api
  db:
    image: postgres
  jobs:
    build:
      dockerfile: jobs.Dockerfile
      args: [A=1, B, C=$C]
  remote:
    build: https://example.org/x.git
";

#[test]
fn compose_files_hold_and_name_dockerfiles() {
    let builds = HostKind::Compose.builds(COMPOSE).unwrap();
    assert_eq!(builds.embedded[0].text, "\nFROM debian:13\nRUN echo $HOME && \\\n  cd /x\n\nMAINTAINER me\n");
    assert_eq!(builds.embedded[0].context.as_deref(), Some("./web"));
    assert_eq!(builds.embedded[0].arguments["VERSION"], "13");
    let named: Vec<_> =
        builds.named.iter().map(|named| (named.path.as_str(), named.context.as_str())).collect();
    assert_eq!(named, [("./api/Dockerfile", "./api"), ("./jobs.Dockerfile", ".")]);
    assert_eq!(builds.named[1].arguments, BTreeMap::from([("A".to_owned(), "1".to_owned())]));
}

#[test]
fn findings_are_where_they_stand_in_the_compose_file() {
    assert_eq!(
        found(HostKind::Compose, COMPOSE),
        ["12:11 cd-in-run: cd /x", "14:9 maintainer: MAINTAINER me"]
    );
}

#[test]
fn a_byte_order_mark_and_other_line_ends_move_nothing() {
    let expected = ["12:11 cd-in-run: cd /x", "14:9 maintainer: MAINTAINER me"];
    assert_eq!(found(HostKind::Compose, &format!("\u{feff}{COMPOSE}")), expected);
    let windows = COMPOSE.replace('\n', "\r\n");
    assert_eq!(found(HostKind::Compose, &windows), expected);
    let label = "LABEL org.opencontainers.image.authors=\"me\"";
    assert_eq!(fixed(HostKind::Compose, &windows).unwrap(), windows.replace("MAINTAINER me", label));
}

#[test]
fn a_repaired_dockerfile_keeps_its_indentation_and_dollars() {
    let label = "LABEL org.opencontainers.image.authors=\"me\"";
    assert_eq!(fixed(HostKind::Compose, COMPOSE).unwrap(), COMPOSE.replace("MAINTAINER me", label));
}

#[test]
fn what_the_environment_decides_is_no_finding() {
    let compose = "services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM debian:${TAG}\n        FROM debian:${TAG:-latest}\n        MAINTAINER $X\n";
    let found = found(HostKind::Compose, compose);
    assert_eq!(found, ["6:14 from-latest: debian:${TAG:-latest}"]);
    assert_eq!(fixed(HostKind::Compose, compose), None);
}

#[test]
fn quoted_and_folded_texts_are_judged_too() {
    let quoted = "services: {a: {build: {dockerfile_inline: \"FROM debian:latest\\nMAINTAINER é\\n\"}}}\n";
    assert_eq!(
        found(HostKind::Compose, quoted),
        ["1:49 from-latest: debian:latest", "1:64 maintainer: MAINTAINER é"]
    );
    let folded = "services:\n  a:\n    build:\n      dockerfile_inline: >\n        FROM debian:latest\n";
    let folded = found(HostKind::Compose, folded);
    assert!(folded.len() == 1 && folded[0].contains("from-latest"), "{folded:?}");
}

#[test]
fn bake_files_in_json() {
    let bake = r#"{
  "variable": { "TAG": { "default": "latest" } },
  "target": {
    "a": { "dockerfile-inline": "FROM debian:${TAG}\nMAINTAINER \"me\"\n", "args": { "A": "1" } },
    "b": { "context": "b", "dockerfile": "b.Dockerfile" }
  }
}
"#;
    assert_eq!(
        found(HostKind::BakeJson, bake),
        ["4:39 from-latest: debian:${TAG}", "4:54 maintainer: MAINTAINER \\\"me\\\""]
    );
    assert_eq!(HostKind::BakeJson.builds(bake).unwrap().named[0].path, "b/b.Dockerfile");
}

const BAKE: &str = r#"variable "TAG" {
  default = "latest"
}
target "a" {
  args = { A = "1", "B" = TAG }
  dockerfile-inline = <<-EOT
    FROM debian:${TAG}
    RUN echo $${HOME} \
      && cd /x
  EOT
}
target "b" {
  dockerfile-inline = <<EOT
FROM debian:13
MAINTAINER $${me}
EOT
}
target "c" {
  dockerfile-inline = "FROM debian:latest\nMAINTAINER é"
}
target "d" {
  dockerfile-inline = join("\n", ["FROM a"])
}
target "e" {
  context = "e"
  dockerfile = "x.${TAG}"
}
target "f" {
  context = OTHER
}
"#;

#[test]
fn bake_files_in_hcl() {
    assert_eq!(
        found(HostKind::BakeHcl, BAKE),
        [
            "7:10 from-latest: debian:${TAG}",
            "9:10 cd-in-run: cd /x",
            "15:1 maintainer: MAINTAINER $${me}",
            "19:29 from-latest: debian:latest",
            "19:44 maintainer: MAINTAINER é",
        ]
    );
    let builds = HostKind::BakeHcl.builds(BAKE).unwrap();
    assert_eq!(builds.embedded[0].text, "FROM debian:latest\nRUN echo ${HOME} \\\n  && cd /x\n");
    assert_eq!(builds.embedded[0].arguments["B"], "latest");
    let named: Vec<_> = builds.named.iter().map(|named| named.path.as_str()).collect();
    assert_eq!(named, ["e/x.latest"]);
    let b = &builds.embedded[1];
    assert_eq!(b.rewrite("FROM x\nLABEL a=${me}\n").unwrap().1, "FROM x\nLABEL a=$${me}\n");
}

#[test]
fn broken_hosts_are_findings_and_names_tell_what_they_are() {
    for (kind, text) in [
        (HostKind::Compose, "services:\n  a: [\n"),
        (HostKind::BakeJson, "{\n \"target\": ]"),
        (HostKind::BakeHcl, "target \"a\" {\n  x = \n}\n"),
    ] {
        let error = kind.builds(text).unwrap_err();
        let finding = error.finding(text.as_bytes());
        assert!(finding.place.line >= 2 && finding.rule == "parse-error", "{finding:?}");
    }
    assert_eq!(HostKind::of("docker-compose.prod.yml"), Some(HostKind::Compose));
    assert_eq!(HostKind::of("compose.yaml"), Some(HostKind::Compose));
    assert_eq!(HostKind::of("docker-bake.override.json"), Some(HostKind::BakeJson));
    assert_eq!(HostKind::of("composer.json"), None);
    assert_eq!(HostKind::of("composition.yaml"), None);
}

#[test]
fn no_damage_to_a_host_makes_places_that_are_not_in_it() {
    let json = r#"{"target": {"a": {"dockerfile-inline": "FROM \u00e9\ud83d\ude00\nRUN cd ${x}\n"}}}"#;
    let linter = linter();
    for (kind, host) in [(HostKind::Compose, COMPOSE), (HostKind::BakeHcl, BAKE), (HostKind::BakeJson, json)]
    {
        let places = host.char_indices().map(|(at, char)| at..at + char.len_utf8());
        let damages = places.flat_map(|place| {
            let (before, after) = (&host[..place.start], &host[place.end..]);
            [
                before.to_owned(),
                format!("{before}{after}"),
                format!("{before}\u{e9}{after}"),
                format!("{before}\n{after}"),
            ]
        });
        for host in damages {
            let Ok(builds) = kind.builds(&host) else { continue };
            for embedded in builds.embedded {
                let findings = linter.lint(&Input::new(embedded.text.as_bytes()));
                for finding in embedded.host_findings(&host, findings) {
                    let edits = finding.fix.iter().flat_map(|fix| fix.edits.iter().map(|edit| &edit.range));
                    for range in edits.chain([&finding.place.range]) {
                        assert!(host.get(range.clone()).is_some(), "{range:?} of {host:?}");
                    }
                }
                if let Some((range, _)) = embedded.rewrite("FROM a\n") {
                    assert!(host.get(range.clone()).is_some(), "{range:?} of {host:?}");
                }
            }
        }
    }
}

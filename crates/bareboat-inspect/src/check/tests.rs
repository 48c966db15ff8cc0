//! Whole files of both schemas on one image.

use super::*;
use crate::audit::fixture;

const IMAGE: &str = "\
user 65532:65532
workdir /app
env PATH=/usr/bin
env MODE=production
label org.example.version=1.2.3
entrypoint [\"/usr/bin/app\", \"serve\"]
expose 8080/tcp
volume /data
elf /usr/bin/app 0755 static
link /bin usr/bin
file /etc/app.conf 0640 0:65532 \"port = 8080\\nhost = all\\n\"
link /etc/current.conf app.conf
hard /etc/same.conf /etc/app.conf
file /usr/share/doc/libz/copyright 0644 \"the zlib licence\"
file /usr/share/doc/other/copyright 0644 \"GNU AGPL version 3\"
dir /usr/share/doc/bare 0755
";

fn contents(facts: &Facts, tests: &Tests) -> BTreeMap<TreePath, Vec<u8>> {
    let text = |path: &TreePath| match path.to_string().as_str() {
        "/etc/app.conf" => "port = 8080\nhost = all\n",
        "/usr/share/doc/libz/copyright" => "the zlib licence",
        "/usr/share/doc/other/copyright" => "GNU AGPL version 3",
        other => panic!("nobody wants `{other}`"),
    };
    wanted(tests, facts).into_iter().map(|path| (path.clone(), text(&path).as_bytes().to_vec())).collect()
}

fn report(file: &str) -> String {
    let facts = fixture::facts(IMAGE);
    let tests = Tests::parse(file).unwrap();
    let contents = contents(&facts, &tests);
    let mut run = |test: &CommandTest, _: &[Variable]| match test.command[0].as_str() {
        "app" => Ok(Ran { code: 2, output: "app 1.2\n".to_owned(), error: String::new() }),
        "gone" => Err(NotRun::Failed("no program `gone` inside".to_owned())),
        _ => Err(NotRun::Skipped("the image is for another machine".to_owned())),
    };
    let outcomes = check(&tests, &facts, &contents, &mut run);
    text(&[Report { file: "tests.yaml".to_owned(), outcomes }])
}

#[test]
fn everything_of_schema_2_is_judged() {
    insta::assert_snapshot!(report(
        r#"
schemaVersion: "2.0.0"
globalEnvVars: [{ key: A, value: b }]
commandTests:
  - { name: version, command: app, args: ["--version"], expectedOutput: ["^app \\d"], exitCode: 2 }
  - { name: wrong, command: app, expectedOutput: [nothing], excludedOutput: [app], expectedError: [x] }
  - { name: gone, command: gone }
  - { name: elsewhere, command: other, setup: [["true"]], envVars: [{ key: X, value: y }] }
fileExistenceTests:
  - { name: configuration, path: /etc/app.conf, permissions: "-rw-r-----", uid: 0, gid: 65532 }
  - { name: second name, path: /etc/same.conf, permissions: "-rw-r-----" }
  - { name: link, path: /etc/current.conf, permissions: "Lrwxrwxrwx" }
  - { name: through a link, path: /bin/app, isExecutableBy: other }
  - { name: no shell, path: /bin/sh, shouldExist: false }
  - { name: not executable, path: /etc/app.conf, isExecutableBy: any, uid: 7 }
  - { name: missing, path: /srv }
  - { name: there, path: /etc/, shouldExist: false }
fileContentTests:
  - { name: port, path: /etc/current.conf, expectedContents: ['port = \d+', '(?m)^host'], excludedContents: [secret] }
  - { name: wrong port, path: /etc/app.conf, expectedContents: ['^host'], excludedContents: ['8080'] }
  - { name: directory, path: /etc, expectedContents: [x] }
  - { name: nothing, path: /nothing }
licenseTests:
  - { debian: true, files: [/etc/app.conf] }
metadataTest:
  envVars: [{ key: MODE, value: production }, { key: PATH, value: "^/usr", isRegex: true }, { key: NONE, value: "" }]
  unboundEnvVars: [{ key: MODE }]
  labels: [{ key: org.example.version, value: '^\d+\.\d+\.\d+$', isRegex: true }]
  entrypoint: ["/usr/bin/app", "serve"]
  cmd: []
  exposedPorts: ["8080", "9090"]
  unexposedPorts: ["80", "8080/tcp"]
  volumes: [/data]
  unmountedVolumes: [/tmp]
  workdir: /srv
  user: "65532:65532"
"#
    ));
}

#[test]
fn schema_1_is_still_the_common_form() {
    insta::assert_snapshot!(report(
        r#"
schemaVersion: "1.0.0"
commandTests:
- name: version
  command: ["app", "--version"]
  exitCode: 2
fileExistenceTests:
- name: root
  path: /
  shouldExist: true
metadataTest:
  env:
  - key: MODE
    value: test
"#
    ));
}

#[test]
fn results_come_as_documents() {
    let outcomes = vec![
        Outcome { kind: "file content", name: "a <b>".into(), verdict: Verdict::Passed },
        Outcome {
            kind: "command",
            name: "c".into(),
            verdict: Verdict::Failed(vec!["x & y".into(), "z".into()]),
        },
        Outcome { kind: "command", name: "d".into(), verdict: Verdict::Skipped("elsewhere".into()) },
    ];
    let reports = [Report { file: "tests.yaml".to_owned(), outcomes }];
    insta::assert_snapshot!(junit("app:1", &reports));
    let document: serde_json::Value = serde_json::from_str(&json("app:1", &reports)).unwrap();
    assert_eq!(
        (&document["passed"], &document["failed"], &document["skipped"]),
        (&1.into(), &1.into(), &1.into())
    );
    assert_eq!(document["results"][2]["reason"], "elsewhere");
}

#[test]
fn what_is_no_test_is_named_with_its_line() {
    let error = |text: &str| Tests::parse(text).unwrap_err().to_string();
    assert_eq!(error(""), "line 1: there is nothing in it");
    assert_eq!(error("a: b\n"), "line 1: `a` is no key of a test");
    assert_eq!(
        error("commandTests: []\n"),
        "line 1: `schemaVersion` is missing: write `schemaVersion: 2.0.0`"
    );
    assert!(error("schemaVersion: 3.0.0\n").contains("1.0.0 and 2.0.0 are known"));
    let file = |rest: &str| format!("schemaVersion: 2.0.0\n{rest}");
    assert_eq!(
        error(&file("fileExistenceTests:\n- name: x\n  pth: /a\n")),
        "line 4: `pth` is no key of a test; did you mean `path`?"
    );
    assert!(
        error(&file("fileContentTests:\n- name: x\n  path: /a\n  expectedContents: ['(']\n"))
            .starts_with("line 5: `(` is no regular expression: ")
    );
    assert_eq!(error(&file("commandTests:\n- name: x\n")), "line 3: the test names no `command`");
    assert!(error(&file("fileExistenceTests: {a: b}\n")).contains("should be a list"));
    assert!(error("{").starts_with("line "));
}

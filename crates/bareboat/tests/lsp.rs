//! `bareboat lsp` as an editor uses it: whole conversations with the built binary.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// An editor.
struct Editor {
    server: Child,
    output: BufReader<ChildStdout>,
    number: u64,
    transcript: String,
}

impl Editor {
    fn new() -> Self {
        let mut server = Command::new(env!("CARGO_BIN_EXE_bareboat"))
            .arg("lsp")
            // No ShellCheck that may be on this machine.
            .env("PATH", "/nonexistent")
            .env_remove("HOME")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(server.stdout.take().unwrap());
        Self { server, output, number: 0, transcript: String::new() }
    }

    /// One that was greeted.
    fn greeted(capabilities: Value, settings: Value) -> Self {
        let mut editor = Self::new();
        let parameters = json!({ "processId": null, "rootUri": null, "capabilities": capabilities, "initializationOptions": settings });
        editor.request("initialize", parameters);
        editor.notify("initialized", json!({}));
        editor
    }

    fn write(&mut self, message: &Value) {
        let text = message.to_string();
        let input = self.server.stdin.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        input.flush().unwrap();
    }

    fn notify(&mut self, method: &str, parameters: Value) {
        self.transcript.push_str(&format!("--> {method}\n"));
        self.write(&json!({ "jsonrpc": "2.0", "method": method, "params": parameters }));
    }

    fn request(&mut self, method: &str, parameters: Value) -> Value {
        self.number += 1;
        self.transcript.push_str(&format!("--> {method} {}\n", self.number));
        self.write(&json!({ "jsonrpc": "2.0", "id": self.number, "method": method, "params": parameters }));
        let answer = self.read();
        assert_eq!(answer["id"], self.number);
        answer["result"].clone()
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the server is gone");
            match line.trim() {
                "" => break,
                header => {
                    if let Some(value) = header.strip_prefix("Content-Length: ") {
                        length = value.parse().unwrap();
                    }
                }
            }
        }
        let mut bytes = vec![0; length];
        self.output.read_exact(&mut bytes).unwrap();
        let message: Value = serde_json::from_slice(&bytes).unwrap();
        self.transcript.push_str(&format!("<-- {message:#}\n"));
        message
    }

    /// Opens a document; what is wrong with it.
    fn open(&mut self, uri: &str, text: &str) -> Value {
        let document = json!({ "uri": uri, "languageId": "dockerfile", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
        self.read()["params"]["diagnostics"].clone()
    }

    fn change(&mut self, uri: &str, version: u64, changes: Value) -> Value {
        let document = json!({ "uri": uri, "version": version });
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
        self.read()["params"]["diagnostics"].clone()
    }

    fn at(&mut self, method: &str, uri: &str, line: u64, character: u64) -> Value {
        let position = json!({ "line": line, "character": character });
        self.request(method, json!({ "textDocument": { "uri": uri }, "position": position }))
    }

    fn actions(&mut self, uri: &str, lines: (u64, u64), only: Option<&str>) -> Value {
        let range = json!({ "start": { "line": lines.0, "character": 0 }, "end": { "line": lines.1, "character": 0 } });
        let only = only.map(|only| json!([only]));
        let context = json!({ "diagnostics": [], "only": only });
        self.request(
            "textDocument/codeAction",
            json!({ "textDocument": { "uri": uri }, "range": range, "context": context }),
        )
    }

    /// Says goodbye; the exit code.
    fn leave(&mut self) -> Option<i32> {
        self.request("shutdown", Value::Null);
        self.notify("exit", Value::Null);
        self.server.wait().unwrap().code()
    }
}

fn steady() -> Value {
    json!({ "preset": "buildkit", "enable": ["from-latest", "cd-in-run"] })
}

const URI: &str = "untitled:Dockerfile";

#[test]
fn a_whole_session() {
    let mut editor = Editor::greeted(json!({}), steady());
    editor.open(URI, "FROM debian:latest AS build\nMAINTAINER Jane\nRUN cd /x && make\nFROM build\nCOPY --from=build /a /b\n");
    editor.actions(URI, (1, 2), None);
    editor.at("textDocument/hover", URI, 0, 8);
    editor.at("textDocument/hover", URI, 4, 1);
    editor.at("textDocument/definition", URI, 4, 14);
    let range = json!({ "start": { "line": 1, "character": 0 }, "end": { "line": 2, "character": 0 } });
    editor.change(URI, 2, json!([{ "range": range, "text": "" }]));
    editor.request("textDocument/implementation", json!({ "textDocument": { "uri": URI } }));
    editor.notify("textDocument/didClose", json!({ "textDocument": { "uri": URI } }));
    editor.read();
    assert_eq!(editor.leave(), Some(0));
    // The version changes with releases.
    let transcript = editor.transcript.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!("session", transcript);
}

#[test]
fn columns_are_counted_as_agreed() {
    let text = "FROM debian:13\nRUN echo é😀 && cd /x\n";
    for (capabilities, encoding, column) in [
        (json!({}), "utf-16", 16),
        (json!({ "general": { "positionEncodings": ["utf-16", "utf-8"] } }), "utf-8", 19),
    ] {
        let mut editor = Editor::new();
        let parameters = json!({ "capabilities": capabilities, "initializationOptions": steady() });
        let answer = editor.request("initialize", parameters);
        assert_eq!(answer["capabilities"]["positionEncoding"], encoding);
        editor.notify("initialized", json!({}));
        let diagnostics = editor.open(URI, text);
        assert_eq!(diagnostics[0]["range"]["start"], json!({ "line": 1, "character": column }), "{encoding}");
        // `cd` becomes `ls`.
        let end = json!({ "line": 1, "character": column + 2 });
        let range = json!({ "start": { "line": 1, "character": column }, "end": end });
        assert_eq!(editor.change(URI, 2, json!([{ "range": range, "text": "ls" }])), json!([]));
        assert_eq!(editor.change(URI, 3, json!([{ "text": text }])).as_array().unwrap().len(), 1);
        assert_eq!(editor.leave(), Some(0));
    }
}

#[test]
fn repairs_everything_that_is_safe_in_one_change() {
    let mut editor = Editor::greeted(json!({}), steady());
    editor.open(URI, "FROM debian:13\nMAINTAINER Jane\nENV a b\nRUN cd /x\n");
    let actions = editor.actions(URI, (0, 0), Some("source.fixAll"));
    let edit = &actions[0]["edit"]["changes"][URI];
    assert_eq!(actions.as_array().unwrap().len(), 1);
    assert_eq!(actions[0]["kind"], "source.fixAll");
    assert_eq!(
        edit[0]["range"],
        json!({ "start": { "line": 1, "character": 0 }, "end": { "line": 2, "character": 6 } })
    );
    assert_eq!(edit[0]["newText"], "LABEL org.opencontainers.image.authors=\"Jane\"\nENV a=");
    assert_eq!(editor.actions(URI, (0, 0), Some("refactor")), json!([]));
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn files_of_the_context_are_known_and_linked() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("a b")).unwrap();
    let app = directory.path().join("a b/app.py");
    std::fs::write(&app, "").unwrap();
    let uri = format!("file://{}/a%20b/Dockerfile", directory.path().display());
    let mut editor =
        Editor::greeted(json!({}), json!({ "preset": "buildkit", "enable": ["copy-source-missing"] }));
    let diagnostics =
        editor.open(&uri, "FROM debian:13\nCOPY app.py /\nCOPY lost.py /\nCOPY ../../etc/passwd /\n");
    let codes: Vec<&Value> =
        diagnostics.as_array().unwrap().iter().map(|diagnostic| &diagnostic["code"]).collect();
    assert!(codes.contains(&&json!("copy-source-missing")), "{diagnostics:#}");
    let links = editor.request("textDocument/documentLink", json!({ "textDocument": { "uri": uri } }));
    let target = format!("file://{}/a%20b/app.py", directory.path().display());
    assert_eq!(links.as_array().unwrap().len(), 1, "{links:#}");
    assert_eq!(links[0]["target"], json!(target));
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn settings_that_mean_nothing_are_mentioned_and_not_used() {
    for (settings, reason) in [
        (json!({ "presett": "all" }), "unknown field `presett`"),
        (json!({ "preset": "al" }), "there is no preset `al`"),
        (json!({ "ignore": ["from-lates"] }), "there is no rule `from-lates`"),
        (json!({ "shellcheck": "/nonexistent" }), "`/nonexistent` is no program"),
    ] {
        let mut editor = Editor::greeted(json!({}), settings);
        let message = editor.read();
        assert_eq!(message["method"], "window/showMessage");
        assert!(message["params"]["message"].as_str().unwrap().contains(reason), "{message}");
        assert_ne!(editor.open(URI, "FROM debian:latest\n"), json!([]));
        assert_eq!(editor.leave(), Some(0));
    }
}

#[test]
fn an_editor_that_goes_away_is_no_reason_to_stay() {
    let mut editor = Editor::greeted(json!({}), json!({}));
    editor.open(URI, "FROM debian:13\n");
    drop(editor.server.stdin.take());
    assert_eq!(editor.server.wait().unwrap().code(), Some(1));
    let mut editor = Editor::greeted(json!({}), json!({}));
    editor.notify("exit", Value::Null);
    assert_eq!(editor.server.wait().unwrap().code(), Some(1));
    let mut editor = Editor::new();
    drop(editor.server.stdin.take());
    assert_eq!(editor.server.wait().unwrap().code(), Some(1));
}

#[test]
fn nonsense_is_answered_with_an_error() {
    let mut editor = Editor::greeted(json!({}), json!({}));
    editor.write(
        &json!({ "jsonrpc": "2.0", "id": 7, "method": "textDocument/hover", "params": { "position": 1 } }),
    );
    assert_eq!(editor.read()["error"]["code"], -32602);
    assert_eq!(editor.at("textDocument/hover", "untitled:other", 0, 0), Value::Null);
    // Beyond every end.
    editor.open(URI, "FROM debian:13\n");
    assert_eq!(editor.at("textDocument/definition", URI, 99_999, 99_999), Value::Null);
    let range = json!({ "start": { "line": 9, "character": 9 }, "end": { "line": 1, "character": 0 } });
    editor.change(URI, 2, json!([{ "range": range, "text": "USER 1\n" }]));
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn the_configuration_file_beside_a_document_counts() {
    let directory = tempfile::tempdir().unwrap();
    let uri = format!("file://{}/Dockerfile", directory.path().display());
    let configuration = directory.path().join("bareboat.toml");
    let text = "FROM debian:13\nMAINTAINER Jane\nRUN cd /x\n";
    let rules = |diagnostics: &Value| -> Vec<String> {
        let list = diagnostics.as_array().unwrap();
        list.iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
    };
    let mut editor = Editor::greeted(json!({}), json!({ "preset": "hadolint", "shellcheck": "off" }));
    let before = rules(&editor.open(&uri, text));
    std::fs::write(&configuration, "[lint]\nignore = [\"maintainer\"]\n").unwrap();
    let after = rules(&editor.change(&uri, 2, json!([{ "text": text }])));
    let gone: Vec<&String> = before.iter().filter(|rule| !after.contains(rule)).collect();
    assert_eq!(gone, ["maintainer"], "{before:?} {after:?}");
    // One that cannot be used is said, and does not stop anything.
    std::fs::write(&configuration, "[lint]\nignored = []\n").unwrap();
    assert_eq!(rules(&editor.change(&uri, 3, json!([{ "text": text }]))), before);
    let complaint = editor.read();
    assert_eq!(complaint["method"], "window/showMessage");
    assert!(complaint["params"]["message"].as_str().unwrap().contains("bareboat.toml"), "{complaint}");
    assert_eq!(editor.leave(), Some(0));
}

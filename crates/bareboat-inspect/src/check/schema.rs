//! What a file of tests says: `schemaVersion`, and lists of tests by kind. A key that nobody knows is an error, because a
//! test that is not read has not passed either.

use bareboat_report::closest;
use regex::bytes::Regex;

use crate::yaml::{self, Node};

/// A file of tests.
#[derive(Debug, Clone, Default)]
pub struct Tests {
    /// `globalEnvVars`.
    pub variables: Vec<Variable>,
    /// `commandTests`.
    pub commands: Vec<CommandTest>,
    pub(super) existences: Vec<ExistenceTest>,
    pub(super) contents: Vec<ContentTest>,
    pub(super) metadata: Option<MetadataTest>,
    pub(super) licences: Vec<LicenceTest>,
    /// Keys that mean something to Docker alone.
    pub ignored: Vec<&'static str>,
}

/// A variable or a label.
#[derive(Debug, Clone)]
pub struct Variable {
    /// Its name.
    pub key: String,
    /// Its value, or a pattern for it.
    pub value: String,
    pub(super) pattern: Option<Regex>,
}

/// A command to run.
#[derive(Debug, Clone, Default)]
pub struct CommandTest {
    /// Its name.
    pub name: String,
    /// Commands before it.
    pub setup: Vec<Vec<String>>,
    /// Commands after it.
    pub teardown: Vec<Vec<String>>,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Its own variables.
    pub variables: Vec<Variable>,
    pub(super) output: Expectation,
    pub(super) error: Expectation,
    pub(super) exit_code: i32,
}

/// Patterns that must be found, and patterns that must not.
#[derive(Debug, Clone, Default)]
pub(super) struct Expectation {
    pub expected: Vec<Regex>,
    pub excluded: Vec<Regex>,
}

#[derive(Debug, Clone)]
pub(super) struct ExistenceTest {
    pub name: String,
    pub path: String,
    pub should_exist: bool,
    pub permissions: Option<String>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    /// The bits of which one must be set.
    pub executable_by: Option<(String, u16)>,
}

#[derive(Debug, Clone)]
pub(super) struct ContentTest {
    pub name: String,
    pub path: String,
    pub content: Expectation,
}

#[derive(Debug, Clone, Default)]
pub(super) struct MetadataTest {
    pub variables: Vec<Variable>,
    pub unbound: Vec<Variable>,
    pub labels: Vec<Variable>,
    pub entrypoint: Option<Vec<String>>,
    pub cmd: Option<Vec<String>>,
    pub ports: Vec<String>,
    pub no_ports: Vec<String>,
    pub volumes: Vec<String>,
    pub no_volumes: Vec<String>,
    pub workdir: Option<String>,
    pub user: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct LicenceTest {
    pub debian: bool,
    pub files: Vec<String>,
}

/// Why a file holds no tests.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct CheckError {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl Tests {
    /// Reads a file, YAML or JSON.
    ///
    /// # Errors
    /// It is not YAML, of another schema, has a key that no test has, or a pattern that is none.
    pub fn parse(text: &str) -> Result<Self, CheckError> {
        let root =
            yaml::parse(text).map_err(|error| CheckError { line: error.line, message: error.message })?;
        let reader = Reader { text };
        let Some(root) = root else {
            return Err(CheckError { line: 1, message: "there is nothing in it".to_owned() });
        };
        reader.tests(&root)
    }
}

struct Reader<'t> {
    text: &'t str,
}

type Read<T> = Result<T, CheckError>;

impl Reader<'_> {
    fn fail<T>(&self, node: &Node, message: String) -> Read<T> {
        let before = &self.text.as_bytes()[..node.range.start.min(self.text.len())];
        Err(CheckError { line: before.iter().filter(|byte| **byte == b'\n').count() + 1, message })
    }

    fn tests(&self, root: &Node) -> Read<Tests> {
        self.known(root, TOP_KEYS)?;
        match root.get("schemaVersion").and_then(Node::text) {
            Some("1.0.0" | "2.0.0") => {}
            Some(other) => {
                return self.fail(root, format!("`schemaVersion` is `{other}`; 1.0.0 and 2.0.0 are known"));
            }
            None => {
                return self
                    .fail(root, "`schemaVersion` is missing: write `schemaVersion: 2.0.0`".to_owned());
            }
        }
        let mut tests = Tests { variables: self.variables(root, "globalEnvVars")?, ..Tests::default() };
        for node in self.list(root, "commandTests")? {
            tests.commands.push(self.command(node)?);
        }
        for node in self.list(root, "fileExistenceTests")? {
            tests.existences.push(self.existence(node)?);
        }
        for node in self.list(root, "fileContentTests")? {
            tests.contents.push(self.content(node)?);
        }
        for node in self.list(root, "licenseTests")? {
            self.known(node, &["debian", "files"])?;
            tests.licences.push(LicenceTest {
                debian: self.flag(node, "debian", false)?,
                files: self.words(node, "files")?,
            });
        }
        if let Some(node) = root.get("metadataTest").filter(|node| !node.is_null()) {
            tests.metadata = Some(self.metadata(node)?);
        }
        if root.get("containerRunOptions").is_some() {
            tests.ignored.push("containerRunOptions");
        }
        Ok(tests)
    }

    fn command(&self, node: &Node) -> Read<CommandTest> {
        self.known(node, COMMAND_KEYS)?;
        let mut command = match node.get("command") {
            Some(text) if text.text().is_some() => text.text().map(str::to_owned).into_iter().collect(),
            // Schema 1.0.0 writes one list.
            Some(_) => self.words(node, "command")?,
            None => Vec::new(),
        };
        if command.first().is_none_or(String::is_empty) {
            return self.fail(node, "the test names no `command`".to_owned());
        }
        command.extend(self.words(node, "args")?);
        let exit_code = match node.get("exitCode").and_then(Node::text) {
            None => 0,
            Some(text) => match text.parse() {
                Ok(code) => code,
                Err(_) => return self.fail(node, format!("`exitCode` is `{text}`, no number")),
            },
        };
        Ok(CommandTest {
            name: self.name(node)?,
            setup: self.commands(node, "setup")?,
            teardown: self.commands(node, "teardown")?,
            command,
            variables: self.variables(node, "envVars")?,
            output: self.expectation(node, "expectedOutput", "excludedOutput")?,
            error: self.expectation(node, "expectedError", "excludedError")?,
            exit_code,
        })
    }

    fn existence(&self, node: &Node) -> Read<ExistenceTest> {
        self.known(node, EXISTENCE_KEYS)?;
        let executable_by = match node.get("isExecutableBy").and_then(Node::text) {
            None | Some("") => None,
            Some(who) => match EXECUTABLE_BY.iter().find(|(known, _)| *known == who) {
                Some((who, bits)) => Some(((*who).to_owned(), *bits)),
                None => {
                    return self
                        .fail(node, format!("`isExecutableBy` is `{who}`; want owner, group, other or any"));
                }
            },
        };
        Ok(ExistenceTest {
            name: self.name(node)?,
            path: self.path(node)?,
            should_exist: self.flag(node, "shouldExist", true)?,
            permissions: node
                .get("permissions")
                .and_then(Node::text)
                .filter(|text| !text.is_empty())
                .map(str::to_owned),
            uid: self.id(node, "uid")?,
            gid: self.id(node, "gid")?,
            executable_by,
        })
    }

    fn content(&self, node: &Node) -> Read<ContentTest> {
        self.known(node, &["name", "path", "expectedContents", "excludedContents"])?;
        let content = self.expectation(node, "expectedContents", "excludedContents")?;
        Ok(ContentTest { name: self.name(node)?, path: self.path(node)?, content })
    }

    fn metadata(&self, node: &Node) -> Read<MetadataTest> {
        self.known(node, METADATA_KEYS)?;
        let optional = |key: &str| match node.get(key) {
            Some(value) if !value.is_null() => self.words(node, key).map(Some),
            _ => Ok(None),
        };
        let text =
            |key: &str| node.get(key).and_then(Node::text).filter(|text| !text.is_empty()).map(str::to_owned);
        let mut variables = self.variables(node, "envVars")?;
        variables.extend(self.variables(node, "env")?);
        Ok(MetadataTest {
            variables,
            unbound: self.variables(node, "unboundEnvVars")?,
            labels: self.variables(node, "labels")?,
            entrypoint: optional("entrypoint")?,
            cmd: optional("cmd")?,
            ports: self.words(node, "exposedPorts")?,
            no_ports: self.words(node, "unexposedPorts")?,
            volumes: self.words(node, "volumes")?,
            no_volumes: self.words(node, "unmountedVolumes")?,
            workdir: text("workdir"),
            user: text("user"),
        })
    }

    /// Every key is one of `known`.
    fn known(&self, node: &Node, known: &[&str]) -> Read<()> {
        for (key, _) in node.pairs() {
            let name = key.text().unwrap_or_default();
            if !known.contains(&name) {
                let close = closest(name, known.iter().copied());
                let close = close.map(|close| format!("; did you mean `{close}`?")).unwrap_or_default();
                return self.fail(key, format!("`{name}` is no key of a test{close}"));
            }
        }
        match &node.value {
            yaml::Value::Map(_) => Ok(()),
            _ => self.fail(node, "here should be keys and values".to_owned()),
        }
    }

    fn name(&self, node: &Node) -> Read<String> {
        match node.get("name").and_then(Node::text) {
            Some(name) if !name.is_empty() => Ok(name.to_owned()),
            _ => self.fail(node, "the test has no `name`".to_owned()),
        }
    }

    fn path(&self, node: &Node) -> Read<String> {
        match node.get("path").and_then(Node::text) {
            Some(path) if !path.is_empty() => Ok(path.to_owned()),
            _ => self.fail(node, "the test has no `path`".to_owned()),
        }
    }

    fn flag(&self, node: &Node, key: &str, usual: bool) -> Read<bool> {
        match node.get(key).and_then(Node::text) {
            None | Some("") => Ok(usual),
            Some("true" | "True" | "yes") => Ok(true),
            Some("false" | "False" | "no") => Ok(false),
            Some(other) => self.fail(node, format!("`{key}` is `{other}`; want true or false")),
        }
    }

    /// A number; container-structure-test takes -1 for any.
    fn id(&self, node: &Node, key: &str) -> Read<Option<u32>> {
        match node.get(key).and_then(Node::text) {
            None | Some("" | "-1") => Ok(None),
            Some(text) => match text.parse() {
                Ok(id) => Ok(Some(id)),
                Err(_) => self.fail(node, format!("`{key}` is `{text}`, no number")),
            },
        }
    }

    fn list<'n>(&self, node: &'n Node, key: &str) -> Read<&'n [Node]> {
        match node.get(key) {
            None => Ok(&[]),
            Some(value) if value.is_null() => Ok(&[]),
            Some(value) => match &value.value {
                yaml::Value::List(items) => Ok(items),
                _ => self.fail(value, format!("`{key}` should be a list")),
            },
        }
    }

    fn words(&self, node: &Node, key: &str) -> Read<Vec<String>> {
        let word = |item: &Node| match item.text() {
            Some(text) => Ok(text.to_owned()),
            None => self.fail(item, format!("`{key}` should be a list of words")),
        };
        self.list(node, key)?.iter().map(word).collect()
    }

    fn commands(&self, node: &Node, key: &str) -> Read<Vec<Vec<String>>> {
        let command = |item: &Node| {
            let words: Option<Vec<String>> =
                item.items().iter().map(|word| Some(word.text()?.to_owned())).collect();
            match words.filter(|words| !words.is_empty()) {
                Some(words) => Ok(words),
                None => {
                    self.fail(item, format!("`{key}` should be a list of commands, each a list of words"))
                }
            }
        };
        self.list(node, key)?.iter().map(command).collect()
    }

    fn variables(&self, node: &Node, key: &str) -> Read<Vec<Variable>> {
        let one = |item: &Node| {
            self.known(item, &["key", "value", "isRegex"])?;
            let text = |key: &str| item.get(key).and_then(Node::text).unwrap_or_default().to_owned();
            let value = text("value");
            let pattern = match self.flag(item, "isRegex", false)? {
                true => Some(self.pattern(item, &value)?),
                false => None,
            };
            Ok(Variable { key: text("key"), value, pattern })
        };
        self.list(node, key)?.iter().map(one).collect()
    }

    fn expectation(&self, node: &Node, expected: &str, excluded: &str) -> Read<Expectation> {
        let patterns = |key: &str| -> Read<Vec<Regex>> {
            let items = self.list(node, key)?;
            items.iter().map(|item| self.pattern(item, item.text().unwrap_or_default())).collect()
        };
        Ok(Expectation { expected: patterns(expected)?, excluded: patterns(excluded)? })
    }

    /// The syntax is that of RE2, which both have.
    fn pattern(&self, node: &Node, text: &str) -> Read<Regex> {
        match regex::bytes::RegexBuilder::new(text).size_limit(LARGEST_PATTERN).build() {
            Ok(pattern) => Ok(pattern),
            Err(error) => {
                let why = error.to_string();
                let why = why.lines().last().unwrap_or_default();
                self.fail(
                    node,
                    format!("`{text}` is no regular expression: {}", why.trim_start_matches("error: ")),
                )
            }
        }
    }
}

/// Bytes of a compiled pattern.
const LARGEST_PATTERN: usize = 8 << 20;

const TOP_KEYS: &[&str] = &[
    "schemaVersion",
    "globalEnvVars",
    "commandTests",
    "fileExistenceTests",
    "fileContentTests",
    "metadataTest",
    "licenseTests",
    "containerRunOptions",
];

const COMMAND_KEYS: &[&str] = &[
    "name",
    "setup",
    "teardown",
    "command",
    "args",
    "envVars",
    "expectedOutput",
    "excludedOutput",
    "expectedError",
    "excludedError",
    "exitCode",
];

const EXISTENCE_KEYS: &[&str] =
    &["name", "path", "shouldExist", "permissions", "uid", "gid", "isExecutableBy"];

const METADATA_KEYS: &[&str] = &[
    "env",
    "envVars",
    "unboundEnvVars",
    "labels",
    "entrypoint",
    "cmd",
    "exposedPorts",
    "unexposedPorts",
    "volumes",
    "unmountedVolumes",
    "workdir",
    "user",
];

const EXECUTABLE_BY: [(&str, u16); 4] =
    [("owner", 0o100), ("group", 0o010), ("other", 0o001), ("any", 0o111)];

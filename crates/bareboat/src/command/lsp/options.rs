//! What editors can set, what the server can do, and judging a document accordingly.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use bareboat_inspect::knowledge;
use bareboat_inspect::lint::{
    BuildContext, Configuration, Fixed, Input, Linter, Preset, RunShellCheck, ScriptToCheck, WhichFixes,
};
use bareboat_report::Finding;
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, DocumentLinkOptions,
    HoverProviderCapability, OneOf, ServerCapabilities, TextDocumentSyncCapability, TextDocumentSyncKind,
    TextDocumentSyncOptions,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::document::Document;
use super::encoding::Encoding;
use crate::command::lint::{self, DirectoryFiles};
use crate::shellcheck::{ShellCheck, ShellCheckChoice};

/// `initializationOptions`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Options {
    /// `recommended`, `all`, `hadolint`, `buildkit`.
    preset: Option<String>,
    /// Rules that are on besides those of the preset.
    enable: Vec<String>,
    /// Rules whose findings are not wanted.
    ignore: Vec<String>,
    /// `auto`, `off` or the path of a ShellCheck.
    shellcheck: Option<String>,
}

/// Judges documents.
pub struct Judge {
    linter: Linter,
    shellcheck: Option<ShellCheck>,
    /// What was already said about ShellCheck.
    told: Mutex<BTreeSet<String>>,
}

/// The answer to `initialize`.
pub fn answer(encoding: Encoding) -> Value {
    let capabilities = ServerCapabilities {
        position_encoding: Some(encoding.kind()),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            ..TextDocumentSyncOptions::default()
        })),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        document_link_provider: Some(DocumentLinkOptions {
            resolve_provider: Some(false),
            work_done_progress_options: Default::default(),
        }),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, CodeActionKind::SOURCE_FIX_ALL]),
            ..CodeActionOptions::default()
        })),
        ..ServerCapabilities::default()
    };
    json!({
        "capabilities": capabilities,
        "serverInfo": { "name": "bareboat", "version": env!("CARGO_PKG_VERSION") },
    })
}

impl Judge {
    /// From `initializationOptions`; what is wrong with them is said, and the defaults are used.
    pub fn new(options: Option<&Value>) -> (Self, Option<String>) {
        let read = options.filter(|options| !options.is_null()).map(Options::deserialize);
        let made = read.transpose().map_err(|error| error.to_string());
        match made.and_then(|options| Self::with(&options.unwrap_or_default())) {
            Ok(judge) => (judge, None),
            Err(trouble) => {
                let usual =
                    Self::with(&Options::default()).expect("the defaults name nothing that is missing");
                (usual, Some(format!("the settings for bareboat are not used: {trouble}")))
            }
        }
    }

    fn with(options: &Options) -> Result<Self, String> {
        let preset = options.preset.as_deref().map(str::parse::<Preset>).transpose();
        let configuration = Configuration {
            preset: preset.map_err(|error| error.to_string())?.unwrap_or_default(),
            enable: options.enable.clone(),
            ignore: options.ignore.clone(),
            ..Configuration::default()
        };
        let linter = Linter::new(configuration).map_err(|error| error.to_string())?;
        let choice = options.shellcheck.as_deref().map_or(ShellCheckChoice::Auto, ShellCheckChoice::from);
        let shellcheck = ShellCheck::find(&choice, std::env::var_os("PATH").as_deref());
        let shellcheck = shellcheck.map_err(|failure| failure.message)?;
        Ok(Self { linter, shellcheck, told: Mutex::default() })
    }

    /// What is wrong with a document.
    pub fn findings(&self, document: &Document) -> Vec<Finding> {
        self.with_input(document, |input| self.linter.lint(input))
    }

    /// A document after its safe fixes.
    pub fn fixed(&self, document: &Document) -> Fixed {
        self.with_input(document, |input| self.linter.fix(input, WhichFixes::Safe))
    }

    /// Why scripts were not checked, each reason once in the server's life.
    pub fn new_troubles(&self) -> Vec<String> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let troubles = self.shellcheck.iter().flat_map(ShellCheck::troubles);
        troubles.filter(|trouble| told.insert(trouble.clone())).collect()
    }

    fn with_input<T>(&self, document: &Document, run: impl FnOnce(&Input<'_>) -> T) -> T {
        let path = document.path();
        let files = path.as_deref().and_then(|path| path.parent()).map(DirectoryFiles::new);
        let name = path.as_deref().and_then(|path| path.file_name()?.to_str());
        let build = files.as_ref().map(|files| BuildContext::new(files, name, true));
        let given = BTreeMap::new();
        let found = self.shellcheck.as_ref();
        let ask = |scripts: &[ScriptToCheck]| found.map_or_else(Vec::new, |found| found.ask(scripts));
        run(&Input {
            source: document.text.as_bytes(),
            build: build.as_ref(),
            today: lint::today(),
            arguments: &given,
            facts: &knowledge::lookup,
            shellcheck: found.is_some().then_some(&ask as &RunShellCheck<'_>),
        })
    }
}

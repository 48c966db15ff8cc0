//! What editors can set, what the server can do, and judging a document accordingly.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use bareboat_inspect::knowledge;
use bareboat_inspect::lint::{
    BuildContext, ConfigurationFile, Fixed, Input, Linter, Preset, RunShellCheck, ScriptToCheck, WhichFixes,
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
use crate::command::lint::{self, DirectoryFiles, Wishes};
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
    /// For documents that are no files.
    linter: Linter,
    preset: Option<Preset>,
    enable: Vec<String>,
    ignore: Vec<String>,
    shellcheck: Option<ShellCheck>,
    /// Configuration files that cannot be used.
    troubles: Mutex<Vec<String>>,
    /// What was already said.
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
        let preset = preset.map_err(|error| error.to_string())?;
        let (enable, ignore) = (options.enable.clone(), options.ignore.clone());
        let configuration =
            Wishes { preset, enable: &enable, ignore: &ignore }.over(&ConfigurationFile::default());
        let linter = Linter::new(configuration).map_err(|error| error.to_string())?;
        let choice = options.shellcheck.as_deref().map_or(ShellCheckChoice::Auto, ShellCheckChoice::from);
        let shellcheck = ShellCheck::find(&choice, std::env::var_os("PATH").as_deref());
        let shellcheck = shellcheck.map_err(|failure| failure.message)?;
        let (troubles, told) = (Mutex::default(), Mutex::default());
        Ok(Self { linter, preset, enable, ignore, shellcheck, troubles, told })
    }

    /// What is wrong with a document.
    pub fn findings(&self, document: &Document) -> Vec<Finding> {
        self.with_input(document, |linter, input| linter.lint(input))
    }

    /// A document after its safe fixes.
    pub fn fixed(&self, document: &Document) -> Fixed {
        self.with_input(document, |linter, input| linter.fix(input, WhichFixes::Safe))
    }

    /// The linter that the configuration file nearest to a document asks for. It is read each time: it may be open in the
    /// same editor.
    fn configured(&self, directory: &Path) -> Option<Linter> {
        let wishes = Wishes { preset: self.preset, enable: &self.enable, ignore: &self.ignore };
        match lint::linter_for(directory, &wishes) {
            Ok(linter) => Some(linter),
            Err(failure) => {
                let causes: String = failure.causes.iter().map(|cause| format!(": {cause}")).collect();
                let trouble = format!("{}{causes}", failure.message);
                self.troubles.lock().unwrap_or_else(PoisonError::into_inner).push(trouble);
                None
            }
        }
    }

    /// Why scripts were not checked or a configuration is not used, each reason once in the server's life.
    pub fn new_troubles(&self) -> Vec<String> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let of_files = std::mem::take(&mut *self.troubles.lock().unwrap_or_else(PoisonError::into_inner));
        let troubles = self.shellcheck.iter().flat_map(ShellCheck::troubles).chain(of_files);
        troubles.filter(|trouble| told.insert(trouble.clone())).collect()
    }

    fn with_input<T>(&self, document: &Document, run: impl FnOnce(&Linter, &Input<'_>) -> T) -> T {
        let path = document.path();
        let directory = path.as_deref().and_then(|path| path.parent());
        let configured = directory.and_then(|directory| self.configured(directory));
        let files = directory.map(DirectoryFiles::new);
        let name = path.as_deref().and_then(|path| path.file_name()?.to_str());
        let build = files.as_ref().map(|files| BuildContext::new(files, name, true));
        let given = BTreeMap::new();
        let found = self.shellcheck.as_ref();
        let ask = |scripts: &[ScriptToCheck]| found.map_or_else(Vec::new, |found| found.ask(scripts));
        let input = Input {
            source: document.text.as_bytes(),
            build: build.as_ref(),
            today: lint::today(),
            arguments: &given,
            facts: &knowledge::lookup,
            shellcheck: found.is_some().then_some(&ask as &RunShellCheck<'_>),
        };
        run(configured.as_ref().unwrap_or(&self.linter), &input)
    }
}

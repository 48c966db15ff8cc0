//! `bareboat lsp`: the linter as a language server on standard input and output (LSP 3.17).
//!
//! It knows what editors tell it, documents as they are typed, and the configuration file nearest to each. Positions are in
//! UTF-8 when the editor offers that, otherwise in UTF-16. Everything that waits in the input is read before
//! documents are judged again, so fast typing costs one judgement and not one per key.

mod actions;
mod diagnostics;
mod document;
mod encoding;
mod hover;
mod navigation;
mod options;

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, Notification as _, PublishDiagnostics,
    ShowMessage,
};
use lsp_types::request::{
    CodeActionRequest, DocumentLinkRequest, GotoDefinition, HoverRequest, Request as _,
};
use lsp_types::{
    InitializeParams, MessageType, PublishDiagnosticsParams, ShowMessageParams,
    TextDocumentContentChangeEvent, Uri,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use self::document::Document;
use self::encoding::Encoding;
use self::options::Judge;
use crate::failure::Failure;

/// Serves until the editor ends it: 0 after a proper shutdown, 1 when it just went away.
pub fn run() -> Result<ExitCode, Failure> {
    let (connection, threads) = Connection::stdio();
    let code = match serve(&connection) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if error.channel_is_disconnected() => ExitCode::FAILURE,
        Err(error) => return Err(Failure::input("the editor does not keep to the protocol").because(error)),
    };
    // The writer ends when nothing can be sent any more.
    drop(connection);
    threads.join().map_err(|error| Failure::world("cannot talk to the editor").because(error))?;
    Ok(code)
}

/// True after `shutdown` and `exit`.
fn serve(connection: &Connection) -> Result<bool, lsp_server::ProtocolError> {
    let (id, parameters) = connection.initialize_start()?;
    let parameters: InitializeParams = serde_json::from_value(parameters).unwrap_or_default();
    let encoding = Encoding::agreed(&parameters);
    connection.initialize_finish(id, options::answer(encoding))?;
    let (judge, trouble) = Judge::new(parameters.initialization_options.as_ref());
    let mut server =
        Server { connection, encoding, judge, documents: BTreeMap::new(), dirty: BTreeSet::new() };
    if let Some(trouble) = trouble {
        server.complain(trouble);
    }
    server.run()
}

struct Server<'c> {
    connection: &'c Connection,
    encoding: Encoding,
    judge: Judge,
    /// By address.
    documents: BTreeMap<String, Document>,
    /// Documents whose diagnostics are out of date.
    dirty: BTreeSet<String>,
}

impl Server<'_> {
    fn run(&mut self) -> Result<bool, lsp_server::ProtocolError> {
        while let Ok(message) = self.connection.receiver.recv() {
            let mut next = Some(message);
            while let Some(message) = next {
                match message {
                    Message::Request(request) => {
                        if self.connection.handle_shutdown(&request)? {
                            return Ok(true);
                        }
                        self.request(request);
                    }
                    Message::Notification(notification) if notification.method == "exit" => return Ok(false),
                    Message::Notification(notification) => self.notification(notification),
                    Message::Response(_) => {}
                }
                next = self.connection.receiver.try_recv().ok();
            }
            self.publish();
        }
        Ok(false)
    }

    fn notification(&mut self, notification: Notification) {
        match notification.method.as_str() {
            DidOpenTextDocument::METHOD => {
                let opened: Option<lsp_types::DidOpenTextDocumentParams> = read(notification.params);
                if let Some(opened) = opened.map(|opened| opened.text_document) {
                    let address = opened.uri.as_str().to_owned();
                    self.documents
                        .insert(address.clone(), Document::new(opened.uri, opened.text, opened.version));
                    self.dirty.insert(address);
                }
            }
            DidChangeTextDocument::METHOD => {
                let changed: Option<lsp_types::DidChangeTextDocumentParams> = read(notification.params);
                if let Some(changed) = changed {
                    let document = changed.text_document;
                    self.change(document.uri.as_str(), document.version, changed.content_changes);
                }
            }
            DidCloseTextDocument::METHOD => {
                let closed: Option<lsp_types::DidCloseTextDocumentParams> = read(notification.params);
                if let Some(closed) = closed {
                    self.documents.remove(closed.text_document.uri.as_str());
                    self.dirty.remove(closed.text_document.uri.as_str());
                    self.diagnose(closed.text_document.uri, None, Vec::new());
                }
            }
            _ => {}
        }
    }

    fn change(&mut self, address: &str, version: i32, changes: Vec<TextDocumentContentChangeEvent>) {
        if let Some(document) = self.documents.get_mut(address) {
            document.change(self.encoding, version, changes);
            self.dirty.insert(address.to_owned());
        }
    }

    fn request(&mut self, request: Request) {
        let Request { id, method, params } = request;
        let answer = match method.as_str() {
            CodeActionRequest::METHOD => self.answer(params, actions::actions),
            HoverRequest::METHOD => self.answer(params, hover::hover),
            GotoDefinition::METHOD => self.answer(params, navigation::definition),
            DocumentLinkRequest::METHOD => self.answer(params, navigation::links),
            _ => {
                let message = format!("there is no method `{method}`");
                self.send(Response::new_err(id, ErrorCode::MethodNotFound as i32, message).into());
                return;
            }
        };
        self.send(match answer {
            Ok(value) => Response::new_ok(id, value).into(),
            Err(error) => Response::new_err(id, ErrorCode::InvalidParams as i32, error.to_string()).into(),
        });
    }

    /// What `of` says about the document that the parameters name; `null` for one that is not open.
    fn answer<P: DeserializeOwned, R: serde::Serialize>(
        &mut self,
        parameters: Value,
        of: fn(&View<'_>, &P) -> Option<R>,
    ) -> serde_json::Result<Value> {
        let address = parameters["textDocument"]["uri"].as_str().unwrap_or_default().to_owned();
        let parameters: P = serde_json::from_value(parameters)?;
        let Some(document) = self.documents.get_mut(&address) else { return Ok(Value::Null) };
        document.judge(&self.judge);
        let view = View { document, encoding: self.encoding, judge: &self.judge };
        serde_json::to_value(of(&view, &parameters))
    }

    /// Sends the diagnostics of every document that changed.
    fn publish(&mut self) {
        for address in std::mem::take(&mut self.dirty) {
            let Some(document) = self.documents.get_mut(&address) else { continue };
            document.judge(&self.judge);
            let view = View { document, encoding: self.encoding, judge: &self.judge };
            let (diagnostics, version) = (diagnostics::diagnostics(&view), document.version);
            let uri = document.uri.clone();
            self.diagnose(uri, Some(version), diagnostics);
        }
        for trouble in self.judge.new_troubles() {
            self.complain(trouble);
        }
    }

    fn diagnose(&self, uri: Uri, version: Option<i32>, diagnostics: Vec<lsp_types::Diagnostic>) {
        let parameters = PublishDiagnosticsParams { uri, diagnostics, version };
        self.send(Notification::new(PublishDiagnostics::METHOD.to_owned(), parameters).into());
    }

    fn complain(&self, message: String) {
        let parameters = ShowMessageParams { typ: MessageType::WARNING, message };
        self.send(Notification::new(ShowMessage::METHOD.to_owned(), parameters).into());
    }

    fn send(&self, message: Message) {
        // An editor that is gone is noticed when the next message is read.
        let _ = self.connection.sender.send(message);
    }
}

/// A document that was just judged, for answering about it.
struct View<'v> {
    document: &'v Document,
    encoding: Encoding,
    judge: &'v Judge,
}

/// The parameters of a notification; nobody can be told that they are wrong.
fn read<P: DeserializeOwned>(parameters: Value) -> Option<P> {
    serde_json::from_value(parameters).ok()
}

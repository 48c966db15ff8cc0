//! One shape for every error: what, why, what to do, and whose doing it is.

use bareboat_image::output::OutputError;
use bareboat_image::registry::RegistryError;
use bareboat_image::source::SourceError;
use bareboat_report::Fault;

/// An error as the terminal shows it.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong. Further lines say where.
    pub message: String,
    /// Why, from the outside in.
    pub causes: Vec<String>,
    /// What to do.
    pub hint: Option<String>,
    /// Decides the exit code.
    pub fault: Fault,
}

impl Failure {
    /// Something the user gave us.
    pub fn input(message: impl Into<String>) -> Self {
        Self { message: message.into(), causes: Vec::new(), hint: None, fault: Fault::Input }
    }

    /// Something around us.
    pub fn world(message: impl Into<String>) -> Self {
        Self { fault: Fault::World, ..Self::input(message) }
    }

    /// Reading or writing an image.
    pub fn from_image(error: impl std::error::Error) -> Self {
        Self { causes: causes(&error), ..Self::world(error.to_string()) }
    }

    /// Reading an image that the user named.
    pub fn from_source(error: SourceError) -> Self {
        let is_missing = |source: &std::io::Error| source.kind() == std::io::ErrorKind::NotFound;
        let fault = match &error {
            SourceError::Store(_) => Fault::World,
            SourceError::Io { source, .. } if !is_missing(source) => Fault::World,
            _ => Fault::Input,
        };
        let hint = error.hint();
        Self { message: error.to_string(), causes: causes(&error), hint, fault }
    }

    /// Writing an image out of the store.
    pub fn from_output(error: OutputError) -> Self {
        let hint = error.hint();
        Self { hint, ..Self::from_image(error) }
    }

    /// The sandbox.
    pub fn from_sandbox(error: bareboat_sandbox::SandboxError) -> Self {
        let hint = error.hint();
        Self { causes: causes(&error), hint, ..Self::world(error.to_string()) }
    }

    /// With what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With why.
    pub fn because(mut self, cause: impl std::fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }
}

impl From<bareboat_build::BuildError> for Failure {
    fn from(error: bareboat_build::BuildError) -> Self {
        Self { message: error.to_string(), causes: causes(&error), hint: error.hint(), fault: error.fault() }
    }
}

impl From<bareboat_store::StoreError> for Failure {
    fn from(error: bareboat_store::StoreError) -> Self {
        bareboat_build::BuildError::from(error).into()
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        let hint = error.hint();
        let fault = match &error {
            RegistryError::NotFound { .. }
            | RegistryError::Rules(_)
            | RegistryError::Conflict { .. }
            | RegistryError::Undeletable { .. }
            | RegistryError::Denied { .. }
            | RegistryError::NoPlatform { .. } => Fault::Input,
            _ => Fault::World,
        };
        Self { message: error.to_string(), causes: causes(&error), hint, fault }
    }
}

/// The chain of sources that the message does not repeat.
fn causes(error: &dyn std::error::Error) -> Vec<String> {
    let message = error.to_string();
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(source) = next {
        let text = source.to_string();
        if !message.contains(&text) {
            causes.push(text);
        }
        next = source.source();
    }
    causes
}

//! What happens while a build runs, for whoever shows it. Downloads have an observer of their own, in the fetcher.

use crate::plan::Origin;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A new stage of the work begins: "resolve", "fetch", "compose".
    Stage {
        /// What is being done, for people.
        name: String,
    },
    /// An operation runs because its result is not in the cache.
    Step {
        /// Whose files it makes.
        origin: Origin,
    },
    /// An instruction of a Dockerfile is done now.
    Instruction {
        /// Stage, number and text, for people.
        text: String,
        /// Its result was known.
        known: bool,
    },
    /// A command of the build wrote something.
    Output {
        /// Any part of it.
        bytes: Vec<u8>,
        /// To standard error.
        is_error: bool,
    },
    /// A decision and its reason, for `-v`.
    Decision {
        /// One sentence.
        text: String,
    },
    /// Worth knowing, but no error.
    Warning {
        /// One sentence.
        text: String,
    },
}

/// Receives events, from several threads.
pub type Observer = dyn Fn(Event) + Send + Sync;

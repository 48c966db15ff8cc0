//! What happens while a build runs, for whoever shows it.

use bareboat_store::FetchEvent;

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
    /// A download starts, goes on or ends.
    Fetch(FetchEvent),
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

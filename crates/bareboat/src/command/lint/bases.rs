//! What is known about base images: from tables, and from the images themselves where the user allows it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use bareboat_inspect::knowledge::{self, BaseFacts, Date};
use bareboat_report::Fault;

use crate::cli::{Global, LintArgs, RegistryArgs, ResolveFrom};
use crate::command::image;
use crate::failure::Failure;
use crate::session::Session;
use crate::terminal::Terminal;

/// Answers for references, each once.
pub struct Bases {
    /// `None` when only the tables are asked.
    session: Option<Session>,
    places: Vec<ResolveFrom>,
    registry: RegistryArgs,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    answers: BTreeMap<String, Option<BaseFacts>>,
    /// Places that could not be asked.
    silent: BTreeSet<ResolveFrom>,
}

impl Bases {
    /// The places that `--resolve` names; the cache is opened only for them.
    pub fn new(arguments: &LintArgs, global: &Global, terminal: &Arc<Terminal>) -> Result<Self, Failure> {
        let session = match arguments.resolve.is_empty() {
            true => None,
            false => Some(Session::open(global, terminal)?),
        };
        let (places, registry) = (arguments.resolve.clone(), RegistryArgs::default());
        Ok(Self { session, places, registry, known: Mutex::default() })
    }

    /// What is known about the image that a FROM names.
    pub fn lookup(&self, reference: &str, today: Option<Date>) -> Option<BaseFacts> {
        let table = || knowledge::lookup(reference, today);
        let Some(session) = self.session.as_ref().filter(|_| reference != "scratch") else { return table() };
        // One image at a time: reading one uses all cores.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = known.answers.get(reference) {
            return answer.clone();
        }
        let answer = self.read(session, reference, &mut known.silent);
        let answer = answer.map_or_else(table, |facts| Some(BaseFacts::of_image(&facts, table())));
        known.answers.insert(reference.to_owned(), answer.clone());
        answer
    }

    /// The facts of the image in the first place that has it.
    fn read(
        &self,
        session: &Session,
        reference: &str,
        silent: &mut BTreeSet<ResolveFrom>,
    ) -> Option<bareboat_inspect::facts::Facts> {
        for &place in &self.places {
            // A name that is not in the store would be looked for elsewhere.
            let is_absent = || place == ResolveFrom::Store && session.images().get(reference).is_err();
            if silent.contains(&place) || is_absent() {
                continue;
            }
            let text = place.name(reference);
            let asked = image::Asked { image: &text, platform: None, registry: &self.registry };
            match image::facts(session, asked) {
                Ok(facts) => {
                    session.terminal.decision(&format!("`{reference}` was read: {text}"));
                    return Some(facts);
                }
                Err(failure) if failure.fault == Fault::World => {
                    // Said once, not for each image.
                    let causes: String = failure.causes.iter().map(|cause| format!(": {cause}")).collect();
                    session.terminal.warning(&format!(
                        "`--resolve` cannot ask for `{reference}`: {}{causes}",
                        failure.message
                    ));
                    silent.insert(place);
                }
                Err(_) => session.terminal.decision(&format!("`{reference}` is not there: {text}")),
            }
        }
        None
    }
}

impl ResolveFrom {
    /// The image as other commands name it.
    fn name(self, reference: &str) -> String {
        match self {
            Self::Store => reference.to_owned(),
            Self::Docker => format!("docker:{reference}"),
            Self::Podman => format!("podman:{reference}"),
            Self::Registry => format!("registry:{reference}"),
        }
    }
}

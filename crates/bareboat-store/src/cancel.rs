//! Stopping long work from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::StoreError;

/// A flag that long work looks at between its steps. Clones share it.
///
/// Setting it is one atomic store, so a signal handler may do it.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A flag that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks all holders to stop. There is no way back.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// True after [`Cancel::cancel`].
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// [`StoreError::Cancelled`] after [`Cancel::cancel`].
    pub fn check(&self) -> Result<(), StoreError> {
        if self.is_cancelled() { Err(StoreError::Cancelled) } else { Ok(()) }
    }
}

impl From<Arc<AtomicBool>> for Cancel {
    /// Shares a flag that something else sets.
    fn from(flag: Arc<AtomicBool>) -> Self {
        Self(flag)
    }
}

//! When to try again, and after how long. No jitter: a build that waits should wait the same time every time.

use std::time::Duration;

use super::{FetchError, FetchEvent, FetchOptions, Fetcher};
use crate::StoreError;

impl Fetcher {
    /// Repeats `attempt` until it succeeds, fails for good or was tried often enough. `attempt` returns how much
    /// closer it came with its error: real progress makes the count start anew.
    pub(super) fn repeat<T>(
        &self,
        label: &str,
        mut attempt: impl FnMut() -> Result<T, (StoreError, u64)>,
    ) -> Result<T, StoreError> {
        let mut failures = 0;
        loop {
            self.options.cancel.check()?;
            let (error, progress) = match attempt() {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            self.options.cancel.check()?;
            if progress >= REAL_PROGRESS {
                failures = 0;
            }
            let StoreError::Fetch(error) = error else { return Err(error) };
            let Some(delay) = delay_before_retry(&self.options, failures, &error) else {
                return Err(error.into());
            };
            failures += 1;
            self.tell(FetchEvent::Retrying { label, why: &error.to_string(), after: delay });
            self.pause(delay)?;
        }
    }

    /// Sleeps, in pieces short enough that cancelling is felt at once.
    pub(super) fn pause(&self, time: Duration) -> Result<(), StoreError> {
        let mut left = time;
        while !left.is_zero() {
            self.options.cancel.check()?;
            let piece = left.min(PIECE);
            std::thread::sleep(piece);
            left -= piece;
        }
        self.options.cancel.check()
    }
}

/// The pause after `failures` + 1 failures in a row, the last with `error`; `None` when there is to be no other try.
fn delay_before_retry(options: &FetchOptions, failures: u32, error: &FetchError) -> Option<Duration> {
    let most = match error {
        // Mostly no network at all; saying so soon is worth more than insisting.
        FetchError::Unreachable { .. } => options.retries.min(1),
        _ => options.retries,
    };
    if failures >= most || !error.is_transient() {
        return None;
    }
    let own = options.first_delay.saturating_mul(2_u32.saturating_pow(failures)).min(options.longest_delay);
    match error {
        FetchError::Status { retry_after: Some(asked), .. } if *asked > options.longest_delay => None,
        FetchError::Status { retry_after: Some(asked), .. } => Some(*asked),
        _ => Some(own),
    }
}

const REAL_PROGRESS: u64 = 1 << 20;
const PIECE: Duration = Duration::from_millis(25);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest_and_obey_the_server_within_it() {
        let options = FetchOptions { retries: 9, ..FetchOptions::default() };
        let broken = FetchError::Interrupted { url: String::new(), reason: String::new() };
        let delays: Vec<_> =
            (0..10).map(|failures| delay_before_retry(&options, failures, &broken)).collect();
        let milliseconds = [250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000];
        let expected: Vec<_> = milliseconds.map(|delay| Some(Duration::from_millis(delay))).to_vec();
        assert_eq!((&delays[..9], delays[9]), (&expected[..], None));
        let asked = |seconds| FetchError::status("u", 429, Some(Duration::from_secs(seconds)));
        assert_eq!(delay_before_retry(&options, 0, &asked(7)), Some(Duration::from_secs(7)));
        assert_eq!(delay_before_retry(&options, 0, &asked(31)), None);
    }

    #[test]
    fn does_not_insist_on_what_cannot_change() {
        let options = FetchOptions::default();
        assert_eq!(delay_before_retry(&options, 0, &FetchError::status("u", 404, None)), None);
        let unreachable = FetchError::Unreachable { url: String::new(), reason: String::new() };
        assert!(delay_before_retry(&options, 0, &unreachable).is_some());
        assert_eq!(delay_before_retry(&options, 1, &unreachable), None);
    }
}

//! The snapshot while nothing can be written: what was judged last must not look as if it were so now.
//!
//! A decision that is not committed is not announced. So until the store takes writes again, every service is shown as
//! unknown since the disk failed; ledger, figures and tickets stay as they were committed. Nor may a host be called
//! silent by a collector that refuses what it sends: listening begins anew when facts are taken again.

use super::EngineTask;
use crate::domain::phrase::Phrase;
use crate::domain::state::State;
use crate::snapshot::Snapshot;
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;

/// A snapshot so old is made anew.
const AGE_MAX_MS: i64 = 5_000;

impl EngineTask {
    /// To be asked before an activation: while facts are refused nobody is silent, and while nothing can be written there
    /// is nothing to try (it would fail, and the model be rebuilt each time).
    pub(super) fn waits_for_the_disk(&mut self) -> bool {
        let now = self.clock.now();
        if self.store.refuses_facts() {
            self.model.listening_since = now;
        }
        let Some(since) = self.store.blind_since() else { return false };
        // The views that the engine keeps are not what is shown now.
        self.stale = true;
        let blind = snapshot(&self.snapshots.borrow(), since, now);
        if let Some(blind) = blind {
            self.snapshots.send_replace(Arc::new(blind));
        }
        true
    }
}

/// The snapshot of `now` of a collector that is blind since `since`; `None` while the last one still serves.
fn snapshot(last: &Snapshot, since: Timestamp, now: Timestamp) -> Option<Snapshot> {
    let told = last.services.iter().all(|view| view.state == State::Unknown);
    if told && now.ms_since(last.at) < AGE_MAX_MS {
        return None;
    }
    let mut blind = last.clone();
    blind.at = now;
    for view in Arc::make_mut(&mut blind.services) {
        if view.state != State::Unknown {
            let view = Arc::make_mut(view);
            view.state = State::Unknown;
            view.since = Some(since);
            view.reason = Some(Phrase::new("reason-store-read-only"));
        }
    }
    Some(blind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::web::tests::site;

    #[test]
    fn nothing_looks_up_and_figures_stay() {
        let last = site::snapshot();
        assert!(last.services.iter().any(|view| view.state == State::Up));
        let (since, now) = (last.at.plus_secs(1), last.at.plus_secs(3));
        let blind = snapshot(&last, since, now).expect("made");
        assert_eq!(blind.at, now);
        for (before, after) in last.services.iter().zip(blind.services.iter()) {
            assert_eq!(after.state, State::Unknown);
            assert_eq!(after.month, before.month);
            if before.state != State::Unknown {
                assert_eq!(after.since, Some(since));
            }
        }
        assert!(snapshot(&blind, since, now.plus_secs(1)).is_none(), "not every second");
        assert!(snapshot(&blind, since, now.plus_secs(5)).is_some(), "but it shows that the engine lives");
    }
}

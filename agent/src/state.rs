//! What the agent's tasks share: clock, spool, assignment, the newest readings, and the figures of its own.
//! Every lock here is held for a few memory or file operations and never over an await.

use crate::assignment_file;
use crate::clock::{Clock, Moment};
use crate::probes::Answered;
use crate::self_stats::SelfStats;
use crate::spool::SpoolStats;
use crate::spool::lanes::{Lane, Lanes, Waiting};
use pantau_shared::assignment::Assignment;
use pantau_shared::envelope::ObservationBody;
use pantau_shared::sample::Sample;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, watch};

/// Signs of life of the loops a watchdog should know about: the time since boot when each last went round.
#[derive(Debug, Default)]
pub struct Liveness {
    sampler_ms: AtomicU64,
    transport_ms: AtomicU64,
}

impl Liveness {
    /// Whether both loops have gone round within `age_max_ms` before `now_ms`.
    pub fn is_alive(&self, now_ms: u64, age_max_ms: u64) -> bool {
        let recent = |beat: &AtomicU64| {
            let at = beat.load(Ordering::Relaxed);
            at > 0 && now_ms.saturating_sub(at) <= age_max_ms
        };
        recent(&self.sampler_ms) && recent(&self.transport_ms)
    }

    pub(crate) fn beat_sampler(&self, now_ms: u64) {
        self.sampler_ms.store(now_ms.max(1), Ordering::Relaxed);
    }

    pub(crate) fn beat_transport(&self, now_ms: u64) {
        self.transport_ms.store(now_ms.max(1), Ordering::Relaxed);
    }
}

/// The newest readings, for whoever shows them.
#[derive(Debug, Default)]
pub(crate) struct Newest {
    pub(crate) sample: Option<Arc<Sample>>,
    /// By check.
    pub(crate) probes: BTreeMap<String, Answered>,
}

/// Shared by all tasks of one agent.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) clock: Clock,
    pub(crate) data_dir: PathBuf,
    pub(crate) boot_id: String,
    pub(crate) stats: SelfStats,
    pub(crate) liveness: Arc<Liveness>,
    /// Tells the transport that something should be sent now.
    pub(crate) wake: Notify,
    assignment: watch::Sender<Arc<Assignment>>,
    spool: Mutex<Lanes>,
    /// Whether the newest append failed.
    losing: AtomicBool,
    newest: Mutex<Newest>,
}

impl State {
    /// State around an open spool.
    pub(crate) fn new(
        clock: Clock,
        data_dir: PathBuf,
        boot_id: String,
        spool: Lanes,
        liveness: Arc<Liveness>,
        assignment: Assignment,
    ) -> Self {
        Self {
            clock,
            data_dir,
            boot_id,
            stats: SelfStats::default(),
            liveness,
            wake: Notify::new(),
            assignment: watch::Sender::new(Arc::new(assignment)),
            spool: Mutex::new(spool),
            losing: AtomicBool::new(false),
            newest: Mutex::new(Newest::default()),
        }
    }

    pub(crate) fn spool(&self) -> MutexGuard<'_, Lanes> {
        self.spool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn newest(&self) -> MutexGuard<'_, Newest> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Figures of the spool.
    pub(crate) fn spool_stats(&self) -> SpoolStats {
        self.spool().stats()
    }

    /// Puts what was just observed into the spool. A failure is counted, logged, and shows as a gap later.
    pub(crate) fn record(&self, body: ObservationBody) {
        let now = self.clock.moment();
        let appended = self.spool().append(now, body);
        match appended {
            Ok(_) => {
                if self.losing.swap(false, Ordering::Relaxed) {
                    tracing::info!("observations are kept again");
                }
            }
            Err(error) => {
                // Once for each streak: a full disk must not be filled further with its own complaints.
                if !self.losing.swap(true, Ordering::Relaxed) {
                    tracing::error!(error = &error as &dyn std::error::Error, "observations are lost");
                }
            }
        }
    }

    /// The assignment to work by, and a way to hear of the next one.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<Assignment>> {
        self.assignment.subscribe()
    }

    /// The assignment to work by.
    pub(crate) fn assignment(&self) -> Arc<Assignment> {
        Arc::clone(&self.assignment.borrow())
    }

    /// Works by `assignment` from now on and keeps it for the next start.
    pub(crate) fn assign(&self, assignment: Assignment) {
        if assignment.revision == self.assignment().revision {
            return;
        }
        let assignment = assignment_file::keep_bounds(assignment);
        if let Err(error) = assignment_file::save(&self.data_dir, &assignment) {
            tracing::error!(error = &error as &dyn std::error::Error, "assignment not kept");
        }
        tracing::info!(
            revision = assignment.revision,
            checks = assignment.checks.len(),
            backups = assignment.backups.len(),
            "new assignment"
        );
        let stays = |id: &String| assignment.checks.iter().any(|check| check.id == *id);
        self.newest().probes.retain(|id, answered| answered.detail.local || stays(id));
        self.assignment.send_replace(Arc::new(assignment));
    }

    /// What is to be sent next, after putting it on stable storage; of one lane of the spool, where `only` says so.
    pub(crate) async fn peek(&self, only: Option<Lane>, count_max: usize, bytes_max: usize) -> Waiting {
        let job = self.spool().begin_sync();
        if let Some((lane, job)) = job {
            match tokio::task::spawn_blocking(move || job.run()).await {
                Ok(done) => self.spool().finish_sync(lane, done),
                Err(error) => tracing::error!(%error, "spool sync did not run"),
            }
        }
        self.spool().peek(only, count_max, bytes_max)
    }

    /// Both clock readings.
    pub(crate) fn moment(&self) -> Moment {
        self.clock.moment()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_loops_must_be_alive() {
        let liveness = Liveness::default();
        liveness.beat_sampler(1000);
        assert!(!liveness.is_alive(1000, 500));
        liveness.beat_transport(1200);
        assert!(liveness.is_alive(1500, 500));
        assert!(!liveness.is_alive(1501, 500));
    }
}

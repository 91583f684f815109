//! What backup sets have to do with each other and with final months: logs are tied to their bases, and what is learnt late
//! becomes a proposal.

use super::deadlines::Subject;
use super::model::Model;
use crate::domain::interval::Interval;
use crate::domain::register::late_backups::LateBackupProposal;
use crate::domain::rpo::late::{self, HeldRecord};
use crate::domain::rpo::record::{RECORDS_MAX, backups_of, logs_of};
use crate::domain::rpo::{Backup, Policy, wal};
use std::collections::BTreeSet;

impl Model {
    /// Tells sets of logs what their base sets hold: those of `due`, which grows by them, or all.
    pub(super) fn tie_logs(&mut self, mut due: Option<&mut BTreeSet<Subject>>) {
        for (log, base) in self.index.ties.clone() {
            let (log_due, base_due) = (Subject::Backup(log), Subject::Backup(base));
            if due.as_ref().is_some_and(|due| !due.contains(&log_due) && !due.contains(&base_due)) {
                continue;
            }
            let held = self.backups.get(base).map(|(_, base)| wal::bases(&base.history().backups(), &base.policy));
            if let (Some((_, log)), Some(held)) = (self.backups.get_mut(log), held) {
                log.bases = held;
            }
            if let Some(due) = due.as_deref_mut() {
                due.insert(log_due);
            }
        }
    }

    /// What was learnt of the set at `place` since the last decision that changes figures of a final month.
    pub(super) fn propose_late_backups(&mut self, place: usize) -> Option<LateBackupProposal> {
        let (_, backup) = self.backups.get_mut(place)?;
        let fresh = backup.take_late();
        let until = fresh.iter().map(|hold| hold.until).max()?;
        let (service, backup) = self.backups.get(place)?;
        let begins = backup.history().look().begins_at?.floor_second();
        let window = Interval::new(begins, until.max(begins));
        let terms = self.rulebook.backups(service).of_set(&backup.set.id, window);
        let terms: Vec<(Interval, Policy)> = terms.into_iter().map(|(during, terms)| (during, terms.policy)).collect();
        let standing: Vec<&HeldRecord> = self.rulebook.held_back(&backup.set.id).iter().collect();
        let records = backup.history().records();
        let whole = records.len() < RECORDS_MAX;
        let list = |records: &[_], policy: &Policy| -> Vec<Backup> {
            match backup.set.base {
                None => backups_of(records, whole),
                Some(_) => {
                    let tied = wal::tied(&logs_of(records), policy, &backup.bases);
                    tied.into_iter().map(|tied| tied.backup).collect()
                }
            }
        };
        let changed = late::changed(records, (&standing, &fresh), &terms, list);
        // What a base changes may show in the logs on top of it alone.
        let of_logs = || {
            let mut logs = self.index.ties.iter().filter(|(_, base)| *base == place);
            logs.find_map(|(log, _)| {
                let (_, log) = self.backups.get(*log)?;
                let list = |records: &[_], policy: &Policy| -> Vec<Backup> {
                    let bases = wal::bases(&backups_of(records, whole), policy);
                    let tied = wal::tied(&logs_of(log.history().records()), &log.policy, &bases);
                    tied.into_iter().map(|tied| tied.backup).collect()
                };
                late::changed(records, (&standing, &fresh), &terms, list)
            })
        };
        let interval = changed.or_else(of_logs)?;
        Some(LateBackupProposal::new(&self.register, service, &backup.set.id, fresh, interval))
    }
}

//! Backup sets against their RPO, at the very moment of the scrape: age grows between two snapshots too.

use super::{Family, gauge, seconds, whole, yes};
use crate::snapshot::{BackupState, Snapshot};
use pantau_shared::timestamp::Timestamp;

pub(super) fn backups(snapshot: &Snapshot, now: Timestamp) -> Vec<Family> {
    let mut age = gauge("pantau_backup_age_seconds", "Age of the data in the newest usable backup.");
    let mut rpo = gauge("pantau_backup_rpo_seconds", "Recovery point objective in force.");
    let mut state = gauge("pantau_backup_state", "1 for the state the backup set is in now, 0 for the others.");
    let mut at_risk = gauge(
        "pantau_backup_at_risk_timestamp_seconds",
        "When 80 % of the RPO are or were used up, if no newer backup comes.",
    );
    let mut breaks =
        gauge("pantau_backup_rpo_breach_timestamp_seconds", "When the RPO is or was passed, if no newer backup comes.");
    let mut looked =
        gauge("pantau_backup_last_look_timestamp_seconds", "When the set was last looked at successfully.");
    let mut base = gauge(
        "pantau_backup_base_usable",
        "Of a set of logs: 1 while its base set has a usable backup, 0 while its logs restore nothing.",
    );
    for view in snapshot.backups.iter() {
        let labels = [("service", view.service.as_str()), ("backup", view.id.as_str())];
        age.set(&labels, view.data_time.map(|at| whole(now.ms_since(at)) / 1e3));
        rpo.set(&labels, view.rpo_seconds.map(f64::from));
        at_risk.set(&labels, view.at_risk_at.map(seconds));
        breaks.set(&labels, view.breach_at.map(seconds));
        base.set(&labels, view.base.as_ref().map(|(_, usable)| yes(*usable)));
        looked.set(&labels, view.looked_at.map(seconds));
        for each in BackupState::ALL {
            let [service, backup] = labels;
            state.set(&[service, backup, ("state", each.code())], Some(yes(each == view.state)));
        }
    }
    vec![age, rpo, state, at_risk, breaks, base, looked]
}

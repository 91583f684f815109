//! Services, their backups and their tickets.

use super::{flag, of_ms, of_ppm};
use crate::domain::state::State;
use crate::snapshot::{BackupState, ServiceView, Snapshot};
use pantau_agent::exposition::Exposition;
use pantau_shared::timestamp::Timestamp;

/// State, and the calendar month to date.
pub(super) fn render(out: &mut Exposition, snapshot: &Snapshot) {
    let mut family =
        out.gauge("pantau_service_state", "Whether the service is in this state: 1 for exactly one state.");
    for service in &snapshot.services {
        for state in State::ALL {
            let labels = [("service", service.id.as_str()), ("state", state.name())];
            family.add(&labels, Some(flag(service.state == state)));
        }
    }
    drop(family);
    let mut family =
        out.gauge("pantau_service_availability_ratio", "Up over known time of the calendar month to date.");
    for service in &snapshot.services {
        let labels = [("service", service.id.as_str()), ("period", "month")];
        family.add(&labels, service.month.availability_ppm.map(of_ppm));
    }
    drop(family);
    type Reading = (&'static str, &'static str, fn(&ServiceView) -> Option<f64>);
    let families: [Reading; 3] = [
        ("pantau_service_availability_target_ratio", "Availability that was agreed for the calendar month.", |s| {
            s.month.target_ppm.map(of_ppm)
        }),
        (
            "pantau_service_error_budget_seconds",
            "Down time that is left in the calendar month to date before its target is missed; negative when overspent.",
            |s| s.month.budget_left_s.map(|seconds| seconds as f64),
        ),
        ("pantau_service_coverage_ratio", "Known over counted time of the calendar month to date.", |s| {
            s.month.coverage_ppm.map(of_ppm)
        }),
    ];
    for (name, help, read) in families {
        let mut family = out.gauge(name, help);
        for service in &snapshot.services {
            family.add(&[("service", service.id.as_str())], read(service));
        }
    }
}

/// Age against RPO.
pub(super) fn render_backups(out: &mut Exposition, snapshot: &Snapshot, now: Timestamp) {
    let mut family = out.gauge("pantau_backup_age_seconds", "Age of the data in the newest usable backup.");
    for backup in &snapshot.backups {
        let labels = [("service", backup.service.as_str()), ("set", backup.id.as_str())];
        family.add(&labels, backup.data_time.map(|at| of_ms(now.ms_since(at))));
    }
    drop(family);
    let mut family = out.gauge("pantau_backup_rpo_seconds", "Age that the data of the newest backup must stay below.");
    for backup in &snapshot.backups {
        let labels = [("service", backup.service.as_str()), ("set", backup.id.as_str())];
        family.add(&labels, backup.rpo_seconds.map(f64::from));
    }
    drop(family);
    let mut family =
        out.gauge("pantau_backup_state", "Whether the backup set is in this state: 1 for exactly one state.");
    for backup in &snapshot.backups {
        for state in BackupState::ALL {
            let labels = [("service", backup.service.as_str()), ("set", backup.id.as_str()), ("state", state.code())];
            family.add(&labels, Some(flag(backup.state == state)));
        }
    }
}

/// Open tickets by priority; all six are always there.
pub(super) fn render_tickets(out: &mut Exposition, snapshot: &Snapshot) {
    let mut family = out.gauge("pantau_tickets_open", "Tickets that nobody has confirmed, closed or cancelled.");
    for priority in 1..=6_u8 {
        let open = snapshot.tickets.iter().filter(|ticket| ticket.priority.number() == priority).count();
        family.add(&[("priority", &priority.to_string())], Some(open as f64));
    }
}

//! The collector of the constructed site: its disk, its growth, what it will need.

use super::site::NOW;
use crate::domain::sizing::Load;
use crate::own_backup::view::{CopyView, Integrity, OwnBackupView};
use crate::snapshot::Snapshot;
use crate::store::{Disk, Growth, ReadOnly, ReadOnlyCause, SampleFigures, SpaceView, StoreSize};
use crate::system::System;

/// The collector of the site: a year old, with room for a while.
pub(crate) fn system(site: &Snapshot) -> System {
    let hour = NOW.as_ms().div_euclid(3_600_000);
    let points: Vec<String> =
        (0..192).map(|n| format!("{}:{}", hour - 192 + n, (400_u64 << 20) + ((n as u64 * 7) << 17))).collect();
    System {
        now: NOW,
        space: SpaceView {
            disk: Some(Disk { free_bytes: 61 << 30, size_bytes: 252 << 30 }),
            reserve_bytes: 256 << 20,
            size: Some(StoreSize { file_bytes: 600 << 20, free_bytes: 24 << 20, log_bytes: 4 << 20 }),
            ..SpaceView::default()
        },
        growth: Growth::parse(&points.join(" ")),
        queued: 2,
        writer: (41_000, 98_400, 41_000 * 1_900),
        file: "/var/lib/pantau-collector/pantau.db".into(),
        started_at: NOW.plus_secs(-86_400 * 12 - 4_000),
        load: Load::of(&site.catalogue, site.hosts.len(), 82),
        samples: SampleFigures {
            frames_waiting: 4_711,
            oldest_hour_ended_at: Some(NOW.plus_secs(-421)),
            ..SampleFigures::default()
        },
        own: copies(),
    }
}

fn copies() -> OwnBackupView {
    let copy = |days: i64| {
        let made_at = NOW.plus_secs(-86_400 * days - 7_200);
        CopyView { path: format!("/mnt/cadangan/pantau/{days}.db").into(), made_at, bytes: 590 << 20 }
    };
    OwnBackupView {
        enabled: true,
        folder: "/mnt/cadangan/pantau".into(),
        last_success_at: Some(NOW.plus_secs(-7_200)),
        next_at: Some(NOW.plus_secs(79_200)),
        copies: vec![copy(0), copy(1)],
        integrity: Integrity::Whole { at: NOW.plus_secs(-86_400 * 12) },
        ..OwnBackupView::default()
    }
}

/// The same with a disk that is full for an hour.
pub(crate) fn full_system(site: &Snapshot) -> System {
    let mut own = system(site);
    let since = NOW.plus_secs(-3_600);
    own.space.read_only = Some(ReadOnly { cause: ReadOnlyCause::LowSpace, since });
    own.space.disk = Some(Disk { free_bytes: 180 << 20, size_bytes: 252 << 30 });
    own.space.refused = 1_234;
    own
}

/// Receivers in every state, and a message that needs a look.
pub(super) fn delivery_page(frame: super::super::page::Page) -> Result<String, askama::Error> {
    use super::super::delivery::{Standing, render};
    use crate::domain::ticket::TicketNumber;
    use crate::outputs::receivers::reconcile::{Comparison, Difference, Disagreement};
    use crate::snapshot::TargetQueue;
    use crate::store::records::{OutboxMessage, OutboxRow};
    let queue = |pending, attempts, rejected| TargetQueue {
        pending,
        oldest_at: (pending > 0).then(|| NOW.plus_secs(-5_400)),
        attempts,
        rejected,
    };
    let standing = |name: &str, kind, queue, taken: Option<i64>, error: Option<&str>| Standing {
        name: name.into(),
        kind,
        queue,
        taken_at: taken.map(|seconds| NOW.plus_secs(-seconds)),
        error: error.map(str::to_owned),
    };
    let standings = [
        standing("glpi", Some("glpi"), queue(7, 12, 0), Some(90_000), Some("HTTP 503 <sedang dirawat>")),
        standing("osticket", Some("osticket"), queue(0, 0, 1), Some(7_200), Some("osTicket tidak dapat ditutup")),
        standing("piket", Some("email"), queue(0, 0, 0), Some(600), None),
        standing("broker", Some("mqtt"), queue(0, 0, 0), None, None),
        standing("lama", None, queue(2, 0, 0), Some(900_000), None),
    ];
    let message = OutboxMessage {
        ticket: TicketNumber { year: 2026, number: 7 },
        target: "osticket".into(),
        version: 6,
        event: "closed".into(),
        payload: "{}".into(),
        not_before: None,
    };
    let row = OutboxRow {
        id: 41,
        message,
        created_at: NOW.plus_secs(-3_000),
        attempts: 1,
        next_attempt_at: NOW,
        state: "rejected".into(),
        last_error: Some("osTicket tidak dapat ditutup".into()),
        checked_by: None,
    };
    let comparison = Comparison {
        at: Some(NOW.plus_secs(-43_000)),
        compared: 31,
        differences: vec![Difference {
            ticket: TicketNumber { year: 2026, number: 5 },
            target: "glpi".into(),
            reference: "4711".into(),
            url: None,
            what: Disagreement::OpenThere,
        }],
        failures: vec![("zammad".into(), "HTTP 503".into())],
    };
    render(frame, &standings, &[row], &comparison, None)
}

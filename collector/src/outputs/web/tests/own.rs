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

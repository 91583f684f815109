//! The exposition of a constructed site, and what is absent from it.

use super::store::storage;
use super::*;
use crate::delivery_stats::Outcome;
use crate::outputs::web::tests::site::{NOW, snapshot};
use crate::snapshot::TargetQueue;
use crate::store::{Disk, ReadOnly, ReadOnlyCause, StoreSize};

fn text(snapshot: &Snapshot, stats: &SelfStats) -> String {
    let writer = WriterFigures::default();
    writer.commits.add(2);
    writer.busy_us.add(1_500_000);
    let size = Some(StoreSize { file_bytes: 8_192, free_bytes: 4_096, log_bytes: 512 });
    let space = SpaceView { size, reserve_bytes: 1024, ..SpaceView::default() };
    let samples = SampleFigures {
        frames_waiting: 4_711,
        oldest_hour_ended_at: Some(NOW.plus_secs(-421)),
        chunks_made: 96,
        chunk_bytes: 1_411_000,
        rollup_bytes: 540_000,
        late_dropped: 2,
    };
    let store = StoreView { space, queued: 3, writer: &writer, samples, tail: TailFigures::default() };
    let own = OwnBackupView { last_success_at: Some(NOW.plus_secs(-90)), failures: 2, ..OwnBackupView::default() };
    TextEncoder::new().encode_to_string(&families(snapshot, stats, &store, &own, NOW)).expect("encodes")
}

#[test]
fn a_full_disk_is_one() {
    let read_only = ReadOnly { cause: ReadOnlyCause::LowSpace, since: NOW };
    let disk = Some(Disk { free_bytes: 5, size_bytes: 9 });
    let space = SpaceView { read_only: Some(read_only), disk, refused: 7, ..SpaceView::default() };
    let writer = WriterFigures::default();
    let mut all = storage(&StoreView {
        space,
        queued: 0,
        writer: &writer,
        samples: SampleFigures::default(),
        tail: TailFigures::default(),
    });
    let mut value = |name: &str| {
        let family = all.iter_mut().find(|family| family.family.name() == name).expect("there");
        family.metrics.clone()
    };
    assert_eq!(value("pantau_store_read_only")[0].get_gauge().get_value(), 1.0);
    assert_eq!(value("pantau_store_refused_full_total")[0].get_counter().get_value(), 7.0);
    assert_eq!(value("pantau_store_disk_free_bytes")[0].get_gauge().get_value(), 5.0);
}

#[test]
fn the_whole_site_as_text() {
    let stats = SelfStats::default();
    stats.batches_malformed.add(2);
    for receiver in ["meja", "piket"] {
        stats.delivery.begin(receiver, None);
    }
    for (outcome, again) in [(Outcome::Failed, false), (Outcome::Sent, true), (Outcome::Refused, false)] {
        stats.delivery.note("meja", outcome, again, NOW.plus_secs(-30));
    }
    insta::assert_snapshot!(text(&snapshot(), &stats));
}

#[test]
fn what_has_no_value_is_absent() {
    let mut site = snapshot();
    site.hosts = std::sync::Arc::default();
    for view in std::sync::Arc::make_mut(&mut site.services) {
        std::sync::Arc::make_mut(view).month.availability_ppm = None;
    }
    let text = text(&site, &SelfStats::default());
    assert!(!text.contains("pantau_service_availability_ratio"), "{text}");
    assert!(!text.contains("pantau_host_"), "{text}");
    assert!(!text.contains("pantau_outbox_oldest_age_seconds"), "{text}");
    assert!(text.contains("pantau_outbox_pending 0"), "{text}");
}

/// A young site has no value for these; dashboard and alert rules name them (see `tests/e2e/observability.rs`).
#[test]
fn what_comes_later_has_the_names_that_rules_ask_for() {
    let mut site = snapshot();
    site.outbox.oldest_at = Some(NOW.plus_secs(-60));
    let queue = TargetQueue { pending: 2, oldest_at: Some(NOW.plus_secs(-60)), ..TargetQueue::default() };
    site.outbox.targets.insert("meja".into(), queue);
    let stats = SelfStats::default();
    stats.delivery.begin("meja", Some(NOW.plus_secs(-7_200)));
    let text = text(&site, &stats);
    for line in [
        "pantau_outbox_oldest_age_seconds 60",
        "pantau_delivery_oldest_pending_age_seconds{receiver=\"meja\"} 60",
        "pantau_delivery_pending{receiver=\"meja\"} 2",
        "pantau_delivery_last_success_timestamp_seconds{receiver=\"meja\"} ",
        "pantau_backup_age_seconds{service=\"simpeg\",backup=\"simpeg-db\"} 93600",
        "pantau_backup_at_risk_timestamp_seconds{service=\"simpeg\",backup=\"simpeg-db\"} ",
        "pantau_backup_rpo_breach_timestamp_seconds{service=\"simpeg\",backup=\"simpeg-db\"} ",
        "pantau_service_error_budget_exhausted_timestamp_seconds{service=\"perizinan\"} ",
        "pantau_store_backup_age_seconds 90",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

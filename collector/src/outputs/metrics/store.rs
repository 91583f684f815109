//! The store: disk, file, writer, chunks, own copies.

use super::{Family, StoreView, counter, gauge, number, seconds, whole, yes};
use crate::own_backup::view::{Integrity, OwnBackupView};
use crate::store::{SampleFigures, StoreSize, TailFigures};
use pantau_shared::timestamp::Timestamp;

/// The way of samples from frames into chunks.
pub(super) fn samples(samples: SampleFigures, now: Timestamp) -> Vec<Family> {
    let one = |mut family: Family, value: f64| {
        family.set(&[], Some(value));
        family
    };
    let lag = samples.oldest_hour_ended_at.map_or(0, |ended| now.ms_since(ended).max(0));
    vec![
        one(
            gauge("pantau_store_frames_waiting", "Samples that are not in a compressed chunk yet."),
            number(samples.frames_waiting),
        ),
        one(
            gauge(
                "pantau_store_closing_lag_seconds",
                "How long ago the oldest hour ended whose samples wait for their chunk.",
            ),
            whole(lag) / 1e3,
        ),
        one(
            counter("pantau_store_chunks_total", "Chunks of an hour of a host's samples made."),
            number(samples.chunks_made),
        ),
        one(counter("pantau_store_chunk_bytes_total", "Bytes of those chunks."), number(samples.chunk_bytes)),
        one(
            counter("pantau_store_rollup_bytes_total", "Bytes of the roll-ups of an hour made with them."),
            number(samples.rollup_bytes),
        ),
        one(
            counter(
                "pantau_store_late_frames_dropped_total",
                "Samples given up: they came after their hour had been pruned, or cannot be read.",
            ),
            number(samples.late_dropped),
        ),
    ]
}

pub(super) fn own_backup(own: &OwnBackupView, now: Timestamp) -> Vec<Family> {
    let mut age = gauge("pantau_store_backup_age_seconds", "Age of the newest scheduled copy of the own store.");
    age.set(&[], own.last_success_at.map(|at| whole(now.ms_since(at)) / 1e3));
    let mut success = gauge(
        "pantau_store_backup_last_success_timestamp_seconds",
        "When that copy was made; absent before the first.",
    );
    success.set(&[], own.last_success_at.map(seconds));
    let mut failures =
        counter("pantau_store_backup_failures_total", "Scheduled copies of the own store that could not be made.");
    failures.set(&[], Some(number(own.failures)));
    let mut integrity = gauge("pantau_store_integrity", "1 for what is known of the store's file, 0 for the others.");
    for code in Integrity::CODES {
        integrity.set(&[("state", code)], Some(yes(code == own.integrity.code())));
    }
    vec![age, success, failures, integrity]
}

/// Disk, file and writer of the store.
pub(super) fn storage(store: &StoreView<'_>) -> Vec<Family> {
    let one = |mut family: Family, value: Option<f64>| {
        family.set(&[], value);
        family
    };
    let (space, writer) = (&store.space, store.writer);
    let size = |pick: fn(&StoreSize) -> u64| space.size.as_ref().map(pick).map(number);
    let disk = space.disk.map(|disk| number(disk.free_bytes));
    let busy = whole(i64::try_from(writer.busy_us.get()).unwrap_or(i64::MAX)) / 1e6;
    vec![
        one(
            gauge("pantau_store_read_only", "1 while the store takes nothing from agents; /readyz says why."),
            Some(yes(space.read_only.is_some())),
        ),
        one(
            counter("pantau_store_refused_full_total", "Batches refused because the store was read-only."),
            Some(number(space.refused)),
        ),
        one(gauge("pantau_store_size_bytes", "Size of the store's file."), size(|size| size.file_bytes)),
        one(gauge("pantau_store_free_bytes", "Free pages inside the store's file."), size(|size| size.free_bytes)),
        one(gauge("pantau_store_log_bytes", "Size of the write-ahead log."), size(|size| size.log_bytes)),
        one(gauge("pantau_store_disk_free_bytes", "Free on the disk of the data folder, for this user."), disk),
        one(
            gauge("pantau_store_reserve_bytes", "Free bytes below which nothing is taken from agents."),
            Some(number(space.reserve_bytes)),
        ),
        one(
            gauge("pantau_store_writer_queue", "Requests that wait for the store's writer."),
            u32::try_from(store.queued).ok().map(f64::from),
        ),
        one(
            counter("pantau_store_commits_total", "Transactions committed, each one sync of the disk."),
            Some(number(writer.commits.get())),
        ),
        one(
            counter("pantau_store_commit_failures_total", "Transactions given up."),
            Some(number(writer.failures.get())),
        ),
        one(
            counter(
                "pantau_store_commit_requests_total",
                "Requests in transactions: over commits, the size of a group.",
            ),
            Some(number(writer.requests.get())),
        ),
        one(counter("pantau_store_commit_seconds_total", "Time the writer spent in transactions."), Some(busy)),
    ]
}

pub(super) fn tail_of_facts(tail: TailFigures) -> Vec<Family> {
    let mut reads = counter("pantau_store_tail_reads_total", "Readings of the newest facts, by where they came from.");
    reads.set(&[("from", "memory")], Some(number(tail.hits)));
    reads.set(&[("from", "tables")], Some(number(tail.misses)));
    let mut forgotten = counter(
        "pantau_store_tail_forgotten_facts_total",
        "Facts that memory had no room for before the engine read them; it reads them from the tables.",
    );
    forgotten.set(&[], Some(number(tail.forgotten)));
    vec![reads, forgotten]
}

//! The calculator's constants against what the store really takes.

use super::*;
use crate::domain::sizing;
use pantau_shared::backup::BackupArtefact;

const COUNT: u64 = 20_000;

/// Bytes one observation of a kind adds, with its index.
fn bytes_of_one(make: impl Fn(u64) -> ObservationBody) -> u64 {
    let fixture = Fixture::new();
    let host = fixture.enrol("web-01");
    let before = fixture.read(Reader::size).used_bytes();
    for first in (0..COUNT).step_by(1_000) {
        let sent = (first..first + 1_000).map(|n| (n + 1, 10 * n as i64, Some(make(n))));
        let sent = batch(&host, 1, sent.collect());
        fixture.write(move |w| w.accept_batch(sent)).expect("takes");
    }
    (fixture.read(Reader::size).used_bytes() - before) / COUNT
}

/// An allowance holds, and is not so generous that the calculator frightens people.
fn assert_fair(what: &str, taken: u64, allowed: u64) {
    eprintln!("{what}: takes {taken} bytes, allowed {allowed}");
    assert!(taken <= allowed && taken * 2 >= allowed, "{what}: takes {taken} bytes, allowed {allowed}");
}

/// A look at a set that keeps two weeks of nightly dumps.
fn look(n: u64) -> ObservationBody {
    let artefact = |night: u64| BackupArtefact {
        name: format!("portal-2026-11-{:02}.dump.gz", night + 1),
        data_time_ms: Some(1_790_000_000_000 + (night * 86_400_000 + n) as i64),
        basis: 1,
        status: 1,
        size_bytes: Some(900_000_000 + n),
        ..BackupArtefact::default()
    };
    let artefacts = (0..14).map(artefact).collect();
    ObservationBody::Backup(BackupObservation { set: "portal-db".into(), artefacts, ..BackupObservation::default() })
}

#[test]
fn the_constants_are_what_the_store_takes() {
    let answer = |n: u64| {
        ObservationBody::Probe(ProbeOutcome {
            check: "portal-web".into(),
            verdict: 1,
            duration_us: 84_000 + n,
            resolve_us: Some(900),
            connect_us: Some(1_200 + n % 90),
            tls_us: Some(9_000 + n % 900),
            first_byte_us: Some(62_000 + n % 9_000),
            transfer_us: Some(400 + n % 300),
            http_status: Some(200),
            body_bytes: Some(48_000),
            certificate_expires_at: Some(1_800_000_000),
            ..ProbeOutcome::default()
        })
    };
    assert_fair("a probe answer", bytes_of_one(answer), sizing::ANSWER_BYTES);
    assert_fair("a look at a backup set", bytes_of_one(look), sizing::LOOK_BYTES);
}

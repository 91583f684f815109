//! What the hosts of the bench send: batches of samples of a made-up server.

use crate::START;
use pantau_shared::envelope::{Batch, Observation, ObservationBody};
use pantau_tests::trace::Trace;
use std::sync::LazyLock;

/// Series in one sample.
pub(crate) fn series() -> u64 {
    TRACE.series() as u64
}

static TRACE: LazyLock<Trace> = LazyLock::new(|| Trace::synthetic(1_500));

/// A batch of `frames` samples, ten seconds apart, that follows `first` others.
pub(crate) fn batch(first: u64, frames: u64) -> Batch {
    let observation = |number: u64| Observation {
        seq: first + number + 1,
        at_ms: START.as_ms() + ((first + number) * 10_000) as i64,
        age_ms: Some((frames - 1 - number) * 10_000),
        body: Some(ObservationBody::Sample(Box::new(TRACE.sample((first + number) as usize)))),
    };
    Batch {
        boot_id: "0b6ff8ab-5d8c-4a0e-9a27-3a5b7a6f5f0d".into(),
        stream: vec![7; 16],
        sent_at_ms: START.as_ms(),
        assignment_revision: 0,
        observations: (0..frames).map(observation).collect(),
        session_offer: Vec::new(),
    }
}

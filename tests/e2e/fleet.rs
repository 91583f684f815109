//! The `fleet` bench against the real collector: what its agents count and what the collector counts is the same.

use crate::programs::program;
use anyhow::Result;
use pantau_tests::fleet::agents::Proof;
use pantau_tests::fleet::figures::Closing;
use pantau_tests::fleet::measure::{Measurement, Subject, measure};
use pantau_tests::fleet::play::Pace;
use pantau_tests::trace::Trace;
use std::sync::Arc;
use std::time::Duration;

async fn run(tls: bool, frames_per_batch: usize, pace: Pace, proof: Proof) -> Result<()> {
    let (hosts, steps) = (4, 5);
    let figures = measure(&Measurement {
        subject: Subject::Own { binary: program("pantau-collector")?, tls },
        trace: Arc::new(Trace::synthetic(20)),
        hosts,
        services: 1,
        steps,
        interval_ms: 1_000,
        frames_per_batch,
        pace,
        proof,
        concurrency: 2,
        settle: Duration::ZERO,
    })
    .await?;
    let frames = (hosts * steps) as u64;
    assert_eq!(figures.samples, frames * 82);
    assert_eq!(figures.batches, (hosts * steps.div_ceil(frames_per_batch)) as u64);
    assert!(figures.observations_stored >= frames, "every frame, and the outcomes of checks");
    assert!(figures.cpu_us_per_batch > Some(0.0) && figures.pss_bytes > Some(0) && figures.acknowledge.max_us > 0);
    assert!(figures.store_bytes_per_sample > 0.0 || figures.closing == Closing::Closed);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_over_tls_at_the_real_pace_are_all_acknowledged() -> Result<()> {
    run(true, 1, Pace::Real, Proof::Session).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_backlog_with_several_frames_a_batch_is_all_acknowledged() -> Result<()> {
    run(false, 2, Pace::Accelerated, Proof::Signature).await
}

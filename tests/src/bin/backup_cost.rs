//! What a copy of the store in use costs those who write meanwhile, and what its check costs.
//!
//! `cargo run --release -p pantau-tests --bin backup_cost`
//!
//! A store is filled to 8 MB times 1, 10 and 100. Small requests go to the writer one after the other: alone, beside a
//! thread that only spins, while the store is copied as the schedule does it, and while it is checked.
//!
//! **Compare with the spinning thread, not with alone.** On a virtual machine one sync took 0.1 ms or 4 ms depending on
//! whether anything else kept a processor awake, also in a program that did nothing but write and sync: measured alone,
//! writes look slower than beside a copy, which says nothing about copies. The requests wait for the sync of the log in
//! every state. Prints a table and one line of JSON; the
//! disk is that of the temporary folder (`TMPDIR`). At least [`WRITES_MIN`] requests are measured in each state, so that
//! small stores are copied several times.

use anyhow::{Context, Result};
use clap::Parser;
use pantau_collector::store::Store;
use pantau_collector::store::backup::{Request, make};
use pantau_collector::store::integrity::{Depth, check_store};
use pantau_shared::timestamp::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const START: Timestamp = Timestamp::from_secs(1_780_000_000);
/// Bytes of one filling row: a page and its rest, as bodies have.
const ROW_BYTES: usize = 6_000;
/// Rows of the smallest store.
const ROWS: usize = 1_000;
/// Rows in one request.
const ROWS_PER_REQUEST: usize = 100;
/// Requests measured in each state.
const WRITES_MIN: usize = 2_000;
/// As the schedule copies.
const PAUSE: Duration = Duration::from_millis(5);

/// One line of the table.
#[derive(serde::Serialize)]
struct Figures {
    store_mb: f64,
    copy_s: f64,
    copy_mb_per_s: f64,
    log_mb: f64,
    alone_us: Quantiles,
    beside_spinning_us: Quantiles,
    while_copied_us: Quantiles,
    while_checked_us: Quantiles,
}

#[derive(Clone, Copy, serde::Serialize)]
struct Quantiles {
    p50: f64,
    p99: f64,
    most: f64,
}

/// Measures what a copy of the store in use costs those who write meanwhile, and what its check costs, at three sizes.
#[derive(Debug, Parser)]
struct Options {}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn main() -> Result<()> {
    let Options {} = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    println!(
        "{:>9} {:>8} {:>7} {:>7} {:>22} {:>22} {:>22} {:>22}",
        "store MB", "copy s", "MB/s", "log MB", "alone p50/p99/max µs", "spinning", "copying", "checking"
    );
    let mut all = Vec::new();
    for times in [1, 10, 100] {
        let figures = runtime.block_on(measure(times))?;
        let shown = |q: Quantiles| format!("{:.0}/{:.0}/{:.0}", q.p50, q.p99, q.most);
        println!(
            "{:>9.0} {:>8.2} {:>7.0} {:>7.1} {:>22} {:>22} {:>22} {:>22}",
            figures.store_mb,
            figures.copy_s,
            figures.copy_mb_per_s,
            figures.log_mb,
            shown(figures.alone_us),
            shown(figures.beside_spinning_us),
            shown(figures.while_copied_us),
            shown(figures.while_checked_us)
        );
        all.push(figures);
    }
    println!("{}", serde_json::to_string(&all)?);
    Ok(())
}

async fn measure(times: usize) -> Result<Figures> {
    let folder = tempfile::TempDir::new()?;
    let path = folder.path().join("pantau.db");
    let store = Store::open(&path, START)?;
    fill(&store, ROWS * times).await?;
    let alone_us = quantiles(write_while(&store, || false).await?);
    let beside_spinning_us = beside(&store, |enough| {
        while !enough.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
        Ok(())
    })
    .await?;
    let (copies, copy_ns, log) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let counters = Arc::new((copies, copy_ns, log));
    let to = folder.path().join("copy.db");
    let (own, counted) = (path.clone(), Arc::clone(&counters));
    let while_copied_us = beside(&store, move |enough| copy_until(&own, &to, &counted, enough)).await?;
    let own = path.clone();
    let while_checked_us = beside(&store, move |enough| {
        while !enough.load(Ordering::Relaxed) {
            check_store(&own, Depth::Pieces, &mut |_| !enough.load(Ordering::Relaxed)).ok();
        }
        Ok(())
    })
    .await?;
    let store_mb = std::fs::metadata(&path)?.len() as f64 / 1e6;
    let copies = counters.0.load(Ordering::Relaxed).max(1) as f64;
    let copy_s = counters.1.load(Ordering::Relaxed) as f64 / 1e9 / copies;
    let log_mb = counters.2.load(Ordering::Relaxed) as f64 / 1e6;
    Ok(Figures {
        store_mb,
        copy_s,
        copy_mb_per_s: store_mb / copy_s,
        log_mb,
        alone_us,
        beside_spinning_us,
        while_copied_us,
        while_checked_us,
    })
}

/// Copies again and again, each to its end, until enough was measured.
fn copy_until(path: &Path, to: &Path, counted: &(AtomicU64, AtomicU64, AtomicU64), enough: &AtomicBool) -> Result<()> {
    while !enough.load(Ordering::Relaxed) {
        let began = now_ns();
        make(&Request { store: path, to, files: &[], made_at: START, replace: true, pause: PAUSE }, &mut |_| true)?;
        counted.0.fetch_add(1, Ordering::Relaxed);
        counted.1.fetch_add(now_ns() - began, Ordering::Relaxed);
        let log = std::fs::metadata(path.with_extension("db-wal")).map_or(0, |log| log.len());
        counted.2.fetch_max(log, Ordering::Relaxed);
    }
    Ok(())
}

/// Writes while `work` runs on a thread of its own, at least as long as it needs for one round.
async fn beside(store: &Store, work: impl FnOnce(&AtomicBool) -> Result<()> + Send + 'static) -> Result<Quantiles> {
    let (enough, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (asked, ended) = (Arc::clone(&enough), Arc::clone(&done));
    let working = tokio::task::spawn_blocking(move || {
        let result = work(&asked);
        ended.store(true, Ordering::Relaxed);
        result
    });
    let mut written = 0;
    let measured = write_while(store, || {
        written += 1;
        enough.store(written >= WRITES_MIN, Ordering::Relaxed);
        !done.load(Ordering::Relaxed)
    })
    .await?;
    working.await??;
    Ok(quantiles(measured))
}

async fn fill(store: &Store, rows: usize) -> Result<()> {
    for first in (0..rows).step_by(ROWS_PER_REQUEST) {
        store
            .write(move |writer| {
                (first..first + ROWS_PER_REQUEST)
                    .try_for_each(|row| writer.save_setting(&format!("filling-{row:09}"), &"x".repeat(ROW_BYTES)))
            })
            .await?;
    }
    Ok(())
}

/// Small requests one after the other: at least [`WRITES_MIN`], and on while `more` says so; nanoseconds of each.
async fn write_while(store: &Store, mut more: impl FnMut() -> bool) -> Result<Vec<u64>> {
    let mut measured = Vec::new();
    while more() || measured.len() < WRITES_MIN {
        let value = measured.len().to_string();
        let began = now_ns();
        store.write(move |writer| writer.save_setting("measured", &value)).await.context("cannot write")?;
        measured.push(now_ns() - began);
    }
    Ok(measured)
}

fn quantiles(mut measured: Vec<u64>) -> Quantiles {
    measured.sort_unstable();
    let at = |permille: usize| measured[(measured.len() - 1) * permille / 1_000] as f64 / 1e3;
    Quantiles { p50: at(500), p99: at(990), most: at(1_000) }
}

fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    (now.tv_sec * 1_000_000_000 + now.tv_nsec).unsigned_abs()
}

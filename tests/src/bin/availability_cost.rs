//! What figures over twelve months cost: from the ledger itself, and through the roll-ups of its closed days.
//!
//! `cargo run --release -p pantau-tests --bin availability_cost [-- --services N,… --outages N,…]`
//!
//! For each number of services and of outages per service and year: a real store file with ledgers of 365 days (*up*,
//! with outages of minutes at irregular times, some *degraded*, some *unknown* stretches), all figures of all services
//! over the year up to now, before and after the days are rolled up. The two are compared, field by field. Prints a
//! table and one line of JSON. Times are of the process's CPU on one thread, best of several; the file lies in the
//! temporary folder (`TMPDIR`) and is read from the page cache.

use anyhow::{Context, Result, ensure};
use chrono_tz::Asia::Jakarta;
use clap::Parser;
use pantau_collector::domain::availability::AvailabilitySums;
use pantau_collector::domain::calendar::Period;
use pantau_collector::domain::catalogue::{Catalogue, Service, ServiceId};
use pantau_collector::domain::state::State;
use pantau_collector::rulebook::Rulebook;
use pantau_collector::service_period;
use pantau_collector::store::Store;
use pantau_collector::store::records::{Decision, LedgerEdit, LedgerRow};
use pantau_shared::timestamp::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// 1 January 2025 00:00 WIB.
const START: Timestamp = Timestamp::from_secs(1_735_664_400);
const YEAR_S: i64 = 365 * 86_400;
/// 31 December, 15:00 WIB: the last day is open.
const NOW: Timestamp = Timestamp::from_secs(1_735_664_400 + YEAR_S - 9 * 3600);
/// How often a cheap question is repeated; the best counts.
const REPEATS: usize = 5;

/// One line of the table.
#[derive(serde::Serialize)]
struct Figures {
    services: usize,
    outages_per_year: i64,
    ledger_rows: usize,
    raw_ms: f64,
    rolled_ms: f64,
    /// The page of the running month, all services.
    month_rolled_ms: f64,
    one_service_raw_ms: f64,
    one_service_rolled_ms: f64,
    fill_ms_per_service_year: f64,
    fill_day_ms: f64,
    bytes_per_service_year: f64,
    edit_us: f64,
}

/// Measures what figures over twelve months cost: from the ledger itself, and through the roll-ups of its closed days.
#[derive(Debug, Parser)]
struct Options {
    /// Numbers of services
    #[arg(long, value_delimiter = ',', default_value = "10,100,1000")]
    services: Vec<u16>,
    /// Outages of each service in the year
    #[arg(long, value_delimiter = ',', default_value = "20,200,2000", value_parser = clap::value_parser!(i64).range(1..=100_000))]
    outages: Vec<i64>,
}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn main() -> Result<()> {
    let Options { services, outages } = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    println!(
        "{:>8} {:>8} {:>9} {:>9} {:>10} {:>9} {:>9} {:>10} {:>11} {:>11} {:>10} {:>8}",
        "services",
        "outages",
        "rows",
        "raw ms",
        "rolled ms",
        "month ms",
        "1 raw ms",
        "1 rolled",
        "fill ms/s·y",
        "fill day ms",
        "B/s·y",
        "edit µs"
    );
    let mut all = Vec::new();
    for outages in outages {
        for services in &services {
            let figures = runtime.block_on(measure(usize::from(*services), outages))?;
            println!(
                "{:>8} {:>8} {:>9} {:>9.2} {:>10.2} {:>9.2} {:>9.3} {:>10.3} {:>11.2} {:>11.2} {:>10.0} {:>8.1}",
                figures.services,
                figures.outages_per_year,
                figures.ledger_rows,
                figures.raw_ms,
                figures.rolled_ms,
                figures.month_rolled_ms,
                figures.one_service_raw_ms,
                figures.one_service_rolled_ms,
                figures.fill_ms_per_service_year,
                figures.fill_day_ms,
                figures.bytes_per_service_year,
                figures.edit_us
            );
            all.push(figures);
        }
    }
    println!("{}", serde_json::to_string(&all)?);
    Ok(())
}

async fn measure(count: usize, outages: i64) -> Result<Figures> {
    let folder = tempfile::TempDir::new()?;
    let path = folder.path().join("pantau.db");
    let store = Store::open(&path, START)?;
    let (services, rulebook) = services(count)?;
    let mut ledger_rows = 0;
    for (number, id) in services.iter().enumerate() {
        let rows = ledger(number as u64, outages);
        ledger_rows += rows.len();
        edit(&store, id, START, rows).await?;
    }
    let asked: Vec<&ServiceId> = services.iter().collect();
    let figures = |store: &Store, asked: &[&ServiceId], period: &str| figures(store, &rulebook, asked, period);
    let (raw_ns, raw) = best(if ledger_rows > 100_000 { 1 } else { REPEATS }, || figures(&store, &asked, "2025"))?;
    let (one_raw_ns, _) = best(REPEATS, || figures(&store, &asked[..1], "2025"))?;
    let (store, without_bytes) = reopen(store, &path)?;
    let fill_ns = fill(&store, &rulebook, &services, NOW.plus_secs(-86_400)).await?;
    let (store, with_bytes) = reopen(store, &path)?;
    let fill_day_ns = fill(&store, &rulebook, &services, NOW).await?;
    let (rolled_ns, rolled) = best(REPEATS, || figures(&store, &asked, "2025"))?;
    let (one_rolled_ns, _) = best(REPEATS, || figures(&store, &asked[..1], "2025"))?;
    let (month_ns, _) = best(REPEATS, || figures(&store, &asked, "2025-12"))?;
    ensure!(raw == rolled, "the figures through roll-ups differ from the raw ones");
    let edit_ns = lengthen(&store, &services[0]).await?;
    Ok(Figures {
        services: count,
        outages_per_year: outages,
        ledger_rows,
        raw_ms: ms(raw_ns),
        rolled_ms: ms(rolled_ns),
        month_rolled_ms: ms(month_ns),
        one_service_raw_ms: ms(one_raw_ns),
        one_service_rolled_ms: ms(one_rolled_ns),
        fill_ms_per_service_year: ms(fill_ns) / count as f64,
        fill_day_ms: ms(fill_day_ns),
        bytes_per_service_year: (with_bytes - without_bytes) as f64 / count as f64,
        edit_us: edit_ns / 1_000.0,
    })
}

fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

/// The example's first service, `count` times under other names.
fn services(count: usize) -> Result<(Vec<ServiceId>, Arc<Rulebook>)> {
    let text = include_str!("../../../config/catalogue.example.toml");
    let catalogue = pantau_collector::config::catalogue::parse(
        "catalogue.example.toml",
        text,
        1,
        &pantau_collector::config::profile::bangka_2025(),
    )?;
    let first = catalogue.services.first().context("the example has no service")?;
    let services: Result<Vec<Service>> = (0..count)
        .map(|number| Ok(Service { id: ServiceId::parse(&format!("layanan-{number:05}"))?, ..first.clone() }))
        .collect();
    let catalogue = Catalogue { services: services?, ..catalogue };
    let ids = catalogue.services.iter().map(|service| service.id.clone()).collect();
    Ok((ids, Arc::new(Rulebook::of_catalogue(Jakarta, &catalogue))))
}

/// A year with so many outages of 1 to 30 minutes at irregular times; every seventh is *degraded* or *unknown* instead.
fn ledger(seed: u64, outages: i64) -> Vec<LedgerRow> {
    let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = move |below: i64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 1) as i64 % below
    };
    let every_s = YEAR_S / outages;
    let row = |from: i64, to: i64, state| LedgerRow {
        from: START.plus_ms(from * 1000),
        to: START.plus_ms(to * 1000),
        state,
        reason: None,
    };
    let (mut rows, mut up_from) = (Vec::new(), 0);
    for number in 0..outages {
        let from = number * every_s + every_s / 4 + next(every_s / 4);
        let to = from + (60 + next(1_740)).min(every_s / 3);
        rows.push(row(up_from, from, State::Up));
        match number % 14 {
            6 => rows.push(row(from, to, State::Degraded)),
            13 => {}
            _ => rows.push(row(from, to, State::Down)),
        }
        up_from = to;
    }
    rows.push(row(up_from, YEAR_S, State::Up));
    rows
}

async fn edit(store: &Store, service: &ServiceId, from: Timestamp, rows: Vec<LedgerRow>) -> Result<()> {
    let edit = LedgerEdit { service: service.clone(), replace_from: from, rows, parts: None };
    let decision = Decision { ledger: vec![edit], evaluated_at: START, ..Decision::default() };
    store.write(move |writer| writer.commit_decision(&decision)).await?;
    Ok(())
}

/// What an edit that makes the newest row longer costs, in ns, without the commit: what nearly every answer does.
async fn lengthen(store: &Store, service: &ServiceId) -> Result<f64> {
    const TIMES: i64 = 1_000;
    let newest = store.read(|reader| reader.ledger(service, NOW, NOW.plus_secs(YEAR_S)))?.pop().context("no row")?;
    let service = service.clone();
    let spent = store
        .write(move |writer| {
            let before = cpu_ns();
            for time in 1..=TIMES {
                let row = LedgerRow { to: newest.to.plus_secs(time), ..newest.clone() };
                let edit =
                    LedgerEdit { service: service.clone(), replace_from: newest.from, rows: vec![row], parts: None };
                writer.commit_decision(&Decision { ledger: vec![edit], evaluated_at: START, ..Decision::default() })?;
            }
            Ok(cpu_ns() - before)
        })
        .await?;
    Ok(spent as f64 / TIMES as f64)
}

fn figures(store: &Store, rulebook: &Rulebook, services: &[&ServiceId], period: &str) -> Result<Vec<AvailabilitySums>> {
    let period = Period::parse(period)?;
    Ok(store.read(|reader| service_period::load_many(reader, rulebook, services, period, NOW))?)
}

async fn fill(store: &Store, rulebook: &Arc<Rulebook>, services: &[ServiceId], now: Timestamp) -> Result<u64> {
    let before = cpu_ns();
    service_period::fill(store, Arc::clone(rulebook), services.to_vec(), now, Duration::ZERO).await?;
    Ok(cpu_ns() - before)
}

/// The CPU of the cheapest of `times` runs, and what the last one gave.
fn best<T>(times: usize, mut run: impl FnMut() -> Result<T>) -> Result<(u64, T)> {
    let mut best: Option<(u64, T)> = None;
    for _ in 0..times {
        let before = cpu_ns();
        let given = run()?;
        let spent = cpu_ns() - before;
        best = Some((best.map_or(spent, |(least, _)| least.min(spent)), given));
    }
    best.context("nothing was run")
}

/// Closes the store, so that everything is in its file, and opens it again; with the file's size.
fn reopen(store: Store, path: &Path) -> Result<(Store, u64)> {
    drop(store);
    let bytes = std::fs::metadata(path)?.len();
    Ok((Store::open(path, START)?, bytes))
}

/// CPU time of the process, all threads.
fn cpu_ns() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

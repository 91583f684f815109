//! What an hour of a host costs as a chunk, and its years as roll-ups: bytes, and CPU of encoding and reading.
//!
//! `cargo run --release -p pantau-tests --bin chunk_cost [-- TRACE.csv]`
//!
//! Without a trace one is made up, so that it runs anywhere; its sizes say little about real servers. Prints a table at
//! 1, 10 and 100 hosts of 360 frames each, how columns were written, what roll-ups of a host and year take, and one
//! line of JSON. CPU is this thread's. Plain pco of each column is there for comparison.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use pantau_collector::series::{SeriesKey, flatten};
use pantau_collector::store::chunk::{self, Chunk};
use pantau_collector::store::rollup::{self, Packed, Rollup, Step};
use pantau_shared::sample::Sample;
use pantau_shared::timestamp::Timestamp;
use pantau_tests::trace::{Trace, Unknown};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Frames of an hour.
const FRAMES: usize = 360;

/// Between two frames, in milliseconds.
const CYCLE_MS: i64 = 10_000;

/// Hours of which roll-ups are made: a month.
const MONTH_HOURS: usize = 744;

/// One line of the table.
#[derive(Debug, Default, serde::Serialize)]
struct Figures {
    hosts: usize,
    samples: usize,
    bytes_per_sample: f64,
    encode_ns_per_sample: f64,
    decode_ns_per_sample: f64,
    open_us: f64,
    one_series_us: f64,
    cpu_series_us: f64,
    plain_pco_bytes_per_sample: f64,
    plain_pco_encode_ns_per_sample: f64,
    rollup_ns_per_sample: f64,
    rollup_piece_bytes: usize,
}

/// What roll-ups of one host take.
#[derive(Debug, Default, serde::Serialize)]
struct Years {
    five_minutes_bytes_per_year: usize,
    hours_bytes_per_year: usize,
    day_bytes: usize,
    month_bytes: usize,
    pack_day_us: f64,
    merge_hour_into_month_us: f64,
    read_series_of_day_us: f64,
}

/// Measures what a chunk costs: time to pack, to read one series and all, bytes a sample, at three sizes.
#[derive(Debug, Parser)]
struct Options {
    /// Trace to pack (CSV); a made-up server of 82 series when not given
    trace: Option<PathBuf>,
}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn main() -> Result<()> {
    let trace = match Options::parse().trace {
        Some(path) => Trace::read(&path, Unknown::Refuse)?,
        None => Trace::synthetic(1_500),
    };
    println!(
        "{:>6} {:>9} {:>9} {:>9} {:>9} {:>8} {:>10} {:>8} {:>9} {:>9} {:>10} {:>8}",
        "hosts",
        "samples",
        "B/sample",
        "encode ns",
        "decode ns",
        "open µs",
        "1 series µs",
        "cpu µs",
        "pco B",
        "pco ns",
        "roll-up ns",
        "piece B"
    );
    let mut all = Vec::new();
    let mut encodings = BTreeMap::new();
    for hosts in [1, 10, 100] {
        encodings.clear();
        let f = measure(&trace, hosts, &mut encodings)?;
        println!(
            "{:>6} {:>9} {:>9.4} {:>9.1} {:>9.1} {:>8.1} {:>10.1} {:>8.1} {:>9.4} {:>9.1} {:>10.1} {:>8}",
            f.hosts,
            f.samples,
            f.bytes_per_sample,
            f.encode_ns_per_sample,
            f.decode_ns_per_sample,
            f.open_us,
            f.one_series_us,
            f.cpu_series_us,
            f.plain_pco_bytes_per_sample,
            f.plain_pco_encode_ns_per_sample,
            f.rollup_ns_per_sample,
            f.rollup_piece_bytes
        );
        all.push(f);
    }
    println!("\n{:<28} {:>8} {:>10}", "columns written as", "columns", "bytes");
    for (name, (columns, bytes)) in &encodings {
        println!("{name:<28} {columns:>8} {bytes:>10}");
    }
    let years = years(&trace)?;
    println!(
        "\nroll-ups of one host: 5 min {} B a day, {:.1} MB a year; 1 h {} B a month, {:.2} MB a year",
        years.day_bytes,
        years.five_minutes_bytes_per_year as f64 / 1e6,
        years.month_bytes,
        years.hours_bytes_per_year as f64 / 1e6
    );
    println!(
        "packing a day {:.0} µs, an hour into a month {:.0} µs, one series of a day read {:.1} µs",
        years.pack_day_us, years.merge_hour_into_month_us, years.read_series_of_day_us
    );
    println!("{}", serde_json::to_string(&(all, &encodings, years))?);
    Ok(())
}

/// The hour of host number `host` from step `from` on. An agent reads a few milliseconds late, each time otherwise.
fn frames(trace: &Trace, host: usize, from: usize) -> Vec<(Timestamp, Sample)> {
    let frame = |step: usize| {
        let late_ms = (step * 7_919 % 7) as i64;
        (Timestamp::from_ms(step as i64 * CYCLE_MS + late_ms), trace.sample(Trace::position(host, step)))
    };
    (from..from + FRAMES).map(frame).collect()
}

/// The frames' values, series by series.
fn columns(frames: &[(Timestamp, Sample)]) -> Vec<Vec<u64>> {
    let mut columns = BTreeMap::<_, Vec<u64>>::new();
    for (_, sample) in frames {
        for item in flatten(sample) {
            for (tag, value) in item.values {
                columns.entry((item.group, item.instance.clone(), tag)).or_default().push(value);
            }
        }
    }
    columns.into_values().collect()
}

type Encodings = BTreeMap<&'static str, (usize, usize)>;

fn measure(trace: &Trace, hosts: usize, encodings: &mut Encodings) -> Result<Figures> {
    let available: SeriesKey = "memory.available_bytes".parse()?;
    let user: SeriesKey = "cpu.user_ms".parse()?;
    let mut spent: [i64; 7] = [0; 7];
    let (mut bytes, mut pco_bytes, mut piece_bytes) = (0, 0, 0);
    for host in 0..hosts {
        let frames = frames(trace, host, 0);
        let encoded = timed(&mut spent[0], || chunk::encode(&frames))?;
        let read = timed(&mut spent[1], || Chunk::open(&encoded)?.frames())?;
        ensure!(read == frames, "a chunk lost something");
        let opened = timed(&mut spent[2], || Chunk::open(&encoded))?;
        timed(&mut spent[3], || Chunk::open(&encoded)?.column(&available))?;
        timed(&mut spent[4], || Chunk::open(&encoded)?.column(&user))?;
        for (name, bytes) in opened.encodings() {
            let sum = encodings.entry(name).or_default();
            sum.0 += 1;
            sum.1 += bytes;
        }
        for values in columns(&frames) {
            let plain = pco::ChunkConfig::default();
            pco_bytes += timed(&mut spent[5], || pco::standalone::simple_compress(&values, &plain))?.len();
        }
        let piece = timed(&mut spent[6], || Rollup::of_frames(Step::FiveMinutes, None, &frames).encode())?;
        bytes += encoded.len();
        piece_bytes += piece.len();
    }
    let samples = hosts * FRAMES * trace.series();
    let per = |spent: i64, what: usize| spent as f64 / what as f64;
    Ok(Figures {
        hosts,
        samples,
        bytes_per_sample: bytes as f64 / samples as f64,
        encode_ns_per_sample: per(spent[0], samples),
        decode_ns_per_sample: per(spent[1], samples),
        open_us: per(spent[2], hosts) / 1e3,
        one_series_us: per(spent[3], hosts) / 1e3,
        cpu_series_us: per(spent[4], hosts) / 1e3,
        plain_pco_bytes_per_sample: pco_bytes as f64 / samples as f64,
        plain_pco_encode_ns_per_sample: per(spent[5], samples),
        rollup_ns_per_sample: per(spent[6], samples),
        rollup_piece_bytes: piece_bytes / hosts,
    })
}

fn years(trace: &Trace) -> Result<Years> {
    let mut years = Years::default();
    let mut month: Option<Vec<u8>> = None;
    let mut pieces: Vec<(Timestamp, Vec<u8>)> = Vec::new();
    let mut before = None;
    let mut merging = 0;
    for hour in 0..MONTH_HOURS {
        let frames = frames(trace, 0, hour * FRAMES);
        let begin = frames.first().map(|(at, _)| Step::Hour.begin(*at)).context("an hour has frames")?;
        let fine = Rollup::of_frames(Step::FiveMinutes, before.as_ref(), &frames);
        let coarse = fine.coarser(Step::Hour).encode()?;
        let merge = || rollup::merge_hour(month.as_deref(), begin, &coarse);
        month = Some(timed(&mut merging, merge)?);
        if pieces.len() < 24 {
            pieces.push((begin, fine.encode()?));
        }
        before = frames.into_iter().next_back();
    }
    let mut spent = [0; 2];
    let pieces: Vec<(Timestamp, &[u8])> = pieces.iter().map(|(hour, piece)| (*hour, piece.as_slice())).collect();
    let day = timed(&mut spent[0], || rollup::merge_hours(None, &pieces))?;
    let busy: SeriesKey = "host.cpu_busy_permille".parse()?;
    let always = Timestamp::from_ms(0)..Timestamp::from_ms(i64::MAX);
    let points = timed(&mut spent[1], || Packed::open(&day)?.points(&busy, always))?;
    ensure!(points.len() == 288, "a day has {} steps", points.len());
    years.day_bytes = day.len();
    years.month_bytes = month.map_or(0, |month| month.len());
    years.five_minutes_bytes_per_year = years.day_bytes * 365;
    years.hours_bytes_per_year = years.month_bytes * 365 / 31;
    years.pack_day_us = f64::from(i32::try_from(spent[0] / 1000)?);
    years.read_series_of_day_us = spent[1] as f64 / 1e3;
    years.merge_hour_into_month_us = merging as f64 / 1e3 / MONTH_HOURS as f64;
    Ok(years)
}

/// Runs `work` and adds the CPU time of this thread, in ns.
fn timed<T>(spent: &mut i64, work: impl FnOnce() -> T) -> T {
    let before = cpu_ns();
    let done = work();
    *spent += cpu_ns() - before;
    done
}

fn cpu_ns() -> i64 {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    spent.tv_sec * 1_000_000_000 + spent.tv_nsec
}

//! What a run showed: figures from counts, a table for people, JSON for programs. Pure.

use super::agents::Proof;
use super::play::{Pace, Played};
use serde::Serialize;
use std::time::Duration;

/// How acknowledgements came, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Latencies {
    /// Half came within this.
    pub p50_us: u32,
    /// 99 of 100 came within this.
    pub p99_us: u32,
    /// The slowest.
    pub max_us: u32,
}

impl Latencies {
    /// Of all that were measured; zeros of none.
    pub fn of(mut all: Vec<u32>) -> Self {
        all.sort_unstable();
        let at = |permille: usize| {
            let rank = (all.len() * permille).div_ceil(1000).max(1);
            all.get(rank - 1).copied().unwrap_or(0)
        };
        Self { p50_us: at(500), p99_us: at(990), max_us: all.last().copied().unwrap_or(0) }
    }
}

/// What the processor did for the run, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// From the first batch to some seconds after the last: received, verified, durable, judged.
    pub live_ns: u64,
    /// After that, until all frames were in closed chunks.
    pub closing_ns: u64,
}

/// What the store did with the frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// All frames are in closed chunks.
    Closed,
    /// They were not within the time given.
    NotInTime,
    /// The collector does not tell: bytes are those of frames as they arrived.
    NotTold,
}

/// The figures of one run.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// Agents.
    pub hosts: usize,
    /// Frames of each.
    pub steps: usize,
    /// Frames in a batch.
    pub frames_per_batch: usize,
    /// Series in a frame.
    pub series: usize,
    /// TLS or plain.
    pub tls: bool,
    /// How batches were made attributable.
    pub proof: Proof,
    /// How fast.
    pub pace: Pace,
    /// Batches sent and acknowledged, counted by the agents.
    pub batches: u64,
    /// Samples (series × frames) sent and acknowledged, counted by the agents.
    pub samples: u64,
    /// Observations that the collector says it stored: the same as the agents had acknowledged.
    pub observations_stored: u64,
    /// Batches sent again for want of room.
    pub repeated: u64,
    /// First batch to last acknowledgement.
    pub seconds: f64,
    /// Bytes of a batch on the wire, without HTTP and TLS.
    pub batch_bytes: f64,
    /// Collector's processor time for a batch, live; `None` when its process is not known.
    pub cpu_us_per_batch: Option<f64>,
    /// The same for a sample.
    pub cpu_ns_per_sample: Option<f64>,
    /// Collector's processor time for a sample after that, until closed.
    pub closing_cpu_ns_per_sample: Option<f64>,
    /// Sending to acknowledgement.
    pub acknowledge: Latencies,
    /// Bytes of chunks for a sample; of what the store grew by where they are not all made.
    pub store_bytes_per_sample: f64,
    /// Bytes of the roll-ups of an hour for a sample, until their day is packed.
    pub rollup_bytes_per_sample: Option<f64>,
    /// Whether those bytes are of closed chunks.
    pub closing: Closing,
    /// Proportional memory at the end, in bytes.
    pub pss_bytes: Option<u64>,
}

/// What was run, beside what the agents saw.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Agents.
    pub hosts: usize,
    /// Frames of each.
    pub steps: usize,
    /// Frames in a batch.
    pub frames_per_batch: usize,
    /// Series in a frame.
    pub series: usize,
    /// TLS or plain.
    pub tls: bool,
    /// How batches were made attributable.
    pub proof: Proof,
    /// How fast.
    pub pace: Pace,
}

/// What was measured of the collector.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// Processor time; `None` when its process is not known.
    pub spent: Option<Spent>,
    /// Bytes of the chunks; of what the store grew by where they are not all made.
    pub store_bytes: u64,
    /// Bytes of the roll-ups of an hour made with them.
    pub rollup_bytes: Option<u64>,
    /// What became of the frames.
    pub closing: Closing,
    /// Proportional memory at the end.
    pub pss_bytes: Option<u64>,
    /// Observations stored by its own count.
    pub observations_stored: u64,
}

#[expect(clippy::cast_precision_loss, reason = "figures for people: six digits are enough")]
fn per(total: u64, count: u64) -> f64 {
    total as f64 / count.max(1) as f64
}

impl Figures {
    /// From the counts of both ends.
    pub fn of(run: Run, played: Played, took: Duration, measured: Measured) -> Self {
        let samples = played.frames * run.series as u64;
        let live = measured.spent.map(|spent| spent.live_ns);
        let closing = measured.spent.filter(|_| measured.closing == Closing::Closed).map(|spent| spent.closing_ns);
        Self {
            hosts: run.hosts,
            steps: run.steps,
            frames_per_batch: run.frames_per_batch,
            series: run.series,
            tls: run.tls,
            proof: run.proof,
            pace: run.pace,
            batches: played.batches,
            samples,
            observations_stored: measured.observations_stored,
            repeated: played.repeated,
            seconds: took.as_secs_f64(),
            batch_bytes: per(played.bytes, played.batches),
            cpu_us_per_batch: live.map(|ns| per(ns, played.batches) / 1000.0),
            cpu_ns_per_sample: live.map(|ns| per(ns, samples)),
            closing_cpu_ns_per_sample: closing.map(|ns| per(ns, samples)),
            store_bytes_per_sample: per(measured.store_bytes, samples),
            rollup_bytes_per_sample: measured.rollup_bytes.map(|bytes| per(bytes, samples)),
            closing: measured.closing,
            pss_bytes: measured.pss_bytes,
            acknowledge: Latencies::of(played.latencies_us),
        }
    }

    /// The line above the table.
    pub fn render_header() -> String {
        format!(
            "{:>6} {:>6} {:>6} {:>9} {:>11} {:>8} {:>8} {:>9} {:>9} {:>9} {:>8} {:>8} {:>8} {:>8}",
            "hosts",
            "frames",
            "batch",
            "batches",
            "samples",
            "seconds",
            "B/batch",
            "µs/batch",
            "ns/sample",
            "closing",
            "p50 ms",
            "p99 ms",
            "B/sample",
            "Pss MB"
        )
    }

    /// One line of the table.
    pub fn render_line(&self) -> String {
        let ms = |us: u32| f64::from(us) / 1000.0;
        let mark = self.mark();
        format!(
            "{:>6} {:>6} {:>6} {:>9} {:>11} {:>8.1} {:>8.0} {:>9} {:>9} {:>9} {:>8.2} {:>8.2} {:>8} {:>8}",
            self.hosts,
            self.steps,
            self.frames_per_batch,
            self.batches,
            self.samples,
            self.seconds,
            self.batch_bytes,
            figure(self.cpu_us_per_batch, 1),
            figure(self.cpu_ns_per_sample, 0),
            figure(self.closing_cpu_ns_per_sample, 0),
            ms(self.acknowledge.p50_us),
            ms(self.acknowledge.p99_us),
            format!("{:.2}{mark}", self.store_bytes_per_sample),
            figure(self.pss_bytes.map(|bytes| per(bytes, 1 << 20)), 1)
        )
    }

    /// Behind bytes that are not those of closed chunks.
    pub fn mark(&self) -> &'static str {
        if self.closing == Closing::Closed { "" } else { "*" }
    }

    /// What a reader of the line must know besides; empty when nothing.
    pub fn render_note(&self) -> String {
        let mut notes = Vec::new();
        match self.closing {
            Closing::Closed => {}
            Closing::NotInTime => notes.push("* the frames were not all in closed chunks within --settle".to_owned()),
            Closing::NotTold => {
                notes.push(
                    "* this collector has no pantau_store_frames_waiting: bytes of frames as they arrived".into(),
                );
            }
        }
        if self.repeated > 0 {
            notes.push(format!("{} batches were sent again for want of room", self.repeated));
        }
        notes.join("\n")
    }
}

/// A figure with so many decimals, or `-`.
pub fn figure(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_what_was_measured() {
        assert_eq!(Latencies::of(Vec::new()), Latencies::default());
        assert_eq!(Latencies::of(vec![7]), Latencies { p50_us: 7, p99_us: 7, max_us: 7 });
        let all = (1..=1000).rev().collect();
        assert_eq!(Latencies::of(all), Latencies { p50_us: 500, p99_us: 990, max_us: 1000 });
    }

    #[test]
    fn figures_are_totals_over_counts() {
        let run = Run {
            hosts: 2,
            steps: 100,
            frames_per_batch: 2,
            series: 82,
            tls: true,
            proof: Proof::Signature,
            pace: Pace::Accelerated,
        };
        let played =
            Played { batches: 100, frames: 200, observations: 210, bytes: 60_000, repeated: 1, latencies_us: vec![9] };
        let measured = Measured {
            spent: Some(Spent { live_ns: 10_000_000, closing_ns: 1_640_000 }),
            store_bytes: 16_400,
            rollup_bytes: None,
            closing: Closing::Closed,
            pss_bytes: Some(1 << 20),
            observations_stored: 210,
        };
        let figures = Figures::of(run, played.clone(), Duration::from_secs(2), measured);
        assert_eq!((figures.samples, figures.batch_bytes), (16_400, 600.0));
        assert_eq!(figures.cpu_us_per_batch, Some(100.0));
        assert_eq!((figures.closing_cpu_ns_per_sample, figures.store_bytes_per_sample), (Some(100.0), 1.0));
        assert!(figures.render_note().contains("1 batches were sent again"));
        let columns = |line: &str| line.split_whitespace().count();
        assert_eq!(columns(&figures.render_line()), 14);
        let open = Measured { closing: Closing::NotTold, spent: None, ..measured };
        let open = Figures::of(run, played, Duration::from_secs(2), open);
        assert!(open.render_line().contains("1.00*") && open.render_note().contains("frames as they arrived"));
        assert_eq!((open.cpu_us_per_batch, open.closing_cpu_ns_per_sample), (None, None));
    }
}

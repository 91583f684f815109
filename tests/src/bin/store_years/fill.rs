//! Fills the store in the order of time: packed samples of all hosts day by day, the answers of each hour beside them, at
//! the end the ledgers and what was heard last.

use crate::office::{Office, Spools, Told};
use crate::outages::{ledger, state_at};
use crate::played::{self, Body, Day};
use crate::span::{HOUR_MS, Span, hours};
use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;
use pantau_collector::domain::state::State;
use pantau_collector::store::records::{Decision, FactCursor, LedgerEdit, LedgerRow};
use pantau_collector::store::{PlacedRow, Store, StoreError, WholeFrom, Writer};
use pantau_shared::envelope::{AgentStarted, ObservationBody};
use pantau_shared::probe::{ProbeOutcome, ProbePhase, ProbeVerdict};
use pantau_shared::timestamp::Timestamp;
use pantau_tests::trace::Trace;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

/// Between two answers of a check.
const ANSWER_MS: i64 = 300_000;

/// Rows in one request: chunks are some 20 kB each, days some 40 kB.
const ROWS_AT_ONCE: usize = 256;

/// What is filled, and with what.
#[derive(Debug)]
pub(crate) struct Filler {
    /// Into this.
    pub(crate) store: Store,
    /// What the hosts read.
    pub(crate) trace: Arc<Trace>,
    /// Who.
    pub(crate) office: Office,
    /// Over which time.
    pub(crate) span: Span,
    /// Hosts whose samples are computed.
    pub(crate) distinct: usize,
}

/// How much went in.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
pub(crate) struct Filled {
    /// Hours of a host with samples.
    pub(crate) chunks: usize,
    /// Days of a host.
    pub(crate) days: usize,
    /// Months of a host.
    pub(crate) months: usize,
    /// Probe answers and whatever else agents sent.
    pub(crate) facts: usize,
    /// Rows of ledgers.
    pub(crate) ledger_rows: usize,
}

impl Filler {
    /// Fills everything; `bar` counts days.
    pub(crate) async fn fill(&self, bar: &ProgressBar) -> Result<Filled> {
        let Span { from, to, raw_from } = self.span;
        let whole = WholeFrom { raw: raw_from, five_minutes: from, one_hour: from };
        self.store.write(move |writer| writer.whole_only_from(whole)).await?;
        self.office.enrol(&self.store, from).await?;
        let mut spools = Spools::new(self.office.hosts);
        let started = (0..self.office.hosts).map(|host| Ok((host, vec![(from, started(host)?)])));
        spools.send(&self.store, from, started.collect::<Result<_>>()?).await?;
        let ledgers: Vec<Vec<LedgerRow>> = (0..self.office.services).map(|n| ledger(n, self.span)).collect();
        let playing = (0..self.distinct).map(|host| played::play(Arc::clone(&self.trace), host, self.span));
        let playing = playing.collect::<Result<Vec<_>>>()?;
        let mut filled = Filled::default();
        for day in self.span.days() {
            let played = next_day(&playing)?;
            self.place(&played, &mut filled).await?;
            for hour in hours(&day).into_iter().filter(|hour| hour.start >= raw_from) {
                spools.send(&self.store, hour.end, self.answers(&ledgers, &hour)?).await?;
            }
            bar.inc(1);
        }
        let last = (0..self.office.hosts).map(|host| {
            let (at, sample) = played::frame(&self.trace, host % self.distinct, self.span, to)?;
            Ok((host, vec![(at, ObservationBody::Sample(Box::new(sample)))]))
        });
        spools.send(&self.store, to.plus_secs(1), last.collect::<Result<_>>()?).await?;
        filled.facts = spools.stored;
        filled.ledger_rows = ledgers.iter().map(Vec::len).sum();
        self.decide(ledgers, spools.stored).await?;
        Ok(filled)
    }

    /// Places a day of all hosts: each has the rows of the computed host it copies, under its own number.
    async fn place(&self, played: &[Day], filled: &mut Filled) -> Result<()> {
        let hours = played.first().map_or(0, |day| day.chunks.len());
        for hour in 0..hours {
            filled.chunks += self.place_all(played, |day| day.chunks.get(hour), Writer::place_chunks).await?;
        }
        filled.days += self.place_all(played, |day| Some(&day.five_minutes), Writer::place_days).await?;
        filled.months += self.place_all(played, |day| day.month.as_ref(), Writer::place_months).await?;
        Ok(())
    }

    async fn place_all(
        &self,
        played: &[Day],
        body: impl Fn(&Day) -> Option<&Body>,
        place: fn(&mut Writer, &[PlacedRow]) -> Result<(), StoreError>,
    ) -> Result<usize> {
        let mut rows = Vec::new();
        for host in 0..self.office.hosts {
            if let Some((begins_at, body)) = played.get(host % self.distinct).and_then(&body) {
                rows.push(PlacedRow { host: Office::host(host)?, begins_at: *begins_at, body: Arc::clone(body) });
            }
        }
        for rows in rows.chunks(ROWS_AT_ONCE) {
            let rows = rows.to_vec();
            self.store.write(move |writer| place(writer, &rows)).await?;
        }
        Ok(rows.len())
    }

    /// The answers of an hour: a batch of each host that asks. An *unknown* stretch has none.
    fn answers(&self, ledgers: &[Vec<LedgerRow>], hour: &Range<Timestamp>) -> Result<Vec<Told>> {
        let mut batches: Vec<Told> = Vec::new();
        for (service, ledger) in ledgers.iter().enumerate() {
            let host = self.office.vantage(service);
            if batches.last().is_none_or(|(last, _)| *last != host) {
                batches.push((host, Vec::new()));
            }
            let (_, batch) = batches.last_mut().context("there is a batch")?;
            // Not all at one instant.
            let first = hour.start.plus_ms(i64::try_from(service * 1_777)? % ANSWER_MS);
            let times = (0..HOUR_MS / ANSWER_MS).map(|number| first.plus_ms(number * ANSWER_MS));
            batch.extend(times.filter_map(|at| Some((at, answer(service, at, state_at(ledger, at)?)))));
        }
        for (_, batch) in &mut batches {
            batch.sort_by_key(|(at, _)| *at);
        }
        batches.retain(|(_, batch)| !batch.is_empty());
        Ok(batches)
    }

    /// Ledgers, and the engine's cursor behind all facts: they are numbered from 1 in a new store.
    async fn decide(&self, ledgers: Vec<Vec<LedgerRow>>, facts: usize) -> Result<()> {
        let cursor = FactCursor(i64::try_from(facts)?);
        let last = self.store.facts_after(FactCursor(cursor.0 - 1), 2)?;
        ensure!(last.facts.len() == 1 && last.cursor == cursor, "fact {facts} is not the last one");
        let edit = |(service, rows)| {
            anyhow::Ok(LedgerEdit {
                service: Office::service(service)?,
                replace_from: self.span.from,
                rows,
                parts: None,
            })
        };
        let ledger = ledgers.into_iter().enumerate().map(edit).collect::<Result<_>>()?;
        let decision = Decision { cursor, ledger, evaluated_at: self.span.to, ..Decision::default() };
        self.store.write(move |writer| writer.commit_decision(&decision)).await?;
        Ok(())
    }
}

fn next_day(playing: &[Receiver<Result<Day>>]) -> Result<Vec<Day>> {
    playing.iter().map(|days| days.recv().context("a host is played no further")?).collect()
}

fn started(host: usize) -> Result<ObservationBody> {
    Ok(ObservationBody::Started(AgentStarted {
        agent_version: env!("CARGO_PKG_VERSION").into(),
        hostname: Office::host(host)?.to_string(),
        os: "Debian GNU/Linux 12 (bookworm)".into(),
        kernel: "6.1.0-28-amd64".into(),
        ..AgentStarted::default()
    }))
}

fn answer(service: usize, at: Timestamp, state: State) -> ObservationBody {
    let varied = at.as_ms().unsigned_abs() / 1_000 * 7_919 % 9_973;
    let timed = ProbeOutcome {
        check: Office::check(service),
        verdict: ProbeVerdict::Ok.into(),
        duration_us: 71_000 + varied,
        resolve_us: Some(900),
        connect_us: Some(1_200 + varied % 90),
        tls_us: Some(9_000 + varied % 900),
        first_byte_us: Some(58_000 + varied % 9_000),
        transfer_us: Some(400 + varied % 300),
        http_status: Some(200),
        body_bytes: Some(48_000),
        certificate_expires_at: Some(at.as_ms() / 1_000 + 60 * 86_400),
        ..ProbeOutcome::default()
    };
    ObservationBody::Probe(match state {
        State::Down => ProbeOutcome {
            verdict: ProbeVerdict::Failed.into(),
            phase: ProbePhase::Content.into(),
            reason: "status 503, expected 200 to 399".into(),
            http_status: Some(503),
            ..timed
        },
        State::Degraded => ProbeOutcome {
            verdict: ProbeVerdict::Degraded.into(),
            phase: ProbePhase::FirstByte.into(),
            reason: "answered after 2.9 s, slower than 2 s".into(),
            duration_us: 2_900_000 + varied,
            first_byte_us: Some(2_887_000 + varied),
            ..timed
        },
        _ => timed,
    })
}

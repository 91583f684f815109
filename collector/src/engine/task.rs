//! The engine's one task: wakes on a nudge, a command or a tick, and takes the four steps.

use super::commands::Command;
use super::evaluate::{Context, Told};
use super::evidence::{self, Gathered};
use super::model::{Model, Plan, PlannedChange};
use super::{EngineOptions, Render, checkpoint, checkpoint_waits, load, shown};
use crate::clock::Clock;
use crate::domain::route::Routing;
use crate::domain::ticket::TicketNumber;
use crate::self_stats::SelfStats;
use crate::snapshot::{OutboxView, Snapshot};
use crate::store::records::{CheckpointSlice, Decision, FactCursor, Facts};
use crate::store::{Store, StoreError};
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};

/// Time itself changes states: silence, holds, deadlines.
const TICK: Duration = Duration::from_secs(1);
/// A nudge is followed by so long a pause, so that many batches make one evaluation.
const GATHER: Duration = Duration::from_millis(20);
/// While only the cursor moves, it is committed this often, in milliseconds.
const CURSOR_MS: i64 = 1_000;
/// While nothing is decided, a nudge makes a new snapshot this often, in milliseconds.
const ANNOUNCE_MS: i64 = 200;
/// Services that are replayed in one activation because of late answers.
const LATE_ROUND: usize = 32;
/// A service is replayed for late answers at most this often, in milliseconds.
const LATE_PAUSE_MS: i64 = 10_000;
/// Without anything to say, the heartbeat is committed this often.
const HEARTBEAT_MS: i64 = 10_000;

/// The running engine; see [`EngineTask::run`].
pub struct EngineTask {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) stats: Arc<SelfStats>,
    pub(super) render: Render,
    pub(super) routing: Arc<Routing>,
    pub(super) model: Model,
    commands: mpsc::Receiver<Command>,
    nudge: Arc<Notify>,
    pub(super) outbox: Arc<Notify>,
    pub(super) snapshots: watch::Sender<Arc<Snapshot>>,
    demo: bool,
    committed_at: Option<Timestamp>,
    committed_cursor: FactCursor,
    /// The cursor before the earliest late answer that waits for its replay.
    held: Option<FactCursor>,
    /// The slice of the checkpoint that was saved last.
    slice: u32,
    announced_at: Timestamp,
    outbox_view: OutboxView,
    /// The host whose file systems were looked ahead at last.
    pub(super) looked_ahead: usize,
    /// The model may differ from the store: rebuild before anything else.
    pub(super) stale: bool,
}

impl std::fmt::Debug for EngineTask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineTask").field("cursor", &self.model.cursor).finish_non_exhaustive()
    }
}

impl EngineTask {
    pub(super) fn new(
        options: EngineOptions,
        commands: mpsc::Receiver<Command>,
        nudge: Arc<Notify>,
        outbox: Arc<Notify>,
    ) -> Result<(Self, watch::Receiver<Arc<Snapshot>>), StoreError> {
        let now = options.clock.now();
        let mut model = Model::new(options.catalogue, options.profile, options.catalogue_applied_at, now);
        let view = options.store.read(|reader| {
            load::rebuild(reader, &mut model, now)?;
            reader.outbox_view()
        })?;
        let first = Arc::new(shown::build(&mut model, view.clone(), options.demo, now));
        let (snapshots, receiver) = watch::channel(first);
        let task = Self {
            store: options.store,
            clock: options.clock,
            stats: options.stats,
            render: options.render,
            routing: Arc::new(options.routing),
            model,
            commands,
            nudge,
            outbox,
            snapshots,
            demo: options.demo,
            committed_at: None,
            committed_cursor: FactCursor::default(),
            held: None,
            slice: 0,
            announced_at: now,
            outbox_view: view,
            looked_ahead: 0,
            stale: false,
        };
        Ok((task, receiver))
    }

    /// Runs until `stop` is true or its sender is gone.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let nudge = Arc::clone(&self.nudge);
        loop {
            tokio::select! {
                changed = stop.changed() => {
                    if changed.is_err() || *stop.borrow() {
                        return self.leave().await;
                    }
                }
                command = self.commands.recv() => {
                    let Some(command) = command else { return };
                    self.command(command).await;
                    self.evaluate_counted(true).await;
                }
                () = nudge.notified() => {
                    tokio::time::sleep(GATHER).await;
                    self.evaluate_counted(false).await;
                }
                _ = tick.tick() => {
                    self.look_ahead().await;
                    self.model.take_clocks(&self.stats.clocks);
                    self.evaluate_counted(true).await;
                }
            }
        }
    }

    async fn evaluate_counted(&mut self, announce: bool) {
        self.stats.evaluations.increment();
        if let Err(error) = self.activate(announce).await {
            self.stats.evaluation_failures.increment();
            tracing::error!(error = &error as &dyn std::error::Error, "evaluation failed; it will be tried again");
        }
    }

    /// One activation: load, decide, commit, announce; page by page while there are facts.
    ///
    /// # Errors
    /// What the store says; nothing is lost then, the same facts are decided again.
    pub async fn evaluate(&mut self) -> Result<(), StoreError> {
        self.activate(true).await
    }

    /// The same; without `announce`, as after a nudge, the snapshot may stay as it is for a moment when nothing was
    /// decided.
    ///
    /// # Errors
    /// As [`Self::evaluate`].
    pub async fn activate(&mut self, announce: bool) -> Result<(), StoreError> {
        let done = self.four_steps(announce).await;
        // What was taken in and not committed is to be taken from the store again.
        self.stale |= done.is_err();
        done
    }

    async fn four_steps(&mut self, announce: bool) -> Result<(), StoreError> {
        if self.waits_for_the_disk() {
            return Ok(());
        }
        if self.stale {
            self.rebuild().await?;
        }
        let mut decided = false;
        loop {
            let (now, before) = (self.clock.now(), self.model.cursor);
            let facts = self.load_facts().await?;
            for fact in &facts.facts {
                self.model.apply(fact);
            }
            self.model.cursor = before.max(facts.cursor);
            self.replay_late(before, now).await?;
            decided |= self.decide_and_commit(now).await?;
            if !facts.more {
                break;
            }
        }
        let now = self.clock.now();
        if announce || decided || now.ms_since(self.announced_at) >= ANNOUNCE_MS {
            self.announce(announce || decided, now).await?;
        }
        Ok(())
    }

    /// Facts first, then the news of hosts: whoever sent a fact is known by then.
    async fn load_facts(&mut self) -> Result<Facts, StoreError> {
        let cursor = self.model.cursor;
        let facts = match self.store.facts_in_memory(cursor, load::FACTS_PAGE) {
            Some(facts) => facts,
            None => self.read(move |reader| reader.facts_after(cursor, load::FACTS_PAGE)).await?,
        };
        let heard = self.store.take_heard();
        if !heard.anew.is_empty() {
            let anew = heard.anew;
            let records = self.read(move |reader| {
                let records = anew.iter().map(|id| reader.host(id));
                records.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()
            });
            let records = records.await?;
            self.model.refresh_hosts(records);
        }
        self.model.take_news(heard.hosts);
        Ok(facts)
    }

    /// Reads on a thread that may block.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&crate::store::Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || store.read(f)).await.unwrap_or(Err(StoreError::Closed))
    }

    /// Replays services that got late answers: at most [`LATE_ROUND`] of them, each at most once in [`LATE_PAUSE_MS`], so
    /// that a backlog of days costs a few replays and nobody waits for it. `before` is the cursor before this page: the
    /// durable cursor stays behind it for as long as a service waits.
    async fn replay_late(&mut self, before: FactCursor, now: Timestamp) -> Result<(), StoreError> {
        self.reload_isolations(now).await?;
        if self.model.late.is_empty() {
            return Ok(());
        }
        self.held.get_or_insert(before);
        let mut round = self.model.take_late(now, LATE_PAUSE_MS, LATE_ROUND);
        if !round.is_empty() {
            let replayed = self.read(move |reader| {
                for late in &mut round {
                    late.from = load::replay(reader, &mut late.service, Some(late.at), now)?;
                }
                Ok(round)
            });
            let replayed = replayed.await?;
            self.stats.late_replays.add(replayed.len() as u64);
            self.model.put_back(replayed, now);
        }
        if self.model.late.is_empty() {
            self.held = None;
        } else if self.model.late_waits(now, LATE_PAUSE_MS) {
            self.nudge.notify_one();
        }
        Ok(())
    }

    /// Reads vantages anew whose witnesses answered late.
    async fn reload_isolations(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let late = std::mem::take(&mut self.model.isolation.late);
        if late.is_empty() {
            return Ok(());
        }
        let mut isolation = std::mem::take(&mut self.model.isolation);
        let read = self.read(move |reader| {
            late.iter().try_for_each(|place| isolation.reload(reader, *place, now))?;
            Ok((isolation, late))
        });
        let (isolation, late) = read.await?;
        self.model.take_isolation(isolation, &late);
        Ok(())
    }

    /// Up to here a start need not read again.
    pub(super) fn durable_cursor(&self) -> FactCursor {
        self.held.unwrap_or(self.model.cursor)
    }

    pub(super) async fn rebuild(&mut self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let old = &self.model;
        let mut model =
            Model::new(Arc::clone(&old.catalogue), Arc::clone(&old.profile), old.applied_at, old.listening_since);
        self.model = self
            .read(move |reader| {
                load::rebuild(reader, &mut model, now)?;
                Ok(model)
            })
            .await?;
        self.stale = false;
        self.held = None;
        Ok(())
    }

    /// Decides, and commits what was decided; whether anything was. The cursor alone, and a slice of the checkpoint, are
    /// committed once in a while.
    async fn decide_and_commit(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        let plan = self.model.decide(now);
        let since = self.committed_at.map_or(i64::MAX, |at| now.ms_since(at));
        let moved = self.durable_cursor() != self.committed_cursor;
        // Also when the clock was set back.
        let due = !(0..HEARTBEAT_MS).contains(&since) || (moved && since >= CURSOR_MS);
        let waits = self.model.groups.is_unsaved();
        if plan.is_empty() && !due && !waits {
            return Ok(false);
        }
        let slice = due.then(|| self.model.hosts.next_unsaved(self.slice)).flatten();
        let hosts = slice.map(|slice| checkpoint::save(&self.model, slice));
        let slices = hosts.into_iter().chain(waits.then(|| checkpoint_waits::save(&self.model))).collect();
        let decided = !plan.is_empty();
        self.commit_plan(plan, slices, now).await?;
        Ok(decided)
    }

    async fn commit_plan(
        &mut self,
        plan: Plan,
        slices: Vec<CheckpointSlice>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let cursor = self.durable_cursor();
        let told = self.told(&plan).await?;
        let evidence = self.evidence(&plan, now).await?;
        let context = Context::new(&self.model, &self.routing, &self.render, now).told(told).with_evidence(evidence);
        let folded = plan.admitted.folded.clone();
        let committed: Decision = self
            .store
            .write(move |writer| {
                let mut decision = context.decision(plan, cursor, |year| writer.next_ticket_number(year))?;
                decision.checkpoint = slices;
                writer.commit_decision(&decision)?;
                Ok(decision)
            })
            .await?;
        (self.committed_at, self.committed_cursor) = (Some(now), cursor);
        for slice in &committed.checkpoint {
            if slice.slice == checkpoint_waits::WAITS {
                self.model.groups.saved();
                continue;
            }
            self.model.hosts.saved(slice.slice);
            self.slice = slice.slice;
        }
        let told = committed.tickets.iter().any(|t| !t.messages.is_empty());
        let tells = told || committed.notices.iter().any(|notice| !notice.messages.is_empty());
        for change in committed.tickets {
            self.model.committed(change.ticket);
        }
        self.model.committed_held(committed.held, now);
        folded.into_iter().for_each(|(rule, count)| self.stats.tickets_folded.add(rule, count.into()));
        self.model.note_proposed(committed.corrections);
        if tells {
            self.outbox.notify_one();
        }
        Ok(())
    }

    /// What the tickets that the plan opens are opened on. Without it they open all the same.
    async fn evidence(&self, plan: &Plan, now: Timestamp) -> Result<Gathered, StoreError> {
        let wanted = evidence::wanted(&self.model, plan);
        if wanted.is_empty() {
            return Ok(Gathered::new());
        }
        match self.read(move |reader| evidence::gather(reader, wanted, now)).await {
            Err(error @ StoreError::Damaged { .. }) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "tickets open without their evidence");
                Ok(Gathered::new())
            }
            gathered => gathered,
        }
    }

    /// Who has heard of the tickets that the plan tells of. Without routes everyone has: nothing is read.
    async fn told(&self, plan: &Plan) -> Result<Told, StoreError> {
        let changed = plan.changes.iter().filter_map(|change| match change {
            PlannedChange::Change { ticket, .. } => Some(ticket.number),
            PlannedChange::Open(..) | PlannedChange::Release(_) => None,
        });
        self.told_of(changed.collect()).await
    }

    /// Who has heard of these tickets.
    pub(super) async fn told_of(&self, tickets: Vec<TicketNumber>) -> Result<Told, StoreError> {
        if self.routing.routes.is_empty() || tickets.is_empty() {
            return Ok(Told::new());
        }
        self.read(move |reader| tickets.into_iter().map(|number| Ok((number, reader.outbox_told(number)?))).collect())
            .await
    }

    /// The last act: the whole checkpoint, so that the next start has nothing to read again.
    pub(super) async fn leave(mut self) {
        if self.stale {
            return;
        }
        let slices = self.model.hosts.unsaved().map(|slice| checkpoint::save(&self.model, slice)).collect();
        if let Err(error) = self.commit_plan(Plan::default(), slices, self.clock.now()).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "no last checkpoint; the next start reads half a minute of facts again");
        }
    }

    pub(super) async fn announce(&mut self, count_outbox: bool, now: Timestamp) -> Result<(), StoreError> {
        if count_outbox {
            self.outbox_view = self.read(|reader| reader.outbox_view()).await?;
        }
        let snapshot = shown::build(&mut self.model, self.outbox_view.clone(), self.demo, now);
        self.announced_at = now;
        self.snapshots.send_replace(Arc::new(snapshot));
        Ok(())
    }
}

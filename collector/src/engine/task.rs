//! The engine's one task: wakes on a nudge, a command or a tick, and takes the four steps.

use super::commands::Command;
use super::evaluate::Context;
use super::model::Model;
use super::{EngineOptions, Render, load, snapshot_builder};
use crate::clock::Clock;
use crate::self_stats::SelfStats;
use crate::snapshot::{OutboxView, Snapshot};
use crate::store::records::{Decision, Facts, HostRecord};
use crate::store::{Store, StoreError};
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};

/// Time itself changes states: silence, holds, deadlines.
const TICK: Duration = Duration::from_secs(1);
/// A nudge is followed by so long a pause, so that many batches make one evaluation.
const GATHER: Duration = Duration::from_millis(20);
/// Without anything to say, the heartbeat is committed this often.
const HEARTBEAT_MS: i64 = 10_000;

/// The running engine; see [`EngineTask::run`].
pub struct EngineTask {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) stats: Arc<SelfStats>,
    pub(super) render: Render,
    pub(super) targets: Arc<Vec<String>>,
    pub(super) model: Model,
    commands: mpsc::Receiver<Command>,
    nudge: Arc<Notify>,
    pub(super) outbox: Arc<Notify>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    demo: bool,
    committed_at: Option<Timestamp>,
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
        let first = Arc::new(snapshot_builder::build(&mut model, view, options.demo, now));
        let (snapshots, receiver) = watch::channel(first);
        let task = Self {
            store: options.store,
            clock: options.clock,
            stats: options.stats,
            render: options.render,
            targets: Arc::new(options.targets),
            model,
            commands,
            nudge,
            outbox,
            snapshots,
            demo: options.demo,
            committed_at: None,
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
                        return;
                    }
                }
                command = self.commands.recv() => {
                    let Some(command) = command else { return };
                    self.command(command).await;
                    self.evaluate_counted().await;
                }
                () = nudge.notified() => {
                    tokio::time::sleep(GATHER).await;
                    self.evaluate_counted().await;
                }
                _ = tick.tick() => self.evaluate_counted().await,
            }
        }
    }

    async fn evaluate_counted(&mut self) {
        self.stats.evaluations.increment();
        if let Err(error) = self.evaluate().await {
            self.stats.evaluation_failures.increment();
            self.stale = true;
            tracing::error!(error = &error as &dyn std::error::Error, "evaluation failed; it will be tried again");
        }
    }

    /// One activation: load, decide, commit, announce; page by page while there are facts.
    ///
    /// # Errors
    /// What the store says; nothing is lost then, the same facts are decided again.
    pub async fn evaluate(&mut self) -> Result<(), StoreError> {
        if self.stale {
            self.rebuild().await?;
        }
        loop {
            let now = self.clock.now();
            let (facts, hosts) = self.load_facts().await?;
            let more = facts.more;
            self.model.refresh_hosts(hosts);
            for fact in &facts.facts {
                self.model.apply(fact);
            }
            if !self.model.late.is_empty() {
                self.replay_late(now).await?;
            }
            self.decide_and_commit(facts, now).await?;
            if !more {
                break;
            }
        }
        self.announce().await
    }

    async fn load_facts(&self) -> Result<(Facts, Vec<HostRecord>), StoreError> {
        let (store, cursor) = (self.store.clone(), self.model.cursor);
        let load = move || Ok((store.facts_after(cursor, load::FACTS_PAGE)?, store.read(|reader| reader.hosts())?));
        tokio::task::spawn_blocking(load).await.unwrap_or(Err(StoreError::Closed))
    }

    /// Reads on a thread that may block.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&crate::store::Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || store.read(f)).await.unwrap_or(Err(StoreError::Closed))
    }

    async fn replay_late(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let mut model = self.model.clone();
        self.model = self
            .read(move |reader| {
                load::replay_late(reader, &mut model, now)?;
                Ok(model)
            })
            .await?;
        Ok(())
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
        Ok(())
    }

    async fn decide_and_commit(&mut self, facts: Facts, now: Timestamp) -> Result<(), StoreError> {
        let plan = self.model.decide(now);
        let moved = facts.cursor > self.model.cursor;
        let due = self.committed_at.is_none_or(|at| now.ms_since(at) >= HEARTBEAT_MS);
        if plan.is_empty() && !moved && !due {
            return Ok(());
        }
        let cursor = facts.cursor.max(self.model.cursor);
        let context = Context::new(&self.model, &self.targets, &self.render, now);
        let committed: Decision = self
            .store
            .write(move |writer| {
                let decision = context.decision(plan, cursor, |year| writer.next_ticket_number(year))?;
                writer.commit_decision(&decision)?;
                Ok(decision)
            })
            .await?;
        self.model.cursor = cursor;
        self.committed_at = Some(now);
        let tells = committed.tickets.iter().any(|t| !t.messages.is_empty());
        for change in committed.tickets {
            self.model.committed(change.ticket);
        }
        if tells {
            self.outbox.notify_one();
        }
        Ok(())
    }

    async fn announce(&mut self) -> Result<(), StoreError> {
        let view: OutboxView = self.read(|reader| reader.outbox_view()).await?;
        let snapshot = snapshot_builder::build(&mut self.model, view, self.demo, self.clock.now());
        self.snapshots.send_replace(Arc::new(snapshot));
        Ok(())
    }
}

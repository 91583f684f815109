//! The engine: facts in, decisions committed, a snapshot out.
//!
//! Every activation, timed or nudged, has four visible steps: **load** the facts after the cursor, **decide** with the
//! pure rules of `domain`, **commit** ledger, tickets and outbox in one transaction with the new cursor, **announce**
//! the new snapshot and wake the sender. A crash between any two loses nothing: what was not committed is decided
//! again from the same facts. State lives in memory and is rebuilt from the store at start. Evaluating costs what
//! changed. People's actions take the same four steps.

mod admission_model;
mod alert_model;
mod backup_commands;
mod backup_model;
mod backup_views;
mod blind;
mod budget_model;
mod certificate_model;
mod checkpoint;
mod checkpoint_waits;
mod checkpoint_wellbeing;
mod commands;
mod deadlines;
pub mod deliver;
mod duty;
mod elsewhere;
mod evaluate;
mod evidence;
mod forecast_model;
mod group_model;
pub(crate) mod host_model;
mod hosts;
mod index;
mod isolation_model;
mod isolation_views;
mod late_backups;
pub(crate) mod load;
pub(crate) mod maintenance_model;
pub mod message;
mod model;
pub(crate) mod notices;
pub mod part_ledger;
mod part_log;
mod registers;
mod regroup_command;
pub mod rehearsal;
pub(crate) mod service_model;
mod shown;
mod storm_model;
mod task;
pub(crate) mod threshold_view;
pub(crate) mod views;
mod wellbeing_model;
pub(crate) mod wellbeing_view;

use crate::clock::Clock;
use crate::domain::alert::Notification;
use crate::domain::catalogue::{Catalogue, ServiceId};
use crate::domain::phrase::Phrase;
use crate::domain::profile::{Impact, Profile};
use crate::domain::register::RegisterRefusal;
use crate::domain::route::Routing;
use crate::domain::rpo::proof::EntryRefusal;
use crate::domain::rule::Rule;
use crate::domain::ticket::{Regrouping, Ticket, TicketAction, TicketNumber, TicketRefusal};
use crate::self_stats::SelfStats;
use crate::snapshot::Snapshot;
use crate::store::{Store, StoreError};
use commands::Command;
use pantau_shared::ids::BackupSetId;
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;
use tokio::sync::{Notify, mpsc, oneshot, watch};

pub(crate) use backup_commands::BackupCommand;
pub use backup_commands::NewVerification;
pub use elsewhere::{HeardElsewhere, SeenElsewhere};
pub use registers::RegisterChange;
pub use task::EngineTask;

/// Renders a phrase in Bahasa Indonesia, for what leaves.
pub type Render = Arc<dyn Fn(&Phrase) -> String + Send + Sync>;

/// Commands that may wait; a further one waits for room.
const COMMANDS_MAX: usize = 64;

/// What the engine is made of.
#[derive(Clone)]
pub struct EngineOptions {
    /// Keeps everything.
    pub store: Store,
    /// Tells the time.
    pub clock: Clock,
    /// The regulation in force.
    pub profile: Arc<Profile>,
    /// The catalogue in force.
    pub catalogue: Arc<Catalogue>,
    /// When it was applied.
    pub catalogue_applied_at: Timestamp,
    /// Who is told of what.
    pub routing: Routing,
    /// For symptoms in messages.
    pub render: Render,
    /// The collector's counters.
    pub stats: Arc<SelfStats>,
    /// Whether this site holds simulated data.
    pub demo: bool,
}

/// Handle on the engine; cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    nudge: Arc<Notify>,
    outbox: Arc<Notify>,
    commands: mpsc::Sender<Command>,
}

/// Why a person's action was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// No such ticket.
    #[error("there is no ticket {0}")]
    NoSuchTicket(TicketNumber),
    /// No such maintenance.
    #[error("there is no maintenance {0}")]
    NoSuchMaintenance(u32),
    /// No such correction.
    #[error("there is no correction {0}")]
    NoSuchCorrection(u32),
    /// The rules of the registers refuse.
    #[error("the entry is refused")]
    NotRecorded(#[source] RegisterRefusal),
    /// The rules refuse.
    #[error("the action is refused")]
    Refused(#[source] TicketRefusal),
    /// Not a backup set of the catalogue, or not one that this can be done to.
    #[error("there is no such backup set `{0}`")]
    NoSuchSet(BackupSetId),
    /// An entry about backups that contradicts itself.
    #[error("the entry is refused")]
    EntryRefused(#[source] EntryRefusal),
    /// Not a service of the catalogue.
    #[error("there is no service `{0}`")]
    NoSuchService(ServiceId),
    /// No room for another group of alerts.
    #[error("too many groups of alerts are known; let some of them end")]
    TooManyAlerts,
    /// The disk is full, or the collector is busy with itself.
    #[error("the collector cannot keep this now")]
    NotNow,
    /// The store failed.
    #[error("the action could not be committed")]
    Store(#[source] StoreError),
    /// The engine is stopping.
    #[error("the engine has stopped")]
    Stopped,
}

/// A ticket that a person reports (telepon, surat, email, …).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManualTicket {
    /// Field 2.
    pub reporter: String,
    /// Field 3, a code.
    pub reporting_method: String,
    /// Field 5.
    pub symptom: String,
    /// Field 6.
    pub impact: Impact,
    /// Which service suffers.
    pub service: ServiceId,
    /// Field 4, a code.
    pub category: String,
    /// What need not be told.
    pub details: ReportDetails,
}

/// What a reporter may tell besides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportDetails {
    /// How the reporter is reached; part of field 2.
    pub contact: String,
    /// Field 6, in words.
    pub impact_text: String,
    /// When the disturbance began; with the report when it is not told.
    pub onset_at: Option<Timestamp>,
    /// When it was reported; now when it is not told (G07).
    pub reported_at: Option<Timestamp>,
}

impl Engine {
    /// Rebuilds the state from the store and makes the first snapshot. The returned task must be run.
    /// Reads the store on the calling thread.
    ///
    /// # Errors
    /// What the store says.
    pub fn start(options: EngineOptions) -> Result<(Self, EngineTask), StoreError> {
        let (sender, receiver) = mpsc::channel(COMMANDS_MAX);
        let (nudge, outbox) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (task, snapshots) = EngineTask::new(options, receiver, Arc::clone(&nudge), Arc::clone(&outbox))?;
        Ok((Self { snapshots, nudge, outbox, commands: sender }, task))
    }

    /// The newest snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshots.borrow())
    }

    /// Follows the snapshots.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// New facts are committed: evaluate soon. Never waits.
    pub fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// Wakes when messages were put into the outbox; for the delivery task.
    pub fn outbox_signal(&self) -> Arc<Notify> {
        Arc::clone(&self.outbox)
    }

    /// Carries out a person's action on a ticket.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn act_on_ticket(
        &self,
        number: TicketNumber,
        action: TicketAction,
        actor: String,
    ) -> Result<Ticket, CommandError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Act { number, action, actor, reply }, answer).await
    }

    /// Merges a ticket into another one, or splits parts of it off; the one merged into, or the new one.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn regroup_ticket(
        &self,
        number: TicketNumber,
        regrouping: Regrouping,
        actor: String,
    ) -> Result<Ticket, CommandError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Regroup { number, regrouping, actor, reply }, answer).await
    }

    /// Opens a ticket that a person reports; where one is open for the service already, the report is noted in that one
    /// (its version is above 1 then).
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn open_ticket(&self, ticket: ManualTicket, actor: String) -> Result<Ticket, CommandError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Open { ticket, actor, reply }, answer).await
    }

    /// Takes a message about a group of alerts of another program; it is durable when this returns.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn take_alerts(&self, notification: Notification) -> Result<(), CommandError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Alerts { notification: Box::new(notification), reply }, answer).await
    }

    /// Puts another catalogue in force; the state is rebuilt from the store.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn apply_catalogue(&self, catalogue: Arc<Catalogue>, applied_at: Timestamp) -> Result<(), CommandError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Catalogue { catalogue, applied_at, reply }, answer).await
    }

    /// Proposes maintenance or a correction, or carries out what a person decides on one; the number of the record. The
    /// snapshot shows it when this returns.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn change_register(&self, change: RegisterChange, actor: String) -> Result<u32, CommandError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Register { change: Box::new(change), actor, reply }, answer).await
    }

    /// Notes how tickets stand at a help desk that was asked at `asked_at`: what others changed there.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn hear_elsewhere(
        &self,
        target: String,
        seen: Vec<SeenElsewhere>,
        asked_at: Timestamp,
    ) -> Result<HeardElsewhere, CommandError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Hear { target, seen, asked_at, reply }, answer).await
    }

    /// Lets a rule open tickets from now on for all hosts there are, whatever time of observation is left.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn begin_rule(&self, rule: Rule, actor: String) -> Result<(), CommandError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::BeginRule { rule, actor, reply }, answer).await
    }

    async fn send<T>(
        &self,
        command: Command,
        answer: oneshot::Receiver<Result<T, CommandError>>,
    ) -> Result<T, CommandError> {
        self.commands.send(command).await.map_err(|_| CommandError::Stopped)?;
        answer.await.map_err(|_| CommandError::Stopped)?
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod backup_tests;

#[cfg(test)]
mod cause_tests;

#[cfg(test)]
mod composition_tests;

#[cfg(test)]
mod budget_tests;

#[cfg(test)]
mod isolation_tests;

#[cfg(test)]
mod group_tests;

#[cfg(test)]
mod restart_tests;

#[cfg(test)]
mod simulation_tests;

#[cfg(test)]
mod store_tests;

#[cfg(test)]
mod storm_tests;

#[cfg(test)]
mod wellbeing_tests;
#[cfg(test)]
mod world_tests;

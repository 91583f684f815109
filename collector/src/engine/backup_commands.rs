//! What people and jobs enter about backups: signals of jobs, keys of heartbeats, verifications, drills and recoveries.
//!
//! Each is checked, made durable and only then taken into the model; the evaluation that follows judges it. What the
//! caller is told is durable.

use super::CommandError;
use super::task::EngineTask;
use crate::domain::rpo::proof::{EntryRefusal, RecoveryEntry, Verification, VerificationMethod, written};
use crate::store::heartbeats::{Heartbeat, Signal};
use pantau_shared::ids::BackupSetId;
use pantau_shared::timestamp::Timestamp;

/// A verification as a person enters it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVerification {
    /// Of which set.
    pub set: BackupSetId,
    /// Which backup; the newest usable one when none is named.
    pub artefact: Option<String>,
    /// When it was verified; now when it is not told.
    pub at: Option<Timestamp>,
    /// How.
    pub method: VerificationMethod,
    /// Whether it was found good.
    pub passed: bool,
    /// What there is to say.
    pub note: String,
}

/// One of them.
#[derive(Debug)]
pub(crate) enum BackupCommand {
    Key { set: BackupSetId, key: String, actor: String },
    Revoke { set: BackupSetId },
    Recover { entry: Box<RecoveryEntry> },
    Signal { set: BackupSetId, signal: Signal },
    Verify { entry: NewVerification, actor: String },
}

impl EngineTask {
    /// Carries one out at the clock's moment.
    pub(crate) async fn backup_command(&mut self, command: BackupCommand) -> Result<(), CommandError> {
        match command {
            BackupCommand::Key { set, key, actor } => self.save_key(set, key, actor).await,
            BackupCommand::Revoke { set } => self.revoke_key(set).await,
            BackupCommand::Recover { entry } => self.recover(*entry).await,
            BackupCommand::Signal { set, signal } => self.signal(set, signal).await,
            BackupCommand::Verify { entry, actor } => self.verify(entry, actor).await,
        }
    }

    async fn save_key(&mut self, set: BackupSetId, key: String, actor: String) -> Result<(), CommandError> {
        let model = self.model.touch_set(&set);
        let since = model.ok_or_else(|| CommandError::NoSuchSet(set.clone()))?.heartbeat_since;
        let now = self.clock.now();
        let begins_at = since.unwrap_or(now);
        let heartbeat = Heartbeat { set: set.clone(), key, begins_at, made_at: now, made_by: actor };
        self.store.write(move |writer| writer.save_heartbeat(&heartbeat)).await.map_err(CommandError::Store)?;
        if let Some(model) = self.model.touch_set(&set) {
            model.heartbeat_since = Some(begins_at);
        }
        Ok(())
    }

    async fn revoke_key(&mut self, set: BackupSetId) -> Result<(), CommandError> {
        let of = set.clone();
        self.store.write(move |writer| writer.drop_heartbeat(&of)).await.map_err(CommandError::Store)?;
        // A set that left the catalogue may still have a key.
        if let Some(model) = self.model.touch_set(&set) {
            model.forget_heartbeat();
        }
        Ok(())
    }

    async fn signal(&mut self, set: BackupSetId, signal: Signal) -> Result<(), CommandError> {
        if self.model.touch_set(&set).is_none() {
            return Err(CommandError::NoSuchSet(set));
        }
        let (kept, of, now) = (signal.clone(), set.clone(), self.clock.now());
        self.store.write(move |writer| writer.save_signal(&of, &kept)).await.map_err(CommandError::Store)?;
        if let Some(model) = self.model.touch_set(&set) {
            model.take_signal(&signal, now);
        }
        Ok(())
    }

    async fn verify(&mut self, entry: NewVerification, actor: String) -> Result<(), CommandError> {
        let now = self.clock.now();
        let at = entry.at.unwrap_or(now);
        written("note", &entry.note, 0).map_err(CommandError::EntryRefused)?;
        if at > now {
            return Err(CommandError::EntryRefused(EntryRefusal::Future("at")));
        }
        let model = self.model.touch_set(&entry.set).ok_or_else(|| CommandError::NoSuchSet(entry.set.clone()))?;
        // Where only a verified backup is usable, the newest that is there is meant.
        let records = || model.history().records().iter().rev().filter(|r| r.deleted_at.is_none());
        let found = match &entry.artefact {
            Some(name) => records().find(|record| record.artefact == *name),
            None => model.usable_record(now).or_else(|| records().find(|record| record.data_time.is_some())),
        };
        let record = found.ok_or(CommandError::EntryRefused(EntryRefusal::NoSuchBackup))?;
        let entry = Verification {
            set: entry.set,
            artefact: record.artefact.clone(),
            generation: record.generation,
            data_time: record.data_time,
            at,
            method: entry.method,
            passed: entry.passed,
            note: entry.note.trim().to_owned(),
            actor,
            recorded_at: now,
        };
        let kept = entry.clone();
        self.store.write(move |writer| writer.append_verification(&kept)).await.map_err(CommandError::Store)?;
        if let Some(model) = self.model.touch_set(&entry.set) {
            model.take_entry(&entry);
        }
        Ok(())
    }

    async fn recover(&mut self, mut entry: RecoveryEntry) -> Result<(), CommandError> {
        let now = self.clock.now();
        let service = self.model.catalogue.service(&entry.service);
        let service = service.ok_or_else(|| CommandError::NoSuchService(entry.service.clone()))?;
        // The bounds in force are kept with the entry: a later change of the catalogue judges no earlier drill.
        (entry.rto_seconds, entry.rpo_seconds) = (service.rto_seconds, service.rpo_seconds);
        entry.recorded_at = now;
        entry.check(now).map_err(CommandError::EntryRefused)?;
        let kept = entry.clone();
        entry.id = self.store.write(move |writer| writer.append_recovery(&kept)).await.map_err(CommandError::Store)?;
        if entry.succeeded {
            self.model.take_recovery(&entry);
        }
        Ok(())
    }
}

impl super::model::Model {
    /// Takes a recovery that succeeded: it proves every set of its service.
    fn take_recovery(&mut self, entry: &RecoveryEntry) {
        let of = self.backups.iter().filter(|(service, _)| *service == entry.service);
        let sets: Vec<BackupSetId> = of.map(|(_, backup)| backup.set.id.clone()).collect();
        for set in sets {
            if let Some(model) = self.touch_set(&set) {
                model.recovery = Some(entry.clone());
            }
        }
    }
}

impl super::Engine {
    /// Gives the heartbeat of a set an address, or another one; the one before is void at once.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn save_heartbeat_key(&self, set: BackupSetId, key: String, actor: String) -> Result<(), CommandError> {
        self.backup(BackupCommand::Key { set, key, actor }).await
    }

    /// Takes the heartbeat of a set its address: nothing is taken there any more, and no signal is expected.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn revoke_heartbeat_key(&self, set: BackupSetId) -> Result<(), CommandError> {
        self.backup(BackupCommand::Revoke { set }).await
    }

    /// Takes what a job tells of itself. It is durable when this returns.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn signal(&self, set: BackupSetId, signal: Signal) -> Result<(), CommandError> {
        self.backup(BackupCommand::Signal { set, signal }).await
    }

    /// Enters a verification of a backup.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn verify_backup(&self, entry: NewVerification, actor: String) -> Result<(), CommandError> {
        self.backup(BackupCommand::Verify { entry, actor }).await
    }

    /// Enters a restore drill or a recovery; number, bounds and moment of entry are given here.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn enter_recovery(&self, entry: RecoveryEntry) -> Result<(), CommandError> {
        self.backup(BackupCommand::Recover { entry: Box::new(entry) }).await
    }

    async fn backup(&self, command: BackupCommand) -> Result<(), CommandError> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.send(super::commands::Command::Backup { command, reply }, answer).await
    }
}

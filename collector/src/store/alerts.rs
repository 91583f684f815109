//! What is known of groups of alerts that another program tells of: a row per group, its alerts as JSON.

use super::columns::column;
use super::{Reader, StoreError, Writer};
use crate::domain::alert::{Alert, AlertGroup};
use crate::domain::catalogue::ServiceId;
use crate::domain::profile::Impact;
use crate::domain::ticket::TicketClass;
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is to be saved of groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertEdit {
    /// As it is now.
    Save(Box<AlertGroup>),
    /// By its digest.
    Forget(String),
}

#[derive(Serialize, Deserialize)]
struct GroupColumn {
    title: String,
    class: String,
    hidden: u32,
    good_ms: Option<i64>,
    alerts: BTreeMap<String, AlertColumn>,
}

#[derive(Serialize, Deserialize)]
struct AlertColumn {
    starts_ms: i64,
    ends_ms: Option<i64>,
    name: String,
    summary: String,
    instance: String,
    services: Vec<String>,
    host: Option<String>,
    impact: String,
}

impl AlertColumn {
    fn of(alert: &Alert) -> Self {
        Self {
            starts_ms: alert.starts_at.as_ms(),
            ends_ms: alert.ends_at.map(Timestamp::as_ms),
            name: alert.name.clone(),
            summary: alert.summary.clone(),
            instance: alert.instance.clone(),
            services: alert.services.iter().map(ToString::to_string).collect(),
            host: alert.host.as_ref().map(ToString::to_string),
            impact: alert.impact.code().to_owned(),
        }
    }

    fn alert(self) -> Option<Alert> {
        let services = self.services.iter().map(|id| ServiceId::parse(id).ok());
        Some(Alert {
            starts_at: Timestamp::from_ms(self.starts_ms),
            ends_at: self.ends_ms.map(Timestamp::from_ms),
            name: self.name,
            summary: self.summary,
            instance: self.instance,
            services: services.collect::<Option<_>>()?,
            host: self.host.map(|id| HostId::parse(&id)).transpose().ok()?,
            impact: Impact::ALL.into_iter().find(|impact| impact.code() == self.impact)?,
        })
    }
}

fn group_of(digest: String, heard_ms: i64, body: &str) -> Option<AlertGroup> {
    let body: GroupColumn = serde_json::from_str(body).ok()?;
    let alerts = body.alerts.into_iter().map(|(fingerprint, alert)| Some((fingerprint, alert.alert()?)));
    Some(AlertGroup {
        digest,
        title: body.title,
        class: TicketClass::parse(&body.class)?,
        alerts: alerts.collect::<Option<_>>()?,
        hidden: body.hidden,
        good_since: body.good_ms.map(Timestamp::from_ms),
        heard_at: Timestamp::from_ms(heard_ms),
    })
}

impl Reader {
    /// Every group of alerts that is known.
    ///
    /// # Errors
    /// The database's.
    pub fn alert_groups(&self) -> Result<Vec<AlertGroup>, StoreError> {
        let sql = "SELECT digest, heard_ms, body FROM alert_group ORDER BY digest";
        self.rows("read groups of alerts", sql, (), |row| {
            let body: String = column(row, 2)?;
            group_of(column(row, 0)?, column(row, 1)?, &body).ok_or(StoreError::Damaged { what: "group of alerts" })
        })
    }
}

impl Writer {
    /// Saves what is known of a group, or forgets it.
    pub(super) fn edit_alerts(&mut self, edit: &AlertEdit) -> Result<(), StoreError> {
        let operation = "save a group of alerts";
        let group = match edit {
            AlertEdit::Forget(digest) => {
                return self.execute(operation, "DELETE FROM alert_group WHERE digest = ?1", [digest]).map(drop);
            }
            AlertEdit::Save(group) => group,
        };
        let body = GroupColumn {
            title: group.title.clone(),
            class: group.class.code().to_owned(),
            hidden: group.hidden,
            good_ms: group.good_since.map(Timestamp::as_ms),
            alerts: group.alerts.iter().map(|(print, alert)| (print.clone(), AlertColumn::of(alert))).collect(),
        };
        let body = serde_json::to_string(&body).map_err(|_| StoreError::Damaged { what: "group of alerts" })?;
        let sql = "INSERT INTO alert_group (digest, heard_ms, body) VALUES (?1, ?2, ?3)
                   ON CONFLICT (digest) DO UPDATE SET heard_ms = excluded.heard_ms, body = excluded.body";
        self.execute(operation, sql, (&group.digest, group.heard_at.as_ms(), body)).map(drop)
    }
}

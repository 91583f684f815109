//! What GLPI tells of tickets that changed there.
//!
//! ```text
//! GET getFullSession                        who we are there
//! GET search/Ticket?…&sort=19&order=DESC    titles with our prefix, by their last update
//! GET Ticket/:id                            status, last updater as a number
//! GET Ticket/:id?expand_dropdowns=true      priority and last updater by name
//! GET Ticket/:id/Ticket_User                type 2: who is assigned
//! GET Ticket/:id/ITILFollowup, ITILSolution entries; ours hold the marker
//! ```
//!
//! GLPI writes instants in its own zone without naming it: they are read in the office's.

use super::{FOUND_MAX, Glpi, Opened};
use crate::domain::calendar::zone::instant_of;
use crate::domain::ticket::elsewhere::{Deed, Stage, Standing};
use crate::engine::deliver::Sent;
use crate::outputs::receivers::follow::{Answer, CHANGED_MAX, Change, Since, TITLE_PREFIX};
use crate::outputs::receivers::http::{Reply, ask};
use chrono::NaiveDateTime;
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use reqwest::Method;
use serde_json::Value;

/// A solution that was refused.
const REFUSED: u64 = 4;
/// An actor who is to work on it.
const ASSIGNED: u64 = 2;

impl Glpi {
    /// Tickets of `since.wanted` that changed there since, oldest change first.
    pub(in crate::outputs::receivers) async fn changed(&self, since: &Since, zone: Tz) -> Result<Answer, Sent> {
        let opening = self.request(Method::GET, "initSession", None);
        let opening = opening.header("authorization", format!("user_token {}", self.user_token));
        let session = ask(opening).await?.json::<Opened>()?.session_token;
        let answer = self.changed_in(&session, since, zone).await;
        drop(ask(self.request(Method::GET, "killSession", Some(&session))).await);
        answer
    }

    async fn changed_in(&self, session: &str, since: &Since, zone: Tz) -> Result<Answer, Sent> {
        let me: Value = self.get(session, "getFullSession").await?.json()?;
        let me = me["session"]["glpiID"].as_u64();
        let path = format!(
            "search/Ticket?criteria[0][field]=1&criteria[0][searchtype]=contains&criteria[0][value]={TITLE_PREFIX}\
             &forcedisplay[0]=2&forcedisplay[1]=19&sort=19&order=DESC&range=0-{}",
            CHANGED_MAX - 1
        );
        let found: Value = self.get(session, &path).await?.json()?;
        let row = |row: &Value| {
            let id = &row["2"];
            let id = id.as_u64().or_else(|| id.as_str()?.parse().ok())?;
            Some((id.to_string(), instant(&row["19"], zone)?))
        };
        let rows = found["data"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut answer = since.answer(rows.iter().filter_map(row));
        for (id, _) in std::mem::take(&mut answer.due) {
            let standing = self.standing(session, &id, me, zone).await?;
            answer.changes.push(Change { reference: id, standing });
        }
        Ok(answer)
    }

    async fn standing(&self, session: &str, id: &str, me: Option<u64>, zone: Tz) -> Result<Standing, Sent> {
        let raw: Value = self.get(session, &format!("Ticket/{id}")).await?.json()?;
        let named: Value = self.get(session, &format!("Ticket/{id}?expand_dropdowns=true")).await?.json()?;
        let people: Value =
            self.get(session, &format!("Ticket/{id}/Ticket_User?expand_dropdowns=true")).await?.json()?;
        let entries = self.entries(session, id, "ITILFollowup").await?;
        let solutions = self.entries(session, id, "ITILSolution").await?;
        let status = raw["status"].as_u64().ok_or_else(|| Sent::later("GLPI gave no status"))?;
        let last = raw["users_id_lastupdater"].as_u64();
        let changed = instant(&raw["date_mod"], zone).map(|at| Deed { by: name(&named["users_id_lastupdater"]), at });
        let assigned = people.as_array().into_iter().flatten().filter(|one| one["type"].as_u64() == Some(ASSIGNED));
        let assigned: Vec<String> = assigned.filter_map(|one| name(&one["users_id"])).take(FOUND_MAX).collect();
        let newest = |entries: &[Value], date: &str, wanted: &dyn Fn(&Value) -> bool| {
            let others = entries.iter().filter(|entry| !is_ours(entry) && wanted(entry));
            let deed = |entry: &Value| Some(Deed { by: name(&entry["users_id"]), at: instant(&entry[date], zone)? });
            others.filter_map(deed).max_by_key(|deed| deed.at)
        };
        Ok(Standing {
            stage: stage(status),
            assignee: (!assigned.is_empty()).then(|| assigned.join(", ")),
            priority: raw["priority"].as_u64().map(|priority| priority.to_string()),
            changed,
            by_us: last.is_some() && last == me,
            entry: newest(&entries, "date", &|entry| entry["is_private"].as_u64() != Some(1)),
            solution: newest(&solutions, "date_creation", &|entry| entry["status"].as_u64() != Some(REFUSED)),
        })
    }

    async fn entries(&self, session: &str, id: &str, kind: &str) -> Result<Vec<Value>, Sent> {
        let path = format!("Ticket/{id}/{kind}?expand_dropdowns=true&range=0-999");
        let entries: Value = self.get(session, &path).await?.json()?;
        Ok(entries.as_array().cloned().unwrap_or_default())
    }

    async fn get(&self, session: &str, path: &str) -> Result<Reply, Sent> {
        ask(self.request(Method::GET, path, Some(session))).await
    }
}

fn stage(status: u64) -> Stage {
    match status {
        1 => Stage::New,
        4 => Stage::Pending,
        5 => Stage::Solved,
        6 => Stage::Closed,
        _ => Stage::InProgress,
    }
}

/// Every entry of ours names our ticket in brackets.
fn is_ours(entry: &Value) -> bool {
    entry["content"].as_str().is_some_and(|content| content.contains(&format!("[{TITLE_PREFIX}")))
}

/// A person's name; a number is none, and nobody is none.
fn name(value: &Value) -> Option<String> {
    value.as_str().map(str::trim).filter(|name| !name.is_empty() && *name != "0").map(str::to_owned)
}

/// `2026-11-24 14:05:00` in the office's zone.
fn instant(value: &Value, zone: Tz) -> Option<Timestamp> {
    let naive = NaiveDateTime::parse_from_str(value.as_str()?, "%Y-%m-%d %H:%M:%S").ok()?;
    Some(instant_of(zone, naive))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn instants_are_local_and_names_are_people() {
        let zone = chrono_tz::Asia::Jakarta;
        let expected = Timestamp::parse_rfc3339("2026-11-24T14:05:00+07:00").ok();
        assert_eq!(instant(&json!("2026-11-24 14:05:00"), zone), expected);
        assert_eq!((instant(&json!(null), zone), instant(&json!("kemarin"), zone)), (None, None));
        for nobody in [json!(0), json!(7), json!(""), json!("0"), json!(null)] {
            assert_eq!(name(&nobody), None, "{nobody}");
        }
        assert_eq!(name(&json!(" Rina ")), Some("Rina".into()));
        assert!(is_ours(&json!({ "content": "<p>[SPBE-GGN-2026-0007 #3]</p>" })));
        assert!(!is_ours(&json!({ "content": "sudah dicek" })));
    }
}

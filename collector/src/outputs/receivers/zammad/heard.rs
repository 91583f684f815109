//! What Zammad tells of tickets that changed there.
//!
//! ```text
//! GET /api/v1/users/me                                        who we are there
//! GET /api/v1/tickets/search?query=…&sort_by=updated_at&order_by=desc&expand=true
//! GET /api/v1/ticket_articles/by_ticket/:id                   entries; ours are by us or hold the marker
//! ```

use super::Zammad;
use crate::domain::ticket::elsewhere::{Deed, Stage, Standing};
use crate::engine::deliver::Sent;
use crate::outputs::receivers::follow::{Answer, CHANGED_MAX, Change, Since, TITLE_PREFIX};
use crate::outputs::receivers::http::ask;
use pantau_shared::timestamp::Timestamp;
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeMap;

impl Zammad {
    /// Tickets of `since.wanted` that changed there since, oldest change first.
    pub(in crate::outputs::receivers) async fn changed(&self, since: &Since) -> Result<Answer, Sent> {
        let me: Value = ask(self.request(Method::GET, "users/me")).await?.json()?;
        let me = me["id"].as_u64();
        let path = format!(
            "tickets/search?query=%22{TITLE_PREFIX}%22&sort_by=updated_at&order_by=desc&limit={CHANGED_MAX}&expand=true"
        );
        let found: Vec<Value> = ask(self.request(Method::GET, &path)).await?.json()?;
        let number = |ticket: &Value| ticket["number"].as_str().map(str::to_owned);
        let rows = found.iter().filter_map(|ticket| Some((number(ticket)?, instant(&ticket["updated_at"])?)));
        let mut answer = since.answer(rows);
        let by_number: BTreeMap<String, &Value> =
            found.iter().filter_map(|ticket| Some((number(ticket)?, ticket))).collect();
        for (reference, at) in std::mem::take(&mut answer.due) {
            let Some(ticket) = by_number.get(&reference) else { continue };
            let standing = self.standing(ticket, at, me).await?;
            answer.changes.push(Change { reference, standing });
        }
        Ok(answer)
    }

    async fn standing(&self, ticket: &Value, at: Timestamp, me: Option<u64>) -> Result<Standing, Sent> {
        let id = ticket["id"].as_u64().ok_or_else(|| Sent::later("Zammad gave no id"))?;
        let state = ticket["state"].as_str().ok_or_else(|| Sent::later("Zammad gave no state"))?;
        let path = format!("ticket_articles/by_ticket/{id}?expand=true");
        let articles: Vec<Value> = ask(self.request(Method::GET, &path)).await?.json()?;
        let ours = |article: &Value| {
            let by_us = me.is_some() && article["created_by_id"].as_u64() == me;
            by_us || article["body"].as_str().is_some_and(|body| body.contains(&format!("[{TITLE_PREFIX}")))
        };
        let others = articles.iter().filter(|article| article["internal"].as_bool() != Some(true) && !ours(article));
        let deed =
            |article: &Value| Some(Deed { by: name(&article["created_by"]), at: instant(&article["created_at"])? });
        let last = ticket["updated_by_id"].as_u64();
        Ok(Standing {
            stage: stage(state),
            assignee: name(&ticket["owner"]),
            priority: ticket["priority"].as_str().map(str::to_owned),
            changed: Some(Deed { by: name(&ticket["updated_by"]), at }),
            by_us: last.is_some() && last == me,
            entry: others.filter_map(deed).max_by_key(|deed| deed.at),
            solution: None,
        })
    }
}

/// By name, as they come with Zammad; an office's own is somebody's work.
fn stage(state: &str) -> Stage {
    match state {
        "new" => Stage::New,
        "closed" | "merged" | "removed" => Stage::Closed,
        state if state.starts_with("pending") => Stage::Pending,
        _ => Stage::InProgress,
    }
}

/// A login or name; `-` is nobody.
fn name(value: &Value) -> Option<String> {
    value.as_str().map(str::trim).filter(|name| !name.is_empty() && *name != "-").map(str::to_owned)
}

fn instant(value: &Value) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(value.as_str()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_states_that_come_with_zammad_are_known() {
        let stages = ["new", "open", "pending reminder", "pending close", "closed", "merged", "di vendor"].map(stage);
        use Stage::*;
        assert_eq!(stages, [New, InProgress, Pending, Pending, Closed, Closed, InProgress]);
        assert_eq!((name(&serde_json::json!("-")), name(&serde_json::json!(1))), (None, None));
    }
}

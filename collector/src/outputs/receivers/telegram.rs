//! Telegram's Bot API: the first event of a ticket is a message, every later one a reply to it.
//!
//! The API can neither be searched nor given a key, so a message whose answer was lost is sent once more: at least once.
//! 429 says how long to wait; that is kept.

use super::ReceiverError;
use super::http::call;
use super::secret;
use super::told::{Told, Turn, escaped};
use crate::config::receivers::TelegramSettings;
use crate::engine::deliver::Sent;
use crate::store::records::{DueMessage, ExternalReference};
use reqwest::Client;
use serde::Deserialize;
use serde_json::json;

/// Longest message the API takes is 4096 characters; entities count too.
const TEXT_MAX: usize = 3_500;

/// A chat.
pub(super) struct Telegram {
    url: String,
    token: String,
    chat: String,
    client: Client,
}

#[derive(Deserialize)]
struct Answer {
    ok: bool,
    #[serde(default)]
    description: String,
    result: Option<Message>,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Message {
    message_id: i64,
}

#[derive(Deserialize)]
struct Parameters {
    retry_after: Option<i64>,
}

impl Telegram {
    pub(super) fn new(settings: &TelegramSettings, client: Client) -> Result<Self, ReceiverError> {
        let token = secret::read(&settings.token_file, 1)?;
        Ok(Self { url: settings.url.trim_end_matches('/').to_owned(), token, chat: settings.chat.clone(), client })
    }

    pub(super) async fn send(&self, due: &DueMessage) -> Sent {
        let told = match Told::read(due) {
            Ok(told) => told,
            Err(sent) => return sent,
        };
        let mut body = json!({
            "chat_id": self.chat, "text": text(&told), "parse_mode": "HTML",
            "link_preview_options": { "is_disabled": true },
        });
        let first = due.reference.as_deref().and_then(|reference| reference.parse::<i64>().ok());
        if let (Some(first), Some(fields)) = (first, body.as_object_mut()) {
            // A person may have deleted the first message; the reply is worth more than its place.
            let reply = json!({ "message_id": first, "allow_sending_without_reply": true });
            fields.insert("reply_parameters".to_owned(), reply);
        }
        let request = self.client.post(format!("{}/bot{}/sendMessage", self.url, self.token)).json(&body);
        let reply = match call(request).await {
            Ok(reply) => reply,
            Err(failed) => return Sent::later(failed.reason),
        };
        match reply.json::<Answer>() {
            Err(_) => reply.refused(),
            Ok(Answer { ok: true, result: Some(message), .. }) => {
                let reference = first.unwrap_or(message.message_id).to_string();
                Sent::Delivered(Some(ExternalReference { reference, url: None }))
            }
            Ok(answer) => {
                let after = answer.parameters.and_then(|parameters| parameters.retry_after);
                match (reply.refused(), after) {
                    (Sent::Rejected(_), None) => Sent::Rejected(answer.description),
                    (_, after) => Sent::RetryLater {
                        reason: answer.description,
                        after_ms: after.map(|seconds| seconds.saturating_mul(1000)),
                    },
                }
            }
        }
    }
}

fn text(told: &Told) -> String {
    let sign = match told.turn() {
        Turn::News => "🔴",
        Turn::Recurred => "🔁",
        Turn::Restored => "🟢",
        Turn::Confirmed => "✅",
        Turn::Ended => "🔒",
    };
    let mut text = format!("{sign} <b>{}</b>\n", escaped(&told.headline()));
    for (label, value) in told.facts() {
        let line = format!("<b>{}</b>: {}\n", escaped(&label), escaped(&value));
        // Cut between lines, so that no tag stays open.
        if text.chars().count() + line.chars().count() > TEXT_MAX {
            break;
        }
        text += &line;
    }
    text
}

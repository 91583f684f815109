//! Receivers and what programs do with messages: how each receiver stands, a test, another try, letting go.

use super::idempotency::Answer;
use super::view::instant;
use super::write::Write;
use super::{ApiState, access, no_such, read};
use crate::engine::deliver::Sent;
use crate::http_error::HttpError;
use crate::store::StoreError;
use crate::store::records::MessageAction;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A receiver and what waits for it.
#[derive(Debug, Serialize)]
pub(super) struct ReceiverBody {
    name: String,
    kind: &'static str,
    pending: u64,
    oldest_created_at: Option<String>,
    attempts: u32,
    /// Refused for good, and nobody has looked.
    rejected: u64,
    last_delivered_at: Option<String>,
    last_error: Option<String>,
}

/// The receivers, in the order of the configuration.
#[derive(Debug, Serialize)]
pub(super) struct ReceiversBody {
    items: Vec<ReceiverBody>,
}

pub(super) async fn receivers(
    State(state): State<ApiState>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<ReceiversBody>, HttpError> {
    access::caller(&state.app, &headers)?;
    super::parameters::Parameters::read(&uri, &[])?;
    let (kinds, zone) = (state.app.receivers.kinds().to_vec(), state.app.profile.time_zone);
    let items = read(&state.app, move |reader| {
        let queues = reader.outbox_view()?.targets;
        let receiver = |(name, kind): (String, &'static str)| {
            let queue = queues.get(&name).cloned().unwrap_or_default();
            let (taken_at, last_error) = reader.outbox_last_words(&name)?;
            Ok(ReceiverBody {
                name,
                kind,
                pending: queue.pending,
                oldest_created_at: queue.oldest_at.map(|at| instant(zone, at)),
                attempts: queue.attempts,
                rejected: queue.rejected,
                last_delivered_at: taken_at.map(|at| instant(zone, at)),
                last_error,
            })
        };
        kinds.into_iter().map(receiver).collect::<Result<Vec<_>, StoreError>>()
    });
    Ok(Json(ReceiversBody { items: items.await? }))
}

/// Tries a receiver at once, past the outbox.
pub(super) async fn test(Path(name): Path<String>, write: Write) -> Result<Response, HttpError> {
    let (receivers, now) = (write.state.app.receivers.clone(), write.state.app.clock.now());
    let work = async move {
        let sent = receivers.try_out(&name, now).await.ok_or_else(|| no_such("receiver"))?;
        let (outcome, reason) = match sent {
            Sent::Delivered(_) => ("delivered", None),
            Sent::RetryLater { reason, .. } => ("retry_later", Some(reason)),
            Sent::Rejected(reason) => ("rejected", Some(reason)),
        };
        Ok((StatusCode::OK, json!({ "receiver": name, "outcome": outcome, "reason": reason }))) as Answer
    };
    write.once(work).await
}

/// What to do with a message.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
enum SettleBody {
    Retry {},
    Skip {},
}

/// Sends a message once more, or lets it go.
pub(super) async fn settle(Path(id): Path<i64>, write: Write) -> Result<Response, HttpError> {
    let wanted: SettleBody = write.parsed()?;
    let action = match wanted {
        SettleBody::Retry {} => MessageAction::Retry,
        SettleBody::Skip {} => MessageAction::Skip,
    };
    let (app, name, now) = (write.state.app.clone(), write.actor(), write.state.app.clock.now());
    let work = async move {
        match app.store.write(move |writer| writer.settle_by_hand(id, action, &name, now)).await {
            Ok(()) => {
                app.engine.outbox_signal().notify_one();
                Ok((StatusCode::OK, json!({ "id": id }))) as Answer
            }
            Err(StoreError::Refused { .. }) => {
                let message = "there is no such message, it is settled, or a newer one of its ticket was taken";
                Err(HttpError::new(StatusCode::CONFLICT, "settled", message))
            }
            Err(error) => Err(HttpError::internal(&error)),
        }
    };
    write.once(work).await
}

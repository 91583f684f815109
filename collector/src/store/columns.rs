//! How domain values are kept in columns: instants as milliseconds, enums by their codes, phrases and lists as JSON.
//!
//! Reading checks everything again: what does not fit is [`StoreError::Damaged`], never a guess.

use super::StoreError;
use crate::domain::phrase::Phrase;
use pantau_shared::timestamp::Timestamp;
use rusqlite::Row;
use rusqlite::types::FromSql;

/// The column at `index`.
pub(super) fn column<T: FromSql>(row: &Row<'_>, index: usize) -> Result<T, StoreError> {
    row.get(index).map_err(|_| StoreError::Damaged { what: "column" })
}

pub(super) fn instant(row: &Row<'_>, index: usize) -> Result<Timestamp, StoreError> {
    column(row, index).map(Timestamp::from_ms)
}

pub(super) fn instant_if(row: &Row<'_>, index: usize) -> Result<Option<Timestamp>, StoreError> {
    Ok(column::<Option<i64>>(row, index)?.map(Timestamp::from_ms))
}

/// Text that `parse` must know.
pub(super) fn parsed<T>(
    row: &Row<'_>,
    index: usize,
    what: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, StoreError> {
    let text = row.get_ref(index).ok().and_then(|value| value.as_str().ok()).ok_or(StoreError::Damaged { what })?;
    parse(text).ok_or(StoreError::Damaged { what })
}

/// Bytes of a protobuf message.
pub(super) fn message<M: prost::Message + Default>(
    row: &Row<'_>,
    index: usize,
    what: &'static str,
) -> Result<M, StoreError> {
    let bytes = row.get_ref(index).ok().and_then(|value| value.as_blob().ok()).ok_or(StoreError::Damaged { what })?;
    M::decode(bytes).map_err(|_| StoreError::Damaged { what })
}

/// A SHA-256.
pub(super) fn hash(row: &Row<'_>, index: usize) -> Result<[u8; 32], StoreError> {
    column(row, index)
}

pub(super) fn ms(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_ms)
}

/// A phrase as `{"id": …, "args": [[name, value], …]}`: the order of arguments is part of it.
#[derive(serde::Serialize, serde::Deserialize)]
struct PhraseColumn {
    id: String,
    args: Vec<(String, String)>,
}

pub(super) fn render_phrase(phrase: &Phrase) -> Result<String, StoreError> {
    let column = PhraseColumn { id: phrase.id.clone(), args: phrase.args.clone() };
    serde_json::to_string(&column).map_err(|_| StoreError::Damaged { what: "phrase" })
}

pub(super) fn parse_phrase(text: &str) -> Result<Phrase, StoreError> {
    let column: PhraseColumn = serde_json::from_str(text).map_err(|_| StoreError::Damaged { what: "phrase" })?;
    Ok(Phrase { id: column.id, args: column.args })
}

pub(super) fn render_texts(texts: &[String]) -> Result<String, StoreError> {
    serde_json::to_string(texts).map_err(|_| StoreError::Damaged { what: "list" })
}

pub(super) fn parse_texts(text: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Damaged { what: "list" })
}

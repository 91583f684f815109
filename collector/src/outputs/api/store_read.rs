//! Reading from the store off the request threads: history may be long.

use crate::app::App;
use crate::http_error::HttpError;
use crate::store::{Reader, StoreError};

/// One consistent view for `work`, on a blocking thread.
pub(super) async fn read<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, HttpError> {
    let store = app.store.clone();
    match tokio::task::spawn_blocking(move || store.read(work)).await {
        Ok(read) => read.map_err(|error| HttpError::internal(&error)),
        Err(error) => Err(HttpError::internal(&error)),
    }
}

//! Metrics.

use crate::app::App;
use axum::Router;

pub(crate) fn router(app: App) -> Router {
    Router::new().with_state(app)
}

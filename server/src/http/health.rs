//! Whether the process runs (`/livez`), and whether it can serve (`/readyz`).

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};

use super::App;
use crate::outbox::Chain;

pub(super) async fn livez() -> &'static str {
    "alive\n"
}

pub(super) async fn readyz(State(app): State<Arc<App>>) -> (StatusCode, &'static str) {
    match app.store.ready().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::error!(error = %Chain(&error), "the store does not answer");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the store does not answer\n",
            )
        }
    }
}

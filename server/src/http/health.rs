//! Whether the process runs (`/livez`), and whether it can serve (`/readyz`).

use std::sync::Arc;

use axum::extract::State;
use payname_api::paths;

use super::{App, failure::Failure};
use crate::{outbox::Chain, store::StoreError};

/// Whether the process runs.
#[utoipa::path(
    get,
    path = paths::LIVEZ,
    operation_id = "livez",
    tag = "server",
    responses((status = OK, description = "It runs.", body = String, content_type = "text/plain")),
)]
pub(super) async fn livez() -> &'static str {
    "alive\n"
}

/// Whether the server can serve: its database answers and takes changes.
#[utoipa::path(
    get,
    path = paths::READYZ,
    operation_id = "readyz",
    tag = "server",
    responses((status = OK, description = "It can; what an operator has to look at follows.", body = String, content_type = "text/plain")),
)]
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Result<String, Failure> {
    match app.store.ready().await {
        Ok(()) => {
            // Serving goes on; what is not put right is for the operator to see.
            let alarms = app.board.all().into_iter();
            let alarms = alarms
                .filter_map(|(domain, standing)| Some(format!("{domain}: {}\n", standing.alarm?)));
            let faults = app.served.faults();
            let faults = faults.iter().map(|(zone, fault)| {
                format!("{zone} is served as it was: another server keeps it otherwise ({fault}); restart this one with the same configuration and release\n")
            });
            let alarms: String = alarms.chain(faults).chain(app.leap()).collect();
            Ok(format!("ready\n{alarms}"))
        }
        Err(error) => {
            tracing::error!(error = %Chain(&error), "the store takes nothing");
            let detail = match error {
                StoreError::Unwritable(_) | StoreError::Sqlite(_) => {
                    "nothing can be written: the disk is full, read-only or broken; names are served from memory"
                }
                _ => {
                    "the database does not answer, or takes no changes; names are served from memory"
                }
            };
            Err(Failure::unavailable(detail))
        }
    }
}

impl App {
    /// That the clock is not believed, where names may end.
    fn leap(&self) -> Option<String> {
        let mut terms = self.domains.values().map(|domain| domain.terms);
        let may_end = terms.any(|terms| terms.life.is_some() || terms.hold.is_some());
        let hours = self.sure_time.leap()?.checked_div(3600)?;
        may_end.then(|| {
            format!("the clock is {hours} hours ahead of the time that has surely come; no name ends by it\n")
        })
    }
}

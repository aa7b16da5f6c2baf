//! What every route of the HTTP API has in common.

mod batch;
mod bearer;
mod envelope;
mod fresh;
mod guide;
mod late;
mod limits;
mod lists;
mod once;
mod replay;
mod schemathesis;

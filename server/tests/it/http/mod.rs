//! What every route of the HTTP API has in common.

mod batch;
mod envelope;
mod guide;
mod limits;
mod lists;
mod once;
mod replay;
mod schemathesis;

//! What every route of the HTTP API has in common.

mod envelope;
mod limits;
mod lists;
mod schemathesis;

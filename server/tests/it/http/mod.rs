//! What every route of the HTTP API has in common.

mod limits;
mod lists;

//! The keys of the zones in operation: kept in files, replaced in time, and told about.

mod files;
mod keeper;
mod parent;
mod report;
mod request;

pub use parent::ParentError;
pub use report::KeyReport;
pub use request::{RequestError, ZoneRequest};

pub(crate) use files::{KeyFiles, Keys};
pub(crate) use keeper::{Keeper, Kept};
pub(crate) use parent::ParentWatcher;

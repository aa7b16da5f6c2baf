//! The keys of the zones in operation: kept in files, replaced in time, and told about.

mod files;
mod inspect;
mod keeper;
mod parent;
mod passphrase;
mod past;
mod report;
mod request;
mod reseal;
mod sealed;
mod shared;

pub use parent::ParentError;
pub use passphrase::{Passphrase, PassphraseError, PassphraseSource};
pub use report::KeyReport;
pub use request::{RequestError, ZoneRequest};
pub use reseal::{ResealError, reseal_keys};
pub use sealed::SealError;

pub(crate) use files::{KeyFiles, Keys};
pub(crate) use keeper::{Keeper, Kept};
pub(crate) use parent::ParentWatcher;
pub(crate) use shared::SharedKeys;
pub use shared::{SharedKeysError, reseal_shared_keys};

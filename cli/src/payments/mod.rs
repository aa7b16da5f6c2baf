//! Payments that must survive a crash: intents, what became of them, receipts.
//!
//! An intent is on the disk before a node hears of it. Whatever is found unfinished later is asked
//! for and never paid again by itself.

mod intent;
mod lock;
mod receipt;
mod run;
mod store;

pub use intent::{Intent, IntentId, NewIntent, State};
pub use lock::{Lock, LockError};
pub use receipt::{Receipt, ReceiptError, Shown};
pub use run::{Resolved, Run, RunError};
pub use store::{Store, StoreError};

//! The servers of a private DNS internet: authorities, and a recursor that can lie.

mod ask;
mod authority;
mod bent;
mod canned;
mod lie;
mod listener;
mod recursor;
mod relay;

pub use ask::{over_tcp, raw_over_tcp};
pub use authority::Authority;
pub use bent::Bent;
pub use canned::{Canned, Claim};
pub use lie::Lie;
pub use recursor::Recursor;
pub use relay::Relay;

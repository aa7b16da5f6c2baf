//! The servers of a private DNS internet: authorities, and a recursor that can lie.

mod ask;
mod authority;
mod lie;
mod listener;
mod recursor;
mod relay;

pub use ask::over_tcp;
pub use authority::Authority;
pub use lie::Lie;
pub use recursor::Recursor;
pub use relay::Relay;

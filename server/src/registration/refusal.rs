//! Why a change is not made.

use payname_resolver::{Handle, UnixTime};

/// Why a change is not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The name is, or was, another key's.
    #[error("{handle} belongs to another key{}", if *removed { " (it was removed, and only its former owner may claim it again)" } else { "; sign with the owner's key, or choose another name" })]
    NotOwner {
        /// The name.
        handle: Handle,
        /// Whether it was removed, and is kept for its former owner.
        removed: bool,
    },
    /// There is no such name.
    #[error("{0} is not registered here")]
    Unknown(Handle),
    /// The precondition does not hold.
    #[error("{handle} {}; look at it again before changing it", version.map_or("is free".to_owned(), |version| format!("has version {version}")))]
    Precondition {
        /// The name.
        handle: Handle,
        /// Its version; none when it is free.
        version: Option<u64>,
    },
    /// The signed event has been used.
    #[error("this signed request was used before; sign a new one for every request")]
    Replayed,
    /// The operator has disabled the name.
    #[error("{0} was disabled by the operator of this server; only the operator can enable it")]
    Suspended(Handle),
    /// The name's time is over.
    #[error("{handle} expired at {at}; renew it first, or claim it anew with a URI")]
    Expired {
        /// The name.
        handle: Handle,
        /// When.
        at: UnixTime,
    },
    /// The name is given to whom it belongs already.
    #[error("{0} belongs to this key already; name the key that is to have it")]
    SameOwner(Handle),
    /// A change of this kind is not theirs to ask for.
    #[error("this change of {0} is not for whoever asks for it; its owner must sign it")]
    NotTheirs(Handle),
}

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
    /// The claim of the name still waits.
    #[error(
        "{handle} is reserved until {until} and waits; it can be changed, removed or approved, and nothing else"
    )]
    Awaiting {
        /// The name.
        handle: Handle,
        /// How long it is reserved.
        until: UnixTime,
    },
    /// What the claim has to meet was not demanded.
    #[error("what {0} is given for has changed meanwhile; send the request again")]
    NotAsked(Handle),
    /// The name is given to whom it belongs already.
    #[error("{0} belongs to this key already; name the key that is to have it")]
    SameOwner(Handle),
    /// A change of this kind is not theirs to ask for.
    #[error("this change of {0} is not for whoever asks for it; its owner must sign it")]
    NotTheirs(Handle),
    /// The name is not of the form that names have in the domain.
    #[error("`{}` is no name for this domain: {reason}", user.escape_debug())]
    Form {
        /// The user part.
        user: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The name is the operator's, or looks like one that is.
    #[error("{0} is reserved, or looks like a name that is; choose another name")]
    Reserved(Handle),
    /// The name looks like another key's.
    #[error("{0} looks like a name that another key has; choose another name")]
    Confusable(Handle),
    /// The name lies above or below another key's in DNS.
    #[error(
        "{0} and a name of another key would lie under each other in DNS; choose another name, without a dot"
    )]
    Shadows(Handle),
    /// Only the operator gives names of the domain.
    #[error("names of {0} are given by its operator only; ask whoever runs the domain")]
    Closed(String),
    /// The domain draws no names.
    #[error("{0} gives no random names; choose one (`PUT …/handles/{{user}}`)")]
    NotDrawn(String),
    /// A claim must bring an invite code.
    #[error("names of {0} are for those who are invited; send the code as `invite` beside `uri`")]
    InviteNeeded(String),
    /// The invite code is not good, for whatever reason.
    #[error("the invite code is not good (any more); check its spelling, or ask for another one")]
    InviteInvalid,
    /// The key has as many names as it may have.
    #[error("this key has {most} names in this domain, and may have no more")]
    TooManyNames {
        /// How many it may have.
        most: u32,
    },
    /// As many names were claimed from the network as may be in a day.
    #[error(
        "{most} names were claimed from this network today, and no more may be; try again tomorrow"
    )]
    TooManyClaims {
        /// How many may be claimed.
        most: u32,
    },
}

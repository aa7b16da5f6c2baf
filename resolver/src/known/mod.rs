//! Whether a payee is who it was last time, as ssh knows hosts: values without I/O.
//!
//! A proof shows what a domain's owner published, and nothing of who that is: whoever takes over the
//! domain, or the account at its DNS host, can publish another offer that proves as well. What payers
//! can do is remember. The first time, an [`Identity`] is kept as [`KnownPayee`]; later ones are
//! compared with it, and a [`Recognition`] says what is the same and what changed.
//!
//! Only keys are remembered ([`Pin`]): an offer's issuer id, a silent payment address, the node of an
//! invoice. On-chain addresses change after each payment, and offers that have blinded paths alone
//! change with the paths; neither says who is behind it, so a payee who has nothing else cannot be
//! recognised, which is told.

mod identity;
mod payee;
mod pin;
#[cfg(test)]
mod tests;

pub use identity::Identity;
pub use payee::{Change, KnownPayee, Recognition};
pub use pin::{Pin, PinError, PinKind};

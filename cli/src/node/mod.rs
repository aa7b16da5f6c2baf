//! Lightning nodes that pay: one trait, one contract, several implementations.
//!
//! A node is handed a [`Verified`] method and nothing else, so that what was proven is what is
//! paid. It answers with one of three [`Outcome`]s; a node that cannot say stays [`Outcome::Unknown`].

mod address;
mod capabilities;
mod chain_source;
mod cln;
pub mod contract;
mod eclair;
#[cfg(feature = "embedded")]
pub mod embedded;
mod endpoint;
mod error;
#[cfg(test)]
pub(crate) mod fake;
mod invoice;
mod network;
mod peer;
mod phoenixd;
mod secret;
mod wait;

use std::{fmt, time::Duration};

use payname_resolver::{
    Amount, Method, UnixTime, Verified,
    lightning::{
        bitcoin::hashes::{Hash, sha256},
        offers::offer::Offer,
    },
};

pub use address::{NodeAddress, NodeAddressError};
pub use capabilities::Capabilities;
pub use chain_source::{ChainSource, ChainSourceError};
pub use cln::{Cln, ClnAddress};
pub use eclair::Eclair;
#[cfg(feature = "embedded")]
pub use embedded::{Embedded, EmbeddedConfig};
pub use error::{FailureReason, NodeError};
pub use invoice::{Invoice, InvoiceError};
pub use network::Network;
pub use peer::{Peer, PeerError};
pub use phoenixd::Phoenixd;
pub use secret::{Secret, SecretError, SecretSource};

/// The identity of the node in this program; its folder goes with the payments.
#[cfg(feature = "embedded")]
pub(crate) const EMBEDDED: &str = "embedded";

/// A Lightning node that can pay proven methods.
///
/// Calls block; none of them starts a payment except [`Node::pay`].
pub trait Node {
    /// What this node can pay.
    fn capabilities(&self) -> Capabilities;

    /// Which node this is, such as `cln:02…` with its key: only it can say what became of its payments.
    fn identity(&self) -> &str;

    /// Waits until the node could pay: its wallet is at the chain's tip and a channel is usable.
    ///
    /// # Errors
    /// It cannot, or not `within` that time. Nothing was started.
    fn wait_ready(&self, within: Duration) -> Result<(), NodeError>;

    /// Pays once, and waits for the outcome as long as the order says.
    ///
    /// `begun` is called with the payment's id as soon as the node has one, before the wait, and says whether
    /// it is on the disk. A node that has not sent anything then must not go on if it is not.
    ///
    /// # Errors
    /// The node refused before anything was started; it is safe to try again.
    fn pay(
        &self,
        order: &Order,
        begun: &mut dyn FnMut(&PaymentId) -> bool,
    ) -> Result<Outcome, NodeError>;

    /// Asks what became of a payment that this or an earlier process began, and waits for it.
    ///
    /// # Errors
    /// The node cannot be asked.
    fn look_up(&self, trace: &Trace, within: Duration) -> Result<Found, NodeError>;
}

/// One payment to be made.
#[derive(Debug, Clone)]
pub struct Order {
    /// What to pay. Only a proof makes one.
    pub method: Verified<Method>,
    /// How much.
    pub amount: Amount,
    /// The most that routing may cost.
    pub max_fee: Amount,
    /// A note that the payee will read.
    pub note: Option<String>,
    /// How long to wait for the outcome.
    pub timeout: Duration,
}

/// The node's own name for a payment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PaymentId(pub String);

impl fmt::Display for PaymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What became of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// The payee has the money, and the preimage proves it.
    Settled(Settlement),
    /// It failed for good: no money moved and none will.
    Failed(FailureReason),
    /// It may still settle or fail. Must not be paid again.
    Unknown,
}

/// Evidence that a payment was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// SHA-256 of the preimage, as 64 hex digits.
    pub payment_hash: String,
    /// The preimage, as 64 hex digits.
    pub preimage: String,
    /// What routing cost in millisatoshis, when the node says.
    pub fee_msat: Option<u64>,
}

/// What is known about a payment whose outcome is asked for.
#[derive(Debug, Clone)]
pub struct Trace {
    /// The node's id for it, when it was stored in time.
    pub payment_id: Option<PaymentId>,
    /// The offer that was to be paid.
    pub offer: String,
    /// How much was to be paid.
    pub amount: Amount,
    /// When it was intended.
    pub intended_at: UnixTime,
    /// Ids that belong to other payments for certain.
    pub others: Vec<PaymentId>,
}

/// The answer to a [`Trace`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Found {
    /// The node knows it.
    Payment {
        /// The node's id for it.
        id: PaymentId,
        /// What became of it.
        outcome: Outcome,
    },
    /// The node never began it and never will.
    NeverSent,
    /// The node cannot tell yet whether it began.
    Unclear,
}

/// The offer in a proven method.
fn offer_of(method: &Verified<Method>) -> Result<&Offer, NodeError> {
    match method.value() {
        Method::Offer(offer) => Ok(offer.offer()),
        other => Err(NodeError::Unsupported(other.kind().to_string())),
    }
}

/// The evidence of a payment, if the preimage (hex) is that of the payment hash (hex).
fn settlement_of(payment_hash: &str, preimage: &str, fee_msat: Option<u64>) -> Option<Settlement> {
    let bytes: [u8; 32] = hex::decode(preimage).ok()?.try_into().ok()?;
    let hash = hex::encode(sha256::Hash::hash(&bytes).to_byte_array());
    let is_own = payment_hash.eq_ignore_ascii_case(&hash);
    is_own.then(|| Settlement {
        payment_hash: hash,
        preimage: hex::encode(bytes),
        fee_msat,
    })
}

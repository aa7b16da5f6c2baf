//! Lightning nodes that pay: one trait, one contract, several implementations.
//!
//! A node is handed a [`Verified`] method and nothing else, so that what was proven is what is
//! paid. It answers with one of three [`Outcome`]s; a node that cannot say stays [`Outcome::Unknown`].

mod chain_source;
pub mod contract;
#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(test)]
pub(crate) mod fake;
mod network;
mod peer;

use std::{fmt, time::Duration};

use payname_resolver::{Amount, Method, UnixTime, Verified};

pub use chain_source::{ChainSource, ChainSourceError};
#[cfg(feature = "embedded")]
pub use embedded::{Embedded, EmbeddedConfig};
pub use network::Network;
pub use peer::{Peer, PeerError};

/// A Lightning node that can pay proven methods.
///
/// Calls block; none of them starts a payment except [`Node::pay`].
pub trait Node {
    /// What this node can pay.
    fn capabilities(&self) -> Capabilities;

    /// Waits until the node could pay: its wallet is at the chain's tip and a channel is usable.
    ///
    /// # Errors
    /// It cannot, or not `within` that time. Nothing was started.
    fn wait_ready(&self, within: Duration) -> Result<(), NodeError>;

    /// Pays once, and waits for the outcome as long as the order says.
    ///
    /// `begun` is called with the payment's id as soon as the node has one, before the wait.
    ///
    /// # Errors
    /// The node refused before anything was started; it is safe to try again.
    fn pay(&self, order: &Order, begun: &mut dyn FnMut(&PaymentId)) -> Result<Outcome, NodeError>;

    /// Asks what became of a payment that this or an earlier process began, and waits for it.
    ///
    /// # Errors
    /// The node cannot be asked.
    fn look_up(&self, trace: &Trace, within: Duration) -> Result<Found, NodeError>;
}

/// What a node can pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// BOLT 12 offers.
    pub offers: bool,
    /// Whether the invoice request can name the handle (BOLT 12 `invreq_bip_353_name`).
    pub names_handle: bool,
    /// Whether the invoice can be looked at before it is paid.
    pub fetches_first: bool,
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

/// Why a payment failed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FailureReason {
    /// No invoice came back in time.
    #[error("the recipient's node did not answer the invoice request; it may be offline")]
    NoInvoice,
    /// The payee's node said no to the invoice request.
    #[error("the recipient's node refused the invoice request")]
    InvoiceRefused,
    /// An invoice came, and no route to it was found.
    #[error("no route to the recipient with enough liquidity under the fee limit")]
    NoRoute,
    /// The payee's node rejected the payment.
    #[error("the recipient's node rejected the payment")]
    Rejected,
    /// Every attempt failed on the way.
    #[error("every attempt to route the payment failed")]
    RetriesExhausted,
    /// The invoice expired before it was paid.
    #[error("the invoice expired before it could be paid")]
    Expired,
    /// The offer or invoice needs something that this node does not know.
    #[error("the recipient's invoice requires a feature this node lacks")]
    UnknownFeature,
    /// The process was killed before the node kept hold of the payment.
    #[error("the payment was cut off before any money left, and the node has let go of it")]
    Forgotten,
    /// The node gave no reason, or a new one.
    #[error("the node reports a failure without a known reason")]
    Unexplained,
}

impl FailureReason {
    /// A stable name for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoInvoice => "no_invoice",
            Self::InvoiceRefused => "invoice_refused",
            Self::NoRoute => "no_route",
            Self::Rejected => "rejected",
            Self::RetriesExhausted => "retries_exhausted",
            Self::Expired => "expired",
            Self::UnknownFeature => "unknown_feature",
            Self::Forgotten => "forgotten",
            Self::Unexplained => "unexplained",
        }
    }
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

/// Why a node did not do what was asked. No payment was started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// Another process holds the node.
    #[error("the node at {0} is in use by another process; wait for it to end")]
    InUse(String),
    /// A file of the node cannot be read or written.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        cause: String,
    },
    /// The node's settings contradict each other or its stored state.
    #[error("the node cannot be set up: {0}")]
    Setup(String),
    /// The chain source does not answer.
    #[error("the chain source ({source_name}) does not answer: {cause}; check --chain")]
    Chain {
        /// Which, without its password.
        source_name: String,
        /// What went wrong.
        cause: String,
    },
    /// The wallet did not reach the chain's tip in time.
    #[error(
        "the wallet is at block {height} and the chain at {tip}; try again when it has caught up"
    )]
    Behind {
        /// The wallet's height.
        height: u32,
        /// The chain's.
        tip: u32,
    },
    /// There is no channel at all.
    #[error("the node has no channel; open one with `payname node open-channel`")]
    NoChannel,
    /// No channel can be used now.
    #[error("no channel is usable; the peers may be offline, or the channel is not confirmed yet")]
    ChannelNotUsable,
    /// The peer could not be reached.
    #[error("could not connect to {0}")]
    Peer(String),
    /// Not enough on-chain money.
    #[error("the node's on-chain balance is too low; a channel also needs a reserve of 25,000 sat")]
    InsufficientFunds,
    /// The method is not one this node can pay.
    #[error("this node cannot pay that method: {0}")]
    Unsupported(String),
    /// The node said no.
    #[error("the node refused: {0}")]
    Refused(String),
    /// The process was asked to end.
    #[error("interrupted; nothing was paid")]
    Interrupted,
    /// This build has no node.
    #[error("this build of payname has no Lightning node; build it with the `embedded` feature")]
    NoNode,
}

//! Why a node did not pay: before anything was started, or for good.

use payname_resolver::Amount;

use super::{InvoiceError, Network};
use crate::text;

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
    /// A node that runs elsewhere is behind the chain's tip.
    #[error("the node has not caught up with the chain; try again later: {}", text::escape(.0))]
    NotSynced(String),
    /// A node that runs elsewhere is not heard of; nothing was begun.
    #[error("{node} cannot be reached: {}; check --node", text::escape(cause))]
    Unreachable {
        /// What it is called.
        node: &'static str,
        /// What went wrong.
        cause: String,
    },
    /// A node that runs elsewhere does not let us in.
    #[error("{node} does not accept the secret: {hint}; check --node-secret-file")]
    Unauthorized {
        /// What it is called.
        node: &'static str,
        /// What to look at.
        hint: String,
    },
    /// It is on another network.
    #[error(
        "the node is on the network `{}`, and --network says {expected}",
        text::escape(found)
    )]
    OtherNetwork {
        /// The node's network, in its own words.
        found: String,
        /// The one that is meant.
        expected: Network,
    },
    /// The invoice that it fetched is not the one that was asked for.
    #[error(transparent)]
    Invoice(#[from] InvoiceError),
    /// The payment's name could not be written down, and so it was not begun.
    #[error(
        "nothing was paid: the payment could not be written down, as the disk is full, or the recipient sent an invoice that was paid before"
    )]
    NotStored,
    /// Several payments could be the one that is looked for.
    #[error(
        "the node has several payments of {0} to that offer which payname did not write down, and which of them is meant cannot be told; look at the node's own list"
    )]
    Ambiguous(Amount),
    /// There is no channel at all.
    #[error("the node has no channel; open one (the embedded node: `payname node open-channel`)")]
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
    #[error("the node refused: {}", text::escape(.0))]
    Refused(String),
    /// The process was asked to end.
    #[error("interrupted; nothing was paid")]
    Interrupted,
    /// This build has no node.
    #[error("this build of payname has no Lightning node; build it with the `embedded` feature")]
    NoNode,
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

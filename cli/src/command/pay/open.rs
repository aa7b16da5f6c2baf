//! Opening what a payment needs: the lock, the store, the node.

use std::path::Path;

use crate::{
    context::Context,
    exit::Exit,
    failure::Failure,
    files,
    node::{Node, NodeError},
    payments::{Lock, LockError, StoreError},
};

/// Takes the folder's payment lock: one payment at a time.
pub(super) fn lock(folder: &Path) -> Result<Lock, Failure> {
    files::make_private_folder(folder).map_err(|error| {
        Failure::usage(
            "unusable_data_dir",
            format!("`{}`: {error}", folder.display()),
        )
    })?;
    Lock::take(&folder.join("payments.lock")).map_err(|error| match error {
        LockError::Taken => Failure::new(
            Exit::Node,
            "busy",
            format!(
                "another payment is under way in {}; wait for it to end",
                folder.display()
            ),
        ),
        LockError::File(_) => Failure::usage("unusable_data_dir", error),
    })
}

/// Starts the node this program pays with.
pub(super) fn node(context: &Context) -> Result<Box<dyn Node>, Failure> {
    context.progress("starting the node");
    #[cfg(feature = "embedded")]
    return Ok(Box::new(crate::command::node::open(context)?));
    #[cfg(not(feature = "embedded"))]
    return Err(NodeError::NoNode.into());
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        let (exit, code) = match error {
            NodeError::InUse(_) => (Exit::Node, "node_in_use"),
            NodeError::File { .. } => (Exit::Node, "node_files"),
            NodeError::Setup(_) => (Exit::Node, "node_setup"),
            NodeError::Chain { .. } => (Exit::Node, "chain_source"),
            NodeError::Behind { .. } => (Exit::Node, "node_behind"),
            NodeError::NoChannel => (Exit::Node, "no_channel"),
            NodeError::ChannelNotUsable => (Exit::Node, "channel_not_usable"),
            NodeError::Peer(_) => (Exit::Node, "peer_unreachable"),
            NodeError::InsufficientFunds => (Exit::Node, "insufficient_funds"),
            NodeError::Unsupported(_) => (Exit::NothingPayable, "unsupported_method"),
            NodeError::Refused(_) => (Exit::Node, "node_refused"),
            NodeError::Interrupted => (Exit::NotConfirmed, "interrupted"),
            NodeError::NoNode => (Exit::Node, "no_node"),
        };
        Self::new(exit, code, error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::unexpected("payments_store", error)
    }
}

//! Opening what a payment needs: the lock, the store, the node.

use std::path::Path;

use crate::{
    context::Context,
    exit::Exit,
    failure::Failure,
    files, input, interrupt,
    node::{Cln, ClnAddress, Eclair, Node, NodeAddress, NodeError, Phoenixd, Secret, SecretSource},
    payments::{Lock, LockError, StoreError},
    time,
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

/// The node that `--node` names: started, or asked who it is.
pub(super) fn node(context: &Context) -> Result<Box<dyn Node>, Failure> {
    let network = context.global.network;
    interrupt::watch();
    Ok(match context.global.node.clone() {
        NodeAddress::Embedded => embedded(context)?,
        NodeAddress::ClnSocket(path) => {
            Box::new(Cln::open(ClnAddress::Socket(path), network, time::now)?)
        }
        NodeAddress::ClnRest(url) => {
            let address = ClnAddress::Rest {
                url,
                rune: secret(context)?,
                authority: authority(context)?,
            };
            Box::new(Cln::open(address, network, time::now)?)
        }
        NodeAddress::Phoenixd(url) => {
            let authority = authority(context)?;
            let password = secret(context)?;
            Box::new(Phoenixd::open(
                url,
                password,
                authority.as_deref(),
                network,
            )?)
        }
        NodeAddress::Eclair(url) => {
            let authority = authority(context)?;
            let password = secret(context)?;
            Box::new(Eclair::open(url, password, authority.as_deref(), network)?)
        }
    })
}

fn embedded(context: &Context) -> Result<Box<dyn Node>, Failure> {
    context.progress("starting the node");
    #[cfg(feature = "embedded")]
    return Ok(Box::new(crate::command::node::open(context)?));
    #[cfg(not(feature = "embedded"))]
    return Err(NodeError::NoNode.into());
}

/// The node's secret, with a warning if others can read it too.
fn secret(context: &Context) -> Result<Secret, Failure> {
    let source = SecretSource {
        file: context.global.node_secret_file.clone(),
        command: context.global.node_secret_cmd.clone(),
    };
    let secret = source
        .read()
        .map_err(|error| Failure::usage("node_secret", error))?;
    if let Some(path) = source
        .path()
        .filter(|path| files::is_readable_by_others(path))
    {
        let path = path.display();
        context.warn(&format!(
            "other users can read the node's secret in {path}; run chmod 600 on it"
        ));
    }
    Ok(secret)
}

/// The certificates by which the node is known.
fn authority(context: &Context) -> Result<Option<Vec<u8>>, Failure> {
    let path = context.global.node_ca.as_deref();
    let pem = path.map(input::text).transpose()?;
    Ok(pem.map(String::into_bytes))
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        let (exit, code) = match error {
            NodeError::InUse(_) => (Exit::Node, "node_in_use"),
            NodeError::File { .. } => (Exit::Node, "node_files"),
            NodeError::Setup(_) => (Exit::Node, "node_setup"),
            NodeError::Chain { .. } => (Exit::Node, "chain_source"),
            NodeError::Behind { .. } => (Exit::Node, "node_behind"),
            NodeError::NotSynced(_) => (Exit::Node, "node_behind"),
            NodeError::Unreachable { .. } => (Exit::Node, "node_unreachable"),
            NodeError::Unauthorized { .. } => (Exit::Node, "node_unauthorized"),
            NodeError::OtherNetwork { .. } => (Exit::Usage, "other_network"),
            NodeError::Invoice(_) => (Exit::PaymentFailed, "wrong_invoice"),
            NodeError::NotStored => (Exit::Unexpected, "payments_store"),
            NodeError::Ambiguous(_) => (Exit::PaymentUnknown, "payment_unknown"),
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

//! The node that is paid: LDK alone, without any code of ours, so that it can be the witness.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, Result};
use ldk_node::bitcoin::Network;
use ldk_node::payment::{PaymentDirection, PaymentStatus};
use ldk_node::{Builder, Node};

use crate::Bitcoind;
use crate::bitcoind::{RPC_PASSWORD, RPC_USER};

/// A running node that accepts channels and payments; it stops when it is dropped.
pub struct Payee {
    node: Arc<Node>,
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    events: Option<JoinHandle<()>>,
}

impl Payee {
    /// Starts it in `folder`, listening at `address`. Blocks.
    ///
    /// # Errors
    /// The node cannot be built or started.
    pub fn start(folder: &Path, bitcoind: &Bitcoind, address: SocketAddr) -> Result<Self> {
        let rpc = bitcoind.rpc_address();
        let mut builder = Builder::new();
        builder
            .set_network(Network::Regtest)
            .set_storage_dir_path(folder.display().to_string())
            .set_gossip_source_p2p()
            .set_chain_source_bitcoind_rpc(
                rpc.ip().to_string(),
                rpc.port(),
                RPC_USER.to_owned(),
                RPC_PASSWORD.to_owned(),
            );
        builder.set_listening_addresses(vec![address.into()])?;
        let node = Arc::new(builder.build()?);
        node.start()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let events = thread::spawn({
            let (node, is_over) = (node.clone(), is_over.clone());
            move || {
                // Events are kept until they are handled; what they tell is read off the node itself.
                while !is_over.load(Ordering::Relaxed) {
                    match node.next_event() {
                        Some(_) => drop(node.event_handled()),
                        None => thread::sleep(Duration::from_millis(10)),
                    }
                }
            }
        });
        Ok(Self {
            node,
            address,
            is_over,
            events: Some(events),
        })
    }

    /// Where others reach it, as `id@host:port`.
    pub fn peer(&self) -> String {
        format!("{}@{}", self.node.node_id(), self.address)
    }

    /// Whether it can be paid over a channel now.
    pub fn is_reachable(&self) -> bool {
        self.node
            .list_channels()
            .iter()
            .any(|channel| channel.is_usable)
    }

    /// The block its wallet has reached.
    pub fn height(&self) -> u64 {
        self.node.status().current_best_block.height.into()
    }

    /// An offer for any amount.
    ///
    /// # Errors
    /// It has no channel yet.
    pub fn offer(&self, description: &str) -> Result<String> {
        let offer = self
            .node
            .bolt12_payment()
            .receive_variable_amount(description, None);
        Ok(offer.context("making an offer")?.to_string())
    }

    /// The amounts of all payments that have arrived, in satoshis.
    pub fn received(&self) -> Vec<u64> {
        let arrived = self.node.list_payments_with_filter(|payment| {
            payment.direction == PaymentDirection::Inbound
                && payment.status == PaymentStatus::Succeeded
        });
        arrived
            .iter()
            .filter_map(|payment| payment.amount_msat)
            .map(|msat| msat / 1000)
            .collect()
    }
}

impl Drop for Payee {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(events) = self.events.take() {
            let _ = events.join(); // it cannot panic
        }
        let _ = self.node.stop(); // fails only when it does not run
    }
}

impl std::fmt::Debug for Payee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Payee")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

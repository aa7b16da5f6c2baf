//! The embedded node: LDK in this process, on `ldk-node`.
//!
//! One folder holds everything: the mnemonic (made at first use, mode 0600), the node's database,
//! its log, and a lock, because two processes on one Lightning state lose money.

mod events;
mod pay;
mod storage;
mod tip;

use std::{
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use ldk_node::{
    Builder, Node as LdkNode, NodeError as LdkError, bitcoin::secp256k1::PublicKey, config::Config,
    lightning::ln::msgs::SocketAddress, logger::LogLevel,
};

use self::{events::Events, storage::Storage};
use super::{ChainSource, Network, NodeError, Peer};
use crate::interrupt;

/// How long a peer may take to answer before connecting counts as failed.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long the wait for a funding transaction may last.
const FUNDING_TIMEOUT: Duration = Duration::from_secs(60);
/// How often waiting loops look again.
const PAUSE: Duration = Duration::from_millis(25);

/// What an embedded node is made of.
#[derive(Debug, Clone)]
pub struct EmbeddedConfig {
    /// The folder that holds all of the node's state; made if it does not exist.
    pub storage: PathBuf,
    /// The Bitcoin network. A folder belongs to one network for good.
    pub network: Network,
    /// Where blocks come from.
    pub chain: ChainSource,
    /// Where to accept peers, as `address:port`; nowhere if empty.
    pub listen: Vec<String>,
    /// The name others see; with `listen`, it lets the node have public channels.
    pub alias: Option<String>,
}

/// A running Lightning node in this process.
///
/// All calls block. From async code they need a multi-threaded Tokio runtime (or
/// `spawn_blocking`). Dropping it stops it.
///
/// ```no_run
/// use std::time::Duration;
/// use payname_cli::node::{Embedded, EmbeddedConfig, Network};
///
/// let node = Embedded::open(EmbeddedConfig {
///     storage: "node".into(),
///     network: Network::Regtest,
///     chain: "bitcoind://user:password@127.0.0.1:18443".parse()?,
///     listen: vec!["127.0.0.1:9735".into()],
///     alias: None,
/// })?;
/// node.wait_synced(Duration::from_secs(30))?;
/// println!("fund {}", node.new_address()?);
/// node.stop();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Embedded {
    node: Arc<LdkNode>,
    events: Events,
    chain: ChainSource,
    network: Network,
    opened: Instant,
    // Last, so that the lock is given up after everything else.
    _storage: Storage,
}

/// The node as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// Its public key, 66 hex digits.
    pub node_id: String,
    /// Its network.
    pub network: Network,
    /// The block its wallet has reached.
    pub height: u32,
    /// Its channels.
    pub channels: Vec<Channel>,
    /// The peers it is connected to, as `id@host:port`.
    pub peers: Vec<String>,
}

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// The peer's public key, 66 hex digits.
    pub peer: String,
    /// The size in satoshis.
    pub size_sat: u64,
    /// What can be sent, in millisatoshis.
    pub outbound_msat: u64,
    /// What can be received, in millisatoshis.
    pub inbound_msat: u64,
    /// Whether enough blocks confirm it.
    pub ready: bool,
    /// Whether it can be used now: ready, and the peer connected.
    pub usable: bool,
}

/// What the node owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balances {
    /// On chain, in satoshis, confirmed or not.
    pub onchain_sat: u64,
    /// On chain and free to spend, in satoshis; the channels' reserve is kept back.
    pub spendable_onchain_sat: u64,
    /// In channels, in satoshis.
    pub lightning_sat: u64,
    /// What one payment could send now at most, over all channels, in millisatoshis.
    pub outbound_msat: u64,
}

impl Embedded {
    /// Opens the node's folder, or makes it, and starts the node.
    ///
    /// # Errors
    /// Another process has it open, a file cannot be used, the folder belongs to another network
    /// or seed, or the chain source does not answer.
    pub fn open(config: EmbeddedConfig) -> Result<Self, NodeError> {
        let storage = Storage::open(&config.storage)?;
        let settings = Config {
            network: config.network.into(),
            storage_dir_path: config.storage.to_string_lossy().into_owned(),
            ..Config::default()
        };
        let mut builder = Builder::from_config(settings);
        builder.set_entropy_bip39_mnemonic(storage.mnemonic()?, None);
        builder.set_gossip_source_p2p();
        builder.set_filesystem_logger(None, Some(LogLevel::Info));
        set_chain_source(&mut builder, &config.chain);
        let setup = |error: &dyn std::fmt::Display| NodeError::Setup(error.to_string());
        if !config.listen.is_empty() {
            let addresses = config.listen.iter().map(|text| socket_address(text));
            let addresses = addresses.collect::<Result<Vec<_>, _>>()?;
            builder
                .set_listening_addresses(addresses)
                .map_err(|error| setup(&error))?;
        }
        if let Some(alias) = &config.alias {
            builder
                .set_node_alias(alias.clone())
                .map_err(|error| setup(&error))?;
        }
        let node = Arc::new(builder.build().map_err(|error| setup(&error))?);
        node.start().map_err(|error| match error {
            LdkError::FeerateEstimationUpdateFailed
            | LdkError::FeerateEstimationUpdateTimeout
            | LdkError::ConnectionFailed => NodeError::Chain {
                source_name: format!("{:?}", config.chain),
                cause: error.to_string(),
            },
            _ => setup(&error),
        })?;
        Ok(Self {
            events: Events::watch(Arc::clone(&node), &config.storage),
            node,
            chain: config.chain,
            network: config.network,
            opened: Instant::now(),
            _storage: storage,
        })
    }

    /// The node as others see it.
    pub fn info(&self) -> Info {
        let channels = self
            .node
            .list_channels()
            .into_iter()
            .map(|channel| Channel {
                peer: channel.counterparty_node_id.to_string(),
                size_sat: channel.channel_value_sats,
                outbound_msat: channel.outbound_capacity_msat,
                inbound_msat: channel.inbound_capacity_msat,
                ready: channel.is_channel_ready,
                usable: channel.is_usable,
            });
        let peers = self
            .node
            .list_peers()
            .into_iter()
            .filter(|peer| peer.is_connected);
        Info {
            node_id: self.node.node_id().to_string(),
            network: self.network,
            height: self.height(),
            channels: channels.collect(),
            peers: peers
                .map(|peer| format!("{}@{}", peer.node_id, peer.address))
                .collect(),
        }
    }

    /// Waits until the wallet is at the chain's tip.
    ///
    /// # Errors
    /// The chain source fails, or the wallet is still behind after `within`.
    pub fn wait_synced(&self, within: Duration) -> Result<(), NodeError> {
        let unanswered = |cause: String| NodeError::Chain {
            source_name: format!("{:?}", self.chain),
            cause,
        };
        if !matches!(self.chain, ChainSource::Bitcoind { .. }) {
            // Esplora and Electrum are asked for their tip by the synchronisation itself.
            return self
                .node
                .sync_wallets()
                .map_err(|error| unanswered(error.to_string()));
        }
        let deadline = deadline(within);
        loop {
            let tip = tip::of(&self.chain).map_err(|error| unanswered(error.to_string()))?;
            let height = self.height();
            if height >= tip {
                return Ok(());
            }
            if interrupt::is_requested() {
                return Err(NodeError::Interrupted);
            }
            if Instant::now() >= deadline {
                return Err(NodeError::Behind { height, tip });
            }
            thread::sleep(PAUSE);
        }
    }

    /// A fresh on-chain address of the node's wallet.
    ///
    /// # Errors
    /// The wallet cannot be written.
    pub fn new_address(&self) -> Result<String, NodeError> {
        let address = self.node.onchain_payment().new_address().map_err(refused)?;
        Ok(address.to_string())
    }

    /// What the node owns.
    pub fn balances(&self) -> Balances {
        let balances = self.node.list_balances();
        let usable = self
            .node
            .list_channels()
            .into_iter()
            .filter(|channel| channel.is_usable);
        Balances {
            onchain_sat: balances.total_onchain_balance_sats,
            spendable_onchain_sat: balances.spendable_onchain_balance_sats,
            lightning_sat: balances.total_lightning_balance_sats,
            outbound_msat: usable.fold(0, |sum, c| sum.saturating_add(c.outbound_capacity_msat)),
        }
    }

    /// Connects to a peer and remembers it.
    ///
    /// # Errors
    /// It does not answer in time, or is not who it should be.
    pub fn connect(&self, peer: &Peer) -> Result<(), NodeError> {
        let (id, address) = peer_parts(peer)?;
        // A wrong key leaves the attempt hanging, so the time-out is ours.
        let node = Arc::clone(&self.node);
        thread::spawn(move || node.connect(id, address, true));
        let deadline = deadline(CONNECT_TIMEOUT);
        let is_connected = || {
            let peers = self.node.list_peers();
            peers
                .iter()
                .any(|known| known.node_id == id && known.is_connected)
        };
        while !is_connected() {
            if Instant::now() >= deadline {
                return Err(NodeError::Peer(peer.to_string()));
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Opens a channel of `size_sat` satoshis and waits for its funding transaction.
    ///
    /// Of these, `push_msat` millisatoshis are given to the peer. A `public` channel is announced to
    /// the network, which needs `listen` and an `alias`. Returns the funding transaction's id; the
    /// channel is usable when the peer finds it deep enough, usually after 3 to 6 blocks.
    ///
    /// # Errors
    /// The peer does not answer or refuses, or the money is not there.
    pub fn open_channel(
        &self,
        peer: &Peer,
        size_sat: u64,
        push_msat: u64,
        public: bool,
    ) -> Result<String, NodeError> {
        let (id, address) = peer_parts(peer)?;
        self.connect(peer)?;
        let push = (push_msat > 0).then_some(push_msat);
        let opened = if public {
            self.node
                .open_announced_channel(id, address, size_sat, push, None)
        } else {
            self.node.open_channel(id, address, size_sat, push, None)
        };
        let channel = opened.map_err(|error| match error {
            LdkError::InsufficientFunds => NodeError::InsufficientFunds,
            LdkError::ConnectionFailed => NodeError::Peer(peer.to_string()),
            other => refused(other),
        })?;
        self.events
            .funding_of(channel, deadline(FUNDING_TIMEOUT))
            .ok_or_else(|| {
                NodeError::Refused(format!(
                    "{peer} did not agree to a channel of {size_sat} sat"
                ))
            })
    }

    /// A new offer for `amount_msat` millisatoshis, or for any amount.
    ///
    /// # Errors
    /// The node has no channel yet, so nobody could reach it.
    pub fn offer(&self, amount_msat: Option<u64>, description: &str) -> Result<String, NodeError> {
        if self.node.list_channels().is_empty() {
            return Err(NodeError::NoChannel);
        }
        let payments = self.node.bolt12_payment();
        let offer = match amount_msat {
            Some(amount) => payments.receive(amount, description, None, None),
            None => payments.receive_variable_amount(description, None),
        };
        Ok(offer.map_err(refused)?.to_string())
    }

    /// Stops the node. Everything is on disk by then; dropping does the same.
    pub fn stop(self) {
        drop(self);
    }

    fn height(&self) -> u32 {
        self.node.status().current_best_block.height
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.events.stop();
        // Only `NotRunning` can come back, and that is what is wanted.
        let _ = self.node.stop();
    }
}

fn set_chain_source(builder: &mut Builder, chain: &ChainSource) {
    match chain.clone() {
        ChainSource::Bitcoind {
            host,
            port,
            user,
            password,
        } => builder.set_chain_source_bitcoind_rpc(host, port, user, password),
        ChainSource::Esplora(url) => builder.set_chain_source_esplora(url, None),
        ChainSource::Electrum(url) => builder.set_chain_source_electrum(url, None),
    };
}

fn socket_address(text: &str) -> Result<SocketAddress, NodeError> {
    text.parse()
        .map_err(|_| NodeError::Setup(format!("`{}` is no address:port", text.escape_debug())))
}

fn peer_parts(peer: &Peer) -> Result<(PublicKey, SocketAddress), NodeError> {
    let id = peer
        .id()
        .parse()
        .map_err(|_| NodeError::Setup(format!("`{}` is no public key", peer.id())))?;
    Ok((id, socket_address(peer.address())?))
}

fn refused(error: LdkError) -> NodeError {
    NodeError::Refused(error.to_string())
}

/// The moment `within` from now; far away rather than wrapped.
fn deadline(within: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(within).unwrap_or(now)
}

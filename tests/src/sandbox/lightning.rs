//! A chain and two nodes: one that is paid, and one whose folder `payname pay` opens.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use payname_cli::node::{Embedded, EmbeddedConfig, Network, Peer};
use tokio::task::block_in_place;

use super::Folder;
use crate::{Bitcoind, port};

/// The size of the channel, all of it the payer's.
const CHANNEL_SAT: u64 = 1_000_000;
/// What the payer gets on chain to open it.
const FUNDS_SAT: u64 = 2_000_000;
/// Blocks after which everyone takes a transaction for final.
const DEEP: u64 = 6;
/// How long anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// `bitcoind`, a payee that runs here, and a payer that is closed, with a channel between them.
///
/// Needs a multi-threaded runtime: the nodes' calls block.
pub struct Lightning {
    /// The chain.
    pub bitcoind: Bitcoind,
    payee: Option<Embedded>,
    payer: PathBuf,
    payer_sat: u64,
    offer: String,
}

impl Lightning {
    /// Starts all of it: coins, nodes, a confirmed channel, and an offer of the payee.
    ///
    /// # Errors
    /// `bitcoind` is missing, or something does not become ready in time.
    pub async fn start(folder: &Folder) -> Result<Self> {
        let bitcoind = Bitcoind::start_in(&folder.room("bitcoind")?).await?;
        let chain = bitcoind.chain_source();
        let payee_address = port::free()?;
        let open = |storage: PathBuf, listen: Vec<String>| -> Result<Embedded> {
            let config = EmbeddedConfig {
                storage,
                network: Network::Regtest,
                chain: chain.parse()?,
                listen,
                alias: None,
            };
            Ok(block_in_place(|| Embedded::open(config))?)
        };
        let payee = open(folder.room("payee")?, vec![payee_address.to_string()])
            .context("starting the payee's node")?;
        let payer_data = folder.room("payer")?;
        let payer =
            open(payer_data.join("node"), Vec::new()).context("starting the payer's node")?;

        let address = block_in_place(|| payer.new_address())?;
        bitcoind.fund(&address, FUNDS_SAT).await?;
        bitcoind.mine(DEEP).await?;
        block_in_place(|| payer.wait_synced(PATIENCE))?;
        until("the payer's coins", || {
            payer.balances().spendable_onchain_sat > CHANNEL_SAT
        })
        .await?;

        let peer: Peer = format!("{}@{payee_address}", payee.info().node_id).parse()?;
        block_in_place(|| payer.open_channel(&peer, CHANNEL_SAT, 0, false))?;
        bitcoind.wait_for_transaction(PATIENCE).await?;
        bitcoind.mine(DEEP).await?;
        block_in_place(|| payer.wait_synced(PATIENCE))?;
        block_in_place(|| payee.wait_synced(PATIENCE))?;
        let usable = |node: &Embedded| node.info().channels.iter().any(|channel| channel.usable);
        until("the channel", || usable(&payer) && usable(&payee)).await?;

        let offer = block_in_place(|| payee.offer(None, "coffee in the sandbox"))?;
        let payer_sat = payer.balances().lightning_sat;
        block_in_place(|| payer.stop());
        Ok(Self {
            bitcoind,
            payee: Some(payee),
            payer: payer_data,
            payer_sat,
            offer,
        })
    }

    /// The payee's offer, for any amount.
    pub fn offer(&self) -> &str {
        &self.offer
    }

    /// The folder for `payname --data-dir`; nobody has its node open.
    pub fn payer(&self) -> PathBuf {
        self.payer.clone()
    }

    /// What the payee has received, in satoshis.
    ///
    /// # Panics
    /// The payee was stopped.
    pub fn received_sat(&self) -> u64 {
        let payee = self.payee.as_ref().expect("stopped only by `stop`");
        payee.balances().lightning_sat
    }

    /// Opens the payer's node for a moment and reads what it has in channels, in satoshis.
    ///
    /// # Errors
    /// Another process has it open.
    pub fn payer_sat(&self) -> Result<u64> {
        let config = EmbeddedConfig {
            storage: self.payer.join("node"),
            network: Network::Regtest,
            chain: self.bitcoind.chain_source().parse()?,
            listen: Vec::new(),
            alias: None,
        };
        block_in_place(|| {
            let node = Embedded::open(config)?;
            Ok(node.balances().lightning_sat)
        })
    }

    /// What the payer had in the channel when it was new, in satoshis.
    pub fn channel_sat(&self) -> u64 {
        self.payer_sat
    }

    /// Takes the payee off the network, as a phone that loses its signal.
    pub fn stop_payee(&mut self) {
        block_in_place(|| drop(self.payee.take()));
    }

    /// Ends node and chain in order.
    ///
    /// # Errors
    /// `bitcoind` does not end.
    pub async fn stop(mut self) -> Result<()> {
        self.stop_payee();
        self.bitcoind.stop().await
    }
}

impl std::fmt::Debug for Lightning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lightning")
            .field("offer", &self.offer)
            .finish_non_exhaustive()
    }
}

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) -> Result<()> {
    let started = Instant::now();
    while !block_in_place(&mut is_so) {
        if started.elapsed() > PATIENCE {
            bail!("{what} did not come within {} s", PATIENCE.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

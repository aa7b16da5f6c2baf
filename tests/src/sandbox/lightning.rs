//! A chain and two nodes: one that is paid, and one whose folder `payname pay` opens.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use payname_cli::node::{Embedded, EmbeddedConfig, Network, Peer};
use tokio::task::block_in_place;

use super::{Folder, Payee};
use crate::{Bitcoind, port};

/// The size of a channel, all of it the payer's, in satoshis.
const CHANNEL_SAT: u64 = 1_000_000;
/// What the payer gets on chain for each channel; the rest is for fees and reserves.
const FUNDS_SAT: u64 = 1_200_000;
/// Blocks after which everyone takes a transaction for final.
const DEEP: u64 = 6;
/// How long anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// `bitcoind`, a payee that runs here, and a payer that is closed, with a channel between them.
///
/// Needs a multi-threaded runtime: the nodes' calls block.
#[derive(Debug)]
pub struct Lightning {
    /// The chain.
    pub bitcoind: Bitcoind,
    payee: Payee,
    payer: PathBuf,
    offer: String,
}

impl Lightning {
    /// Starts all of it: coins, nodes, a confirmed channel, and an offer of the payee.
    ///
    /// # Errors
    /// `bitcoind` is missing, or something does not become ready in time.
    pub async fn start(folder: &Folder) -> Result<Self> {
        let bitcoind = Bitcoind::start_in(&folder.room("bitcoind")?).await?;
        let (room, address) = (folder.room("payee")?, port::free()?);
        let payee = block_in_place(|| Payee::start(&room, &bitcoind, address));
        let mut lightning = Self {
            payee: payee.context("starting the payee's node")?,
            payer: folder.room("payer")?,
            offer: String::new(),
            bitcoind,
        };
        let payer = lightning.open_channel().await?;
        // While the payer is there: an offer leads over a peer that is connected.
        lightning.offer = block_in_place(|| lightning.payee.offer("coffee in the sandbox"))?;
        block_in_place(|| payer.stop());
        Ok(lightning)
    }

    /// Opens a channel from the payer to the payee, unless there is one.
    ///
    /// A payer that is killed at the wrong moment loses its channel: LDK closes one whose state on
    /// the disk is older than what it has signed.
    ///
    /// # Errors
    /// Something does not become ready in time. The payer's node must not be open elsewhere.
    pub async fn ensure_channel(&self) -> Result<()> {
        let payer = self.open_channel().await?;
        block_in_place(|| payer.stop());
        Ok(())
    }

    /// The payer's node, with a channel that can be used now.
    async fn open_channel(&self) -> Result<Embedded> {
        let payer = self.open_payer()?;
        block_in_place(|| payer.wait_synced(PATIENCE))?;
        if payer.info().channels.is_empty() {
            let address = block_in_place(|| payer.new_address())?;
            self.bitcoind.fund(&address, FUNDS_SAT).await?;
            self.bitcoind.mine(DEEP).await?;
            block_in_place(|| payer.wait_synced(PATIENCE))?;
            let has_coins = || payer.balances().spendable_onchain_sat > CHANNEL_SAT;
            until("the payer's coins", has_coins).await?;
            let peer: Peer = self.payee.peer().parse()?;
            block_in_place(|| payer.open_channel(&peer, CHANNEL_SAT, 0, false))?;
            self.bitcoind.wait_for_transaction(PATIENCE).await?;
            self.bitcoind.mine(DEEP).await?;
        }
        // A wallet behind the tip makes others refuse: both must be there before anything is paid.
        block_in_place(|| payer.wait_synced(PATIENCE))?;
        let tip = self.bitcoind.height().await?;
        until("the payee's wallet", || self.payee.height() >= tip).await?;
        let can_pay = || payer.info().channels.iter().any(|channel| channel.usable);
        until("the channel", || can_pay() && self.payee.is_reachable()).await?;
        Ok(payer)
    }

    /// The payee's offer, for any amount.
    pub fn offer(&self) -> &str {
        &self.offer
    }

    /// The folder for `payname --data-dir`; nobody has its node open.
    pub fn payer(&self) -> PathBuf {
        self.payer.clone()
    }

    /// The amounts of all payments that have reached the payee, in satoshis.
    pub fn received(&self) -> Vec<u64> {
        block_in_place(|| self.payee.received())
    }

    /// Opens the payer's node for a moment and reads what it has in channels, in satoshis.
    ///
    /// # Errors
    /// Another process has it open.
    pub fn payer_sat(&self) -> Result<u64> {
        let payer = self.open_payer()?;
        Ok(block_in_place(|| payer.balances().lightning_sat))
    }

    /// Opens the payer's node.
    ///
    /// # Errors
    /// Another process has it open.
    pub fn open_payer(&self) -> Result<Embedded> {
        let config = EmbeddedConfig {
            storage: self.payer.join("node"),
            network: Network::Regtest,
            chain: self.bitcoind.chain_source().parse()?,
            listen: Vec::new(),
            alias: None,
        };
        block_in_place(|| Embedded::open(config)).context("opening the payer's node")
    }

    /// Ends node and chain in order.
    ///
    /// # Errors
    /// `bitcoind` does not end.
    pub async fn stop(self) -> Result<()> {
        let Self {
            bitcoind, payee, ..
        } = self;
        block_in_place(|| drop(payee));
        bitcoind.stop().await
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

//! `payname node`: what it takes to make the embedded node usable.

use payname_resolver::Amount;

use crate::{context::flag, node::Peer};

/// What can be done with the embedded node.
#[derive(Debug, clap::Subcommand)]
pub enum Node {
    /// Show the node, its balance, channels and peers; makes the node at first use
    Info,
    /// Show a fresh on-chain address to fund the node with
    Address,
    /// Show what the node owns
    Balance,
    /// Connect to a peer and remember it
    Connect(Connect),
    /// Open a channel to a peer from the on-chain balance
    OpenChannel(OpenChannel),
    /// Make an offer that others can pay while the node runs
    Offer(Offer),
    /// Run the node until interrupted, so that it can be paid
    Run(Serve),
}

/// Arguments of `node connect`.
#[derive(Debug, clap::Args)]
pub struct Connect {
    /// The peer, as id@host:port
    pub peer: Peer,
}

/// Arguments of `node open-channel`.
#[derive(Debug, clap::Args)]
pub struct OpenChannel {
    /// The peer, as id@host:port
    pub peer: Peer,
    /// The size of the channel, such as 0.01btc
    pub amount: Amount,
    /// Announce the channel to the network
    #[arg(long, env = "PAYNAME_PUBLIC", value_parser = flag())]
    pub public: bool,
}

/// Arguments of `node offer`.
#[derive(Debug, clap::Args)]
pub struct Offer {
    /// How much is asked for; any amount if left out
    pub amount: Option<Amount>,
    /// What is paid for, for the payer to read
    #[arg(
        long,
        env = "PAYNAME_DESCRIPTION",
        value_name = "TEXT",
        default_value = ""
    )]
    pub description: String,
}

/// Arguments of `node run`.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Accept peers here, as address:port
    #[arg(long, env = "PAYNAME_LISTEN", value_name = "ADDR")]
    pub listen: Vec<String>,
}

#[cfg(not(feature = "embedded"))]
impl Node {
    /// Says that this build has no node.
    ///
    /// # Errors
    /// Always.
    pub fn run(self, _context: &crate::Context) -> Result<crate::report::Report, crate::Failure> {
        Err(crate::node::NodeError::NoNode.into())
    }
}

#[cfg(feature = "embedded")]
pub(super) use with_node::open;

#[cfg(feature = "embedded")]
mod with_node {
    use std::{thread, time::Duration};

    use serde_json::{Value, json};

    use super::{Connect, Node, Offer, OpenChannel, Serve};
    use crate::{
        context::Context,
        failure::Failure,
        interrupt,
        node::{Embedded, EmbeddedConfig, Node as _, embedded::Info},
        report::{Report, fields, say},
    };

    /// How long the wallet may take to catch up with the chain.
    const SYNC_TIMEOUT: Duration = Duration::from_secs(60);
    /// How often a running node looks whether it is to stop.
    const PAUSE: Duration = Duration::from_millis(100);

    impl Node {
        /// Runs the command.
        ///
        /// # Errors
        /// The node cannot be started, or refuses.
        pub fn run(self, context: &Context) -> Result<Report, Failure> {
            let listen = match &self {
                Self::Run(serve) => serve.listen.clone(),
                _ => Vec::new(),
            };
            let node = open_listening(context, listen)?;
            match self {
                Self::Info => info(&node),
                Self::Address => address(&node),
                Self::Balance => balance(&node),
                Self::Connect(connect) => connect.run(&node),
                Self::OpenChannel(open) => open.run(&node),
                Self::Offer(offer) => offer.run(&node),
                Self::Run(serve) => serve.run(&node),
            }
        }
    }

    /// Opens the node of the data folder.
    pub(in crate::command) fn open(context: &Context) -> Result<Embedded, Failure> {
        open_listening(context, Vec::new())
    }

    fn open_listening(context: &Context, listen: Vec<String>) -> Result<Embedded, Failure> {
        let chain = context.global.chain.clone().ok_or_else(|| {
            Failure::usage(
                "no_chain",
                "the node needs to know where to get blocks; set --chain or PAYNAME_CHAIN",
            )
        })?;
        if context.global.proxy.is_some() {
            context.warn(
                "--proxy hides which names are looked up; the Lightning node connects to its chain source and peers without it",
            );
        }
        interrupt::watch();
        Ok(Embedded::open(EmbeddedConfig {
            storage: context.data_dir()?.join("node"),
            network: context.global.network,
            chain,
            listen,
            alias: None,
        })?)
    }

    fn info(node: &Embedded) -> Result<Report, Failure> {
        node.wait_synced(SYNC_TIMEOUT)?;
        let info = node.info();
        let balances = node.balances();
        let mut lines = vec![
            format!("node      {}", info.node_id),
            format!("network   {}", info.network),
            format!("block     {}", info.height),
            format!("on chain  {}", sat(balances.onchain_sat)),
            format!("lightning {}", sat(balances.lightning_sat)),
        ];
        lines.extend(info.channels.iter().map(|channel| {
            let state = match (channel.ready, channel.usable) {
                (_, true) => "usable",
                (true, false) => "peer off line",
                (false, false) => "not confirmed",
            };
            format!(
                "channel   {} with {} ({state})",
                sat(channel.size_sat),
                channel.peer
            )
        }));
        lines.extend(info.peers.iter().map(|peer| format!("peer      {peer}")));
        let mut document = fields(info_json(&info));
        document.extend(balances_json(node));
        Ok(Report::new(lines.join("\n"), document))
    }

    fn info_json(info: &Info) -> Value {
        let channels = info.channels.iter().map(|channel| {
            json!({
                "peer": channel.peer,
                "size_sat": channel.size_sat,
                "outbound_msat": channel.outbound_msat,
                "inbound_msat": channel.inbound_msat,
                "ready": channel.ready,
                "usable": channel.usable,
            })
        });
        json!({
            "node_id": info.node_id,
            "network": info.network.as_str(),
            "height": info.height,
            "channels": channels.collect::<Vec<_>>(),
            "peers": info.peers,
        })
    }

    /// Satoshis for people; unlike a payment, a balance may be nothing.
    fn sat(sat: u64) -> String {
        payname_resolver::Amount::from_sat(sat)
            .map_or_else(|_| format!("{sat} sat"), |amount| amount.to_string())
    }

    fn address(node: &Embedded) -> Result<Report, Failure> {
        let address = node.new_address()?;
        Ok(Report::new(
            address.clone(),
            fields(json!({ "address": address })),
        ))
    }

    fn balance(node: &Embedded) -> Result<Report, Failure> {
        node.wait_synced(SYNC_TIMEOUT)?;
        let balances = node.balances();
        let text = format!(
            "on chain  {} ({} spendable)\nlightning {} ({} can be sent now)",
            sat(balances.onchain_sat),
            sat(balances.spendable_onchain_sat),
            sat(balances.lightning_sat),
            sat(balances.outbound_msat / 1_000)
        );
        Ok(Report::new(text, balances_json(node)))
    }

    fn balances_json(node: &Embedded) -> serde_json::Map<String, Value> {
        let balances = node.balances();
        fields(json!({
            "onchain_sat": balances.onchain_sat,
            "spendable_onchain_sat": balances.spendable_onchain_sat,
            "lightning_sat": balances.lightning_sat,
            "outbound_msat": balances.outbound_msat,
        }))
    }

    impl Connect {
        fn run(self, node: &Embedded) -> Result<Report, Failure> {
            node.connect(&self.peer)?;
            let peer = self.peer.to_string();
            Ok(Report::new(
                format!("connected to {peer}"),
                fields(json!({ "peer": peer })),
            ))
        }
    }

    impl OpenChannel {
        fn run(self, node: &Embedded) -> Result<Report, Failure> {
            let size_sat = self.amount.whole_sat().ok_or_else(|| {
                Failure::usage("amount", "a channel has a whole number of satoshis")
            })?;
            node.wait_synced(SYNC_TIMEOUT)?;
            let funding = node.open_channel(&self.peer, size_sat, 0, self.public)?;
            let text = format!(
                "channel of {} to {} is being confirmed\nfunding   {funding}",
                self.amount, self.peer
            );
            let fields = fields(json!({
                "peer": self.peer.to_string(),
                "size_sat": size_sat,
                "funding_txid": funding,
            }));
            Ok(Report::new(text, fields))
        }
    }

    impl Offer {
        fn run(self, node: &Embedded) -> Result<Report, Failure> {
            // The way to this node leads through its peers, so they must be there.
            node.wait_ready(SYNC_TIMEOUT)?;
            let offer = node.offer(
                self.amount.map(payname_resolver::Amount::msat),
                &self.description,
            )?;
            Ok(Report::new(
                offer.clone(),
                fields(json!({ "offer": offer })),
            ))
        }
    }

    impl Serve {
        fn run(self, node: &Embedded) -> Result<Report, Failure> {
            let info = node.info();
            say(&format!(
                "node {} is running; stop it with Ctrl-C",
                info.node_id
            ));
            while !interrupt::is_requested() {
                thread::sleep(PAUSE);
            }
            Ok(Report::new("stopped", fields(info_json(&node.info()))))
        }
    }
}

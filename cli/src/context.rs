//! What every command is given: the global options, and what is made of them when it is needed.
//!
//! Nothing here happens at start-up; a command that opens no socket pays for none.

use std::{
    future::Future,
    io::{IsTerminal, stderr, stdin},
    path::PathBuf,
};

use etcetera::BaseStrategy;
use payname_resolver::{
    TrustAnchors,
    net::{DnsServer, default_server},
};

use crate::{
    exit::Exit,
    failure::Failure,
    input,
    node::{ChainSource, Network},
    report,
};

/// The options that every command takes.
#[derive(Debug, Clone, clap::Args)]
pub struct Global {
    /// Print exactly one JSON document, whatever happens
    #[arg(long, global = true, env = "PAYNAME_JSON", value_parser = flag())]
    pub json: bool,
    /// Trust these DS or DNSKEY records instead of IANA's root anchors
    #[arg(long, global = true, env = "PAYNAME_ANCHORS", value_name = "FILE")]
    pub anchors: Option<PathBuf>,
    /// Ask this DNS resolver: an address, address:port, or a DNS-over-HTTPS URL
    #[arg(long, global = true, env = "PAYNAME_DNS", value_name = "ADDR|URL")]
    pub dns: Option<DnsServer>,
    /// Keep keys, payments and the node here [default: $XDG_DATA_HOME/payname]
    #[arg(long, global = true, env = "PAYNAME_DATA_DIR", value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// The Bitcoin network to pay on
    #[arg(
        long,
        global = true,
        env = "PAYNAME_NETWORK",
        value_enum,
        default_value_t
    )]
    pub network: Network,
    /// Where the node gets blocks: bitcoind://user:password@host:port, https://… (Esplora), ssl://… (Electrum)
    #[arg(
        long,
        global = true,
        env = "PAYNAME_CHAIN",
        value_name = "URL",
        hide_env_values = true
    )]
    pub chain: Option<ChainSource>,
}

/// The value parser of a switch that also has an environment variable.
pub fn flag() -> clap::builder::FalseyValueParser {
    clap::builder::FalseyValueParser::new()
}

/// What a command runs in.
#[derive(Debug, Clone)]
pub struct Context {
    /// The options.
    pub global: Global,
}

impl Context {
    /// The trust anchors to prove from.
    ///
    /// # Errors
    /// The anchors file cannot be used.
    pub fn anchors(&self) -> Result<TrustAnchors, Failure> {
        match &self.global.anchors {
            Some(path) => Ok(input::anchors(path)?),
            None => Ok(TrustAnchors::iana()),
        }
    }

    /// The DNS server to ask.
    ///
    /// # Errors
    /// None is given, and the system has none.
    pub fn dns(&self) -> Result<DnsServer, Failure> {
        if let Some(server) = &self.global.dns {
            return Ok(server.clone());
        }
        default_server().map_err(|error| {
            let message = format!("no DNS resolver: {error}; name one with --dns");
            Failure::usage("no_dns", message)
        })
    }

    /// The folder of keys, payments and the node.
    ///
    /// # Errors
    /// None is given, and there is no home folder.
    pub fn data_dir(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.global.data_dir {
            return Ok(path.clone());
        }
        let base = etcetera::base_strategy::Xdg::new().map_err(|error| {
            Failure::usage(
                "no_data_dir",
                format!("no home folder: {error}; name one with --data-dir"),
            )
        })?;
        Ok(base.data_dir().join("payname"))
    }

    /// Whether there is a person to ask.
    pub fn is_interactive(&self) -> bool {
        stdin().is_terminal() && stderr().is_terminal()
    }

    /// Tells the person at the terminal what is going on; silent in pipes.
    pub fn progress(&self, line: &str) {
        if stderr().is_terminal() {
            report::say(line);
        }
    }

    /// Tells the person something they must know, in pipes as well.
    pub fn warn(&self, line: &str) {
        report::say(&format!("warning: {line}"));
    }

    /// Runs a future to its end, on a runtime made for it.
    ///
    /// # Errors
    /// The system gives no runtime.
    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::new(Exit::Unexpected, "runtime", error))?;
        Ok(runtime.block_on(future))
    }
}

//! What every command is given: the global options, and what is made of them when it is needed.
//!
//! Nothing here happens at start-up; a command that opens no socket pays for none.

use std::{
    future::Future,
    io::{IsTerminal, stderr, stdin},
    path::PathBuf,
    time::Duration,
};

use etcetera::BaseStrategy;
use payname_resolver::{
    TrustAnchors,
    net::{ClientOptions, Endpoint, EndpointList, Proxy, Timeouts, TlsRoots, default_server},
};

use crate::{
    color::Color,
    config::Setting,
    exit::Exit,
    failure::Failure,
    input,
    node::{ChainSource, Network, NodeAddress},
    report,
};

/// The options that every command takes.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// Print exactly one JSON document, whatever happens
    #[arg(long, global = true, env = "PAYNAME_JSON", value_parser = flag())]
    pub json: bool,
    /// Whether to colour what people read
    #[arg(
        long,
        global = true,
        env = "PAYNAME_COLOR",
        value_enum,
        default_value_t
    )]
    pub color: Color,
    /// Trust these DS or DNSKEY records instead of IANA's root anchors
    #[arg(long, global = true, env = "PAYNAME_ANCHORS", value_name = "FILE")]
    pub anchors: Option<PathBuf>,
    /// Ask these DNS resolvers or proof servers, in this order: 9.9.9.9, tls://dns.example,
    /// https://dns.example/dns-query, quic://…, tcp://…, payname+https://…, dnssecproof+https://…;
    /// several with commas or by repeating it [default: this machine's resolver]
    #[arg(
        long,
        global = true,
        env = "PAYNAME_DNS",
        value_name = "ADDR|URL,…",
        hide_env_values = true
    )]
    pub dns: Vec<EndpointList>,
    /// Look names up through this SOCKS 5 proxy and by no other way, such as socks5://127.0.0.1:9050
    /// for Tor; a Lightning node makes its own connections
    #[arg(
        long,
        global = true,
        env = "PAYNAME_PROXY",
        value_name = "URL",
        hide_env_values = true
    )]
    pub proxy: Option<Proxy>,
    /// Believe servers that are asked about a name if these authorities (PEM) vouch for their
    /// certificates, and no others [default: those that browsers believe]
    #[arg(long, global = true, env = "PAYNAME_TLS_ROOTS", value_name = "FILE")]
    pub tls_roots: Option<PathBuf>,
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
    /// The Lightning node that pays: embedded, cln:/path/to/lightning-rpc, cln+https://host:3010,
    /// phoenixd+http://127.0.0.1:9740 or eclair+http://127.0.0.1:8080
    #[arg(
        long,
        global = true,
        env = "PAYNAME_NODE",
        value_name = "NODE",
        default_value_t,
        hide_env_values = true
    )]
    pub node: NodeAddress,
    /// The file with the password or rune by which the node knows this program
    #[arg(
        long,
        global = true,
        env = "PAYNAME_NODE_SECRET_FILE",
        value_name = "FILE"
    )]
    pub node_secret_file: Option<PathBuf>,
    /// The command that prints it, such as one that asks a keyring; comes before the file
    #[arg(
        long,
        global = true,
        env = "PAYNAME_NODE_SECRET_CMD",
        value_name = "COMMAND",
        hide_env_values = true
    )]
    pub node_secret_cmd: Option<String>,
    /// Believe the node's certificate if these authorities (PEM) vouch for it, and no others
    #[arg(long, global = true, env = "PAYNAME_NODE_CA", value_name = "FILE")]
    pub node_ca: Option<PathBuf>,
    /// Where the embedded node gets blocks: bitcoind://user:password@host:port, https://… (Esplora), ssl://… (Electrum)
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
    /// What they are, and why.
    pub settings: Vec<Setting>,
    /// Where the configuration is, or would be.
    pub config_path: Option<PathBuf>,
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

    /// Who is asked for proofs, in order.
    ///
    /// # Errors
    /// None is named, and the system has none.
    pub fn endpoints(&self) -> Result<Vec<Endpoint>, Failure> {
        let named = self.global.dns.iter().flat_map(EndpointList::as_slice);
        let named: Vec<Endpoint> = named.cloned().collect();
        if !named.is_empty() {
            return Ok(named);
        }
        match default_server() {
            Ok(server) => Ok(vec![server.into()]),
            Err(error) => Err(Failure::usage("no_dns", error)),
        }
    }

    /// Whose certificates servers may show.
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn tls_roots(&self) -> Result<TlsRoots, Failure> {
        match &self.global.tls_roots {
            Some(path) => Ok(input::tls_roots(path)?),
            None => Ok(TlsRoots::default()),
        }
    }

    /// How servers are reached: through the proxy if there is one, and by no other way.
    ///
    /// # Errors
    /// The file of certificates cannot be used.
    pub fn connections(&self) -> Result<ClientOptions, Failure> {
        let proxy = self.global.proxy.clone();
        let timeouts = match proxy {
            None => Timeouts::default(),
            // A proxy such as Tor builds a way of its own for every name, which takes seconds.
            Some(_) => Timeouts {
                attempt: Duration::from_secs(5),
                attempts: 3,
                total: Duration::from_secs(30),
            },
        };
        Ok(ClientOptions {
            timeouts,
            proxy,
            roots: self.tls_roots()?,
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

    /// The folder when no option names one, for completions.
    pub fn default_data_dir() -> Option<PathBuf> {
        if let Some(named) = std::env::var_os("PAYNAME_DATA_DIR").filter(|name| !name.is_empty()) {
            return Some(named.into());
        }
        let base = etcetera::base_strategy::Xdg::new().ok()?;
        Some(base.data_dir().join("payname"))
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

//! The configuration: what an operator decides, checked before anything is touched.

mod check;
mod database;
mod hosted;
mod http;
mod nostr;
mod passphrase;
mod policy;
mod publish;
mod secret;
mod serving;
#[cfg(test)]
mod tests;
mod transfer;
mod tsig;
mod web;
mod written;

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use payname_resolver::{
    TrustAnchors, hickory_proto::rr::Name, lightning::bitcoin::Network, net::DnsServer,
};
use payname_zones::{Denial, KeyPolicy};
use url::Url;

pub use self::hosted::{Hosted, HostedAccount};
pub use self::http::{Clients, ForwardedHeader, HttpLimits, HttpServing};
pub use self::nostr::NostrServing;
pub use self::publish::{ProvidedDomain, Publish};
pub use self::serving::{Networks, RateLimit, Serving, StreamLimits, Tls};
pub use self::transfer::{Catalog, Distribution, Peer, Permit, Secondary};
pub use self::web::{Colour, Logo, Web};
use self::{check::Checker, written::Written};
use crate::{
    keys::PassphraseSource,
    registration::{EntryRules, Terms},
    store::postgres::Database,
    transfer::KeyRing,
};

/// What a server is started with.
///
/// ```
/// use payname_server::Config;
///
/// let text = r#"
///     data_dir = "/var/lib/payname"
///     [[domain]]
///     name = "example.com"
///     nameservers = ["ns1.example.com"]
///     addresses = ["192.0.2.53"]
/// "#;
/// let config = Config::parse(text, "paynamed.toml".as_ref())?;
/// assert_eq!(config.domains[0].zone.to_string(), "example.com.");
/// # Ok::<(), payname_server::ConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    /// The URL by which clients know the server, and which they sign for. None means the address
    /// that HTTP listens on.
    pub public_url: Option<Url>,
    /// Where keys and database are kept.
    pub data_dir: PathBuf,
    /// What opens the private keys. None means that they are not encrypted.
    pub keys_passphrase: Option<PassphraseSource>,
    /// The network that offers and addresses must be for.
    pub network: Network,
    /// Whether plain on-chain addresses may be published; everybody who pays sees the others.
    pub allow_onchain: bool,
    /// Where HTTP listens; port 0 takes a free one.
    pub http_listen: SocketAddr,
    /// Where metrics are told, at `/metrics`; nowhere unless it is named.
    pub metrics_listen: Option<SocketAddr>,
    /// How often may be asked there, and by whom.
    pub http: HttpServing,
    /// The pages for browsers.
    pub web: Web,
    /// Where the nameserver listens, each on UDP and TCP; port 0 takes a free one.
    pub dns_listen: Vec<SocketAddr>,
    /// How the nameserver answers there.
    pub serving: Serving,
    /// The domains names are given under whose zones this server serves itself.
    pub domains: Vec<Domain>,
    /// The domains names are given under that other servers serve; there is one of either at least.
    pub provided: Vec<ProvidedDomain>,
    /// The zones that other servers sign and this one serves too.
    pub secondaries: Vec<Secondary>,
    /// The list of the domains' zones for secondaries.
    pub catalog: Option<Catalog>,
    /// The keys that transfers are signed with.
    pub tsig: KeyRing,
    /// The resolver that published records are proven through. None means our own nameserver.
    pub prove: Option<Prove>,
    /// The PostgreSQL database that the registry is kept in. None means a file in the data directory.
    pub database: Option<Database>,
}

impl Config {
    /// All domains that names are given under, whoever serves them.
    pub fn all_domains(&self) -> impl Iterator<Item = &Domain> {
        let provided = self.provided.iter().map(|provided| &provided.domain);
        self.domains.iter().chain(provided)
    }
}

/// A domain that names are given under.
#[derive(Debug, Clone)]
pub struct Domain {
    /// The part behind the `@`, lower case, without a final dot.
    pub name: String,
    /// The apex of the zone that is served: the domain itself, or `_bitcoin-payment` or
    /// `user._bitcoin-payment` below it.
    pub zone: Name,
    /// The zone's nameservers; the first is the primary.
    pub nameservers: Vec<Name>,
    /// The addresses of those nameservers whose names lie in the zone.
    pub addresses: Vec<IpAddr>,
    /// The TTL of payment records, in seconds.
    pub ttl: u32,
    /// How long resolvers may remember that a name does not exist, in seconds.
    pub negative_ttl: u32,
    /// How long signatures last, in days.
    pub signature_days: u32,
    /// How the zone's keys are made and replaced.
    pub keys: KeyPolicy,
    /// A master file of further records.
    pub records: Option<PathBuf>,
    /// How the zone proves that a name does not exist.
    pub denial: Denial,
    /// Who follows the zone.
    pub distribution: Distribution,
    /// What those who have names here are promised.
    pub terms: Terms,
    /// Which names are given, and to whom.
    pub entry: Arc<EntryRules>,
    /// What Nostr programs are told of names here.
    pub nostr: NostrServing,
}

/// How published records are proven.
#[derive(Debug, Clone)]
pub struct Prove {
    /// A recursive resolver: `address:port`, or the URL of one over HTTPS.
    pub dns: DnsServer,
    /// The anchors to start from; IANA's unless a file is named.
    pub anchors: TrustAnchors,
}

impl Config {
    /// Reads and checks a file. Relative paths in it start from its directory.
    ///
    /// # Errors
    /// [`ConfigError`] names the file, the key and the remedy.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|source| ConfigError::Read {
            file: file.to_owned(),
            source,
        })?;
        Self::parse(&text, file)
    }

    /// Checks the text of a configuration file; `file` is where it would be.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigError> {
        let written: Written = toml::from_str(text).map_err(|source| ConfigError::Syntax {
            file: file.to_owned(),
            source,
        })?;
        Checker {
            file,
            directory: file.parent().unwrap_or(Path::new("")),
        }
        .check(written)
    }
}

/// Why a configuration is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: the configuration cannot be read; name it with --config FILE", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no TOML of the documented form; the source shows the line.
    #[error("{}: not a paynamed configuration", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// Where and why.
        source: toml::de::Error,
    },
    /// A key has a value that cannot be used.
    #[error("{}: `{key}` is \"{}\": {remedy}", file.display(), value.escape_debug())]
    Invalid {
        /// The file.
        file: PathBuf,
        /// The key, with its table.
        key: String,
        /// Its value.
        value: String,
        /// What to write instead.
        remedy: String,
    },
}

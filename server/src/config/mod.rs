//! The configuration: what an operator decides, checked before anything is touched.

mod check;
mod database;
mod passphrase;
mod serving;
mod transfer;
mod tsig;
mod written;

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use payname_resolver::{
    TrustAnchors, hickory_proto::rr::Name, lightning::bitcoin::Network, net::DnsServer,
};
use payname_zones::{Denial, KeyPolicy};
use url::Url;

pub use self::serving::{Networks, RateLimit, Serving, StreamLimits, Tls};
pub use self::transfer::{Catalog, Distribution, Peer, Permit, Secondary};
use self::{check::Checker, written::Written};
use crate::{keys::PassphraseSource, store::postgres::Database, transfer::KeyRing};

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
    /// Where the nameserver listens, each on UDP and TCP; port 0 takes a free one.
    pub dns_listen: Vec<SocketAddr>,
    /// How the nameserver answers there.
    pub serving: Serving,
    /// The domains names are given under; at least one.
    pub domains: Vec<Domain>,
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

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = r#"
        data_dir = "data"
        [[domain]]
        name = "Example.com."
        nameservers = ["ns1.example.net"]
    "#;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("/etc/payname/paynamed.toml")).map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            format!("{error}: {}", cause.unwrap_or_default())
        })
    }

    #[test]
    fn the_example_that_is_shipped_is_a_configuration() {
        let config = parse(include_str!("../../paynamed.example.toml")).unwrap();
        assert_eq!(config.domains.len(), 1);
        assert!(config.prove.is_none());
    }

    #[test]
    fn defaults_are_cautious_and_paths_start_from_the_file() {
        let config = parse(MINIMAL).unwrap();
        assert_eq!(config.data_dir, Path::new("/etc/payname/data"));
        assert_eq!(config.network, Network::Bitcoin);
        assert_eq!(config.domains[0].name, "example.com");
        assert!(config.http_listen.ip().is_loopback());
        assert_eq!(config.serving.rate, RateLimit::default());
        assert_eq!(config.serving.networks, Networks::default());
        assert_eq!(config.serving.streams, StreamLimits::default());
    }

    #[test]
    fn every_mistake_names_the_file_the_key_and_the_remedy() {
        let cases = [
            (
                "nameservers = [\"ns1.example.net\"]",
                "nameservers = []",
                "domain.nameservers",
                "at least one",
            ),
            (
                "ns1.example.net",
                "ns1.example.com",
                "domain.addresses",
                "public addresses",
            ),
            (
                "ns1.example.net",
                "192.0.2.53",
                "domain.nameservers",
                "`addresses`",
            ),
            ("ns1.example.net", "ns1", "domain.nameservers", "whole name"),
            (
                "ns1.example.net",
                "ns1_.example.net",
                "domain.nameservers",
                "whole name",
            ),
            (
                "[[domain]]",
                "[http]\nlisten = \"[::]:80\"\n[[domain]]",
                "public_url",
                "https://names.example.com",
            ),
            ("\"data\"", "\"\"", "data_dir", "of its own"),
            ("Example.com.", "exa mple", "domain.name", "letters"),
            (
                "[[domain]]",
                "colour = 1\n[[domain]]",
                "colour",
                "unknown field",
            ),
            (
                "[[domain]]",
                "network = \"mainnet\"\n[[domain]]",
                "network",
                "bitcoin, testnet",
            ),
            (
                "[[domain]]",
                "public_url = \"names.example\"\n[[domain]]",
                "public_url",
                "https://",
            ),
            (
                "[[domain]]",
                "[http]\nlisten = \"8080\"\n[[domain]]",
                "http.listen",
                "127.0.0.1:8080",
            ),
            (
                "[[domain]]",
                "[http]\nmetrics_listen = \"9153\"\n[[domain]]",
                "http.metrics_listen",
                "127.0.0.1:8080",
            ),
            (
                "[[domain]]",
                "[dns]\nlisten = []\n[[domain]]",
                "dns.listen",
                "at least one",
            ),
            (
                "[[domain]]",
                "[dns]\nnsid = \"\"\n[[domain]]",
                "dns.nsid",
                "1 to 64",
            ),
            (
                "[[domain]]",
                "[dns]\ncookie_secret_file = \"nowhere\"\n[[domain]]",
                "dns.cookie_secret_file",
                "openssl rand -hex 16",
            ),
            (
                "[[domain]]",
                "[dns]\nexempt = [\"all\"]\n[[domain]]",
                "dns.exempt",
                "192.0.2.0/24",
            ),
            (
                "[[domain]]",
                "[dns.tls]\ncertificate = \"nowhere.pem\"\nkey = \"nowhere.pem\"\n[[domain]]",
                "dns.tls.certificate",
                "nowhere.pem cannot be read",
            ),
            (
                "[[domain]]",
                "[dns]\nipv4_prefix = 33\n[[domain]]",
                "dns.ipv4_prefix",
                "from 1 to 32",
            ),
            (
                "[[domain]]",
                "[dns]\nidle_seconds = 0\n[[domain]]",
                "dns.idle_seconds",
                "from 1 to",
            ),
            (
                "[[domain]]",
                "[prove]\ndns = \"127.0.0.1:53\"\nanchors = \"nowhere\"\n[[domain]]",
                "prove.anchors",
                "cannot be read",
            ),
            (
                "[[domain]]",
                "[database]\nurl = \"x\"\nurl_file = \"y\"\n[[domain]]",
                "database.url",
                "not both",
            ),
            (
                "[[domain]]",
                "[database]\nurl = \"postgresql://payname@192.0.2.1/payname\"\n[[domain]]",
                "database.url",
                "sslmode=require",
            ),
            (
                "[[domain]]",
                "[database]\nurl = \"postgresql://a:b@[::1]/payname\"\n[[domain]]",
                "database.url",
                "`url_file`",
            ),
            (
                "[[domain]]",
                "[[domain]]\nkeys = \"three\"",
                "domain.keys",
                "split",
            ),
            (
                "[[domain]]",
                "[[domain]]\nalgorithm = 8",
                "domain.algorithm",
                "13, 14 or 15",
            ),
            (
                "[[domain]]",
                "keys_passphrase_file = \"a\"\nkeys_passphrase_command = [\"b\"]\n[[domain]]",
                "keys_passphrase",
                "write one of",
            ),
            (
                "[[domain]]",
                "keys_passphrase_command = []\n[[domain]]",
                "keys_passphrase_command",
                "pass",
            ),
            (
                "[[domain]]",
                "keys_passphrase_credential = \"../x\"\n[[domain]]",
                "keys_passphrase_credential",
                "LoadCredential",
            ),
            (
                "[[domain]]",
                "[[domain]]\nrecords = \"\"",
                "domain.records",
                "master file",
            ),
            (
                "[[domain]]",
                "[[domain]]\nttl = 0",
                "domain.ttl",
                "from 1 to",
            ),
            (
                "[[domain]]",
                "[[domain]]\nzone = \"other.example\"",
                "domain.zone",
                "_bitcoin-payment.example.com",
            ),
        ];
        for (from, to, key, remedy) in cases {
            let error = parse(&MINIMAL.replace(from, to)).unwrap_err();
            assert!(error.contains("/etc/payname/paynamed.toml"), "{error}");
            assert!(
                error.contains(key) && error.contains(remedy),
                "{key}: {error}"
            );
        }
    }

    #[test]
    fn only_the_part_that_payments_need_can_be_delegated() {
        let config = parse(&MINIMAL.replace(
            "[[domain]]",
            "[[domain]]\nzone = \"_bitcoin-payment.example.com\"",
        ));
        assert_eq!(
            config.unwrap().domains[0].zone.to_string(),
            "_bitcoin-payment.example.com."
        );
    }
}

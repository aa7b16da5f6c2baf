//! The configuration: what an operator decides, checked before anything is touched.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use payname_resolver::{
    Handle, TrustAnchors,
    hickory_proto::rr::Name,
    lightning::bitcoin::Network,
    net::{DnsServer, DnsServerError},
};
use serde::Deserialize;
use url::Url;

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
    /// The network that offers and addresses must be for.
    pub network: Network,
    /// Whether plain on-chain addresses may be published; everybody who pays sees the others.
    pub allow_onchain: bool,
    /// Where HTTP listens; port 0 takes a free one.
    pub http_listen: SocketAddr,
    /// Where the nameserver listens, each on UDP and TCP; port 0 takes a free one.
    pub dns_listen: Vec<SocketAddr>,
    /// The domains names are given under; at least one.
    pub domains: Vec<Domain>,
    /// The resolver that published records are proven through. None means our own nameserver.
    pub prove: Option<Prove>,
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

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    public_url: Option<String>,
    data_dir: PathBuf,
    #[serde(default = "default_network")]
    network: String,
    #[serde(default = "default_true")]
    allow_onchain: bool,
    #[serde(default)]
    http: WrittenHttp,
    #[serde(default)]
    dns: WrittenDns,
    #[serde(default)]
    domain: Vec<WrittenDomain>,
    prove: Option<WrittenProve>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenHttp {
    listen: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenDns {
    listen: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenDomain {
    name: String,
    zone: Option<String>,
    nameservers: Vec<String>,
    #[serde(default)]
    addresses: Vec<String>,
    #[serde(default = "default_ttl")]
    ttl: u32,
    #[serde(default = "default_negative_ttl")]
    negative_ttl: u32,
    #[serde(default = "default_signature_days")]
    signature_days: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenProve {
    dns: String,
    anchors: Option<PathBuf>,
}

impl Default for WrittenHttp {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
        }
    }
}

impl Default for WrittenDns {
    fn default() -> Self {
        Self {
            listen: vec!["[::]:53".to_owned()],
        }
    }
}

fn default_network() -> String {
    "bitcoin".to_owned()
}

fn default_true() -> bool {
    true
}

/// Short enough that a changed offer reaches payers soon; long enough that caches carry the load.
fn default_ttl() -> u32 {
    300
}

/// The longest that a new owner may have to wait for a resolver that was asked too early.
fn default_negative_ttl() -> u32 {
    60
}

fn default_signature_days() -> u32 {
    7
}

/// Turns what is written into what is meant, and knows which file to blame.
struct Checker<'a> {
    file: &'a Path,
    directory: &'a Path,
}

impl Checker<'_> {
    fn check(&self, written: Written) -> Result<Config, ConfigError> {
        let domains = written.domain.iter().map(|domain| self.domain(domain));
        let domains = domains.collect::<Result<Vec<_>, _>>()?;
        self.check_domains(&domains)?;
        let dns_listen = written
            .dns
            .listen
            .iter()
            .map(|text| self.address("dns.listen", text));
        let dns_listen = dns_listen.collect::<Result<Vec<_>, _>>()?;
        if dns_listen.is_empty() {
            return Err(self.invalid(
                "dns.listen",
                "[]",
                "name at least one address, such as \"[::]:53\"",
            ));
        }
        Ok(Config {
            public_url: written
                .public_url
                .map(|text| self.public_url(&text))
                .transpose()?,
            data_dir: self.directory.join(&written.data_dir),
            network: self.network(&written.network)?,
            allow_onchain: written.allow_onchain,
            http_listen: self.address("http.listen", &written.http.listen)?,
            dns_listen,
            domains,
            prove: written.prove.map(|prove| self.prove(&prove)).transpose()?,
        })
    }

    fn check_domains(&self, domains: &[Domain]) -> Result<(), ConfigError> {
        if domains.is_empty() {
            return Err(self.invalid(
                "domain",
                "",
                "add a [[domain]] table with `name` and `nameservers`",
            ));
        }
        for (index, domain) in domains.iter().enumerate() {
            if domains
                .iter()
                .take(index)
                .any(|other| other.name == domain.name)
            {
                return Err(self.invalid("domain.name", &domain.name, "write every domain once"));
            }
        }
        Ok(())
    }

    fn domain(&self, written: &WrittenDomain) -> Result<Domain, ConfigError> {
        // The name must make handles, so it is checked as part of one.
        let handle = Handle::new("user", &written.name)
            .map_err(|error| self.invalid("domain.name", &written.name, error.to_string()))?;
        let name = handle.domain().to_owned();
        let zone = self.name("domain.zone", written.zone.as_deref().unwrap_or(&name))?;
        let apex = self.name("domain.name", &name)?;
        let users = handle.owner_name().base_name();
        if !(apex.zone_of(&zone) && zone.zone_of(&users)) {
            let remedy = format!(
                "it must be {name}, _bitcoin-payment.{name} or user._bitcoin-payment.{name}"
            );
            return Err(self.invalid("domain.zone", &zone.to_string(), remedy));
        }
        let nameservers = written.nameservers.iter();
        let nameservers = nameservers.map(|text| self.name("domain.nameservers", text));
        let nameservers = nameservers.collect::<Result<Vec<_>, _>>()?;
        if nameservers.is_empty() {
            return Err(self.invalid(
                "domain.nameservers",
                "[]",
                "name at least one, such as \"ns1.example.com\"",
            ));
        }
        let addresses = written.addresses.iter().map(|text| {
            text.parse().map_err(|_| {
                self.invalid(
                    "domain.addresses",
                    text,
                    "write IP addresses without ports, such as \"192.0.2.53\"",
                )
            })
        });
        let addresses = addresses.collect::<Result<Vec<_>, _>>()?;
        if addresses.is_empty()
            && let Some(inside) = nameservers.iter().find(|server| zone.zone_of(server))
        {
            let remedy = format!(
                "{inside} lies in the zone; add its public addresses: addresses = [\"192.0.2.53\"]"
            );
            return Err(self.invalid("domain.addresses", "[]", remedy));
        }
        Ok(Domain {
            name,
            zone,
            nameservers,
            addresses,
            ttl: self.within("domain.ttl", written.ttl, 1, 86_400)?,
            negative_ttl: self.within("domain.negative_ttl", written.negative_ttl, 1, 3_600)?,
            signature_days: self.within("domain.signature_days", written.signature_days, 1, 60)?,
        })
    }

    fn prove(&self, written: &WrittenProve) -> Result<Prove, ConfigError> {
        let anchors = match &written.anchors {
            None => TrustAnchors::iana(),
            Some(path) => self.anchors(&self.directory.join(path))?,
        };
        let dns = written.dns.parse();
        let dns = dns.map_err(|error: DnsServerError| {
            self.invalid("prove.dns", &written.dns, error.to_string())
        })?;
        Ok(Prove { dns, anchors })
    }

    fn anchors(&self, path: &Path) -> Result<TrustAnchors, ConfigError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            self.invalid(
                "prove.anchors",
                &shown,
                format!("it cannot be read: {error}"),
            )
        })?;
        TrustAnchors::parse(&text)
            .map_err(|error| self.invalid("prove.anchors", &shown, error.to_string()))
    }

    fn public_url(&self, text: &str) -> Result<Url, ConfigError> {
        let remedy = "write http:// or https://, a host and perhaps a path, such as \"https://names.example.com\"";
        let url: Url = text
            .parse()
            .map_err(|_| self.invalid("public_url", text, remedy))?;
        let is_plain = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if is_plain {
            Ok(url)
        } else {
            Err(self.invalid("public_url", text, remedy))
        }
    }

    fn network(&self, text: &str) -> Result<Network, ConfigError> {
        match text {
            "bitcoin" => Ok(Network::Bitcoin),
            "testnet" => Ok(Network::Testnet),
            "signet" => Ok(Network::Signet),
            "regtest" => Ok(Network::Regtest),
            _ => Err(self.invalid("network", text, "write bitcoin, testnet, signet or regtest")),
        }
    }

    fn address(&self, key: &str, text: &str) -> Result<SocketAddr, ConfigError> {
        text.parse().map_err(|_| {
            self.invalid(
                key,
                text,
                "write an IP address and a port, such as \"127.0.0.1:8080\" or \"[::1]:53\"",
            )
        })
    }

    fn name(&self, key: &str, text: &str) -> Result<Name, ConfigError> {
        let mut name = Name::from_ascii(text).map_err(|_| {
            self.invalid(key, text, "write a DNS name, such as \"ns1.example.com\"")
        })?;
        name.set_fqdn(true);
        if name.is_root() {
            return Err(self.invalid(key, text, "write a DNS name, such as \"ns1.example.com\""));
        }
        Ok(name.to_lowercase())
    }

    fn within(&self, key: &str, value: u32, least: u32, most: u32) -> Result<u32, ConfigError> {
        if (least..=most).contains(&value) {
            return Ok(value);
        }
        Err(self.invalid(
            key,
            &value.to_string(),
            format!("write a number from {least} to {most}"),
        ))
    }

    fn invalid(&self, key: &str, value: &str, remedy: impl Into<String>) -> ConfigError {
        ConfigError::Invalid {
            file: self.file.to_owned(),
            key: key.to_owned(),
            value: value.to_owned(),
            remedy: remedy.into(),
        }
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
        let config = parse(include_str!("../paynamed.example.toml")).unwrap();
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
                "[dns]\nlisten = []\n[[domain]]",
                "dns.listen",
                "at least one",
            ),
            (
                "[[domain]]",
                "[prove]\ndns = \"127.0.0.1:53\"\nanchors = \"nowhere\"\n[[domain]]",
                "prove.anchors",
                "cannot be read",
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

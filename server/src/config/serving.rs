//! How DNS is served: what the nameserver says of itself, and what clients may take.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;

use super::{
    ConfigError,
    check::Checker,
    written::{WrittenDns, WrittenTls},
};
use crate::nameserver::{CertificateFiles, SecretFile};

/// The longest NSID, in octets; it takes its part of every answer that has it.
const MAX_NSID: usize = 64;

/// The most threads that may answer over UDP.
const MAX_THREADS: u32 = 256;

/// How DNS is served.
#[derive(Debug, Clone, Default)]
pub struct Serving {
    /// What this server is called among several at one address (RFC 5001).
    pub nsid: Option<String>,
    /// The secrets of DNS cookies, shared with the servers at the same address. Without them,
    /// each start has its own.
    pub cookie_secrets: Option<PathBuf>,
    /// How many threads answer over UDP at each address; as many as there are cores if not said.
    pub udp_threads: Option<u32>,
    /// How clients are told apart.
    pub networks: Networks,
    /// How much is answered over UDP to clients that could be forged.
    pub rate: RateLimit,
    /// What connections may take.
    pub streams: StreamLimits,
    /// What is encrypted.
    pub tls: Option<Tls>,
}

/// DNS over TLS, HTTPS and QUIC; at least one of them.
#[derive(Debug, Clone)]
pub struct Tls {
    pub(crate) certificate: CertificateFiles,
    /// Where DNS over TLS listens.
    pub dot_listen: Vec<SocketAddr>,
    /// Where DNS over HTTPS listens.
    pub doh_listen: Vec<SocketAddr>,
    /// Where DNS over QUIC listens.
    pub doq_listen: Vec<SocketAddr>,
}

/// How many responses over UDP go to one network each second, of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// That many; 0 is without limit.
    pub responses_per_second: u32,
    /// Every so-manieth response above is sent truncated, so that a client that is really there comes
    /// over TCP; 0 is none.
    pub slip: u32,
}

/// How clients are told apart: by networks, since one client has many addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Networks {
    /// The bits of an IPv4 address that make a network.
    pub ipv4_prefix: u8,
    /// The bits of an IPv6 address that make a network.
    pub ipv6_prefix: u8,
    /// Networks to which no limit applies that is counted by network.
    pub exempt: Vec<IpNet>,
}

impl Networks {
    /// The network of an address; none when it is exempt.
    pub fn of(&self, address: IpAddr) -> Option<IpNet> {
        let address = address.to_canonical();
        if self.exempt.iter().any(|network| network.contains(&address)) {
            return None;
        }
        let prefix = match address {
            IpAddr::V4(_) => self.ipv4_prefix,
            IpAddr::V6(_) => self.ipv6_prefix,
        };
        let network = IpNet::new(address, prefix).map(|network| network.trunc());
        Some(network.unwrap_or(IpNet::from(address)))
    }
}

/// What clients over TCP, TLS, HTTPS and QUIC may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamLimits {
    /// How many connections there are at most, of each of these four.
    pub connections: usize,
    /// How many of them one network may have.
    pub connections_per_client: usize,
    /// How long a connection may be silent, or take to say or take in something whole.
    pub idle: Duration,
    /// How many queries one connection may bring.
    pub queries: usize,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            responses_per_second: 200,
            slip: 2,
        }
    }
}

impl Default for Networks {
    fn default() -> Self {
        Self {
            ipv4_prefix: 24,
            ipv6_prefix: 56,
            exempt: vec![
                IpNet::new_assert([127, 0, 0, 0].into(), 8),
                IpNet::new_assert([0, 0, 0, 0, 0, 0, 0, 1].into(), 128),
            ],
        }
    }
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self {
            connections: 256,
            connections_per_client: 64,
            idle: Duration::from_secs(10),
            queries: 10_000,
        }
    }
}

impl Checker<'_> {
    /// The keys of `[dns]` beside `listen`.
    pub(super) fn serving(&self, dns: &WrittenDns) -> Result<Serving, ConfigError> {
        if let Some(nsid) = dns.nsid.as_ref()
            && !(1..=MAX_NSID).contains(&nsid.len())
        {
            let remedy = format!("write 1 to {MAX_NSID} characters, or leave it out");
            return Err(self.invalid("dns.nsid", nsid, remedy));
        }
        let cookie_secrets = dns.cookie_secret_file.as_ref();
        let cookie_secrets = cookie_secrets.map(|path| self.directory.join(path));
        if let Some(path) = &cookie_secrets {
            let shown = path.display().to_string();
            SecretFile::read(path).map_err(|error| {
                self.invalid("dns.cookie_secret_file", &shown, error.to_string())
            })?;
        }
        Ok(Serving {
            nsid: dns.nsid.clone(),
            cookie_secrets,
            udp_threads: dns
                .udp_threads
                .map(|threads| self.within("dns.udp_threads", threads, 1, MAX_THREADS))
                .transpose()?,
            networks: self.networks(dns)?,
            rate: RateLimit {
                responses_per_second: dns.responses_per_second,
                slip: self.within("dns.slip", dns.slip, 0, 100)?,
            },
            streams: self.streams(dns)?,
            tls: dns.tls.as_ref().map(|tls| self.tls(tls)).transpose()?,
        })
    }

    fn tls(&self, tls: &WrittenTls) -> Result<Tls, ConfigError> {
        let addresses = |key: &str, texts: &[String]| {
            let addresses = texts.iter().map(|text| self.address(key, text));
            addresses.collect::<Result<Vec<_>, _>>()
        };
        let certificate = CertificateFiles {
            certificate: self.directory.join(&tls.certificate),
            key: self.directory.join(&tls.key),
        };
        let tls = Tls {
            dot_listen: addresses("dns.tls.dot_listen", &tls.dot_listen)?,
            doh_listen: addresses("dns.tls.doh_listen", &tls.doh_listen)?,
            doq_listen: addresses("dns.tls.doq_listen", &tls.doq_listen)?,
            certificate,
        };
        if let Err(error) = tls.certificate.read() {
            let shown = tls.certificate.certificate.display().to_string();
            return Err(self.invalid("dns.tls.certificate", &shown, error.to_string()));
        }
        if [&tls.dot_listen, &tls.doh_listen, &tls.doq_listen]
            .iter()
            .all(|all| all.is_empty())
        {
            let remedy =
                "name an address in dot_listen, doh_listen or doq_listen, such as \"[::]:853\"";
            return Err(self.invalid("dns.tls", "", remedy));
        }
        Ok(tls)
    }

    fn networks(&self, dns: &WrittenDns) -> Result<Networks, ConfigError> {
        let prefix = |key, value, most| {
            let bits = self.within(key, value, 1, most)?;
            Ok::<_, ConfigError>(u8::try_from(bits).unwrap_or(u8::MAX))
        };
        Ok(Networks {
            ipv4_prefix: prefix("dns.ipv4_prefix", dns.ipv4_prefix, 32)?,
            ipv6_prefix: prefix("dns.ipv6_prefix", dns.ipv6_prefix, 128)?,
            exempt: self.networks_of("dns.exempt", &dns.exempt)?,
        })
    }

    fn streams(&self, dns: &WrittenDns) -> Result<StreamLimits, ConfigError> {
        let number = |key, value, most| {
            let number = self.within(key, value, 1, most)?;
            Ok::<_, ConfigError>(usize::try_from(number).unwrap_or(usize::MAX))
        };
        let each = dns.connections_per_client;
        let idle = self.within("dns.idle_seconds", dns.idle_seconds, 1, 600)?;
        Ok(StreamLimits {
            connections: number("dns.connections", dns.connections, 100_000)?,
            connections_per_client: number("dns.connections_per_client", each, 100_000)?,
            idle: Duration::from_secs(idle.into()),
            queries: number(
                "dns.queries_per_connection",
                dns.queries_per_connection,
                u32::MAX,
            )?,
        })
    }

    /// Networks, or single addresses.
    pub(super) fn networks_of(
        &self,
        key: &str,
        texts: &[String],
    ) -> Result<Vec<IpNet>, ConfigError> {
        let network = |text: &String| {
            let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
            let network = text.parse().ok().or_else(address);
            network.ok_or_else(|| {
                let remedy =
                    "write networks or addresses, such as \"192.0.2.0/24\" or \"2001:db8::1\"";
                self.invalid(key, text, remedy)
            })
        };
        texts.iter().map(network).collect()
    }
}

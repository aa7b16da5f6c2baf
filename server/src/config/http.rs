//! `[http]`: how often clients may ask, and how they are told apart.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{ConfigError, Networks, check::Checker, written::WrittenHttp};

/// How HTTP is served.
#[derive(Debug, Clone, Default)]
pub struct HttpServing {
    /// How often clients may ask.
    pub limits: HttpLimits,
    /// How clients are told apart.
    pub clients: Clients,
}

/// How often may be asked for what; 0 is without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpLimits {
    /// Requests of one network that read, in a minute.
    pub reads_per_minute: u32,
    /// Proofs for one network, in a minute.
    pub proofs_per_minute: u32,
    /// Requests of one network that would change something, in a minute, whatever becomes of them.
    pub writes_per_minute: u32,
    /// Requests that one key signed, in an hour.
    pub key_writes_per_hour: u32,
    /// Of these, those for one name.
    pub name_writes_per_hour: u32,
    /// Connections of one network at the same time; proxies that are trusted may have all there are.
    pub connections_per_network: u32,
    /// New connections of one network in a second; proxies that are trusted may open any number.
    pub new_connections_per_second: u32,
}

/// How clients are told apart.
#[derive(Debug, Clone)]
pub struct Clients {
    /// What makes a network, and which have no limits at all.
    pub networks: Networks,
    /// The proxies that are believed when they say for whom they ask.
    pub trusted_proxies: Vec<IpNet>,
    /// The header they say it in.
    pub forwarded: ForwardedHeader,
}

/// The header in which a proxy says for whom it asks. Only one is read, since the other may be what
/// the client itself wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            reads_per_minute: 600,
            proofs_per_minute: 300,
            writes_per_minute: 60,
            key_writes_per_hour: 120,
            name_writes_per_hour: 30,
            connections_per_network: 64,
            new_connections_per_second: 30,
        }
    }
}

impl Clients {
    /// Whether a proxy at this address is believed.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let mut trusted = self.trusted_proxies.iter();
        trusted.any(|network| network.contains(&address))
    }
}

impl Default for Clients {
    fn default() -> Self {
        Self {
            networks: Networks {
                ipv6_prefix: 64,
                ..Networks::default()
            },
            trusted_proxies: Vec::new(),
            forwarded: ForwardedHeader::default(),
        }
    }
}

impl Checker<'_> {
    /// The keys of `[http]` beside the addresses.
    pub(super) fn http_serving(&self, http: &WrittenHttp) -> Result<HttpServing, ConfigError> {
        let written = &http.limits;
        let prefix = |key, value, most| {
            let bits = self.within(key, value, 1, most)?;
            Ok::<_, ConfigError>(u8::try_from(bits).unwrap_or(u8::MAX))
        };
        let forwarded = match http.forwarded_header.as_str() {
            "x-forwarded-for" => ForwardedHeader::XForwardedFor,
            "forwarded" => ForwardedHeader::Forwarded,
            other => {
                let remedy = "write \"x-forwarded-for\" or \"forwarded\", whichever the proxy sets";
                return Err(self.invalid("http.forwarded_header", other, remedy));
            }
        };
        Ok(HttpServing {
            limits: HttpLimits {
                reads_per_minute: written.reads_per_minute,
                proofs_per_minute: written.proofs_per_minute,
                writes_per_minute: written.writes_per_minute,
                key_writes_per_hour: written.key_writes_per_hour,
                name_writes_per_hour: written.name_writes_per_hour,
                connections_per_network: written.connections_per_network,
                new_connections_per_second: written.new_connections_per_second,
            },
            clients: Clients {
                networks: Networks {
                    ipv4_prefix: prefix("http.limits.ipv4_prefix", written.ipv4_prefix, 32)?,
                    ipv6_prefix: prefix("http.limits.ipv6_prefix", written.ipv6_prefix, 128)?,
                    exempt: self.networks_of("http.limits.exempt", &written.exempt)?,
                },
                trusted_proxies: self.networks_of("http.trusted_proxies", &http.trusted_proxies)?,
                forwarded,
            },
        })
    }
}

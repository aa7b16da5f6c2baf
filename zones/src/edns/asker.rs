//! Who asks, and what the server has to say about itself.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use payname_resolver::UnixTime;

use super::Cookies;
use crate::respond::Transport;

/// Who asks, by what way, and when: what a response depends on beside the zones and the query.
///
/// ```
/// use payname_resolver::UnixTime;
/// use payname_zones::{Asker, Cookies, ServerOptions, Transport};
///
/// let options = ServerOptions {
///     nsid: Some(b"ams1".to_vec()),
///     cookies: Some(Cookies::new([7; 16], [])),
/// };
/// let asker = Asker {
///     address: "192.0.2.7".parse()?,
///     now: UnixTime(1_785_988_800),
///     options: &options,
///     ..Asker::over(Transport::udp())
/// };
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// What the query came over.
    pub transport: Transport,
    /// Where it came from. A cookie is good for one address.
    pub address: IpAddr,
    /// The time by which cookies are judged.
    pub now: UnixTime,
    /// How long the connection may stay idle, told to who asks for it (RFC 7828); only for DNS over
    /// TCP and TLS.
    pub keepalive: Option<Duration>,
    /// What the server has to say.
    pub options: &'a ServerOptions,
}

/// What a server says about itself, to who asks for it.
#[derive(Debug, Clone, Default)]
pub struct ServerOptions {
    /// The identifier of this server among several that have one address (RFC 5001).
    pub nsid: Option<Vec<u8>>,
    /// DNS cookies (RFC 7873); without them, the option is ignored.
    pub cookies: Option<Cookies>,
}

const NONE: &ServerOptions = &ServerOptions {
    nsid: None,
    cookies: None,
};

impl Asker<'_> {
    /// Somebody to whom nothing is said about the server.
    pub fn over(transport: Transport) -> Self {
        Self {
            transport,
            address: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            now: UnixTime(0),
            keepalive: None,
            options: NONE,
        }
    }
}

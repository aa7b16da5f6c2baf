//! Who asks: the network of the client, also behind proxies that the operator trusts.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};
use ipnet::IpNet;

use super::App;
use crate::config::{Clients, ForwardedHeader};

/// The most proxies that are walked through.
const MOST_HOPS: usize = 16;

/// The headers in which proxies say for whom they ask.
const FORWARDED: [&str; 2] = ["x-forwarded-for", "forwarded"];

/// The other end of a connection, as the listener puts it beside each request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Whoever asks, as far as limits have to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Visitor {
    network: Option<IpNet>,
}

impl Visitor {
    /// The visitor at an address.
    #[cfg(test)]
    pub(super) fn at(address: IpAddr, clients: &Clients) -> Self {
        let network = clients.networks.of(address);
        Self { network }
    }

    /// The network he is counted by; none when he is exempt.
    pub(super) fn network(&self) -> Option<IpNet> {
        self.network
    }
}

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &Arc<App>,
    ) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<Peer>();
        // Without a listener there is nobody but ourselves.
        let network = peer.and_then(|Peer(peer)| {
            let address = client(peer.ip(), &parts.headers, &app.clients);
            let network = app.clients.networks.of(address);
            let is_forwarded = || {
                FORWARDED
                    .iter()
                    .any(|name| parts.headers.contains_key(*name))
            };
            if network.is_none() && address == peer.ip() && is_forwarded() {
                app.limits.proxy_is_not_trusted();
            }
            network
        });
        Ok(Self { network })
    }
}

/// The address of the client: the last one that none of the trusted proxies has.
fn client(peer: IpAddr, headers: &HeaderMap, clients: &Clients) -> IpAddr {
    let mut client = peer;
    let mut hops = hops(headers, clients.forwarded).into_iter();
    for _ in 0..MOST_HOPS {
        if !clients.trusts(client) {
            break;
        }
        // Whatever stands before an element that cannot be read may be anybody's invention.
        let Some(Some(before)) = hops.next() else {
            break;
        };
        client = before;
    }
    client
}

/// For whom each proxy asked, the nearest first; none where that cannot be read.
fn hops(headers: &HeaderMap, kind: ForwardedHeader) -> Vec<Option<IpAddr>> {
    let (name, read): (_, fn(&str) -> Option<IpAddr>) = match kind {
        ForwardedHeader::XForwardedFor => (FORWARDED[0], node),
        ForwardedHeader::Forwarded => (FORWARDED[1], forwarded_for),
    };
    let values = headers.get_all(name).iter();
    let elements = values.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    let mut hops: Vec<_> = elements.map(|element| read(element.trim())).collect();
    hops.reverse();
    hops
}

/// The `for` of one element (RFC 7239 §4).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    node(value.trim().trim_matches('"'))
}

/// An address, perhaps in brackets, perhaps with a port.
fn node(text: &str) -> Option<IpAddr> {
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let address = text.parse().ok().or_else(bare).or_else(with_port);
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn seen(peer: &str, kind: ForwardedHeader, values: &[&str]) -> String {
        let clients = Clients {
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
            forwarded: kind,
            ..Clients::default()
        };
        let mut headers = HeaderMap::new();
        for value in values {
            let name = match kind {
                ForwardedHeader::XForwardedFor => "x-forwarded-for",
                ForwardedHeader::Forwarded => "forwarded",
            };
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        client(peer.parse().unwrap(), &headers, &clients).to_string()
    }

    #[test]
    fn the_client_is_the_last_address_that_no_trusted_proxy_has() {
        use ForwardedHeader::XForwardedFor as X;
        for (peer, values, expected) in [
            // Strangers are not believed.
            ("192.0.2.1", &["198.51.100.1"][..], "192.0.2.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            // What the client wrote stands before what the proxy added.
            ("10.0.0.1", &["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.2.3.4", "198.51.100.1"], "198.51.100.1"),
            // Proxies behind each other.
            ("::1", &["1.2.3.4, 198.51.100.1, 10.9.9.9"], "198.51.100.1"),
            ("10.0.0.1", &["2001:db8::7"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]:443"], "2001:db8::7"),
            ("10.0.0.1", &["198.51.100.1:80"], "198.51.100.1"),
            // Nothing that can be read: the proxy itself.
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["1.2.3.4, unknown"], "10.0.0.1"),
        ] {
            assert_eq!(seen(peer, X, values), expected, "{values:?}");
        }
    }

    #[test]
    fn the_standard_header_is_read_where_it_is_configured() {
        use ForwardedHeader::Forwarded as F;
        for (value, expected) in [
            ("for=198.51.100.1", "198.51.100.1"),
            (
                "for=1.2.3.4, proto=https;FOR=\"[2001:db8::7]:1\"",
                "2001:db8::7",
            ),
            ("for=_hidden", "10.0.0.1"),
            ("by=198.51.100.1", "10.0.0.1"),
        ] {
            assert_eq!(seen("10.0.0.1", F, &[value]), expected, "{value}");
        }
    }
}

//! Which recursive resolver to ask, and how.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use url::{Host, Url};

use crate::text::shown_url;

/// The port of DNS over UDP and TCP (RFC 1035 §4.2).
const DNS_PORT: u16 = 53;
/// The port of DNS over TLS (RFC 7858 §3.1) and over QUIC (RFC 9250 §4.1.1).
const DNS_TLS_PORT: u16 = 853;

/// A recursive resolver. It is not trusted: what it says is proven or refused.
///
/// ```
/// use payname_resolver::net::DnsServer;
///
/// let server: DnsServer = "9.9.9.9".parse()?;
/// assert_eq!(server.to_string(), "9.9.9.9:53");
/// let server: DnsServer = "https://dns.example/dns-query".parse()?;
/// assert!(matches!(server, DnsServer::Https(_)));
/// # Ok::<(), payname_resolver::net::DnsServerError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DnsServer {
    /// DNS over UDP, and over TCP for what does not fit.
    Plain(SocketAddr),
    /// DNS over TCP alone (RFC 7766).
    Tcp(SocketAddr),
    /// DNS over TLS (RFC 7858).
    Tls(TlsServer),
    /// DNS over HTTPS (RFC 8484), with HTTP/2. Unencrypted `http://` is for this machine only.
    Https(Url),
    /// DNS over QUIC (RFC 9250).
    Quic(TlsServer),
}

/// A server that shows a certificate: where it is, and whose certificate it must be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TlsServer {
    host: Host,
    port: u16,
    name: Option<Host>,
}

impl TlsServer {
    /// Where it is: a name or an address.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Its port; 853 unless said otherwise.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The name or address that its certificate must be for; the host's, unless said otherwise.
    pub fn certificate_name(&self) -> &Host {
        self.name.as_ref().unwrap_or(&self.host)
    }
}

impl DnsServer {
    /// Whether the network in between sees no names: TLS, HTTPS and QUIC.
    pub fn is_encrypted(&self) -> bool {
        match self {
            Self::Plain(_) | Self::Tcp(_) => false,
            Self::Tls(_) | Self::Quic(_) => true,
            Self::Https(url) => url.scheme() == "https",
        }
    }
}

impl FromStr for DnsServer {
    type Err = DnsServerError;

    /// Reads `9.9.9.9`, `[::1]:5353`, `tcp://9.9.9.9`, `tls://dns.example`,
    /// `tls://192.0.2.1:853#dns.example`, `https://dns.example/dns-query` or `quic://dns.example`.
    ///
    /// Behind `#` stands the name that the certificate must have, where it is not the host's.
    fn from_str(input: &str) -> Result<Self, DnsServerError> {
        let text = input.trim();
        let Some((scheme, rest)) = text.split_once("://") else {
            return plain(input, text).map(Self::Plain);
        };
        match scheme.to_ascii_lowercase().as_str() {
            "udp" => plain(input, rest).map(Self::Plain),
            "tcp" => plain(input, rest).map(Self::Tcp),
            "tls" => tls(input, rest).map(Self::Tls),
            "quic" => tls(input, rest).map(Self::Quic),
            _ => https(input, text),
        }
    }
}

impl From<SocketAddr> for DnsServer {
    fn from(address: SocketAddr) -> Self {
        Self::Plain(address)
    }
}

impl fmt::Display for TlsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)?;
        match &self.name {
            Some(Host::Domain(name)) => write!(f, "#{name}"),
            Some(Host::Ipv4(address)) => write!(f, "#{address}"),
            Some(Host::Ipv6(address)) => write!(f, "#{address}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for DnsServer {
    /// Without credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(address) => address.fmt(f),
            Self::Tcp(address) => write!(f, "tcp://{address}"),
            Self::Tls(server) => write!(f, "tls://{server}"),
            Self::Https(url) => without_credentials(url).fmt(f),
            Self::Quic(server) => write!(f, "quic://{server}"),
        }
    }
}

/// Reads an IP address with or without a port.
fn plain(input: &str, text: &str) -> Result<SocketAddr, DnsServerError> {
    if let Some(address) = ip(text) {
        return Ok(SocketAddr::new(address, DNS_PORT));
    }
    text.parse()
        .map_err(|_| DnsServerError::NotAnAddress(input.to_owned()))
}

/// Reads an IP address, IPv6 with and without brackets.
fn ip(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse().ok()
}

/// Reads `host[:port][#name]`.
fn tls(input: &str, text: &str) -> Result<TlsServer, DnsServerError> {
    let refused = || DnsServerError::NotAHost(input.to_owned());
    let (authority, name) = match text.split_once('#') {
        Some((authority, name)) => (authority, Some(host(name).ok_or_else(refused)?)),
        None => (text, None),
    };
    let (host, port) = host_and_port(authority).ok_or_else(refused)?;
    Ok(TlsServer {
        host,
        port: port.unwrap_or(DNS_TLS_PORT),
        name,
    })
}

/// Reads `host`, `host:port`, or the same with an address as host.
pub(super) fn host_and_port(text: &str) -> Option<(Host, Option<u16>)> {
    if let Some(host) = host(text) {
        return Some((host, None));
    }
    let (name, port) = text.rsplit_once(':')?;
    Some((host(name)?, Some(port.parse().ok()?)))
}

fn host(text: &str) -> Option<Host> {
    if let Some(address) = ip(text) {
        return Some(match address {
            IpAddr::V4(address) => Host::Ipv4(address),
            IpAddr::V6(address) => Host::Ipv6(address),
        });
    }
    // `9.9.9` would be read as the number of an address that nobody wrote.
    match Host::parse(text) {
        Ok(Host::Domain(name)) => Some(Host::Domain(name)),
        _ => None,
    }
}

/// Reads the URL of a DNS over HTTPS server.
fn https(input: &str, text: &str) -> Result<DnsServer, DnsServerError> {
    let url = Url::parse(text).map_err(|_| DnsServerError::BadUrl(input.to_owned()))?;
    match url.scheme() {
        "https" => Ok(DnsServer::Https(url)),
        "http" if is_loopback(&url) => Ok(DnsServer::Https(url)),
        "http" => Err(DnsServerError::Unencrypted(input.to_owned())),
        _ => Err(DnsServerError::Scheme(input.to_owned())),
    }
}

/// Whether the URL's host is this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|host| host.is_loopback())
}

/// The URL without the user and password it may hold.
pub(super) fn without_credentials(url: &Url) -> Url {
    let mut url = url.clone();
    // Both fail only where there is no host, and so no credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

/// Why a text names no DNS server. None repeats credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DnsServerError {
    /// It is neither an IP address nor a URL.
    #[error("`{}` is no DNS server; write an IP address such as 9.9.9.9 or 127.0.0.1:5353, or a URL such as tls://dns.example or https://dns.example/dns-query", shown_url(.0))]
    NotAnAddress(String),
    /// Behind `tls://` or `quic://` stands no host.
    #[error("`{}` names no host; write it as tls://dns.example, or as tls://192.0.2.1:853#dns.example with the name on its certificate", shown_url(.0))]
    NotAHost(String),
    /// It looks like a URL and is none.
    #[error("`{}` is not a URL; write it as https://dns.example/dns-query", shown_url(.0))]
    BadUrl(String),
    /// A URL of another scheme.
    #[error("`{}` has a scheme that DNS is not asked over; use tls://, https://, quic:// or tcp://, or an IP address alone", shown_url(.0))]
    Scheme(String),
    /// HTTP to another machine.
    #[error("`{}` would show every name you pay to the network; use https:// (http:// is for this machine only)", shown_url(.0))]
    Unencrypted(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<DnsServer, DnsServerError> {
        text.parse()
    }

    #[test]
    fn an_address_without_a_port_gets_53() {
        for (text, shown) in [
            ("9.9.9.9", "9.9.9.9:53"),
            ("127.0.0.1:5353", "127.0.0.1:5353"),
            ("::1", "[::1]:53"),
            ("[::1]", "[::1]:53"),
            ("[::1]:5353", "[::1]:5353"),
            (
                "https://dns.example/dns-query",
                "https://dns.example/dns-query",
            ),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn a_server_is_printed_as_it_is_read() {
        for (text, printed) in [
            ("tcp://9.9.9.9", "tcp://9.9.9.9:53"),
            ("TLS://dns.example", "tls://dns.example:853"),
            ("tls://[2001:db8::1]", "tls://[2001:db8::1]:853"),
            ("tls://2001:db8::1", "tls://[2001:db8::1]:853"),
            (
                "tls://192.0.2.1#dns.example",
                "tls://192.0.2.1:853#dns.example",
            ),
            ("quic://dns.example:8853", "quic://dns.example:8853"),
            (
                "quic://dns.example#2001:db8::1",
                "quic://dns.example:853#2001:db8::1",
            ),
        ] {
            let server = parse(text).unwrap();
            assert_eq!(server.to_string(), printed);
            assert_eq!(parse(printed).unwrap(), server);
            assert_eq!(server.is_encrypted(), !printed.starts_with("tcp"));
        }
        assert!(!parse("http://localhost/").unwrap().is_encrypted());
    }

    #[test]
    fn the_certificate_is_for_the_host_unless_a_name_is_given() {
        let named = |text: &str| match parse(text).unwrap() {
            DnsServer::Tls(server) => server.certificate_name().to_string(),
            other => panic!("{other}"),
        };
        assert_eq!(named("tls://dns.example"), "dns.example");
        assert_eq!(named("tls://192.0.2.1"), "192.0.2.1");
        assert_eq!(named("tls://192.0.2.1#dns.example"), "dns.example");
    }

    #[test]
    fn unencrypted_http_is_for_this_machine_only() {
        for text in [
            "http://127.0.0.1:8053/dns-query",
            "http://localhost/",
            "http://[::1]:80/",
        ] {
            assert!(matches!(parse(text), Ok(DnsServer::Https(_))), "{text}");
        }
        for text in [
            "http://dns.example/",
            "http://127.0.0.1.example/",
            "http://localhost@9.9.9.9/",
        ] {
            let refused = DnsServerError::Unencrypted(text.to_owned());
            assert_eq!(parse(text), Err(refused));
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_to_write() {
        for text in [
            "",
            "dns.example",
            "9.9.9",
            "127.0.0.1:99999",
            "[::1",
            "9.9.9.9/53",
        ] {
            assert!(
                matches!(parse(text), Err(DnsServerError::NotAnAddress(_))),
                "{text}"
            );
        }
        for text in ["ftp://9.9.9.9", "dns://9.9.9.9"] {
            assert!(
                matches!(parse(text), Err(DnsServerError::Scheme(_))),
                "{text}"
            );
        }
        for text in ["tcp://dns.example", "tcp://", "udp://9.9.9.9/x"] {
            assert!(
                matches!(parse(text), Err(DnsServerError::NotAnAddress(_))),
                "{text}"
            );
        }
        for text in [
            "tls://",
            "tls://dns.example/path",
            "tls://user@dns.example",
            "tls://9.9.9",
            "quic://dns.example:0x35",
            "tls://dns.example:99999",
            "tls://192.0.2.1#",
            "tls://192.0.2.1#a b",
        ] {
            assert!(
                matches!(parse(text), Err(DnsServerError::NotAHost(_))),
                "{text}"
            );
        }
        assert!(matches!(parse("https://"), Err(DnsServerError::BadUrl(_))));
        let message = parse("\u{1b}[0m").unwrap_err().to_string();
        assert!(!message.contains('\u{1b}'), "{message:?}");
    }
}

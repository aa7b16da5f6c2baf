//! Which recursive resolver to ask, and how.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use reqwest::Url;

use crate::text::shown;

/// The port of DNS over UDP and TCP (RFC 1035 §4.2).
const DNS_PORT: u16 = 53;

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
pub enum DnsServer {
    /// DNS over UDP, and over TCP for what does not fit.
    Plain(SocketAddr),
    /// DNS over HTTPS (RFC 8484). Unencrypted `http://` is for this machine only.
    Https(Url),
}

impl FromStr for DnsServer {
    type Err = DnsServerError;

    /// Reads `9.9.9.9`, `127.0.0.1:5353`, `[::1]:53` or `https://…/dns-query`.
    fn from_str(input: &str) -> Result<Self, DnsServerError> {
        let text = input.trim();
        if text.contains("://") {
            return https(input, text);
        }
        let bare = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'))
            .unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(Self::Plain(SocketAddr::new(address, DNS_PORT)));
        }
        text.parse()
            .map(Self::Plain)
            .map_err(|_| DnsServerError::NotAnAddress(input.to_owned()))
    }
}

impl From<SocketAddr> for DnsServer {
    fn from(address: SocketAddr) -> Self {
        Self::Plain(address)
    }
}

impl fmt::Display for DnsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(address) => address.fmt(f),
            Self::Https(url) => url.fmt(f),
        }
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

/// Why a text names no DNS server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DnsServerError {
    /// It is neither an IP address nor a URL.
    #[error("`{}` is no DNS server; write an IP address such as 9.9.9.9 or 127.0.0.1:5353, or a URL such as https://dns.example/dns-query", shown(.0))]
    NotAnAddress(String),
    /// It looks like a URL and is none.
    #[error("`{}` is not a URL; write it as https://dns.example/dns-query", shown(.0))]
    BadUrl(String),
    /// A URL of another scheme.
    #[error("`{}` is not an https:// URL; DNS is asked over https, or plainly at an IP address", shown(.0))]
    Scheme(String),
    /// HTTP to another machine.
    #[error("`{}` would show every name you pay to the network; use https:// (http:// is for this machine only)", shown(.0))]
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
        assert!(matches!(
            parse("tls://9.9.9.9"),
            Err(DnsServerError::Scheme(_))
        ));
        assert!(matches!(parse("https://"), Err(DnsServerError::BadUrl(_))));
        let message = parse("\u{1b}[0m").unwrap_err().to_string();
        assert!(!message.contains('\u{1b}'), "{message:?}");
    }
}

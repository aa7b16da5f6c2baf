//! A proxy between us and the servers, such as Tor.

use std::{fmt, str::FromStr};

use url::Host;

use super::server::host_and_port;
use crate::text::shown;

/// The port of SOCKS (RFC 1928 §3).
const SOCKS_PORT: u16 = 1080;

/// A proxy through which servers are asked, and by no other way.
///
/// Host names are handed to the proxy and not looked up here. UDP and QUIC do not pass through
/// one: a client with a proxy refuses such servers when it is made.
///
/// ```
/// use payname_resolver::net::{Isolation, Proxy};
///
/// let tor: Proxy = "socks5://127.0.0.1:9050".parse()?;
/// assert!(matches!(tor, Proxy::Socks5 { isolation: Isolation::PerName, .. }));
/// # Ok::<(), payname_resolver::net::ProxyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Proxy {
    /// SOCKS 5 (RFC 1928).
    Socks5 {
        /// Where the proxy is.
        host: Host,
        /// Its port.
        port: u16,
        /// What its user name and password are for.
        isolation: Isolation,
    },
}

/// What tells one use of a SOCKS proxy from another.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isolation {
    /// Fresh random credentials for every name that is looked up: Tor then takes another circuit,
    /// so that no exit sees two names of one payer. For proxies that take any credentials.
    PerName,
    /// The credentials that the proxy asks for (RFC 1929); names share them.
    Credentials {
        /// At most 255 bytes.
        user: String,
        /// At most 255 bytes.
        password: String,
    },
    /// None: names share whatever the proxy gives.
    None,
}

impl FromStr for Proxy {
    type Err = ProxyError;

    /// Reads `socks5://127.0.0.1:9050`, which isolates every name, or
    /// `socks5://user:password@proxy.example`, which does not. `socks5h://` is the same.
    fn from_str(input: &str) -> Result<Self, ProxyError> {
        // The text may hold a password, so that no error repeats it whole.
        let (scheme, rest) = input.trim().split_once("://").ok_or(ProxyError::NoScheme)?;
        if !["socks5", "socks5h"].contains(&scheme.to_ascii_lowercase().as_str()) {
            return Err(ProxyError::Scheme(scheme.to_owned()));
        }
        let (credentials, authority) = match rest.rsplit_once('@') {
            Some((credentials, authority)) => (Some(credentials), authority),
            None => (None, rest),
        };
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let (host, port) = host_and_port(authority).ok_or(ProxyError::NotAHost)?;
        let isolation = match credentials {
            None => Isolation::PerName,
            Some(credentials) => {
                let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
                let fits = |text: &str| (1..=255).contains(&text.len());
                if !fits(user) || password.len() > 255 {
                    return Err(ProxyError::Credentials);
                }
                Isolation::Credentials {
                    user: user.to_owned(),
                    password: password.to_owned(),
                }
            }
        };
        Ok(Self::Socks5 {
            host,
            port: port.unwrap_or(SOCKS_PORT),
            isolation,
        })
    }
}

impl fmt::Display for Proxy {
    /// Without credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Socks5 { host, port, .. } = self;
        write!(f, "socks5://{host}:{port}")
    }
}

impl fmt::Debug for Isolation {
    /// Without credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PerName => "PerName",
            Self::Credentials { .. } => "Credentials",
            Self::None => "None",
        })
    }
}

/// Why a text names no proxy. None repeats credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// There is no `://`.
    #[error("a proxy is written as socks5://host:port, such as socks5://127.0.0.1:9050 for Tor")]
    NoScheme,
    /// Another kind of proxy.
    #[error("`{}` is no kind of proxy that hides names; use socks5://", shown(.0))]
    Scheme(String),
    /// No host, or no port after it.
    #[error(
        "behind socks5:// stands no proxy; write it as socks5://host:port, or as socks5://user:password@host:port"
    )]
    NotAHost,
    /// The user is empty, or one of them too long.
    #[error("a proxy's user has 1 to 255 bytes and its password at most 255")]
    Credentials,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_without_credentials_isolates_every_name() {
        for (text, printed) in [
            ("socks5://127.0.0.1:9050", "socks5://127.0.0.1:9050"),
            ("socks5h://tor", "socks5://tor:1080"),
            ("SOCKS5://[::1]:9050/", "socks5://[::1]:9050"),
        ] {
            let proxy: Proxy = text.parse().unwrap();
            assert_eq!(proxy.to_string(), printed);
            let Proxy::Socks5 { isolation, .. } = proxy;
            assert_eq!(isolation, Isolation::PerName);
        }
    }

    #[test]
    fn credentials_are_taken_and_never_shown() {
        let proxy: Proxy = "socks5://me:se:cr@et@proxy.example:1".parse().unwrap();
        let Proxy::Socks5 { isolation, .. } = &proxy;
        let expected = Isolation::Credentials {
            user: "me".to_owned(),
            password: "se:cr@et".to_owned(),
        };
        assert_eq!(*isolation, expected);
        let texts = format!("{proxy} {proxy:?}");
        assert!(!texts.contains("cr@et"), "{texts}");
    }

    #[test]
    fn other_proxies_and_other_texts_are_refused() {
        let parse = |text: &str| text.parse::<Proxy>().unwrap_err();
        assert_eq!(parse("127.0.0.1:9050"), ProxyError::NoScheme);
        assert_eq!(
            parse("http://127.0.0.1"),
            ProxyError::Scheme("http".to_owned())
        );
        assert_eq!(parse("socks5://me:secret@:1"), ProxyError::NotAHost);
        assert_eq!(parse("socks5://:x@host"), ProxyError::Credentials);
        // Whoever forgot the host wrote credentials.
        assert_eq!(parse("socks5://me:secret"), ProxyError::NotAHost);
        let long = format!("socks5://me:{}@host", "x".repeat(256));
        assert_eq!(parse(&long), ProxyError::Credentials);
    }
}

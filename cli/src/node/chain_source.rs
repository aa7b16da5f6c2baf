//! Where a node learns about blocks: `bitcoind`, Esplora or Electrum.

use std::{fmt, str::FromStr};

use url::Url;

/// A chain source, as `--chain` takes it.
///
/// Written `bitcoind://user:password@host:port`, `esplora+https://host/path` (or plain
/// `https://…`), `electrum+ssl://host:port` (or plain `ssl://…`, `tcp://…`).
#[derive(Clone, PartialEq, Eq)]
pub enum ChainSource {
    /// The RPC interface of Bitcoin Core or Knots.
    Bitcoind {
        /// Host name or address.
        host: String,
        /// RPC port.
        port: u16,
        /// RPC user.
        user: String,
        /// RPC password.
        password: String,
    },
    /// An Esplora HTTP server.
    Esplora(String),
    /// An Electrum server, `ssl://…` or `tcp://…`.
    Electrum(String),
}

impl FromStr for ChainSource {
    type Err = ChainSourceError;

    fn from_str(text: &str) -> Result<Self, ChainSourceError> {
        if let Some(rest) = text.strip_prefix("esplora+") {
            return Self::esplora(rest);
        }
        if let Some(rest) = text.strip_prefix("electrum+") {
            return Self::electrum(rest);
        }
        match text.split_once("://").map(|(scheme, _)| scheme) {
            Some("bitcoind") => Self::bitcoind(text),
            Some("http" | "https") => Self::esplora(text),
            Some("ssl" | "tcp") => Self::electrum(text),
            _ => Err(ChainSourceError::Scheme),
        }
    }
}

impl ChainSource {
    fn bitcoind(text: &str) -> Result<Self, ChainSourceError> {
        let url = Url::parse(text).map_err(ChainSourceError::Url)?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or(ChainSourceError::Missing("a host"))?;
        let port = url.port().ok_or(ChainSourceError::Missing("a port"))?;
        let password = url
            .password()
            .ok_or(ChainSourceError::Missing("user:password"))?;
        Ok(Self::Bitcoind {
            host: host.to_owned(),
            port,
            user: percent_decoded(url.username()),
            password: percent_decoded(password),
        })
    }

    fn esplora(text: &str) -> Result<Self, ChainSourceError> {
        let url = Url::parse(text).map_err(ChainSourceError::Url)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ChainSourceError::Scheme);
        }
        Ok(Self::Esplora(text.trim_end_matches('/').to_owned()))
    }

    fn electrum(text: &str) -> Result<Self, ChainSourceError> {
        let url = Url::parse(text).map_err(ChainSourceError::Url)?;
        if !matches!(url.scheme(), "ssl" | "tcp") {
            return Err(ChainSourceError::Scheme);
        }
        url.port().ok_or(ChainSourceError::Missing("a port"))?;
        Ok(Self::Electrum(text.to_owned()))
    }
}

/// Undoes the percent-encoding of a URL's user or password.
fn percent_decoded(text: &str) -> String {
    // A form with one key decodes exactly the percent escapes; a `+` must stay a `+`.
    let escaped = format!("k={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(escaped.as_bytes())
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}

/// Shows no password.
impl fmt::Debug for ChainSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bitcoind { host, port, .. } => write!(f, "bitcoind at {host}:{port}"),
            Self::Esplora(url) => write!(f, "Esplora at {url}"),
            Self::Electrum(url) => write!(f, "Electrum at {url}"),
        }
    }
}

/// Why a text is no chain source. Never repeats it, as it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainSourceError {
    /// The scheme is none of the known.
    #[error(
        "a chain source is bitcoind://user:password@host:port, https://… (Esplora) or ssl://host:port (Electrum)"
    )]
    Scheme,
    /// It is no URL.
    #[error("the chain source is no URL: {0}")]
    Url(url::ParseError),
    /// A part is missing.
    #[error(
        "the chain source lacks {0}; write bitcoind://user:password@host:port or ssl://host:port"
    )]
    Missing(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_read_from_its_url() {
        assert_eq!(
            "bitcoind://ann:p%40ss+w@127.0.0.1:18443".parse(),
            Ok(ChainSource::Bitcoind {
                host: "127.0.0.1".into(),
                port: 18443,
                user: "ann".into(),
                password: "p@ss+w".into(),
            })
        );
        assert_eq!(
            "https://example.com/api/".parse(),
            Ok(ChainSource::Esplora("https://example.com/api".into()))
        );
        assert_eq!(
            "electrum+ssl://example.com:50002".parse(),
            Ok(ChainSource::Electrum("ssl://example.com:50002".into()))
        );
    }

    #[test]
    fn an_incomplete_source_says_what_is_missing() {
        let refused = |text: &str| text.parse::<ChainSource>().unwrap_err();
        assert_eq!(
            refused("bitcoind://127.0.0.1:1"),
            ChainSourceError::Missing("user:password")
        );
        assert_eq!(
            refused("bitcoind://a:b@127.0.0.1"),
            ChainSourceError::Missing("a port")
        );
        assert_eq!(
            refused("ssl://example.com"),
            ChainSourceError::Missing("a port")
        );
        assert_eq!(refused("ftp://example.com"), ChainSourceError::Scheme);
    }

    #[test]
    fn neither_an_error_nor_the_debug_form_shows_the_password() {
        let source: ChainSource = "bitcoind://ann:secret@127.0.0.1:18443".parse().unwrap();
        assert!(!format!("{source:?}").contains("secret"));
        let error = "bitcoind://ann:secret@127.0.0.1"
            .parse::<ChainSource>()
            .unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}

//! Where proofs come from, as it is written in a configuration.

use std::{fmt, str::FromStr};

use url::Url;

use super::{
    DnsServer, DnsServerError,
    server::{is_loopback, without_credentials},
};
use crate::text::shown_url;

/// A DNS server or a proof server, read from text. Neither is trusted.
///
/// ```
/// use payname_resolver::net::Endpoint;
///
/// let endpoint: Endpoint = "tls://dns.example".parse()?;
/// assert!(matches!(endpoint, Endpoint::Dns(_)));
/// let endpoint: Endpoint = "payname+https://pay.example".parse()?;
/// assert!(matches!(endpoint, Endpoint::Proof(_)));
/// # Ok::<(), payname_resolver::net::EndpointError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// A recursive resolver.
    Dns(DnsServer),
    /// An HTTP server that has proofs.
    Proof(ProofServer),
}

/// An HTTP server that answers with whole proofs. Plain `http://` is for this machine only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProofServer {
    /// Answers `GET {url}/v1/domains/{domain}/handles/{user}/proof`; written `payname+https://…`.
    Payname(Url),
    /// Answers `GET {url}/dnssecproof?d={owner name}&t=TXT`; written `dnssecproof+https://…`.
    DnssecProof(Url),
}

/// Endpoints in the order in which they are to be used; at least one.
///
/// ```
/// use payname_resolver::net::EndpointList;
///
/// let list: EndpointList = "tls://dns.example, https://dns.example/dns-query".parse()?;
/// assert_eq!(list.as_slice().len(), 2);
/// assert_eq!(list.to_string(), "tls://dns.example:853 https://dns.example/dns-query");
/// # Ok::<(), payname_resolver::net::EndpointError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EndpointList(Vec<Endpoint>);

impl ProofServer {
    /// The server's URL.
    pub fn url(&self) -> &Url {
        match self {
            Self::Payname(url) | Self::DnssecProof(url) => url,
        }
    }
}

impl EndpointList {
    /// The endpoints in order.
    pub fn as_slice(&self) -> &[Endpoint] {
        &self.0
    }
}

impl From<DnsServer> for Endpoint {
    fn from(server: DnsServer) -> Self {
        Self::Dns(server)
    }
}

impl From<Endpoint> for EndpointList {
    fn from(endpoint: Endpoint) -> Self {
        Self(vec![endpoint])
    }
}

impl FromStr for ProofServer {
    type Err = EndpointError;

    /// Reads `payname+https://pay.example` or `dnssecproof+https://proofs.example`.
    fn from_str(input: &str) -> Result<Self, EndpointError> {
        let refused = || EndpointError::ProofServer(input.to_owned());
        let (kind, url) = input.trim().split_once('+').ok_or_else(refused)?;
        let url = Url::parse(url).map_err(|_| refused())?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(DnsServerError::Unencrypted(input.to_owned()).into()),
            _ => return Err(refused()),
        }
        match kind.to_ascii_lowercase().as_str() {
            "payname" => Ok(Self::Payname(url)),
            "dnssecproof" => Ok(Self::DnssecProof(url)),
            _ => Err(refused()),
        }
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    /// Reads a [`ProofServer`] or else a [`DnsServer`].
    fn from_str(input: &str) -> Result<Self, EndpointError> {
        let scheme = input.split_once("://").map(|(scheme, _)| scheme);
        if scheme.is_some_and(|scheme| scheme.contains('+')) {
            return input.parse().map(Self::Proof);
        }
        Ok(Self::Dns(input.parse()?))
    }
}

impl FromStr for EndpointList {
    type Err = EndpointError;

    /// Reads endpoints with commas or white space between them.
    fn from_str(input: &str) -> Result<Self, EndpointError> {
        let endpoints = input
            .split(|character: char| character == ',' || character.is_whitespace())
            .filter(|text| !text.is_empty())
            .map(str::parse)
            .collect::<Result<Vec<Endpoint>, _>>()?;
        match endpoints.is_empty() {
            true => Err(EndpointError::Empty),
            false => Ok(Self(endpoints)),
        }
    }
}

impl fmt::Display for ProofServer {
    /// Without credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payname(url) => write!(f, "payname+{}", without_credentials(url)),
            Self::DnssecProof(url) => write!(f, "dnssecproof+{}", without_credentials(url)),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(server) => server.fmt(f),
            Self::Proof(server) => server.fmt(f),
        }
    }
}

impl fmt::Display for EndpointList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, endpoint) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            endpoint.fmt(f)?;
        }
        Ok(())
    }
}

/// Why a text names no endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// It is no DNS server.
    #[error(transparent)]
    Dns(#[from] DnsServerError),
    /// It is no proof server.
    #[error("`{}` is no proof server; write it as payname+https://pay.example or dnssecproof+https://proofs.example", shown_url(.0))]
    ProofServer(String),
    /// The list is empty.
    #[error("no endpoint is named; write at least one, such as 9.9.9.9 or tls://dns.example")]
    Empty,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_printed_as_it_is_read() {
        let text = "9.9.9.9:53 tls://dns.example:853 payname+https://pay.example/ \
                    dnssecproof+http://127.0.0.1:8080/";
        let list: EndpointList = text.parse().unwrap();
        assert_eq!(list.to_string(), text);
        assert_eq!(list.as_slice().len(), 4);
        let again: EndpointList = text.replace(' ', " ,\n").parse().unwrap();
        assert_eq!(again, list);
    }

    #[test]
    fn credentials_in_a_url_are_kept_and_never_shown() {
        for (text, printed) in [
            ("https://me:secret@dns.example/q", "https://dns.example/q"),
            (
                "payname+https://me:secret@pay.example/",
                "payname+https://pay.example/",
            ),
            (
                "dnssecproof+https://me:secret@pay.example/",
                "dnssecproof+https://pay.example/",
            ),
        ] {
            let endpoint: Endpoint = text.parse().unwrap();
            assert_eq!(endpoint.to_string(), printed);
            let url = match &endpoint {
                Endpoint::Dns(DnsServer::Https(url)) => url,
                Endpoint::Proof(server) => server.url(),
                other => panic!("{other}"),
            };
            assert_eq!(url.password(), Some("secret"));
        }
        for text in [
            "payname+ftp://me:secret@h",
            "other+https://me:secret@h",
            "payname+http://me:secret@h",
            "http://me:secret@h",
            "https://me:secret@h:x",
            "ftp://me:secret@h",
            "tls://me:secret@h",
            "tcp://me:secret@h",
        ] {
            let error = text.parse::<Endpoint>().unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn an_empty_list_and_a_list_with_one_bad_member_are_refused() {
        let parse = |text: &str| text.parse::<EndpointList>();
        assert_eq!(parse(" , "), Err(EndpointError::Empty));
        assert!(matches!(
            parse("9.9.9.9 dns.example"),
            Err(EndpointError::Dns(DnsServerError::NotAnAddress(_)))
        ));
        for text in [
            "other+https://a.example",
            "payname+ftp://a.example",
            "payname+://",
        ] {
            assert!(
                matches!(parse(text), Err(EndpointError::ProofServer(_))),
                "{text}"
            );
        }
        assert!(matches!(
            parse("payname+http://pay.example"),
            Err(EndpointError::Dns(DnsServerError::Unencrypted(_)))
        ));
    }
}

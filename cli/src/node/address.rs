//! Which node pays: the embedded one, or one that runs elsewhere.

use std::{fmt, path::PathBuf, str::FromStr};

use url::{Host, Url};

use super::Capabilities;

/// A node, as `--node` takes it.
///
/// Written `embedded`, `cln:/path/to/lightning-rpc`, `cln+https://host:3010`,
/// `phoenixd+http://127.0.0.1:9740` (or `phoenixd`), `eclair+http://127.0.0.1:8080` (or `eclair`).
/// An address holds no secret, since command lines are seen by other users and kept by shells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum NodeAddress {
    /// The node in this program.
    #[default]
    Embedded,
    /// Core Lightning's JSON-RPC over its Unix socket.
    ClnSocket(PathBuf),
    /// Core Lightning's `clnrest`.
    ClnRest(Url),
    /// phoenixd.
    Phoenixd(Url),
    /// Eclair.
    Eclair(Url),
}

impl NodeAddress {
    /// What people call it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Embedded => "embedded node",
            Self::ClnSocket(_) | Self::ClnRest(_) => "Core Lightning",
            Self::Phoenixd(_) => "phoenixd",
            Self::Eclair(_) => "Eclair",
        }
    }

    /// What such a node can do, known without asking it.
    pub fn capabilities(&self) -> Capabilities {
        match self {
            Self::Embedded => Capabilities::EMBEDDED,
            Self::ClnSocket(_) | Self::ClnRest(_) => Capabilities::CORE_LIGHTNING,
            Self::Phoenixd(_) => Capabilities::PHOENIXD,
            Self::Eclair(_) => Capabilities::ECLAIR,
        }
    }
}

impl FromStr for NodeAddress {
    type Err = NodeAddressError;

    fn from_str(text: &str) -> Result<Self, NodeAddressError> {
        if let Some(path) = text.strip_prefix("cln:") {
            return match path.is_empty() {
                true => Err(NodeAddressError::Form),
                false => Ok(Self::ClnSocket(path.into())),
            };
        }
        match text {
            "embedded" => return Ok(Self::Embedded),
            "phoenixd" => return Self::from_str("phoenixd+http://127.0.0.1:9740"),
            "eclair" => return Self::from_str("eclair+http://127.0.0.1:8080"),
            _ => {}
        }
        let (kind, url) = text.split_once('+').ok_or(NodeAddressError::Form)?;
        match kind {
            "cln" => web(url).map(Self::ClnRest),
            "phoenixd" => web(url).map(Self::Phoenixd),
            "eclair" => web(url).map(Self::Eclair),
            _ => Err(NodeAddressError::Form),
        }
    }
}

/// A web address to which a secret may be sent.
fn web(text: &str) -> Result<Url, NodeAddressError> {
    let mut url = Url::parse(text).map_err(NodeAddressError::Url)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(NodeAddressError::Secret);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(NodeAddressError::Form);
    }
    match url.scheme() {
        "https" if url.has_host() => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err(NodeAddressError::NotEncrypted),
        _ => return Err(NodeAddressError::Form),
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Whether what is sent there stays on this machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str("embedded"),
            Self::ClnSocket(path) => write!(f, "cln:{}", path.display()),
            Self::ClnRest(url) => write!(f, "cln+{url}"),
            Self::Phoenixd(url) => write!(f, "phoenixd+{url}"),
            Self::Eclair(url) => write!(f, "eclair+{url}"),
        }
    }
}

/// Why a text is no node. Never repeats it, as it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeAddressError {
    /// It is none of the known forms.
    #[error(
        "a node is embedded, cln:/path/to/lightning-rpc, cln+https://host:3010, phoenixd+http://127.0.0.1:9740 or eclair+http://127.0.0.1:8080"
    )]
    Form,
    /// It is no URL.
    #[error("the node's address is no URL: {0}")]
    Url(url::ParseError),
    /// It holds a user or a password.
    #[error(
        "a node's address holds no password, which others could see; put it into a file and name that with --node-secret-file"
    )]
    Secret,
    /// The secret would cross a network in the clear.
    #[error(
        "a node on another machine is reached over https:// only, as its secret and the payments would be read on the way; use https:// with --node-ca, or a tunnel to 127.0.0.1"
    )]
    NotEncrypted,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_node_is_read_from_its_address_and_written_as_it_was_read() {
        let same = [
            "embedded",
            "cln:/run/lightning/bitcoin/lightning-rpc",
            "cln+https://node.example:3010/",
            "phoenixd+http://127.0.0.1:9740/",
            "eclair+http://[::1]:8080/",
            "eclair+https://node.example/eclair/",
        ];
        for text in same {
            assert_eq!(text.parse::<NodeAddress>().unwrap().to_string(), text);
        }
        let short = |text: &str| text.parse::<NodeAddress>().unwrap().to_string();
        assert_eq!(short("phoenixd"), "phoenixd+http://127.0.0.1:9740/");
        assert_eq!(short("eclair"), "eclair+http://127.0.0.1:8080/");
    }

    #[test]
    fn no_secret_crosses_a_network_in_the_clear_and_none_stands_on_a_command_line() {
        let refused = |text: &str| text.parse::<NodeAddress>().unwrap_err();
        for open in [
            "cln+http://node.example",
            "phoenixd+http://192.168.0.2:9740",
        ] {
            assert_eq!(refused(open), NodeAddressError::NotEncrypted, "{open}");
        }
        for told in [
            "phoenixd+http://:secret@127.0.0.1:9740",
            "eclair+https://me@host",
        ] {
            let error = refused(told);
            assert_eq!(error, NodeAddressError::Secret, "{told}");
            assert!(!format!("{error} {error:?}").contains("secret@"));
        }
        for strange in [
            "",
            "cln:",
            "lnd+https://x",
            "cln+ftp://x",
            "cln+https://x?rune=y",
        ] {
            assert_eq!(refused(strange), NodeAddressError::Form, "{strange}");
        }
    }
}

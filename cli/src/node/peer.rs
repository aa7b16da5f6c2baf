//! A Lightning peer's address, `node id@host:port`.

use std::{fmt, str::FromStr};

/// A node's public key and where it listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    id: String,
    address: String,
}

impl Peer {
    /// The node id: 33 bytes, as 66 lower-case hex digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl FromStr for Peer {
    type Err = PeerError;

    fn from_str(text: &str) -> Result<Self, PeerError> {
        let wrong = || PeerError(text.to_owned());
        let (id, address) = text.split_once('@').ok_or_else(wrong)?;
        let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
        let is_key = id.len() == 66
            && id.bytes().all(|byte| byte.is_ascii_hexdigit())
            && matches!(id.get(..2), Some("02" | "03"));
        let is_host = !host.is_empty() && host.chars().all(|c| c.is_ascii_graphic());
        if !is_key || !is_host || port.parse::<u16>().is_err() {
            return Err(wrong());
        }
        Ok(Self {
            id: id.to_ascii_lowercase(),
            address: address.to_owned(),
        })
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.address)
    }
}

/// A text that is no peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no Lightning peer; write it as 02…hex…@host:port", .0.escape_debug())]
pub struct PeerError(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_a_key_at_a_host_and_port() {
        let id = format!("02{}", "Ab".repeat(32));
        let peer: Peer = format!("{id}@[::1]:9735").parse().unwrap();
        assert_eq!(
            (peer.id(), peer.address()),
            (id.to_lowercase().as_str(), "[::1]:9735")
        );
        assert_eq!(peer.to_string().parse(), Ok(peer));
    }

    #[test]
    fn anything_else_is_refused() {
        let id = "02".repeat(33);
        for text in [
            "",
            id.as_str(),
            &format!("{id}@host"),
            &format!("{id}@:1"),
            &format!("{id}@h:99999"),
            "05@h:1",
        ] {
            assert!(text.parse::<Peer>().is_err(), "{text}");
        }
    }
}

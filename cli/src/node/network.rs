//! The Bitcoin networks a node can live on.

use std::fmt;

use payname_resolver::lightning::bitcoin;

use super::NodeError;

/// A Bitcoin network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, clap::ValueEnum)]
pub enum Network {
    /// The one with money in it.
    #[default]
    Bitcoin,
    /// The public test network, version 3.
    Testnet,
    /// The signed test network.
    Signet,
    /// A private chain on one machine.
    Regtest,
}

impl Network {
    /// The name as `--network` takes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bitcoin => "bitcoin",
            Self::Testnet => "testnet",
            Self::Signet => "signet",
            Self::Regtest => "regtest",
        }
    }

    /// Refuses a node that says it is on another network; some call the one with money in it `mainnet`.
    pub(super) fn must_be(self, found: &str) -> Result<(), NodeError> {
        let found_is = found.to_ascii_lowercase();
        let is_meant = match self {
            Self::Bitcoin => matches!(found_is.as_str(), "bitcoin" | "mainnet"),
            Self::Testnet => matches!(found_is.as_str(), "testnet" | "testnet3"),
            Self::Signet | Self::Regtest => found_is == self.as_str(),
        };
        match is_meant {
            true => Ok(()),
            false => Err(NodeError::OtherNetwork {
                found: found.to_owned(),
                expected: self,
            }),
        }
    }
}

impl From<Network> for bitcoin::Network {
    fn from(network: Network) -> Self {
        match network {
            Network::Bitcoin => Self::Bitcoin,
            Network::Testnet => Self::Testnet,
            Network::Signet => Self::Signet,
            Network::Regtest => Self::Regtest,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

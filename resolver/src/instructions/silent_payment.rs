//! A silent payment address as a payment method (`sp=`, `tsp=`; BIP-352).

use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::{fmt, str::FromStr};

use lightning::bitcoin::{
    Network,
    bech32::{Bech32m, ByteIterExt, Fe32, Fe32IterExt, Hrp},
    secp256k1::PublicKey,
};

use super::{AmountLimits, MethodError, bech32::checked, method::limits_of};
use crate::amount::Amount;

/// The length of one compressed public key in bytes.
const KEY: usize = 33;
/// The version that is kept for a change that older senders must not follow (BIP-352).
const INCOMPATIBLE: u8 = 31;
/// The prefix on mainnet.
const MAINNET: &str = "sp";
/// The prefix on every test network.
const TESTNET: &str = "tsp";

/// A silent payment address: two public keys, from which each payer derives an address of its own.
///
/// Its checksum, version, length and both keys have been checked.
///
/// ```
/// use payname_resolver::instructions::SilentPaymentAddress;
///
/// let address: SilentPaymentAddress = "sp1qqgste7k9hx0qftg6qmwlkqtwuy6cycyavzmzj85c6qdfhjdpdjtdgqjuexzk6murw56suy3e0rd2cgqvycxttddwsvgxe2usfpxumr70xc9pkqwv".parse()?;
/// assert_eq!((address.key(), address.version()), ("sp", 0));
/// assert_ne!(address.scan_key(), address.spend_key());
/// # Ok::<(), payname_resolver::instructions::SilentPaymentError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SilentPaymentAddress {
    text: String,
    is_mainnet: bool,
    version: u8,
    scan: PublicKey,
    spend: PublicKey,
}

impl SilentPaymentAddress {
    /// The address, of version 0, of a payee who scans and spends with these keys.
    pub fn new(network: Network, scan: PublicKey, spend: PublicKey) -> Self {
        let is_mainnet = network == Network::Bitcoin;
        let hrp = Hrp::parse_unchecked(if is_mainnet { MAINNET } else { TESTNET });
        let text = [scan.serialize(), spend.serialize()]
            .concat()
            .into_iter()
            .bytes_to_fes()
            .with_checksum::<Bech32m>(&hrp)
            .with_witness_version(Fe32::Q)
            .chars()
            .collect();
        Self {
            text,
            is_mainnet,
            version: 0,
            scan,
            spend,
        }
    }

    /// The key it stands under in a URI: `sp` on mainnet, `tsp` on test networks.
    pub fn key(&self) -> &'static str {
        if self.is_mainnet { MAINNET } else { TESTNET }
    }

    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The version, from 0 to 30. Senders treat versions above 0 as version 0 (BIP-352).
    pub fn version(&self) -> u8 {
        self.version
    }

    /// The key with which the payee finds payments.
    pub fn scan_key(&self) -> PublicKey {
        self.scan
    }

    /// The key with which the payee spends.
    pub fn spend_key(&self) -> PublicKey {
        self.spend
    }

    /// Whether it is an address of `network`; test networks are not told apart.
    pub fn is_valid_for(&self, network: Network) -> bool {
        self.is_mainnet == (network == Network::Bitcoin)
    }

    /// Reads an address that must have the prefix `hrp`.
    fn read(hrp: &str, text: &str) -> Result<Self, SilentPaymentError> {
        let data = checked(hrp, text).ok_or(SilentPaymentError::Encoding)?;
        let digits: Vec<Fe32> = data
            .data_part_ascii_no_checksum()
            .iter()
            .filter_map(|digit| Fe32::from_char(char::from(*digit)).ok())
            .collect();
        let Some((version, digits)) = digits.split_first() else {
            return Err(SilentPaymentError::Length { length: 0 });
        };
        let version = version.to_u8();
        if version == INCOMPATIBLE {
            return Err(SilentPaymentError::Version);
        }
        if !is_padded_with_zeros(digits) {
            return Err(SilentPaymentError::Encoding);
        }
        let payload: Vec<u8> = digits.iter().copied().fes_to_bytes().collect();
        let length = payload.len();
        let wrong_length = SilentPaymentError::Length { length };
        let Some((scan, rest)) = payload.split_at_checked(KEY) else {
            return Err(wrong_length);
        };
        let Some((spend, extension)) = rest.split_at_checked(KEY) else {
            return Err(wrong_length);
        };
        // A later version may append to the keys; version 0 does not.
        if version == 0 && !extension.is_empty() {
            return Err(wrong_length);
        }
        let key = |bytes, name| {
            PublicKey::from_slice(bytes).map_err(|_| SilentPaymentError::Key { name })
        };
        Ok(Self {
            text: text.to_owned(),
            is_mainnet: hrp == MAINNET,
            version,
            scan: key(scan, "scan")?,
            spend: key(spend, "spend")?,
        })
    }
}

impl FromStr for SilentPaymentAddress {
    type Err = SilentPaymentError;

    fn from_str(text: &str) -> Result<Self, SilentPaymentError> {
        let is_mainnet = text
            .get(..MAINNET.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(MAINNET));
        Self::read(if is_mainnet { MAINNET } else { TESTNET }, text)
    }
}

impl fmt::Display for SilentPaymentAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A silent payment address that a URI offers.
///
/// ```
/// use payname_resolver::{
///     Instructions, Method, instructions::SilentPaymentMethod, lightning::bitcoin::Network,
/// };
///
/// let uri = "bitcoin:?sp=sp1qqgste7k9hx0qftg6qmwlkqtwuy6cycyavzmzj85c6qdfhjdpdjtdgqjuexzk6murw56suy3e0rd2cgqvycxttddwsvgxe2usfpxumr70xc9pkqwv";
/// let instructions = Instructions::parse(uri)?;
/// let [Method::SilentPayment(method)] = instructions.methods() else { unreachable!() };
/// let method: &SilentPaymentMethod = method;
/// assert!(method.supports(Network::Bitcoin) && !method.supports(Network::Signet));
/// assert_eq!(method.address().version(), 0);
/// # Ok::<(), payname_resolver::instructions::UriError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilentPaymentMethod {
    address: SilentPaymentAddress,
    limits: AmountLimits,
}

impl SilentPaymentMethod {
    /// Reads the value of `key`, in a URI that asks for `asked`.
    pub(super) fn parse(
        key: &str,
        text: String,
        asked: Option<Amount>,
    ) -> Result<Self, MethodError> {
        Ok(Self {
            address: SilentPaymentAddress::read(key, &text).map_err(MethodError::SilentPayment)?,
            limits: limits_of(asked),
        })
    }

    /// The address.
    pub fn address(&self) -> &SilentPaymentAddress {
        &self.address
    }

    /// The key: `sp`, or `tsp` on test networks.
    pub fn key(&self) -> &str {
        self.address.key()
    }

    /// The address as it was written, such as `sp1…`.
    pub fn text(&self) -> &str {
        self.address.as_str()
    }

    /// What amounts can be paid.
    pub fn limits(&self) -> AmountLimits {
        self.limits
    }

    /// Whether it can be paid on `network`.
    pub fn supports(&self, network: Network) -> bool {
        self.address.is_valid_for(network)
    }
}

/// Whether what is left over behind the last whole byte is less than a digit, and zero (BIP-350).
fn is_padded_with_zeros(digits: &[Fe32]) -> bool {
    let left_over = digits.len().saturating_mul(5) % 8;
    let last = digits.last().map_or(0, |digit| digit.to_u8());
    left_over < 5 && last.trailing_zeros() >= u32::try_from(left_over).unwrap_or(u32::MAX)
}

/// Why a text is no silent payment address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SilentPaymentError {
    /// Prefix or checksum are wrong.
    #[error("it is no silent payment address of this key's network, or mistyped")]
    Encoding,
    /// It is of the version that is kept for an incompatible change.
    #[error("it is a silent payment address of a version that is not known here")]
    Version,
    /// It does not hold two public keys.
    #[error(
        "a silent payment address holds two public keys, 66 bytes; this one holds {length} bytes"
    )]
    Length {
        /// Its length in bytes.
        length: usize,
    },
    /// One of the keys is no point on the curve.
    #[error("its {name} key is no public key; nothing sent to it could be spent")]
    Key {
        /// `scan` or `spend`.
        name: &'static str,
    },
}

//! One way to pay, out of the several that a `bitcoin:` URI may offer.

use alloc::{borrow::ToOwned, string::String};
use core::fmt;

use lightning::bitcoin::{Address, Network, address::NetworkUnchecked};

use super::{
    AmountLimits, Bolt11Method, MethodError, OfferMethod, OtherMethod, SilentPaymentMethod,
};
use crate::{amount::Amount, time::UnixTime};

/// The key under which the address in the URI's path is listed.
pub(super) const PATH_KEY: &str = "address";

/// A way to pay that a `bitcoin:` URI offers.
///
/// ```
/// use payname_resolver::{Instructions, Method, UnixTime, instructions::MethodKind};
///
/// let uri = "bitcoin:?bc=bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l&lno=lno1zcss9mk8y3wkklfvevcrszlmu23kfrxh49px20665dqwmn4p72pksese";
/// let instructions = Instructions::parse(uri)?;
/// let kinds: Vec<MethodKind> = instructions.methods().iter().map(Method::kind).collect();
/// assert_eq!(kinds, [MethodKind::OnChain, MethodKind::Offer]);
/// assert!(MethodKind::Offer < MethodKind::OnChain, "the preferred kind is the lesser");
/// assert_eq!(instructions.methods()[1].expires_at(), None::<UnixTime>);
/// # Ok::<(), payname_resolver::instructions::UriError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// A BOLT 12 offer (`lno`).
    Offer(OfferMethod),
    /// A BOLT 11 invoice (`lightning`).
    Bolt11(Bolt11Method),
    /// A silent payment address (`sp`, `tsp`; BIP-352).
    SilentPayment(SilentPaymentMethod),
    /// An address (in the path, `bc`, `tb` or `bcrt`).
    OnChain(OnChainMethod),
    /// A way to pay of which only the encoding is checked: `pay`, `payt`, `ark`, `tark`, `creq`, `pj`.
    Other(OtherMethod),
}

impl Method {
    /// Reads the value of `key`; nothing when the key is not known as a payment method.
    pub(super) fn parse(
        key: &str,
        value: String,
        asked: Option<Amount>,
    ) -> Option<Result<Self, MethodError>> {
        Some(match key {
            _ if !is_method_key(key) => return None,
            _ if value.is_empty() => Err(MethodError::Empty),
            "lno" => OfferMethod::parse(value, asked).map(Self::Offer),
            "lightning" => Bolt11Method::parse(value, asked).map(Self::Bolt11),
            "sp" | "tsp" => SilentPaymentMethod::parse(key, value, asked).map(Self::SilentPayment),
            PATH_KEY | "bc" | "tb" | "bcrt" => {
                OnChainMethod::parse(key, value, asked).map(Self::OnChain)
            }
            _ => OtherMethod::parse(key, value, asked).map(Self::Other),
        })
    }

    /// What sort of method it is.
    pub fn kind(&self) -> MethodKind {
        match self {
            Self::Offer(_) => MethodKind::Offer,
            Self::Bolt11(_) => MethodKind::Bolt11,
            Self::SilentPayment(_) => MethodKind::SilentPayment,
            Self::OnChain(_) => MethodKind::OnChain,
            Self::Other(_) => MethodKind::Other,
        }
    }

    /// The key in the URI, lower case and without `req-`; `address` for the one in the path.
    pub fn key(&self) -> &str {
        match self {
            Self::Offer(_) => "lno",
            Self::Bolt11(_) => "lightning",
            Self::SilentPayment(method) => method.key(),
            Self::OnChain(method) => method.key(),
            Self::Other(method) => method.key(),
        }
    }

    /// The value in the URI, percent-decoded. A stranger wrote it: escape it before showing.
    pub fn text(&self) -> &str {
        match self {
            Self::Offer(method) => method.text(),
            Self::Bolt11(method) => method.text(),
            Self::SilentPayment(method) => method.text(),
            Self::OnChain(method) => method.text(),
            Self::Other(method) => method.text(),
        }
    }

    /// What amounts can be paid.
    pub fn limits(&self) -> AmountLimits {
        match self {
            Self::Offer(method) => method.limits(),
            Self::Bolt11(method) => method.limits(),
            Self::SilentPayment(method) => method.limits(),
            Self::OnChain(method) => method.limits(),
            Self::Other(method) => method.limits(),
        }
    }

    /// Whether it can be paid on `network`; some [`OtherMethod`]s may be for any.
    pub fn supports(&self, network: Network) -> bool {
        match self {
            Self::Offer(method) => method.supports(network),
            Self::Bolt11(method) => method.supports(network),
            Self::SilentPayment(method) => method.supports(network),
            Self::OnChain(method) => method.is_valid_for(network),
            Self::Other(method) => method.supports(network),
        }
    }

    /// The last second at which it can be paid; nothing means forever or not known.
    pub fn expires_at(&self) -> Option<UnixTime> {
        match self {
            Self::Offer(method) => method.expires_at(),
            Self::Bolt11(method) => method.expires_at(),
            Self::SilentPayment(_) | Self::OnChain(_) | Self::Other(_) => None,
        }
    }
}

/// The sorts of payment methods, the preferred one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum MethodKind {
    /// A BOLT 12 offer.
    Offer,
    /// A BOLT 11 invoice.
    Bolt11,
    /// A silent payment address.
    SilentPayment,
    /// An on-chain address.
    OnChain,
    /// Anything else.
    Other,
}

impl MethodKind {
    /// A stable name for programs, such as `offer`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Offer => "offer",
            Self::Bolt11 => "bolt11",
            Self::SilentPayment => "silent_payment",
            Self::OnChain => "onchain",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for MethodKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Offer => "BOLT 12 offer",
            Self::Bolt11 => "BOLT 11 invoice",
            Self::SilentPayment => "silent payment address",
            Self::OnChain => "on-chain address",
            Self::Other => "other method",
        })
    }
}

/// An on-chain address whose network is still to be checked.
///
/// ```
/// use payname_resolver::{Instructions, Method, instructions::OnChainMethod, lightning::bitcoin::Network};
///
/// let uri = "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l?amount=0.00025";
/// let instructions = Instructions::parse(uri)?;
/// let [Method::OnChain(method)] = instructions.methods() else { unreachable!() };
/// let method: &OnChainMethod = method;
/// assert_eq!(method.key(), "address");
/// assert!(method.is_valid_for(Network::Bitcoin) && !method.is_valid_for(Network::Testnet));
/// assert!(method.limits().fixed().is_some());
/// # Ok::<(), payname_resolver::instructions::UriError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnChainMethod {
    key: String,
    text: String,
    address: Address<NetworkUnchecked>,
    limits: AmountLimits,
}

impl OnChainMethod {
    fn parse(key: &str, text: String, asked: Option<Amount>) -> Result<Self, MethodError> {
        let address: Address<NetworkUnchecked> =
            text.parse().map_err(|_| MethodError::Address {
                hint: belongs(&text),
            })?;
        let fits_key = match key {
            "bc" => address.is_valid_for_network(Network::Bitcoin),
            "tb" => address.is_valid_for_network(Network::Testnet),
            "bcrt" => address.is_valid_for_network(Network::Regtest),
            _ => true,
        };
        if !fits_key {
            return Err(MethodError::OtherNetwork);
        }
        Ok(Self {
            key: key.to_owned(),
            text,
            address,
            limits: limits_of(asked),
        })
    }

    /// The key: `bc`, `tb`, `bcrt`, or `address` for the path of the URI.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The address as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The address, whose network must be checked before use.
    pub fn address(&self) -> &Address<NetworkUnchecked> {
        &self.address
    }

    /// What amounts can be paid.
    pub fn limits(&self) -> AmountLimits {
        self.limits
    }

    /// Whether it is an address of `network`.
    pub fn is_valid_for(&self, network: Network) -> bool {
        self.address.is_valid_for_network(network)
    }
}

/// Whether `key` is that of a payment method known here.
pub(super) fn is_method_key(key: &str) -> bool {
    const KEYS: [&str; 14] = [
        PATH_KEY,
        "lno",
        "lightning",
        "sp",
        "tsp",
        "bc",
        "tb",
        "bcrt",
        "pay",
        "payt",
        "ark",
        "tark",
        "creq",
        "pj",
    ];
    KEYS.contains(&key)
}

pub(super) fn limits_of(asked: Option<Amount>) -> AmountLimits {
    asked.map_or(AmountLimits::ANY, AmountLimits::exactly)
}

pub(super) fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Where something that is no address belongs instead.
fn belongs(text: &str) -> &'static str {
    const PLACES: [(&str, &str); 4] = [
        ("sp1", "; a silent payment address belongs in `sp=`"),
        ("tsp1", "; a silent payment address belongs in `tsp=`"),
        (
            "lno1",
            "; an offer belongs in `lno=`, as in `bitcoin:?lno=lno1…`",
        ),
        ("ln", "; an invoice belongs in `lightning=`"),
    ];
    PLACES
        .iter()
        .find(|(prefix, _)| starts_with(text, prefix))
        .map_or("", |(_, hint)| hint)
}

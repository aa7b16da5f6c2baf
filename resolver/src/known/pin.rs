//! A key by which a payee is recognised.

use alloc::{borrow::ToOwned, format, string::String};
use core::{fmt, str::FromStr};

use crate::Method;

/// What sort of key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PinKind {
    /// The issuer id of a BOLT 12 offer.
    OfferIssuer,
    /// The node that a BOLT 11 invoice is of.
    Node,
    /// A silent payment address, which is two keys (BIP-352).
    SilentPayment,
}

impl PinKind {
    const ALL: [Self; 3] = [Self::OfferIssuer, Self::Node, Self::SilentPayment];

    /// The stable name, as stored and printed.
    pub fn code(self) -> &'static str {
        match self {
            Self::OfferIssuer => "offer_issuer",
            Self::Node => "node",
            Self::SilentPayment => "silent_payment",
        }
    }
}

impl fmt::Display for PinKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OfferIssuer => "offer issuer",
            Self::Node => "node",
            Self::SilentPayment => "silent payment address",
        })
    }
}

/// A key that a payee was paid by, or could have been.
///
/// ```
/// use payname_resolver::{Instructions, known::{Pin, PinKind}};
///
/// let offer = "bitcoin:?lno=lno1zcss9mk8y3wkklfvevcrszlmu23kfrxh49px20665dqwmn4p72pksese";
/// let instructions = Instructions::parse(offer)?;
/// let pin = Pin::of(&instructions.methods()[0]).unwrap();
/// assert_eq!(pin.kind, PinKind::OfferIssuer);
/// assert_eq!(pin.to_string().parse::<Pin>()?, pin);
///
/// let address = Instructions::parse("bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l")?;
/// assert!(Pin::of(&address.methods()[0]).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pin {
    /// What sort of key it is.
    pub kind: PinKind,
    /// The key as text: hexadecimal, or the address.
    pub key: String,
}

impl Pin {
    /// The key behind a way to pay; none if it has no lasting one.
    pub fn of(method: &Method) -> Option<Self> {
        let (kind, key) = match method {
            Method::Offer(offer) => (PinKind::OfferIssuer, format!("{}", offer.issuer_id()?)),
            Method::Bolt11(invoice) => {
                let node = invoice.invoice().recover_payee_pub_key();
                (PinKind::Node, format!("{node}"))
            }
            Method::SilentPayment(silent) => (
                PinKind::SilentPayment,
                silent.address().as_str().to_ascii_lowercase(),
            ),
            _ => return None,
        };
        Some(Self { kind, key })
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.code(), self.key)
    }
}

impl FromStr for Pin {
    type Err = PinError;

    /// Reads `offer_issuer:02…`, as it is printed.
    fn from_str(text: &str) -> Result<Self, PinError> {
        let wrong = || PinError(text.to_owned());
        let (kind, key) = text.split_once(':').ok_or_else(wrong)?;
        let mut kinds = PinKind::ALL.into_iter();
        let kind = kinds.find(|known| known.code() == kind).ok_or_else(wrong)?;
        let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match is_key {
            true => Ok(Self {
                kind,
                key: key.to_owned(),
            }),
            false => Err(wrong()),
        }
    }
}

/// A text that is no pin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no key of a payee; it should be like offer_issuer:02…", .0.escape_debug())]
pub struct PinError(String);

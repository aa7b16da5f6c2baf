//! A BOLT 12 offer as a payment method (`lno=`).

use alloc::{
    borrow::ToOwned,
    boxed::Box,
    format,
    string::{String, ToString},
};

use lightning::{
    bitcoin::{Network, constants::ChainHash, secp256k1::PublicKey},
    blinded_path::{Direction, IntroductionNode},
    offers::{
        offer::{Amount as OfferAmount, Offer, Quantity},
        parse::Bolt12ParseError,
    },
    types::features::OfferFeatures,
};

use super::{AmountLimits, MethodError};
use crate::{amount::Amount, time::UnixTime};

/// A BOLT 12 offer and the text it was written as.
///
/// ```
/// use payname_resolver::Instructions;
///
/// let uri = "bitcoin:?lno=lno1zcss9mk8y3wkklfvevcrszlmu23kfrxh49px20665dqwmn4p72pksese";
/// let instructions = Instructions::parse(uri)?;
/// let offer = instructions.offer().unwrap();
/// assert_eq!((offer.amount(), offer.expires_at()), (None, None));
/// assert!(offer.issuer_id().is_some());
/// assert_eq!(offer.paths().len(), 0);
/// # Ok::<(), payname_resolver::instructions::UriError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferMethod {
    text: String,
    offer: Box<Offer>,
    limits: AmountLimits,
}

impl OfferMethod {
    /// Reads the value of `lno`, in a URI that asks for `asked`.
    pub(super) fn parse(text: String, asked: Option<Amount>) -> Result<Self, MethodError> {
        let offer: Offer = text
            .parse()
            .map_err(|error| MethodError::Offer(OfferError::from(error)))?;
        let minimum = match offer.amount() {
            Some(OfferAmount::Bitcoin { amount_msats }) => Amount::from_msat(amount_msats).ok(),
            Some(OfferAmount::Currency { .. }) | None => None,
        };
        let limits = match (asked, minimum) {
            (Some(asked), Some(own)) if asked < own => {
                return Err(MethodError::AmountConflict { asked, own });
            }
            (Some(asked), _) => AmountLimits::exactly(asked),
            (None, Some(minimum)) => AmountLimits::at_least(minimum),
            (None, None) => AmountLimits::ANY,
        };
        Ok(Self {
            text,
            offer: Box::new(offer),
            limits,
        })
    }

    /// The offer as it was written, such as `lno1…`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The offer.
    pub fn offer(&self) -> &Offer {
        &self.offer
    }

    /// What amounts can be paid: the URI's own, else the offer's or more.
    pub fn limits(&self) -> AmountLimits {
        self.limits
    }

    /// Whether it can be paid on `network`; an offer that names no chain is for mainnet.
    pub fn supports(&self, network: Network) -> bool {
        self.offer
            .supports_chain(ChainHash::using_genesis_block(network))
    }

    /// The last second at which an invoice may be asked for; nothing means forever.
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.offer
            .absolute_expiry()
            .map(|expiry| UnixTime(expiry.as_secs()))
    }

    /// Whether it has expired at `now`.
    pub fn is_expired_at(&self, now: UnixTime) -> bool {
        self.expires_at().is_some_and(|expiry| now > expiry)
    }

    /// What is paid for, in the payee's words, made safe to print.
    pub fn description(&self) -> Option<String> {
        self.offer.description().map(|text| text.to_string())
    }

    /// Who asks, in the payee's words and unproven, made safe to print.
    pub fn issuer(&self) -> Option<String> {
        self.offer.issuer().map(|text| text.to_string())
    }

    /// The price per item in bitcoin, when the offer names one.
    pub fn amount(&self) -> Option<Amount> {
        match self.offer.amount() {
            Some(OfferAmount::Bitcoin { amount_msats }) => Amount::from_msat(amount_msats).ok(),
            Some(OfferAmount::Currency { .. }) | None => None,
        }
    }

    /// The ISO 4217 code of the currency it is priced in, when that is not bitcoin.
    pub fn currency(&self) -> Option<String> {
        match self.offer.amount() {
            Some(OfferAmount::Currency { iso4217_code, .. }) => {
                Some(iso4217_code.as_str().to_owned())
            }
            Some(OfferAmount::Bitcoin { .. }) | None => None,
        }
    }

    /// How many items one payment may be for.
    pub fn quantity(&self) -> Quantity {
        self.offer.supported_quantity()
    }

    /// The key that signs invoices for the offer, when it is not that of a blinded path's last hop.
    ///
    /// Often that of the payee's node: it can link offers of one payee to each other.
    pub fn issuer_id(&self) -> Option<PublicKey> {
        self.offer.issuer_signing_pubkey()
    }

    /// The ways to reach the payee without knowing its node; none when the issuer id is reached.
    pub fn paths(&self) -> impl ExactSizeIterator<Item = BlindedPath> + '_ {
        self.offer.paths().iter().map(|path| BlindedPath {
            introduction: path.introduction_node().into(),
            hops: path.blinded_hops().len(),
        })
    }

    /// The features that the offer names.
    pub fn features(&self) -> &OfferFeatures {
        self.offer.offer_features()
    }

    /// Whether it requires features that are unknown here, so that it must not be paid (BOLT 12).
    pub fn requires_unknown_features(&self) -> bool {
        self.features().requires_unknown_bits()
    }
}

/// A way to reach a payee whose node stays hidden (BOLT 4, route blinding).
///
/// ```
/// use payname_resolver::{
///     Handle, Proof, TrustAnchors, UnixTime,
///     instructions::{BlindedPath, Introduction},
/// };
///
/// # let bytes = hex::decode(include_str!("../../vectors/bip353-03-wildcard-cname-xdomain.hex").trim())?;
/// # let handle: Handle = "₿a.x_domain_cname_wild@dnssec_proof_tests.bitcoin.ninja".parse()?;
/// # let (proof, now) = (Proof::parse(&bytes)?, UnixTime(1_754_600_000));
/// let instructions = proof.verify(&handle, &TrustAnchors::iana(), now)?.instructions()?;
/// for BlindedPath { introduction, hops } in instructions.value().offer().unwrap().paths() {
///     match introduction {
///         Introduction::Node(id) => println!("{hops} hops from the node {id}"),
///         Introduction::Channel { short_channel_id, .. } => {
///             println!("{hops} hops from an end of the channel {short_channel_id}");
///         }
///     }
///     assert_eq!(hops, 2);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlindedPath {
    /// The node at which it begins, which is not hidden.
    pub introduction: Introduction,
    /// How many hops it has, the introduction node included.
    pub hops: usize,
}

/// The node at which a blinded path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Introduction {
    /// The node of this id.
    Node(PublicKey),
    /// One end of a channel.
    Channel {
        /// The short channel id (BOLT 7).
        short_channel_id: u64,
        /// Whether it is the end whose node id is the lesser (`node_id_1`).
        is_first: bool,
    },
}

impl From<&IntroductionNode> for Introduction {
    fn from(node: &IntroductionNode) -> Self {
        match node {
            IntroductionNode::NodeId(id) => Self::Node(*id),
            IntroductionNode::DirectedShortChannelId(direction, short_channel_id) => {
                Self::Channel {
                    short_channel_id: *short_channel_id,
                    is_first: *direction == Direction::NodeOne,
                }
            }
        }
    }
}

/// Why a text is no offer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OfferError {
    /// It has a character that no offer has, or mixed case, or a bad `+` continuation.
    #[error("it has characters that no offer has; it may be mistyped or cut off")]
    Characters,
    /// It is bech32, and something other than an offer.
    #[error("an offer begins with `lno1`; this is something else")]
    Prefix,
    /// The fields do not fill it exactly.
    #[error("it is damaged or cut off; copy the whole offer again")]
    Damaged,
    /// The fields contradict BOLT 12.
    #[error("its fields break BOLT 12 ({0})")]
    Fields(String),
}

impl From<Bolt12ParseError> for OfferError {
    fn from(error: Bolt12ParseError) -> Self {
        match error {
            Bolt12ParseError::InvalidContinuation
            | Bolt12ParseError::InvalidLeadingWhitespace
            | Bolt12ParseError::Bech32(_) => Self::Characters,
            Bolt12ParseError::InvalidBech32Hrp => Self::Prefix,
            Bolt12ParseError::Decode(_) => Self::Damaged,
            Bolt12ParseError::InvalidSemantics(error) => Self::Fields(format!("{error:?}")),
            Bolt12ParseError::InvalidSignature(error) => Self::Fields(error.to_string()),
        }
    }
}

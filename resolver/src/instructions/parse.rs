//! Reading a `bitcoin:` URI (BIP-321).

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use percent_encoding::percent_decode_str;

use super::{
    Instructions, Method, OfferError, Parameter, ProofOfPayment, RejectedMethod,
    SilentPaymentError,
    method::{self, PATH_KEY},
};
use crate::{
    amount::{Amount, AmountError},
    text::shown,
};

/// The scheme and its colon, in any case.
const SCHEME: &str = "bitcoin:";
/// In front of a key: who does not know the key must not use the URI.
const REQUIRED: &str = "req-";

/// [`Instructions::parse`].
pub(super) fn parse(uri: &str) -> Result<Instructions, UriError> {
    let rest = match uri.split_at_checked(SCHEME.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => rest,
        _ => return Err(UriError::NotBitcoin(uri.to_owned())),
    };
    if rest.contains('#') {
        return Err(UriError::Fragment);
    }
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let parts: Vec<Part<'_>> = query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(Part::read)
        .collect();

    let amount = match single(&parts, "amount")? {
        Some(part) => Some(part.amount()?),
        None => None,
    };
    let text = |key| single(&parts, key)?.map(Part::text).transpose();
    let mut instructions = Instructions {
        uri: uri.to_owned(),
        methods: Vec::new(),
        rejected: Vec::new(),
        unknown: Vec::new(),
        amount,
        label: text("label")?,
        message: text("message")?,
        pop: proof_of_payment(single(&parts, "pop")?)?,
    };
    if !path.is_empty() {
        let key = PATH_KEY.to_owned();
        instructions.add_method(Part {
            key,
            value: path,
            required: false,
        })?;
    }
    for part in parts {
        match part.key.as_str() {
            "amount" | "label" | "message" | "pop" => {}
            key if method::is_method_key(key) && key != PATH_KEY => {
                instructions.add_method(part)?;
            }
            _ if part.required => return Err(UriError::UnknownRequired(part.key)),
            _ => instructions.unknown.push(Parameter {
                key: part.key,
                value: part.value.to_owned(),
            }),
        }
    }
    instructions.has_something_to_pay()
}

impl Instructions {
    /// Takes a payment method, or notes why not; a required one must be good.
    fn add_method(&mut self, part: Part<'_>) -> Result<(), UriError> {
        let read = match part.decoded() {
            Some(value) => Method::parse(&part.key, value, self.amount),
            None => Some(Err(MethodError::PercentEncoding)),
        };
        match read {
            Some(Ok(method)) => self.methods.push(method),
            Some(Err(reason)) if part.required => {
                return Err(UriError::Required {
                    key: part.key,
                    value: part.value.to_owned(),
                    reason,
                });
            }
            Some(Err(reason)) => self.rejected.push(RejectedMethod {
                key: part.key,
                value: part.value.to_owned(),
                reason,
            }),
            None => {}
        }
        Ok(())
    }

    /// Refuses a URI that could pay nobody, by anyone's reading.
    fn has_something_to_pay(self) -> Result<Self, UriError> {
        if !self.methods.is_empty() || !self.unknown.is_empty() {
            return Ok(self);
        }
        Err(match self.rejected.into_iter().next() {
            None => UriError::NothingToPay,
            Some(RejectedMethod { key, value, reason }) => {
                UriError::NoGoodMethod { key, value, reason }
            }
        })
    }
}

/// One `key=value` of the query.
#[derive(Debug, Clone)]
struct Part<'a> {
    /// Lower case, without `req-`.
    key: String,
    /// As it stands.
    value: &'a str,
    /// Whether `req-` stood before the key.
    required: bool,
}

impl<'a> Part<'a> {
    fn read(part: &'a str) -> Self {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let key = key.to_ascii_lowercase();
        match key.strip_prefix(REQUIRED) {
            Some(bare) => Self {
                key: bare.to_owned(),
                value,
                required: true,
            },
            None => Self {
                key,
                value,
                required: false,
            },
        }
    }

    /// The value, percent-decoded once; a `+` stays one. Nothing when that gives no text.
    fn decoded(&self) -> Option<String> {
        let is_escape = |behind: &str| {
            let digits = behind.as_bytes().get(..2);
            digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        };
        if !self.value.split('%').skip(1).all(is_escape) {
            return None;
        }
        let text = percent_decode_str(self.value).decode_utf8().ok()?;
        Some(text.into_owned())
    }

    fn text(&self) -> Result<String, UriError> {
        self.decoded().ok_or_else(|| UriError::PercentEncoding {
            key: self.key.clone(),
            value: self.value.to_owned(),
        })
    }

    fn amount(&self) -> Result<Amount, UriError> {
        Amount::from_btc(&self.text()?).map_err(UriError::Amount)
    }
}

/// The one parameter of `key`, with or without `req-`.
fn single<'p, 'a>(parts: &'p [Part<'a>], key: &str) -> Result<Option<&'p Part<'a>>, UriError> {
    let mut found = parts.iter().filter(|part| part.key == key);
    let first = found.next();
    match found.next() {
        Some(_) => Err(UriError::Repeated(key.to_owned())),
        None => Ok(first),
    }
}

/// Reads `pop`; one that must not be opened is noted, and refused when it is required.
fn proof_of_payment(part: Option<&Part<'_>>) -> Result<Option<ProofOfPayment>, UriError> {
    let Some(part) = part else { return Ok(None) };
    let pop = ProofOfPayment::new(part.text()?, part.required);
    if pop.is_required() && !pop.may_be_opened() {
        return Err(UriError::ForbiddenCallback(pop.text().to_owned()));
    }
    Ok(Some(pop))
}

/// Why a text gives no payment instructions.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UriError {
    /// It does not begin with `bitcoin:`.
    #[error("`{}` is no payment URI; it must begin with `bitcoin:`", shown(.0))]
    NotBitcoin(String),
    /// It has a `#`, behind which programs read on or not as they like.
    #[error("the URI has a `#`; write %23 where a value holds one")]
    Fragment,
    /// A parameter that may stand once stands more often.
    #[error("`{0}` stands more than once in the URI; it may stand once (BIP-321)")]
    Repeated(String),
    /// It requires something that is not known here.
    #[error("the URI requires `{}`, which is not known here; it must not be paid (BIP-321)", shown(.0))]
    UnknownRequired(String),
    /// A required method is bad.
    #[error(
        "the URI requires `{key}`, but `{}` is no good: {reason}",
        shown(value)
    )]
    Required {
        /// The key, without `req-`.
        key: String,
        /// The value as it stands.
        value: String,
        /// What is wrong with it.
        reason: MethodError,
    },
    /// The amount is not decimal BTC that can be paid.
    #[error("the URI's `amount`, which is in BTC, is no good: {0}")]
    Amount(#[source] AmountError),
    /// A `%` is not followed by two hexadecimal digits, or the bytes are no text.
    #[error(
        "`{key}={}` is not percent-encoded text; write %25 for a percent sign",
        shown(value)
    )]
    PercentEncoding {
        /// The key.
        key: String,
        /// The value as it stands.
        value: String,
    },
    /// A proof of payment is required at a place that must not be opened.
    #[error("the URI requires that `{}` be opened once paid, which is forbidden (BIP-321)", shown(.0))]
    ForbiddenCallback(String),
    /// There is no address, offer or any other way to pay.
    #[error(
        "the URI names no way to pay; a payment name needs at least an offer: `bitcoin:?lno=lno1…`"
    )]
    NothingToPay,
    /// Every way to pay is bad; this is the first.
    #[error(
        "the URI names no good way to pay; `{key}` is `{}`: {reason}",
        shown(value)
    )]
    NoGoodMethod {
        /// The key of the first bad method.
        key: String,
        /// Its value as it stands.
        value: String,
        /// What is wrong with it.
        reason: MethodError,
    },
}

/// Why a payment method cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MethodError {
    /// It has no value.
    #[error("it is empty")]
    Empty,
    /// A `%` is not followed by two hexadecimal digits, or the bytes are no text.
    #[error("it is not percent-encoded text")]
    PercentEncoding,
    /// It is no BOLT 12 offer.
    #[error("{0}")]
    Offer(OfferError),
    /// It is no BOLT 11 invoice.
    #[error("it is no BOLT 11 invoice, or mistyped or cut off{hint}")]
    Invoice {
        /// Where it belongs, when it is something else; empty or beginning with `; `.
        hint: &'static str,
    },
    /// It is no silent payment address for this key.
    #[error("{0}")]
    SilentPayment(SilentPaymentError),
    /// It is no address.
    #[error("it is no bitcoin address, or mistyped{hint}")]
    Address {
        /// Where it belongs, when it is something else; empty or beginning with `; `.
        hint: &'static str,
    },
    /// It does not have the prefix and checksum that its key asks for.
    #[error(
        "it is mistyped, cut off, or something else: it should be {expected} with a right checksum"
    )]
    Encoding {
        /// What the key asks for, such as ``bech32m that begins with `ark1` ``.
        expected: &'static str,
    },
    /// The address is of a network other than the key's (`bc`, `tb`, `bcrt`).
    #[error("it is an address of another network than its key says")]
    OtherNetwork,
    /// The URI asks for another amount than the method itself.
    #[error("the URI asks for {asked}, and it asks for {own} itself")]
    AmountConflict {
        /// The URI's amount.
        asked: Amount,
        /// The method's own.
        own: Amount,
    },
}

//! Payment instructions: what a `bitcoin:` URI says to pay (BIP-321).
//!
//! [`Instructions::parse`] reads any URI and vouches for nothing. What can be paid is sealed:
//! `Verified<Record>` → [`instructions`](crate::Verified::instructions) →
//! [`choose`](crate::Verified::choose) → `Verified<Method>`.

mod bech32;
mod bolt11;
mod build;
mod choice;
mod limits;
mod method;
mod offer;
mod other;
mod parse;
mod pop;
mod silent_payment;
#[cfg(test)]
mod tests;
mod upper_case;

pub use bolt11::Bolt11Method;
pub use build::{BuildError, InstructionsBuilder};
pub use choice::{Choice, PassedOver, PassedOverReason};
pub use limits::{AmountLimitError, AmountLimits};
pub use method::{Method, MethodKind, OnChainMethod};
pub use offer::{BlindedPath, Introduction, OfferError, OfferMethod};
pub use other::OtherMethod;
pub use parse::{MethodError, UriError};
pub use pop::ProofOfPayment;
pub use silent_payment::{SilentPaymentAddress, SilentPaymentError, SilentPaymentMethod};

use alloc::{string::String, vec::Vec};

use crate::{amount::Amount, proof::Verified, record::Record};

/// Everything a `bitcoin:` URI says, read whole.
///
/// One bad method does not spoil the good ones: it is listed in [`rejected`](Self::rejected).
/// Not verified, unless inside a [`Verified`].
///
/// ```
/// use payname_resolver::Instructions;
///
/// let uri = "bitcoin:?bc=bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l&amount=0.00025&label=Alice";
/// let instructions = Instructions::parse(uri)?;
/// assert_eq!(instructions.methods()[0].key(), "bc");
/// assert_eq!(instructions.amount().unwrap().to_string(), "25,000 sat");
/// assert_eq!(instructions.label(), Some("Alice"));
/// # Ok::<(), payname_resolver::instructions::UriError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Instructions {
    uri: String,
    methods: Vec<Method>,
    rejected: Vec<RejectedMethod>,
    unknown: Vec<Parameter>,
    amount: Option<Amount>,
    label: Option<String>,
    message: Option<String>,
    pop: Option<ProofOfPayment>,
}

impl Instructions {
    /// Reads a `bitcoin:` URI (BIP-321). Scheme and keys may be in any case.
    ///
    /// # Errors
    /// It is no such URI, is ambiguous, requires what is not known here (`req-`), or says nothing
    /// that could ever be paid.
    pub fn parse(uri: &str) -> Result<Self, UriError> {
        parse::parse(uri)
    }

    /// The URI, byte for byte.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The ways to pay, in the order of the URI. May be empty when the URI has keys that are
    /// unknown here.
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// The ways to pay that are malformed or contradict themselves.
    pub fn rejected(&self) -> &[RejectedMethod] {
        &self.rejected
    }

    /// Parameters that are unknown here, which BIP-321 says to ignore.
    pub fn unknown(&self) -> &[Parameter] {
        &self.unknown
    }

    /// The amount asked for.
    pub fn amount(&self) -> Option<Amount> {
        self.amount
    }

    /// Who is paid, in the payee's words. A stranger wrote it: escape it before showing.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// What is paid for, in the payee's words. A stranger wrote it: escape it before showing.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Where the payee wants the proof of payment sent.
    pub fn proof_of_payment(&self) -> Option<&ProofOfPayment> {
        self.pop.as_ref()
    }

    /// The first BOLT 12 offer.
    pub fn offer(&self) -> Option<&OfferMethod> {
        self.methods.iter().find_map(|method| match method {
            Method::Offer(offer) => Some(offer),
            _ => None,
        })
    }
}

impl Verified<Record> {
    /// Reads the proven URI; the seal stays on what it says.
    ///
    /// # Errors
    /// As [`Instructions::parse`]: the record is proven and breaks BIP-321.
    pub fn instructions(&self) -> Result<Verified<Instructions>, UriError> {
        self.project(|record| Instructions::parse(record.uri()))
    }
}

impl Verified<Instructions> {
    /// The ways to pay, each under the seal, in the order of the URI.
    pub fn methods(&self) -> Vec<Verified<Method>> {
        let sealed = |index| self.method(index);
        (0..self.value().methods.len()).filter_map(sealed).collect()
    }

    /// The method at `index` of [`Instructions::methods`].
    fn method(&self, index: usize) -> Option<Verified<Method>> {
        self.project(|instructions| instructions.methods.get(index).cloned().ok_or(()))
            .ok()
    }
}

/// A payment method that cannot be used, and why.
///
/// ```
/// use payname_resolver::{Instructions, instructions::RejectedMethod};
///
/// let uri = "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l?lno=lno1garbage";
/// let instructions = Instructions::parse(uri)?;
/// let [RejectedMethod { key, reason, .. }] = instructions.rejected() else { unreachable!() };
/// println!("{key}: {reason}");
/// assert_eq!((key.as_str(), instructions.methods().len()), ("lno", 1));
/// # Ok::<(), payname_resolver::instructions::UriError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RejectedMethod {
    /// The key, lower case and without `req-`; `address` for the path of the URI.
    pub key: String,
    /// The value as it stands in the URI. A stranger wrote it: escape it before showing.
    pub value: String,
    /// What is wrong with it.
    pub reason: MethodError,
}

/// A parameter that is unknown here.
///
/// ```
/// use payname_resolver::{Instructions, instructions::Parameter};
///
/// let uri = "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l?colour=blue";
/// let instructions = Instructions::parse(uri)?;
/// let expected = Parameter { key: "colour".to_owned(), value: "blue".to_owned() };
/// assert_eq!(instructions.unknown(), [expected]);
/// # Ok::<(), payname_resolver::instructions::UriError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// The key, lower case.
    pub key: String,
    /// The value as it stands in the URI, empty when there is none. A stranger wrote it.
    pub value: String,
}

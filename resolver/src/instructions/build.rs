//! Building a `bitcoin:` URI (BIP-321).

use alloc::{
    borrow::ToOwned,
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};

use lightning::{bitcoin::Address, bolt11_invoice::Bolt11Invoice, offers::offer::Offer};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    Instructions, OtherMethod, RejectedMethod, SilentPaymentAddress, UriError, method::PATH_KEY,
};
use crate::{amount::Amount, text::shown};

/// What is escaped in a value: all but the characters that no program reads as anything else
/// (RFC 3986 §2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// The parameters that may stand once.
const SINGLE: [&str; 4] = ["amount", "label", "message", "pop"];

/// Puts a `bitcoin:` URI together; [`build`](Self::build) reads it back as a payer would.
///
/// ```
/// use payname_resolver::{Amount, Instructions};
///
/// let address: payname_resolver::lightning::bitcoin::Address<_> =
///     "bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l".parse().unwrap();
/// let instructions = Instructions::builder()
///     .address(&address.assume_checked())
///     .amount("25000sat".parse()?)
///     .label("Alice & Bob")
///     .build()?;
/// assert_eq!(
///     instructions.uri(),
///     "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l?amount=0.00025&label=Alice%20%26%20Bob"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct InstructionsBuilder {
    addresses: Vec<Address>,
    parts: Vec<(String, String)>,
    amount: Option<Amount>,
    label: Option<String>,
    message: Option<String>,
    pop: Option<String>,
    required: Vec<String>,
}

impl InstructionsBuilder {
    /// Offers a BOLT 12 offer (`lno`).
    pub fn offer(self, offer: &Offer) -> Self {
        self.part("lno", offer.to_string())
    }

    /// Offers a BOLT 11 invoice (`lightning`). It can be paid once, so it is not for publishing.
    pub fn invoice(self, invoice: &Bolt11Invoice) -> Self {
        self.part("lightning", invoice.to_string())
    }

    /// Offers a silent payment address (`sp`, `tsp`).
    pub fn silent_payment(self, address: &SilentPaymentAddress) -> Self {
        self.part(address.key(), address.to_string())
    }

    /// Offers an on-chain address.
    ///
    /// One goes into the path, where every wallet finds it: the one that has no key of its own
    /// (Base58), else the first of mainnet. The others go under `bc`, `tb` and `bcrt`.
    pub fn address(mut self, address: &Address) -> Self {
        self.addresses.push(address.clone());
        self
    }

    /// Offers a method of which only the encoding is known here, such as an Ark address.
    pub fn other(self, method: &OtherMethod) -> Self {
        self.part(method.key(), method.text().to_owned())
    }

    /// Adds a parameter that is not known here; payers who do not know it either ignore it.
    pub fn parameter(self, key: &str, value: &str) -> Self {
        self.part(key, value.to_owned())
    }

    /// Asks for this amount. Some wallets refuse fractions of a satoshi.
    pub fn amount(mut self, amount: Amount) -> Self {
        self.amount = Some(amount);
        self
    }

    /// Says who is paid.
    pub fn label(mut self, label: &str) -> Self {
        self.label = Some(label.to_owned());
        self
    }

    /// Says what is paid for.
    pub fn message(mut self, message: &str) -> Self {
        self.message = Some(message.to_owned());
        self
    }

    /// Asks that this callback be opened with the proof of payment, such as `myapp:paid?`.
    pub fn proof_of_payment(mut self, callback: &str) -> Self {
        self.pop = Some(callback.to_owned());
        self
    }

    /// Forbids payers who do not know `key` to use the URI (`req-`): all parameters of that key.
    pub fn require(mut self, key: &str) -> Self {
        self.required.push(key.to_ascii_lowercase());
        self
    }

    /// Puts the URI together and reads it back.
    ///
    /// # Errors
    /// There is nothing to pay, a key is malformed or kept for something else, or what was given
    /// contradicts itself, such as an invoice over another amount than the URI's.
    pub fn build(self) -> Result<Instructions, BuildError> {
        let (path, mut parts) = place(&self.addresses)?;
        for (key, value) in self.parts {
            check_key(&key)?;
            parts.push((key, value));
        }
        let single = [
            ("amount", self.amount.map(Amount::to_btc)),
            ("label", self.label),
            ("message", self.message),
            ("pop", self.pop),
        ];
        let single = single.into_iter();
        parts.extend(single.filter_map(|(key, value)| Some((key.to_owned(), value?))));
        let is_there = |key: &&String| !parts.iter().any(|(there, _)| there == *key);
        if let Some(missing) = self.required.iter().find(is_there) {
            return Err(BuildError::NothingToRequire(missing.clone()));
        }
        let mut uri = format!("bitcoin:{path}");
        for (index, (key, value)) in parts.iter().enumerate() {
            uri.push(if index == 0 { '?' } else { '&' });
            if self.required.contains(key) {
                uri.push_str("req-");
            }
            uri.push_str(key);
            uri.push('=');
            uri.extend(utf8_percent_encode(value, ESCAPED));
        }
        let mut instructions = Instructions::parse(&uri)?;
        match instructions.rejected.pop() {
            Some(rejected) => Err(BuildError::Method(Box::new(rejected))),
            None => Ok(instructions),
        }
    }

    fn part(mut self, key: &str, value: String) -> Self {
        self.parts.push((key.to_ascii_lowercase(), value));
        self
    }
}

impl Instructions {
    /// Begins to put a `bitcoin:` URI together.
    pub fn builder() -> InstructionsBuilder {
        InstructionsBuilder::default()
    }
}

/// The address for the path, empty when there is none, and the others under their keys.
fn place(addresses: &[Address]) -> Result<(String, Vec<(String, String)>), BuildError> {
    let texts: Vec<String> = addresses.iter().map(Address::to_string).collect();
    let key_of = |text: &str| {
        let keys = ["bc", "tb", "bcrt"].into_iter();
        let mut fitting = keys.filter(|key| {
            text.strip_prefix(key)
                .is_some_and(|rest| rest.starts_with('1'))
        });
        fitting.next()
    };
    let without_key = texts.iter().position(|text| key_of(text).is_none());
    let in_path = without_key.or_else(|| texts.iter().position(|text| key_of(text) == Some("bc")));
    let mut path = String::new();
    let mut parts = Vec::new();
    for (index, text) in texts.into_iter().enumerate() {
        match key_of(&text) {
            _ if in_path == Some(index) => path = text,
            Some(key) => parts.push((key.to_owned(), text)),
            None => return Err(BuildError::SecondInPath(text)),
        }
    }
    Ok((path, parts))
}

/// Whether `key` can stand in a query, and is none that this builder writes by other means.
fn check_key(key: &str) -> Result<(), BuildError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let is_taken = SINGLE.contains(&key) || key.starts_with("req-") || key == PATH_KEY;
    if key.is_empty() || !key.chars().all(is_plain) || is_taken {
        return Err(BuildError::Key(key.to_owned()));
    }
    Ok(())
}

/// Why no URI can be put together.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// There are two addresses that can only stand in the path.
    #[error("`{0}` can only stand in the path of the URI, where another address is already")]
    SecondInPath(String),
    /// A key that cannot stand in a query, or that has a method of its own in the builder.
    #[error(
        "`{}` cannot be the key of a parameter; use letters, digits, `-`, `.` and `_`, and the builder's own methods for amount, label, message, pop and `req-`",
        shown(.0)
    )]
    Key(String),
    /// What is to be required is not there.
    #[error("there is no `{}` that could be required", shown(.0))]
    NothingToRequire(String),
    /// The URI as a whole is no good.
    #[error(transparent)]
    Uri(#[from] UriError),
    /// One of the methods is no good.
    #[error("`{}` is no good: {}", .0.key, .0.reason)]
    Method(Box<RejectedMethod>),
}

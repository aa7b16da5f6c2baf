//! What a Lightning Address service says it takes (LUD-06, LUD-12, LUD-16).

use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
    vec::Vec,
};

use lightning::bitcoin::hashes::{Hash, sha256};
use serde::Deserialize;
use url::{Host, Url};

use super::{AnswerError, Cause, Downgrade, InvoiceRequest, answer};
use crate::{
    amount::{Amount, AmountError},
    handle::Handle,
    instructions::{AmountLimitError, AmountLimits},
    text::shown,
};

/// What a Lightning Address service takes, and where it gives invoices. Nothing of it is proven.
///
/// ```
/// use payname_resolver::{
///     Payee, Proof, TrustAnchors, UnixTime, lightning_address::{Cause, Downgrade},
/// };
///
/// # let anchors = TrustAnchors::parse(
/// #     ". DS 47005 13 2 2eb6e9f2480126691594d649a5a613de3052e37861634641bb568746f2ffc4d4",
/// # )?;
/// # let now = UnixTime(1_575_115_200);
/// # let bytes = hex::decode(include_str!("../../vectors/rfc9102-insecure-opt-out.hex").trim())?;
/// // The proof that the domain is not signed.
/// let payee: Payee = "alice@insecure.example".parse()?;
/// let error = Proof::parse(&bytes)?.verify(payee.handle(), &anchors, now).unwrap_err();
/// let downgrade = Downgrade::danger_accept_unproven(&payee, &error)?;
/// assert!(matches!(downgrade.cause(), Cause::Insecure { .. }));
/// assert_eq!(downgrade.url().as_str(), "https://insecure.example/.well-known/lnurlp/alice");
///
/// // What a GET of that URL brought.
/// let body = br#"{"tag": "payRequest", "callback": "https://pay.example/alice",
///     "minSendable": 1000, "maxSendable": 100000000,
///     "metadata": "[[\"text/plain\", \"Pay alice\"]]"}"#;
/// let request = downgrade.receive(body)?;
/// assert_eq!(request.description(), "Pay alice");
/// assert!(request.is_hosted_elsewhere(), "show the host: {}", request.callback_host());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayRequest {
    downgrade: Downgrade,
    callback: Url,
    limits: AmountLimits,
    metadata: String,
    description: String,
    identifier: Option<String>,
    comment_limit: usize,
}

/// The answer as it stands.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    tag: String,
    callback: String,
    min_sendable: u64,
    max_sendable: u64,
    metadata: String,
    #[serde(default)]
    comment_allowed: u64,
}

impl PayRequest {
    /// [`Downgrade::receive`].
    pub(super) fn parse(downgrade: Downgrade, body: &[u8]) -> Result<Self, PayRequestError> {
        let answer: Answer = answer::read(body)?;
        if answer.tag != "payRequest" {
            return Err(PayRequestError::Tag(answer.tag));
        }
        let callback = callback(&answer.callback)?;
        let limits = limits(answer.min_sendable, answer.max_sendable)?;
        let entries = serde_json::from_str::<Vec<(String, serde_json::Value)>>(&answer.metadata)
            .map_err(|_| PayRequestError::Metadata)?;
        let text = |kind: &str| {
            let mut found = entries.iter().filter(|(found, _)| found == kind);
            let (_, text) = found.next()?;
            let text = text.as_str().filter(|_| found.next().is_none())?;
            Some(text.to_owned())
        };
        Ok(Self {
            downgrade,
            callback,
            limits,
            description: text("text/plain").ok_or(PayRequestError::Metadata)?,
            identifier: text("text/identifier").or_else(|| text("text/email")),
            comment_limit: usize::try_from(answer.comment_allowed).unwrap_or(usize::MAX),
            metadata: answer.metadata,
        })
    }

    /// The name.
    pub fn handle(&self) -> &Handle {
        self.downgrade.handle()
    }

    /// Why it is not proven.
    pub fn cause(&self) -> &Cause {
        self.downgrade.cause()
    }

    /// The host that gives the invoice; show it where it is not the name's domain.
    pub fn callback_host(&self) -> &str {
        self.callback.host_str().unwrap_or_default()
    }

    /// Whether the invoice comes from another host than the name's domain, as with hosted services.
    pub fn is_hosted_elsewhere(&self) -> bool {
        self.callback_host() != self.handle().domain()
    }

    /// What amounts the service takes.
    pub fn limits(&self) -> AmountLimits {
        self.limits
    }

    /// What is paid for, in the service's words. A stranger wrote it: escape it before showing.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The name as the service has it, which may differ. A stranger wrote it.
    pub fn identifier(&self) -> Option<&str> {
        self.identifier.as_deref()
    }

    /// How many characters a comment may have; 0 when none is taken (LUD-12).
    pub fn comment_limit(&self) -> usize {
        self.comment_limit
    }

    /// Makes the request for an invoice over `amount`.
    ///
    /// # Errors
    /// The service does not take that amount, or so long a comment.
    pub fn ask(self, amount: Amount, comment: Option<&str>) -> Result<InvoiceRequest, AskError> {
        let amount = self.limits.settle_on(Some(amount))?;
        let mut url = self.callback.clone();
        url.query_pairs_mut()
            .append_pair("amount", &amount.msat().to_string());
        if let Some(comment) = comment {
            let length = comment.chars().count();
            if length > self.comment_limit {
                return Err(AskError::Comment {
                    length,
                    limit: self.comment_limit,
                });
            }
            url.query_pairs_mut().append_pair("comment", comment);
        }
        Ok(InvoiceRequest::new(self, url, amount))
    }

    /// What the invoice must commit to: the SHA-256 of the metadata.
    pub(super) fn description_hash(&self) -> sha256::Hash {
        sha256::Hash::hash(self.metadata.as_bytes())
    }
}

/// The URL that gives invoices: `https`, at a host with a name, without a user or password.
fn callback(text: &str) -> Result<Url, PayRequestError> {
    let refused = || PayRequestError::Callback(text.to_owned());
    let url = Url::parse(text).map_err(|_| refused())?;
    let has_name = matches!(url.host(), Some(Host::Domain(_)));
    let is_bare = url.username().is_empty() && url.password().is_none();
    match url.scheme() == "https" && has_name && is_bare {
        true => Ok(url),
        false => Err(refused()),
    }
}

/// The limits, given in millisatoshis; 0 as the least means any.
fn limits(minimum: u64, maximum: u64) -> Result<AmountLimits, PayRequestError> {
    let empty = PayRequestError::Limits { minimum, maximum };
    let most = Amount::from_msat(maximum.min(Amount::MAX.msat())).map_err(|_| empty.clone())?;
    let least = match Amount::from_msat(minimum) {
        Ok(least) => Some(least),
        Err(AmountError::Zero(_)) => None,
        Err(_) => return Err(empty),
    };
    if least.is_some_and(|least| least > most) {
        return Err(empty);
    }
    Ok(AmountLimits::between(least, most))
}

/// Why an answer is no payment request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PayRequestError {
    /// It cannot be read, or is a refusal.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// It is for something other than paying.
    #[error("the service answered with `{}` where `payRequest` was due", shown(.0))]
    Tag(String),
    /// Invoices are to be had at a place that is not asked.
    #[error("the service gives invoices at `{}`, which is no https:// URL of a named host; it is not asked", shown(.0))]
    Callback(String),
    /// No amount fits.
    #[error("the service takes from {minimum} to {maximum} msat, which no amount fits")]
    Limits {
        /// The least, in millisatoshis.
        minimum: u64,
        /// The most, in millisatoshis.
        maximum: u64,
    },
    /// The metadata is not a list with one plain text.
    #[error("the service's metadata is not what LNURL asks for (LUD-06)")]
    Metadata,
}

/// Why no invoice can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The amount is outside the limits.
    #[error(transparent)]
    Amount(#[from] AmountLimitError),
    /// The comment is too long.
    #[error("the comment has {length} characters; the service takes {limit}")]
    Comment {
        /// Its length.
        length: usize,
        /// The most the service takes.
        limit: usize,
    },
}

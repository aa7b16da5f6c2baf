//! The invoice that a Lightning Address service gives, checked against what was asked (LUD-06).

use alloc::string::String;

use lightning::{bitcoin::Network, bolt11_invoice::Bolt11InvoiceDescriptionRef};
use serde::Deserialize;
use url::Url;

use super::{AnswerError, PayRequest, Unproven, answer};
use crate::{
    amount::Amount,
    instructions::{Bolt11Method, MethodError},
    time::UnixTime,
};

/// The request for an invoice over a certain amount.
///
/// ```
/// use payname_resolver::{
///     Amount, UnixTime, lightning::bitcoin::Network,
///     lightning_address::{InvoiceError, InvoiceRequest},
/// };
/// # use payname_resolver::{Payee, Proof, TrustAnchors, lightning_address::Downgrade};
/// # let payee: Payee = "alice@insecure.example".parse()?;
/// # let anchors = TrustAnchors::parse(
/// #     ". DS 47005 13 2 2eb6e9f2480126691594d649a5a613de3052e37861634641bb568746f2ffc4d4",
/// # )?;
/// # let now = UnixTime(1_575_115_200);
/// # let bytes = hex::decode(include_str!("../../vectors/rfc9102-insecure-opt-out.hex").trim())?;
/// # let error = Proof::parse(&bytes)?.verify(payee.handle(), &anchors, now).unwrap_err();
/// # let body = br#"{"tag": "payRequest", "callback": "https://pay.example/alice",
/// #     "minSendable": 1000, "maxSendable": 100000000,
/// #     "metadata": "[[\"text/plain\", \"Pay alice\"]]"}"#;
/// # let pay_request = Downgrade::danger_accept_unproven(&payee, &error)?.receive(body)?;
///
/// let request: InvoiceRequest = pay_request.ask(Amount::from_sat(25)?, None)?;
/// assert_eq!(request.url().as_str(), "https://pay.example/alice?amount=25000");
///
/// // What a GET of that URL brought.
/// let body = br#"{"status": "ERROR", "reason": "alice is out"}"#;
/// let refused = request.receive(body, Network::Bitcoin, now);
/// assert!(matches!(refused, Err(InvoiceError::Answer(_))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceRequest {
    request: PayRequest,
    url: Url,
    amount: Amount,
}

/// The answer as it stands.
#[derive(Deserialize)]
struct Answer {
    pr: String,
}

impl InvoiceRequest {
    pub(super) fn new(request: PayRequest, url: Url, amount: Amount) -> Self {
        Self {
            request,
            url,
            amount,
        }
    }

    /// Where to ask, by GET. Always `https`.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The amount asked for.
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// What the service said it takes.
    pub fn pay_request(&self) -> &PayRequest {
        &self.request
    }

    /// Reads the answer, and checks that the invoice is what was asked for.
    ///
    /// # Errors
    /// The service refuses, or its invoice is malformed, expired at `now`, for another network,
    /// over another amount, or does not commit to what the service said it is for.
    pub fn receive(
        self,
        body: &[u8],
        network: Network,
        now: UnixTime,
    ) -> Result<Unproven<Bolt11Method>, InvoiceError> {
        let answer: Answer = answer::read(body)?;
        let method = Bolt11Method::parse(answer.pr, None).map_err(InvoiceError::Invoice)?;
        let invoice = method.invoice();
        if invoice.network() != network {
            return Err(InvoiceError::WrongNetwork {
                found: invoice.network(),
                network,
            });
        }
        let found = invoice.amount_milli_satoshis();
        if found != Some(self.amount.msat()) {
            return Err(InvoiceError::Amount {
                found,
                asked: self.amount,
            });
        }
        let commits = match invoice.description() {
            Bolt11InvoiceDescriptionRef::Hash(hash) => hash.0 == self.request.description_hash(),
            Bolt11InvoiceDescriptionRef::Direct(_) => false,
        };
        if !commits {
            return Err(InvoiceError::DescriptionHash);
        }
        if let Some(at) = method.expires_at().filter(|at| now > *at) {
            return Err(InvoiceError::Expired(at));
        }
        Ok(Unproven::new(method, &self.request))
    }
}

/// Why an invoice is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvoiceError {
    /// The answer cannot be read, or is a refusal.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The invoice cannot be read.
    #[error("the service's invoice is no good: {0}")]
    Invoice(#[source] MethodError),
    /// It is for another network.
    #[error("the service's invoice is for {found}, and {network} was asked for")]
    WrongNetwork {
        /// The invoice's network.
        found: Network,
        /// The network asked for.
        network: Network,
    },
    /// It is over another amount, or over none.
    #[error("the service's invoice is not over the {asked} that was asked for")]
    Amount {
        /// Its amount in millisatoshis.
        found: Option<u64>,
        /// The amount asked for.
        asked: Amount,
    },
    /// It does not commit to the description that was shown.
    #[error("the service's invoice is for something other than the service said before")]
    DescriptionHash,
    /// It can no longer be paid.
    #[error("the service's invoice expired at {0}")]
    Expired(UnixTime),
}

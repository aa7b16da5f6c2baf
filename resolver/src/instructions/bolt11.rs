//! A BOLT 11 invoice as a payment method (`lightning=`).

use alloc::{boxed::Box, string::String};
use core::time::Duration;

use lightning::{bitcoin::Network, bolt11_invoice::Bolt11Invoice};

use super::{
    AmountLimits, MethodError,
    method::{limits_of, starts_with},
};
use crate::{amount::Amount, time::UnixTime};

/// A BOLT 11 invoice and the text it was written as. It can be paid once.
///
/// ```
/// use payname_resolver::{Amount, Instructions, Method, instructions::Bolt11Method};
///
/// let uri = "bitcoin:?lightning=lnbc2500u1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpu9qrsgquk0rl77nj30yxdy8j9vdx85fkpmdla2087ne0xh8nhedh8w27kyke0lp53ut353s06fv3qfegext0eh0ymjpf39tuven09sam30g4vgpfna3rh";
/// let instructions = Instructions::parse(uri)?;
/// let [Method::Bolt11(method)] = instructions.methods() else { unreachable!() };
/// let method: &Bolt11Method = method;
/// assert_eq!(method.limits().fixed(), Some(Amount::from_sat(250_000)?));
/// println!("to be paid until {:?}", method.expires_at());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bolt11Method {
    text: String,
    invoice: Box<Bolt11Invoice>,
    limits: AmountLimits,
}

impl Bolt11Method {
    /// Reads the value of `lightning`, in a URI that asks for `asked`.
    pub(crate) fn parse(text: String, asked: Option<Amount>) -> Result<Self, MethodError> {
        let invoice: Bolt11Invoice = text.parse().map_err(|_| MethodError::Invoice {
            hint: if starts_with(&text, "lno1") {
                "; an offer belongs in `lno=`"
            } else {
                ""
            },
        })?;
        let own = invoice
            .amount_milli_satoshis()
            .and_then(|msat| Amount::from_msat(msat).ok());
        // The URI's amount is often rounded to whole satoshis; the invoice's is what is paid.
        let limits = match (asked, own) {
            (Some(asked), Some(own)) if asked.sat_rounded_up() != own.sat_rounded_up() => {
                return Err(MethodError::AmountConflict { asked, own });
            }
            (_, Some(own)) => AmountLimits::exactly(own),
            (asked, None) => limits_of(asked),
        };
        Ok(Self {
            text,
            invoice: Box::new(invoice),
            limits,
        })
    }

    /// The invoice as it was written, such as `lnbc…`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The invoice.
    pub fn invoice(&self) -> &Bolt11Invoice {
        &self.invoice
    }

    /// What amounts can be paid: the invoice's own, else the URI's.
    pub fn limits(&self) -> AmountLimits {
        self.limits
    }

    /// Whether it can be paid on `network`.
    pub fn supports(&self, network: Network) -> bool {
        self.invoice.network() == network
    }

    /// The last second at which it can be paid.
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.invoice
            .duration_since_epoch()
            .checked_add(self.invoice.expiry_time())
            .as_ref()
            .map(Duration::as_secs)
            .map(UnixTime)
    }
}

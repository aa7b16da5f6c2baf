//! Whether an invoice is the one that was asked for: the last look before money moves.
//!
//! A node fetched it; what it says is compared with the proven offer and with the order (BOLT 12,
//! "Requirements For Invoices").

use std::time::Duration;

use payname_resolver::{
    Amount, UnixTime,
    lightning::{
        bitcoin::{
            self,
            bech32::{NoChecksum, primitives::decode::CheckedHrpstring},
            constants::ChainHash,
        },
        offers::{invoice::Bolt12Invoice, offer::Offer},
    },
};

use super::{Network, Order, PaymentId, offer_of};

/// A BOLT 12 invoice whose signature is right; not yet one that may be paid.
#[derive(Debug, Clone)]
pub struct Invoice {
    text: String,
    invoice: Bolt12Invoice,
}

impl Invoice {
    /// Reads `lni1…` and checks its signature by the key that it names, which must be the offer's issuer id or
    /// the last hop of one of the offer's paths, as far as the invoice repeats the offer.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, InvoiceError> {
        let unreadable = || InvoiceError::Unreadable("it is no bech32 text that begins with lni1");
        let checked = CheckedHrpstring::new::<NoChecksum>(text).map_err(|_| unreadable())?;
        if !checked.hrp().as_str().eq_ignore_ascii_case("lni") {
            return Err(unreadable());
        }
        let bytes: Vec<u8> = checked.byte_iter().collect();
        let invoice = Bolt12Invoice::try_from(bytes)
            .map_err(|error| InvoiceError::Malformed(format!("{error:?}")))?;
        Ok(Self {
            text: text.to_owned(),
            invoice,
        })
    }

    /// The invoice as it was fetched.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name of the payment at a node that pays invoices: the payment hash, 64 hex digits.
    pub fn payment_id(&self) -> PaymentId {
        PaymentId(hex::encode(self.invoice.payment_hash().0))
    }

    /// Whether it is an invoice for that offer and amount.
    pub(super) fn is_for(&self, offer: &Offer, amount: Amount) -> bool {
        self.invoice.offer_id() == Some(offer.id()) && self.invoice.amount_msats() == amount.msat()
    }

    /// Checks that it asks for what was ordered and for nothing else.
    ///
    /// The offer in it must be the proven one, record by record: so the issuer, the description and the paths
    /// are those that the name's owner published, and the key that signed the invoice is one of theirs.
    ///
    /// # Errors
    /// It is of another offer, amount, note or chain, or has expired.
    pub fn check(
        &self,
        order: &Order,
        network: Network,
        now: UnixTime,
    ) -> Result<(), InvoiceError> {
        let offer = offer_of(&order.method).map_err(|_| InvoiceError::OtherOffer)?;
        let invoice = &self.invoice;
        if invoice.offer_id() != Some(offer.id()) {
            return Err(InvoiceError::OtherOffer);
        }
        if invoice.amount_msats() != order.amount.msat() {
            return Err(InvoiceError::OtherAmount {
                ordered_msat: order.amount.msat(),
                invoiced_msat: invoice.amount_msats(),
            });
        }
        if invoice.chain() != ChainHash::using_genesis_block(bitcoin::Network::from(network)) {
            return Err(InvoiceError::OtherChain);
        }
        if invoice.quantity().is_some_and(|quantity| quantity != 1) {
            return Err(InvoiceError::OtherQuantity);
        }
        let note = invoice.payer_note().map(|note| note.0);
        if note != order.note.as_deref() {
            return Err(InvoiceError::OtherNote);
        }
        if invoice.is_expired_no_std(Duration::from_secs(now.0)) {
            return Err(InvoiceError::Expired);
        }
        Ok(())
    }
}

/// Why an invoice is not paid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvoiceError {
    /// It cannot be read at all.
    #[error("the invoice cannot be read: {0}")]
    Unreadable(&'static str),
    /// It breaks BOLT 12, or its signature is wrong or by another key than the offer's.
    #[error("the invoice breaks BOLT 12: {0}")]
    Malformed(String),
    /// It repeats another offer.
    #[error(
        "the invoice is not for the offer that was proven; nothing was paid, ask the recipient"
    )]
    OtherOffer,
    /// It asks for another amount.
    #[error(
        "the invoice asks for {invoiced_msat} msat instead of {ordered_msat} msat; nothing was paid"
    )]
    OtherAmount {
        /// What was to be paid, in millisatoshis.
        ordered_msat: u64,
        /// What the invoice asks for, in millisatoshis.
        invoiced_msat: u64,
    },
    /// It is for another chain.
    #[error("the invoice is for another Bitcoin network; nothing was paid")]
    OtherChain,
    /// It is for more than one item.
    #[error("the invoice is for several items; nothing was paid")]
    OtherQuantity,
    /// It holds another note.
    #[error("the invoice holds another note than the one that was sent; nothing was paid")]
    OtherNote,
    /// It is too late for it.
    #[error("the invoice had expired when it came; nothing was paid, check this machine's clock")]
    Expired,
}

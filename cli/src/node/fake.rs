//! A node without a network, for tests: it does what it is told, and remembers what it paid.

use std::{cell::RefCell, time::Duration};

use payname_resolver::lightning::bitcoin::hashes::{Hash, sha256};

use super::{Capabilities, Found, Node, NodeError, Order, Outcome, PaymentId, Settlement, Trace};

/// What the fake node does with payments, and which it has begun.
pub(crate) struct Fake {
    /// What becomes of a payment.
    pub(crate) outcome: Result<Outcome, NodeError>,
    /// What it says of a payment that it does not remember.
    pub(crate) found: Found,
    /// The payments it began: id, offer, outcome.
    pub(crate) begun: RefCell<Vec<(PaymentId, String, Outcome)>>,
}

impl Fake {
    /// A node whose payments settle.
    pub(crate) fn settling() -> Self {
        let preimage = [7; 32];
        let settled = Settlement {
            payment_hash: hex::encode(sha256::Hash::hash(&preimage).to_byte_array()),
            preimage: hex::encode(preimage),
            fee_msat: Some(1_000),
        };
        Self {
            outcome: Ok(Outcome::Settled(settled)),
            found: Found::Unclear,
            begun: RefCell::default(),
        }
    }
}

impl Node for Fake {
    fn capabilities(&self) -> Capabilities {
        Capabilities::EMBEDDED
    }

    fn identity(&self) -> &str {
        "fake"
    }

    fn wait_ready(&self, _within: Duration) -> Result<(), NodeError> {
        Ok(())
    }

    fn pay(
        &self,
        order: &Order,
        begun: &mut dyn FnMut(&PaymentId) -> bool,
    ) -> Result<Outcome, NodeError> {
        let outcome = self.outcome.clone()?;
        let mut payments = self.begun.borrow_mut();
        let id = PaymentId(format!("payment-{}", payments.len() + 1));
        begun(&id);
        payments.push((id, order.method.value().text().to_owned(), outcome.clone()));
        Ok(outcome)
    }

    fn look_up(&self, trace: &Trace, _within: Duration) -> Result<Found, NodeError> {
        let payments = self.begun.borrow();
        let is_meant = |id: &PaymentId, offer: &str| match &trace.payment_id {
            Some(wanted) => id == wanted,
            None => offer == trace.offer && !trace.others.contains(id),
        };
        let known = payments.iter().find(|(id, offer, _)| is_meant(id, offer));
        Ok(
            known.map_or(self.found.clone(), |(id, _, outcome)| Found::Payment {
                id: id.clone(),
                outcome: outcome.clone(),
            }),
        )
    }
}

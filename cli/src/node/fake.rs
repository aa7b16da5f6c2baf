//! A node without a network, for tests: it does what it is told, and keeps count.

use std::{cell::RefCell, time::Duration};

use super::{Capabilities, Found, Node, NodeError, Order, Outcome, PaymentId, Settlement, Trace};

/// What the fake node does with payments, and what it was asked to pay.
pub(crate) struct Fake {
    /// What becomes of a payment.
    pub(crate) outcome: Result<Outcome, NodeError>,
    /// What it says of a payment that was cut off.
    pub(crate) found: Found,
    /// How often it began to pay.
    pub(crate) begun: RefCell<u32>,
}

impl Fake {
    /// A node whose payments settle.
    pub(crate) fn settling() -> Self {
        let settled = Settlement {
            payment_hash: "aa".repeat(32),
            preimage: "bb".repeat(32),
            fee_msat: Some(1_000),
        };
        Self {
            outcome: Ok(Outcome::Settled(settled)),
            found: Found::NeverSent,
            begun: RefCell::new(0),
        }
    }
}

impl Node for Fake {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            offers: true,
            names_handle: false,
            fetches_first: false,
        }
    }

    fn wait_ready(&self, _within: Duration) -> Result<(), NodeError> {
        Ok(())
    }

    fn pay(&self, _order: &Order, begun: &mut dyn FnMut(&PaymentId)) -> Result<Outcome, NodeError> {
        let outcome = self.outcome.clone()?;
        *self.begun.borrow_mut() += 1;
        begun(&PaymentId(format!("payment-{}", self.begun.borrow())));
        Ok(outcome)
    }

    fn look_up(&self, _trace: &Trace, _within: Duration) -> Result<Found, NodeError> {
        Ok(self.found.clone())
    }
}

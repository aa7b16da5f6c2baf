//! One payment from intent to outcome, and the finding of those that were cut off.

use std::time::Duration;

use payname_resolver::UnixTime;

use super::{Intent, NewIntent, State, Store, StoreError};
use crate::node::{Found, Node, NodeError, Order, Outcome, PaymentId, Trace};

/// Pays and finds out, with a node and the store of payments.
///
/// Only one process may do so in one data folder at a time: hold its [`Lock`](super::Lock).
pub struct Run<'a> {
    /// Where intents are kept.
    pub store: &'a Store,
    /// The time, asked whenever something ends.
    pub clock: &'a dyn Fn() -> UnixTime,
}

impl Run<'_> {
    /// Writes the intent, pays, and writes what became of it.
    ///
    /// # Errors
    /// The intent cannot be written, or the node refused to begin; nothing was paid then.
    pub fn pay(
        &self,
        node: &dyn Node,
        meant: &NewIntent,
        order: &Order,
    ) -> Result<Outcome, RunError> {
        self.store.insert(meant)?;
        self.store.mark_sending(&meant.id)?;
        // If its id cannot be stored, the payment goes on and is found again by its offer.
        let mut begun = |payment: &PaymentId| {
            let _ = self.store.mark_sent(&meant.id, payment);
        };
        match node.pay(order, &mut begun) {
            Ok(outcome) => {
                // The payment has happened or not, whether or not that can be written.
                let _ = self.store.finish(&meant.id, &outcome, (self.clock)());
                Ok(outcome)
            }
            Err(error) => {
                self.store
                    .fail(&meant.id, "refused_by_node", (self.clock)())?;
                Err(error.into())
            }
        }
    }

    /// Ends the intents that no node has heard of; returns the others that are unfinished.
    ///
    /// # Errors
    /// The store fails.
    pub fn unfinished(&self) -> Result<Vec<Intent>, StoreError> {
        let mut left = Vec::new();
        for intent in self.store.unfinished()? {
            match intent.state {
                State::Intended => {
                    self.store
                        .fail(&intent.meant.id, "never_sent", (self.clock)())?;
                }
                _ => left.push(intent),
            }
        }
        Ok(left)
    }

    /// Asks the node what became of an unfinished intent, and writes it down. Never pays.
    ///
    /// # Errors
    /// The node cannot be asked, or the store fails.
    pub fn reconcile(
        &self,
        node: &dyn Node,
        intent: &Intent,
        within: Duration,
    ) -> Result<Resolved, RunError> {
        let id = &intent.meant.id;
        let others = self
            .store
            .intents()?
            .into_iter()
            .filter(|other| other.meant.id != *id);
        let trace = Trace {
            payment_id: intent.payment_id.clone(),
            offer: intent.meant.offer.clone(),
            amount: intent.meant.amount,
            note: intent.meant.note.clone(),
            intended_at: intent.meant.intended_at,
            others: others.filter_map(|other| other.payment_id).collect(),
        };
        match node.look_up(&trace, within)? {
            Found::Payment {
                id: payment,
                outcome,
            } => {
                self.store.mark_sent(id, &payment)?;
                self.store.finish(id, &outcome, (self.clock)())?;
                Ok(Resolved::Ended(outcome))
            }
            Found::NeverSent => {
                self.store.fail(id, "never_sent", (self.clock)())?;
                Ok(Resolved::NeverSent)
            }
            Found::Unclear => {
                self.store.finish(id, &Outcome::Unknown, (self.clock)())?;
                Ok(Resolved::Ended(Outcome::Unknown))
            }
        }
    }
}

/// What became of an intent that was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Resolved {
    /// The node began it; this became of it.
    Ended(Outcome),
    /// The node never began it and never will.
    NeverSent,
}

/// Why nothing was paid, or nothing was found out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The node refuses or cannot be asked.
    #[error(transparent)]
    Node(#[from] NodeError),
}

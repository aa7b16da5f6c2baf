//! What became of a payment: asked of `listpays`, which knows every payment that has a part on its way.

use std::time::Instant;

use payname_resolver::{UnixTime, lightning::offers::offer::Offer};
use serde_json::{Value, json};

use super::{ASK, Cln, after, refused};
use crate::node::{
    FailureReason, Found, Invoice, NodeError, Outcome, PaymentId, Settlement, Trace, settlement_of,
    wait::Wait,
};

/// Clocks of a node and of this machine may differ by this much, in seconds.
const CLOCKS_DIFFER: u64 = 600;

/// What the list says of a payment.
pub(super) enum Followed {
    /// It is there, and this became of it; unknown, while it may still change.
    Ended(Outcome),
    /// It is not there, and the node no longer tries.
    NeverThere,
    /// It is not there, and the node may still be looking for a route.
    NotThereYet,
}

impl Cln {
    /// Asks for a payment that nobody made, to see whether one may ask.
    pub(super) fn list_nothing(&self) -> Result<(), NodeError> {
        let nobody = json!({"payment_hash": "00".repeat(32)});
        let listed = self.rpc.call("listpays", nobody, ASK);
        listed.map(|_| ()).map_err(refused)
    }

    /// Asks until the payment has ended. Before `tries_until` the node may begin a part after all the others
    /// have failed; the list only shows parts.
    pub(super) fn follow(
        &self,
        id: &PaymentId,
        wait: Wait,
        tries_until: Instant,
    ) -> Result<Followed, NodeError> {
        loop {
            let has_tried = Instant::now() >= tries_until;
            let listed = self
                .rpc
                .call("listpays", json!({"payment_hash": id.0}), ASK);
            let pays = match listed {
                Ok(listed) => Some(pays(&listed)),
                // It may be restarting; what is not known is asked for again, as long as there is time.
                Err(error) if wait.is_over() => return Err(refused(error)),
                Err(_) => None,
            };
            let status = pays.as_ref().map(|pays| status(pays, id));
            match status {
                Some(Status::Complete(settled)) => {
                    return Ok(Followed::Ended(Outcome::Settled(settled)));
                }
                Some(Status::Failed) if has_tried => {
                    return Ok(Followed::Ended(Outcome::Failed(FailureReason::Unexplained)));
                }
                Some(Status::Absent) if has_tried => return Ok(Followed::NeverThere),
                _ => {}
            }
            if !wait.pause() {
                return Ok(match status {
                    Some(Status::Absent) => Followed::NotThereYet,
                    _ => Followed::Ended(Outcome::Unknown),
                });
            }
        }
    }

    /// Finds a payment that this or an earlier process began.
    pub(super) fn found(&self, trace: &Trace, wait: Wait) -> Result<Found, NodeError> {
        // Whoever called `xpay` is gone, and the node gives up some time after it was called.
        let tries_until = after(self.opened, self.patience);
        let id = match &trace.payment_id {
            Some(id) => Some(id.clone()),
            None => self.untold(trace, wait, tries_until)?,
        };
        let Some(id) = id else {
            return Ok(match Instant::now() >= tries_until {
                true => Found::NeverSent,
                false => Found::Unclear,
            });
        };
        Ok(match self.follow(&id, wait, tries_until)? {
            Followed::Ended(outcome) => Found::Payment { id, outcome },
            Followed::NeverThere => Found::Payment {
                id,
                outcome: Outcome::Failed(FailureReason::Forgotten),
            },
            Followed::NotThereYet => Found::Unclear,
        })
    }

    /// The one payment of this offer and amount that no stored intent lays claim to.
    fn untold(
        &self,
        trace: &Trace,
        wait: Wait,
        tries_until: Instant,
    ) -> Result<Option<PaymentId>, NodeError> {
        let unreadable = || NodeError::Unsupported("the stored offer cannot be read".to_owned());
        let offer: Offer = trace.offer.parse().map_err(|_| unreadable())?;
        loop {
            let listed = self.rpc.call("listpays", json!({}), ASK).map_err(refused)?;
            let pays = pays(&listed);
            let own = pays.iter().filter(|pay| is_of(pay, trace, &offer));
            let mut ids: Vec<PaymentId> = own.filter_map(payment_id).collect();
            ids.dedup();
            let (failed, alive): (Vec<_>, Vec<_>) = ids
                .into_iter()
                .partition(|id| matches!(status(&pays, id), Status::Failed));
            match alive.as_slice() {
                [only] => return Ok(Some(only.clone())),
                [] if Instant::now() >= tries_until => return Ok(failed.last().cloned()),
                [] => {}
                _ => return Err(NodeError::Ambiguous(trace.amount)),
            }
            if !wait.pause() {
                return Ok(None);
            }
        }
    }
}

/// Whether the list's entry may be the payment that is looked for.
fn is_of(pay: &Value, trace: &Trace, offer: &Offer) -> bool {
    let Some(id) = payment_id(pay) else {
        return false;
    };
    let invoice = pay.get("bolt12").and_then(Value::as_str);
    let invoice = invoice.and_then(|text| Invoice::parse(text).ok());
    let earliest = UnixTime(trace.intended_at.0.saturating_sub(CLOCKS_DIFFER));
    let created = pay.get("created_at").and_then(Value::as_u64).map(UnixTime);
    invoice.is_some_and(|invoice| invoice.is_for(offer, trace.amount))
        && created.is_none_or(|created| created >= earliest)
        && !trace.others.contains(&id)
}

enum Status {
    Complete(Settlement),
    Pending,
    Failed,
    Absent,
}

/// How a payment stands, by all entries that the list has of it.
fn status(pays: &[Value], id: &PaymentId) -> Status {
    let own = || {
        pays.iter()
            .filter(|pay| payment_id(pay).as_ref() == Some(id))
    };
    let is = |pay: &&Value, status: &str| pay.get("status").and_then(Value::as_str) == Some(status);
    if let Some(settled) = own().find_map(|pay| settlement(pay, "preimage", id)) {
        return Status::Complete(settled);
    }
    match own().count() {
        0 => Status::Absent,
        all if own().filter(|pay| is(pay, "failed")).count() == all => Status::Failed,
        _ => Status::Pending,
    }
}

fn pays(listed: &Value) -> Vec<Value> {
    let pays = listed.get("pays").and_then(Value::as_array);
    pays.cloned().unwrap_or_default()
}

fn payment_id(pay: &Value) -> Option<PaymentId> {
    let hash = pay.get("payment_hash")?.as_str()?;
    Some(PaymentId(hash.to_owned()))
}

/// The evidence in an answer, if the preimage in it is the payment hash's.
pub(super) fn settlement(answer: &Value, key: &str, id: &PaymentId) -> Option<Settlement> {
    let preimage = answer.get(key)?.as_str()?;
    let number = |key: &str| answer.get(key).and_then(Value::as_u64);
    let fee = match (number("amount_sent_msat"), number("amount_msat")) {
        (Some(sent), Some(amount)) => sent.checked_sub(amount),
        _ => None,
    };
    settlement_of(&id.0, preimage, fee)
}

//! What every node must do: one list of behaviours, run over each implementation.
//!
//! The fake of the unit tests is held to it, and so are the embedded node on a regtest chain, and the clients of other
//! nodes before stand-ins of those.

use std::time::Duration;

use payname_resolver::{
    Method, UnixTime,
    lightning::bitcoin::hashes::{Hash, sha256},
};

use super::{Found, Node, Order, Outcome, PaymentId, Trace};

/// How long a node may take for anything that is already decided.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Pays `order`, which must be payable, and checks everything a node promises about it.
///
/// `now` is the time before the call. Meant for tests.
///
/// # Panics
/// The node breaks a promise.
pub fn holds_for(node: &dyn Node, order: &Order, now: UnixTime) {
    let is_offer = matches!(order.method.value(), Method::Offer(_));
    assert!(
        !is_offer || node.capabilities().offers,
        "it pays what it says it cannot"
    );
    assert_eq!(
        node.wait_ready(order.timeout),
        Ok(()),
        "it must become ready"
    );

    let mut ids = Vec::new();
    let mut begun = |id: &PaymentId| {
        ids.push(id.clone());
        true
    };
    let outcome = node.pay(order, &mut begun);
    let Ok(Outcome::Settled(settled)) = &outcome else {
        unreachable!("a payable order settles: {outcome:?}");
    };
    let preimage = hex::decode(&settled.preimage).unwrap_or_default();
    let hash = hex::encode(sha256::Hash::hash(&preimage).to_byte_array());
    assert_eq!(
        hash, settled.payment_hash,
        "the preimage is of the payment hash"
    );
    assert_eq!(ids.len(), 1, "a payment is named once, when it has begun");

    let trace = Trace {
        payment_id: ids.first().cloned(),
        offer: order.method.value().text().to_owned(),
        amount: order.amount,
        intended_at: now,
        others: Vec::new(),
    };
    let expected = ids.into_iter().next().map(|id| Found::Payment {
        id,
        outcome: Outcome::Settled(settled.clone()),
    });
    let found = node.look_up(&trace, AT_ONCE).ok();
    assert_eq!(found, expected, "a payment is found again by its id");

    let unnamed = Trace {
        payment_id: None,
        ..trace.clone()
    };
    let found = node.look_up(&unnamed, AT_ONCE).ok();
    assert_eq!(
        found, expected,
        "a payment whose id was lost is found again by its offer"
    );

    let foreign = Trace {
        payment_id: Some(PaymentId("00".repeat(32))),
        ..trace
    };
    let found = node.look_up(&foreign, Duration::ZERO).ok();
    assert_eq!(
        found,
        Some(Found::Unclear),
        "a payment that was begun and is not remembered is never called unsent"
    );
}

//! Paying with the embedded node, and finding out what became of a payment.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{Embedded, PAUSE, deadline, refused};
use crate::{
    interrupt,
    node::{
        Capabilities, EMBEDDED, FailureReason, Found, Node, NodeError, Order, Outcome, PaymentId,
        Settlement, Trace, offer_of,
    },
};
use ldk_node::{
    LightningBalance, NodeError as LdkError,
    lightning::{
        events::PaymentFailureReason,
        ln::channelmanager::PaymentId as LdkPaymentId,
        offers::offer::{Offer, OfferId},
        routing::router::RouteParametersConfig,
    },
    payment::{PaymentDetails, PaymentDirection, PaymentKind, PaymentStatus},
};

/// After this long on line without a trace, an invoice request that was lost in a crash is dead.
///
/// LDK asks again for the invoice after a restart and gives up one to two of its 60-second ticks
/// later. So a payment that `ldk-node` still lists as pending after that, while no channel holds
/// money for any payment, is one that LDK itself forgot: the list is written before LDK's own state.
const REQUEST_LIFETIME: Duration = Duration::from_secs(150);

impl Node for Embedded {
    fn capabilities(&self) -> Capabilities {
        Capabilities::EMBEDDED
    }

    fn identity(&self) -> &str {
        EMBEDDED
    }

    fn wait_ready(&self, within: Duration) -> Result<(), NodeError> {
        let deadline = deadline(within);
        self.wait_synced(within)?;
        loop {
            if interrupt::is_requested() {
                return Err(NodeError::Interrupted);
            }
            let channels = self.node.list_channels();
            if channels.is_empty() {
                return Err(NodeError::NoChannel);
            }
            if channels.iter().any(|channel| channel.is_usable) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(NodeError::ChannelNotUsable);
            }
            thread::sleep(PAUSE);
        }
    }

    fn pay(
        &self,
        order: &Order,
        begun: &mut dyn FnMut(&PaymentId) -> bool,
    ) -> Result<Outcome, NodeError> {
        let deadline = deadline(order.timeout);
        let offer = offer_of(&order.method)?;
        let limits = RouteParametersConfig {
            max_total_routing_fee_msat: Some(order.max_fee.msat()),
            ..RouteParametersConfig::default()
        };
        let quantity = offer.expects_quantity().then_some(1);
        let amount = order.amount.msat();
        let sent = self.node.bolt12_payment().send_using_amount(
            offer,
            amount,
            quantity,
            order.note.clone(),
            Some(limits),
        );
        let id = match sent {
            Ok(id) => id,
            // The request is on its way and only its record failed: anything may become of it.
            Err(LdkError::PersistenceFailed) => return Ok(Outcome::Unknown),
            Err(error) => return Err(refused(error)),
        };
        begun(&ours(&id));
        Ok(self.wait_for(&id, deadline))
    }

    fn look_up(&self, trace: &Trace, within: Duration) -> Result<Found, NodeError> {
        let deadline = deadline(within);
        let offer: Offer = trace
            .offer
            .parse()
            .map_err(|_| NodeError::Unsupported("the stored offer cannot be read".to_owned()))?;
        loop {
            let known = match &trace.payment_id {
                Some(id) => theirs(id).filter(|id| self.node.payment(id).is_some()),
                None => self.untold(trace, offer.id()),
            };
            if let Some(id) = known {
                let outcome = self.settle_pending(&id, deadline);
                return Ok(Found::Payment {
                    id: ours(&id),
                    outcome,
                });
            }
            if trace.payment_id.is_some() {
                // It was begun, and the node has no memory of it: another folder, or a restored one.
                return Ok(Found::Unclear);
            }
            let mut untold = self.events.untold().into_iter();
            if let Some((id, settled)) = untold.find(|(id, _)| !trace.others.contains(id)) {
                return Ok(Found::Payment {
                    id,
                    outcome: Outcome::Settled(settled),
                });
            }
            // Money that moves for a payment nobody knows may be this one's: how it ends is waited for.
            let is_still = !self.has_untold_movement();
            if is_still && self.opened.elapsed() >= REQUEST_LIFETIME {
                return Ok(Found::NeverSent);
            }
            if Instant::now() >= deadline || interrupt::is_requested() {
                return Ok(Found::Unclear);
            }
            thread::sleep(PAUSE);
        }
    }
}

impl Embedded {
    /// Waits until a payment that the node knows has ended.
    fn wait_for(&self, id: &LdkPaymentId, deadline: Instant) -> Outcome {
        loop {
            if let Some(outcome) = self
                .node
                .payment(id)
                .and_then(|payment| self.outcome(&payment))
            {
                return outcome;
            }
            if Instant::now() >= deadline || interrupt::is_requested() {
                return Outcome::Unknown;
            }
            thread::sleep(PAUSE);
        }
    }

    /// Waits until a payment of an earlier process has ended, or is found to be forgotten.
    fn settle_pending(&self, id: &LdkPaymentId, deadline: Instant) -> Outcome {
        let dead = self.opened.checked_add(REQUEST_LIFETIME);
        let dead = dead.map_or(deadline, |dead| dead.min(deadline));
        let outcome = self.wait_for(id, dead);
        if outcome != Outcome::Unknown || interrupt::is_requested() {
            return outcome;
        }
        if self.opened.elapsed() >= REQUEST_LIFETIME && !self.has_money_in_flight() {
            return Outcome::Failed(FailureReason::Forgotten);
        }
        self.wait_for(id, deadline)
    }

    /// How a payment ended; nothing while it is pending.
    fn outcome(&self, payment: &PaymentDetails) -> Option<Outcome> {
        match (payment.status, &payment.kind) {
            (PaymentStatus::Pending, _) => None,
            (PaymentStatus::Failed, _) => {
                let reason = self.events.failure_of(&payment.id);
                Some(Outcome::Failed(
                    reason.map_or(FailureReason::Unexplained, reason_of),
                ))
            }
            (
                PaymentStatus::Succeeded,
                PaymentKind::Bolt12Offer {
                    hash: Some(hash),
                    preimage: Some(preimage),
                    ..
                },
            ) => Some(Outcome::Settled(Settlement {
                payment_hash: hex::encode(hash.0),
                preimage: hex::encode(preimage.0),
                fee_msat: payment.fee_paid_msat,
            })),
            // Settled without evidence must not look like anything else.
            (PaymentStatus::Succeeded, _) => Some(Outcome::Unknown),
        }
    }

    /// The one outbound payment of this offer and amount that no stored intent lays claim to.
    fn untold(&self, trace: &Trace, offer: OfferId) -> Option<LdkPaymentId> {
        let payments = self.node.list_payments_with_filter(|payment| {
            let is_offer = matches!(&payment.kind, PaymentKind::Bolt12Offer { offer_id, .. }
                if *offer_id == offer);
            is_offer
                && payment.direction == PaymentDirection::Outbound
                && payment.amount_msat == Some(trace.amount.msat())
                && payment.latest_update_timestamp >= trace.intended_at.0
                && !trace.others.contains(&ours(&payment.id))
        });
        payments.first().map(|payment| payment.id)
    }

    /// Whether money moves for a payment that the node's own list does not hold.
    fn has_untold_movement(&self) -> bool {
        let has_pending = !self
            .node
            .list_payments_with_filter(|payment| {
                payment.direction == PaymentDirection::Outbound
                    && payment.status == PaymentStatus::Pending
            })
            .is_empty();
        self.has_money_in_flight() && !has_pending
    }

    /// Whether any outbound payment holds money in a channel, open or closed.
    fn has_money_in_flight(&self) -> bool {
        self.node.list_balances().lightning_balances.iter().any(|balance| {
            matches!(balance,
                LightningBalance::MaybeTimeoutClaimableHTLC { outbound_payment: true, .. })
                || matches!(balance,
                    LightningBalance::ClaimableOnChannelClose { outbound_payment_htlc_rounded_msat, .. }
                    if *outbound_payment_htlc_rounded_msat > 0)
        })
    }
}

fn ours(id: &LdkPaymentId) -> PaymentId {
    PaymentId(hex::encode(id.0))
}

fn theirs(id: &PaymentId) -> Option<LdkPaymentId> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(&id.0, &mut bytes).ok()?;
    Some(LdkPaymentId(bytes))
}

fn reason_of(reason: PaymentFailureReason) -> FailureReason {
    match reason {
        PaymentFailureReason::InvoiceRequestExpired => FailureReason::NoInvoice,
        PaymentFailureReason::InvoiceRequestRejected => FailureReason::InvoiceRefused,
        PaymentFailureReason::RouteNotFound | PaymentFailureReason::BlindedPathCreationFailed => {
            FailureReason::NoRoute
        }
        PaymentFailureReason::RecipientRejected => FailureReason::Rejected,
        PaymentFailureReason::RetriesExhausted => FailureReason::RetriesExhausted,
        PaymentFailureReason::PaymentExpired => FailureReason::Expired,
        PaymentFailureReason::UnknownRequiredFeatures => FailureReason::UnknownFeature,
        PaymentFailureReason::UserAbandoned | PaymentFailureReason::UnexpectedError => {
            FailureReason::Unexplained
        }
    }
}

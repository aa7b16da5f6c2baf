//! Core Lightning: an invoice is fetched and looked at, then paid.
//!
//! `fetchinvoice` asks for the invoice, by the proven offer and never by the name; the name only goes into
//! the invoice request (BOLT 12 `invreq_bip_353_name`). [`Invoice::check`] compares it with the offer.
//! Its payment hash is stored before `xpay` is called, and is what `listpays` is asked for afterwards.

mod history;
mod rest;
mod rpc;
mod socket;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use payname_resolver::UnixTime;
use serde_json::{Value, json};
use url::Url;

use self::{
    history::Followed,
    rest::Rest,
    rpc::{Rpc, RpcError},
    socket::Socket,
};
use super::{
    Capabilities, FailureReason, Found, Invoice, Network, Node, NodeError, Order, Outcome,
    PaymentId, Trace, offer_of, secret::Secret, wait::Wait,
};

/// How long a question may take that is no payment.
const ASK: Duration = Duration::from_secs(10);
/// How long the payee may take to send an invoice.
const FETCH: Duration = Duration::from_secs(60);
/// How long the node may go on trying further routes.
const RETRY: Duration = Duration::from_secs(60);
/// After `RETRY` and this long, a payment that is not in flight never will be.
const MARGIN: Duration = Duration::from_secs(10);

/// Where a Core Lightning node is, and how it knows who asks.
#[derive(Debug, Clone)]
pub enum ClnAddress {
    /// Its `lightning-rpc` socket; whoever can open it may do everything.
    Socket(PathBuf),
    /// Its `clnrest`.
    Rest {
        /// Its address.
        url: Url,
        /// A rune that allows `getinfo`, `fetchinvoice`, `xpay` and `listpays`.
        rune: Secret,
        /// The authority that vouches for its certificate (PEM), else those that browsers believe.
        authority: Option<Vec<u8>>,
    },
}

/// A Core Lightning node.
pub struct Cln {
    rpc: Box<dyn Rpc>,
    network: Network,
    identity: String,
    opened: Instant,
    patience: Duration,
    clock: fn() -> UnixTime,
}

impl Cln {
    /// Asks the node who it is. `clock` tells the time by which invoices expire.
    ///
    /// # Errors
    /// It does not answer, does not let us in, or is on another network.
    pub fn open(
        address: ClnAddress,
        network: Network,
        clock: fn() -> UnixTime,
    ) -> Result<Self, NodeError> {
        let rpc: Box<dyn Rpc> = match address {
            ClnAddress::Socket(path) => Box::new(Socket::new(path)),
            ClnAddress::Rest {
                url,
                rune,
                authority,
            } => Box::new(Rest::new(url, rune, authority.as_deref())?),
        };
        let info = rpc.call("getinfo", json!({}), ASK).map_err(refused)?;
        let text = |key: &str| info.get(key).and_then(Value::as_str).unwrap_or_default();
        network.must_be(text("network"))?;
        Ok(Self {
            rpc,
            network,
            identity: format!("cln:{}", text("id")),
            opened: Instant::now(),
            patience: RETRY.saturating_add(MARGIN),
            clock,
        })
    }

    /// The same, giving up sooner on payments that the node does not know. For tests, where nothing takes long.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Asks the payee for an invoice; the inner error says why there is none.
    fn fetch(
        &self,
        order: &Order,
        wait: Wait,
    ) -> Result<Result<Invoice, FailureReason>, NodeError> {
        let offer = offer_of(&order.method)?;
        let within = FETCH.min(wait.left());
        let mut params = json!({
            "offer": order.method.value().text(),
            "amount_msat": order.amount.msat(),
            "bip353": order.method.handle().to_string(),
            "timeout": within.as_secs().max(1),
        });
        if let Some(params) = params.as_object_mut() {
            if let Some(note) = &order.note {
                params.insert("payer_note".to_owned(), json!(note));
            }
            if offer.expects_quantity() {
                params.insert("quantity".to_owned(), json!(1));
            }
        }
        let answer = match self
            .rpc
            .call("fetchinvoice", params, within.saturating_add(ASK))
        {
            Ok(answer) => answer,
            // Nothing is paid by asking, so whatever went wrong, it is safe to try again.
            Err(RpcError::Said { code, message }) => {
                return match code {
                    1002 => Ok(Err(FailureReason::Expired)),
                    1003 => Ok(Err(FailureReason::NoRoute)),
                    1004 => Ok(Err(FailureReason::InvoiceRefused)),
                    1005 => Ok(Err(FailureReason::NoInvoice)),
                    _ => Err(NodeError::Refused(message)),
                };
            }
            Err(error) => return Err(refused(error)),
        };
        let text = answer.get("invoice").and_then(Value::as_str);
        let text = text.ok_or_else(|| NodeError::Refused("it sent no invoice".to_owned()))?;
        let invoice = Invoice::parse(text)?;
        invoice.check(order, self.network, (self.clock)())?;
        Ok(Ok(invoice))
    }
}

impl Node for Cln {
    fn capabilities(&self) -> Capabilities {
        Capabilities::CORE_LIGHTNING
    }

    fn identity(&self) -> &str {
        &self.identity
    }

    fn wait_ready(&self, within: Duration) -> Result<(), NodeError> {
        let wait = Wait::of(within);
        // Who could not ask what became of a payment had better not begin one.
        self.list_nothing()?;
        loop {
            let info = self.rpc.call("getinfo", json!({}), ASK).map_err(refused)?;
            let number = |key: &str| info.get(key).and_then(Value::as_u64).unwrap_or_default();
            let behind = ["warning_bitcoind_sync", "warning_lightningd_sync"];
            let behind = behind.iter().find_map(|key| info.get(*key)?.as_str());
            let Some(behind) = behind else {
                return match (
                    number("num_active_channels"),
                    number("num_pending_channels"),
                ) {
                    (0, 0) => Err(NodeError::NoChannel),
                    (0, _) => Err(NodeError::ChannelNotUsable),
                    _ => Ok(()),
                };
            };
            if !wait.pause() {
                return Err(NodeError::NotSynced(behind.to_owned()));
            }
        }
    }

    fn pay(
        &self,
        order: &Order,
        begun: &mut dyn FnMut(&PaymentId) -> bool,
    ) -> Result<Outcome, NodeError> {
        let wait = Wait::of(order.timeout);
        let invoice = match self.fetch(order, wait)? {
            Ok(invoice) => invoice,
            Err(reason) => return Ok(Outcome::Failed(reason)),
        };
        if wait.is_over() {
            let late = "the invoice came too late to be paid in the time given with --timeout";
            return Err(NodeError::Refused(late.to_owned()));
        }
        let id = invoice.payment_id();
        if !begun(&id) {
            return Err(NodeError::NotStored);
        }
        let retry = RETRY.min(wait.left()).as_secs().max(1);
        let params = json!({
            "invstring": invoice.text(),
            "maxfee": order.max_fee.msat(),
            "retry_for": retry,
        });
        let sent = Instant::now();
        let reason = match self.rpc.call("xpay", params, wait.left()) {
            Ok(answer) => match history::settlement(&answer, "payment_preimage", &id) {
                Some(settled) => return Ok(Outcome::Settled(settled)),
                None => None,
            },
            Err(RpcError::NotSent(error)) => return Err(error),
            // It has no such command, or other parameters of it.
            Err(RpcError::Said {
                code: -32_602 | -32_601,
                message,
            }) => {
                return Err(NodeError::Refused(message));
            }
            Err(RpcError::Said { code, .. }) => Some(reason_of(code)),
            Err(RpcError::Lost(_)) => None,
        };
        // An error is the end of trying, but parts of the payment may be on their way: the list decides.
        let tries_until = match reason {
            Some(_) => sent,
            None => after(sent, self.patience),
        };
        Ok(match self.follow(&id, wait, tries_until) {
            Ok(Followed::Ended(Outcome::Failed(_)) | Followed::NeverThere) => {
                Outcome::Failed(reason.unwrap_or(FailureReason::Unexplained))
            }
            Ok(Followed::Ended(outcome)) => outcome,
            // From here on an error must not look like a refusal.
            Ok(Followed::NotThereYet) | Err(_) => Outcome::Unknown,
        })
    }

    fn look_up(&self, trace: &Trace, within: Duration) -> Result<Found, NodeError> {
        self.found(trace, Wait::of(within))
    }
}

/// A call that started nothing.
fn refused(error: RpcError) -> NodeError {
    match error {
        RpcError::NotSent(error) => error,
        RpcError::Said { message, .. } => NodeError::Refused(message),
        RpcError::Lost(cause) => NodeError::Unreachable {
            node: "Core Lightning",
            cause,
        },
    }
}

/// `xpay`'s error codes.
fn reason_of(code: i64) -> FailureReason {
    match code {
        203 => FailureReason::Rejected,
        205 => FailureReason::NoRoute,
        207 => FailureReason::Expired,
        209 => FailureReason::RetriesExhausted,
        _ => FailureReason::Unexplained,
    }
}

fn after(instant: Instant, time: Duration) -> Instant {
    instant.checked_add(time).unwrap_or(instant)
}

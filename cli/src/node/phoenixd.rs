//! phoenixd: one call pays the proven offer, and its answer is the outcome.
//!
//! phoenixd names a payment only when it has ended, and its list does not say for which offer a payment was. So
//! one that was cut off is looked for by its amount and time. `paylnaddress` is never used: it resolves
//! names by itself, without a proof.

use std::time::{Duration, Instant};

use serde_json::Value;
use url::Url;

use super::{
    Capabilities, FailureReason, Found, Network, Node, NodeError, Order, Outcome, PaymentId,
    Secret, Trace,
    endpoint::{Answer, Body, CallError, Endpoint, Login},
    offer_of, settlement_of,
    wait::Wait,
};

/// How long a question may take that is no payment.
const ASK: Duration = Duration::from_secs(10);
/// phoenixd waits 30 s for an invoice; a payment that is not in its list after this long was never begun.
const PATIENCE: Duration = Duration::from_secs(45);
/// Clocks of a node and of this machine may differ by this much, in seconds.
const CLOCKS_DIFFER: u64 = 600;
/// What it is called.
const NAME: &str = "phoenixd";

/// A phoenixd.
pub struct Phoenixd {
    endpoint: Endpoint,
    identity: String,
    opened: Instant,
    patience: Duration,
}

impl Phoenixd {
    /// Asks the node who it is. The password is `http-password` of `phoenix.conf`; `authority` (PEM) vouches for
    /// its certificate, if there is one.
    ///
    /// # Errors
    /// It does not answer, does not let us in, or is on another network.
    pub fn open(
        url: Url,
        password: Secret,
        authority: Option<&[u8]>,
        network: Network,
    ) -> Result<Self, NodeError> {
        let mut node = Self {
            endpoint: Endpoint::new(url, Login::Password(password), authority)?,
            identity: String::new(),
            opened: Instant::now(),
            patience: PATIENCE,
        };
        let info = node.ask("getinfo", &[])?.unwrap_or_default();
        let text = |key: &str| info.get(key).and_then(Value::as_str).unwrap_or_default();
        network.must_be(text("chain"))?;
        node.identity = format!("phoenixd:{}", text("nodeId"));
        Ok(node)
    }

    /// The same, giving up sooner on payments that the node does not know. For tests, where nothing takes long.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Asks a question; nothing for what is not there.
    fn ask(&self, path: &str, query: &[(&str, String)]) -> Result<Option<Value>, NodeError> {
        let answer = self
            .endpoint
            .get(path, query, ASK)
            .map_err(|error| unreachable(&error))?;
        match (answer.status, answer.json) {
            (200, Some(json)) => Ok(Some(json)),
            (404, _) => Ok(None),
            (401, _) => Err(unauthorized()),
            (status, _) => Err(NodeError::Refused(format!(
                "HTTP {status}: {}",
                answer.text
            ))),
        }
    }

    /// What became of a payment that phoenixd has named.
    fn named(&self, id: &PaymentId, wait: Wait) -> Result<Found, NodeError> {
        let path = format!("payments/outgoing/{}", percent_encoded(&id.0));
        loop {
            let payment = self.ask(&path, &[])?.map(|json| Outgoing::read(&json));
            let outcome = match payment.flatten() {
                None => return Ok(Found::Unclear),
                Some(payment) => payment.outcome,
            };
            if outcome != Outcome::Unknown || !wait.pause() {
                let id = id.clone();
                return Ok(Found::Payment { id, outcome });
            }
        }
    }

    /// What became of one that it has not, or had no time to tell.
    fn untold(&self, trace: &Trace, wait: Wait) -> Result<Found, NodeError> {
        let tries_until = self
            .opened
            .checked_add(self.patience)
            .unwrap_or(self.opened);
        let earliest = trace.intended_at.0.saturating_sub(CLOCKS_DIFFER);
        let query = [
            ("from", earliest.saturating_mul(1000).to_string()),
            ("limit", "1000".to_owned()),
            ("all", "true".to_owned()),
        ];
        loop {
            let has_tried = Instant::now() >= tries_until;
            let listed = self.ask("payments/outgoing", &query)?.unwrap_or_default();
            let listed = listed.as_array().map(Vec::as_slice).unwrap_or_default();
            let payments = listed.iter().filter_map(Outgoing::read);
            let own = payments.filter(|payment| payment.may_be(trace));
            let (failed, alive): (Vec<_>, Vec<_>) =
                own.partition(|payment| matches!(payment.outcome, Outcome::Failed(_)));
            match (alive.as_slice(), failed.first()) {
                ([only], _) => {
                    let rest = wait.left().max(Duration::from_millis(1));
                    return self.named(&only.id, Wait::of(rest));
                }
                ([], Some(failed)) if has_tried => {
                    return Ok(Found::Payment {
                        id: failed.id.clone(),
                        outcome: failed.outcome.clone(),
                    });
                }
                ([], None) if has_tried => return Ok(Found::NeverSent),
                ([], _) => {}
                _ => return Err(NodeError::Ambiguous(trace.amount)),
            }
            if !wait.pause() {
                return Ok(Found::Unclear);
            }
        }
    }
}

impl Node for Phoenixd {
    fn capabilities(&self) -> Capabilities {
        Capabilities::PHOENIXD
    }

    fn identity(&self) -> &str {
        &self.identity
    }

    fn wait_ready(&self, within: Duration) -> Result<(), NodeError> {
        let wait = Wait::of(within);
        loop {
            let info = self.ask("getinfo", &[])?.unwrap_or_default();
            let channels = info.get("channels").and_then(Value::as_array);
            let channels = channels.map(Vec::as_slice).unwrap_or_default();
            let state = |channel: &Value| channel.get("state")?.as_str().map(str::to_owned);
            if channels.is_empty() {
                return Err(NodeError::NoChannel);
            }
            let mut states = channels.iter().filter_map(state);
            if states.any(|state| state.eq_ignore_ascii_case("normal")) {
                return Ok(());
            }
            if !wait.pause() {
                return Err(NodeError::ChannelNotUsable);
            }
        }
    }

    fn pay(
        &self,
        order: &Order,
        begun: &mut dyn FnMut(&PaymentId) -> bool,
    ) -> Result<Outcome, NodeError> {
        offer_of(&order.method)?;
        let Some(sat) = order.amount.whole_sat() else {
            let what = format!("{}, as phoenixd pays whole satoshis only", order.amount);
            return Err(NodeError::Unsupported(what));
        };
        let mut form = vec![
            ("offer", order.method.value().text().to_owned()),
            ("amountSat", sat.to_string()),
        ];
        form.extend(order.note.iter().map(|note| ("message", note.clone())));
        let answer = match self
            .endpoint
            .post("payoffer", Body::Form(form), order.timeout)
        {
            Ok(answer) => answer,
            Err(error @ CallError::NotSent(_)) => return Err(unreachable(&error)),
            Err(CallError::Lost(_)) => return Ok(Outcome::Unknown),
        };
        match answer {
            Answer {
                status: 200,
                json: Some(json),
                ..
            } => Ok(told(&json, begun)),
            Answer { status: 401, .. } => Err(unauthorized()),
            // It did not understand, and so did nothing.
            Answer {
                status: 400 | 404 | 405 | 415,
                text,
                ..
            } => Err(NodeError::Refused(text)),
            _ => Ok(Outcome::Unknown),
        }
    }

    fn look_up(&self, trace: &Trace, within: Duration) -> Result<Found, NodeError> {
        let wait = Wait::of(within);
        match &trace.payment_id {
            Some(id) => self.named(id, wait),
            None => self.untold(trace, wait),
        }
    }
}

/// What the answer of `payoffer` says.
fn told(json: &Value, begun: &mut dyn FnMut(&PaymentId) -> bool) -> Outcome {
    let text = |key: &str| json.get(key).and_then(Value::as_str);
    if let Some(id) = text("paymentId") {
        // It has ended; if its id cannot be stored, nothing else is to be done about it.
        begun(&PaymentId(id.to_owned()));
    }
    if let (Some(hash), Some(preimage)) = (text("paymentHash"), text("paymentPreimage")) {
        let fee = json.get("routingFeeSat").and_then(Value::as_u64);
        let fee = fee.and_then(|sat| sat.checked_mul(1000));
        return settlement_of(hash, preimage, fee).map_or(Outcome::Unknown, Outcome::Settled);
    }
    match text("reason") {
        Some(reason) => Outcome::Failed(reason_of(reason)),
        None => Outcome::Unknown,
    }
}

/// An entry of phoenixd's list.
struct Outgoing {
    id: PaymentId,
    /// What the payee was to have, in satoshis: the list's amount is with the fee, once it is known.
    sat: [Option<u64>; 2],
    outcome: Outcome,
}

impl Outgoing {
    /// Reads an entry, unless it is one of an invoice or on chain.
    fn read(json: &Value) -> Option<Self> {
        let text = |key: &str| json.get(key).and_then(Value::as_str);
        let number = |key: &str| json.get(key).and_then(Value::as_u64);
        let is_lightning = text("subType").is_none_or(|sort| sort == "lightning");
        if !is_lightning || text("txId").is_some() {
            return None;
        }
        let is_paid = json.get("isPaid").and_then(Value::as_bool) == Some(true);
        let evidence = || {
            let fee = number("fees");
            settlement_of(text("paymentHash")?, text("preimage")?, fee)
        };
        let outcome = match (is_paid, number("completedAt")) {
            (true, _) => evidence().map_or(Outcome::Unknown, Outcome::Settled),
            (false, Some(_)) => Outcome::Failed(FailureReason::Unexplained),
            (false, None) => Outcome::Unknown,
        };
        let sent = number("sent")?;
        let fee = number("fees").unwrap_or_default().checked_div(1000)?;
        Some(Self {
            id: PaymentId(text("paymentId")?.to_owned()),
            sat: [Some(sent), sent.checked_sub(fee)],
            outcome,
        })
    }

    /// Whether it may be the payment that is looked for.
    fn may_be(&self, trace: &Trace) -> bool {
        self.sat.contains(&trace.amount.whole_sat()) && !trace.others.contains(&self.id)
    }
}

/// phoenixd's words, which are not promised to stay as they are.
fn reason_of(reason: &str) -> FailureReason {
    let reason = reason.to_ascii_lowercase();
    match reason.as_str() {
        text if text.contains("noresponse") || text.contains("timeout") => FailureReason::NoInvoice,
        text if text.contains("invalid") || text.contains("refus") => FailureReason::InvoiceRefused,
        text if text.contains("route") || text.contains("balance") || text.contains("fund") => {
            FailureReason::NoRoute
        }
        text if text.contains("recipient") => FailureReason::Rejected,
        _ => FailureReason::Unexplained,
    }
}

fn unreachable(error: &CallError) -> NodeError {
    NodeError::Unreachable {
        node: NAME,
        cause: error.cause().to_owned(),
    }
}

fn unauthorized() -> NodeError {
    NodeError::Unauthorized {
        node: NAME,
        hint: "it must be `http-password` of phoenix.conf; with `http-password-limited-access` one can look and not pay".to_owned(),
    }
}

fn percent_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use payname_resolver::UnixTime;
    use serde_json::json;

    use super::*;

    const PREIMAGE: &str = "0101010101010101010101010101010101010101010101010101010101010101";
    const HASH: &str = "72cd6e8422c407fb6d098690f1130b7ded7ec2f7f5e1d30bd9d521f015363793";

    #[test]
    fn an_answer_with_another_preimage_or_without_any_settles_nothing() {
        let told = |json: &Value| told(json, &mut |_| true);
        let good = json!({"recipientAmountSat": 1, "routingFeeSat": 4, "paymentId": "u",
            "paymentHash": HASH, "paymentPreimage": PREIMAGE});
        let Outcome::Settled(settled) = told(&good) else {
            unreachable!("{good}");
        };
        assert_eq!(settled.fee_msat, Some(4_000));
        let mut other = good.clone();
        other["paymentPreimage"] = json!("02".repeat(32));
        assert_eq!(told(&other), Outcome::Unknown);
        assert_eq!(told(&json!({})), Outcome::Unknown);
        let failed = told(&json!({"offerId": "00", "reason": "NoResponse"}));
        assert_eq!(failed, Outcome::Failed(FailureReason::NoInvoice));
    }

    #[test]
    fn an_entry_is_found_by_what_the_payee_was_to_have() {
        let entry = |change: &dyn Fn(&mut Value)| {
            let mut json = json!({"subType": "lightning", "paymentId": "u", "paymentHash": HASH,
                "preimage": PREIMAGE, "isPaid": true, "sent": 1_009, "fees": 9_999,
                "completedAt": 2, "createdAt": 1});
            change(&mut json);
            Outgoing::read(&json)
        };
        let trace = |sat: &str, others: &[&str]| Trace {
            payment_id: None,
            offer: String::new(),
            amount: sat.parse().unwrap(),
            intended_at: UnixTime(0),
            others: others
                .iter()
                .map(|id| PaymentId((*id).to_owned()))
                .collect(),
        };
        let paid = entry(&|_| {}).unwrap();
        assert!(paid.may_be(&trace("1000sat", &[])));
        assert!(!paid.may_be(&trace("1001sat", &[])));
        assert!(!paid.may_be(&trace("1000sat", &["u"])));
        assert!(entry(&|json| json["subType"] = json!("splice_out")).is_none());
        let pending = entry(&|json| {
            json["isPaid"] = json!(false);
            json["completedAt"] = Value::Null;
        });
        assert_eq!(pending.unwrap().outcome, Outcome::Unknown);
        let failed = entry(&|json| json["isPaid"] = json!(false)).unwrap();
        assert!(matches!(failed.outcome, Outcome::Failed(_)));
    }
}

//! Eclair: one call pays the proven offer; the payment bears an id of ours, by which it is found again.

use std::time::{Duration, Instant};

use payname_resolver::Amount;
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
/// Eclair asks three times for an invoice, for 15 s each; a payment without a part after this long has none coming.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many random bytes name a payment.
const ID_LENGTH: usize = 16;
/// What it is called.
const NAME: &str = "Eclair";

/// An Eclair node.
pub struct Eclair {
    endpoint: Endpoint,
    identity: String,
    opened: Instant,
    patience: Duration,
}

impl Eclair {
    /// Asks the node who it is. The password is `eclair.api.password`; `authority` (PEM) vouches for the
    /// certificate of what stands before it, if there is one.
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
        let info = node.ask("getinfo", Vec::new())?;
        let text = |key: &str| info.get(key).and_then(Value::as_str).unwrap_or_default();
        network.must_be(text("network"))?;
        node.identity = format!("eclair:{}", text("nodeId"));
        Ok(node)
    }

    /// The same, giving up sooner on payments that the node does not know. For tests, where nothing takes long.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Asks a question.
    fn ask(&self, path: &str, form: Vec<(&'static str, String)>) -> Result<Value, NodeError> {
        let answer = self.endpoint.post(path, Body::Form(form), ASK);
        let answer = answer.map_err(|error| unreachable(&error))?;
        match (answer.status, answer.json) {
            (200, Some(json)) => Ok(json),
            (401, _) => Err(unauthorized()),
            (status, json) => {
                let words = error_text(json.as_ref(), answer.text);
                Err(NodeError::Refused(format!("HTTP {status}: {words}")))
            }
        }
    }

    /// Asks until the payment has ended. Before `tries_until`, parts may be begun after all others have failed.
    fn follow(
        &self,
        offer: &str,
        is_own: &dyn Fn(&Value) -> bool,
        wait: Wait,
        tries_until: Instant,
    ) -> Result<Standing, NodeError> {
        loop {
            let has_tried = Instant::now() >= tries_until;
            let form = vec![("offer", offer.to_owned())];
            let parts = match self.ask("getsentinfo", form) {
                Ok(parts) => Some(parts),
                Err(error) if wait.is_over() => return Err(error),
                Err(_) => None,
            };
            let standing = parts.map(|parts| {
                let parts = parts.as_array().map(Vec::as_slice).unwrap_or_default();
                standing(parts.iter().filter(|part| is_own(part)))
            });
            match standing {
                Some(Standing::Pending) | None => {}
                Some(ended @ Standing::Settled(..)) => return Ok(ended),
                Some(ended) if has_tried => return Ok(ended),
                Some(_) => {}
            }
            if !wait.pause() {
                return Ok(Standing::Pending);
            }
        }
    }
}

impl Node for Eclair {
    fn capabilities(&self) -> Capabilities {
        Capabilities::ECLAIR
    }

    fn identity(&self) -> &str {
        &self.identity
    }

    fn wait_ready(&self, within: Duration) -> Result<(), NodeError> {
        let wait = Wait::of(within);
        loop {
            let balances = self.ask("usablebalances", Vec::new())?;
            let balances = balances.as_array().map(Vec::as_slice).unwrap_or_default();
            let can_send = |balance: &Value| balance.get("canSend").and_then(Value::as_u64);
            if balances
                .iter()
                .any(|balance| can_send(balance).is_some_and(|msat| msat > 0))
            {
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
        if order.note.is_some() {
            return Err(NodeError::Unsupported(
                "a note, which Eclair does not send".to_owned(),
            ));
        }
        let wait = Wait::of(order.timeout);
        let offer = order.method.value().text();
        let id = new_id()?;
        if !begun(&id) {
            return Err(NodeError::NotStored);
        }
        let form = vec![
            ("offer", offer.to_owned()),
            ("amountMsat", order.amount.msat().to_string()),
            ("maxFeeFlatSat", whole_sat(order.max_fee).to_string()),
            ("maxFeePct", "0".to_owned()),
            ("externalId", id.0.clone()),
            ("blocking", "true".to_owned()),
            ("timeoutSeconds", order.timeout.as_secs().max(1).to_string()),
        ];
        let sent = Instant::now();
        let answer = match self
            .endpoint
            .post("payoffer", Body::Form(form), order.timeout)
        {
            Ok(answer) => Some(answer),
            Err(error @ CallError::NotSent(_)) => return Err(unreachable(&error)),
            Err(CallError::Lost(_)) => None,
        };
        let failure = match answer {
            Some(Answer {
                status: 200,
                json: Some(json),
                ..
            }) => match event(&json) {
                Outcome::Unknown => None,
                outcome => return Ok(outcome),
            },
            Some(Answer { status: 401, .. }) => return Err(unauthorized()),
            // It did not understand, and so did nothing.
            Some(Answer {
                status: 400 | 404 | 405 | 415,
                json,
                text,
            }) => return Err(NodeError::Refused(error_text(json.as_ref(), text))),
            Some(Answer {
                status: 500, json, ..
            }) => json
                .as_ref()
                .and_then(|json| json.get("error")?.as_str())
                .and_then(gave_up),
            _ => None,
        };
        let tries_until = match failure {
            Some(_) => sent,
            None => sent.checked_add(self.patience).unwrap_or(sent),
        };
        let is_own = |part: &Value| is_named(part, &id);
        // From here on an error must not look like a refusal.
        Ok(match self.follow(offer, &is_own, wait, tries_until) {
            Ok(Standing::Settled(_, outcome)) => outcome,
            Ok(Standing::Failed(_) | Standing::Absent) => {
                Outcome::Failed(failure.unwrap_or(FailureReason::Unexplained))
            }
            Ok(Standing::Pending) | Err(_) => Outcome::Unknown,
        })
    }

    fn look_up(&self, trace: &Trace, within: Duration) -> Result<Found, NodeError> {
        let wait = Wait::of(within);
        // Whoever called `payoffer` is gone, and the node gives up some time after it was called.
        let tries_until = self
            .opened
            .checked_add(self.patience)
            .unwrap_or(self.opened);
        let id = trace.payment_id.clone();
        let is_own = |part: &Value| match &id {
            Some(id) => is_named(part, id),
            None => may_be(part, trace),
        };
        let standing = self.follow(&trace.offer, &is_own, wait, tries_until)?;
        let named = |found: Option<PaymentId>, outcome: Outcome| match id.clone().or(found) {
            Some(id) => Found::Payment { id, outcome },
            None => Found::Unclear,
        };
        Ok(match standing {
            Standing::Settled(found, outcome) => named(found, outcome),
            Standing::Failed(found) => named(found, Outcome::Failed(FailureReason::Unexplained)),
            Standing::Absent if id.is_none() => Found::NeverSent,
            Standing::Absent => named(None, Outcome::Failed(FailureReason::Forgotten)),
            Standing::Pending => Found::Unclear,
        })
    }
}

/// How a payment stands by its parts.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    /// A part has arrived, and with it the preimage.
    Settled(Option<PaymentId>, Outcome),
    /// Every part has failed.
    Failed(Option<PaymentId>),
    /// There is no part.
    Absent,
    /// A part is on its way, or nobody can say.
    Pending,
}

fn standing<'a>(parts: impl Iterator<Item = &'a Value>) -> Standing {
    let parts: Vec<&Value> = parts.collect();
    let text = |part: &'a Value, key: &str| part.get(key).and_then(Value::as_str);
    let status = |part: &'a Value| part.get("status").and_then(|status| text(status, "type"));
    let name = parts.iter().find_map(|part| text(part, "externalId"));
    let name = name.map(|id| PaymentId(id.to_owned()));
    let fee = |part: &&'a Value| part.get("status")?.get("feesPaid")?.as_u64();
    let settled = parts.iter().filter(|part| status(part) == Some("sent"));
    let fees: Option<Vec<u64>> = settled.clone().map(fee).collect();
    let fee = fees.and_then(|fees| fees.into_iter().try_fold(0u64, u64::checked_add));
    let evidence = settled.clone().find_map(|part| {
        let preimage = text(part.get("status")?, "paymentPreimage")?;
        settlement_of(text(part, "paymentHash")?, preimage, fee)
    });
    if let Some(evidence) = evidence {
        return Standing::Settled(name, Outcome::Settled(evidence));
    }
    match parts.iter().all(|part| status(part) == Some("failed")) {
        _ if parts.is_empty() => Standing::Absent,
        true => Standing::Failed(name),
        false => Standing::Pending,
    }
}

/// What the answer of a blocking `payoffer` says.
fn event(json: &Value) -> Outcome {
    let text = |key: &str| json.get(key).and_then(Value::as_str);
    match (text("type"), text("paymentHash"), text("paymentPreimage")) {
        (_, Some(hash), Some(preimage)) => {
            let parts = json.get("parts").and_then(Value::as_array);
            let parts = parts.map(Vec::as_slice).unwrap_or_default();
            let fee = |part: &Value| part.get("feesPaid").and_then(Value::as_u64);
            let fees: Option<Vec<u64>> = parts.iter().map(fee).collect();
            let fee = fees.filter(|fees| !fees.is_empty());
            let fee = fee.and_then(|fees| fees.into_iter().try_fold(0u64, u64::checked_add));
            settlement_of(hash, preimage, fee).map_or(Outcome::Unknown, Outcome::Settled)
        }
        (Some("payment-failed"), ..) => Outcome::Failed(match json.get("failures") {
            Some(failures) if failures.to_string().contains("route not found") => {
                FailureReason::NoRoute
            }
            _ => FailureReason::RetriesExhausted,
        }),
        _ => Outcome::Unknown,
    }
}

/// Why it gave up before there was a payment; nothing, if only its answer did not come in time.
fn gave_up(error: &str) -> Option<FailureReason> {
    let error = error.to_ascii_lowercase();
    match error.as_str() {
        text if text.contains("timed out") || text.contains("in time") => None,
        text if text.contains("invoice") && !text.contains("invalid") => {
            Some(FailureReason::NoInvoice)
        }
        text if text.contains("invalid") => Some(FailureReason::InvoiceRefused),
        text if text.contains("expired") => Some(FailureReason::Expired),
        text if text.contains("feature") => Some(FailureReason::UnknownFeature),
        _ => Some(FailureReason::Unexplained),
    }
}

fn is_named(part: &Value, id: &PaymentId) -> bool {
    part.get("externalId").and_then(Value::as_str) == Some(&id.0)
}

/// Whether a part may be of the payment that is looked for, by a name of ours that nobody else's payment has.
fn may_be(part: &Value, trace: &Trace) -> bool {
    let name = part.get("externalId").and_then(Value::as_str);
    let is_ours = name.is_some_and(|name| hex::decode(name).is_ok_and(|id| id.len() == ID_LENGTH));
    let is_others = trace.others.iter().any(|id| Some(id.0.as_str()) == name);
    let amount = part.get("recipientAmount").and_then(Value::as_u64);
    is_ours && !is_others && amount == Some(trace.amount.msat())
}

/// A limit in whole satoshis, never more than was meant.
fn whole_sat(limit: Amount) -> u64 {
    limit.msat().checked_div(1000).unwrap_or_default()
}

fn new_id() -> Result<PaymentId, NodeError> {
    let mut random = [0; ID_LENGTH];
    getrandom::fill(&mut random)
        .map_err(|error| NodeError::Setup(format!("the system gives no randomness: {error}")))?;
    Ok(PaymentId(hex::encode(random)))
}

/// Eclair's own words, `{"error": …}`, else the whole answer.
fn error_text(json: Option<&Value>, text: String) -> String {
    let said = json.and_then(|json| json.get("error")?.as_str());
    said.map_or(text, str::to_owned)
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
        hint: "it must be `eclair.api.password` of eclair.conf".to_owned(),
    }
}

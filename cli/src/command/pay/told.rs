//! What people and programs are told about a payment, before and after.

use payname_resolver::{
    Amount, Handle, Instructions, Method, UnixTime, Verified, instructions::PassedOver,
    proof::Opinion,
};
use serde_json::{Map, Value, json};

use super::recognise::Acquaintance;
use crate::{
    command::resolve::{method_json, quoted},
    exit::Exit,
    failure::Failure,
    judgement, name,
    node::{Network, NodeAddress, Outcome},
    payments::{Intent, NewIntent, Receipt, Store},
    report::{Report, fields},
    text,
};

/// A payment that could be made: everything is decided, nothing is done.
pub(super) struct Plan {
    pub(super) node: NodeAddress,
    pub(super) instructions: Instructions,
    pub(super) method: Verified<Method>,
    pub(super) payee: Acquaintance,
    pub(super) passed_over: Vec<PassedOver>,
    pub(super) amount: Amount,
    pub(super) max_fee: Amount,
    pub(super) note: Option<String>,
    pub(super) network: Network,
    pub(super) opinion: Opinion,
    pub(super) decided_at: UnixTime,
}

impl Plan {
    pub(super) fn handle(&self) -> &Handle {
        self.method.handle()
    }

    /// The plan for a person: the name alone and whole, then one fact a line.
    pub(super) fn text(&self) -> String {
        let method = self.method.value();
        let mut lines = vec![
            name::shown(self.handle()),
            format!(
                "proven    {}\nvalid     {}",
                judgement::opinion_text(self.opinion),
                judgement::window_text(self.method.window())
            ),
            format!(
                "pay with  {} {}",
                method.kind(),
                text::shorten(method.text())
            ),
            format!("amount    {}", self.amount),
            match self.node.capabilities().limits_fee {
                true => format!("fee       at most {}", self.max_fee),
                false => format!("fee       as {} chooses", self.node.name()),
            },
            self.payee.text(),
        ];
        if self.node != NodeAddress::Embedded {
            let looked_at = match self.node.capabilities().fetches_first {
                true => "; its invoice is compared with the proven offer before it is paid",
                false => "; what it pays for the proven offer is not seen before",
            };
            lines.push(format!("with      {}{looked_at}", self.node.name()));
        }
        let offer = match method {
            Method::Offer(offer) => offer.description(),
            _ => None,
        };
        let said = [
            self.instructions.label(),
            self.instructions.message(),
            offer.as_deref(),
        ];
        lines.extend(
            said.into_iter()
                .flatten()
                .map(|said| format!("says      {}", quoted(said))),
        );
        lines.extend(
            self.note
                .iter()
                .map(|note| format!("your note “{}”", text::escape(note))),
        );
        if self.network != Network::Bitcoin {
            lines.push(format!("network   {}", self.network));
        }
        lines.join("\n")
    }

    /// The plan alone, as `--dry-run` gives it.
    pub(super) fn report(&self) -> Report {
        let mut lines = vec![self.text()];
        lines.extend(self.passed_over.iter().map(|passed| {
            format!(
                "not used  {}: {}",
                text::escape(&passed.key),
                text::escape(&passed.reason.to_string())
            )
        }));
        lines.push("dry run: nothing was paid".to_owned());
        Report::new(lines.join("\n"), self.fields())
    }

    fn fields(&self) -> Map<String, Value> {
        fields(json!({
            "name": self.handle().to_string(),
            "readable": self.handle().readable().to_string(),
            "proven": true,
            "state": "planned",
            "uri": self.method.uri(),
            "valid_from": self.method.window().valid_from.0,
            "valid_until": self.method.window().valid_until.0,
            "method": method_json(self.method.value()),
            "payee": self.payee.to_json(),
            "passed_over": passed_over_json(&self.passed_over),
            "amount_msat": self.amount.msat(),
            "max_fee_msat": self.max_fee.msat(),
            "note": self.note,
            "network": self.network.as_str(),
            "node": self.node.name(),
            "second_opinion": judgement::opinion_code(self.opinion),
        }))
    }
}

pub(super) fn passed_over_json(passed_over: &[PassedOver]) -> Value {
    let each = passed_over.iter().map(|passed| {
        json!({
            "key": passed.key,
            "value": passed.text,
            "code": passed.reason.code(),
            "reason": passed.reason.to_string(),
        })
    });
    Value::Array(each.collect())
}

/// The outcome of a payment just made.
pub(super) fn outcome_report(
    store: &Store,
    meant: &NewIntent,
    outcome: &Outcome,
) -> Result<Report, Failure> {
    match outcome {
        Outcome::Unknown => Err(unknown(meant)),
        Outcome::Failed(reason) => {
            let message = format!("{} was not paid: {reason}", meant.handle);
            Err(Failure::new(Exit::PaymentFailed, reason.code(), message)
                .with_all(meant_json(meant, "failed")))
        }
        Outcome::Settled(settled) => {
            let mut document = meant_json(meant, "settled");
            document.extend(fields(json!({
                "payment_hash": settled.payment_hash,
                "preimage": settled.preimage,
                "fee_msat": settled.fee_msat,
            })));
            // Paid is paid, even if the receipt cannot be read back just now.
            if let Ok(Some(intent)) = store.intent(&meant.id) {
                let receipt = Receipt::of(&intent);
                document.insert("receipt".to_owned(), json!(receipt));
            }
            let text = format!(
                "paid      {}\nto        {}\nfee       {}\npreimage  {}\nreceipt   {}",
                meant.amount,
                meant.handle,
                fee_text(settled.fee_msat),
                settled.preimage,
                meant.id
            );
            Ok(Report::new(text, document))
        }
    }
}

/// A payment of which nobody knows what will become of it.
pub(super) fn unknown(meant: &NewIntent) -> Failure {
    let message = format!(
        "the payment of {} to {} may still settle: do not pay again; ask later with `payname pay --resume {}`",
        meant.amount, meant.handle, meant.id
    );
    Failure::new(Exit::PaymentUnknown, "payment_unknown", message)
        .with_all(meant_json(meant, "unknown"))
}

fn meant_json(meant: &NewIntent, state: &str) -> Map<String, Value> {
    fields(json!({
        "id": meant.id.as_str(),
        "name": meant.handle.to_string(),
        "state": state,
        "uri": meant.uri,
        "offer": meant.offer,
        "amount_msat": meant.amount.msat(),
        "note": meant.note,
        "network": meant.network,
        "intended_at": meant.intended_at.0,
    }))
}

/// A stored payment as data.
pub(in crate::command) fn intent_json(intent: &Intent) -> Value {
    let mut map = meant_json(&intent.meant, intent.state.as_str());
    map.extend(fields(json!({
        "failure": intent.failure,
        "ended_at": intent.ended_at.map(|time| time.0),
        "fee_msat": intent.settlement.as_ref().and_then(|settled| settled.fee_msat),
    })));
    Value::Object(map)
}

/// A stored payment in one line.
pub(in crate::command) fn intent_line(intent: &Intent) -> String {
    let meant = &intent.meant;
    let why = intent
        .failure
        .as_ref()
        .map(|code| format!(" ({code})"))
        .unwrap_or_default();
    format!(
        "{}  {}  {:<8} {:>16}  {}{why}",
        meant.id,
        meant.intended_at,
        intent.state.as_str(),
        meant.amount.to_string(),
        meant.handle
    )
}

/// A fee in millisatoshis, which may be nothing.
pub(in crate::command) fn fee_text(fee_msat: Option<u64>) -> String {
    match fee_msat.map(Amount::from_msat) {
        None => "not told by the node".to_owned(),
        Some(Ok(fee)) => fee.to_string(),
        Some(Err(_)) => "0 sat".to_owned(),
    }
}

//! Payments that were cut off: found, asked for, never repeated.

use std::time::Duration;

use payname_resolver::Handle;
use serde_json::{Value, json};

use super::{open, told};
use crate::{
    context::Context,
    exit::Exit,
    failure::Failure,
    node::{Node, Outcome},
    payments::{Intent, IntentId, Resolved, Run, RunError, Store},
    report::{Report, fields},
    time,
};

/// How long a payment to the same name may keep the next one waiting.
const BEFORE_PAYING: Duration = Duration::from_secs(170);
/// How long the node may take to catch up with the chain.
const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// `payname pay --resume [ID]`.
pub(super) fn run(context: &Context, id: &str, within: Duration) -> Result<Report, Failure> {
    let wanted: Option<IntentId> = match id {
        "" => None,
        id => Some(
            id.parse()
                .map_err(|error| Failure::usage("bad_id", error))?,
        ),
    };
    let folder = context.data_dir()?;
    let _lock = open::lock(&folder)?;
    let store = Store::open(&folder)?;
    let run = Run {
        store: &store,
        clock: &time::now,
    };
    if let Some(id) = &wanted
        && store.intent(id)?.is_none()
    {
        return Err(Failure::usage(
            "no_such_payment",
            format!("there is no payment {id}"),
        ));
    }
    let mut unfinished = run.unfinished()?;
    unfinished.retain(|intent| wanted.as_ref().is_none_or(|id| intent.meant.id == *id));
    let mut told = Vec::new();
    if !unfinished.is_empty() {
        let node = open::node(context)?;
        // Without channels or peers the outcome may still be known.
        let _ = node.wait_ready(READY_TIMEOUT);
        for intent in &unfinished {
            let resolved = match run.reconcile(node.as_ref(), intent, within) {
                // The others are asked for all the same.
                Err(error @ RunError::OtherNode { .. }) => {
                    context.warn(&error.to_string());
                    Resolved::Ended(Outcome::Unknown)
                }
                resolved => resolved?,
            };
            told.push((intent, resolved));
        }
    }
    report(&store, wanted.as_ref(), &told)
}

/// Resolves what is unfinished towards `handle` before it is paid again; gives back the node if it
/// had to be started.
///
/// # Errors
/// What became of an earlier payment is still unknown: paying now could be paying twice.
pub(super) fn before_paying(
    context: &Context,
    store: &Store,
    handle: &Handle,
) -> Result<Option<Box<dyn Node>>, Failure> {
    let run = Run {
        store,
        clock: &time::now,
    };
    let unfinished: Vec<Intent> = run
        .unfinished()?
        .into_iter()
        .filter(|intent| intent.meant.handle == *handle)
        .collect();
    if unfinished.is_empty() {
        return Ok(None);
    }
    context.warn(&format!(
        "an earlier payment to {handle} was cut off; asking what became of it"
    ));
    let node = open::node(context)?;
    let _ = node.wait_ready(READY_TIMEOUT);
    for intent in &unfinished {
        let id = &intent.meant.id;
        match run.reconcile(node.as_ref(), intent, BEFORE_PAYING)? {
            Resolved::NeverSent => context.warn(&format!("payment {id} was never sent")),
            Resolved::Ended(Outcome::Failed(reason)) => {
                context.warn(&format!("payment {id} failed: {reason}"));
            }
            Resolved::Ended(Outcome::Settled(_)) => {
                let message = format!(
                    "an earlier payment of {} to {handle} had settled after all (receipt {id}); pay again if that is what you want",
                    intent.meant.amount
                );
                return Err(Failure::new(Exit::NotConfirmed, "already_paid", message)
                    .with("id", id.as_str()));
            }
            Resolved::Ended(Outcome::Unknown) => return Err(told::unknown(&intent.meant)),
        }
    }
    Ok(Some(node))
}

fn report(
    store: &Store,
    wanted: Option<&IntentId>,
    told: &[(&Intent, Resolved)],
) -> Result<Report, Failure> {
    let mut payments: Vec<Value> = Vec::new();
    let mut lines = Vec::new();
    let ids: Vec<&IntentId> = match wanted {
        Some(id) => vec![id],
        None => told.iter().map(|(intent, _)| &intent.meant.id).collect(),
    };
    for id in ids {
        if let Some(intent) = store.intent(id)? {
            lines.push(told::intent_line(&intent));
            payments.push(told::intent_json(&intent));
        }
    }
    if lines.is_empty() {
        lines.push("no payment is unfinished".to_owned());
    }
    let is_unknown = |resolved: &Resolved| matches!(resolved, Resolved::Ended(Outcome::Unknown));
    let exit = match told.iter().any(|(_, resolved)| is_unknown(resolved)) {
        true => Exit::PaymentUnknown,
        false => Exit::Ok,
    };
    Ok(Report::new(lines.join("\n"), fields(json!({ "payments": payments }))).ending(exit))
}

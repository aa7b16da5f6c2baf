//! `payname resolve`: what a proven name says to pay.

use clap_complete::engine::ArgValueCandidates;
use std::io::{self, BufRead};

use payname_resolver::{Amount, Instructions, Method, Payee, Verified};
use serde_json::{Map, Value, json};

use super::unproven::{self, Unproven};
use crate::{
    command::completions,
    context::Context,
    exit::Exit,
    failure::Failure,
    judgement,
    lookup::{Lookup, Proven},
    name::{self, NameError, Named},
    report::{self, Report, fields},
    text, time,
};

/// Arguments of `resolve`.
#[derive(Debug, clap::Args)]
pub struct Resolve {
    /// The name, such as ₿alice@example.com, or a contact; - reads names from standard input, one a
    /// line, and writes a JSON document on a line for each
    #[arg(value_parser = asked, add = ArgValueCandidates::new(completions::contacts))]
    pub name: Asked,
    /// Whether to go on without a proof.
    #[command(flatten)]
    pub unproven: Unproven,
}

/// What is to be resolved.
#[derive(Debug, Clone)]
pub enum Asked {
    /// One name.
    One(Named),
    /// The names on standard input.
    Each,
}

fn asked(text: &str) -> Result<Asked, NameError> {
    match text {
        "-" => Ok(Asked::Each),
        text => name::named(text).map(Asked::One),
    }
}

impl Resolve {
    /// Runs the command.
    ///
    /// # Errors
    /// The network fails, or the name is not proven or breaks BIP-353.
    pub fn run(self, context: &Context) -> Result<Report, Failure> {
        match &self.name {
            Asked::One(named) => self.one(context, &named.payee(context)?),
            Asked::Each => self.each(context, io::stdin().lock()),
        }
    }

    /// A document for each line, in their order; how the first failure ends is how the process does.
    fn each(&self, context: &Context, input: impl BufRead) -> Result<Report, Failure> {
        let mut exit = Exit::Ok;
        for line in input.lines() {
            let line = line.map_err(|error| Failure::usage("unreadable_input", error))?;
            let word = line.trim();
            if word.is_empty() || word.starts_with('#') {
                continue;
            }
            let named = name::named(word).map_err(|error| Failure::usage("usage", error));
            let found = named
                .and_then(|named| named.payee(context))
                .and_then(|payee| self.one(context, &payee));
            let (ended, document) = match found {
                Ok(report) => (report.exit, Value::Object(report.fields)),
                Err(failure) => (failure.exit, failure.to_json()),
            };
            let Value::Object(mut document) = document else {
                continue;
            };
            document.insert("input".to_owned(), word.into());
            report::line(&Value::Object(document))
                .map_err(|error| Failure::unexpected("stdout", error))?;
            if exit == Exit::Ok {
                exit = ended;
            }
        }
        Ok(Report::silent().ending(exit))
    }

    fn one(&self, context: &Context, payee: &Payee) -> Result<Report, Failure> {
        let handle = payee.handle();
        let lookup = Lookup::ask(context, handle, time::now())?;
        let proven = match lookup.proven() {
            Ok(proven) => proven,
            Err(failure) => {
                let downgrade = self.unproven.downgrade(payee, lookup.refusal(), failure)?;
                return unproven::ask(context, downgrade);
            }
        };
        let text = [
            name::shown(handle),
            format!("proven    {}", judgement::opinion_text(proven.opinion)),
            instructions_text(proven.instructions.value()),
        ];
        Ok(Report::new(text.join("\n"), proven_json(&proven)))
    }
}

/// A proven name as the fields of a JSON document.
pub(super) fn proven_json(proven: &Proven) -> Map<String, Value> {
    let Proven {
        instructions: proven,
        opinion,
    } = proven;
    let mut map = fields(json!({
        "name": proven.handle().to_string(),
        "readable": proven.handle().readable().to_string(),
        "proven": true,
        "outcome": "secure",
        "second_opinion": judgement::opinion_code(*opinion),
        "valid_from": proven.window().valid_from.0,
        "valid_until": proven.window().valid_until.0,
        "cache_ttl": proven.cache_ttl(),
    }));
    map.extend(instructions_json(proven.value()));
    map
}

/// The lines that tell how long a proof holds.
pub(super) fn proven_text(proven: &Verified<Instructions>) -> String {
    format!(
        "valid     {}\nkeep for  {} s",
        judgement::window_text(proven.window()),
        proven.cache_ttl()
    )
}

/// A URI's parts as the fields of a JSON document.
pub(super) fn instructions_json(instructions: &Instructions) -> Map<String, Value> {
    let methods: Vec<Value> = instructions.methods().iter().map(method_json).collect();
    let rejected = instructions.rejected().iter().map(|method| {
        json!({
            "key": method.key,
            "value": method.value,
            "reason": method.reason.to_string(),
        })
    });
    let unknown = instructions.unknown().iter();
    let unknown = unknown.map(|parameter| json!({"key": parameter.key, "value": parameter.value}));
    let pop = instructions.proof_of_payment();
    fields(json!({
        "uri": instructions.uri(),
        "methods": methods,
        "rejected": rejected.collect::<Vec<_>>(),
        "unknown": unknown.collect::<Vec<_>>(),
        "amount_msat": instructions.amount().map(Amount::msat),
        "label": instructions.label(),
        "message": instructions.message(),
        "proof_of_payment": pop.map(|pop| json!({
            "uri": pop.text(),
            "required": pop.is_required(),
            "may_be_opened": pop.may_be_opened(),
        })),
    }))
}

/// A payment method as JSON.
pub(super) fn method_json(method: &Method) -> Value {
    let limits = method.limits();
    let offer = match method {
        Method::Offer(offer) => Some(json!({
            "description": offer.description(),
            "issuer": offer.issuer(),
            "amount_msat": offer.amount().map(Amount::msat),
            "currency": offer.currency(),
        })),
        _ => None,
    };
    json!({
        "kind": method.kind().code(),
        "key": method.key(),
        "value": method.text(),
        "minimum_msat": limits.minimum().map(Amount::msat),
        "maximum_msat": limits.maximum().map(Amount::msat),
        "expires_at": method.expires_at().map(|time| time.0),
        "offer": offer,
    })
}

/// A URI's parts for people, one a line; what a stranger wrote is escaped and marked.
pub(super) fn instructions_text(instructions: &Instructions) -> String {
    let mut lines = vec![format!("uri       {}", text::escape(instructions.uri()))];
    for method in instructions.methods() {
        lines.push(format!(
            "pay with  {} {}",
            method.kind(),
            text::shorten(method.text())
        ));
        if let Method::Offer(offer) = method {
            let said = [
                ("description", offer.description()),
                ("issuer", offer.issuer()),
            ];
            for (what, said) in said {
                lines.extend(said.map(|said| format!("          {what}: {}", quoted(&said))));
            }
        }
        if let Some(expiry) = method.expires_at() {
            lines.push(format!("          expires {expiry}"));
        }
    }
    lines.extend(instructions.rejected().iter().map(|method| {
        let key = text::escape(&method.key);
        format!(
            "unusable  {key}: {}",
            text::escape(&method.reason.to_string())
        )
    }));
    lines.extend(
        instructions
            .amount()
            .map(|amount| format!("amount    {amount}")),
    );
    let said = [
        ("label", instructions.label()),
        ("message", instructions.message()),
    ];
    for (what, said) in said {
        lines.extend(said.map(|said| format!("{what:<9} {}", quoted(said))));
    }
    lines.join("\n")
}

/// A recipient's own words.
pub(super) fn quoted(words: &str) -> String {
    format!("“{}” (the recipient's words)", text::excerpt(words, 200))
}

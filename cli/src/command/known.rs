//! `payname known`: the payees that are recognised by their keys, as ssh knows hosts.

use clap_complete::engine::ArgValueCandidates;
use payname_resolver::{Handle, known::KnownPayee};
use serde_json::{Value, json};

use crate::{
    command::completions,
    context::Context,
    failure::Failure,
    known::KnownPayees,
    name::{self, Named},
    report::{Report, fields},
};

/// What can be done with known payees.
#[derive(Debug, clap::Subcommand)]
pub enum Known {
    /// List all of them
    List,
    /// Show the keys of one
    Show(One),
    /// Forget one, so that it is met anew with the next payment
    Forget(One),
}

/// One of them.
#[derive(Debug, clap::Args)]
pub struct One {
    /// The name, such as ₿alice@example.com, or a contact
    #[arg(value_parser = name::named, add = ArgValueCandidates::new(completions::contacts))]
    pub name: Named,
}

impl Known {
    /// Runs the command.
    ///
    /// # Errors
    /// The file cannot be used, or there is no such payee.
    pub fn run(self, context: &Context) -> Result<Report, Failure> {
        let known = KnownPayees::of(&context.data_dir()?);
        match self {
            Self::List => {
                let all = known.all()?;
                let lines: Vec<_> = all
                    .iter()
                    .map(|(handle, payee)| line(handle, payee))
                    .collect();
                let text = match lines.is_empty() {
                    true => "nobody was paid yet".to_owned(),
                    false => lines.join("\n"),
                };
                let all: Vec<_> = all
                    .iter()
                    .map(|(handle, payee)| to_json(handle, payee))
                    .collect();
                Ok(Report::new(text, fields(json!({ "payees": all }))))
            }
            Self::Show(one) => {
                let handle = one.name.payee(context)?.into_handle();
                let payee = known.find(&handle)?.ok_or_else(|| unknown(&handle))?;
                let mut lines = vec![
                    name::shown(&handle),
                    format!("met       {}", payee.first_seen),
                    format!("keys of   {}", payee.keys_since),
                    format!("last seen {}", payee.last_seen),
                ];
                lines.extend(
                    payee
                        .pins
                        .iter()
                        .map(|pin| format!("key       {} {}", pin.kind, pin.key)),
                );
                if payee.pins.is_empty() {
                    lines.push("key       none: addresses and blinded paths change, and are not remembered".to_owned());
                }
                lines.extend(payee.zone_keys.iter().map(|key| format!("zone key  {key}")));
                Ok(Report::new(
                    lines.join("\n"),
                    fields(to_json(&handle, &payee)),
                ))
            }
            Self::Forget(one) => {
                let handle = one.name.payee(context)?.into_handle();
                let mut payee = None;
                known.change(&handle, |before| {
                    payee = before;
                    None
                })?;
                let payee = payee.ok_or_else(|| unknown(&handle))?;
                let text = format!("{handle} is forgotten, and met anew with the next payment");
                Ok(Report::new(text, fields(to_json(&handle, &payee))))
            }
        }
    }
}

fn unknown(handle: &Handle) -> Failure {
    let message =
        format!("{handle} is not known; whoever was paid is listed by `payname known list`");
    Failure::usage("not_known", message).with("name", handle.to_string())
}

fn line(handle: &Handle, payee: &KnownPayee) -> String {
    let by = match payee.pins.len() {
        0 => "no key".to_owned(),
        1 => "1 key".to_owned(),
        count => format!("{count} keys"),
    };
    format!(
        "{handle}  since {}, last seen {}, {by}",
        payee.first_seen, payee.last_seen
    )
}

fn to_json(handle: &Handle, payee: &KnownPayee) -> Value {
    let pins = payee
        .pins
        .iter()
        .map(|pin| json!({ "kind": pin.kind.code(), "key": pin.key }));
    json!({
        "name": handle.to_string(),
        "keys": pins.collect::<Vec<_>>(),
        "zone_keys": payee.zone_keys,
        "first_seen": payee.first_seen.0,
        "keys_since": payee.keys_since.0,
        "last_seen": payee.last_seen.0,
    })
}

//! `payname watch`: a name looked up again and again, and a line whenever something is other than before.

use clap_complete::engine::ArgValueCandidates;
use std::{collections::BTreeSet, thread, time::Duration};

use payname_resolver::{
    Handle, UnixTime,
    known::{Identity, Pin},
};
use serde_json::{Value, json};

use crate::{
    command::completions,
    context::Context,
    exit::Exit,
    failure::Failure,
    interrupt,
    lookup::Lookup,
    name::{self, Named},
    report::{self, Report, fields},
    text, time,
};

/// How often it is seen whether the process is to end.
const PAUSE: Duration = Duration::from_millis(100);

/// Arguments of `watch`.
#[derive(Debug, clap::Args)]
pub struct Watch {
    /// The name, such as ₿alice@example.com, or a contact
    #[arg(value_parser = name::named, add = ArgValueCandidates::new(completions::contacts))]
    pub name: Named,
    /// How often to look
    #[arg(
        long,
        env = "PAYNAME_INTERVAL",
        value_name = "SECONDS",
        default_value_t = 300
    )]
    pub interval: u64,
    /// End after so many looks [default: when interrupted]
    #[arg(long, env = "PAYNAME_LOOKS", value_name = "COUNT")]
    pub looks: Option<u64>,
}

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// It is proven to say this.
    Proven {
        uri: String,
        pins: BTreeSet<Pin>,
        zone_keys: BTreeSet<String>,
        valid_until: UnixTime,
    },
    /// It is not; the stable name of why, and a sentence.
    Refused(&'static str, String),
}

impl Watch {
    /// Runs the command. Each change is a line (with `--json`, a document on one line) as it is seen.
    ///
    /// # Errors
    /// There is no such contact. A name that is not proven is a state like any other.
    pub fn run(self, context: &Context) -> Result<Report, Failure> {
        let payee = self.name.payee(context)?;
        let handle = payee.handle();
        interrupt::watch();
        let mut last: Option<State> = None;
        let (mut looks, mut changes) = (0_u64, 0_u64);
        loop {
            let state = State::of(context, handle)?;
            looks = looks.saturating_add(1);
            if last.as_ref().is_none_or(|last| !last.says_the_same(&state)) {
                if last.is_some() {
                    changes = changes.saturating_add(1);
                }
                let (line, document) = state.told(handle, last.as_ref(), time::now());
                let written = match context.global.json {
                    true => report::line(&document),
                    false => report::text_line(&line),
                };
                written.map_err(|error| Failure::unexpected("stdout", error))?;
            }
            last = Some(state);
            if self.looks.is_some_and(|wanted| looks >= wanted) || self.rest() {
                break;
            }
        }
        let document = json!({ "name": handle.to_string(), "event": "end", "looks": looks, "changes": changes });
        Ok(Report::new(
            format!("{looks} looks, {changes} changes"),
            fields(document),
        )
        .on_one_line())
    }

    /// Waits for the next look; whether the process is to end instead.
    fn rest(&self) -> bool {
        let rounds = self.interval.saturating_mul(10);
        for _ in 0..rounds {
            if interrupt::is_requested() {
                return true;
            }
            thread::sleep(PAUSE);
        }
        interrupt::is_requested()
    }
}

impl State {
    fn of(context: &Context, handle: &Handle) -> Result<Self, Failure> {
        let looked = Lookup::ask(context, handle, time::now()).and_then(|lookup| lookup.proven());
        match looked {
            Ok(proven) => {
                let Identity { pins, zone_keys } = Identity::of(&proven.instructions);
                Ok(Self::Proven {
                    uri: proven.instructions.uri().to_owned(),
                    pins,
                    zone_keys,
                    valid_until: proven.instructions.window().valid_until,
                })
            }
            // A mistake in the options does not go away by itself.
            Err(failure) if failure.exit == Exit::Usage => Err(failure),
            Err(failure) => Ok(Self::Refused(failure.code, failure.message)),
        }
    }

    /// Whether there is nothing to tell. Windows move with every signing, which is as it should be.
    fn says_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Proven { uri, zone_keys, .. },
                Self::Proven {
                    uri: other_uri,
                    zone_keys: other_keys,
                    ..
                },
            ) => uri == other_uri && zone_keys == other_keys,
            (Self::Refused(code, _), Self::Refused(other, _)) => code == other,
            _ => false,
        }
    }

    fn told(&self, handle: &Handle, last: Option<&Self>, now: UnixTime) -> (String, Value) {
        let mut what = Vec::new();
        if let (
            Self::Proven {
                uri,
                pins,
                zone_keys,
                ..
            },
            Some(Self::Proven {
                uri: old_uri,
                pins: old_pins,
                zone_keys: old_keys,
                ..
            }),
        ) = (self, last)
        {
            let changed = [
                (uri != old_uri, "record"),
                (pins != old_pins, "keys"),
                (zone_keys != old_keys, "zone_keys"),
            ];
            what.extend(
                changed
                    .into_iter()
                    .filter(|(is, _)| *is)
                    .map(|(_, what)| what),
            );
        } else if last.is_some() {
            what.push("state");
        }
        let event = if last.is_some() { "change" } else { "begin" };
        let changed = if what.is_empty() {
            String::new()
        } else {
            format!(" ({} changed)", what.join(", "))
        };
        match self {
            Self::Proven {
                uri, valid_until, ..
            } => (
                format!(
                    "{now}  {handle}  proven until {valid_until}: {}{changed}",
                    text::shorten(uri)
                ),
                json!({ "event": event, "at": now.0, "name": handle.to_string(), "proven": true, "uri": uri, "valid_until": valid_until.0, "changed": what, "code": null }),
            ),
            Self::Refused(code, message) => (
                format!("{now}  {handle}  {}{changed}", text::escape(message)),
                json!({ "event": event, "at": now.0, "name": handle.to_string(), "proven": false, "uri": null, "valid_until": null, "changed": what, "code": code }),
            ),
        }
    }
}

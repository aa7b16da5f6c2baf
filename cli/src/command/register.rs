//! `payname register`: a name claimed at a server, and waited for until a stranger can prove it.

use std::fmt::Display;

use payname_api::{HandleStatus, State};
use payname_resolver::{Handle, Instructions, UnixTime, lightning::offers::offer::Offer};

use super::registrar::{Change, Registrar, status_json};
use super::uri::build::offer;
use crate::{
    context::Context,
    exit::Exit,
    failure::Failure,
    name,
    report::{Report, fields},
    text,
};

/// Arguments of `register`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub struct Register {
    /// The name to claim, such as ₿alice@example.com
    #[arg(value_name = "NAME", value_parser = name::handle)]
    pub handle: Handle,
    /// What it shall pay: a BOLT 12 offer
    #[arg(
        long,
        env = "PAYNAME_OFFER",
        value_name = "lno1…",
        group = "what",
        value_parser = offer
    )]
    pub offer: Option<Offer>,
    /// What it shall pay: a whole bitcoin: URI, as `payname uri build` makes it
    #[arg(long, env = "PAYNAME_URI", value_name = "URI", group = "what")]
    pub uri: Option<String>,
    /// The code of an invite, for a new name of a domain that asks for one
    #[arg(long, env = "PAYNAME_INVITE", value_name = "CODE")]
    pub invite: Option<String>,
    /// Where, by whom, and for how long to wait.
    #[command(flatten)]
    pub registrar: Registrar,
}

impl Register {
    /// Runs the command.
    ///
    /// # Errors
    /// What was to be published cannot be paid, the server cannot be reached or refuses, or it was
    /// not published in time.
    pub fn run(self, context: &Context) -> Result<Report, Failure> {
        let uri = self.checked_uri()?;
        let change = Change::Publish(&uri, self.invite.as_deref());
        let status = self.registrar.change(context, &self.handle, &change)?;
        let is_there = matches!(status.state, State::Published | State::Awaiting);
        let is_late = self.registrar.wait > 0 && !is_there;
        finish(&self.handle, &status, is_late)
    }

    /// The URI to publish, read by the same rules as those who will pay it.
    fn checked_uri(&self) -> Result<String, Failure> {
        let wrong = |error: &dyn Display| {
            Failure::usage("bad_uri", format!("cannot publish this: {error}"))
        };
        let instructions = match (&self.offer, &self.uri) {
            (Some(offer), _) => Instructions::builder()
                .offer(offer)
                .build()
                .map_err(|error| wrong(&error))?,
            (None, Some(uri)) => Instructions::parse(uri).map_err(|error| wrong(&error))?,
            (None, None) => return Err(wrong(&"nothing is named")),
        };
        match instructions.rejected().first() {
            Some(bad) => Err(wrong(&format!("`{}`: {}", bad.key, bad.reason))),
            None => Ok(instructions.uri().to_owned()),
        }
    }
}

fn finish(handle: &Handle, status: &HandleStatus, is_late: bool) -> Result<Report, Failure> {
    let fields = fields(status_json(status));
    if is_late {
        let cause = status.error.as_deref().unwrap_or("no error was reported");
        let message = format!(
            "{handle} is committed but not published yet ({}); the server goes on trying",
            text::escape(cause)
        );
        return Err(Failure::new(Exit::Network, "not_published_yet", message).with_all(fields));
    }
    if status.state == State::Awaiting {
        return Ok(Report::new(reserved(handle, status), fields));
    }
    let strings: Vec<String> = status
        .txt
        .iter()
        .map(|string| format!("\"{}\"", text::escape(string)))
        .collect();
    let state = match status.state {
        State::Published => "published: its record has been proven from DNS",
        _ => "committed; it will be published",
    };
    let text = format!(
        "{handle} is {state}\nowner     {}\nrecord    {} TXT {}",
        text::escape(&status.owner),
        text::escape(&status.owner_name),
        strings.join(" ")
    );
    Ok(Report::new(text, fields))
}

/// What is told of a name that is given only once something is so.
fn reserved(handle: &Handle, status: &HandleStatus) -> String {
    let private = status.private.as_ref();
    let awaits = private.and_then(|private| private.awaits.as_ref());
    let why = awaits.map_or("it waits", |awaits| awaits.text.as_str());
    let until = awaits.map_or(0, |awaits| awaits.until);
    format!(
        "{handle} is reserved for this key until {} and not published yet: {}",
        UnixTime(until),
        text::escape(why)
    )
}

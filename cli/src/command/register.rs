//! `payname register`: a name claimed at a server, and waited for until a stranger can prove it.

use payname_api::{HandleStatus, State};
use payname_resolver::{Handle, Instructions};

use super::registrar::{Change, Registrar, status_json};
use crate::{
    context::Context,
    exit::Exit,
    failure::Failure,
    report::{Report, fields},
    text,
};

/// Arguments of `register`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub struct Register {
    /// The name to claim, such as ₿alice@example.com
    pub handle: Handle,
    /// What it shall pay: a BOLT 12 offer
    #[arg(long, env = "PAYNAME_OFFER", value_name = "lno1…", group = "what")]
    pub offer: Option<String>,
    /// What it shall pay: a whole bitcoin: URI
    #[arg(long, env = "PAYNAME_URI", value_name = "URI", group = "what")]
    pub uri: Option<String>,
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
        let change = Change::Publish(&uri);
        let status = self.registrar.change(context, &self.handle, &change)?;
        let is_late = self.registrar.wait > 0 && status.state != State::Published;
        finish(&self.handle, &status, is_late)
    }

    /// The URI to publish, read by the same rules as those who will pay it.
    fn checked_uri(&self) -> Result<String, Failure> {
        let uri = match (&self.offer, &self.uri) {
            (Some(offer), _) => format!("bitcoin:?lno={offer}"),
            (None, Some(uri)) => uri.clone(),
            (None, None) => String::new(),
        };
        let wrong = |message: String| Failure::usage("bad_uri", message).with("uri", uri.as_str());
        let instructions = Instructions::parse(&uri)
            .map_err(|error| wrong(format!("cannot publish this: {error}")))?;
        match instructions.rejected().first() {
            Some(bad) => Err(wrong(format!(
                "cannot publish this: `{}`: {}",
                bad.key, bad.reason
            ))),
            None => Ok(uri),
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

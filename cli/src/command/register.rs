//! `payname register`: a name claimed at a server, and waited for until a stranger can prove it.

use std::{path::PathBuf, time::Duration};

use payname_api::{HandleStatus, State};
use payname_resolver::{Handle, Instructions};
use serde_json::{Value, json};
use url::Url;

use crate::{
    context::Context,
    exit::Exit,
    failure::Failure,
    http::Server,
    keys,
    report::{Report, fields},
    text,
};

/// How often the server is asked how far it is.
const POLL: Duration = Duration::from_millis(250);

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
    /// The server's public URL
    #[arg(long, env = "PAYNAME_SERVER", value_name = "URL")]
    pub server: Url,
    /// The key that owns the name [default: keys/owner.key in the data folder]
    #[arg(long, env = "PAYNAME_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// How long to wait until it is published; 0 returns once it is committed
    #[arg(
        long,
        env = "PAYNAME_WAIT",
        value_name = "SECONDS",
        default_value_t = 60
    )]
    pub wait: u64,
}

impl Register {
    /// Runs the command.
    ///
    /// # Errors
    /// What was to be published cannot be paid, the server cannot be reached or refuses, or it was
    /// not published in time.
    pub fn run(self, context: &Context) -> Result<Report, Failure> {
        let uri = self.checked_uri()?;
        let key = keys::load(context, self.key.as_deref())?;
        let server = Server::new(self.server.clone())?;
        let wait = Duration::from_secs(self.wait);
        let status = context.block_on(async {
            let status = server.put(&self.handle, &uri, &key).await?;
            context.progress(&format!(
                "{} is committed; waiting until it is published",
                self.handle
            ));
            wait_for(&server, &self.handle, status, wait, |state| {
                state == State::Published
            })
            .await
        })??;
        finish(
            &self.handle,
            &status,
            self.wait > 0 && status.state != State::Published,
        )
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

/// Asks the server until the name's state is `good`, or time is up; the last status either way.
pub(super) async fn wait_for(
    server: &Server,
    handle: &Handle,
    mut status: HandleStatus,
    wait: Duration,
    good: impl Fn(State) -> bool,
) -> Result<HandleStatus, Failure> {
    let waited = tokio::time::timeout(wait, async {
        while !good(status.state) {
            tokio::time::sleep(POLL).await;
            // A server that restarts meanwhile is asked again; it has committed.
            if let Ok(newer) = server.status(handle).await {
                status = newer;
            }
        }
    });
    // Time being up is told by the status itself.
    let _ = waited.await;
    Ok(status)
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

/// The server's answer, as data; everything in it is the server's word.
pub(super) fn status_json(status: &HandleStatus) -> Value {
    serde_json::to_value(status).unwrap_or_else(|_| json!({}))
}

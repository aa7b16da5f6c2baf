//! `payname unregister`: a name taken out of DNS.

use std::{path::PathBuf, time::Duration};

use payname_api::State;
use payname_resolver::Handle;
use url::Url;

use super::register::{status_json, wait_for};
use crate::{
    context::Context,
    failure::Failure,
    http::Server,
    keys,
    report::{Report, fields},
};

/// Arguments of `unregister`.
#[derive(Debug, clap::Args)]
pub struct Unregister {
    /// The name to remove, such as ₿alice@example.com
    pub handle: Handle,
    /// The server's public URL
    #[arg(long, env = "PAYNAME_SERVER", value_name = "URL")]
    pub server: Url,
    /// The key that owns the name [default: keys/owner.key in the data folder]
    #[arg(long, env = "PAYNAME_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// How long to wait until its absence is proven; 0 returns once it is committed
    #[arg(
        long,
        env = "PAYNAME_WAIT",
        value_name = "SECONDS",
        default_value_t = 60
    )]
    pub wait: u64,
}

impl Unregister {
    /// Runs the command.
    ///
    /// # Errors
    /// The server cannot be reached or refuses.
    pub fn run(self, context: &Context) -> Result<Report, Failure> {
        let key = keys::load(context, self.key.as_deref())?;
        let server = Server::new(self.server.clone())?;
        let wait = Duration::from_secs(self.wait);
        let status = context.block_on(async {
            let status = server.delete(&self.handle, &key).await?;
            wait_for(&server, &self.handle, status, wait, |state| {
                state == State::Removed
            })
            .await
        })??;
        let text = match status.state {
            State::Removed => format!("{} is gone: DNS proves that it does not exist", self.handle),
            _ => format!(
                "{} is being removed; resolvers may remember it for its TTL",
                self.handle
            ),
        };
        Ok(Report::new(text, fields(status_json(&status))))
    }
}

//! What `register` and the other commands of owners have in common: a server, the owner's key, and patience.

use std::{path::PathBuf, time::Duration};

use payname_api::{HandleStatus, State};
use payname_resolver::Handle;
use serde_json::{Value, json};
use url::Url;

use crate::{
    context::Context,
    failure::Failure,
    http::Server,
    keys::{self, OwnerKey},
};

/// How often the server is asked how far it is.
const POLL: Duration = Duration::from_millis(250);

/// Where names are registered, by whom, and how long to wait for it.
#[derive(Debug, clap::Args)]
pub struct Registrar {
    /// The server's public URL
    #[arg(
        long,
        env = "PAYNAME_SERVER",
        value_name = "URL",
        hide_env_values = true
    )]
    pub server: Url,
    /// The key that owns the name [default: keys/owner.key in the data folder]
    #[arg(long, env = "PAYNAME_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// How long to wait until DNS proves the change; 0 returns once it is committed
    #[arg(
        long,
        env = "PAYNAME_WAIT",
        value_name = "SECONDS",
        default_value_t = 60
    )]
    pub wait: u64,
}

/// What an owner asks of a server.
pub(super) enum Change<'a> {
    /// The name shall pay by this URI; with an invite where the domain asks for one.
    Publish(&'a str, Option<&'a str>),
    /// The name shall be gone.
    Remove,
    /// The name shall leave DNS and be hidden.
    Disable,
    /// The name shall come back.
    Enable,
    /// The end of the name shall be put off.
    Renew,
}

impl Registrar {
    /// Asks for a change and waits until it has come into effect, or time is up; the last status
    /// either way.
    ///
    /// # Errors
    /// There is no key, or the server cannot be reached or refuses.
    pub(super) fn change(
        &self,
        context: &Context,
        handle: &Handle,
        change: &Change<'_>,
    ) -> Result<HandleStatus, Failure> {
        let key = keys::load(context, self.key.as_deref())?;
        let server = Server::new(self.server.clone(), context.global.proxy.as_ref())?;
        context.block_on(async {
            let status = change.ask(&server, handle, &key).await?;
            context.progress(&format!(
                "{handle} is committed; waiting until DNS proves it"
            ));
            let goal = change.goal();
            Ok(self.wait_for(&server, handle, &key, status, goal).await)
        })?
    }

    async fn wait_for(
        &self,
        server: &Server,
        handle: &Handle,
        key: &OwnerKey,
        mut status: HandleStatus,
        goal: State,
    ) -> HandleStatus {
        let waited = tokio::time::timeout(Duration::from_secs(self.wait), async {
            // What waits for somebody's word may wait for days.
            while status.state != goal && status.state != State::Awaiting {
                tokio::time::sleep(POLL).await;
                // A server that restarts meanwhile is asked again; it has committed.
                // A disabled name is its owner's to see.
                let newer = match goal {
                    State::Disabled => server.own_status(handle, key).await,
                    _ => server.status(handle).await,
                };
                if let Ok(newer) = newer {
                    status = newer;
                }
            }
        });
        // Time being up is told by the status itself.
        let _ = waited.await;
        status
    }
}

impl Change<'_> {
    async fn ask(
        &self,
        server: &Server,
        handle: &Handle,
        key: &OwnerKey,
    ) -> Result<HandleStatus, Failure> {
        match self {
            Self::Publish(uri, invite) => server.put(handle, uri, *invite, key).await,
            Self::Remove => server.delete(handle, key).await,
            Self::Disable => server.post(handle, "disable", key).await,
            Self::Enable => server.post(handle, "enable", key).await,
            Self::Renew => server.post(handle, "renew", key).await,
        }
    }

    /// The state in which the change has come into effect.
    fn goal(&self) -> State {
        match self {
            Self::Publish(..) | Self::Enable | Self::Renew => State::Published,
            Self::Remove => State::Removed,
            Self::Disable => State::Disabled,
        }
    }
}

/// The server's answer, as data; everything in it is the server's word.
pub(super) fn status_json(status: &HandleStatus) -> Value {
    serde_json::to_value(status).unwrap_or_else(|_| json!({}))
}

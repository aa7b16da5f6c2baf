//! `payname transfer`: a name given to another key, which has to agree.
//!
//! Both keys sign the same request. Where they are on two machines, the new owner runs
//! `transfer --agree` first and hands over what it prints; it is good for a minute.

use std::path::PathBuf;

use nostr::{event::Event, key::PublicKey};
use payname_api::{AUTH_WINDOW_SECONDS, TransferHandle, paths};
use payname_resolver::Handle;
use serde_json::json;

use super::registrar::{Registrar, status_json};
use crate::{
    context::Context,
    failure::Failure,
    http::{Server, authorization, event_of},
    keys::{self, OwnerKey},
    name,
    report::{Report, fields},
    time,
};

/// Arguments of `transfer`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("how").required(true))]
pub struct Transfer {
    /// The name, such as ₿alice@example.com
    #[arg(value_name = "NAME", value_parser = name::handle)]
    pub handle: Handle,
    /// The new owner's key is in this file, such as when one replaces one's own key
    #[arg(long, env = "PAYNAME_TO_KEY", value_name = "FILE", group = "how")]
    pub to_key: Option<PathBuf>,
    /// What the new owner's `--agree` printed within the last minute
    #[arg(long, env = "PAYNAME_CONSENT", value_name = "TEXT", group = "how")]
    pub consent: Option<String>,
    /// Agree to become the owner: print the consent for the present one, signed by the key of this machine
    #[arg(long, env = "PAYNAME_AGREE", value_parser = crate::context::flag(), group = "how")]
    pub agree: bool,
    /// Where, by whom, and for how long to wait.
    #[command(flatten)]
    pub registrar: Registrar,
}

impl Transfer {
    /// Runs the command.
    ///
    /// # Errors
    /// A key or a consent cannot be used, or the server cannot be reached or refuses.
    pub fn run(self, context: &Context) -> Result<Report, Failure> {
        let key = keys::load(context, self.registrar.key.as_deref())?;
        if self.agree {
            let consent = authorization(&self.sign(&key, &key.public_hex())?);
            let document = json!({
                "name": self.handle.to_string(),
                "to": key.public_hex(),
                "consent": consent,
                "good_for_seconds": AUTH_WINDOW_SECONDS,
            });
            return Ok(Report::new(consent, fields(document)));
        }
        let consent = match (&self.to_key, &self.consent) {
            (Some(file), _) => {
                let new = OwnerKey::read(file)?;
                self.sign(&new, &new.public_hex())?
            }
            (None, Some(text)) => event_of(text).ok_or_else(|| {
                let message = "this is no consent; it is what the new owner's `payname transfer … --agree` prints";
                Failure::usage("bad_consent", message)
            })?,
            (None, None) => return Err(Failure::usage("usage", "name the new owner's key or consent")),
        };
        let to: PublicKey = consent.pubkey;
        let body = body(&to.to_hex())?;
        let server = Server::new(self.registrar.server.clone(), context.global.proxy.as_ref())?;
        let status = context.block_on(server.transfer(&self.handle, body, &key, &consent))??;
        let text = format!(
            "{} belongs to {} now; its record is as it was",
            self.handle,
            crate::text::escape(&status.owner)
        );
        Ok(Report::new(text, fields(status_json(&status))))
    }

    /// The request that both keys sign: the same method, URL and body.
    fn sign(&self, key: &OwnerKey, to: &str) -> Result<Event, Failure> {
        let path = paths::below(self.handle.domain(), self.handle.user(), "transfer");
        let url = paths::absolute(self.registrar.server.as_str(), &path);
        Ok(key.sign_request("POST", &url, Some(&body(to)?), &[], time::now())?)
    }
}

fn body(to: &str) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(&TransferHandle { to: to.to_owned() })
        .map_err(|error| Failure::unexpected("json", error))
}

//! `payname disable`, `enable` and `renew`: what an owner does with a name without changing what it pays.

use payname_api::State;
use payname_resolver::Handle;

use super::registrar::{Change, Registrar, status_json};
use crate::{
    context::Context,
    exit::Exit,
    failure::Failure,
    name,
    report::{Report, fields},
    text,
};

/// Arguments of `disable`, `enable` and `renew`.
#[derive(Debug, clap::Args)]
pub struct Owned {
    /// The name, such as ₿alice@example.com
    #[arg(value_name = "NAME", value_parser = name::handle)]
    pub handle: Handle,
    /// Where, by whom, and for how long to wait.
    #[command(flatten)]
    pub registrar: Registrar,
}

impl Owned {
    /// Takes the name out of DNS and hides it; all else stays.
    ///
    /// # Errors
    /// The server cannot be reached or refuses.
    pub fn disable(self, context: &Context) -> Result<Report, Failure> {
        let status = self
            .registrar
            .change(context, &self.handle, &Change::Disable)?;
        let handle = &self.handle;
        let text = match status.state {
            State::Disabled => format!("{handle} is disabled: DNS proves that it does not exist"),
            _ => format!("{handle} is being disabled; resolvers may remember it for its TTL"),
        };
        Ok(Report::new(text, fields(status_json(&status))))
    }

    /// Brings a disabled name back.
    ///
    /// # Errors
    /// The server cannot be reached or refuses, or the name was not published in time.
    pub fn enable(self, context: &Context) -> Result<Report, Failure> {
        self.bring_back(context, &Change::Enable, "enabled")
    }

    /// Puts off the end of a name.
    ///
    /// # Errors
    /// As [`Owned::enable`].
    pub fn renew(self, context: &Context) -> Result<Report, Failure> {
        self.bring_back(context, &Change::Renew, "renewed")
    }

    fn bring_back(
        &self,
        context: &Context,
        change: &Change<'_>,
        done: &str,
    ) -> Result<Report, Failure> {
        let status = self.registrar.change(context, &self.handle, change)?;
        let handle = &self.handle;
        let document = fields(status_json(&status));
        if self.registrar.wait > 0 && status.state != State::Published {
            let cause = status.error.as_deref().unwrap_or("no error was reported");
            let message = format!(
                "{handle} is {done} but not published yet ({}); the server goes on trying",
                text::escape(cause)
            );
            return Err(
                Failure::new(Exit::Network, "not_published_yet", message).with_all(document)
            );
        }
        let end = status
            .private
            .as_ref()
            .and_then(|private| private.expires_at);
        let until = end.map(|end| format!(", until {}", payname_resolver::UnixTime(end)));
        let text = format!("{handle} is {done}{}", until.unwrap_or_default());
        Ok(Report::new(text, document))
    }
}

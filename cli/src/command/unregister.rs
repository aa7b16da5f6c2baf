//! `payname unregister`: a name taken out of DNS.

use payname_api::State;
use payname_resolver::Handle;

use super::registrar::{Change, Registrar, status_json};
use crate::{
    context::Context,
    failure::Failure,
    name,
    report::{Report, fields},
};

/// Arguments of `unregister`.
#[derive(Debug, clap::Args)]
pub struct Unregister {
    /// The name to remove, such as ₿alice@example.com
    #[arg(value_name = "NAME", value_parser = name::handle)]
    pub handle: Handle,
    /// Where, by whom, and for how long to wait.
    #[command(flatten)]
    pub registrar: Registrar,
}

impl Unregister {
    /// Runs the command.
    ///
    /// # Errors
    /// The server cannot be reached or refuses.
    pub fn run(self, context: &Context) -> Result<Report, Failure> {
        let status = self
            .registrar
            .change(context, &self.handle, &Change::Remove)?;
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

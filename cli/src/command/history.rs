//! `payname history`: what was done to a name, by whom, and when.

use payname_api::HistoryStep;
use payname_resolver::{Handle, UnixTime};
use serde_json::json;

use super::registrar::Registrar;
use crate::{
    context::Context,
    failure::Failure,
    http::Server,
    keys, name,
    report::{Report, fields},
    text,
};

/// Arguments of `history`.
#[derive(Debug, clap::Args)]
pub struct History {
    /// The name, such as ₿alice@example.com
    #[arg(value_name = "NAME", value_parser = name::handle)]
    pub handle: Handle,
    /// Where, and by whom.
    #[command(flatten)]
    pub registrar: Registrar,
}

impl History {
    /// Runs the command.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses: the history is its owner's.
    pub fn run(self, context: &Context) -> Result<Report, Failure> {
        let key = keys::load(context, self.registrar.key.as_deref())?;
        let server = Server::new(self.registrar.server.clone(), context.global.proxy.as_ref())?;
        let steps = context.block_on(server.history(&self.handle, &key))??;
        let mut lines = vec![name::shown(&self.handle)];
        lines.extend(steps.iter().map(line));
        let document = json!({ "name": self.handle.to_string(), "steps": steps });
        Ok(Report::new(lines.join("\n"), fields(document)))
    }
}

/// A step in one line; what the server says of it is escaped.
fn line(step: &HistoryStep) -> String {
    let by = match (&step.signer, &step.operator) {
        (Some(key), _) => format!("by {}", text::shorten(key)),
        (None, Some(operator)) => format!("by the operator ({})", text::excerpt(operator, 40)),
        (None, None) => "by the server".to_owned(),
    };
    let owner = match &step.old_owner {
        Some(old) if *old != step.owner => format!(
            ", from {} to {}",
            text::shorten(old),
            text::shorten(&step.owner)
        ),
        _ => String::new(),
    };
    let uri = match (&step.old_uri, &step.uri) {
        (old, Some(new)) if old.as_ref() != Some(new) => {
            format!("\n          pays {}", text::shorten(new))
        }
        (Some(_), None) => "\n          pays nothing".to_owned(),
        _ => String::new(),
    };
    let at = UnixTime(step.at);
    let action = text::excerpt(&step.action, 20);
    format!("{:>4}  {at}  {action:<9} {by}{owner}{uri}", step.version)
}

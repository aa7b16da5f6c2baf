//! `payname config`: what the options of every command are, and where that comes from.

use serde_json::json;

use crate::{
    context::{Context, flag},
    failure::Failure,
    report::{Report, fields},
};

/// What can be done with the configuration.
#[derive(Debug, clap::Subcommand)]
pub enum Config {
    /// Show the options of every command as they are now
    Show(Show),
}

/// Arguments of `config show`.
#[derive(Debug, clap::Args)]
pub struct Show {
    /// Show where each value comes from, too
    #[arg(long, env = "PAYNAME_ORIGIN", value_parser = flag())]
    pub origin: bool,
}

impl Config {
    /// Runs the command.
    ///
    /// # Errors
    /// Never.
    pub fn run(self, context: &Context) -> Result<Report, Failure> {
        let Self::Show(show) = self;
        let lines = context.settings.iter().map(|setting| {
            let value = match setting.values.is_empty() {
                true => "-".to_owned(),
                false => setting.values.join(" "),
            };
            match show.origin {
                true => format!("{:<10} {value}  ({})", setting.name, setting.origin),
                false => format!("{:<10} {value}", setting.name),
            }
        });
        let lines: Vec<String> = lines.collect();
        let settings = context.settings.iter().map(|setting| {
            json!({ "name": setting.name, "values": setting.values, "origin": setting.origin })
        });
        let document = json!({
            "file": context.config_path.as_ref().map(|path| path.display().to_string()),
            "settings": settings.collect::<Vec<_>>(),
        });
        Ok(Report::new(lines.join("\n"), fields(document)))
    }
}

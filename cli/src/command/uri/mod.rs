//! `payname uri`: what a `bitcoin:` URI says, without proof.

use payname_resolver::Instructions;

use crate::{
    command::resolve::{instructions_json, instructions_text},
    context::Context,
    exit::Exit,
    failure::Failure,
    report::Report,
};

/// What can be done with payment URIs.
#[derive(Debug, clap::Subcommand)]
pub enum Uri {
    /// Read a bitcoin: URI (BIP-321) and show every part; proves nothing
    Parse(Parse),
}

/// Arguments of `uri parse`.
#[derive(Debug, clap::Args)]
pub struct Parse {
    /// The URI, such as bitcoin:?lno=lno1…
    pub uri: String,
}

impl Uri {
    /// Runs the command.
    ///
    /// # Errors
    /// The URI breaks BIP-321.
    pub fn run(self, _context: &Context) -> Result<Report, Failure> {
        let Self::Parse(Parse { uri }) = self;
        let instructions = Instructions::parse(&uri).map_err(|error| {
            Failure::new(Exit::BadRecord, "bad_uri", error).with("uri", uri.as_str())
        })?;
        Ok(Report::new(
            instructions_text(&instructions),
            instructions_json(&instructions),
        ))
    }
}

//! `payname uri`: `bitcoin:` URIs read and put together; nothing is proven.

pub(super) mod build;

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
    /// Put a bitcoin: URI together, fit for publishing under a name
    Build(Box<build::Build>),
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
    /// The URI breaks BIP-321, or cannot be put together.
    pub fn run(self, context: &Context) -> Result<Report, Failure> {
        match self {
            Self::Parse(parse) => parse.run(),
            Self::Build(build) => build.run(context),
        }
    }
}

impl Parse {
    fn run(self) -> Result<Report, Failure> {
        let instructions = Instructions::parse(&self.uri).map_err(|error| {
            Failure::new(Exit::BadRecord, "bad_uri", error).with("uri", self.uri.as_str())
        })?;
        Ok(Report::new(
            instructions_text(&instructions),
            instructions_json(&instructions),
        ))
    }
}

//! `payname verify`: whether and until when a name is proven, from DNS or from a saved proof.

use clap_complete::engine::ArgValueCandidates;
use std::{
    fs,
    path::{Path, PathBuf},
};

use payname_resolver::{Handle, Instructions, Proof, UnixTime, Verified};
use serde_json::json;

use super::resolve::{instructions_text, proven_json, proven_text};
use crate::{
    chain,
    command::completions,
    context::Context,
    exit::Exit,
    failure::Failure,
    input, judgement,
    lookup::Lookup,
    name::{self, Named},
    report::{Report, fields},
    time,
};

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// The name, such as ₿alice@example.com, or a contact
    #[arg(value_parser = name::named, add = ArgValueCandidates::new(completions::contacts))]
    pub name: Named,
    /// Check this saved proof (raw or hex; - is standard input) and open no socket
    #[arg(long, env = "PAYNAME_PROOF", value_name = "FILE")]
    pub proof: Option<PathBuf>,
    /// The time to judge at, a UNIX second or RFC 3339 [default: now]
    #[arg(long, env = "PAYNAME_AT", value_name = "TIME", value_parser = time::parse)]
    pub at: Option<UnixTime>,
    /// Save the proof, without records that are not needed, to this new file
    #[arg(long, env = "PAYNAME_SAVE", value_name = "FILE")]
    pub save: Option<PathBuf>,
}

impl Verify {
    /// Runs the command.
    ///
    /// # Errors
    /// A file cannot be used, the network fails, or the name is not proven or breaks BIP-353.
    pub fn run(self, context: &Context) -> Result<Report, Failure> {
        let now = self.at.unwrap_or_else(time::now);
        let payee = self.name.payee(context)?;
        let handle = payee.handle();
        let lookup = match &self.proof {
            Some(path) => Lookup::saved(context, handle, read(handle, path)?, now)?,
            None => Lookup::ask(context, handle, now)?,
        };
        let chain = lookup.explain();
        let picture = chain::picture(&chain);
        let evidence = fields(json!({
            "chain": chain::json(&chain),
            "unanswered": judgement::unanswered(lookup.unanswered()),
        }));
        let proven = lookup.proven().map_err(|failure| {
            let verdict = match lookup.refusal() {
                Some(error) => judgement::refusal_text(error),
                None => format!("refused   {}", failure.message),
            };
            let found = format!(
                "{}\n{verdict}\n\n{picture}\n{}",
                name::shown(handle),
                troubles(&lookup)
            );
            failure
                .with_all(evidence.clone())
                .showing(found.trim_end().to_owned())
        })?;
        let instructions = &proven.instructions;
        self.save(instructions)?;
        let mut document = proven_json(&proven);
        document.extend(evidence);
        let proof = hex::encode(instructions.proof().to_bytes());
        document.insert("proof".to_owned(), proof.into());
        let text = [
            name::shown(handle),
            format!("proven    {}", judgement::opinion_text(proven.opinion)),
            proven_text(instructions),
            instructions_text(instructions.value()),
            String::new(),
            picture,
        ];
        Ok(Report::new(text.join("\n"), document))
    }

    fn save(&self, proven: &Verified<Instructions>) -> Result<(), Failure> {
        let Some(path) = &self.save else {
            return Ok(());
        };
        let bytes = proven.proof().to_bytes();
        fs::File::create_new(path)
            .and_then(|mut file| std::io::Write::write_all(&mut file, &bytes))
            .map_err(|error| {
                Failure::usage(
                    "unwritable_file",
                    format!("cannot write `{}`: {error}", path.display()),
                )
            })
    }
}

/// Reads the saved proof.
fn read(handle: &Handle, path: &Path) -> Result<Proof, Failure> {
    input::proof(path)?.map_err(|error| {
        let message = format!("{handle}: {error}");
        Failure::new(Exit::NotVerified, "malformed_proof", message)
            .with("name", handle.to_string())
            .with_all(judgement::malformed(&error))
    })
}

/// What else went wrong on the way, one a line behind an empty line; nothing when all went well.
fn troubles(lookup: &Lookup) -> String {
    let unanswered = lookup.unanswered().iter();
    let unanswered = unanswered.map(|one| format!("\nno answer to {}: {one}", one.question));
    let tried = lookup.tried().iter();
    let tried = tried.map(|failure| format!("\nasked {failure}"));
    // One alone is what is drawn.
    let tried = tried.filter(|_| lookup.tried().len() > 1);
    unanswered.chain(tried).collect()
}

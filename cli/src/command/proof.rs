//! `payname proof`: the verifier itself, for any owner name and type.

use std::path::PathBuf;

use payname_resolver::{
    Outcome, UnixTime,
    hickory_proto::rr::{Name, RecordType},
};

use crate::{
    context::Context, exit::Exit, failure::Failure, input, judgement, report::Report, text, time,
};

/// What can be done with proofs.
#[derive(Debug, clap::Subcommand)]
pub enum Proof {
    /// Say what a proof shows: secure (exit 0), denied (3), insecure or bogus (4)
    Check(Check),
}

/// Arguments of `proof check`.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// The proof (RFC 9102), raw or in hex; - is standard input
    pub file: PathBuf,
    /// The DNS name asked about
    #[arg(long, env = "PAYNAME_OWNER", value_name = "NAME", value_parser = owner_name)]
    pub owner: Name,
    /// The record type asked about: TXT, TLSA, A, AAAA, … or TYPE65280
    #[arg(long = "type", env = "PAYNAME_TYPE", value_name = "TYPE", value_parser = record_type)]
    pub record_type: RecordType,
    /// The time to judge at, a UNIX second or RFC 3339 [default: now]
    #[arg(long, env = "PAYNAME_AT", value_name = "TIME", value_parser = time::parse)]
    pub at: Option<UnixTime>,
}

impl Proof {
    /// Runs the command.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn run(self, context: &Context) -> Result<Report, Failure> {
        let Self::Check(check) = self;
        check.run(context)
    }
}

impl Check {
    fn run(self, context: &Context) -> Result<Report, Failure> {
        let anchors = context.anchors()?;
        let now = self.at.unwrap_or_else(time::now);
        let proof = match input::proof(&self.file)? {
            Ok(proof) => proof,
            Err(error) => {
                let text = format!("bogus: {error}");
                let report = Report::new(text, judgement::malformed(&error));
                return Ok(report.ending(Exit::NotVerified));
            }
        };
        let outcome = proof.judge(&self.owner, self.record_type, &anchors, now);
        let exit = match outcome {
            Outcome::Secure(_) => Exit::Ok,
            Outcome::Denied(_) => Exit::Denied,
            Outcome::Insecure(_) | Outcome::Bogus(_) => Exit::NotVerified,
        };
        Ok(Report::new(human(&outcome), judgement::outcome(&outcome)).ending(exit))
    }
}

/// The outcome for people, one fact a line.
fn human(outcome: &Outcome) -> String {
    let fields = judgement::outcome(outcome);
    let value = |key: &str| {
        fields
            .get(key)
            .and_then(|value| value.as_str())
            .unwrap_or_default()
    };
    let mut lines = vec![match outcome {
        Outcome::Secure(_) => "secure".to_owned(),
        _ => format!("{}: {}", value("outcome"), value("reason")),
    }];
    let (window, cache_ttl, records) = match outcome {
        Outcome::Secure(secure) => (secure.window, secure.cache_ttl, secure.records.as_slice()),
        Outcome::Denied(denial) => (denial.window, denial.cache_ttl, [].as_slice()),
        Outcome::Insecure(insecure) => (insecure.window, insecure.cache_ttl, [].as_slice()),
        Outcome::Bogus(_) => return lines.join("\n"),
    };
    lines.push(format!("valid     {}", judgement::window_text(window)));
    lines.push(format!("keep for  {cache_ttl} s"));
    for record in records {
        let shown = match judgement::txt(record) {
            Some(text) => format!("\"{}\"", text::escape(&text)),
            None => hex::encode(record.rdata()),
        };
        lines.push(format!(
            "record    {} {} {shown}",
            record.name().to_ascii(),
            record.record_type()
        ));
    }
    lines.join("\n")
}

fn owner_name(text: &str) -> Result<Name, String> {
    let dotted = if text.ends_with('.') {
        text.to_owned()
    } else {
        format!("{text}.")
    };
    Name::from_ascii(&dotted).map_err(|_| {
        format!(
            "`{}` is no DNS name; write it as a.example.com.",
            text.escape_debug()
        )
    })
}

fn record_type(text: &str) -> Result<RecordType, String> {
    let upper = text.to_ascii_uppercase();
    let number = upper.strip_prefix("TYPE").unwrap_or(&upper).parse::<u16>();
    match (upper.parse::<RecordType>(), number) {
        (Ok(known), _) => Ok(known),
        (Err(_), Ok(number)) => Ok(RecordType::from(number)),
        _ => Err(format!(
            "`{}` is no record type; write TXT, TLSA, A or TYPE65280",
            text.escape_debug()
        )),
    }
}

//! `payname doctor`: what is wrong with a name, a domain, a zone file or a URI, and what to do.

use std::{net::SocketAddr, path::PathBuf};

use clap_complete::engine::ArgValueCandidates;
use payname_resolver::doctor::{Finding, Report as Diagnosis, Severity, judge_uri};
use serde_json::{Value, json};

use crate::{
    command::completions,
    contacts::{Contacts, Nickname},
    context::Context,
    doctor::{Doctor as Examiner, Examined, examine_zone_file},
    exit::Exit,
    failure::Failure,
    input,
    report::{Report, fields},
    time,
};

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("patient").required(true))]
pub struct Doctor {
    /// A name such as ₿alice@example.com, a contact, or a domain such as example.com
    #[arg(value_name = "NAME|DOMAIN", group = "patient", add = ArgValueCandidates::new(completions::contacts))]
    pub what: Option<String>,
    /// Look at the TXT records of a zone file before it is uploaded; - is standard input
    #[arg(long, env = "PAYNAME_ZONEFILE", value_name = "FILE", group = "patient")]
    pub zonefile: Option<PathBuf>,
    /// Look at a bitcoin: URI before it is published
    #[arg(long, env = "PAYNAME_URI", value_name = "URI", group = "patient")]
    pub uri: Option<String>,
    /// What names in the zone file end with, if the file does not say it
    #[arg(
        long,
        env = "PAYNAME_ORIGIN",
        value_name = "DOMAIN",
        requires = "zonefile"
    )]
    pub origin: Option<String>,
    /// Ask these nameservers instead of those that the zone names
    #[arg(long, env = "PAYNAME_NAMESERVER", value_name = "ADDR:PORT", value_delimiter = ',', value_parser = server)]
    pub nameserver: Vec<SocketAddr>,
    /// The port at which nameservers are asked
    #[arg(
        long,
        env = "PAYNAME_NAMESERVER_PORT",
        value_name = "PORT",
        default_value_t = 53
    )]
    pub nameserver_port: u16,
}

impl Doctor {
    /// Runs the command.
    ///
    /// # Errors
    /// An option or a file cannot be used. What is found is no error; the exit code tells of it.
    pub fn run(self, context: &Context) -> Result<Report, Failure> {
        let now = time::now();
        let network = context.global.network.into();
        if let Some(uri) = &self.uri {
            return Ok(told("uri", judge_uri("the URI", uri, network, now), &[]));
        }
        if let Some(file) = &self.zonefile {
            let text = input::text(file)?;
            let (names, findings) = examine_zone_file(&text, self.origin.as_deref(), network, now)
                .map_err(|why| {
                    Failure::usage("bad_zone_file", format!("`{}`, {why}", file.display()))
                })?;
            let subject = format!("{} ({names} names)", file.display());
            return Ok(told(&subject, findings, &[]));
        }
        let what = self.what(context)?;
        let what = what.as_str();
        let mut examiner = Examiner::open(context, now)?;
        examiner.nameservers.clone_from(&self.nameserver);
        examiner.port = self.nameserver_port;
        context.progress(&format!("looking at {what}"));
        let is_name = what.contains('@') || what.starts_with('₿');
        let examined = context.block_on(async {
            match is_name {
                true => examiner.examine_name(what).await,
                false => examiner.examine_domain(what).await,
            }
        })?;
        let Examined { findings, vantages } = examined;
        Ok(told(what, findings, &vantages))
    }
}

impl Doctor {
    /// Who is looked at: the name of a contact, or what was written.
    fn what(&self, context: &Context) -> Result<String, Failure> {
        let written = self.what.clone().unwrap_or_default();
        let Ok(nickname) = written.parse::<Nickname>() else {
            return Ok(written);
        };
        let contacts = Contacts::read(&context.data_dir()?)?;
        // A top level domain looks like a nickname.
        let known = contacts
            .find(&nickname)
            .map(|handle| handle.as_str().to_owned());
        Ok(known.unwrap_or(written))
    }
}

/// An address, at port 53 unless it says another.
fn server(text: &str) -> Result<SocketAddr, String> {
    let wrong = |_| {
        format!(
            "`{}` is no address; write 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53",
            text.escape_debug()
        )
    };
    text.parse().or_else(|_| {
        text.parse()
            .map(|ip| SocketAddr::new(ip, 53))
            .map_err(wrong)
    })
}

fn told(subject: &str, findings: Vec<Finding>, vantages: &[(String, Value)]) -> Report {
    let diagnosis: Diagnosis = findings.into_iter().collect();
    let mut lines: Vec<String> = vec![subject.to_owned()];
    lines.extend(vantages.iter().map(|(line, _)| format!("asked     {line}")));
    lines.extend(diagnosis.findings().iter().map(ToString::to_string));
    let count = |severity| {
        diagnosis
            .findings()
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    lines.push(
        match diagnosis
            .findings()
            .iter()
            .find(|finding| finding.severity > Severity::Info)
        {
            Some(first) => format!(
                "{errors} errors, {warnings} warnings; `payname explain {}` says more",
                first.code
            ),
            None => "nothing is wrong".to_owned(),
        },
    );
    let exit = match diagnosis.worst() {
        Some(Severity::Error) => Exit::DoctorErrors,
        Some(Severity::Warning) => Exit::DoctorWarnings,
        Some(Severity::Info) | None => Exit::Ok,
    };
    let findings = diagnosis.findings().iter().map(|finding| {
        json!({
            "code": finding.code.as_str(),
            "level": finding.severity.as_str(),
            "subject": finding.subject,
            "evidence": finding.evidence,
            "fix": finding.fix,
        })
    });
    let document = json!({
        "subject": subject,
        "findings": findings.collect::<Vec<_>>(),
        "vantages": vantages.iter().map(|(_, data)| data.clone()).collect::<Vec<_>>(),
        "errors": errors,
        "warnings": warnings,
        "exit": exit.code(),
    });
    Report::new(lines.join("\n"), fields(document)).ending(exit)
}

//! `paynamed doctor`: what is wrong, for people or for programs.

use std::{net::SocketAddr, path::Path, process::ExitCode};

use clap::Args;
use payname_resolver::doctor::{Code, Finding, Report, Severity};
use payname_server::{Clock, Config, Doctor};
use serde_json::json;

use super::print;

#[derive(Args)]
pub(super) struct DoctorCommand {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// The port at which nameservers are asked, before a set-up is public
    #[arg(long, value_name = "PORT", default_value_t = 53)]
    nameserver_port: u16,
    /// A nameserver of the zone above, if it is not to be looked for
    #[arg(long, value_name = "ADDRESS:PORT")]
    parent: Option<SocketAddr>,
}

impl DoctorCommand {
    /// A configuration that cannot be used is a finding like any other.
    pub(super) async fn run(self, file: &Path) -> ExitCode {
        let report = match Config::read(file).map_err(anyhow::Error::new) {
            Ok(config) => {
                let doctor = Doctor {
                    port: self.nameserver_port,
                    parent: self.parent,
                };
                doctor.examine(&config, &Clock::system()).await
            }
            Err(why) => {
                let file = file.display().to_string();
                let evidence = format!("{why:#}");
                let finding = Finding::new(Severity::Error, Code::Configuration, file, evidence);
                let fix = "correct it; server/paynamed.example.toml explains every key";
                Report::from_iter([finding.fix(fix)])
            }
        };
        let text = if self.json {
            to_json(&report)
        } else {
            report.to_string()
        };
        print([text.trim_end()]);
        report.exit_code().into()
    }
}

fn to_json(report: &Report) -> String {
    let findings = report.findings().iter().map(|finding| {
        json!({
            "code": finding.code.as_str(),
            "level": finding.severity.as_str(),
            "subject": finding.subject,
            "evidence": finding.evidence,
            "fix": finding.fix,
        })
    });
    let findings: Vec<_> = findings.collect();
    json!({ "exit_code": report.exit_code(), "findings": findings }).to_string()
}

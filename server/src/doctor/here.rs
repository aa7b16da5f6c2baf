//! What can be seen without leaving the machine: files, database, clock, ports, and our own URL.

use std::{fs, net::SocketAddr, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use payname_resolver::{
    UnixTime,
    doctor::{Code, Finding, Severity},
    net::Carrier,
};
use tokio::process::Command;
use url::Url;

use super::{ask::ask_soa, not_seen, shown};
use crate::{
    config::{Config, Domain},
    data_dir::{refuse_loose, registry},
    keys::KeyFiles,
    outbox::Chain,
    prove::reachable as near,
    store::postgres,
    sure_time::leap_of,
};

/// How long our own HTTP server may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The data directory, what is in it, and the keys.
pub(super) fn files(config: &Config) -> Vec<Finding> {
    let directory = &config.data_dir;
    let mut findings: Vec<_> = loose(directory).into_iter().collect();
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    findings.extend(entries.filter_map(|entry| loose(&entry.path())));
    if !directory.exists() {
        let evidence = "there is no data directory";
        let finding = error(Code::DataDirectory, directory.display(), evidence);
        findings.push(finding.fix("start the server, which makes it, or correct `data_dir`"));
        return findings;
    }
    let passphrase = match config.passphrase() {
        Ok(passphrase) => passphrase,
        Err(why) => {
            let finding = error(Code::Keys, directory.display(), Chain(&why));
            findings.push(finding.fix("correct keys_passphrase_… in the configuration"));
            return findings;
        }
    };
    let files = KeyFiles::new(directory).sealed_by(passphrase);
    findings.extend(
        config
            .domains
            .iter()
            .filter_map(|domain| keys(&files, domain)),
    );
    findings
}

/// A file or directory that others can read.
fn loose(path: &Path) -> Option<Finding> {
    let mode = fs::metadata(path).ok()?.permissions().mode();
    let why = refuse_loose(path, mode).err()?;
    // SQLite gives its files the permissions of the directory's user; the directory protects them.
    let is_secret = path.is_dir()
        || path
            .extension()
            .is_some_and(|end| end == "key" || end == "json");
    let fix = format!("run: chmod go= {}", path.display());
    is_secret.then(|| error(Code::DataDirectory, path.display(), why).fix(fix))
}

fn keys(files: &KeyFiles, domain: &Domain) -> Option<Finding> {
    let zone = shown(&domain.zone);
    if !files.has(&domain.zone) {
        let finding = error(Code::Keys, zone, "the zone has no keys yet");
        return Some(finding.fix("start the server once, which makes them"));
    }
    let why = files.check(&domain.zone, domain.keys.clone()).err()?;
    let fix = "restore the keys from a backup, or correct their permissions or passphrase";
    Some(error(Code::Keys, zone, Chain(&why)).fix(fix))
}

/// Whether the registry is there and can be read.
pub(super) async fn database(config: &Config) -> Vec<Finding> {
    let Some(database) = &config.database else {
        let path = registry(&config.data_dir);
        let Err(why) = look_into(&path) else {
            return Vec::new();
        };
        let finding = error(Code::Database, path.display(), Chain(&why));
        return vec![finding.fix("start the server once, or restore it from a backup")];
    };
    let Err(why) = postgres::reach(database).await else {
        return Vec::new();
    };
    let finding = error(Code::Database, "[database]", Chain(&why));
    vec![finding.fix("see `psql` with the same URL; docs/stores.md has the set-up")]
}

/// Reads one row, beside a server that may be writing.
fn look_into(path: &Path) -> Result<(), rusqlite::Error> {
    let flags =
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = rusqlite::Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.query_row("SELECT count(*) FROM zones", [], |_| Ok(()))
}

/// Whether the clock is behind what has surely come, or far ahead of it, and whether somebody keeps it right.
pub(super) async fn clock(config: &Config, now: UnixTime) -> Vec<Finding> {
    let files = KeyFiles::new(&config.data_dir);
    let mut findings = Vec::new();
    let mut known: Option<UnixTime> = None;
    for domain in &config.domains {
        let Ok(set) = files.look(&domain.zone, domain.keys.clone()) else {
            continue;
        };
        let sure = set.time().sure();
        known = Some(known.map_or(sure, |known| known.min(sure)));
        if now < sure {
            let evidence = format!("the clock says {now}, but {sure} has surely come");
            let fix = "set the clock; if it is right: paynamed zone trust-clock ZONE";
            findings.push(error(Code::Clock, shown(&domain.zone), evidence).fix(fix));
        }
    }
    if let Some((ahead, sure)) = leap_of(&config.data_dir, known, now) {
        let hours = ahead.checked_div(3600).unwrap_or(0);
        let evidence = format!(
            "the clock says {now}, {hours} hours ahead of {sure}, the last time that has surely come (clock.json); no name ends by it"
        );
        let fix = match config.domains.is_empty() {
            false => {
                "set the clock; if it is right (the server was off for so long): paynamed zone trust-clock ZONE"
            }
            true => {
                "set the clock; if it is right (the server was off for so long), remove clock.json and start the server again"
            }
        };
        let finding = error(Code::Clock, config.data_dir.display(), evidence);
        findings.push(finding.fix(fix));
    }
    findings.extend(is_kept_right().await);
    findings
}

/// Whether the system says that its clock follows another one; silent where it does not say.
async fn is_kept_right() -> Option<Finding> {
    let mut command = Command::new("timedatectl");
    command.args(["show", "--property=NTPSynchronized", "--value"]);
    let told = tokio::time::timeout(PATIENCE, command.output())
        .await
        .ok()?
        .ok()?;
    if told.stdout.trim_ascii() != b"no" {
        return None;
    }
    let evidence = "the system's clock follows no other one";
    let fix = "turn on NTP: timedatectl set-ntp true; signatures and sign-in depend on the clock";
    let finding = Finding::new(Severity::Warning, Code::Clock, "clock", evidence);
    Some(finding.fix(fix))
}

/// Where a listener answers, after its answers over UDP and TCP were looked at.
pub(super) async fn reachable(
    listening: SocketAddr,
    config: &Config,
    findings: &mut Vec<Finding>,
) -> Option<SocketAddr> {
    let domain = config.domains.first()?;
    let address = near(listening);
    let mut answered = false;
    for carrier in [Carrier::Udp, Carrier::Tcp] {
        match ask_soa(address, &domain.zone, carrier).await {
            Ok(_) => answered = true,
            Err(why) => {
                let evidence =
                    format!("our own nameserver does not answer over {carrier:?}: {why}");
                let fix = "start the server; see its log, and whether another program has the port";
                findings.push(error(Code::Silent, address, evidence).fix(fix));
            }
        }
    }
    answered.then_some(address)
}

/// Whether the public URL leads here.
pub(super) async fn public_url(url: Option<&Url>) -> Vec<Finding> {
    let Some(url) = url else {
        return Vec::new();
    };
    let ready = format!("{}/readyz", url.as_str().trim_end_matches('/'));
    let client = match reqwest::Client::builder().timeout(PATIENCE).build() {
        Ok(client) => client,
        Err(why) => return vec![not_seen(url.as_str(), Chain(&why))],
    };
    let evidence = match client.get(&ready).send().await {
        Ok(answer) if answer.status().is_success() => return Vec::new(),
        Ok(answer) => format!("{ready} answers {}", answer.status()),
        Err(why) => Chain(&why).to_string(),
    };
    let fix =
        "let the reverse proxy pass it on to http.listen, with its path, and correct `public_url`";
    vec![error(Code::PublicUrl, url, evidence).fix(fix)]
}

fn error(code: Code, subject: impl ToString, evidence: impl ToString) -> Finding {
    let (subject, evidence) = (subject.to_string(), evidence.to_string());
    Finding::new(Severity::Error, code, subject, evidence)
}

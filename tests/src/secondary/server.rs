//! One server, configured as `docs/secondaries.md` says.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;

use super::powerdns;
use super::recipe::{Place, block};
use crate::dns::over_tcp;
use crate::port;
use crate::service::Service;
use crate::tools::tool;
use payname_resolver::hickory_proto::rr::{Name, RecordType};
use payname_resolver::resolution::Question;

/// The name of the key on the page.
const KEY: &str = "secondary.example";
/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// A make of name server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Knot DNS.
    Knot,
    /// NSD.
    Nsd,
    /// BIND.
    Bind,
    /// PowerDNS with SQLite.
    PowerDns,
}

/// What a server follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// The zone `example.test`.
    OneZone,
    /// The catalog `catalog.invalid`, and whatever it lists.
    Catalog,
}

/// A running name server that follows a primary.
#[derive(Debug)]
pub struct Secondary {
    kind: Kind,
    service: Option<Service>,
    address: SocketAddr,
    secret: String,
    folder: TempDir,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Knot, Self::Nsd, Self::Bind, Self::PowerDns];

    fn program(self) -> &'static str {
        match self {
            Self::Knot => "knotd",
            Self::Nsd => "nsd",
            Self::Bind => "named",
            Self::PowerDns => "pdns_server",
        }
    }

    /// The file of its configuration, which is the title of its block too.
    pub(crate) fn file(self) -> &'static str {
        match self {
            Self::Knot => "knot.conf",
            Self::Nsd => "nsd.conf",
            Self::Bind => "named.conf",
            Self::PowerDns => "pdns.conf",
        }
    }
}

impl Secondary {
    /// An address for a server that is started later: its primary may have to know it first.
    ///
    /// # Errors
    /// No port is free.
    pub fn reserve() -> Result<SocketAddr> {
        port::free()
    }

    /// Starts a server at `address` that follows `primary`, and waits until it answers anything.
    ///
    /// # Errors
    /// The program is missing (`make setup`) or does not start.
    pub async fn start(
        kind: Kind,
        address: SocketAddr,
        primary: SocketAddr,
        secret: &str,
        plan: Plan,
    ) -> Result<Self> {
        let prefix = format!("payname-{kind:?}-").to_lowercase();
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir()?;
        let place = Place {
            primary,
            secondary: address,
            folder: folder.path(),
            secret,
        };
        configure(kind, plan, &place)?;
        let mut secondary = Self {
            kind,
            service: None,
            address,
            secret: secret.to_owned(),
            folder,
        };
        secondary.resume().await?;
        Ok(secondary)
    }

    /// Starts it again after [`Secondary::kill`], on the same files.
    ///
    /// # Errors
    /// It does not start.
    pub async fn resume(&mut self) -> Result<()> {
        let service = start_program(self.kind, self.folder.path(), self.address).await?;
        self.service = Some(service);
        Ok(())
    }

    /// Kills it, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut service) = self.service.take() {
            service.kill();
        }
    }

    /// Which make it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        let tail = self.service.as_ref().map(Service::log_tail);
        tail.unwrap_or_default()
    }

    /// Every record of a zone as it gives it away, in one order.
    ///
    /// # Errors
    /// It does not give the zone away.
    pub fn zone(&self, zone: &str) -> Result<Vec<String>> {
        // PowerDNS gives its zones away by address alone, as it is configured.
        let key = (self.kind != Kind::PowerDns).then_some((KEY, self.secret.as_str()));
        whole_zone(self.address, zone, key)
    }
}

/// Every record of a zone as a server gives it away (AXFR through `kdig`), in one order.
///
/// `key` is the name and the secret of the key to ask with.
///
/// # Errors
/// It does not.
pub fn whole_zone(
    server: SocketAddr,
    zone: &str,
    key: Option<(&str, &str)>,
) -> Result<Vec<String>> {
    let key = key.map(|(name, secret)| format!("hmac-sha256:{name}:{secret}"));
    let key = key.iter().flat_map(|key| ["-y", key]);
    let output = Command::new(tool("kdig")?)
        .arg(format!("@{}", server.ip()))
        .args(["-p", &server.port().to_string(), "+noidn", "+timeout=10"])
        .args(key)
        .args([zone, "AXFR"])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text.lines();
    let records = lines.filter(|line| !line.is_empty() && !line.starts_with(';'));
    let mut records: Vec<String> = records
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        // What signs the message is no part of the zone.
        .filter(|line| !line.contains(" ANY TSIG "))
        .collect();
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "kdig: {text}{errors}");
    ensure!(records.len() > 2, "{server} gives nothing: {text}{errors}");
    records.sort();
    records.dedup(); // the SOA stands at both ends
    Ok(records)
}

/// Starts a server that was configured in `folder`, and waits until it answers anything.
pub(crate) async fn start_program(
    kind: Kind,
    folder: &Path,
    address: SocketAddr,
) -> Result<Service> {
    let log = folder.join("log");
    let mut service = Service::start(kind.program(), command(kind, folder)?, &log)?;
    let ready = async || {
        let question = Question::new(Name::root(), RecordType::SOA).to_message(1);
        over_tcp(address, &question).await.is_ok()
    };
    service.wait_until(PATIENCE, ready).await?;
    Ok(service)
}

/// Writes everything a server reads when it starts.
fn configure(kind: Kind, plan: Plan, place: &Place<'_>) -> Result<()> {
    let file = kind.file();
    let mut text = place.fill(block(file)?)?;
    let more = match (kind, plan) {
        (Kind::Nsd | Kind::PowerDns, Plan::OneZone) => None,
        (Kind::Knot | Kind::Bind, Plan::OneZone) => Some(format!("{file}, one zone")),
        (Kind::Knot | Kind::Bind, Plan::Catalog) => Some(format!("{file}, catalog")),
        (Kind::PowerDns, Plan::Catalog) => None,
        (Kind::Nsd, Plan::Catalog) => bail!("NSD before 4.9 knows no catalog zones"),
    };
    if let Some(title) = more {
        text += &place.fill(block(&title)?)?;
    }
    match kind {
        Kind::Nsd => nsd_for_a_test(&mut text, place.folder)?,
        Kind::PowerDns => powerdns::prepare(&mut text, plan, place)?,
        Kind::Knot | Kind::Bind => {}
    }
    fs::write(place.folder.join(file), text)?;
    Ok(())
}

/// What the package sets otherwise than a test can use: its user and folders.
fn nsd_for_a_test(text: &mut String, folder: &Path) -> Result<()> {
    let at = folder.display();
    write!(
        text,
        "server:\n username: \"\"\n database: \"\"\n pidfile: \"{at}/pid\"\n xfrdfile: \"{at}/xfrd\"\n \
         zonelistfile: \"{at}/list\"\n xfrdir: \"{at}\"\n server-count: 1\n\
         remote-control:\n control-enable: no\n"
    )?;
    Ok(())
}

fn command(kind: Kind, folder: &Path) -> Result<Command> {
    let mut command = Command::new(tool(kind.program())?);
    let file: PathBuf = folder.join(kind.file());
    match kind {
        Kind::Knot => command.arg("-c").arg(file),
        Kind::Nsd => command.args(["-d", "-c"]).arg(file),
        Kind::Bind => command.args(["-g", "-n", "1", "-c"]).arg(file),
        Kind::PowerDns => {
            let folder = folder.to_str().context("a folder with a name in UTF-8")?;
            command.args([
                &format!("--config-dir={folder}"),
                &format!("--socket-dir={folder}"),
                "--daemon=no",
                "--guardian=no",
            ])
        }
    };
    Ok(command)
}

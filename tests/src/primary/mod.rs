//! Real name servers that keep and sign a zone, and take changes of it as `docs/publishers.md` says.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Result, bail};
use tempfile::TempDir;

use crate::port;
use crate::secondary::{Kind, Place, block_of, make_database, run_words, start_program};
use crate::service::Service;

/// The page whose code blocks are the recipes.
pub const PAGE: &str = include_str!("../../../docs/publishers.md");

/// A running name server that is the primary of `example.test`.
#[derive(Debug)]
pub struct Primary {
    kind: Kind,
    service: Option<Service>,
    address: SocketAddr,
    api: SocketAddr,
    folder: TempDir,
}

impl Primary {
    /// Those that take updates.
    pub const KINDS: [Kind; 3] = [Kind::Bind, Kind::Knot, Kind::PowerDns];

    /// Starts one with a zone that has nothing but its SOA, NS and address, and these records.
    ///
    /// # Errors
    /// It takes no updates, the program is missing (`make setup`), or it does not start.
    pub async fn start(kind: Kind, secret: &str, records: &str) -> Result<Self> {
        let prefix = format!("payname-primary-{kind:?}-").to_lowercase();
        let mut attempt = 1;
        loop {
            let folder = tempfile::Builder::new().prefix(&prefix).tempdir()?;
            let (address, api) = (port::free()?, port::free()?);
            configure(kind, (address, api), folder.path(), secret, records)?;
            match start_program(kind, folder.path(), address).await {
                Ok(service) => {
                    return Ok(Self {
                        kind,
                        service: Some(service),
                        address,
                        api,
                        folder,
                    });
                }
                Err(error) if attempt >= port::ATTEMPTS => return Err(error),
                Err(_) => attempt += 1,
            }
        }
    }

    /// Which make it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Where it answers and takes updates.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the HTTP API of PowerDNS is; the secret is its key.
    pub fn api(&self) -> SocketAddr {
        self.api
    }

    /// Runs `pdnsutil`, and gives what it says.
    ///
    /// # Errors
    /// It fails.
    pub fn pdnsutil(&self, words: &str) -> Result<String> {
        run_words(words, self.folder())
    }

    /// Changes the database of PowerDNS behind its back.
    ///
    /// # Errors
    /// It cannot be changed.
    pub fn sql(&self, statement: &str) -> Result<()> {
        let database = rusqlite::Connection::open(self.folder().join("pdns.sqlite3"))?;
        database.busy_timeout(std::time::Duration::from_secs(5))?;
        database.execute_batch(statement)?;
        Ok(())
    }

    /// Its log.
    pub fn log(&self) -> String {
        let log = self.service.as_ref().map(Service::log);
        let text = log.and_then(|log| fs::read_to_string(log).ok());
        text.unwrap_or_default()
    }

    /// Where it keeps its things.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills it, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut service) = self.service.take() {
            service.kill();
        }
    }

    /// Starts it again after [`Primary::kill`], on the same files.
    ///
    /// # Errors
    /// It does not start.
    pub async fn resume(&mut self) -> Result<()> {
        self.service = Some(start_program(self.kind, self.folder(), self.address).await?);
        Ok(())
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        let tail = self.service.as_ref().map(Service::log_tail);
        tail.unwrap_or_default()
    }
}

/// Writes everything a server reads when it starts.
fn configure(
    kind: Kind,
    (address, api): (SocketAddr, SocketAddr),
    folder: &Path,
    secret: &str,
    records: &str,
) -> Result<()> {
    let place = Place {
        primary: address,
        secondary: SocketAddr::from(([127, 0, 0, 1], 0)),
        folder,
        secret,
    };
    let file = kind.file();
    let mut text = place.fill(block_of(PAGE, file)?)?;
    match kind {
        Kind::Bind | Kind::Knot => {
            let zone = format!(
                "$ORIGIN example.test.\n$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 1209600 60\n\
                 @ NS ns1\nns1 A 127.0.0.1\n{records}"
            );
            fs::write(folder.join("example.test.zone"), zone)?;
        }
        Kind::PowerDns => {
            let more = place.fill(block_of(PAGE, "pdns.conf, API")?)?;
            text += &more.replace("8081", &api.port().to_string());
            text += "loglevel=6\n"; // what was asked of the API is in the log
            make_database(&mut text, &place)?;
            let once = place.fill(block_of(PAGE, "powerdns, once")?)?;
            for words in once
                .lines()
                .filter_map(|line| line.strip_prefix("pdnsutil "))
            {
                run_words(words, folder)?;
            }
            for record in records.lines() {
                run_words(&format!("add-record example.test {record}"), folder)?;
            }
            run_words("rectify-zone example.test", folder)?;
        }
        Kind::Nsd => bail!("NSD takes no updates"),
    }
    fs::write(folder.join(file), text)?;
    Ok(())
}

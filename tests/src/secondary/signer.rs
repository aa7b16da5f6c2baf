//! A server of another make that signs a zone, as `docs/secondaries.md` says.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use super::recipe::{Place, block};
use super::server::{Kind, start_program};
use crate::service::Service;

/// A running name server that signs `example.test`.
#[derive(Debug)]
pub struct Signer {
    kind: Kind,
    service: Option<Service>,
    address: SocketAddr,
    folder: TempDir,
}

impl Signer {
    /// Starts Knot or BIND with the zone's records, and waits until it answers anything.
    ///
    /// # Errors
    /// It is another make, the program is missing (`make setup`), or it does not start.
    pub async fn start(
        kind: Kind,
        address: SocketAddr,
        paynamed: SocketAddr,
        secret: &str,
        records: &str,
    ) -> Result<Self> {
        ensure!(
            matches!(kind, Kind::Knot | Kind::Bind),
            "{kind:?} is no signer here"
        );
        let folder = tempfile::Builder::new()
            .prefix("payname-signer-")
            .tempdir()?;
        let place = Place {
            primary: address,
            secondary: paynamed,
            folder: folder.path(),
            secret,
        };
        let text = place.fill(block(&format!("{}, signer", kind.file()))?)?;
        fs::write(folder.path().join(kind.file()), text)?;
        fs::write(folder.path().join("example.test.zone"), records)?;
        let mut signer = Self {
            kind,
            service: None,
            address,
            folder,
        };
        signer.resume().await?;
        Ok(signer)
    }

    /// Starts it again after [`Signer::kill`], on the same files.
    ///
    /// # Errors
    /// It does not start.
    pub async fn resume(&mut self) -> Result<()> {
        let started = start_program(self.kind, self.folder.path(), self.address).await?;
        self.service = Some(started);
        Ok(())
    }

    /// Kills it, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut service) = self.service.take() {
            service.kill();
        }
    }

    /// Changes its configuration; [`Signer::resume`] reads it.
    ///
    /// # Errors
    /// There is nothing to change.
    pub fn reconfigure(&self, from: &str, to: &str) -> Result<()> {
        let file = self.folder.path().join(self.kind.file());
        let text = fs::read_to_string(&file)?;
        ensure!(text.contains(from), "`{from}` is not in:\n{text}");
        fs::write(file, text.replace(from, to))?;
        Ok(())
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has it sign other records in place of those it has.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn edit(&self, records: &str) -> Result<()> {
        self.edit_while_down(records)?;
        let service = self.service.as_ref().context("it does not run")?;
        let id = service.id().to_string();
        let status = Command::new("kill").args(["-HUP", &id]).status()?;
        ensure!(status.success(), "it cannot be told to look again");
        Ok(())
    }

    /// As [`Signer::edit`], for when it is started again.
    ///
    /// # Errors
    /// As [`Signer::edit`].
    pub fn edit_while_down(&self, records: &str) -> Result<()> {
        fs::write(self.folder.path().join("example.test.zone"), records)?;
        Ok(())
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        let tail = self.service.as_ref().map(Service::log_tail);
        tail.unwrap_or_default()
    }
}

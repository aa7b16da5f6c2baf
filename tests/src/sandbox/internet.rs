//! Root, TLD and a validating recursive resolver; the payment zone is `paynamed`'s to serve.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{DOMAIN, Folder};
use crate::{Unbound, World, port};

/// A private internet with a real Unbound, in which [`DOMAIN`] will be served by someone else.
#[derive(Debug)]
pub struct Internet {
    /// Root and TLD, and an in-process recursor that can lie.
    pub world: World,
    /// The recursive resolver that everybody asks.
    pub unbound: Unbound,
    /// Where the name server of [`DOMAIN`] is expected.
    pub name_server: SocketAddr,
    anchors: PathBuf,
}

impl Internet {
    /// Starts it, with files in `folder`.
    ///
    /// # Errors
    /// Unbound is missing, or no port is free.
    pub async fn start(folder: &Folder) -> Result<Self> {
        let mut world = World::empty().start().await?;
        let name_server = port::free()?;
        // Unbound reads its configuration once, so it is told before the zone is there.
        world.expect_zone(DOMAIN, name_server);
        let room = folder.room("unbound")?;
        let anchors = folder.path().join("anchors.txt");
        std::fs::write(&anchors, format!("{}\n", world.anchors_text()))?;
        let unbound = Unbound::start_in(&room, world.anchors_text(), world.addresses()).await?;
        Ok(Self {
            world,
            unbound,
            name_server,
            anchors,
        })
    }

    /// The file with the trust anchors, for `--anchors`.
    pub fn anchors(&self) -> &Path {
        &self.anchors
    }

    /// Enters the DS records of [`DOMAIN`] into the TLD, as a registrar would.
    ///
    /// # Errors
    /// They are no DS records.
    pub fn register_domain(&mut self, ds: &[String]) -> Result<()> {
        let lines: Vec<&str> = ds.iter().map(String::as_str).collect();
        self.world.register_domain(DOMAIN, &lines, self.name_server)
    }
}

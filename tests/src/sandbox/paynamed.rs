//! The real `paynamed` as a child process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::{DOMAIN, Folder, Internet};
use crate::port;
use crate::service::Service;
use crate::tools::own_binary;

/// A running registration server for [`DOMAIN`], which proves what it publishes through Unbound.
#[derive(Debug)]
pub struct Paynamed {
    service: Option<Service>,
    url: String,
    room: PathBuf,
}

impl Paynamed {
    /// Writes its configuration and starts it; resolvers may keep its records for five minutes.
    ///
    /// # Errors
    /// It has not been built, or does not start.
    pub async fn start(folder: &Folder, internet: &Internet) -> Result<Self> {
        Self::start_with_ttl(folder, internet, 300).await
    }

    /// The same with another TTL of the records, in seconds: short where a scene changes them.
    ///
    /// # Errors
    /// As [`Paynamed::start`].
    pub async fn start_with_ttl(folder: &Folder, internet: &Internet, ttl: u32) -> Result<Self> {
        let room = folder.room("paynamed")?;
        let http = port::free()?;
        let configuration = format!(
            r#"public_url = "http://{http}"
data_dir = "data"
network = "regtest"

[http]
listen = "{http}"

[dns]
listen = ["{}"]

[[domain]]
name = "{DOMAIN}"
nameservers = ["ns1.{DOMAIN}"]
addresses = ["127.0.0.1"]
ttl = {ttl}
negative_ttl = 1

[prove]
dns = "{}"
anchors = "{}"
"#,
            internet.name_server,
            internet.unbound.address(),
            internet.anchors().display(),
        );
        std::fs::write(room.join("paynamed.toml"), configuration)?;
        let mut paynamed = Self {
            service: None,
            url: format!("http://{http}"),
            room,
        };
        paynamed.run().await?;
        Ok(paynamed)
    }

    /// Starts it again after [`Paynamed::kill`], on the same files and ports.
    ///
    /// # Errors
    /// It does not start.
    pub async fn restart(&mut self) -> Result<()> {
        self.run().await
    }

    async fn run(&mut self) -> Result<()> {
        let mut command = Command::new(own_binary("paynamed")?);
        command.arg("--config").arg(self.configuration());
        let mut service = Service::start("paynamed", command, &self.room.join("paynamed.log"))?;
        let ready = format!("{}/readyz", self.url);
        let client = reqwest::Client::builder().no_proxy().build()?;
        let is_ready = async || match client.get(&ready).send().await {
            Ok(response) => response.status().is_success(),
            Err(_) => false,
        };
        service
            .wait_until(Duration::from_secs(30), is_ready)
            .await?;
        self.service = Some(service);
        Ok(())
    }

    /// Its URL, for `--server`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its configuration.
    pub fn configuration(&self) -> PathBuf {
        self.room.join("paynamed.toml")
    }

    /// Its log.
    pub fn log(&self) -> &Path {
        self.service.as_ref().map_or(&self.room, Service::log)
    }

    /// The DS records that `paynamed ds` prints.
    ///
    /// # Errors
    /// The program fails.
    pub fn ds_records(&self) -> Result<Vec<String>> {
        let output = Command::new(own_binary("paynamed")?)
            .arg("--config")
            .arg(self.configuration())
            .arg("ds")
            .output()?;
        if !output.status.success() {
            bail!("paynamed ds: {}", String::from_utf8_lossy(&output.stderr));
        }
        let lines = String::from_utf8(output.stdout)?;
        Ok(lines.lines().map(str::to_owned).collect())
    }

    /// Kills it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut service) = self.service.take() {
            service.kill();
        }
    }

    /// Ends it in order, as its operator would.
    ///
    /// # Errors
    /// It did not end well.
    pub async fn stop(mut self) -> Result<()> {
        let service = self.service.take().context("paynamed is not running")?;
        let log = service.log().to_owned();
        let status = service.stop(Duration::from_secs(20)).await?;
        if !status.success() {
            bail!("paynamed ended with {status}; see {}", log.display());
        }
        Ok(())
    }
}

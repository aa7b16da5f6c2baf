//! A real Unbound as the validating recursive resolver of a private internet.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use payname_resolver::UnixTime;
use payname_resolver::hickory_proto::rr::{Name, RecordType};
use payname_resolver::resolution::Question;
use tempfile::TempDir;
use tokio::net::UdpSocket;

use crate::dns::Relay;
use crate::port;
use crate::service::Service;
use crate::tools::tool;

/// A zone and the address, port included, of the server that knows it.
///
/// A delegation's glue has no port, so in an internet whose servers live on free ports Unbound is
/// told each zone's address. Its trust still comes down the DS records alone.
pub type ZoneAddress = (Name, SocketAddr);

/// A running Unbound, answering on UDP, TCP and DNS over HTTP.
#[derive(Debug)]
pub struct Unbound {
    service: Service,
    address: SocketAddr,
    relay: Relay,
    _folder: Option<TempDir>,
}

impl Unbound {
    /// Starts it in a temporary folder and waits until it answers.
    ///
    /// `anchors` are DS or DNSKEY records in master-file form.
    ///
    /// # Errors
    /// The program is missing (`make setup`) or does not start.
    pub async fn start(anchors: &str, zones: &[ZoneAddress]) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("payname-unbound-")
            .tempdir()?;
        let mut unbound = Self::start_in(folder.path(), anchors, zones).await?;
        unbound._folder = Some(folder);
        Ok(unbound)
    }

    /// Starts it as a validator behind another recursor, from which it gets everything.
    ///
    /// # Errors
    /// As [`Unbound::start`].
    pub async fn start_behind(anchors: &str, recursor: SocketAddr) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("payname-unbound-")
            .tempdir()?;
        let upstream = section("forward", &Name::root(), recursor);
        let mut unbound = Self::start_with(folder.path(), anchors, &upstream).await?;
        unbound._folder = Some(folder);
        Ok(unbound)
    }

    /// As [`Unbound::start_behind`], with a clock that stands still, and signatures' times exact.
    ///
    /// # Errors
    /// As [`Unbound::start`].
    pub async fn start_behind_at(
        anchors: &str,
        recursor: SocketAddr,
        now: UnixTime,
    ) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("payname-unbound-")
            .tempdir()?;
        let forward = section("forward", &Name::root(), recursor);
        let clock = format!(
            "server:\n  val-override-date: \"{}\"\n  val-sig-skew-min: 0\n  val-sig-skew-max: 0\n",
            now.0
        );
        let mut unbound =
            Self::start_with(folder.path(), anchors, &format!("{forward}{clock}")).await?;
        unbound._folder = Some(folder);
        Ok(unbound)
    }

    /// As [`Unbound::start`], in a folder that the caller keeps.
    ///
    /// # Errors
    /// As [`Unbound::start`].
    pub async fn start_in(folder: &Path, anchors: &str, zones: &[ZoneAddress]) -> Result<Self> {
        let sections = zones
            .iter()
            .map(|(zone, server)| section("stub", zone, *server));
        Self::start_with(folder, anchors, &sections.collect::<String>()).await
    }

    async fn start_with(folder: &Path, anchors: &str, upstream: &str) -> Result<Self> {
        let program = tool("unbound")?;
        fs::write(folder.join("anchors"), anchors)?;
        let mut attempt = 1;
        loop {
            match Self::try_start(&program, folder, upstream).await {
                Ok(unbound) => return Ok(unbound),
                Err(error) if attempt >= port::ATTEMPTS => return Err(error),
                Err(_) => attempt += 1,
            }
        }
    }

    async fn try_start(program: &Path, folder: &Path, upstream: &str) -> Result<Self> {
        let address = port::free()?;
        let file = folder.join("unbound.conf");
        fs::write(&file, configuration(folder, address, upstream))?;
        let mut command = Command::new(program);
        command.args(["-d", "-p", "-c"]).arg(&file);
        let mut service = Service::start("unbound", command, &folder.join("unbound.log"))?;
        let ready = async || answers(address).await;
        service.wait_until(Duration::from_secs(20), ready).await?;
        Ok(Self {
            service,
            address,
            relay: Relay::start(address).await?,
            _folder: None,
        })
    }

    /// Where it answers on UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it answers DNS over HTTP (RFC 8484, without TLS: it is loopback).
    ///
    /// A relay stands before it: without TLS, Unbound itself speaks HTTP/2 alone.
    pub fn doh_url(&self) -> String {
        self.relay.doh_url()
    }

    /// Its log.
    pub fn log(&self) -> PathBuf {
        self.service.log().to_owned()
    }

    /// Ends it in order.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub async fn stop(self) -> Result<()> {
        self.service.stop(Duration::from_secs(5)).await?;
        Ok(())
    }
}

/// Whether anything comes back for a question about the root.
async fn answers(address: SocketAddr) -> bool {
    let question = Question::new(Name::root(), RecordType::SOA).to_message(1);
    let ask = async {
        let socket = UdpSocket::bind("127.0.0.1:0").await.ok()?;
        socket.connect(address).await.ok()?;
        socket.send(&question).await.ok()?;
        let mut answer = [0; 1500];
        socket.recv(&mut answer).await.ok()
    };
    let answer = tokio::time::timeout(Duration::from_millis(300), ask).await;
    matches!(answer, Ok(Some(_)))
}

fn configuration(folder: &Path, address: SocketAddr, upstream: &str) -> String {
    let folder = folder.display();
    let port = address.port();
    format!(
        r#"server:
  directory: "{folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 1
  val-log-level: 2
  num-threads: 1
  # A port that somebody else has is an error, not one to share.
  so-reuseport: no
  do-ip6: no
  interface: 127.0.0.1@{port}
  access-control: 127.0.0.0/8 allow
  do-not-query-localhost: no
  module-config: "validator iterator"
  trust-anchor-file: "{folder}/anchors"
  trust-anchor-signaling: no
  root-key-sentinel: no
  harden-glue: yes
  harden-dnssec-stripped: yes
  harden-below-nxdomain: yes
  harden-algo-downgrade: yes
  target-fetch-policy: "0 0 0 0 0"
  local-zone: "test." nodefault
  # A record that was just published is there at once, also where its absence was asked for before.
  cache-max-negative-ttl: 0
  aggressive-nsec: no
remote-control:
  control-enable: no
{upstream}"#
    )
}

/// Where a zone's records come from: `stub` names its own server, `forward` another recursor.
fn section(kind: &str, zone: &Name, server: SocketAddr) -> String {
    let (address, port) = (server.ip(), server.port());
    format!("{kind}-zone:\n  name: \"{zone}\"\n  {kind}-addr: {address}@{port}\n")
}

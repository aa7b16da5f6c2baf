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

use crate::certificate::Certificate;
use crate::dns::Relay;
use crate::port;
use crate::service::Service;
use crate::tools::tool;

/// A zone and the address, port included, of the server that knows it.
///
/// A delegation's glue has no port, so in an internet whose servers live on free ports Unbound is
/// told each zone's address. Its trust still comes down the DS records alone.
pub type ZoneAddress = (Name, SocketAddr);

/// A running Unbound, answering on UDP, TCP and DNS over HTTP, and if asked for over TLS and HTTPS.
#[derive(Debug)]
pub struct Unbound {
    service: Service,
    address: SocketAddr,
    encrypted: Option<Encrypted>,
    relay: Relay,
    _folder: Option<TempDir>,
}

/// Where Unbound answers in secret.
#[derive(Debug, Clone, Copy)]
struct Encrypted {
    tls: SocketAddr,
    https: SocketAddr,
}

/// What makes one Unbound differ from another.
#[derive(Debug, Clone, Copy)]
struct Plan<'a> {
    anchors: &'a str,
    /// Where records come from, and whatever else is to be said.
    upstream: &'a str,
    certificate: Option<&'a Certificate>,
}

impl Unbound {
    /// Starts it in a temporary folder and waits until it answers.
    ///
    /// `anchors` are DS or DNSKEY records in master-file form.
    ///
    /// # Errors
    /// The program is missing (`make setup`) or does not start.
    pub async fn start(anchors: &str, zones: &[ZoneAddress]) -> Result<Self> {
        Plan::new(anchors, &stubs(zones)).start().await
    }

    /// As [`Unbound::start`], also over TLS and HTTPS with a certificate.
    ///
    /// # Errors
    /// As [`Unbound::start`].
    pub async fn start_encrypted(
        anchors: &str,
        zones: &[ZoneAddress],
        certificate: &Certificate,
    ) -> Result<Self> {
        let upstream = stubs(zones);
        let plan = Plan {
            certificate: Some(certificate),
            ..Plan::new(anchors, &upstream)
        };
        plan.start().await
    }

    /// Starts it as a validator behind another recursor, from which it gets everything.
    ///
    /// # Errors
    /// As [`Unbound::start`].
    pub async fn start_behind(anchors: &str, recursor: SocketAddr) -> Result<Self> {
        let upstream = section("forward", &Name::root(), recursor);
        Plan::new(anchors, &upstream).start().await
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
        let forward = section("forward", &Name::root(), recursor);
        let clock = format!(
            "server:\n  val-override-date: \"{}\"\n  val-sig-skew-min: 0\n  val-sig-skew-max: 0\n",
            now.0
        );
        let upstream = format!("{forward}{clock}");
        Plan::new(anchors, &upstream).start().await
    }

    /// As [`Unbound::start`], in a folder that the caller keeps.
    ///
    /// # Errors
    /// As [`Unbound::start`].
    pub async fn start_in(folder: &Path, anchors: &str, zones: &[ZoneAddress]) -> Result<Self> {
        Plan::new(anchors, &stubs(zones)).start_in(folder).await
    }

    /// Where it answers on UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it answers over TLS.
    ///
    /// # Panics
    /// It has no certificate.
    pub fn tls_address(&self) -> SocketAddr {
        self.encrypted().tls
    }

    /// Where it answers over HTTPS, at `/dns-query`.
    ///
    /// # Panics
    /// It has no certificate.
    pub fn https_address(&self) -> SocketAddr {
        self.encrypted().https
    }

    fn encrypted(&self) -> Encrypted {
        self.encrypted
            .expect("Unbound was started with a certificate")
    }

    /// Where it answers DNS over HTTP (RFC 8484, without TLS: it is loopback).
    ///
    /// A relay stands before it: without TLS, Unbound itself speaks HTTP/2 alone.
    pub fn doh_url(&self) -> String {
        self.relay.doh_url()
    }

    /// How many questions it was asked for names that end in `suffix`, in lower case and with its
    /// final dot, as its log tells.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn asked_about(&self, suffix: &str) -> Result<usize> {
        let log = fs::read_to_string(self.service.log())?;
        // `info: 127.0.0.1 alice.example.test. TXT IN`, in whatever case was asked.
        let asked = log.lines().filter(|line| {
            let mut words = line.split_whitespace().rev();
            words.next() == Some("IN")
                && words
                    .nth(1)
                    .is_some_and(|name| name.to_lowercase().ends_with(suffix))
        });
        Ok(asked.count())
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

impl<'a> Plan<'a> {
    fn new(anchors: &'a str, upstream: &'a str) -> Self {
        Self {
            anchors,
            upstream,
            certificate: None,
        }
    }

    async fn start(self) -> Result<Unbound> {
        let folder = tempfile::Builder::new()
            .prefix("payname-unbound-")
            .tempdir()?;
        let mut unbound = self.start_in(folder.path()).await?;
        unbound._folder = Some(folder);
        Ok(unbound)
    }

    async fn start_in(self, folder: &Path) -> Result<Unbound> {
        fs::write(folder.join("anchors"), self.anchors)?;
        if let Some(certificate) = self.certificate {
            fs::write(folder.join("certificate.pem"), certificate.pem())?;
            fs::write(folder.join("key.pem"), certificate.key_pem())?;
        }
        let mut attempt = 1;
        loop {
            match self.try_start(folder).await {
                Ok(unbound) => return Ok(unbound),
                Err(error) if attempt >= port::ATTEMPTS => return Err(error),
                Err(_) => attempt += 1,
            }
        }
    }

    async fn try_start(self, folder: &Path) -> Result<Unbound> {
        let address = port::free()?;
        let encrypted = match self.certificate {
            Some(_) => Some(Encrypted {
                tls: port::free()?,
                https: port::free()?,
            }),
            None => None,
        };
        let file = folder.join("unbound.conf");
        let text = configuration(folder, address, encrypted, self.upstream);
        fs::write(&file, text)?;
        let mut command = Command::new(tool("unbound")?);
        command.args(["-d", "-p", "-c"]).arg(&file);
        let mut service = Service::start("unbound", command, &folder.join("unbound.log"))?;
        let ready = async || answers(address).await;
        service.wait_until(Duration::from_secs(20), ready).await?;
        Ok(Unbound {
            service,
            address,
            encrypted,
            relay: Relay::start(address).await?,
            _folder: None,
        })
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

fn configuration(
    folder: &Path,
    address: SocketAddr,
    encrypted: Option<Encrypted>,
    upstream: &str,
) -> String {
    let folder = folder.display();
    let port = address.port();
    let encrypted = encrypted.map_or_else(String::new, |at| {
        let (tls, https) = (at.tls.port(), at.https.port());
        format!(
            r#"
  interface: 127.0.0.1@{tls}
  interface: 127.0.0.1@{https}
  tls-port: {tls}
  https-port: {https}
  tls-service-key: "{folder}/key.pem"
  tls-service-pem: "{folder}/certificate.pem""#
        )
    });
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
  interface: 127.0.0.1@{port}{encrypted}
  log-queries: yes
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

/// Every zone's own server.
fn stubs(zones: &[ZoneAddress]) -> String {
    let sections = zones
        .iter()
        .map(|(zone, server)| section("stub", zone, *server));
    sections.collect()
}

/// Where a zone's records come from: `stub` names its own server, `forward` another recursor.
fn section(kind: &str, zone: &Name, server: SocketAddr) -> String {
    let (address, port) = (server.ip(), server.port());
    format!("{kind}-zone:\n  name: \"{zone}\"\n  {kind}-addr: {address}@{port}\n")
}

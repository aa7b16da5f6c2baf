//! A private Tor network of the real `tor`: an authority, two exits and a client, on loopback.

mod configuration;
mod control;

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use payname_resolver::net::Proxy;
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::port;
use crate::service::Service;
use crate::tools::tool;

use configuration::{Authority, Role};
use control::Control;
pub use control::Stream;

/// How many relays the authority must vouch for: itself and the exits.
const RELAYS: usize = 3;
/// For each step; the authority votes every five to ten seconds, and the first may come too early.
const PATIENCE: Duration = Duration::from_secs(45);
/// For the client, which takes two seconds or no end.
const CLIENT_PATIENCE: Duration = Duration::from_secs(20);

/// A running network. All relays are on this machine, so that nobody is anonymous in it, but every
/// stream takes a circuit of three real relays, and the last of them looks names up.
#[derive(Debug)]
pub struct Tor {
    client: Option<Service>,
    socks: SocketAddr,
    control: Control,
    _relays: Vec<Service>,
    _folder: TempDir,
}

impl Tor {
    /// Starts it and waits until a circuit stands, which takes some 12 seconds. Exits connect to
    /// anything on loopback, and ask `resolver` for the addresses of names.
    ///
    /// # Errors
    /// A program is missing (`make setup`) or does not start.
    pub async fn start(resolver: SocketAddr) -> Result<Self> {
        let mut attempt = 1;
        loop {
            match Self::try_start(resolver).await {
                Ok(tor) => return Ok(tor),
                Err(error) if attempt >= 3 => return Err(error),
                Err(error) => {
                    eprintln!("the Tor network is started once more, since {error:#}");
                    attempt += 1;
                }
            }
        }
    }

    async fn try_start(resolver: SocketAddr) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("payname-tor-").tempdir()?;
        let root = folder.path();
        // `nameserver address:port` is libevent's own idea, and just what is needed.
        fs::write(root.join("resolv.conf"), format!("nameserver {resolver}\n"))?;
        fs::write(root.join("nothing"), "")?;
        let authority = found_authority(root)?;
        let start = |name: &str, role: Role| run(root, name, &authority, role);
        let mut first = start("authority", Role::Authority)?;
        let mut relays = Vec::new();
        for name in ["exit1", "exit2"] {
            let at = port::free()?;
            let mut relay = start(name, Role::Exit { at })?;
            let listens = async || TcpStream::connect(at).await.is_ok();
            relay.wait_until(PATIENCE, listens).await?;
            relays.push(relay);
        }
        // A client that is too early waits long before it asks again.
        let agreed = async || relays_in_consensus(authority.directory).await == RELAYS;
        first.wait_until(PATIENCE, agreed).await?;
        relays.push(first);

        let (socks, control) = (port::free()?, port::free()?);
        let mut client = start("client", Role::Client { socks, control })?;
        let log = client.log().to_owned();
        let has_circuit =
            async || fs::read_to_string(&log).is_ok_and(|text| text.contains("Bootstrapped 100%"));
        client.wait_until(CLIENT_PATIENCE, has_circuit).await?;
        Ok(Self {
            client: Some(client),
            socks,
            control: Control::listen(control).await?,
            _relays: relays,
            _folder: folder,
        })
    }

    /// The client as a proxy that isolates every name.
    ///
    /// # Panics
    /// Never: an address makes a proxy.
    pub fn proxy(&self) -> Proxy {
        let text = format!("socks5://{}", self.socks);
        text.parse().expect("an address makes a proxy")
    }

    /// The streams that reached their target since this was asked last, in order.
    ///
    /// # Errors
    /// The client does not say within a few seconds that it has told everything.
    pub async fn streams(&mut self) -> Result<Vec<Stream>> {
        self.control.streams().await
    }

    /// Kills the client, as a crash would; the rest of the network goes on.
    pub fn kill_client(&mut self) {
        self.client = None;
    }
}

/// Makes the authority's keys and tells how others know it.
fn found_authority(root: &Path) -> Result<Authority> {
    let folder = private_folder(&root.join("authority"))?;
    let keys = private_folder(&folder.join("keys"))?;
    let (relay, directory) = (port::free()?, port::free()?);
    let certificate = keys.join("authority_certificate");
    let mut command = Command::new(tool("tor-gencert")?);
    command.args(["--create-identity-key", "--passphrase-fd", "0", "-m", "1"]);
    command.arg("-i").arg(keys.join("authority_identity_key"));
    command.arg("-s").arg(keys.join("authority_signing_key"));
    command.arg("-c").arg(&certificate);
    command.arg("-a").arg(directory.to_string());
    finish("tor-gencert", command, "a passphrase\n")?;
    let identity = fs::read_to_string(certificate)?
        .lines()
        .find_map(|line| line.strip_prefix("fingerprint ").map(str::to_owned))
        .context("tor-gencert wrote no fingerprint")?;

    let mut command = Command::new(tool("tor")?);
    let nothing = root.join("nothing");
    command
        .arg("-f")
        .arg(&nothing)
        .arg("--defaults-torrc")
        .arg(&nothing);
    command.arg("--DataDirectory").arg(&folder);
    command.args(["--ORPort", &relay.port().to_string()]);
    command.args(["--Nickname", "authority", "--list-fingerprint"]);
    finish("tor --list-fingerprint", command, "")?;
    let text = fs::read_to_string(folder.join("fingerprint"))?;
    let fingerprint = text.split_whitespace().nth(1);
    Ok(Authority {
        relay,
        directory,
        identity,
        fingerprint: fingerprint.context("tor wrote no fingerprint")?.to_owned(),
    })
}

/// Runs a program that ends by itself.
fn finish(name: &str, mut command: Command, input: &str) -> Result<()> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {name}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        let (out, error) = (&output.stdout, &output.stderr);
        let said = [String::from_utf8_lossy(out), String::from_utf8_lossy(error)].concat();
        bail!("{name} failed ({}):\n{said}", output.status);
    }
    Ok(())
}

fn run(root: &Path, name: &str, authority: &Authority, role: Role) -> Result<Service> {
    let folder = private_folder(&root.join(name))?;
    let file = root.join(format!("{name}.torrc"));
    fs::write(
        &file,
        configuration::text(root, &folder, name, authority, role),
    )?;
    let mut command = Command::new(tool("tor")?);
    command.arg("--defaults-torrc").arg(root.join("nothing"));
    command.arg("-f").arg(file);
    Service::start(name, command, &root.join(format!("{name}.log")))
}

/// Tor takes no folder that others can look into.
fn private_folder(path: &Path) -> Result<PathBuf> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(path)?;
    Ok(path.to_owned())
}

/// How many relays the authority says are running.
async fn relays_in_consensus(directory: SocketAddr) -> usize {
    let ask = async {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let url = format!("http://{directory}/tor/status-vote/current/consensus-microdesc");
        client
            .get(url)
            .send()
            .await?
            .error_for_status()?
            .text()
            .await
    };
    // Until the first vote there is none, and the address may not listen yet.
    let text = ask.await.unwrap_or_default();
    let is_running = |line: &&str| line.starts_with("s ") && line.contains(" Running");
    text.lines().filter(is_running).count()
}

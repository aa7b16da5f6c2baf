//! One server under test: started with its own kind of configuration, asked, and stopped.

use std::{
    fmt, fs,
    net::{Ipv4Addr, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::{PATIENCE, load::Load, ours::APEX, process};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Knot,
    /// Signs the zone itself, and takes dynamic updates.
    KnotSigning,
    Nsd,
    Bind,
    OursNsec3,
    OursCompact,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Knot => "Knot, NSEC3",
            Self::KnotSigning => "Knot, signing",
            Self::Nsd => "NSD, NSEC3",
            Self::Bind => "BIND, NSEC3",
            Self::OursNsec3 => "paynamed, NSEC3",
            Self::OursCompact => "paynamed, compact",
        })
    }
}

/// A server that is running; it ends with this.
pub(super) struct Contestant {
    child: Child,
    port: u16,
}

impl Contestant {
    /// Starts a server with the zone in `folder` and waits until it answers.
    pub(super) fn start(kind: Kind, folder: &Path, names: u32) -> Self {
        let port = free_port();
        let home = folder.join(format!("{kind:?}"));
        fs::create_dir_all(&home).expect("a folder");
        let mut command = command(kind, folder, &home, port, names);
        let log = fs::File::create(home.join("log")).expect("a log");
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"));
        let child = command.stderr(log).spawn().expect("a server that starts");
        let mut server = Self { child, port };
        let start = Instant::now();
        while !server.answers() {
            let ended = server.child.try_wait().expect("its state");
            if ended.is_some() || start.elapsed() > PATIENCE {
                let log = fs::read_to_string(home.join("log")).unwrap_or_default();
                panic!("{kind} does not answer:\n{log}");
            }
        }
        server
    }

    /// Asks the questions of a file for some seconds: answers per CPU second.
    pub(super) fn ask(&self, questions: &Path, seconds: u32) -> f64 {
        let before = self.cpu();
        let outcome = Load::start(self.port, questions, seconds, None).finish();
        let ticks = (self.cpu() - before).max(1);
        outcome.completed * 100.0 / ticks as f64
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn memory(&self) -> u64 {
        let family = process::family(self.child.id());
        family.into_iter().map(process::memory).sum()
    }

    /// The CPU time it has used, in hundredths of a second.
    pub(super) fn cpu(&self) -> u64 {
        let family = process::family(self.child.id());
        family.into_iter().map(process::cpu).sum()
    }

    /// Whether the last name of the zone is there.
    fn answers(&self) -> bool {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        let patience = Some(Duration::from_millis(200));
        socket.set_read_timeout(patience).expect("a time-out");
        let mut query = vec![0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in format!("user0.{APEX}").split('.') {
            query.push(label.len() as u8);
            query.extend(label.as_bytes());
        }
        query.extend([0, 16, 0, 1]);
        let mut response = [0; 2048];
        let sent = socket.send_to(&query, (Ipv4Addr::LOCALHOST, self.port));
        let received = sent.and_then(|_| socket.recv(&mut response));
        std::thread::sleep(Duration::from_millis(50));
        // NOERROR, and an answer or word that it is too long for a plain query.
        received.is_ok() && response[3] & 0x0f == 0 && (response[7] > 0 || response[2] & 2 != 0)
    }
}

impl Drop for Contestant {
    fn drop(&mut self) {
        for process in process::family(self.child.id()).into_iter().rev() {
            let _ = Command::new("kill").arg(process.to_string()).status();
        }
        let _ = self.child.wait();
    }
}

fn command(kind: Kind, folder: &Path, home: &Path, port: u16, names: u32) -> Command {
    let (at, zone) = (home.display(), folder.join("zone"));
    let file = zone.display();
    if kind == Kind::KnotSigning {
        fs::copy(folder.join("unsigned"), home.join("zone")).expect("the zone file");
    }
    let configuration = home.join("conf");
    let (program_name, text, arguments): (&str, String, &[&str]) = match kind {
        Kind::Knot => (
            "knotd",
            format!(
                "server:\n  rundir: {at}\n  listen: 127.0.0.1@{port}\n  udp-workers: 1\n  \
                 tcp-workers: 1\n  background-workers: 1\ndatabase:\n  storage: {at}\nlog:\n  - \
                 target: stderr\n    any: warning\nzone:\n  - domain: {APEX}\n    file: {file}\n"
            ),
            &["-c"],
        ),
        Kind::KnotSigning => (
            "knotd",
            format!(
                "server:\n  rundir: {at}\n  listen: 127.0.0.1@{port}\n  udp-workers: 1\n  \
                 tcp-workers: 1\n  background-workers: 1\ndatabase:\n  storage: {at}\nlog:\n  - \
                 target: stderr\n    any: warning\nacl:\n  - id: update\n    address: 127.0.0.1\n    \
                 action: update\npolicy:\n  - id: nsec3\n    algorithm: ecdsap256sha256\n    \
                 nsec3: on\n    nsec3-iterations: 0\n    nsec3-salt-length: 0\nzone:\n  - domain: \
                 {APEX}\n    storage: {at}\n    file: {at}/zone\n    acl: update\n    dnssec-signing: \
                 on\n    dnssec-policy: nsec3\n    zonefile-sync: -1\n    zonefile-load: whole\n    \
                 journal-content: none\n"
            ),
            &["-c"],
        ),
        Kind::Nsd => (
            "nsd",
            format!(
                "server:\n ip-address: 127.0.0.1@{port}\n server-count: 1\n username: \"\"\n \
                 database: \"\"\n zonesdir: {at}\n pidfile: {at}/pid\n xfrdfile: {at}/xfrd\n \
                 zonelistfile: {at}/list\n rrl-ratelimit: 0\n rrl-whitelist-ratelimit: 0\n\
                 remote-control:\n control-enable: no\nzone:\n name: {APEX}\n zonefile: {file}\n"
            ),
            &["-d", "-c"],
        ),
        Kind::Bind => (
            "named",
            format!(
                "options {{ directory \"{at}\"; listen-on port {port} {{ 127.0.0.1; }}; \
                 listen-on-v6 {{ none; }}; recursion no; pid-file \"{at}/pid\"; \
                 session-keyfile \"{at}/key\"; minimal-responses yes; dnssec-validation no; }};\n\
                 controls {{ }};\nzone \"{APEX}\" {{ type primary; check-names ignore; file \"{file}\"; }};\n"
            ),
            &["-g", "-n", "1", "-c"],
        ),
        Kind::OursNsec3 | Kind::OursCompact => {
            let denial = if kind == Kind::OursCompact {
                "compact"
            } else {
                "nsec3"
            };
            let mut command = Command::new(std::env::current_exe().expect("this program"));
            command.args(["serve", denial, &names.to_string(), &port.to_string()]);
            return command;
        }
    };
    fs::write(&configuration, text).expect("a configuration");
    let mut command = Command::new(program(program_name));
    command.args(arguments).arg(configuration);
    command
}

/// A port that is free on UDP and TCP.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("its address").port()
}

/// Where a program of the set-up is, or its name for `PATH`.
pub(super) fn program(name: &str) -> PathBuf {
    let tools = std::env::var_os("PAYNAME_TOOLS").map(PathBuf::from);
    let tool = tools
        .map(|tools| tools.join(name))
        .filter(|tool| tool.exists());
    tool.unwrap_or_else(|| name.into())
}

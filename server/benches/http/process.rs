//! A `paynamed` of its own process and directory.

use std::{
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpListener},
    os::unix::fs::DirBuilderExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    client::{Connection, get},
    fill::fill,
};

/// How long a server may take to sign its zone.
const PATIENCE: Duration = Duration::from_secs(600);

/// A server that runs until it is dropped.
pub(crate) struct Paynamed {
    child: Child,
    directory: tempfile::TempDir,
    pub(crate) http: SocketAddr,
    pub(crate) dns: SocketAddr,
}

impl Paynamed {
    /// Starts one with so many names, and waits until it serves them.
    pub(crate) async fn start(names: u32) -> Self {
        let directory = tempfile::tempdir().expect("a temporary folder");
        let data = directory.path().join("data");
        let mut builder = std::fs::DirBuilder::new();
        builder.mode(0o700).create(&data).expect("a folder");
        fill(&data.join("registry.sqlite"), names);
        Self::configure(directory, "").await
    }

    /// Starts one that keeps its names in a PostgreSQL with this URL.
    pub(crate) async fn start_on(database: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary folder");
        let database = format!("database = {{ url = \"{database}\" }}\n");
        Self::configure(directory, &database).await
    }

    async fn configure(directory: tempfile::TempDir, more: &str) -> Self {
        let (http, dns) = (free_address(), free_address());
        let text = format!(
            "public_url = \"http://{http}\"\ndata_dir = \"data\"\n{more}[http]\nlisten = \"{http}\"\n[dns]\nlisten = [\"{dns}\"]\n\
             [[domain]]\nname = \"bench.test\"\nnameservers = [\"ns.example.org\"]\n"
        );
        std::fs::write(directory.path().join("paynamed.toml"), text).expect("a file");
        Self::spawn(directory, http, dns).await
    }

    /// The same server, started anew.
    pub(crate) async fn restart(mut self) -> Self {
        self.stop();
        let directory =
            std::mem::replace(&mut self.directory, tempfile::tempdir().expect("a folder"));
        Self::spawn(directory, self.http, self.dns).await
    }

    async fn spawn(directory: tempfile::TempDir, http: SocketAddr, dns: SocketAddr) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_paynamed"))
            .args(["--config".into(), directory.path().join("paynamed.toml")])
            .env("PAYNAMED_LOG", "warn")
            .stdout(Stdio::null())
            .spawn()
            .expect("paynamed starts");
        let begun = Instant::now();
        while !is_ready(http).await {
            let ended = child.try_wait().expect("a child");
            assert!(ended.is_none(), "paynamed does not start: {ended:?}");
            assert!(begun.elapsed() < PATIENCE, "paynamed is not ready");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Self {
            child,
            directory,
            http,
            dns,
        }
    }

    /// What it holds in memory, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let file = std::fs::File::open(format!("/proc/{}/status", self.child.id())).expect("Linux");
        let mut lines = BufReader::new(file).lines().map_while(Result::ok);
        let line = lines
            .find(|line| line.starts_with("VmRSS:"))
            .expect("a line");
        let kilobytes = line.split_whitespace().nth(1).expect("a number");
        kilobytes.parse::<u64>().expect("a number") << 10
    }

    /// The CPU time that it has taken so far.
    pub(crate) fn cpu(&self) -> Duration {
        cpu_of(self.child.id())
    }

    /// Its directory's disk, for what is compared with it.
    pub(crate) fn beside(&self) -> PathBuf {
        let folder = self.directory.path().join("beside");
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    fn stop(&mut self) {
        let id = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}

impl Drop for Paynamed {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn is_ready(http: SocketAddr) -> bool {
    match Connection::open(http).await {
        Ok(mut connection) => connection.ask(&get(http, "/readyz")).await.0 == 200,
        Err(_) => false,
    }
}

/// The CPU time that a process has taken so far (proc(5): fields 14 and 15, in hundredths of a second).
pub(crate) fn cpu_of(process: u32) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("Linux");
    let (_, behind) = text.rsplit_once(')').expect("a name in brackets");
    let ticks = behind.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks
        .map(|ticks| ticks.parse::<u64>().expect("ticks"))
        .sum();
    Duration::from_millis(ticks * 10)
}

/// An address that nobody has just now.
pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

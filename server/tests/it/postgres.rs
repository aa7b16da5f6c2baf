//! A real PostgreSQL of the test's own, in a temporary directory, on a socket there.

use std::{
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// The user and group that own nothing; PostgreSQL refuses to run as root.
const NOBODY: u32 = 65_534;
/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running cluster; dropped, it is stopped and gone.
pub(crate) struct Cluster {
    server: Child,
    directory: tempfile::TempDir,
    databases: AtomicU32,
}

impl Cluster {
    /// Makes and starts one.
    ///
    /// Its files need not outlive the machine, so nothing waits for the disk, unless `durable`.
    pub(crate) fn start(durable: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        if is_root() {
            chown(directory.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let made = program("initdb")
            .args(["--auth=trust", "--username=payname", "--encoding=UTF8"])
            .args(["--no-locale", "--no-sync", "--pgdata"])
            .arg(&data)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "initdb: {said}");
        let mut start = program("postgres");
        start.arg("-D").arg(&data).arg("-k").arg(directory.path());
        // Only the socket: two clusters at once cannot disturb each other.
        start.args(["-c", "listen_addresses=", "-c", "max_connections=200"]);
        if !durable {
            start.args(["-c", "fsync=off", "-c", "full_page_writes=off"]);
        }
        let log = std::fs::File::create(directory.path().join("log")).unwrap();
        let server = start
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut cluster = Self {
            server,
            directory,
            databases: AtomicU32::new(0),
        };
        cluster.wait();
        cluster
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> &Path {
        self.directory.path()
    }

    /// The URL of a new, empty database.
    pub(crate) async fn database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("payname{number}");
        self.run("postgres", &format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
        self.url(&name)
    }

    /// Runs statements in a database.
    pub(crate) async fn run(
        &self,
        database: &str,
        statements: &str,
    ) -> Result<(), tokio_postgres::Error> {
        run(&self.url(database), statements).await
    }

    fn url(&self, database: &str) -> String {
        let socket = self.socket().display();
        format!("host={socket} user=payname dbname={database}")
    }

    fn wait(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        let socket = self.socket().join(".s.PGSQL.5432");
        let is_ready = || {
            let status = std::fs::read_to_string(self.directory.path().join("data/postmaster.pid"));
            socket.exists() && status.is_ok_and(|status| status.contains("ready"))
        };
        while !is_ready() {
            let log = std::fs::read_to_string(self.socket().join("log")).unwrap_or_default();
            assert!(self.server.try_wait().unwrap().is_none(), "postgres: {log}");
            assert!(Instant::now() < deadline, "postgres is not ready: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Asked to stop at once, it leaves no shared memory behind, as it would if it was killed.
        let asked = Command::new("kill")
            .args(["-QUIT", &self.server.id().to_string()])
            .status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.server.kill();
        }
        let _ = self.server.wait();
    }
}

/// Runs statements in the database with this URL.
pub(crate) async fn run(url: &str, statements: &str) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    let connection = tokio::spawn(connection);
    client.batch_execute(statements).await?;
    drop(client);
    let _ = connection.await;
    Ok(())
}

/// A program of PostgreSQL, to be run as a user that it accepts.
fn program(name: &str) -> Command {
    let mut command = Command::new(find(name));
    command.env("LC_ALL", "C").current_dir("/");
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Where the set-up has put it, on PATH, or where distributions put it.
pub(crate) fn find(name: &str) -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let own = std::env::var_os("PAYNAME_TOOLS").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let versions = versions.flatten().map(|entry| entry.path().join("bin"));
    let mut folders = own
        .into_iter()
        .chain([workspace.join("target/tools/bin")])
        .chain(std::env::split_paths(&path))
        .chain(versions);
    folders
        .find(|folder| folder.join(name).is_file())
        .unwrap_or_else(|| panic!("`{name}` is not on this machine; run `make setup`"))
        .join(name)
}

fn is_root() -> bool {
    let own = std::fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own));
    own.is_ok_and(|uid| uid == 0)
}

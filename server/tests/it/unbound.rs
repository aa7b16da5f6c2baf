//! A real validating resolver that asks one of our servers.

use std::{
    net::{SocketAddr, UdpSocket},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tokio::net::TcpStream;

use crate::{postgres::find, scene::DOMAIN};

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// An Unbound that is stopped when it is dropped.
pub(crate) struct Unbound {
    child: Child,
    /// Where it is asked.
    pub(crate) address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Unbound {
    /// Starts one that believes what this DS record leads to; `more` goes into its `server:`, and `stub`
    /// says where the zone is.
    pub(crate) async fn start(anchor: &str, more: &str, stub: &str) -> Self {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut unbound = Self::begin(anchor, more, stub);
            // A port that was free a moment ago may have been taken; then it ends, and another is tried.
            while unbound.child.try_wait().unwrap().is_none() {
                if TcpStream::connect(unbound.address).await.is_ok()
                    && unbound.child.try_wait().unwrap().is_none()
                {
                    return unbound;
                }
                assert!(Instant::now() < deadline, "unbound does not start");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            assert!(Instant::now() < deadline, "unbound ends at once");
        }
    }

    fn begin(anchor: &str, more: &str, stub: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let free = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let config = format!(
            "server:\n directory: \"{folder}\"\n chroot: \"\"\n username: \"\"\n pidfile: \"\"\n \
             do-daemonize: no\n use-syslog: no\n interface: 127.0.0.1@{port}\n \
             module-config: \"validator iterator\"\n do-not-query-localhost: no\n \
             local-zone: \"test.\" nodefault\n trust-anchor: \"{anchor}\"\n {more}\n\
             stub-zone:\n name: \"{DOMAIN}\"\n {stub}\n\
             remote-control:\n control-enable: no\n",
            folder = folder.path().display(),
            port = address.port(),
            anchor = anchor.trim(),
        );
        let file = folder.path().join("unbound.conf");
        std::fs::write(&file, config).unwrap();
        let child = Command::new(find("unbound"))
            .args(["-d", "-c"])
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            child,
            address,
            _folder: folder,
        }
    }
}

impl Drop for Unbound {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

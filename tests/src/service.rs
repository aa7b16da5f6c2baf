//! A child process that cannot outlive the one that started it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// A running program whose output goes to a file.
///
/// Dropping it kills the program. Should this process itself be killed, a small watchdog (a shell
/// waiting for the end of a pipe that only this process holds open) does it instead.
#[derive(Debug)]
pub struct Service {
    name: String,
    child: Child,
    watchdog: Child,
    log: PathBuf,
}

impl Service {
    /// Starts `command`, with its output and errors written to `log`.
    ///
    /// # Errors
    /// The file cannot be made or the program cannot be started.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Result<Self> {
        let file = File::create(log).with_context(|| format!("creating {}", log.display()))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("starting {:?}", command.get_program()))?;
        let watchdog = Command::new("sh")
            .args([
                "-c",
                "trap '' INT TERM; read -r _; kill -9 \"$1\"",
                "watchdog",
            ])
            .arg(child.id().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let watchdog = match watchdog {
            Ok(watchdog) => watchdog,
            Err(error) => {
                child.kill()?;
                return Err(error).context("starting a watchdog with `sh`");
            }
        };
        Ok(Self {
            name: name.to_owned(),
            child,
            watchdog,
            log: log.to_owned(),
        })
    }

    /// Waits until `ready` says yes.
    ///
    /// # Errors
    /// The program ends first, or `patience` does; the end of its log is in the message.
    pub async fn wait_until<F>(&mut self, patience: Duration, mut ready: F) -> Result<()>
    where
        F: AsyncFnMut() -> bool,
    {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!(
                    "{} ended at once ({status}):\n{}",
                    self.name,
                    self.log_tail()
                );
            }
            if ready().await {
                return Ok(());
            }
            if started.elapsed() > patience {
                bail!(
                    "{} was not ready after {} s:\n{}",
                    self.name,
                    patience.as_secs(),
                    self.log_tail()
                );
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where its output goes.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The last lines it wrote.
    pub fn log_tail(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }

    /// Asks it to end (SIGTERM) and waits; kills it when `patience` is over.
    ///
    /// # Errors
    /// Its status cannot be read.
    pub async fn stop(self, patience: Duration) -> Result<ExitStatus> {
        self.terminate();
        self.wait(patience).await
    }

    /// Waits for an end that was asked for by other means; kills it when `patience` is over.
    ///
    /// # Errors
    /// Its status cannot be read.
    pub async fn wait(mut self, patience: Duration) -> Result<ExitStatus> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if started.elapsed() > patience {
                self.child.kill()?;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Kills it at once, as a power cut would (SIGKILL).
    pub fn kill(&mut self) {
        // Both fail only when the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn terminate(&self) {
        let id = self.child.id().to_string();
        let _ = Command::new("sh")
            .args(["-c", "kill -TERM \"$1\"", "terminate", &id])
            .stderr(Stdio::null())
            .status();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // The watchdog first: the child's id must not be reused while it could still fire.
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_running(id: u32) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        !status.is_empty() && !status.contains(") Z ")
    }

    #[tokio::test]
    async fn a_program_that_ends_too_early_is_reported_with_what_it_said() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo the port is taken; exit 3"]);
        let mut service = Service::start("sh", command, &folder.path().join("log")).unwrap();
        let error = service
            .wait_until(Duration::from_secs(5), async || false)
            .await;
        let message = error.unwrap_err().to_string();
        assert!(message.contains("the port is taken"), "{message}");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_program_dies_with_the_process_that_started_it_even_by_sigkill() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sleep");
        command.arg("600");
        let mut service = Service::start("sleep", command, &folder.path().join("log")).unwrap();
        let id = service.id();
        assert!(is_running(id));
        // What the kernel does when this process is killed: the pipe is closed.
        drop(service.watchdog.stdin.take());
        for _ in 0..200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            if !is_running(id) {
                return;
            }
        }
        panic!("process {id} still runs");
    }
}

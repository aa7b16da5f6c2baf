//! The real `payname` command, run as a person would run it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::service::Service;
use crate::tools::own_binary;

/// How to run `payname` in a sandbox: the environment that its options are read from.
#[derive(Debug, Clone)]
pub struct Payname {
    environment: Vec<(&'static str, String)>,
}

/// A run that has ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The exit code; 128 and more for a signal.
    pub code: i32,
    /// What it said on standard output.
    pub stdout: String,
    /// What it said on standard error.
    pub stderr: String,
    /// How long it took.
    pub took: Duration,
}

impl Payname {
    /// With nothing but a folder for keys, payments and the node.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            environment: vec![("PAYNAME_DATA_DIR", data_dir.display().to_string())],
        }
    }

    /// With a further variable.
    #[must_use]
    pub fn with(mut self, variable: &'static str, value: impl Into<String>) -> Self {
        self.environment.retain(|(name, _)| *name != variable);
        self.environment.push((variable, value.into()));
        self
    }

    /// The variables, as a shell would export them.
    pub fn environment(&self) -> &[(&'static str, String)] {
        &self.environment
    }

    /// The folder for keys, payments and the node.
    pub fn data_dir(&self) -> PathBuf {
        let (_, folder) = &self.environment[0];
        folder.into()
    }

    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(own_binary("payname")?);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PAYNAME_") {
                command.env_remove(name); // what the person at this machine has set is not meant
            }
        }
        command.env("PAYNAME_CONFIG", "");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.args(arguments).stdin(Stdio::null());
        Ok(command)
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// It cannot be started.
    pub async fn run(&self, arguments: &[&str]) -> Result<Finished> {
        let mut command = tokio::process::Command::from(self.command(arguments)?);
        let started = Instant::now();
        let output = command
            .kill_on_drop(true)
            .output()
            .await
            .context("running payname")?;
        Ok(Finished {
            code: output.status.code().unwrap_or(128),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            took: started.elapsed(),
        })
    }

    /// Runs it with `--json` and reads the one document that it prints, whatever its exit code.
    ///
    /// # Errors
    /// It cannot be started, or prints something else.
    pub async fn json(&self, arguments: &[&str]) -> Result<(i32, Value)> {
        let run = self.run(&[arguments, &["--json"]].concat()).await?;
        match serde_json::from_str(&run.stdout) {
            Ok(document) => Ok((run.code, document)),
            Err(_) => bail!("no JSON from payname {arguments:?}: {run:?}"),
        }
    }

    /// Starts it and lets it run, to be killed in the middle.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(&self, arguments: &[&str], log: &Path) -> Result<Service> {
        Service::start("payname", self.command(arguments)?, log)
    }
}

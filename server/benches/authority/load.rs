//! Questions by `dnsperf`, which counts the answers.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

use super::contestant::program;

/// A run of `dnsperf` under way.
pub(super) struct Load {
    child: Child,
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    pub(super) sent: f64,
    pub(super) completed: f64,
}

impl Load {
    /// Asks the questions of a file for some seconds, as fast as answers come or at a steady rate.
    pub(super) fn start(port: u16, questions: &Path, seconds: u32, rate: Option<u32>) -> Self {
        let mut command = Command::new(program("dnsperf"));
        command
            .args(["-s", "127.0.0.1", "-p", &port.to_string()])
            .args(["-l", &seconds.to_string()])
            .args(["-c", "8", "-T", "1", "-e", "-D", "-d"])
            .arg(questions)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some(rate) = rate {
            // Who is flooded does not get to say when the next question comes.
            command.args(["-Q", &rate.to_string(), "-q", "5000", "-t", "1"]);
        }
        let child = command.spawn().expect("dnsperf");
        Self { child }
    }

    /// Waits for its end.
    pub(super) fn finish(self) -> Outcome {
        let output = self.child.wait_with_output().expect("dnsperf");
        let said = String::from_utf8_lossy(&output.stdout);
        let number = |label: &str| {
            let number = said.lines().find_map(|line| {
                let rest = line.trim().strip_prefix(label)?;
                rest.trim().split(' ').next()?.parse::<f64>().ok()
            });
            number.unwrap_or_else(|| panic!("dnsperf said: {said}"))
        };
        Outcome {
            sent: number("Queries sent:"),
            completed: number("Queries completed:"),
        }
    }
}

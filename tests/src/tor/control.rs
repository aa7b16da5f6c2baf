//! What a `tor` tells of its streams over its control port.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// A stream that reached its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// The circuit that carried it.
    pub circuit: String,
    /// Host and port as the application named them.
    pub target: String,
}

/// A connection to the control port on which every stream is told.
#[derive(Debug)]
pub(super) struct Control {
    connection: BufReader<TcpStream>,
    /// What each stream was opened to, by its id.
    targets: BTreeMap<String, String>,
}

impl Control {
    pub(super) async fn listen(address: SocketAddr) -> Result<Self> {
        let connection = BufReader::new(TcpStream::connect(address).await?);
        let mut control = Self {
            connection,
            targets: BTreeMap::new(),
        };
        control.command("AUTHENTICATE").await?;
        control.command("SETEVENTS STREAM").await?;
        Ok(control)
    }

    /// The streams that succeeded since this was asked last.
    pub(super) async fn streams(&mut self) -> Result<Vec<Stream>> {
        // Events come in order, so that those before the answer to a command are all there are.
        let events = self.command("GETINFO version").await?;
        let mut streams = Vec::new();
        for event in events {
            let words: Vec<&str> = event.split_whitespace().collect();
            match words[..] {
                ["650", "STREAM", id, "NEW", _, target, ..] => {
                    self.targets.insert(id.to_owned(), target.to_owned());
                }
                ["650", "STREAM", id, "SUCCEEDED", circuit, ..] => {
                    let target = self.targets.get(id).cloned();
                    streams.push(Stream {
                        circuit: circuit.to_owned(),
                        target: target.context("a stream that was never opened")?,
                    });
                }
                _ => {}
            }
        }
        Ok(streams)
    }

    /// Sends a command and waits for its end; gives the events before it.
    async fn command(&mut self, command: &str) -> Result<Vec<String>> {
        let line = format!("{command}\r\n");
        self.connection.write_all(line.as_bytes()).await?;
        let mut events = Vec::new();
        let read = async {
            loop {
                let mut line = String::new();
                if self.connection.read_line(&mut line).await? == 0 {
                    bail!("tor hung up after `{command}`");
                }
                let line = line.trim_end();
                match line.get(..4) {
                    Some("250 ") => return Ok(()),
                    Some("250-" | "250+") => {}
                    _ if line.starts_with("650") => events.push(line.to_owned()),
                    _ => bail!("tor answered `{command}` with `{line}`"),
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), read).await??;
        Ok(events)
    }
}

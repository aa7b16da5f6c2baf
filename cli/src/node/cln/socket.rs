//! The `lightning-rpc` socket: JSON-RPC 2.0, one call to a connection.

use std::{path::PathBuf, time::Duration};

use serde_json::{Value, json};

use super::rpc::{Rpc, RpcError};
use crate::node::NodeError;

/// The longest answer that is read: a list of all payments of a busy node.
#[cfg(unix)]
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// How often a call looks whether the process is to end.
#[cfg(unix)]
const PAUSE: Duration = Duration::from_millis(100);

/// The socket of a node.
pub(super) struct Socket {
    path: PathBuf,
}

impl Socket {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    fn not_sent(&self, cause: &dyn std::fmt::Display) -> RpcError {
        RpcError::NotSent(NodeError::Unreachable {
            node: "Core Lightning",
            cause: format!("{}: {cause}", self.path.display()),
        })
    }
}

impl Rpc for Socket {
    fn call(&self, method: &str, params: Value, within: Duration) -> Result<Value, RpcError> {
        let id = "payname";
        let call = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let answer = self.exchange(&call, within)?;
        if answer.get("id").and_then(Value::as_str) != Some(id) {
            return Err(RpcError::Lost("it answered another call".to_owned()));
        }
        match (answer.get("result"), answer.get("error")) {
            (Some(result), None) => Ok(result.clone()),
            (None, Some(error)) => Err(RpcError::said(error)),
            _ => Err(RpcError::Lost(
                "it answered without result or error".to_owned(),
            )),
        }
    }
}

#[cfg(not(unix))]
impl Socket {
    fn exchange(&self, _call: &Value, _within: Duration) -> Result<Value, RpcError> {
        Err(self.not_sent(&"this system has no such sockets; use cln+https://"))
    }
}

#[cfg(unix)]
impl Socket {
    /// Writes the call, and reads until the two line breaks that end an answer.
    fn exchange(&self, call: &Value, within: Duration) -> Result<Value, RpcError> {
        use std::{
            io::{ErrorKind, Read, Write},
            os::unix::net::UnixStream,
        };

        use crate::node::wait::Wait;

        let wait = Wait::of(within);
        let mut stream = UnixStream::connect(&self.path).map_err(|error| self.not_sent(&error))?;
        let lost = |error: std::io::Error| RpcError::Lost(error.to_string());
        let timeouts = stream
            .set_read_timeout(Some(PAUSE))
            .and_then(|()| stream.set_write_timeout(Some(within.max(PAUSE))));
        timeouts.map_err(|error| self.not_sent(&error))?;
        stream
            .write_all(call.to_string().as_bytes())
            .map_err(lost)?;
        let mut answer = Vec::new();
        let mut part = vec![0; 16 * 1024];
        while !answer.ends_with(b"\n\n") {
            match stream.read(&mut part) {
                Ok(0) => return Err(RpcError::Lost("it hung up".to_owned())),
                Ok(length) => answer.extend_from_slice(part.get(..length).unwrap_or_default()),
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) => {}
                Err(error) => return Err(lost(error)),
            }
            if answer.len() > MAX_ANSWER {
                return Err(RpcError::Lost("the answer is too long".to_owned()));
            }
            if wait.is_over() && !answer.ends_with(b"\n\n") {
                return Err(RpcError::Lost("no answer in time".to_owned()));
            }
        }
        serde_json::from_slice(&answer)
            .map_err(|_| RpcError::Lost("it answered with something that is no JSON".to_owned()))
    }
}

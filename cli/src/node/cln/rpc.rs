//! One call of Core Lightning's JSON-RPC, however it is carried.

use std::time::Duration;

use serde_json::Value;

use crate::node::NodeError;

/// A way to call methods.
pub(super) trait Rpc: Send + Sync {
    /// Calls `method` and waits for its result.
    fn call(&self, method: &str, params: Value, within: Duration) -> Result<Value, RpcError>;
}

/// Why there is no result.
#[derive(Debug)]
pub(super) enum RpcError {
    /// The node has not heard the call, or not let us in.
    NotSent(NodeError),
    /// The node answered with an error.
    Said {
        /// Its number, as the method's manual lists them.
        code: i64,
        /// Its words.
        message: String,
    },
    /// The node may have heard the call, and nothing whole came back.
    Lost(String),
}

impl RpcError {
    /// An error as JSON-RPC writes them: `code` and `message`.
    pub(super) fn said(error: &Value) -> Self {
        let code = error.get("code").and_then(Value::as_i64);
        let message = error.get("message").and_then(Value::as_str);
        Self::Said {
            code: code.unwrap_or(-1),
            message: message.unwrap_or("it gave no reason").to_owned(),
        }
    }
}

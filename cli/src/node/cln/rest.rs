//! `clnrest`: the same calls over HTTPS, allowed by a rune.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::rpc::{Rpc, RpcError};
use crate::node::{
    NodeError,
    endpoint::{Body, CallError, Endpoint, Login},
    secret::Secret,
};

/// The `clnrest` of a node.
pub(super) struct Rest(Endpoint);

impl Rest {
    pub(super) fn new(url: Url, rune: Secret, authority: Option<&[u8]>) -> Result<Self, NodeError> {
        Endpoint::new(url, Login::Rune(rune), authority).map(Self)
    }
}

impl Rpc for Rest {
    fn call(&self, method: &str, params: Value, within: Duration) -> Result<Value, RpcError> {
        let path = format!("v1/{method}");
        let answer = self.0.post(&path, Body::Json(params), within);
        let answer = answer.map_err(|error| match error {
            CallError::NotSent(cause) => RpcError::NotSent(NodeError::Unreachable {
                node: "Core Lightning",
                cause,
            }),
            CallError::Lost(cause) => RpcError::Lost(cause),
        })?;
        let error = answer
            .json
            .as_ref()
            .filter(|json| json.get("code").is_some());
        match (answer.status, error) {
            (201, _) => answer
                .json
                .ok_or_else(|| RpcError::Lost("it answered with something that is no JSON".into())),
            (401 | 403, _) => Err(RpcError::NotSent(NodeError::Unauthorized {
                node: "Core Lightning",
                hint: format!(
                    "the rune must allow getinfo, fetchinvoice, xpay and listpays, and it does not allow {method}"
                ),
            })),
            (404 | 500, Some(error)) => Err(RpcError::said(error)),
            (status, _) => Err(RpcError::Lost(format!("it answered HTTP {status}"))),
        }
    }
}

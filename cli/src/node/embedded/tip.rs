//! The height of the chain, asked of `bitcoind` itself.
//!
//! `ldk-node` tells how far its wallet is, not how far the chain is; paying while behind makes
//! other nodes refuse.

use std::{thread, time::Duration};

use serde_json::{Value, json};

use super::super::ChainSource;

const TIMEOUT: Duration = Duration::from_secs(10);

/// The height of the chain's tip, or zero for a source that is not asked.
pub(super) fn of(chain: &ChainSource) -> Result<u32, TipError> {
    let ChainSource::Bitcoind {
        host,
        port,
        user,
        password,
    } = chain
    else {
        return Ok(0);
    };
    let ask = async {
        let answer = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .no_proxy()
            .build()?
            .post(format!("http://{host}:{port}/"))
            .basic_auth(user, Some(password))
            .json(&json!({"jsonrpc": "1.0", "id": "payname", "method": "getblockcount", "params": []}))
            .send()
            .await?
            .error_for_status()?;
        answer.json::<Value>().await
    };
    // A thread of its own, so that callers may or may not be inside a runtime.
    let answer = thread::scope(|scope| {
        let asked = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime
                .map_err(TipError::Runtime)?
                .block_on(ask)
                .map_err(TipError::from)
        });
        asked.join().unwrap_or(Err(TipError::NoHeight))
    })?;
    let height = answer.get("result").and_then(Value::as_u64);
    height
        .and_then(|height| u32::try_from(height).ok())
        .ok_or(TipError::NoHeight)
}

/// Why the height is not known.
#[derive(Debug, thiserror::Error)]
pub(super) enum TipError {
    #[error("{}", without_url(.0))]
    Http(#[from] reqwest::Error),
    #[error("no runtime: {0}")]
    Runtime(std::io::Error),
    #[error("it answers without a block count")]
    NoHeight,
}

/// The innermost cause, which names no URL.
fn without_url(error: &reqwest::Error) -> String {
    if let Some(status) = error.status() {
        return format!("HTTP status {status}");
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

//! A real `bitcoind -regtest`, reachable on loopback only.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::port;
use crate::service::Service;
use crate::tools::tool;

/// The user name of the RPC interface.
pub const RPC_USER: &str = "payname";
/// Its password: the chain is private, worthless and gone in a minute.
pub const RPC_PASSWORD: &str = "regtest";

/// A block after which the miner's first reward can be spent.
const MATURITY: u64 = 101;

/// A running `bitcoind` with a wallet of spendable coins, in a folder of its own.
#[derive(Debug)]
pub struct Bitcoind {
    service: Service,
    rpc: Rpc,
    _folder: Option<TempDir>,
}

#[derive(Debug, Clone)]
struct Rpc {
    client: reqwest::Client,
    address: SocketAddr,
}

impl Bitcoind {
    /// Starts it in a temporary folder and mines until there are coins to spend.
    ///
    /// # Errors
    /// The program is missing (`make setup`) or does not start.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("payname-bitcoind-")
            .tempdir()?;
        let mut bitcoind = Self::start_in(folder.path()).await?;
        bitcoind._folder = Some(folder);
        Ok(bitcoind)
    }

    /// The same in a folder that the caller keeps.
    ///
    /// # Errors
    /// As [`Bitcoind::start`].
    pub async fn start_in(folder: &Path) -> Result<Self> {
        let program = tool("bitcoind")?;
        let mut attempt = 1;
        loop {
            match Self::try_start(&program, folder).await {
                Ok(bitcoind) => return Ok(bitcoind),
                Err(error) if attempt >= port::ATTEMPTS => return Err(error),
                Err(_) => attempt += 1,
            }
        }
    }

    async fn try_start(program: &Path, folder: &Path) -> Result<Self> {
        let address = port::free()?;
        let mut command = Command::new(program);
        command
            .arg("-regtest")
            .arg(format!("-datadir={}", folder.display()))
            .arg(format!("-rpcport={}", address.port()))
            .arg(format!("-rpcuser={RPC_USER}"))
            .arg(format!("-rpcpassword={RPC_PASSWORD}"))
            // No peer, in or out: the chain is ours alone.
            .args(["-listen=0", "-connect=0", "-dnsseed=0", "-discover=0", "-listenonion=0"])
            .args(["-server=1", "-rpcbind=127.0.0.1", "-rpcallowip=127.0.0.1"])
            .args(["-fallbackfee=0.00001", "-dbcache=4", "-printtoconsole=1", "-rpcthreads=4"]);
        let mut service = Service::start("bitcoind", command, &folder.join("bitcoind.log"))?;
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(60))
            .build()?;
        let rpc = Rpc { client, address };
        let ready = async || rpc.call("getblockchaininfo", json!([])).await.is_ok();
        service.wait_until(Duration::from_secs(60), ready).await?;
        rpc.call("createwallet", json!(["miner"])).await?;
        let bitcoind = Self {
            service,
            rpc,
            _folder: None,
        };
        bitcoind.mine(MATURITY).await?;
        Ok(bitcoind)
    }

    /// Where its RPC interface listens.
    pub fn rpc_address(&self) -> SocketAddr {
        self.rpc.address
    }

    /// The chain source as the command line takes it: `bitcoind://user:password@host:port`.
    pub fn chain_source(&self) -> String {
        format!("bitcoind://{RPC_USER}:{RPC_PASSWORD}@{}", self.rpc.address)
    }

    /// Mines `blocks` blocks.
    ///
    /// # Errors
    /// The RPC call fails.
    pub async fn mine(&self, blocks: u64) -> Result<()> {
        let address = self.call("getnewaddress", json!([])).await?;
        self.call("generatetoaddress", json!([blocks, address]))
            .await?;
        Ok(())
    }

    /// Sends `sats` to `address`; the next block confirms it.
    ///
    /// # Errors
    /// The address is not one of regtest, or the RPC call fails.
    pub async fn fund(&self, address: &str, sats: u64) -> Result<()> {
        // The RPC interface takes bitcoin; a text with eight decimals loses nothing.
        let amount = format!("{}.{:08}", sats / 100_000_000, sats % 100_000_000);
        self.call("sendtoaddress", json!([address, amount])).await?;
        Ok(())
    }

    /// Waits until a transaction is waiting to be mined.
    ///
    /// # Errors
    /// None arrives within `patience`.
    pub async fn wait_for_transaction(&self, patience: Duration) -> Result<()> {
        let waiting = async {
            loop {
                let pool = self.call("getrawmempool", json!([])).await?;
                if pool.as_array().is_some_and(|pool| !pool.is_empty()) {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(patience, waiting)
            .await
            .context("no transaction reached bitcoind")?
    }

    /// The height of the chain.
    ///
    /// # Errors
    /// The RPC call fails.
    pub async fn height(&self) -> Result<u64> {
        let height = self.call("getblockcount", json!([])).await?;
        height.as_u64().context("getblockcount gave no number")
    }

    /// Calls any RPC method.
    ///
    /// # Errors
    /// bitcoind cannot be reached or refuses; its own words are in the message.
    pub async fn call(&self, method: &str, parameters: Value) -> Result<Value> {
        self.rpc.call(method, parameters).await
    }

    /// Ends it in order.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub async fn stop(self) -> Result<()> {
        self.call("stop", json!([])).await?;
        self.service.wait(Duration::from_secs(20)).await?;
        Ok(())
    }
}

impl Rpc {
    async fn call(&self, method: &str, parameters: Value) -> Result<Value> {
        let body = json!({"jsonrpc": "1.0", "id": 1, "method": method, "params": parameters});
        let request = self
            .client
            .post(format!("http://{}/", self.address))
            .basic_auth(RPC_USER, Some(RPC_PASSWORD))
            .json(&body);
        let mut answer: Value = request.send().await?.json().await?;
        let error = answer["error"].take();
        if !error.is_null() {
            bail!("bitcoind refused `{method}`: {error}");
        }
        Ok(answer["result"].take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn coins_are_sent_and_confirmed_and_nothing_listens_for_peers() {
        let bitcoind = Bitcoind::start().await.unwrap();
        let height = bitcoind.height().await.unwrap();
        let address = bitcoind.call("getnewaddress", json!([])).await.unwrap();
        let address = address.as_str().unwrap();
        bitcoind.fund(address, 1_234_567).await.unwrap();
        bitcoind.mine(1).await.unwrap();
        let received = bitcoind
            .call("getreceivedbyaddress", json!([address]))
            .await;
        assert_eq!(received.unwrap(), json!(0.01234567));
        assert_eq!(bitcoind.height().await.unwrap(), height + 1);
        let network = bitcoind.call("getnetworkinfo", json!([])).await.unwrap();
        assert_eq!(network["connections"], json!(0));
        bitcoind.stop().await.unwrap();
    }
}

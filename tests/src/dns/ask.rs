//! One question to one server, over TCP.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use payname_resolver::hickory_proto::op::Message;
use payname_resolver::hickory_proto::serialize::binary::BinDecodable as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Sends a message and reads the one that comes back.
///
/// # Errors
/// The server is not there, silent for 5 s, or answers something that is no DNS message.
pub async fn over_tcp(server: SocketAddr, message: &[u8]) -> Result<Message> {
    let answer = raw_over_tcp(server, message).await?;
    Message::from_bytes(&answer).with_context(|| format!("the answer of {server}"))
}

/// The same without looking into what comes back.
///
/// # Errors
/// The server is not there, or silent for 5 s.
pub async fn raw_over_tcp(server: SocketAddr, message: &[u8]) -> Result<Vec<u8>> {
    let talk = async {
        let mut stream = TcpStream::connect(server).await?;
        let length = u16::try_from(message.len())?;
        let framed = [&length.to_be_bytes(), message].concat();
        stream.write_all(&framed).await?;
        let length = stream.read_u16().await?;
        let mut answer = vec![0; usize::from(length)];
        stream.read_exact(&mut answer).await?;
        anyhow::Ok(answer)
    };
    tokio::time::timeout(Duration::from_secs(5), talk)
        .await
        .with_context(|| format!("{server} did not answer"))?
        .with_context(|| format!("asking {server}"))
}

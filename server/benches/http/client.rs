//! A client that costs little: one connection, kept, and requests that are bytes already.

use std::net::SocketAddr;

use data_encoding::{BASE64, HEXLOWER};
use nostr::{
    event::{EventBuilder, FinalizeEvent as _, Kind, Tag},
    key::Keys,
};
use payname_api::{PutHandle, paths};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// An offer that the server takes.
const OFFER: &str = "lno1zr5qyugqgskrk70kqmuq7v3dnr2fnmhukps9n8hut48vkqpqnskt2svsqwjakp7k6pyhtkuxw7y2kqmsxlwruhzqv0zsnhh9q3t9xhx39suc6qsr07ekm5esdyum0w66mnx8vdquwvp7dp5jp7j3v5cp6aj0w329fnkqqv60q96sz5nkrc5r95qffx002q53tqdk8x9m2tmt85jtpmcycvfnrpx3lr45h2g7na3sec7xguctfzzcm8jjqtj5ya27te60j03vpt0vq9tm2n9yxl2hngfnmygesa25s4u4zlxewqpvp94xt7rur4rhxunwkthk9vly3lm5hh0pqv4aymcqejlgssnlpzwlggykkajp7yjs5jvr2agkyypcdlj280cy46jpynsezrcj2kwa2lyr8xvd6lfkph4xrxtk2xc3lpq";

/// A connection that carries one request after the other.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; 32 * 1024],
        })
    }

    /// Sends a request and reads its response: the status, and the body.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> (u16, &[u8]) {
        self.stream.write_all(request).await.expect("a server");
        let mut filled = 0;
        loop {
            let read = self
                .stream
                .read(&mut self.buffer[filled..])
                .await
                .expect("a response");
            assert!(read > 0, "the server closed the connection");
            filled += read;
            let Some(end) = self.buffer[..filled]
                .windows(4)
                .position(|four| four == b"\r\n\r\n")
            else {
                continue;
            };
            let header = std::str::from_utf8(&self.buffer[..end]).expect("text");
            let status = header[9..12].parse().expect("a status");
            let length = header
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.expect("a length").parse().expect("a number");
            let body = end + 4;
            while filled < body + length {
                filled += self
                    .stream
                    .read(&mut self.buffer[filled..])
                    .await
                    .expect("a body");
            }
            return (status, &self.buffer[body..body + length]);
        }
    }
}

/// A `GET` as bytes.
pub(crate) fn get(address: SocketAddr, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n").into_bytes()
}

/// The claim of a name by a key, signed, and the event in it.
pub(crate) fn claim(address: SocketAddr, user: &str, keys: &Keys) -> (Vec<u8>, String) {
    let path = paths::handle("bench.test", user);
    let uri = uri();
    let body = serde_json::to_string(&PutHandle {
        uri,
        invite: None,
        drawn: None,
    })
    .expect("JSON");
    let digest = ring::digest::digest(&ring::digest::SHA256, body.as_bytes());
    let payload = HEXLOWER.encode(digest.as_ref());
    let url = format!("http://{address}{path}");
    let tags = [["u", &url], ["method", "PUT"], ["payload", &payload]];
    let tags = tags.into_iter().map(|tag| Tag::parse(tag).expect("a tag"));
    let event = EventBuilder::new(Kind::HttpAuth, "")
        .tags(tags)
        .finalize(keys);
    let event = event.expect("a signature").as_json();
    let request = format!(
        "PUT {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nauthorization: Nostr {}\r\n\r\n{body}",
        body.len(),
        BASE64.encode(event.as_bytes())
    );
    (request.into_bytes(), event)
}

/// What every name pays.
pub(crate) fn uri() -> String {
    format!("bitcoin:?lno={OFFER}")
}

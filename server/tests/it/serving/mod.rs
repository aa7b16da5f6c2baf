//! How DNS is served, to good clients and bad ones.

mod cookies;
mod encrypted;
mod flood;
mod metrics;
mod slow;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use payname_resolver::{
    Question,
    hickory_proto::rr::{Name, RecordType},
};

/// The query for the zone's SOA, over whatever it is sent.
fn soa_query(id: u16) -> Vec<u8> {
    Question::new(Name::from_ascii("example.test.").unwrap(), RecordType::SOA).to_message(id)
}

/// A message behind its length.
fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    [&length, message].concat()
}

/// A program of the set-up; its absence is a failure.
pub(crate) fn tool(name: &str) -> PathBuf {
    let folder = std::env::var_os("PAYNAME_TOOLS").map(PathBuf::from);
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/bin");
    let program = folder.unwrap_or(built).join(name);
    assert!(program.exists(), "{name} is missing; run `make setup`");
    program
}

/// What a DNS tool prints that asks a server.
async fn ask_with(name: &str, server: SocketAddr, arguments: &[&str]) -> String {
    let mut command = Command::new(tool(name));
    command.arg(format!("@{}", server.ip()));
    command.args(["-p", &server.port().to_string()]);
    command.args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.unwrap().unwrap();
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

//! Proof servers.

use super::*;
use crate::{Handle, TrustAnchors, UnixTime};

const NOW: UnixTime = UnixTime(1_754_600_000);

fn handle() -> Handle {
    "simple@dnssec_proof_tests.bitcoin.ninja".parse().unwrap()
}

fn recorded() -> Vec<u8> {
    hex::decode(include_str!("../../../vectors/bip353-01-simple.hex").trim()).unwrap()
}

/// A web server that answers every request with this head and body, and keeps request lines.
async fn web_server(
    head: &'static str,
    body: Vec<u8>,
) -> (SocketAddr, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let (told, lines) = tokio::sync::mpsc::unbounded_channel();
    let (address, _) = stream_server(move |mut stream, _| {
        let (told, body) = (told.clone(), body.clone());
        async move {
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            let text = String::from_utf8_lossy(&request[..length]).into_owned();
            told.send(text.lines().next().unwrap_or_default().to_owned())
                .unwrap();
            let length = body.len();
            let head = format!("{head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
        }
    })
    .await;
    (address, lines)
}

async fn fetch(kind: &str, server: SocketAddr) -> Result<crate::Gathered, ProofClientError> {
    let server = format!("{kind}+http://{server}").parse().unwrap();
    let options = ClientOptions {
        timeouts: SHORT,
        ..ClientOptions::default()
    };
    let client = ProofClient::with_options(server, options).unwrap();
    client.gather(&handle()).await
}

#[tokio::test]
async fn a_proof_is_fetched_from_both_kinds_of_server_and_verified() {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncache-control: max-age=7";
    let (server, mut lines) = web_server(head, recorded()).await;
    for (kind, line) in [
        (
            "payname",
            "GET /v1/domains/dnssec_proof_tests.bitcoin.ninja/handles/simple/proof HTTP/1.1",
        ),
        (
            "dnssecproof",
            "GET /dnssecproof?d=simple.user._bitcoin-payment.dnssec_proof_tests.bitcoin.ninja.&t=TXT HTTP/1.1",
        ),
    ] {
        let gathered = fetch(kind, server).await.unwrap();
        assert_eq!(lines.recv().await.unwrap(), line);
        assert_eq!(gathered.ttl, 7);
        gathered
            .proof
            .verify(&handle(), &TrustAnchors::iana(), NOW)
            .unwrap();
    }
}

#[tokio::test]
async fn a_proof_of_another_name_is_fetched_and_then_refused() {
    let (server, _lines) = web_server("HTTP/1.1 200 OK", recorded()).await;
    let server = format!("payname+http://{server}").parse().unwrap();
    let client = ProofClient::new(server).unwrap();
    let alice: Handle = "alice@example.com".parse().unwrap();
    let gathered = client.gather(&alice).await.unwrap();
    gathered
        .proof
        .verify(&alice, &TrustAnchors::iana(), NOW)
        .unwrap_err();
}

#[tokio::test]
async fn a_status_too_many_bytes_and_rubbish_are_errors() {
    let (server, _lines) = web_server("HTTP/1.1 404 Not Found", vec![]).await;
    let error = fetch("payname", server).await.unwrap_err();
    assert!(
        matches!(error, ProofClientError::Status { status: 404, .. }),
        "{error:?}"
    );
    let (server, _lines) = web_server("HTTP/1.1 200 OK", vec![0; 65_536]).await;
    let error = fetch("payname", server).await.unwrap_err();
    assert!(
        matches!(error, ProofClientError::TooLong { .. }),
        "{error:?}"
    );
    let (server, _lines) = web_server("HTTP/1.1 200 OK", b"<html>".to_vec()).await;
    let error = fetch("payname", server).await.unwrap_err();
    assert!(matches!(error, ProofClientError::Proof { .. }), "{error:?}");
}

//! Requests that take too long end with a problem, as everything else that goes wrong.

use std::time::{Duration, Instant};

use payname_api::{AUTH_SCHEME, Problem, codes, paths};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::scene::{DOMAIN, Scene};

/// Far more than the ten seconds that the server allows, and than a busy machine needs.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_body_that_does_not_arrive_in_time_is_answered_as_a_problem() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let mut requests = Vec::new();
    for (method, path) in [
        ("PUT", paths::handle(DOMAIN, "alice")),
        ("POST", paths::below(DOMAIN, "alice", "disable")),
        ("POST", paths::PROOFS.to_owned()),
    ] {
        let mut stream = TcpStream::connect(contact.http).await.unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {DOMAIN}\r\nauthorization: {AUTH_SCHEME} e30=\r\ncontent-type: application/json\r\ncontent-length: 100\r\nx-request-id: late-{method}\r\n\r\n{{\"uri\":"
        );
        let begun = Instant::now();
        stream.write_all(head.as_bytes()).await.unwrap();
        requests.push((method, path, begun, stream));
    }
    for (method, path, begun, mut stream) in requests {
        let mut response = Vec::new();
        let mut buffer = [0; 4096];
        // The head and the body may come apart; the body is JSON, and ends with a brace.
        while !response.ends_with(b"}") {
            let reading = tokio::time::timeout(PATIENCE, stream.read(&mut buffer));
            let length = reading.await.unwrap().unwrap();
            assert_ne!(length, 0, "{}", String::from_utf8_lossy(&response));
            response.extend(&buffer[..length]);
        }
        assert!(begun.elapsed() >= Duration::from_secs(9), "{method} {path}");
        let text = String::from_utf8(response).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 408 "), "{method} {path}: {text}");
        let head = head.to_ascii_lowercase();
        assert!(
            head.contains("content-type: application/problem+json"),
            "{text}"
        );
        let id = format!("x-request-id: late-{}", method.to_ascii_lowercase());
        assert!(head.contains(&id), "{text}");
        let problem: Problem = serde_json::from_str(body).unwrap();
        assert_eq!(
            (problem.code.as_str(), problem.status),
            (codes::TIMEOUT, 408)
        );
        assert!(problem.detail.contains("look at the name"), "{problem}");
    }
    // Nothing was done, and the server serves on.
    let missing = contact.get(&paths::handle(DOMAIN, "alice")).await;
    assert_eq!(missing.code(), codes::UNKNOWN_HANDLE);
}

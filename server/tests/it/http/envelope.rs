//! What surrounds every request: ids, headers, limits, and pages of other origins.

use payname_api::{MAX_BODY_BYTES, Problem, codes, paths};
use reqwest::{Method, StatusCode, header::HeaderMap};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::scene::{Contact, DOMAIN, Draft, Scene, keys, uri};

async fn ask(
    contact: &Contact,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = contact
        .client
        .request(method, format!("http://{}{path}", contact.http));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    (status, headers, response.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn a_request_has_an_id_that_is_told_in_its_response_and_in_problems() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let own = [("x-request-id", "Wallet-7_a")];
    let (_, headers, body) = ask(&contact, Method::GET, "/no/such/route/here", &own).await;
    assert_eq!(headers["x-request-id"], "Wallet-7_a");
    let problem: Problem = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem.request_id.as_deref(), Some("Wallet-7_a"));
    let length: usize = headers["content-length"].to_str().unwrap().parse().unwrap();
    assert_eq!(length, body.len());

    let mut made = std::collections::HashSet::new();
    let long = "x".repeat(65);
    for strange in ["", "a b", "a\"b", "\u{e9}", &long] {
        let headers = [("x-request-id", strange)];
        let (status, headers, _) = ask(&contact, Method::GET, paths::LIVEZ, &headers).await;
        let id = headers["x-request-id"].to_str().unwrap().to_owned();
        assert!(status.is_success() && id.len() == 32, "{id}");
        assert!(made.insert(id), "made twice");
    }
}

#[tokio::test]
async fn responses_tell_browsers_what_not_to_make_of_them() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    for path in [paths::LIVEZ, paths::DOMAINS, "/no/such/route/here"] {
        let (_, headers, _) = ask(&contact, Method::GET, path, &[]).await;
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'"), "{path}");
    }
}

#[tokio::test]
async fn pages_of_any_origin_may_read_but_cannot_ask_for_a_change() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let page = ("origin", "https://wallet.example");
    let path = paths::handle(DOMAIN, "alice");
    let (_, headers, _) = ask(&contact, Method::GET, &path, &[page]).await;
    assert_eq!(headers["access-control-allow-origin"], "*");
    let exposed = headers["access-control-expose-headers"].to_str().unwrap();
    for name in ["etag", "link", "retry-after", "x-request-id"] {
        assert!(exposed.contains(name), "{exposed}");
    }
    let preflight = [
        page,
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "authorization"),
    ];
    let (_, headers, _) = ask(&contact, Method::OPTIONS, &path, &preflight).await;
    let methods = headers["access-control-allow-methods"].to_str().unwrap();
    assert!(methods.contains("GET") && !methods.contains("PUT") && !methods.contains("DELETE"));
    let allowed = headers["access-control-allow-headers"].to_str().unwrap();
    assert!(
        allowed.contains("if-none-match") && !allowed.contains("authorization"),
        "{allowed}"
    );
}

#[tokio::test]
async fn a_method_that_a_route_does_not_have_is_refused_with_those_it_has() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let path = paths::handle(DOMAIN, "alice");
    let (status, headers, body) = ask(&contact, Method::PATCH, &path, &[]).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    let problem: Problem = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem.code, codes::METHOD_NOT_ALLOWED);
    let allowed = headers["allow"].to_str().unwrap();
    for method in ["GET", "HEAD", "PUT", "DELETE"] {
        assert!(allowed.contains(method), "{allowed}");
    }
    let (status, headers, body) = ask(&contact, Method::HEAD, paths::DOMAINS, &[]).await;
    assert!(status.is_success() && body.is_empty());
    assert!(headers.contains_key("content-length"));
}

#[tokio::test]
async fn bodies_and_headers_have_limits() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let draft = Draft::put(&contact, "alice", vec![b'x'; MAX_BODY_BYTES + 1]);
    let answer = contact.send(&draft, Some(&draft.sign(&keys(1)))).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.code(), codes::BODY_TOO_LARGE);

    let mut stream = TcpStream::connect(contact.http).await.unwrap();
    let header = format!(
        "GET /livez HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n",
        "x".repeat(64 * 1024)
    );
    // It may be closed before all is written.
    let _ = stream.write_all(header.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn what_is_counted_names_routes_and_no_names() {
    let scene = Scene::start_telling_metrics().await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    contact.get(&paths::handle(DOMAIN, "alice")).await.handle();
    contact.get("/no/such/route/alice").await;
    let at = scene.running().metrics_addr().unwrap();
    let text = reqwest::get(format!("http://{at}/metrics")).await.unwrap();
    let text = text.text().await.unwrap();
    let route = "route=\"/v1/domains/{domain}/handles/{user}\"";
    for sample in [
        format!("payname_http_requests_total{{method=\"PUT\",{route},status=\"202\"}} 1\n"),
        format!("payname_http_requests_total{{method=\"GET\",{route},status=\"200\"}} 1\n"),
        "payname_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"} 1\n".to_owned(),
        format!("payname_http_request_duration_seconds_count{{{route}}} 2\n"),
    ] {
        assert!(text.contains(&sample), "{sample}{text}");
    }
    assert!(!text.contains("alice") && !text.contains("127.0"));
}

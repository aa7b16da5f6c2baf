//! DNS over HTTPS.

use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/dns-message";

async fn exchange(server: DnsServer) -> Result<Response, ExchangeError> {
    client(server).exchange(&question()).await
}

#[tokio::test]
async fn a_dns_message_is_taken_and_the_id_is_zero() {
    let server = http_server(|query| {
        assert_eq!(query[..2], [0, 0]);
        (OK, answer(query))
    })
    .await;
    assert_eq!(exchange(server).await.unwrap().question(), &question());
}

#[tokio::test]
async fn another_content_type_is_refused() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8";
    let server = http_server(move |query| (head, answer(query))).await;
    let error = exchange(server).await.unwrap_err();
    assert!(
        matches!(&error, ExchangeError::ContentType { found, .. } if found.starts_with("text/html"))
    );
}

#[tokio::test]
async fn a_parameter_behind_the_content_type_is_fine() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: Application/DNS-Message; v=1";
    let server = http_server(move |query| (head, answer(query))).await;
    exchange(server).await.unwrap();
}

#[tokio::test]
async fn a_body_longer_than_any_dns_message_is_refused() {
    let server = http_server(|_| (OK, vec![0; 65_536])).await;
    let error = exchange(server).await.unwrap_err();
    assert!(matches!(error, ExchangeError::TooLong { .. }), "{error:?}");
}

#[tokio::test]
async fn sixty_four_kibibytes_of_garbage_are_an_error() {
    let server = http_server(|_| (OK, vec![0xa5; 65_535])).await;
    let error = exchange(server).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Response { .. }), "{error:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let head = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/dns-query";
    let server = http_server(move |_| (head, vec![])).await;
    let error = exchange(server).await.unwrap_err();
    assert!(
        matches!(error, ExchangeError::Status { status: 302, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn silence_ends_in_bounded_time() {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let url = format!("http://{}/dns-query", listener.local_addr().unwrap());
    let (outcome, took) = timed(exchange(url.parse().unwrap())).await;
    assert!(
        matches!(outcome, Err(ExchangeError::Timeout { .. })),
        "{outcome:?}"
    );
    assert!(took < SHORT.exchange() * 4, "{took:?}");
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_told() {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let url = format!("http://{}/dns-query", listener.local_addr().unwrap());
    drop(listener);
    let error = exchange(url.parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Https { .. }), "{error:?}");
}

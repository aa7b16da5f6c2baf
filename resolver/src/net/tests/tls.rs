//! DNS over TLS, and HTTPS as far as TLS is concerned.

use tokio_rustls::TlsAcceptor;

use super::*;

/// A DNS over TLS server that shows a certificate for `name` and agrees to these protocols.
async fn tls_server(name: &str, protocols: &[&[u8]]) -> (SocketAddr, TlsRoots, Count) {
    let (roots, config) = certificate(name, protocols);
    let acceptor = TlsAcceptor::from(config);
    let (address, count) = stream_server(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            // The client may not like the certificate.
            if let Ok(stream) = acceptor.accept(stream).await {
                answer_all(stream, |query| framed(&answer(query))).await;
            }
        }
    })
    .await;
    (address, roots, count)
}

#[tokio::test]
async fn a_burst_shares_one_connection_under_the_name_on_the_certificate() {
    let (server, roots, count) = tls_server("dns.example", &[b"dot"]).await;
    let client = client_with(&format!("tls://{server}#dns.example"), &roots, None);
    all_are_answered(&client, &burst(12)).await;
    assert_eq!(count.read(), 1);
}

#[tokio::test]
async fn a_server_that_names_no_protocol_is_fine() {
    let (server, roots, _) = tls_server("127.0.0.1", &[]).await;
    let client = client_with(&format!("tls://{server}"), &roots, None);
    client.exchange(&question()).await.unwrap();
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let (server, roots, _) = tls_server("dns.example", &[b"dot"]).await;
    for name in ["", "#evil.example"] {
        let client = client_with(&format!("tls://{server}{name}"), &roots, None);
        let error = client.exchange(&question()).await.unwrap_err();
        assert!(matches!(error, ExchangeError::Tls { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let (server, _, _) = tls_server("dns.example", &[b"dot"]).await;
    let (others, _) = certificate("dns.example", &[]);
    for roots in [TlsRoots::default(), others] {
        let client = client_with(&format!("tls://{server}#dns.example"), &roots, None);
        let error = client.exchange(&question()).await.unwrap_err();
        assert!(matches!(error, ExchangeError::Tls { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_of_another_protocol_is_refused() {
    let (server, roots, _) = tls_server("dns.example", &[b"http/1.1"]).await;
    for url in [
        format!("tls://{server}#dns.example"),
        format!("https://{server}/dns-query"),
    ] {
        let client = client_with(&url, &roots, None);
        client.exchange(&question()).await.unwrap_err();
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_learns_no_name() {
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let (server, _) = stream_server(move |mut stream, _| {
        let told = told.clone();
        async move {
            let mut bytes = vec![0; 4096];
            let length = stream.read(&mut bytes).await.unwrap();
            told.send(bytes[..length].to_vec()).unwrap();
            let _ = stream.write_all(b"220 hello\r\n").await;
        }
    })
    .await;
    let client = client_with(&format!("tls://{server}"), &TlsRoots::default(), None);
    let error = client.exchange(&question()).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Tls { .. }), "{error:?}");
    let bytes = heard.recv().await.unwrap();
    assert!(!bytes.windows(5).any(|five| five == b"alice"));
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_given_up() {
    let (server, _) = stream_server(|stream, _| async move {
        let _open = stream;
        std::future::pending().await
    })
    .await;
    let client = client_with(&format!("tls://{server}"), &TlsRoots::default(), None);
    let (outcome, took) = timed(client.exchange(&question())).await;
    assert!(matches!(outcome, Err(ExchangeError::Timeout { .. })));
    assert!(took < SHORT.exchange() * 4, "{took:?}");
}

#[test]
fn a_text_without_certificates_is_refused() {
    let error = TlsRoots::from_pem(b"no certificate").unwrap_err();
    assert_eq!(error, TlsRootsError::Empty);
    let pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(
        TlsRoots::from_pem(pem).unwrap_err(),
        TlsRootsError::Unreadable
    );
}

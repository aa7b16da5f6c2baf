//! DNS over QUIC.

use quinn::crypto::rustls::QuicServerConfig;

use super::*;

/// A DNS over QUIC server for `dns.example` that answers each stream with what `reply` makes of it.
async fn quic_server(
    protocols: &[&[u8]],
    reply: impl Fn(&[u8]) -> Vec<u8> + Clone + Send + 'static,
) -> (String, TlsRoots, Count) {
    let (roots, config) = certificate("dns.example", protocols);
    let mut config = (*config).clone();
    config.max_early_data_size = u32::MAX;
    let crypto = QuicServerConfig::try_from(config).unwrap();
    let config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    let endpoint = quinn::Endpoint::server(config, LOOPBACK.into()).unwrap();
    let server = format!("quic://{}#dns.example", endpoint.local_addr().unwrap());
    let count = Count::default();
    let counted = count.clone();
    tokio::spawn(async move {
        while let Some(incoming) = endpoint.accept().await {
            counted.up();
            let reply = reply.clone();
            tokio::spawn(async move {
                let Ok(connection) = incoming.await else {
                    return;
                };
                while let Ok((mut sender, mut receiver)) = connection.accept_bi().await {
                    // The end of the query is the end of the stream (RFC 9250 §4.2).
                    let query = receiver.read_to_end(65_537).await.unwrap();
                    assert_eq!(query[2..4], [0, 0], "the id is 0 (RFC 9250 §4.2.1)");
                    let answer = reply(&query[2..]);
                    let _ = sender.write_all(&answer).await;
                    let _ = sender.finish();
                }
            });
        }
    });
    (server, roots, count)
}

#[tokio::test]
async fn a_burst_shares_one_connection() {
    let (server, roots, count) = quic_server(&[b"doq"], |query| framed(&answer(query))).await;
    let client = client_with(&server, &roots, None);
    all_are_answered(&client, &burst(12)).await;
    all_are_answered(&client, &burst(2)).await;
    assert_eq!(count.read(), 1);
}

#[tokio::test]
async fn another_certificate_and_another_name_are_refused() {
    let (server, roots, _) = quic_server(&[b"doq"], |query| framed(&answer(query))).await;
    let stranger = client_with(&server, &TlsRoots::default(), None);
    let misnamed = client_with(&server.replace("dns.", "evil."), &roots, None);
    for client in [stranger, misnamed] {
        let error = client.exchange(&question()).await.unwrap_err();
        assert!(matches!(error, ExchangeError::Tls { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_of_another_protocol_is_refused() {
    for protocols in [&[b"h3".as_slice()][..], &[]] {
        let (server, roots, _) = quic_server(protocols, |query| framed(&answer(query))).await;
        let error = client_with(&server, &roots, None)
            .exchange(&question())
            .await
            .unwrap_err();
        assert!(matches!(error, ExchangeError::Tls { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_too_long_or_anothers_is_refused() {
    async fn outcome(reply: fn(&[u8]) -> Vec<u8>) -> ExchangeError {
        let (server, roots, _) = quic_server(&[b"doq"], reply).await;
        let client = client_with(&server, &roots, None);
        client.exchange(&question()).await.unwrap_err()
    }
    let error = outcome(|query| framed(&answer(query))[..20].to_vec()).await;
    assert!(matches!(error, ExchangeError::CutOff { .. }), "{error:?}");
    let error = outcome(|_| vec![]).await;
    assert!(matches!(error, ExchangeError::CutOff { .. }), "{error:?}");
    let error = outcome(|query| [framed(&answer(query)), vec![0]].concat()).await;
    assert!(matches!(error, ExchangeError::TooLong { .. }), "{error:?}");
    let error = outcome(|_| vec![0xff; 70_000]).await;
    assert!(matches!(error, ExchangeError::TooLong { .. }), "{error:?}");
    let error = outcome(|query| framed(&wrong_id(query))).await;
    assert!(matches!(error, ExchangeError::Response { .. }), "{error:?}");
}

#[tokio::test]
async fn silence_ends_in_bounded_time() {
    let silent = UdpSocket::bind(LOOPBACK).await.unwrap();
    let server = format!("quic://{}", silent.local_addr().unwrap());
    let client = client_with(&server, &TlsRoots::default(), None);
    let (outcome, took) = timed(client.exchange(&question())).await;
    assert!(
        matches!(outcome, Err(ExchangeError::Timeout { .. })),
        "{outcome:?}"
    );
    assert!(took < SHORT.exchange() * 4, "{took:?}");
}

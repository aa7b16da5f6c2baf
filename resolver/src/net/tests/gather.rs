//! Gathering.

use super::*;
use crate::{Handle, net::GatherError, resolution::ResolutionError};

fn alice() -> Handle {
    "₿alice@example.com".parse().unwrap()
}

#[tokio::test]
async fn a_server_that_is_silent_about_the_record_is_a_network_error() {
    let (server, _serving) = udp_server(|_, _| vec![]).await;
    let (outcome, took) = timed(client(server).gather(&alice())).await;
    let error = outcome.unwrap_err();
    assert!(
        matches!(error, GatherError::Exchange(ExchangeError::Timeout { .. })),
        "{error:?}"
    );
    assert!(error.to_string().contains(&server.to_string()), "{error}");
    assert!(took < SHORT.total * 3, "{took:?}");
}

#[tokio::test]
async fn a_server_that_does_not_exist_is_a_network_error() {
    let unused = UdpSocket::bind(LOOPBACK)
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let error = client(unused).gather(&alice()).await.unwrap_err();
    assert!(
        matches!(error, GatherError::Exchange(ExchangeError::Refused { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_server_that_is_silent_about_the_chain_only_does_not_stop_the_gathering() {
    let first = question().to_message(0);
    let (server, _serving) = udp_server(move |query, _| {
        let is_first = query[2..] == first[2..];
        if is_first {
            vec![answer(query)]
        } else {
            vec![]
        }
    })
    .await;
    let (outcome, took) = timed(client(server).gather(&alice())).await;
    let error = outcome.unwrap_err();
    assert!(
        matches!(error, GatherError::Resolution(ResolutionError::Nothing(_))),
        "{error:?}"
    );
    assert!(took < SHORT.total * 3, "{took:?}");
}

#[tokio::test]
async fn answers_without_any_record_make_no_proof() {
    let (server, _serving) = udp_server(|query, _| vec![answer(query)]).await;
    let error = client(server).gather(&alice()).await.unwrap_err();
    assert!(
        matches!(error, GatherError::Resolution(ResolutionError::Nothing(_))),
        "{error:?}"
    );
}

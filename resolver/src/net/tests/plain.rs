//! UDP and TCP.

use super::*;

#[tokio::test]
async fn an_answer_over_udp_is_taken() {
    let (server, _serving) = udp_server(|query, _| vec![answer(query)]).await;
    let response = client(server).exchange(&question()).await.unwrap();
    assert_eq!(response.question(), &question());
}

#[tokio::test]
async fn a_message_with_a_wrong_id_is_ignored_and_the_right_one_taken() {
    let (server, _serving) = udp_server(|query, _| vec![wrong_id(query), answer(query)]).await;
    client(server).exchange(&question()).await.unwrap();
}

#[tokio::test]
async fn rubbish_and_the_query_itself_are_waited_out() {
    let (server, _serving) =
        udp_server(|query, _| vec![query.to_vec(), vec![], vec![0xff; 600], answer(query)]).await;
    client(server).exchange(&question()).await.unwrap();
}

#[tokio::test]
async fn every_attempt_has_another_id_and_another_port() {
    let (told, mut asked) = tokio::sync::mpsc::unbounded_channel();
    let socket = UdpSocket::bind(LOOPBACK).await.unwrap();
    let server = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        loop {
            let (_, peer) = socket.recv_from(&mut buffer).await.unwrap();
            told.send((u16::from_be_bytes([buffer[0], buffer[1]]), peer.port()))
                .unwrap();
        }
    });
    let failed = client(server).exchange(&question()).await.unwrap_err();
    assert!(matches!(failed, ExchangeError::Timeout { .. }), "{failed}");
    let mut attempts = Vec::new();
    while let Ok(attempt) = asked.try_recv() {
        attempts.push(attempt);
    }
    assert_eq!(attempts.len(), 3);
    // Two may be the same by chance, but hardly all three.
    assert!(
        attempts.iter().any(|(id, _)| *id != attempts[0].0),
        "{attempts:?}"
    );
    assert!(
        attempts.iter().any(|(_, port)| *port != attempts[0].1),
        "{attempts:?}"
    );
}

#[tokio::test]
async fn a_lost_datagram_is_sent_again() {
    let lossy = |query: &[u8], count| {
        if count < 2 {
            vec![]
        } else {
            vec![answer(query)]
        }
    };
    let (server, _serving) = udp_server(lossy).await;
    client(server).exchange(&question()).await.unwrap();
}

#[tokio::test]
async fn silence_ends_in_bounded_time_and_names_the_server() {
    let (server, _serving) = udp_server(|_, _| vec![]).await;
    let (outcome, took) = timed(client(server).exchange(&question())).await;
    let error = outcome.unwrap_err();
    assert!(matches!(error, ExchangeError::Timeout { .. }), "{error:?}");
    assert!(error.to_string().contains(&server.to_string()), "{error}");
    assert!(
        took >= SHORT.exchange() && took < SHORT.exchange() * 4,
        "{took:?}"
    );
}

#[tokio::test]
async fn forged_messages_alone_do_not_keep_the_client_waiting_for_ever() {
    let (server, _serving) = udp_server(|query, _| vec![wrong_id(query); 50]).await;
    let (outcome, took) = timed(client(server).exchange(&question())).await;
    assert!(matches!(outcome, Err(ExchangeError::Timeout { .. })));
    assert!(took < SHORT.exchange() * 4, "{took:?}");
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_refused() {
    let unused = UdpSocket::bind(LOOPBACK)
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let error = client(unused).exchange(&question()).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn a_failure_is_told_at_once_and_not_asked_again() {
    let failing = |query: &[u8], count| {
        assert_eq!(count, 0, "asked again");
        let mut message = answer(query);
        message[3] |= 2; // SERVFAIL (RFC 1035 §4.1.1)
        vec![message]
    };
    let (server, _serving) = udp_server(failing).await;
    let error = client(server).exchange(&question()).await.unwrap_err();
    let source = match error {
        ExchangeError::Response { source, .. } => source,
        other => panic!("{other}"),
    };
    assert!(matches!(source, ResponseError::Failure { .. }), "{source}");
}

#[tokio::test]
async fn a_truncated_answer_is_fetched_over_tcp() {
    let server = tcp_server(|query| framed(&answer(query))).await;
    client(server).exchange(&question()).await.unwrap();
}

#[tokio::test]
async fn a_truncated_answer_without_tcp_is_refused() {
    let (server, _serving) = udp_server(|query, _| vec![truncated(query)]).await;
    let error = client(server).exchange(&question()).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn sixty_four_kibibytes_of_garbage_over_tcp_are_an_error() {
    let server = tcp_server(|_| framed(&[0xa5; 65_535])).await;
    let error = client(server).exchange(&question()).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Response { .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_cut_off_over_tcp_is_told_as_such() {
    let server = tcp_server(|query| framed(&answer(query))[..20].to_vec()).await;
    let error = client(server).exchange(&question()).await.unwrap_err();
    assert!(matches!(error, ExchangeError::CutOff { .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_over_tcp_must_answer_the_question_too() {
    let server = tcp_server(|query| framed(&wrong_id(query))).await;
    let error = client(server).exchange(&question()).await.unwrap_err();
    assert!(matches!(
        error,
        ExchangeError::Response {
            source: ResponseError::NotAnAnswer(_),
            ..
        }
    ));
}

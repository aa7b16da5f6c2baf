//! DNS over TCP alone: one connection for many questions.

use super::*;

fn tcp(address: SocketAddr) -> Client {
    client_with(&format!("tcp://{address}"), &TlsRoots::default(), None)
}

#[tokio::test]
async fn questions_asked_together_share_one_connection() {
    let (server, count) =
        stream_server(|stream, _| answer_all(stream, |query| framed(&answer(query)))).await;
    let client = tcp(server);
    all_are_answered(&client, &burst(20)).await;
    all_are_answered(&client, &burst(3)).await;
    assert_eq!(count.read(), 1);
}

#[tokio::test]
async fn answers_may_come_in_any_order_and_in_any_pieces() {
    let (server, _) = stream_server(|mut stream, _| async move {
        let mut queries = Vec::new();
        for _ in 0..5 {
            queries.push(read_message(&mut stream).await.unwrap());
        }
        let backwards: Vec<u8> = queries
            .iter()
            .rev()
            .flat_map(|query| framed(&answer(query)))
            .collect();
        for piece in backwards.chunks(7) {
            stream.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
    })
    .await;
    all_are_answered(&tcp(server), &burst(5)).await;
}

#[tokio::test]
async fn all_questions_are_sent_before_any_is_answered() {
    let (server, _) = stream_server(|mut stream, _| async move {
        let mut queries = Vec::new();
        for _ in 0..6 {
            queries.push(read_message(&mut stream).await.unwrap());
        }
        for query in queries {
            stream.write_all(&framed(&answer(&query))).await.unwrap();
        }
    })
    .await;
    all_are_answered(&tcp(server), &burst(6)).await;
}

#[tokio::test]
async fn a_server_that_takes_one_question_a_connection_is_asked_again_for_the_others() {
    let (server, count) = stream_server(|mut stream, _| async move {
        let query = read_message(&mut stream).await.unwrap();
        let _ = stream.write_all(&framed(&answer(&query))).await;
    })
    .await;
    all_are_answered(&tcp(server), &burst(6)).await;
    assert!((2..=6).contains(&count.read()), "{count:?}");
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_is_opened_again() {
    let (server, count) = stream_server(|mut stream, _| async move {
        let query = read_message(&mut stream).await.unwrap();
        stream.write_all(&framed(&answer(&query))).await.unwrap();
    })
    .await;
    let client = tcp(server);
    for _ in 0..3 {
        client.exchange(&question()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(count.read(), 3);
}

#[tokio::test]
async fn a_question_that_nobody_waits_for_any_more_spoils_nothing() {
    let (server, count) = stream_server(|stream, _| {
        let slow = |query: &[u8]| framed(&answer(query));
        async move {
            tokio::time::sleep(Duration::from_millis(80)).await;
            answer_all(stream, slow).await;
        }
    })
    .await;
    let client = tcp(server);
    let first = question();
    let given_up = tokio::time::timeout(Duration::from_millis(20), client.exchange(&first)).await;
    assert!(given_up.is_err());
    all_are_answered(&client, &burst(4)).await;
    assert!(count.read() <= 2, "{count:?}");
}

#[tokio::test]
async fn a_connection_on_which_nothing_comes_is_given_up_and_another_opened() {
    let (server, count) = stream_server(|stream, before| async move {
        if before == 0 {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        answer_all(stream, |query| framed(&answer(query))).await;
    })
    .await;
    let client = tcp(server);
    let (outcome, took) = timed(client.exchange(&question())).await;
    assert!(matches!(outcome, Err(ExchangeError::Timeout { .. })));
    assert!(took < SHORT.exchange() * 4, "{took:?}");
    client.exchange(&question()).await.unwrap();
    assert_eq!(count.read(), 2);
}

#[tokio::test]
async fn an_id_that_was_not_asked_ends_the_connection_for_all() {
    let (server, count) =
        stream_server(|stream, _| answer_all(stream, |query| framed(&wrong_id(query)))).await;
    for outcome in ask_all(&tcp(server), &burst(3)).await {
        let error = outcome.unwrap_err();
        assert!(
            matches!(
                error,
                ExchangeError::Response {
                    source: ResponseError::NotAnAnswer(_),
                    ..
                }
            ),
            "{error:?}"
        );
    }
    assert_eq!(count.read(), 1);
}

#[tokio::test]
async fn the_longest_message_there_is_arrives_whole() {
    let (server, _) = stream_server(|stream, _| {
        answer_all(stream, |query| {
            // A record of a type that nobody needs fills it up.
            let mut message = answer(query);
            message.truncate(message.len() - 11);
            message[7] = 1;
            message[11] = 0;
            message.extend([0, 0xff, 0x78, 0, 1, 0, 0, 0, 60]);
            let rest = 65_535 - message.len() - 2;
            message.extend(u16::try_from(rest).unwrap().to_be_bytes());
            message.resize(65_535, 0xa5);
            framed(&message)
        })
    })
    .await;
    tcp(server).exchange(&question()).await.unwrap();
}

#[tokio::test]
async fn a_message_too_short_for_an_id_is_no_answer() {
    let (server, _) = stream_server(|stream, _| answer_all(stream, |_| framed(&[7]))).await;
    let error = tcp(server).exchange(&question()).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Response { .. }), "{error:?}");
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_told_to_all_at_once() {
    let unused = TcpListener::bind(LOOPBACK)
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    for outcome in ask_all(&tcp(unused), &burst(3)).await {
        let error = outcome.unwrap_err();
        assert!(matches!(error, ExchangeError::Refused { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_dropped_client_closes_its_connection() {
    let (told, mut closed) = tokio::sync::mpsc::unbounded_channel();
    let (server, _) = stream_server(move |stream, _| {
        let told = told.clone();
        async move {
            answer_all(stream, |query| framed(&answer(query))).await;
            told.send(()).unwrap();
        }
    })
    .await;
    let client = tcp(server);
    client.exchange(&question()).await.unwrap();
    drop(client);
    let waiting = tokio::time::timeout(Duration::from_secs(5), closed.recv());
    assert_eq!(waiting.await.unwrap(), Some(()));
}

#[test]
fn a_client_outlives_the_runtime_that_its_connection_was_opened_on() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let serving = runtime();
    let (server, _) = serving.block_on(stream_server(|stream, _| {
        answer_all(stream, |query| framed(&answer(query)))
    }));
    std::thread::spawn(move || serving.block_on(std::future::pending::<()>()));
    let client = tcp(server);
    for _ in 0..2 {
        runtime().block_on(client.exchange(&question())).unwrap();
    }
}

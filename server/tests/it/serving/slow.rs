//! Slow, silent and rude clients over TCP, and how others fare beside them.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

use super::{framed, soa_query};
use crate::scene::Scene;

/// Longer than anything takes here that is not in somebody's way.
const IN_TIME: Duration = Duration::from_secs(3);

async fn connect(scene: &Scene, from: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    socket.connect(scene.running().dns_addr()).await.unwrap()
}

/// One response, whole and in time.
async fn response(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let reading = async {
        let length = stream.read_u16().await.ok()?;
        let mut response = vec![0; length.into()];
        stream.read_exact(&mut response).await.ok()?;
        Some(response)
    };
    tokio::time::timeout(IN_TIME, reading).await.ok()?
}

async fn is_answered(scene: &Scene, from: &str) {
    let begun = Instant::now();
    let mut stream = connect(scene, from).await;
    stream.write_all(&framed(&soa_query(7))).await.unwrap();
    assert!(response(&mut stream).await.is_some());
    assert!(begun.elapsed() < IN_TIME);
}

async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 1 << 16];
    let reading = async { while let Ok(1..) = stream.read(&mut buffer).await {} };
    tokio::time::timeout(IN_TIME, reading).await.is_ok()
}

#[tokio::test]
async fn hundreds_of_slow_clients_of_one_network_leave_room_for_others() {
    let keys = "exempt = []\nconnections = 100\nconnections_per_client = 20";
    let scene = Scene::start_serving(keys).await;
    let mut friend = connect(&scene, "127.1.2.1").await;
    let mut slow = Vec::new();
    for count in 0..300_u32 {
        let mut stream = connect(&scene, "127.1.1.1").await;
        // Nothing, half a length, or some of a long message.
        let beginning: &[u8] = [&b""[..], &[0], &[0xff, 0xff, 1, 2, 3]][count as usize % 3];
        let _ = stream.write_all(beginning).await;
        slow.push(stream);
    }
    is_answered(&scene, "127.1.3.1").await;
    // Who was there before, and has said nothing yet, still has his place.
    friend.write_all(&framed(&soa_query(7))).await.unwrap();
    assert!(response(&mut friend).await.is_some());
    assert!(is_closed(&mut slow[0]).await);
}

#[tokio::test]
async fn who_takes_no_answers_is_sent_away_and_holds_nobody_up() {
    let keys = "idle_seconds = 1\nqueries_per_connection = 1_000_000_000";
    let scene = Scene::start_serving(keys).await;
    let mut deaf = connect(&scene, "127.0.0.1").await;
    let query = framed(&soa_query(7)).repeat(100);
    let begun = Instant::now();
    // As many as it takes until neither side has room for more.
    while begun.elapsed() < Duration::from_secs(20) {
        match tokio::time::timeout(IN_TIME, deaf.write_all(&query)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => break,
            Err(_) => panic!("neither read nor sent away"),
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "never sent away");
    is_answered(&scene, "127.0.0.1").await;
}

#[tokio::test]
async fn who_drips_one_octet_after_the_other_is_sent_away_in_the_end() {
    let scene = Scene::start_serving("idle_seconds = 1").await;
    let mut dripping = connect(&scene, "127.0.0.1").await;
    let begun = Instant::now();
    for octet in framed(&soa_query(7)).into_iter().cycle() {
        if dripping.write_all(&[octet]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(begun.elapsed() < Duration::from_secs(10), "heard for ever");
    }
    let mut idle = connect(&scene, "127.0.0.1").await;
    assert!(is_closed(&mut idle).await);
}

#[tokio::test]
async fn a_connection_has_so_many_queries_and_is_then_closed() {
    let scene = Scene::start_serving("queries_per_connection = 3").await;
    let mut stream = connect(&scene, "127.0.0.1").await;
    let queries = framed(&soa_query(7)).repeat(5);
    stream.write_all(&queries).await.unwrap();
    for _ in 0..3 {
        assert!(response(&mut stream).await.is_some());
    }
    assert!(response(&mut stream).await.is_none());
}

#[tokio::test]
async fn rubbish_of_any_size_is_answered_or_ends_the_connection_but_nothing_else() {
    let scene = Scene::start().await;
    for (length, octet) in [
        (0, 0),
        (1, 0),
        (11, 0),
        (12, 0),
        (600, 0x2a),
        (65_535, 0),
        (65_535, 0x7f),
    ] {
        let mut stream = connect(&scene, "127.0.0.1").await;
        stream
            .write_all(&framed(&vec![octet; length]))
            .await
            .unwrap();
        stream.write_all(&framed(&soa_query(7))).await.ok();
        while let Some(response) = response(&mut stream).await {
            if response.starts_with(&[0, 7]) {
                break;
            }
        }
        is_answered(&scene, "127.0.0.1").await;
    }
}

#[tokio::test]
async fn who_asks_is_told_how_long_a_connection_may_idle() {
    let scene = Scene::start_serving("idle_seconds = 7").await;
    let mut query = soa_query(7);
    query.truncate(query.len() - 2);
    query.extend([0, 4, 0, 11, 0, 0]);
    let mut stream = connect(&scene, "127.0.0.1").await;
    stream.write_all(&framed(&query)).await.unwrap();
    let response = response(&mut stream).await.unwrap();
    assert!(response.ends_with(&[0, 11, 0, 2, 0, 70]), "7 s in tenths");
}

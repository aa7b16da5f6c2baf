//! The nameserver over its sockets.

use std::time::Duration;

use payname_api::State;
use payname_resolver::{
    Question,
    hickory_proto::{
        op::{Message, ResponseCode},
        rr::{Name, RecordType},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::scene::{Scene, keys, uri};

fn query(name: &str, record_type: RecordType, id: u16) -> Vec<u8> {
    Question::new(Name::from_ascii(name).unwrap(), record_type).to_message(id)
}

/// The same from who wants no DNSSEC, and so gets the response code that says all.
fn plain_query(name: &str) -> Vec<u8> {
    let query = query(name, RecordType::TXT, 7);
    let mut message = Message::from_vec(&query).unwrap();
    message.edns = None;
    message.to_vec().unwrap()
}

#[tokio::test]
async fn a_name_above_one_that_exists_is_nodata_and_an_unknown_one_is_nxdomain() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    contact
        .put(&keys(1), "alice.shop", &uri("a"))
        .await
        .handle();
    contact.until("alice.shop", State::Published).await;
    let above = "shop.user._bitcoin-payment.example.test.";
    for (name, code) in [
        (above, ResponseCode::NoError),
        ("user._bitcoin-payment.example.test.", ResponseCode::NoError),
        (
            "bob.user._bitcoin-payment.example.test.",
            ResponseCode::NXDomain,
        ),
        ("example.invalid.", ResponseCode::Refused),
    ] {
        let response = contact.ask_udp(&plain_query(name)).await;
        assert_eq!(
            (response.metadata.id, response.metadata.response_code),
            (7, code),
            "{name}"
        );
        assert!(response.answers.is_empty());
    }
}

#[tokio::test]
async fn the_denial_of_a_name_tells_of_no_other() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    contact.until("alice", State::Published).await;
    let bob = Name::from_ascii("bob.user._bitcoin-payment.example.test.").unwrap();
    let response = contact
        .ask_udp(&query(&bob.to_ascii(), RecordType::TXT, 7))
        .await;
    let denials: Vec<_> = response
        .authorities
        .iter()
        .filter(|record| matches!(record.record_type(), RecordType::NSEC | RecordType::NSEC3))
        .collect();
    let [denial] = denials.as_slice() else {
        panic!("{denials:?}");
    };
    assert_eq!(denial.name, bob);
    let next = format!("\\000.{bob}");
    assert!(denial.data.to_string().starts_with(&next), "{denial}");
}

#[tokio::test]
async fn queries_are_pipelined_over_tcp_and_answered_in_their_order() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    contact.until("alice", State::Published).await;
    let mut stream = TcpStream::connect(contact.dns).await.unwrap();
    let mut sent = Vec::new();
    for id in 1..=20_u16 {
        let query = query(
            "alice.user._bitcoin-payment.example.test.",
            RecordType::TXT,
            id,
        );
        sent.extend(u16::try_from(query.len()).unwrap().to_be_bytes());
        sent.extend(query);
    }
    stream.write_all(&sent).await.unwrap();
    for id in 1..=20_u16 {
        let length = stream.read_u16().await.unwrap();
        let mut response = vec![0; length.into()];
        stream.read_exact(&mut response).await.unwrap();
        let response = Message::from_vec(&response).unwrap();
        assert_eq!(response.metadata.id, id);
        assert_eq!(response.answers.len(), 2, "the record and its signature");
    }
}

#[tokio::test]
async fn connections_that_say_nothing_keep_nobody_from_asking_over_tcp() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    // More than there are places for; half of them have begun to say something.
    let mut silent = Vec::new();
    for count in 0..300 {
        let mut stream = TcpStream::connect(contact.dns).await.unwrap();
        if count % 2 == 0 {
            stream.write_all(&[0, 40, 1]).await.unwrap();
        }
        silent.push(stream);
    }
    let mut stream = TcpStream::connect(contact.dns).await.unwrap();
    let query = query("example.test.", RecordType::SOA, 7);
    let length = u16::try_from(query.len()).unwrap().to_be_bytes();
    stream
        .write_all(&[&length, &query[..]].concat())
        .await
        .unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(5), stream.read_u16()).await;
    assert!(answer.unwrap().unwrap() > 12);
    // Who came first and said nothing has been sent away.
    assert!(!matches!(silent[0].read(&mut [0]).await, Ok(1..)));
}

#[tokio::test]
async fn rubbish_neither_stops_the_nameserver_nor_gets_an_answer_it_could_loop_on() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut response = query("example.test.", RecordType::SOA, 9);
    response[2] |= 0x80;
    for rubbish in [b"".as_slice(), b"x", &[0xff; 512], &response] {
        socket.send_to(rubbish, contact.dns).await.unwrap();
    }
    let mut stream = TcpStream::connect(contact.dns).await.unwrap();
    stream.write_all(&[0xff; 3]).await.unwrap();
    drop(stream);
    let answer = contact
        .ask_udp(&query("example.test.", RecordType::SOA, 9))
        .await;
    assert_eq!(answer.metadata.response_code, ResponseCode::NoError);
    let mut buffer = [0; 512];
    // The 512 bytes of 0xff are a response by their header: silence, like for the others.
    assert!(socket.try_recv(&mut buffer).is_err());
}

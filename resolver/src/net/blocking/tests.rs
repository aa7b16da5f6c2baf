//! Servers on threads, and what the client without a runtime makes of them.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    thread,
    time::{Duration, Instant},
};

use hickory_proto::rr::{Name, RecordType};

use super::*;
use crate::net::Timeouts;

const LOOPBACK: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);
const SHORT: Timeouts = Timeouts {
    attempt: Duration::from_millis(150),
    attempts: 2,
    total: Duration::from_millis(600),
};

fn client(server: &str) -> Client {
    Client::with_timeouts(server.parse().unwrap(), SHORT).unwrap()
}

fn questions(count: usize) -> Vec<Question> {
    let names = (0..count).map(|index| Name::from_ascii(format!("n{index}.example.")).unwrap());
    names
        .map(|name| Question::new(name, RecordType::TXT))
        .collect()
}

/// An empty answer to a query.
fn answer(query: &[u8]) -> Vec<u8> {
    let mut message = query.to_vec();
    message[2] |= 0x80;
    message
}

/// A server on UDP that sends what `reply` makes of each query.
fn udp_server(mut reply: impl FnMut(&[u8], usize) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind(LOOPBACK).unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        for count in 0.. {
            let (length, peer) = socket.recv_from(&mut buffer).unwrap();
            for message in reply(&buffer[..length], count) {
                socket.send_to(&message, peer).unwrap();
            }
        }
    });
    address
}

/// A server on TCP that is given each connection.
fn tcp_server(serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind(LOOPBACK).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            serve(stream.unwrap());
        }
    });
    address
}

fn read(stream: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).unwrap();
    message
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap();
    [length.to_be_bytes().as_slice(), message].concat()
}

fn all_answered(client: &Client, questions: &[Question]) {
    for (question, outcome) in questions.iter().zip(client.exchange_all(questions)) {
        assert_eq!(outcome.unwrap().question(), question);
    }
}

#[test]
fn all_questions_are_on_their_way_before_any_is_answered() {
    let mut held = Vec::new();
    let server = udp_server(move |query, _| {
        held.push(query.to_vec());
        Vec::new()
    });
    let questions = questions(3);
    let start = Instant::now();
    let outcomes = client(&server.to_string()).exchange_all(&questions);
    assert!(outcomes.iter().all(Result::is_err));
    let took = start.elapsed();
    assert!(took < SHORT.attempt * 4, "one wait for all: {took:?}");
}

#[test]
fn a_lost_datagram_is_sent_again_and_a_forged_one_passed_over() {
    let server = udp_server(|query, count| match count {
        0 => Vec::new(),
        _ => {
            let mut forged = answer(query);
            forged[0] ^= 0xff;
            vec![forged, answer(query)]
        }
    });
    all_answered(&client(&server.to_string()), &questions(4));
}

#[test]
fn over_tcp_a_burst_shares_one_connection_and_may_be_answered_in_any_order() {
    let server = tcp_server(|mut stream| {
        let mut queries: Vec<_> = (0..5).map(|_| read(&mut stream)).collect();
        queries.reverse();
        for query in queries {
            stream.write_all(&framed(&answer(&query))).unwrap();
        }
    });
    all_answered(&client(&format!("tcp://{server}")), &questions(5));
}

#[test]
fn what_is_truncated_is_asked_for_again_over_tcp() {
    let address = tcp_server(|mut stream| {
        let query = read(&mut stream);
        stream.write_all(&framed(&answer(&query))).unwrap();
    });
    let socket = UdpSocket::bind(address).unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        loop {
            let (length, peer) = socket.recv_from(&mut buffer).unwrap();
            let mut message = answer(&buffer[..length]);
            message[2] |= 0x02; // TC
            socket.send_to(&message, peer).unwrap();
        }
    });
    all_answered(&client(&address.to_string()), &questions(1));
}

#[test]
fn silence_drops_hanging_up_another_id_and_nobody_at_all_are_errors_in_bounded_time() {
    let silent = tcp_server(|stream| {
        thread::sleep(Duration::from_secs(2));
        drop(stream);
    });
    let dripping = tcp_server(|mut stream| {
        // The beginning of a message of 65,535 bytes.
        while stream.write_all(&[0xff]).is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let abrupt = tcp_server(|mut stream| {
        let query = read(&mut stream);
        stream.write_all(&framed(&answer(&query))[..20]).unwrap();
    });
    let confused = tcp_server(|mut stream| {
        let mut message = answer(&read(&mut stream));
        message[0] ^= 0xff;
        stream.write_all(&framed(&message)).unwrap();
    });
    let nobody = TcpListener::bind(LOOPBACK).unwrap().local_addr().unwrap();
    let ask = |server: SocketAddr| {
        let start = Instant::now();
        let outcome = client(&format!("tcp://{server}")).exchange(&questions(1)[0]);
        assert!(start.elapsed() < SHORT.total * 3);
        outcome.unwrap_err()
    };
    assert!(matches!(ask(silent), ExchangeError::Timeout { .. }));
    assert!(matches!(ask(dripping), ExchangeError::Timeout { .. }));
    assert!(matches!(ask(abrupt), ExchangeError::CutOff { .. }));
    assert!(matches!(ask(confused), ExchangeError::Unreachable { .. }));
    assert!(matches!(ask(nobody), ExchangeError::Refused { .. }));
}

#[test]
fn gathering_ends_in_the_time_it_is_given() {
    let server = udp_server(|_, _| Vec::new());
    let handle: Handle = "alice@example.com".parse().unwrap();
    let start = Instant::now();
    let error = client(&server.to_string()).gather(&handle).unwrap_err();
    assert!(
        matches!(error, GatherError::Exchange(ExchangeError::Timeout { .. })),
        "{error:?}"
    );
    assert!(start.elapsed() < SHORT.total * 2);
}

#[test]
fn what_needs_more_than_the_standard_library_is_refused_at_once() {
    for server in [
        "tls://dns.example",
        "https://dns.example/",
        "quic://dns.example",
    ] {
        assert!(Client::new(server.parse().unwrap()).is_err(), "{server}");
    }
}

//! Floods over UDP, from addresses that could be forged.

use std::{net::UdpSocket, time::Duration};

use payname_resolver::hickory_proto::op::Message;

use super::soa_query;
use crate::scene::Scene;

/// Nobody is exempt, so that addresses of this machine can play networks.
const STRICT: &str = "exempt = []\nresponses_per_second = 40";

fn asker(address: &str) -> UdpSocket {
    let socket = UdpSocket::bind((address, 0)).unwrap();
    let patience = Some(Duration::from_millis(500));
    socket.set_read_timeout(patience).unwrap();
    socket
}

/// Whole and truncated responses that come.
fn responses(asker: &UdpSocket) -> (usize, usize) {
    let mut buffer = [0; 1500];
    let (mut whole, mut truncated) = (0, 0);
    while let Ok(length) = asker.recv(&mut buffer) {
        let message = Message::from_vec(&buffer[..length]).unwrap();
        match message.metadata.truncation {
            true => truncated += 1,
            false => whole += 1,
        }
    }
    (whole, truncated)
}

#[tokio::test]
async fn a_flood_from_one_network_is_thinned_out_and_leaves_others_answered() {
    let scene = Scene::start_serving(STRICT).await;
    let server = scene.running().dns_addr();
    let counted = tokio::task::spawn_blocking(move || {
        let (flood, calm) = (asker("127.1.1.1"), asker("127.1.2.1"));
        for id in 0..400 {
            flood.send_to(&soa_query(id), server).unwrap();
        }
        for id in 0..5 {
            calm.send_to(&soa_query(id), server).unwrap();
        }
        (responses(&calm), responses(&flood))
    });
    let (calm, (whole, truncated)) = counted.await.unwrap();
    assert_eq!(calm, (5, 0));
    // One socket is one thread's, which has its part of the rate, and a moment passed meanwhile.
    assert!((1..=60).contains(&whole), "{whole} whole");
    assert!((100..=200).contains(&truncated), "{truncated} truncated");
}

#[tokio::test]
async fn who_shows_a_cookie_has_no_limit_and_who_could_is_told_to() {
    let scene = Scene::start_serving(STRICT).await;
    let server = scene.running().dns_addr();
    let with_cookie = |cookie: &[u8]| {
        let mut query = soa_query(7);
        query.truncate(query.len() - 2);
        query.extend(u16::try_from(cookie.len() + 4).unwrap().to_be_bytes());
        query.extend([0, 10, 0, u8::try_from(cookie.len()).unwrap()]);
        query.extend(cookie);
        query
    };
    tokio::task::spawn_blocking(move || {
        let asker = asker("127.1.1.1");
        for _ in 0..200 {
            asker.send_to(&with_cookie(&[7; 8]), server).unwrap();
        }
        let mut buffer = [0; 1500];
        let (mut told, mut cookie) = (0, Vec::new());
        while let Ok(length) = asker.recv(&mut buffer) {
            let message = Message::from_vec(&buffer[..length]).unwrap();
            let edns = message.edns.unwrap();
            cookie = Vec::try_from(&edns.options().as_ref()[0].1).unwrap();
            // BADCOOKIE, and small: what is left has no record.
            if u16::from(message.metadata.response_code) == 23 {
                assert!(message.answers.is_empty());
                told += 1;
            }
        }
        assert!(told >= 50, "{told} were told");
        for _ in 0..200 {
            asker.send_to(&with_cookie(&cookie), server).unwrap();
            let length = asker.recv(&mut buffer).unwrap();
            let message = Message::from_vec(&buffer[..length]).unwrap();
            assert_eq!(message.answers.len(), 2, "the SOA and its signature");
        }
    })
    .await
    .unwrap();
}

//! EDNS options in whole messages: cookies, NSID, idle times and padding.

use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};

use super::*;
use crate::{
    Asker, CookieState, Cookies, OnDemand, Reply, ReplyKind, ServerOptions, Transport, ZoneSet,
    respond_into,
};

const ALICE: &str = "alice.user._bitcoin-payment.example.test.";
const NOBODY: &str = "nobody.user._bitcoin-payment.example.test.";
const COOKIE: u16 = 10;

struct Scene {
    zones: ZoneSet,
    server: ServerOptions,
    transport: Transport,
    address: &'static str,
}

impl Scene {
    fn over(transport: Transport) -> Self {
        Self {
            zones: ZoneSet::from_iter([furnished_zone(Denial::Compact)]),
            server: ServerOptions {
                nsid: Some(b"here-1".to_vec()),
                cookies: Some(Cookies::new([1; 16], [])),
            },
            transport,
            address: "192.0.2.7",
        }
    }

    fn ask(&self, query: &[u8]) -> (Vec<u8>, Reply<'_>) {
        let asker = Asker {
            address: self.address.parse().unwrap(),
            now: NOW,
            keepalive: (self.transport == Transport::Tcp).then_some(Duration::from_secs(10)),
            options: &self.server,
            ..Asker::over(self.transport)
        };
        let (mut out, mut on_demand) = (Vec::new(), OnDemand::unlimited());
        let reply = respond_into(&self.zones, query, &asker, &mut on_demand, &mut out).unwrap();
        (out, reply)
    }
}

/// A query with EDNS, the DO bit and these options, by hand.
fn query(owner: &str, options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut query = vec![1, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1];
    query.extend(crate::names::wire(&name(owner)));
    query.extend([0, 16, 0, 1, 0, 0, 41, 4, 208, 0, 0, 0x80, 0]);
    query.extend(rdata(options));
    query
}

fn rdata(options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut rdata = vec![0, 0];
    for (code, data) in options {
        rdata.extend(code.to_be_bytes());
        rdata.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        rdata.extend(*data);
    }
    let length = u16::try_from(rdata.len() - 2).unwrap();
    rdata[..2].copy_from_slice(&length.to_be_bytes());
    rdata
}

/// The options of a response, by their codes.
fn options(response: &[u8]) -> Vec<(u16, Vec<u8>)> {
    let edns = Message::from_vec(response).unwrap().edns.unwrap();
    let options = edns.options().as_ref().iter();
    let option =
        options.map(|(code, option)| (u16::from(*code), Vec::<u8>::try_from(option).unwrap()));
    option.collect()
}

fn code(response: &[u8]) -> ResponseCode {
    Message::from_vec(response).unwrap().metadata.response_code
}

#[test]
fn what_the_server_is_called_is_told_only_to_who_asks() {
    let scene = Scene::over(Transport::udp());
    let (response, _) = scene.ask(&query(ALICE, &[(3, b"")]));
    assert_eq!(options(&response), [(3, b"here-1".to_vec())]);
    let (response, _) = scene.ask(&query(ALICE, &[]));
    assert_eq!(options(&response), []);
}

#[test]
fn a_client_gets_a_cookie_and_is_known_by_it() {
    let scene = Scene::over(Transport::udp());
    let (response, reply) = scene.ask(&query(ALICE, &[(COOKIE, &[7; 8])]));
    assert_eq!(
        (reply.cookie, reply.kind(&response)),
        (CookieState::Client, ReplyKind::Answer)
    );
    let [(COOKIE, cookie)] = &options(&response)[..] else {
        panic!("{response:?}");
    };
    assert_eq!((cookie.len(), &cookie[..8]), (24, &[7; 8][..]));
    let (response, reply) = scene.ask(&query(ALICE, &[(COOKIE, cookie)]));
    assert_eq!(reply.cookie, CookieState::Valid);
    assert_eq!(options(&response), [(COOKIE, cookie.clone())]);
    let elsewhere = Scene {
        address: "192.0.2.8",
        ..scene
    };
    let (response, reply) = elsewhere.ask(&query(ALICE, &[(COOKIE, cookie)]));
    // Cookies are not required, so it is answered as if it had none yet.
    assert_eq!(
        (reply.cookie, code(&response)),
        (CookieState::Invalid, ResponseCode::NoError)
    );
}

#[test]
fn a_cookie_of_a_length_that_none_has_is_a_malformed_query() {
    let scene = Scene::over(Transport::udp());
    for length in [0, 7, 9, 15, 41] {
        let (response, reply) = scene.ask(&query(ALICE, &[(COOKIE, &[7; 41][..length])]));
        assert_eq!(code(&response), ResponseCode::FormErr, "{length}");
        assert_eq!(reply.kind(&response), ReplyKind::Error);
    }
    let mut cut = query(ALICE, &[(COOKIE, &[7; 8])]);
    let length = cut.len();
    cut[length - 9] = 200;
    assert_eq!(code(&scene.ask(&cut).0), ResponseCode::FormErr);
}

#[test]
fn a_cookie_can_be_asked_for_without_a_question() {
    let scene = Scene::over(Transport::udp());
    let ask = |cookie: &[u8]| {
        let mut query = vec![
            1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 41, 4, 208, 0, 0, 0, 0,
        ];
        query.extend(rdata(&[(COOKIE, cookie)]));
        let (response, _) = scene.ask(&query);
        (code(&response), options(&response).remove(0).1)
    };
    let (code, cookie) = ask(&[7; 8]);
    assert_eq!(code, ResponseCode::NoError);
    assert_eq!(ask(&cookie), (ResponseCode::NoError, cookie));
    assert_eq!(ask(&[7; 24]).0, ResponseCode::BADCOOKIE);
    let nothing = [
        1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0,
    ];
    let (response, _) = scene.ask(&nothing);
    assert_eq!(response[3] & 0x0f, 1, "FORMERR");
}

#[test]
fn whoever_has_too_much_can_be_told_to_come_by_tcp_or_with_a_cookie() {
    let scene = Scene::over(Transport::udp());
    for (owner, kind) in [(ALICE, ReplyKind::Answer), (NOBODY, ReplyKind::Absent)] {
        let (mut response, reply) = scene.ask(&query(owner, &[(COOKIE, &[7; 8])]));
        assert_eq!(reply.kind(&response), kind);
        let mut slip = response.clone();
        reply.truncate(&mut slip);
        let message = Message::from_vec(&slip).unwrap();
        assert!(message.metadata.truncation && message.answers.is_empty());
        assert!(message.authorities.is_empty() && message.queries.len() == 1);
        assert_eq!(options(&slip).len(), 1);
        assert!(reply.demand_cookie(&mut response));
        assert_eq!(code(&response), ResponseCode::BADCOOKIE);
        assert_eq!(reply.code(&slip), 0);
        assert_eq!(options(&response)[0].1.len(), 24);
    }
    let (mut response, reply) = scene.ask(&query(ALICE, &[]));
    assert!(
        !reply.demand_cookie(&mut response),
        "who knows of no cookies cannot show one"
    );
    assert!(response.len() > 100);
}

#[test]
fn encrypted_responses_are_padded_to_whole_blocks_for_who_knows_edns() {
    let scene = Scene::over(Transport::Encrypted);
    for (owner, more) in [(ALICE, &[][..]), (NOBODY, &[(12, &[0; 40][..])])] {
        let (response, _) = scene.ask(&query(owner, more));
        assert_eq!(response.len() % 468, 0);
        assert_eq!(options(&response).last().unwrap().0, 12);
    }
    let mut plain = query(ALICE, &[]);
    plain.truncate(plain.len() - 11);
    plain[11] = 0;
    assert_ne!(scene.ask(&plain).0.len() % 468, 0);
    let (in_the_clear, _) = Scene::over(Transport::Tcp).ask(&query(ALICE, &[(12, &[0; 40])]));
    assert_eq!(options(&in_the_clear), []);
}

#[test]
fn how_long_a_connection_may_idle_is_told_over_tcp_only() {
    let wish = query(ALICE, &[(11, b"")]);
    let (response, _) = Scene::over(Transport::Tcp).ask(&wish);
    assert_eq!(options(&response), [(11, vec![0, 100])]);
    assert_eq!(options(&Scene::over(Transport::udp()).ask(&wish).0), []);
}

#[test]
fn options_take_their_part_of_a_small_datagram() {
    let scene = Scene::over(Transport::udp());
    for payload in 512..1300_u16 {
        let mut asked = query(NOBODY, &[(COOKIE, &[7; 8]), (3, b"")]);
        let at = asked.len() - 4 - 12 - 8;
        asked[at..at + 2].copy_from_slice(&payload.to_be_bytes());
        let (response, _) = scene.ask(&asked);
        assert!(response.len() <= usize::from(payload.min(1232)));
        assert_eq!(options(&response).len(), 2);
    }
}

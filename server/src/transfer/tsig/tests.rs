//! Judged by `hickory-proto`, whose TSIG is another's.

use payname_resolver::{
    UnixTime,
    hickory_proto::{
        op::{Message, Query},
        rr::{Name, RData, Record, RecordType, TSigVerifier, TSigner, rdata::tsig::TsigAlgorithm},
    },
};

use super::{Key, KeyError, KeyRing, Session, SessionError, check_query, key::Algorithm};

const NOW: UnixTime = UnixTime(1_785_988_800);
const SECRET: &str = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3I=";

fn key(name: &str, secret: &str) -> Key {
    Key::new(name.parse().unwrap(), Algorithm::Sha256, secret).unwrap()
}

fn ring(key: Key) -> KeyRing {
    let mut ring = KeyRing::default();
    assert!(ring.add(key));
    ring
}

fn theirs(name: &str) -> TSigner {
    let secret = data_encoding::BASE64.decode(SECRET.as_bytes()).unwrap();
    TSigner::new(
        secret,
        TsigAlgorithm::HmacSha256,
        name.parse().unwrap(),
        300,
    )
    .unwrap()
}

fn query() -> Message {
    let mut query = Message::query();
    query.metadata.id = 7;
    let name: Name = "Example.test.".parse().unwrap();
    query.add_query(Query::query(name, RecordType::AXFR));
    query
}

/// A query that `hickory-proto` signed, and what verifies the response.
fn asked(signer: &TSigner, at: UnixTime) -> (Vec<u8>, TSigVerifier) {
    let mut query = query();
    let (record, verifier) = signer.sign_message(&query, at.0).unwrap();
    query.set_signature(record);
    (query.to_vec().unwrap(), verifier.unwrap())
}

/// A message of a response.
fn part(number: u8) -> Vec<u8> {
    let mut message = query();
    message.metadata.message_type = payname_resolver::hickory_proto::op::MessageType::Response;
    let address = RData::A(std::net::Ipv4Addr::new(192, 0, 2, number).into());
    message.add_answer(Record::from_rdata(
        "Example.test.".parse().unwrap(),
        60,
        address,
    ));
    message.to_vec().unwrap()
}

fn error_of(response: &[u8]) -> (u8, u16, usize) {
    let (_, record) = super::record::find(response).unwrap().unwrap();
    (response[3] & 15, record.error, record.mac.len())
}

#[test]
fn what_hickory_signs_is_accepted_and_what_is_signed_here_is_by_hickory() {
    let (mut query, mut verifier) = asked(&theirs("Key.Test."), NOW);
    let mut session = check_query(&ring(key("key.test.", SECRET)), &mut query, NOW)
        .unwrap()
        .unwrap();
    let bare = Message::from_vec(&query).unwrap();
    assert!(bare.signature.is_none() && bare.queries.len() == 1);
    for number in 0..3 {
        let mut response = part(number);
        session.sign(&mut response, UnixTime(NOW.0 + u64::from(number)));
        verifier.verify(&response).unwrap();
    }
}

#[test]
fn a_query_signed_here_is_accepted_by_hickory_and_its_answers_are_accepted_here() {
    let signer = theirs("key.test.");
    let mut message = query().to_vec().unwrap();
    let ours = key("Key.test.", SECRET);
    let mut session = Session::ask(ours.into(), &mut message, NOW);
    let (mac, time, _) = signer.verify_message_byte(&message, None, true).unwrap();
    assert_eq!(time, NOW.0);
    let context =
        payname_resolver::hickory_proto::rr::TSigResponseContext::new(7, NOW.0, signer, mac, None);
    let mut response = part(1);
    let record = context.sign(&response).unwrap();
    let mut signed = Message::from_vec(&response).unwrap();
    signed.set_signature(record);
    response = signed.to_vec().unwrap();
    session.check(&mut response, NOW).unwrap();
    assert!(session.is_complete());
}

#[test]
fn a_stream_is_believed_only_whole_in_order_and_signed_at_its_end() {
    let ring = ring(key("key.test.", SECRET));
    let run = |spoil: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut query = query().to_vec().unwrap();
        let client = Session::ask(key("key.test.", SECRET).into(), &mut query, NOW);
        let mut server = check_query(&ring, &mut query, NOW).unwrap().unwrap();
        let mut stream: Vec<_> = (0..4).map(part).collect();
        for part in &mut stream {
            server.sign(part, NOW);
        }
        spoil(&mut stream);
        let mut client = client;
        let outcome: Result<(), SessionError> = stream
            .iter_mut()
            .try_for_each(|part| client.check(part, NOW));
        (outcome, client.is_complete())
    };
    assert_eq!(run(&|_| {}), (Ok(()), true));
    let name: Name = "key.test.".parse().unwrap();
    let wrong = Err(SessionError::BadSignature(name));
    assert_eq!(run(&|stream| stream.swap(1, 2)).0, wrong);
    assert_eq!(run(&|stream| drop(stream.remove(1))).0, wrong);
    assert_eq!(run(&|stream| stream[2][part(2).len() - 1] ^= 1).0, wrong);
    let unsigned_end = run(&|stream| stream[3] = part(3));
    assert_eq!(unsigned_end, (Ok(()), false));
    assert_eq!(
        run(&|stream| stream[0] = part(0)).0,
        Err(SessionError::Unsigned)
    );
}

#[test]
fn messages_between_signed_ones_may_be_unsigned_and_are_covered() {
    let mut query = query().to_vec().unwrap();
    let mut client = Session::ask(key("key.test.", SECRET).into(), &mut query, NOW);
    let keys = ring(key("key.test.", SECRET));
    let mut server = check_query(&keys, &mut query, NOW).unwrap().unwrap();
    let (mut first, mut middle, mut last) = (part(0), part(1), part(2));
    server.sign(&mut first, NOW);
    server.before.extend_from_slice(&middle);
    server.sign(&mut last, NOW);
    client.check(&mut first, NOW).unwrap();
    client.check(&mut middle, NOW).unwrap();
    assert!(!client.is_complete());
    client.check(&mut last, NOW).unwrap();
    assert!(client.is_complete());
}

#[test]
fn a_signature_that_is_wrong_is_refused_as_the_rfc_says() {
    let (good, _) = asked(&theirs("key.test."), NOW);
    let other = "b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3Q=";
    let refused = |keys: KeyRing, now: UnixTime| {
        let mut query = good.clone();
        let refusal = check_query(&keys, &mut query, now).unwrap_err();
        assert_eq!(query, good, "the query must stay as it came");
        let text = refusal.to_string();
        let secret = text.contains(SECRET) || text.contains(other);
        assert!(text.contains("key.test") && !secret, "{text}");
        error_of(&refusal.response(&query, now))
    };
    let late = UnixTime(NOW.0 + 301);
    assert_eq!(refused(KeyRing::default(), NOW), (9, 17, 0));
    assert_eq!(refused(ring(key("key.test.", other)), NOW), (9, 16, 0));
    assert_eq!(refused(ring(key("key.test.", SECRET)), late), (9, 18, 32));
}

#[test]
fn a_wrong_clock_is_told_in_a_response_that_verifies() {
    let mut query = query().to_vec().unwrap();
    let mut client = Session::ask(key("key.test.", SECRET).into(), &mut query, NOW);
    let late = UnixTime(NOW.0 + 4000);
    let keys = ring(key("key.test.", SECRET));
    let refusal = check_query(&keys, &mut query, late).unwrap_err();
    let mut response = refusal.response(&query, late);
    let (_, record) = super::record::find(&response).unwrap().unwrap();
    assert_eq!((record.time, record.other.len()), (NOW.0, 6));
    let error = client.check(&mut response, NOW).unwrap_err();
    assert!(error.to_string().contains("BADTIME"), "{error}");
}

#[test]
fn messages_that_cannot_be_read_are_format_errors_and_never_a_panic() {
    let (good, _) = asked(&theirs("key.test."), NOW);
    let keys = ring(key("key.test.", SECRET));
    for end in 0..good.len() {
        let mut query = good[..end].to_vec();
        let refusal = check_query(&keys, &mut query, NOW).unwrap_err();
        let response = refusal.response(&query, NOW);
        assert!(end < 12 || response[3] & 15 == 1);
    }
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut query = good.clone();
            query[at] ^= 1 << bit;
            let spoilt = query.clone();
            match check_query(&keys, &mut query, NOW) {
                Err(refusal) => drop(refusal.response(&spoilt, NOW)),
                Ok(Some(_)) => assert!(is_not_signed(&good, at), "byte {at}, bit {bit}"),
                Ok(None) => {}
            }
        }
    }
    let mut trailing = [good.as_slice(), &[0]].concat();
    assert!(check_query(&keys, &mut trailing, NOW).is_err());
    let overflow = [0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255];
    assert!(check_query(&keys, &mut overflow.to_vec(), NOW).is_err());
}

/// What of a signed message the signature leaves open: its id, and the case of the key's name.
fn is_not_signed(message: &[u8], at: usize) -> bool {
    let (start, _) = super::record::find(message).unwrap().unwrap();
    at < 2 || (at >= start && message[at].is_ascii_alphabetic())
}

#[test]
fn weak_keys_are_refused_and_no_secret_is_ever_shown() {
    for weak in ["hmac-md5", "hmac-sha1", "HMAC-SHA256", ""] {
        assert_eq!(weak.parse::<Algorithm>(), Err(KeyError::Algorithm));
    }
    let name: Name = "key.test.".parse().unwrap();
    let of = |secret| Key::new(name.clone(), Algorithm::Sha512, secret).map(|_| ());
    assert_eq!(of("!"), Err(KeyError::Secret));
    assert_eq!(of("c2hvcnQ="), Err(KeyError::Short(5)));
    let shown = format!("{:?}", key("key.test.", SECRET));
    assert_eq!(shown, "Key(key.test., hmac-sha256)");
}

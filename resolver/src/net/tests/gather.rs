//! Gathering.

use hickory_proto::op::Message;

use super::*;
use crate::{
    Handle, Proof, TrustAnchors, UnixTime, net::GatherError, proof::ResourceRecord,
    resolution::ResolutionError,
};

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

/// Answers a query from the records of a recorded proof: those of the name and type asked for, and
/// the signatures over them.
fn recorded(query: &[u8]) -> Vec<u8> {
    const OPT_LENGTH: usize = 11;
    let proof = include_str!("../../../vectors/bip353-01-simple.hex");
    let proof = Proof::parse(&hex::decode(proof.trim()).unwrap()).unwrap();
    let asked = Message::from_vec(query).unwrap().queries[0].clone();
    let covers = |record: &ResourceRecord| {
        let signed = RecordType::from(u16::from_be_bytes([record.rdata()[0], record.rdata()[1]]));
        record.record_type() == RecordType::RRSIG && signed == asked.query_type()
    };
    let mut message = answer(query);
    let opt = message.split_off(message.len() - OPT_LENGTH);
    let mut count: u16 = 0;
    for record in proof.records() {
        let is_asked_for = record.record_type() == asked.query_type() || covers(record);
        if record.name() == asked.name() && is_asked_for {
            record.write(&mut message);
            count += 1;
        }
    }
    message.extend(opt);
    message[6..8].copy_from_slice(&count.to_be_bytes());
    message
}

/// Gathers the recorded proof from `server` and verifies it inside its window.
async fn gather_and_verify(server: DnsServer) {
    let client = Client::new(server).unwrap();
    let handle: Handle = "simple@dnssec_proof_tests.bitcoin.ninja".parse().unwrap();
    let gathered = client.gather(&handle).await.unwrap();
    let now = UnixTime(1_754_600_000);
    let record = gathered
        .proof
        .verify(&handle, &TrustAnchors::iana(), now)
        .unwrap();
    let uri = "bitcoin:?bc=bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l";
    assert_eq!(record.value().uri(), uri);
}

#[tokio::test]
async fn a_recorded_proof_is_gathered_and_verified_over_udp() {
    let (server, _serving) = udp_server(|query, _| vec![recorded(query)]).await;
    gather_and_verify(server.into()).await;
}

#[tokio::test]
async fn a_recorded_proof_is_gathered_and_verified_over_tcp() {
    gather_and_verify(tcp_server(|query| framed(&recorded(query))).await.into()).await;
}

#[tokio::test]
async fn a_recorded_proof_is_gathered_and_verified_over_https() {
    let ok = "HTTP/1.1 200 OK\r\ncontent-type: application/dns-message";
    gather_and_verify(http_server(move |query| (ok, recorded(query))).await).await;
}

#[tokio::test]
async fn a_question_of_the_chain_that_timed_out_is_told_beside_the_proof_that_lacks_its_answer() {
    let keys_of_root = Question::new(Name::root(), RecordType::DNSKEY);
    let silent_about = keys_of_root.to_message(0);
    let (server, _serving) = udp_server(move |query, _| match query[2..] == silent_about[2..] {
        true => vec![],
        false => vec![recorded(query)],
    })
    .await;
    let handle: Handle = "simple@dnssec_proof_tests.bitcoin.ninja".parse().unwrap();
    let gathered = client(server).gather(&handle).await.unwrap();
    let [unanswered] = &gathered.unanswered[..] else {
        panic!("{:?}", gathered.unanswered)
    };
    assert_eq!(unanswered.question, keys_of_root);
    let cause = unanswered.to_string();
    assert!(cause.contains("did not answer . DNSKEY"), "{cause}");
    let now = UnixTime(1_754_600_000);
    let verified = gathered.proof.verify(&handle, &TrustAnchors::iana(), now);
    assert!(matches!(verified, Err(crate::VerifyError::Bogus(_))));
}

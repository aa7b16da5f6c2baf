//! Names by onion message: real `OnionMessenger`s ask each other, and some of them lie.

mod node;
mod socket;

use payname_resolver::lightning::onion_message::dns_resolution::DNSSECProof;
use payname_resolver::net::Client;
use payname_resolver::onion::{Finding, Message, QueryError};
use payname_resolver::{Handle, TrustAnchors, UnixTime, VerifyError};
use payname_tests::World;
use payname_tests::vector::Vector;

use node::{Node, Route, claim, deliver, filler, handle_of};

const URI: &str = "bitcoin:?lno=lno1qsgqmqvgm96frzdg8m0gc6nzeqffvzsqzrxqy";

/// Takes every job of a resolver and finds the same.
fn answer(resolver: &Node, finding: &Finding) {
    while let Some(job) = resolver.handler.try_job() {
        resolver.handler.finish(&job, finding);
    }
}

/// Takes the one job of a resolver, gathers it from a world and sorts what came.
async fn answer_from(world: &World, resolver: &Node) {
    let job = resolver.handler.try_job().unwrap();
    let client = Client::new(world.recursor().address().into()).unwrap();
    let owner = job.name().name();
    let txt = payname_resolver::hickory_proto::rr::RecordType::TXT;
    let gathered = client.gather_at(owner, txt).await.unwrap();
    let finding = Finding::sort(&gathered.proof, owner, &world.anchors(), world.now());
    resolver.handler.finish(&job, &finding);
}

#[test]
fn a_recorded_proof_comes_by_onion_message_and_is_verified_by_the_asker() {
    let vector = Vector::matt();
    let (asker, resolver) = (Node::new(1, vector.inside), Node::new(2, vector.inside));
    asker.meet(&resolver);
    let handle = handle_of(&vector);
    let deadline = vector.inside.plus(20);
    let mut lookup = asker
        .handler
        .ask(&handle, [resolver.asked_by(&asker)], deadline);
    deliver(&[&asker, &resolver]);
    assert_eq!(lookup.try_next(), Ok(None), "the resolver is still at work");
    answer(&resolver, &Finding::Proof(vector.proof()));
    deliver(&[&asker, &resolver]);
    let proof = lookup.try_next().unwrap().unwrap();
    let verified = proof.verify(&handle, &TrustAnchors::iana(), vector.inside);
    assert!(verified.unwrap().uri().starts_with("bitcoin:"));
}

#[tokio::test]
async fn a_name_is_proven_through_a_relay_that_learns_nothing() {
    let world = World::with_zone("example.test")
        .record("alice", URI)
        .start()
        .await
        .unwrap();
    let now = world.now();
    let relay = Node::new(3, now);
    let route = |relay: &Node| Route {
        through: Some(relay.id()),
        ..Route::default()
    };
    let asker = Node::along(1, now, route(&relay), |handler| handler);
    let resolver = Node::new(2, now);
    asker.meet(&relay);
    relay.meet(&resolver);
    let all = [&asker, &relay, &resolver];

    let alice: Handle = "alice@example.test".parse().unwrap();
    let asked = [resolver.asked_by(&asker)];
    let mut lookup = asker.handler.ask(&alice, asked, now.plus(20));
    assert_eq!(deliver(&all), 2, "to the relay, and on");
    assert!(relay.handler.try_job().is_none());
    answer_from(&world, &resolver).await;
    assert_eq!(deliver(&all), 2, "and back");
    let proof = lookup.next().await.unwrap();
    let verified = proof.verify(&alice, &world.anchors(), now).unwrap();
    assert_eq!(verified.uri(), URI);
    assert_eq!(proof, *verified.proof(), "nothing needless was sent");
}

#[tokio::test]
async fn that_there_is_no_such_name_is_proven_too() {
    let world = World::with_zone("example.test").start().await.unwrap();
    let now = world.now();
    let (asker, resolver) = (Node::new(1, now), Node::new(2, now));
    asker.meet(&resolver);
    let nobody: Handle = "nobody@example.test".parse().unwrap();
    let asked = [resolver.asked_by(&asker)];
    let mut lookup = asker.handler.ask(&nobody, asked, now.plus(20));
    deliver(&[&asker, &resolver]);
    answer_from(&world, &resolver).await;
    deliver(&[&asker, &resolver]);
    let proof = lookup.next().await.unwrap();
    let outcome = proof.verify(&nobody, &world.anchors(), now);
    assert!(
        matches!(outcome, Err(VerifyError::Denied(_))),
        "{outcome:?}"
    );
}

#[test]
fn a_proof_of_somebody_else_is_outlived_by_the_honest_answer() {
    let vector = Vector::matt();
    let now = vector.inside;
    let all = Vector::all().into_iter();
    let other = all.filter(|other| other.is_valid && other.owner != vector.owner);
    let other = other.map(|other| other.bytes).next().unwrap();
    let asker = Node::new(1, now);
    let liar = Node::lying(2, move |query| claim(query, other.clone()));
    let honest = Node::new(3, now);
    asker.meet(&liar);
    asker.meet(&honest);
    let handle = handle_of(&vector);
    let asked = [liar.asked_by(&asker), honest.asked_by(&asker)];
    let mut lookup = asker.handler.ask(&handle, asked, now.plus(20));
    deliver(&[&asker, &liar, &honest]);
    let first = lookup.try_next().unwrap().unwrap();
    let judged = first.verify(&handle, &TrustAnchors::iana(), now);
    assert!(matches!(judged, Err(VerifyError::Bogus(_))), "{judged:?}");
    assert_eq!(lookup.try_next(), Ok(None), "the other one is waited for");

    answer(&honest, &Finding::Proof(vector.proof()));
    deliver(&[&asker, &liar, &honest]);
    let second = lookup.try_next().unwrap().unwrap();
    assert!(second.verify(&handle, &TrustAnchors::iana(), now).is_ok());
    let ended = lookup.try_next().unwrap_err();
    assert!(matches!(ended, QueryError::Answered { asked: 2, .. }));
}

#[test]
fn rubbish_is_no_proof_and_ends_the_wait() {
    let now = UnixTime(1_000_000);
    let asker = Node::new(1, now);
    let liar = Node::lying(2, |query| claim(query, b"rubbish".to_vec()));
    asker.meet(&liar);
    let alice: Handle = "alice@example.test".parse().unwrap();
    let asked = [liar.asked_by(&asker)];
    let mut lookup = asker.handler.ask(&alice, asked, now.plus(20));
    deliver(&[&asker, &liar]);
    let ended = lookup.try_next().unwrap_err();
    assert!(matches!(ended, QueryError::Answered { garbage: 1, .. }));
}

#[test]
fn an_answer_about_another_name_is_no_answer() {
    let vector = Vector::matt();
    let bytes = vector.bytes.clone();
    let theirs = vector.owner.to_ascii();
    let asker = Node::new(1, vector.inside);
    let liar = Node::lying(2, move |_| DNSSECProof {
        name: theirs.as_str().try_into().unwrap(),
        proof: bytes.clone(),
    });
    asker.meet(&liar);
    let alice: Handle = "alice@example.test".parse().unwrap();
    let asked = [liar.asked_by(&asker)];
    let deadline = vector.inside.plus(20);
    let mut lookup = asker.handler.ask(&alice, asked, deadline);
    deliver(&[&asker, &liar]);
    assert_eq!(lookup.try_next(), Ok(None));
    asker.set_time(deadline.plus(1));
    let ended = lookup.try_next().unwrap_err();
    assert!(matches!(ended, QueryError::Deadline { silent: 1, .. }));
}

/// `lightning` sends no packet of more than 32,834 bytes, so such an answer never leaves.
#[tokio::test]
async fn a_proof_that_no_onion_holds_is_silence_and_silence_ends_at_the_deadline() {
    let now = UnixTime(1_000_000);
    let asker = Node::new(1, now);
    let huge = filler(40_000).to_bytes();
    let liar = Node::lying(2, move |query| claim(query, huge.clone()));
    asker.meet(&liar);
    let alice: Handle = "alice@example.test".parse().unwrap();
    let asked = [liar.asked_by(&asker)];
    let mut lookup = asker.handler.ask(&alice, asked, now.plus(20));
    assert_eq!(deliver(&[&asker, &liar]), 1, "the question alone");
    let handler = &asker.handler;
    let (ended, ()) = tokio::join!(lookup.next(), async {
        asker.set_time(now.plus(20));
        handler.tick();
        tokio::task::yield_now().await;
        asker.set_time(now.plus(21));
        handler.tick();
    });
    let ended = ended.unwrap_err();
    assert!(matches!(ended, QueryError::Deadline { silent: 1, .. }));
}

#[test]
fn the_longest_proof_that_is_sent_fits_the_longest_reply_path() {
    let now = UnixTime(1_000_000);
    let relay = Node::new(3, now);
    let route = Route {
        through: Some(relay.id()),
        dummies: 10,
        ..Route::default()
    };
    let asker = Node::along(1, now, route, |handler| handler);
    let resolver = Node::new(2, now);
    asker.meet(&relay);
    relay.meet(&resolver);
    let all = [&asker, &relay, &resolver];
    let labels = "abcdefghij.".repeat(20);
    let longest: Handle = format!("{labels}a@b.test").parse().unwrap();
    let received = |length| {
        let asked = [resolver.asked_by(&asker)];
        let mut lookup = asker.handler.ask(&longest, asked, now.plus(20));
        deliver(&all);
        answer(&resolver, &Finding::Proof(filler(length)));
        deliver(&all);
        lookup.try_next().unwrap()
    };
    assert_eq!(received(30_000), Some(filler(30_000)));
    assert_eq!(received(30_001), None, "an error instead");
}

/// `lightning` 0.2 knows no errors; one that arrives by the path of a query is dropped unseen.
#[test]
fn an_error_is_sent_and_counts_where_somebody_can_receive_it() {
    let now = UnixTime(1_000_000);
    let (asker, resolver) = (Node::new(1, now), Node::new(2, now));
    asker.meet(&resolver);
    let alice: Handle = "alice@example.test".parse().unwrap();
    let (destination, nonce) = resolver.asked_by(&asker);
    let mut lookup = asker
        .handler
        .ask(&alice, [(destination, nonce)], now.plus(20));
    deliver(&[&asker, &resolver]);
    answer(&resolver, &Finding::Failed);
    assert_eq!(deliver(&[&asker, &resolver]), 1, "the error");
    assert_eq!(lookup.try_next(), Ok(None));

    let name = "alice.user._bitcoin-payment.example.test.";
    let error = Message::Error {
        name: name.parse().unwrap(),
        is_definite: true,
    };
    asker.handler.receive_error(&error, &[0; 16]);
    assert_eq!(lookup.try_next(), Ok(None), "not by that path");
    asker.handler.receive_error(&error, &nonce);
    let ended = lookup.try_next().unwrap_err();
    assert!(matches!(
        ended,
        QueryError::Answered {
            unresolvable: 1,
            ..
        }
    ));
}

#[test]
fn names_that_are_no_payment_names_are_not_looked_up_for_strangers() {
    use payname_resolver::lightning::blinded_path::message::{DNSResolverContext, MessageContext};
    use payname_resolver::lightning::onion_message::dns_resolution::{
        DNSResolverMessage, DNSSECQuery,
    };
    use payname_resolver::lightning::onion_message::messenger::MessageSendInstructions;

    let now = UnixTime(1_000_000);
    let (asker, resolver) = (Node::new(1, now), Node::new(2, now));
    asker.meet(&resolver);
    let (destination, nonce) = resolver.asked_by(&asker);
    let query = DNSSECQuery("www.example.test.".try_into().unwrap());
    let context = MessageContext::DNSResolver(DNSResolverContext { nonce });
    let instructions = MessageSendInstructions::WithReplyPath {
        destination,
        context,
    };
    let message = DNSResolverMessage::DNSSECQuery(query);
    asker
        .messenger
        .send_onion_message(message, instructions)
        .unwrap();
    assert_eq!(deliver(&[&asker, &resolver]), 2, "there, and an error back");
    assert!(resolver.handler.try_job().is_none());
}

#[test]
fn a_lookup_that_was_dropped_takes_no_answer() {
    let vector = Vector::matt();
    let (asker, resolver) = (Node::new(1, vector.inside), Node::new(2, vector.inside));
    asker.meet(&resolver);
    let asked = [resolver.asked_by(&asker)];
    let deadline = vector.inside.plus(20);
    drop(asker.handler.ask(&handle_of(&vector), asked, deadline));
    asker.handler.tick();
    assert!(format!("{:?}", asker.handler).contains("lookups: 0"));
    deliver(&[&asker, &resolver]);
    answer(&resolver, &Finding::Proof(vector.proof()));
    assert_eq!(deliver(&[&asker, &resolver]), 1);
}

#[test]
fn a_node_that_answers_says_so_in_its_features() {
    use payname_resolver::lightning::ln::msgs::BaseMessageHandler as _;

    let answers = Node::new(1, UnixTime(0));
    let features = answers.messenger.provided_node_features();
    assert!(features.supports_dns_resolution());
    let only_asks = payname_resolver::onion::OnionHandler::new(|| UnixTime(0));
    use payname_resolver::lightning::onion_message::dns_resolution::DNSResolverMessageHandler as _;
    assert!(!only_asks.provided_node_features().supports_dns_resolution());
}

//! How many times one waits for the network: our gathering beside `dnssec-prover`'s.
//!
//! A wave is everything that can be asked without an answer that is not there yet; a far resolver
//! makes each wave cost one round trip.

use std::time::{Duration, Instant};

use dnssec_prover::query::{ProofBuilder, QueryBuf};
use futures_util::future::join_all;
use payname_resolver::hickory_proto::rr::rdata::CNAME;
use payname_resolver::hickory_proto::rr::{Name, RData, RecordType};
use payname_resolver::net::{Client, Timeouts};
use payname_resolver::proof::ChainCache;
use payname_resolver::{Gathered, Handle, Question, Resolution, Step};
use payname_tests::{World, dns::Lie};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const URI: &str = "bitcoin:?lno=lno1qsgqmqvgm96frzdg8m0gc6nzeqffvzsqzrxqy";
/// How far away the resolver is.
const ROUND_TRIP: Duration = Duration::from_millis(120);
const PATIENCE: Timeouts = Timeouts {
    attempt: Duration::from_secs(5),
    attempts: 1,
    total: Duration::from_secs(20),
};

/// How many waves it took, and how long.
#[derive(Debug, Clone, Copy)]
struct Cost {
    waves: usize,
    took: Duration,
}

/// Gathers with our resolution, wave by wave.
async fn ours(world: &World, handle: &Handle) -> (Gathered, Cost) {
    ours_from(world, Resolution::start(handle)).await
}

async fn ours_from(
    world: &World,
    (mut resolution, mut wave): (Resolution, Vec<Question>),
) -> (Gathered, Cost) {
    let client = Client::with_timeouts(world.recursor().address().into(), PATIENCE).unwrap();
    let start = Instant::now();
    for waves in 1.. {
        let answers = join_all(wave.iter().map(|question| client.exchange(question))).await;
        let took = start.elapsed();
        wave = Vec::new();
        for answer in answers {
            match resolution.receive(answer.unwrap()).unwrap() {
                Step::Done(gathered) => return (gathered, Cost { waves, took }),
                Step::Ask {
                    resolution: next,
                    questions,
                } => {
                    resolution = next;
                    wave.extend(questions);
                }
            }
        }
    }
    unreachable!("a resolution without questions is done")
}

/// Gathers with the builder of `dnssec-prover`, all its questions of one wave at once.
async fn theirs(world: &World, handle: &Handle) -> Cost {
    let name = handle.owner_name().to_string();
    let name = dnssec_prover::rr::Name::try_from(name.as_str()).unwrap();
    let start = Instant::now();
    let (mut builder, first) = ProofBuilder::new(&name, dnssec_prover::rr::TXT_TYPE);
    let mut wave = vec![first];
    let mut waves = 0;
    while builder.awaiting_responses() {
        waves += 1;
        let asking = wave
            .iter()
            .map(|query| over_tcp(world, query.clone().into_vec()));
        let answers = join_all(asking).await;
        wave = Vec::new();
        for mut answer in answers {
            // It takes only what the resolver says it has verified (AD); ours does not say so.
            answer[3] |= 0x20;
            let mut response = QueryBuf::new_zeroed(0);
            response.extend_from_slice(&answer);
            wave.extend(builder.process_response(&response).unwrap());
        }
    }
    let took = start.elapsed();
    builder.finish_proof().unwrap();
    Cost { waves, took }
}

/// Its queries leave no room for an answer over UDP.
async fn over_tcp(world: &World, query: Vec<u8>) -> Vec<u8> {
    let mut stream = TcpStream::connect(world.recursor().address())
        .await
        .unwrap();
    let length = u16::try_from(query.len()).unwrap();
    stream
        .write_all(&[&length.to_be_bytes()[..], &query].concat())
        .await
        .unwrap();
    let length = stream.read_u16().await.unwrap();
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await.unwrap();
    answer
}

async fn far_world() -> World {
    let target = Name::from_ascii("alice.user._bitcoin-payment.example.test.").unwrap();
    let world = World::with_zone("example.test")
        .record("alice", URI)
        .and_zone("shop.test")
        .records(
            "pay.user._bitcoin-payment.shop.test.",
            RecordType::CNAME,
            vec![RData::CNAME(CNAME(target))],
        )
        .start()
        .await
        .unwrap();
    world.recursor().lie(Lie::Slow(ROUND_TRIP));
    world
}

fn print(name: &str, ours: Cost, theirs: Cost) {
    println!(
        "{name}: ours {} round trips, {} ms; dnssec-prover {} round trips, {} ms",
        ours.waves,
        ours.took.as_millis(),
        theirs.waves,
        theirs.took.as_millis()
    );
}

#[tokio::test]
async fn an_ordinary_name_costs_one_round_trip() {
    let world = far_world().await;
    let handle: Handle = "₿alice@example.test".parse().unwrap();
    let (gathered, ours) = ours(&world, &handle).await;
    let verified = gathered
        .proof
        .verify(&handle, &world.anchors(), world.now())
        .unwrap();
    assert_eq!(verified.uri(), URI);
    let theirs = theirs(&world, &handle).await;
    print("alice@example.test", ours, theirs);
    assert_eq!(ours.waves, 1);
    assert!(theirs.waves > ours.waves, "{theirs:?}");
}

#[tokio::test]
async fn an_alias_into_another_zone_costs_two() {
    let world = far_world().await;
    let handle: Handle = "₿pay@shop.test".parse().unwrap();
    let (gathered, ours) = ours(&world, &handle).await;
    let verified = gathered
        .proof
        .verify(&handle, &world.anchors(), world.now())
        .unwrap();
    assert_eq!(verified.uri(), URI);
    let theirs = theirs(&world, &handle).await;
    print("pay@shop.test", ours, theirs);
    assert_eq!(ours.waves, 2);
    assert!(theirs.waves > ours.waves, "{theirs:?}");
}

#[tokio::test]
async fn that_a_name_does_not_exist_costs_one() {
    let world = far_world().await;
    let handle: Handle = "₿nobody@example.test".parse().unwrap();
    let (gathered, cost) = ours(&world, &handle).await;
    let error = gathered
        .proof
        .verify(&handle, &world.anchors(), world.now())
        .unwrap_err();
    assert!(
        matches!(error, payname_resolver::VerifyError::Denied(_)),
        "{error}"
    );
    assert_eq!(cost.waves, 1);
}

#[tokio::test]
async fn every_name_costs_one_once_the_chain_is_held() {
    let world = far_world().await;
    let (anchors, now) = (world.anchors(), world.now());
    let mut cache = ChainCache::new(16);
    for name in ["₿alice@example.test", "₿pay@shop.test"] {
        let handle: Handle = name.parse().unwrap();
        let (gathered, _) = ours(&world, &handle).await;
        let verified = gathered
            .proof
            .verify_cached(&handle, &anchors, now, &mut cache);
        assert_eq!(verified.unwrap().uri(), URI);
    }
    let client = Client::with_timeouts(world.recursor().address().into(), PATIENCE).unwrap();
    for name in ["₿alice@example.test", "₿pay@shop.test"] {
        let handle: Handle = name.parse().unwrap();
        let start = Resolution::start_warm(handle.owner_name(), RecordType::TXT, &cache, now);
        assert_eq!(start.1.len(), 1, "{:?}", start.1);
        let (gathered, cost) = ours_from(&world, start).await;
        println!(
            "{name} warm: {} round trips, {} ms",
            cost.waves,
            cost.took.as_millis()
        );
        assert_eq!(cost.waves, 1);
        let verified = gathered.proof.verify(&handle, &anchors, now);
        assert_eq!(verified.unwrap().uri(), URI);
        let gathered = client.gather_warm(&handle, &cache, now).await.unwrap();
        assert!(gathered.proof.verify(&handle, &anchors, now).is_ok());
    }
}

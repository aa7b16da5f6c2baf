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
use payname_resolver::{Gathered, Handle, Question, Resolution, Step};

use crate::World;
use crate::dns::{Lie, raw_over_tcp};

/// What `alice@example.test` is paid by in the far world.
pub const URI: &str = "bitcoin:?lno=lno1qsgqmqvgm96frzdg8m0gc6nzeqffvzsqzrxqy";
/// How far away the resolver is.
const ROUND_TRIP: Duration = Duration::from_millis(120);
/// How long anybody waits for it.
pub const PATIENCE: Timeouts = Timeouts {
    attempt: Duration::from_secs(5),
    attempts: 1,
    total: Duration::from_secs(20),
};

/// How many waves it took, and how long.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// The waves, each of which costs one round trip.
    pub waves: usize,
    /// The time from the first question to the last answer.
    pub took: Duration,
}

/// A world 120 ms away with `alice@example.test`, and `pay@shop.test` as an alias of it.
///
/// # Panics
/// It does not start.
pub async fn far_world() -> World {
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

/// Gathers with our resolution, as it was started, wave by wave.
///
/// # Panics
/// A question is not answered.
pub async fn ours(
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
///
/// # Panics
/// A question is not answered, or the answers are no proof.
pub async fn theirs(world: &World, handle: &Handle) -> Cost {
    let name = handle.owner_name().to_string();
    let name = dnssec_prover::rr::Name::try_from(name.as_str()).unwrap();
    let start = Instant::now();
    let (mut builder, first) = ProofBuilder::new(&name, dnssec_prover::rr::TXT_TYPE);
    let mut wave = vec![first];
    let mut waves = 0;
    while builder.awaiting_responses() {
        waves += 1;
        // Its queries leave no room for an answer over UDP.
        let queries: Vec<Vec<u8>> = wave.into_iter().map(QueryBuf::into_vec).collect();
        let asking = queries
            .iter()
            .map(|query| raw_over_tcp(world.recursor().address(), query));
        let answers = join_all(asking).await;
        wave = Vec::new();
        for answer in answers {
            let mut answer = answer.unwrap();
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

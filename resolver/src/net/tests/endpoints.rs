//! Lists of sources, from sources that are told what to do.

use std::fmt;

use super::*;
use crate::{Gathered, Handle, Proof, TrustAnchors, UnixTime, VerifyError};

const NOW: UnixTime = UnixTime(1_754_600_000);
const BROKEN: &str = "out of order";

/// A source that does one thing after a while.
#[derive(Debug, Clone)]
struct Told {
    name: &'static str,
    after: Duration,
    gives: Option<Proof>,
    privacy: Privacy,
    asked: Count,
    /// One more than those that were dropped before they had an answer.
    finished: Count,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl ProofSource for Told {
    fn gather<'a>(&'a self, _: &'a Handle) -> Gathering<'a> {
        self.asked.up();
        Box::pin(async move {
            tokio::time::sleep(self.after).await;
            self.finished.up();
            match &self.gives {
                Some(proof) => Ok(Gathered {
                    proof: proof.clone(),
                    ttl: 60,
                    unanswered: Vec::new(),
                }),
                None => Err(GatherError::Source(BROKEN.into())),
            }
        })
    }

    fn privacy(&self) -> Privacy {
        self.privacy
    }
}

fn handle() -> Handle {
    "simple@dnssec_proof_tests.bitcoin.ninja".parse().unwrap()
}

fn honest_proof() -> Proof {
    let text = include_str!("../../../vectors/bip353-01-simple.hex");
    Proof::parse(&hex::decode(text.trim()).unwrap()).unwrap()
}

/// The proof without its keys.
fn bogus_proof() -> Proof {
    let records = honest_proof().records().to_vec();
    let kept = records
        .into_iter()
        .filter(|record| record.record_type() != RecordType::DNSKEY);
    Proof::from_records(kept.collect()).unwrap()
}

fn source(name: &'static str, after: u64, gives: Option<Proof>) -> Told {
    Told {
        name,
        after: Duration::from_millis(after),
        gives,
        privacy: Privacy::Encrypted,
        asked: Count::default(),
        finished: Count::default(),
    }
}

fn good(after: u64) -> Told {
    source("good", after, Some(honest_proof()))
}

fn bad(after: u64) -> Told {
    source("bad", after, None)
}

const OPTIONS: EndpointsOptions = EndpointsOptions {
    hedge: Duration::from_millis(100),
    attempt: Duration::from_millis(1_000),
    total: Duration::from_millis(2_000),
    danger_mix_privacy: false,
};

fn list(sources: &[&Told]) -> Endpoints {
    let sources = sources
        .iter()
        .map(|source| Arc::new((*source).clone()) as Arc<dyn ProofSource>);
    Endpoints::new(sources.collect(), OPTIONS).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_second_is_not_asked_when_the_first_is_quick() {
    let (first, second) = (good(99), good(0));
    list(&[&first, &second]).gather(&handle()).await.unwrap();
    assert_eq!((first.asked.read(), second.asked.read()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_second_is_asked_beside_a_slow_first_and_the_loser_is_dropped() {
    let (first, second) = (good(500), good(10));
    let start = tokio::time::Instant::now();
    list(&[&first, &second]).gather(&handle()).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(110));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!((first.finished.read(), second.finished.read()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn the_first_still_wins_when_it_answers_before_the_second() {
    let (first, second) = (good(150), good(100));
    let start = tokio::time::Instant::now();
    list(&[&first, &second]).gather(&handle()).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(150));
    assert_eq!((first.finished.read(), second.finished.read()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_next_is_asked_at_once_when_one_fails() {
    let sources = [bad(5), bad(5), good(5)];
    let start = tokio::time::Instant::now();
    let all: Vec<_> = sources.iter().collect();
    list(&all).gather(&handle()).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(15));
}

#[tokio::test(start_paused = true)]
async fn when_all_fail_each_is_told_by_name() {
    let error = list(&[&bad(5), &bad(500)])
        .gather(&handle())
        .await
        .unwrap_err();
    let EndpointsError::AllFailed(failures) = &error else {
        panic!("{error}")
    };
    assert_eq!(failures.len(), 2);
    assert!(error.to_string().contains("bad: out of order"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn one_that_never_ends_is_given_up_and_so_are_all_together() {
    let never = source("never", 1_000_000, None);
    let error = list(&[&never]).gather(&handle()).await.unwrap_err();
    let EndpointsError::AllFailed(failures) = error else {
        panic!("{error}")
    };
    assert!(matches!(failures[0].fault, EndpointFault::TooSlow(_)));

    let nothing = vec![never; 40];
    let start = tokio::time::Instant::now();
    let error = list(&nothing.iter().collect::<Vec<_>>())
        .gather(&handle())
        .await
        .unwrap_err();
    assert!(matches!(error, EndpointsError::Timeout { .. }), "{error}");
    assert_eq!(start.elapsed(), OPTIONS.total);
}

#[tokio::test(start_paused = true)]
async fn records_that_prove_nothing_make_the_next_ones_turn() {
    let anchors = TrustAnchors::iana();
    let liar = source("liar", 1, Some(bogus_proof()));
    let (handle, honest) = (handle(), good(5));
    let endpoints = list(&[&liar, &honest]);
    let verified = endpoints.prove(&handle, &anchors, NOW).await.unwrap();
    assert!(verified.uri().starts_with("bitcoin:"));

    let error = list(&[&liar])
        .prove(&handle, &anchors, NOW)
        .await
        .unwrap_err();
    let ProveError::Endpoints(EndpointsError::AllFailed(failures)) = error else {
        panic!("{error}")
    };
    assert!(matches!(failures[0].fault, EndpointFault::Bogus(_)));
}

#[test]
fn a_list_never_changes_its_privacy_unless_told_to() {
    let clear = Told {
        privacy: Privacy::Clear,
        ..good(0)
    };
    let proxied = Told {
        privacy: Privacy::Proxied,
        ..good(0)
    };
    let all = |sources: &[&Told]| -> Vec<Arc<dyn ProofSource>> {
        let sources = sources.iter();
        sources
            .map(|source| Arc::new((*source).clone()) as Arc<dyn ProofSource>)
            .collect()
    };
    for mixed in [
        [&good(0), &clear],
        [&clear, &good(0)],
        [&proxied, &good(0)],
        [&proxied, &clear],
    ] {
        let error = Endpoints::new(all(&mixed), OPTIONS).unwrap_err();
        assert!(
            matches!(error, EndpointsError::MixedPrivacy { .. }),
            "{error}"
        );
        let options = EndpointsOptions {
            danger_mix_privacy: true,
            ..OPTIONS
        };
        let endpoints = Endpoints::new(all(&mixed), options).unwrap();
        assert!(mixed.iter().any(|one| one.privacy == endpoints.privacy()));
    }
    assert!(Endpoints::new(all(&[&clear, &clear]), OPTIONS).is_ok());
    assert!(matches!(
        Endpoints::new(vec![], OPTIONS),
        Err(EndpointsError::Empty)
    ));
}

#[test]
fn with_a_proxy_a_list_must_be_able_to_go_through_it() {
    let through = ClientOptions {
        proxy: Some("socks5://127.0.0.1:9050".parse().unwrap()),
        ..ClientOptions::default()
    };
    let open = |list: &str| Endpoints::open(&list.parse().unwrap(), &through, OPTIONS);
    let list = "tls://dns.example https://dns.example/ payname+https://pay.example";
    assert_eq!(open(list).unwrap().privacy(), Privacy::Proxied);
    let clear = open("tcp://9.9.9.9 tcp://149.112.112.112").unwrap();
    assert_eq!(clear.privacy(), Privacy::ProxiedClear);
    // An exit of Tor would see the name as soon as the first is slow.
    assert!(matches!(
        open("tls://dns.example tcp://9.9.9.9"),
        Err(EndpointsError::MixedPrivacy { .. })
    ));
    assert!(matches!(
        open("tls://dns.example 9.9.9.9"),
        Err(EndpointsError::Client(ClientError::NotThroughProxy { .. }))
    ));
}

#[tokio::test(start_paused = true)]
async fn two_sources_that_prove_the_same_agree_and_others_do_not() {
    let (handle, anchors) = (handle(), TrustAnchors::iana());
    let (one, two) = (good(1), good(2));
    let verified = cross_check(&one, &two, &handle, &anchors, NOW)
        .await
        .unwrap();
    assert!(verified.uri().starts_with("bitcoin:"));

    let liar = source("liar", 1, Some(bogus_proof()));
    let error = cross_check(&one, &liar, &handle, &anchors, NOW).await;
    assert!(matches!(error, Err(CrossCheckError::Disagree { .. })));
    let error = cross_check(&bad(1), &one, &handle, &anchors, NOW).await;
    let Err(CrossCheckError::Gather { endpoint, .. }) = error else {
        panic!("{error:?}")
    };
    assert_eq!(endpoint, "bad");
    let error = cross_check(&liar, &liar, &handle, &anchors, NOW).await;
    assert!(matches!(
        error,
        Err(CrossCheckError::Verify(VerifyError::Bogus(_)))
    ));
}

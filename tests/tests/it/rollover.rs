//! Unbound believes a zone whose keys are being replaced, whatever a cache remembers of it.

use payname_resolver::hickory_proto::rr::RecordType;
use payname_resolver::{Proof, UnixTime};
use payname_tests::Unbound;
use payname_tests::dns::{Canned, Claim};
use payname_tests::judge::{Verdict, ask_validator};
use payname_zones::{Duty, KeyAlgorithm, KeyPolicy, Scheme};

use crate::caches::Caches;
use crate::operated::{HOUR, Operated};

const ALICE: &str = "alice.user._bitcoin-payment.example.test.";
/// How many moments of a roll-over Unbound looks at.
const SAMPLES: usize = 8;

/// Proofs made of old and new records together, each with its moment, through one roll-over.
fn roll(scheme: Scheme, algorithm: KeyAlgorithm, duty: Duty) -> (Operated, Vec<(UnixTime, Proof)>) {
    let policy = KeyPolicy {
        scheme,
        algorithm,
        ..KeyPolicy::default()
    };
    let mut scene = Operated::new(policy, HOUR);
    let mut caches = Caches::new(&scene, ALICE);
    let mut mixed = Vec::new();
    for hour in 0..20 * 24 {
        scene.after(HOUR);
        if hour == 5 {
            scene.set.roll(duty).unwrap();
        }
        if caches.look(&scene, HOUR) {
            // The first is made of the oldest records that anybody remembers.
            let proofs = caches.verify_all(&scene);
            let middle = proofs.len() / 2;
            let proofs = proofs.into_iter().enumerate();
            let chosen = proofs.filter(|(index, _)| *index == 0 || *index == middle);
            mixed.extend(chosen.map(|(_, proof)| (scene.now(), proof)));
        }
    }
    assert!(!scene.set.is_rolling() && scene.set.keys().iter().all(|key| key.is_shown()));
    (scene, mixed)
}

async fn unbound_believes_all(scheme: Scheme, algorithm: KeyAlgorithm, duty: Duty) {
    let (scene, mixed) = roll(scheme, algorithm, duty);
    assert!(mixed.len() > SAMPLES);
    let step = mixed.len().div_ceil(SAMPLES);
    for (now, proof) in mixed.iter().step_by(step) {
        let canned = Canned::start(proof, RecordType::TXT, Claim::NoData).await;
        let canned = canned.unwrap();
        let unbound = Unbound::start_behind_at(&scene.anchors_text, canned.address(), *now);
        let unbound = unbound.await.unwrap();
        let verdict = ask_validator(unbound.address(), ALICE, RecordType::TXT).await;
        let log = std::fs::read_to_string(unbound.log()).unwrap_or_default();
        assert_eq!(verdict.unwrap(), Verdict::Secure, "at {now}\n{log}");
    }
}

#[tokio::test]
async fn unbound_believes_every_moment_of_a_ksk_roll() {
    unbound_believes_all(Scheme::Split, KeyAlgorithm::EcdsaP256, Duty::Entry).await;
}

#[tokio::test]
async fn unbound_believes_every_moment_of_a_zsk_roll() {
    unbound_believes_all(Scheme::Split, KeyAlgorithm::Ed25519, Duty::Zone).await;
}

#[tokio::test]
async fn unbound_believes_every_moment_of_a_csk_roll() {
    unbound_believes_all(Scheme::Single, KeyAlgorithm::EcdsaP384, Duty::Entry).await;
}

//! Unbound believes a zone whose keys are being replaced, whatever a cache remembers of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use payname_resolver::hickory_proto::rr::RecordType;
use payname_resolver::{Proof, UnixTime};
use payname_server::{
    Clock, Config, Server, ZoneRequest, ask_server, ds_records_on_disk, key_reports,
};
use payname_tests::dns::{Canned, Claim};
use payname_tests::judge::{Verdict, ask_validator};
use payname_tests::{Unbound, World};
use payname_zones::{Duty, KeyAlgorithm, KeyPolicy, Scheme};

use crate::caches::Caches;
use crate::operated::{HOUR, Operated};

const ALICE: &str = "alice.user._bitcoin-payment.example.test.";
/// How many moments of a roll-over Unbound looks at.
const SAMPLES: usize = 8;

/// Proofs made of old and new records together, each with its moment, through one roll-over.
fn roll(
    scheme: Scheme,
    algorithm: KeyAlgorithm,
    begin: impl Fn(&mut Operated),
) -> (Operated, Vec<(UnixTime, Proof)>) {
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
            begin(&mut scene);
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
    let begin = |scene: &mut Operated| scene.set.roll(duty).unwrap();
    unbound_believes(roll(scheme, algorithm, begin)).await;
}

/// It wants every algorithm of the DS records to be of use (`harden-algo-downgrade`).
async fn unbound_believes((scene, mixed): (Operated, Vec<(UnixTime, Proof)>)) {
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

#[tokio::test]
async fn unbound_believes_every_moment_of_a_change_of_algorithm() {
    use KeyAlgorithm::{EcdsaP256, EcdsaP384, Ed25519};
    for (from, to) in [(EcdsaP256, Ed25519), (Ed25519, EcdsaP384)] {
        let begin = |scene: &mut Operated| scene.change_algorithm(to, Scheme::Single);
        unbound_believes(roll(Scheme::Split, from, begin)).await;
    }
}

/// The machine's time, turned ahead by so many seconds.
fn turned(ahead: &AtomicU64) -> UnixTime {
    UnixTime::from(SystemTime::now()).plus(ahead.load(Ordering::Relaxed))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_sees_with_proof_what_the_registrar_does_and_is_provable_all_along() {
    let mut world = World::empty().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("anchors"), world.anchors_text()).unwrap();
    let text = format!(
        r#"
        data_dir = "data"
        http = {{ listen = "127.0.0.1:0" }}
        dns = {{ listen = ["127.0.0.1:0"] }}
        prove = {{ dns = "{}", anchors = "anchors" }}
        [[domain]]
        name = "example.test"
        nameservers = ["ns1.example.test"]
        addresses = ["127.0.0.1"]
        "#,
        world.recursor().address()
    );
    let config = Config::parse(&text, &folder.path().join("paynamed.toml")).unwrap();
    let ahead = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&ahead);
    let clock = Clock::from_fn(move || turned(&told));
    let running = Server::start(config.clone(), clock).await.unwrap();
    let first = ds_records_on_disk(&config).unwrap();
    let report = async || key_reports(&config).await.unwrap()[0].to_string();

    // Before the registrar does anything, the zone does not even have an address.
    let lines = |ds: &[String]| ds.to_vec();
    let mut registered = lines(&first);
    let register = |world: &mut World, ds: &[String]| {
        let ds: Vec<&str> = ds.iter().map(String::as_str).collect();
        world
            .register_domain("example.test", &ds, running.dns_addr())
            .unwrap();
    };
    register(&mut world, &registered);
    ask_server(&config, "example.test", ZoneRequest::Roll(Duty::Entry)).unwrap();
    let mut most = 0;
    for round in 0..40 {
        ahead.fetch_add(2 * HOUR, Ordering::Relaxed);
        running.look_after_keys().await;
        let wanted = ds_records_on_disk(&config).unwrap();
        most = most.max(wanted.len());
        if round == 3 {
            let report = report().await;
            assert!(
                report.contains("at the parent, add: example.test."),
                "{report}"
            );
        }
        // The registrar takes its time.
        if round % 4 == 3 && wanted != registered {
            registered = lines(&wanted);
            register(&mut world, &registered);
        }
        let outcome = world.resolve_at("alice@example.test", turned(&ahead)).await;
        let code = outcome
            .as_ref()
            .err()
            .map(payname_tests::world::ResolveError::code);
        assert_eq!(
            code,
            Some("denied"),
            "round {round}: {outcome:?}\n{}",
            report().await
        );
    }
    assert_eq!((most, registered.len()), (2, 1));
    assert_ne!(registered, first);
    let report = report().await;
    assert!(
        report.contains("the parent has the right DS records"),
        "{report}"
    );
    assert_eq!(report.matches("CSK").count(), 1, "{report}");
    running.shutdown().await;
}

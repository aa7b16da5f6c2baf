//! The reference crate agrees: what we call secure under IANA's anchors `dnssec-prover` accepts, and
//! what it accepts so do we, but for the reasons in `payname_fuzz::oracle::Excuse`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use payname_fuzz::mutation::bytes_of;
use payname_fuzz::oracle::{Excuse, ours, theirs};
use payname_fuzz::target;
use payname_fuzz::vector::Vector;
use payname_resolver::Proof;

/// How many changed proofs are compared; `make differential` asks for 20,000.
fn cases() -> u64 {
    match std::env::var("PAYNAME_CASES") {
        Ok(number) => number.parse().unwrap(),
        Err(_) => 500,
    }
}

#[test]
fn both_say_the_same_of_every_recorded_proof_under_ianas_anchors() {
    let vectors: Vec<Vector> = Vector::all().into_iter().filter(|v| v.is_public).collect();
    assert!(vectors.len() >= 11, "only {} public vectors", vectors.len());
    for vector in vectors {
        let theirs_on_all = theirs(&vector.bytes, &vector.owner, vector.inside);
        let ours = ours(&vector.bytes, &vector.owner, vector.inside);
        assert_eq!(theirs_on_all.is_some(), vector.is_valid, "{}", vector.name);
        assert_eq!(
            ours.as_ref().map(|(texts, _)| texts),
            theirs_on_all.as_ref(),
            "{}",
            vector.name
        );
        if let Some((texts, minimised)) = ours {
            let again = theirs(&minimised.to_bytes(), &vector.owner, vector.inside);
            assert_eq!(again, Some(texts), "{}, minimised", vector.name);
        }
    }
}

#[test]
fn no_changed_byte_makes_us_accept_what_the_oracle_rejects() {
    let vector = Vector::matt();
    let (honest, _) = ours(&vector.bytes, &vector.owner, vector.inside).unwrap();
    let mut accepted = 0;
    for place in 0..vector.bytes.len() {
        let mut bytes = vector.bytes.clone();
        bytes[place] ^= 1 << (place % 8);
        let Some((texts, minimised)) = ours(&bytes, &vector.owner, vector.inside) else {
            continue;
        };
        accepted += 1;
        assert_eq!(texts, honest, "byte {place} changed what is proven");
        let second = theirs(&minimised.to_bytes(), &vector.owner, vector.inside);
        assert_eq!(second, Some(texts), "byte {place}");
    }
    // The TTLs are unsigned, as is the case of letters: something must have been accepted.
    assert!(accepted > 0);
}

/// Places and changes that mean something: in every record the case of a letter of its name, its
/// type, class, TTL, and the first and last byte of its data.
fn telling_changes(proof: &Proof) -> Vec<(usize, u8)> {
    let mut start = 0;
    let mut changes = Vec::new();
    for record in proof.records() {
        let name = record.name().len();
        let data = start + name + 10;
        let end = data + record.rdata().len();
        let fields = start + name;
        changes.extend([
            (start + 1, 0x20),
            (fields + 1, 0x01),
            (fields + 3, 0x02),
            (fields + 7, 0x01),
            (data, 0x01),
            (end - 1, 0x01),
        ]);
        start = end;
    }
    changes
}

#[test]
fn what_the_oracle_accepts_after_a_change_we_accept_too() {
    let vector = Vector::matt();
    let changes = telling_changes(&vector.proof());
    let mut accepted = 0;
    for &(place, change) in &changes {
        let mut bytes = vector.bytes.clone();
        bytes[place] ^= change;
        let Some(theirs) = theirs(&bytes, &vector.owner, vector.inside) else {
            continue;
        };
        accepted += 1;
        let ours = ours(&bytes, &vector.owner, vector.inside).map(|(texts, _)| texts);
        assert_eq!(ours, Some(theirs), "byte {place} ^ {change:#x}");
    }
    // TTLs are unsigned and the case of letters means nothing.
    assert!(accepted > 0, "none of {} changes", changes.len());
}

#[test]
fn changed_proofs_are_judged_alike_but_for_the_reasons_in_the_table() {
    let next = AtomicU64::new(0);
    let last = cases();
    let differences: Mutex<BTreeMap<Excuse, u64>> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= last {
                        break;
                    }
                    let judged = std::panic::catch_unwind(|| target::verifier(&bytes_of(seed)));
                    let Ok(excuse) = judged else {
                        panic!("seed {seed} tells the two apart; what differs stands above");
                    };
                    if let Some(excuse) = excuse {
                        *differences.lock().unwrap().entry(excuse).or_default() += 1;
                    }
                }
            });
        }
    });
    let differences = differences.into_inner().unwrap();
    println!("{last} changed proofs; differences: {differences:?}");
    // Mixing proofs brings in strays: without a single one nothing was tested.
    assert!(differences.contains_key(&Excuse::Strays), "{differences:?}");
}

#[test]
fn the_documentation_lists_every_reason_to_differ() {
    let page = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/oracles.md"
    ))
    .unwrap();
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for (excuse, why) in Excuse::TABLE {
        assert!(page.contains(&format!("`{excuse:?}`")), "{excuse:?}");
        assert!(
            page.contains(why),
            "docs/oracles.md does not say of {excuse:?}: {why}"
        );
    }
}

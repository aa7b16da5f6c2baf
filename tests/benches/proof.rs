//! How fast a proof is verified, beside the reference crate and the physical limit.
//!
//! For the recorded `matt@mattcorallo.com` proof: our verification from bytes to verified record,
//! `dnssec-prover`'s from bytes to resolved name, and the bare checks of the same six signatures
//! by the same crypto library.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

use std::hint::black_box;
use std::time::Instant;

use criterion::Criterion;
use payname_resolver::hickory_proto::rr::RecordType;
use payname_resolver::proof::ResourceRecord;
use payname_resolver::{Handle, Proof, TrustAnchors};
use payname_tests::vector::Vector;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};

const OURS: &str = "payname-resolver";
const THEIRS: &str = "dnssec-prover";
const BARE: &str = "bare signatures";

fn main() {
    let vector = Vector::matt();
    let handle: Handle = "matt@mattcorallo.com".parse().unwrap();
    let anchors = TrustAnchors::iana();
    let ours = || {
        let proof = Proof::parse(black_box(&vector.bytes)).unwrap();
        black_box(proof.verify(&handle, &anchors, vector.inside).unwrap());
    };
    let name = vector.owner.to_ascii().as_str().try_into().unwrap();
    let theirs = || {
        let records = dnssec_prover::ser::parse_rr_stream(black_box(&vector.bytes)).unwrap();
        let verified = dnssec_prover::validation::verify_rr_stream(&records).unwrap();
        assert!(!verified.resolve_name(&name).is_empty());
    };
    let checks = signature_checks(&vector.proof());
    assert_eq!(checks.len(), 6, "the proof holds six signatures");
    let bare = || black_box(&checks).iter().for_each(Check::run);

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("proof");
    group.bench_function(OURS, |bencher| bencher.iter(ours));
    group.bench_function(THEIRS, |bencher| bencher.iter(theirs));
    group.bench_function(BARE, |bencher| bencher.iter(bare));
    group.finish();
    criterion.final_summary();
    print_ratios(&ours, &theirs, &bare);
}

/// The three side by side, and how they compare.
///
/// They take turns and the best of many turns counts: what else the machine does at one time or
/// another spoils a comparison of averages.
fn print_ratios(ours: &dyn Fn(), theirs: &dyn Fn(), bare: &dyn Fn()) {
    let mut best = [f64::INFINITY; 3];
    for _ in 0..300 {
        for (best, run) in best.iter_mut().zip([ours, theirs, bare]) {
            let began = Instant::now();
            run();
            *best = best.min(began.elapsed().as_secs_f64() * 1e6);
        }
    }
    let [ours, theirs, bare] = best;
    println!("one cold verification of matt@mattcorallo.com, from bytes to verdict, at best:");
    println!("  {BARE:<18} {bare:8.1} µs   1.00 × the signatures (what cannot be saved)");
    println!(
        "  {OURS:<18} {ours:8.1} µs   {:.2} × the signatures",
        ours / bare
    );
    println!(
        "  {THEIRS:<18} {theirs:8.1} µs   {:.2} × the signatures",
        theirs / bare
    );
    println!("  {OURS} is {:.1} times as fast as {THEIRS}", theirs / ours);
}

/// One signature with everything that its check needs.
struct Check {
    algorithm: u8,
    /// As in the DNSKEY.
    key: Vec<u8>,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

impl Check {
    fn run(&self) {
        match self.algorithm {
            // RFC 3110: the length of the exponent, the exponent, the modulus.
            8 => {
                let (e, n) = self.key[1..].split_at(usize::from(self.key[0]));
                RsaPublicKeyComponents { n, e }
                    .verify(&RSA_PKCS1_2048_8192_SHA256, &self.signed, &self.signature)
                    .unwrap();
            }
            // RFC 6605: the point without the leading 4 of its uncompressed form.
            13 => {
                let point = [&[4], self.key.as_slice()].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                    .verify(&self.signed, &self.signature)
                    .unwrap();
            }
            other => panic!("algorithm {other}"),
        }
    }
}

/// The checks of every RRSIG of a proof (RFC 4034 §3.1.8.1).
fn signature_checks(proof: &Proof) -> Vec<Check> {
    let records = proof.records();
    records
        .iter()
        .filter(|record| record.record_type() == RecordType::RRSIG)
        .map(|rrsig| {
            let rdata = rrsig.rdata();
            let mut end = 18;
            while rdata[end] != 0 {
                end += usize::from(rdata[end]) + 1;
            }
            let (fields, signature) = rdata.split_at(end + 1);
            let algorithm = fields[2];
            let tag = u16::from_be_bytes([fields[16], fields[17]]);
            let key = records
                .iter()
                .filter(|record| record.record_type() == RecordType::DNSKEY)
                .filter(|record| wire_name(record) == fields[18..].to_ascii_lowercase())
                .find(|record| key_tag(record.rdata()) == tag && record.rdata()[3] == algorithm)
                .unwrap();
            Check {
                algorithm,
                key: key.rdata()[4..].to_vec(),
                signed: [fields, &covered(records, rrsig)].concat(),
                signature: signature.to_vec(),
            }
        })
        .collect()
}

/// The records that an RRSIG covers, in canonical form and order (RFC 4034 §6).
fn covered(records: &[ResourceRecord], rrsig: &ResourceRecord) -> Vec<u8> {
    let (covered, original_ttl) = (&rrsig.rdata()[..2], &rrsig.rdata()[4..8]);
    let mut set: Vec<&[u8]> = records
        .iter()
        .filter(|record| record.name() == rrsig.name())
        .filter(|record| u16::from(record.record_type()).to_be_bytes() == covered)
        .map(ResourceRecord::rdata)
        .collect();
    set.sort_unstable();
    let owner = wire_name(rrsig);
    set.into_iter()
        .flat_map(|rdata| {
            let length = u16::try_from(rdata.len()).unwrap().to_be_bytes();
            [&owner, covered, &[0, 1], original_ttl, &length, rdata].concat()
        })
        .collect()
}

fn wire_name(record: &ResourceRecord) -> Vec<u8> {
    let labels = record.name().iter();
    let mut wire: Vec<u8> = labels
        .flat_map(|label| [&[u8::try_from(label.len()).unwrap()], label].concat())
        .collect();
    wire.push(0);
    wire.to_ascii_lowercase()
}

/// RFC 4034 appendix B.
fn key_tag(rdata: &[u8]) -> u16 {
    let sum: u32 = rdata
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0)))
        .sum();
    (sum + (sum >> 16)) as u16
}

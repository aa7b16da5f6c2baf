//! What must hold for any bytes: one function per kind of input, which panics where it does not.

use std::sync::OnceLock;

use payname_resolver::hickory_proto::rr::{Name, RecordType};
use payname_resolver::hickory_proto::serialize::binary::{BinDecodable as _, BinDecoder};
use payname_resolver::lightning::bitcoin::{Network, Psbt};
use payname_resolver::proof::ChainCache;
use payname_resolver::psbt::{Grace, ProofField, proven_output};
use payname_resolver::{
    Handle, Instructions, Outcome, Payee, Proof, Question, Resolution, Response, Step,
    TrustAnchors, UnixTime,
};

use crate::mutation::{Choices, mutate};
use crate::oracle::{self, Excuse};
use crate::raw::Raw;
use crate::vector::Vector;
use crate::zones;

/// A function that takes any bytes.
pub type Target = fn(&[u8]);

/// All targets by name.
pub const ALL: [(&str, Target); 10] = [
    ("message", message),
    ("proof", proof),
    ("verifier", |bytes| {
        verifier(bytes);
    }),
    ("name", name),
    ("uri", uri),
    ("anchors", anchors),
    ("psbt", psbt),
    ("transfer", zones::transfer),
    ("restore", zones::restore),
    ("query", zones::query),
];

/// A DNS message as the answer to the question it repeats; what it brings is judged.
pub fn message(bytes: &[u8]) {
    let Some((&[i0, i1], _)) = bytes.split_first_chunk::<2>() else {
        return;
    };
    let Some(question) = question_of(bytes) else {
        return;
    };
    let id = u16::from_be_bytes([i0, i1]);
    let Ok(response) = Response::parse(&question, id, bytes) else {
        return;
    };
    let other = Question::new(Name::from_ascii("other.test.").unwrap(), RecordType::TXT);
    assert!(
        question == other || Response::parse(&other, id, bytes).is_err(),
        "an answer to another question is taken"
    );
    assert!(
        Response::parse(&question, id.wrapping_add(1), bytes).is_err(),
        "an answer with another id is taken"
    );
    let (mut resolution, mut questions) =
        Resolution::start_at(&question.name, question.record_type);
    let mut step = match resolution.receive(response) {
        Ok(step) => step,
        Err(_) => return,
    };
    // Nothing else is answered; the resolution must end nevertheless.
    let mut rounds = 0;
    let gathered = loop {
        match step {
            Step::Done(gathered) => break gathered,
            Step::Ask {
                resolution: next,
                questions: more,
            } => {
                resolution = next;
                questions.extend(more);
            }
        }
        rounds += 1;
        assert!(rounds < 10_000, "the resolution does not end");
        let Some(asked) = questions.pop() else {
            return; // the question that was answered is the last one pending
        };
        step = match resolution.unanswered(&asked) {
            Ok(step) => step,
            Err(_) => return,
        };
    };
    judge(&gathered.proof, &question.name, question.record_type);
}

/// The question that a message carries.
fn question_of(bytes: &[u8]) -> Option<Question> {
    let mut decoder = BinDecoder::new(bytes);
    decoder.read_slice(12).ok()?;
    let mut name = Name::read(&mut decoder).ok()?;
    name.set_fqdn(true);
    let record_type = RecordType::read(&mut decoder).ok()?;
    Some(Question::new(name, record_type))
}

/// Bytes as a proof: written again they are the same proof, and judging them ends.
pub fn proof(bytes: &[u8]) {
    let Ok(proof) = Proof::parse(bytes) else {
        return;
    };
    let again = Proof::parse(&proof.to_bytes());
    assert_eq!(again.as_ref(), Ok(&proof), "written and read again");
    let Some(record) = proof.records().last() else {
        panic!("a proof without records");
    };
    judge(&proof, record.name(), RecordType::TXT);
    judge(&proof, record.name(), record.record_type());
}

/// Judges at a time that suits the recorded proofs; whatever is shown is shown by its minimised proof.
fn judge(proof: &Proof, owner: &Name, record_type: RecordType) {
    let now = UnixTime(1_786_100_000);
    for anchors in [TrustAnchors::iana(), private_root()] {
        let judge = |proof: &Proof| proof.judge(owner, record_type, &anchors, now);
        let outcome = judge(proof);
        match &outcome {
            Outcome::Secure(secure) => {
                assert!(secure.window.contains(now) && !secure.records.is_empty());
                assert_eq!(judge(&secure.proof), outcome);
            }
            Outcome::Denied(denial) => {
                assert!(denial.window.contains(now));
                assert_eq!(judge(&denial.proof), outcome);
            }
            Outcome::Insecure(insecure) => {
                assert!(insecure.window.contains(now));
                assert_eq!(judge(&insecure.proof), outcome);
            }
            Outcome::Bogus(bogus) => assert!(!bogus.to_string().is_empty()),
        }
        let _ = proof.explain(owner, record_type, &anchors, now);
    }
}

/// The root of RFC 9102's appendix.
fn private_root() -> TrustAnchors {
    let root = ". DS 47005 13 2 2eb6e9f2480126691594d649a5a613de3052e37861634641bb568746f2ffc4d4";
    TrustAnchors::parse(root).unwrap()
}

/// A recorded proof changed as the bytes say, judged by us and by `dnssec-prover`.
pub fn verifier(bytes: &[u8]) -> Option<Excuse> {
    let recorded = recorded();
    let mut choices = Choices::new(bytes);
    let index = choices.below(recorded.vectors.len());
    let vector = &recorded.vectors[index];
    let mut changed = recorded.records[index].clone();
    let is_late = choices.byte().is_multiple_of(16);
    mutate(&mut changed, &recorded.records, &mut choices);
    let later = if is_late { 40 * 86_400 } else { 0 };
    let now = vector.inside.plus(later);
    let bytes = Raw::join(&changed);
    oracle::agree_with_ourselves(&bytes, &vector.owner, now, recorded.caches[index].clone());
    match oracle::compare(&bytes, &vector.owner, now) {
        Ok(excuse) => excuse,
        Err(difference) => panic!("{}: {difference}", vector.name),
    }
}

/// The recorded proofs under IANA's root, their records, and a cache that has seen each.
struct Recorded {
    vectors: Vec<Vector>,
    records: Vec<Vec<Raw>>,
    caches: Vec<ChainCache>,
}

fn recorded() -> &'static Recorded {
    static RECORDED: OnceLock<Recorded> = OnceLock::new();
    RECORDED.get_or_init(|| {
        let vectors: Vec<Vector> = Vector::all().into_iter().filter(|v| v.is_public).collect();
        let warm = |vector: &Vector| {
            let mut cache = ChainCache::new(8);
            let (owner, anchors) = (&vector.owner, TrustAnchors::iana());
            let proof = vector.proof();
            let _ = proof.judge_cached(owner, RecordType::TXT, &anchors, vector.inside, &mut cache);
            cache
        };
        Recorded {
            records: vectors.iter().map(|v| Raw::of(&v.bytes)).collect(),
            caches: vectors.iter().map(warm).collect(),
            vectors,
        }
    })
}

/// Text as a handle: what is accepted prints as itself and stands below its domain.
pub fn name(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    // What people type in their own script becomes ASCII, or is refused.
    if let Ok(handle) = Handle::from_unicode(text) {
        assert!(handle.as_str().is_ascii(), "{handle}");
        assert_eq!(handle.as_str().parse::<Handle>().as_ref(), Ok(&handle));
    }
    let _ = text.parse::<Payee>();
    let Ok(handle) = text.parse::<Handle>() else {
        return;
    };
    for written in [handle.to_string(), handle.as_str().to_owned()] {
        assert_eq!(written.parse::<Handle>().as_ref(), Ok(&handle), "{written}");
    }
    assert_eq!(
        Handle::new(handle.user(), handle.domain()).as_ref(),
        Ok(&handle)
    );
    let owner = handle.owner_name().to_ascii();
    let expected = format!(
        "{}.user._bitcoin-payment.{}.",
        handle.user(),
        handle.domain()
    );
    assert_eq!(owner, expected);
    assert!(handle.as_str().is_ascii() && owner.len() <= 254, "{owner}");
    let readable = handle.readable();
    if readable.is_plain() {
        assert_eq!(readable.doubtful().count(), 0, "{handle}");
    }
}

/// Text as a `bitcoin:` URI: kept byte for byte, and no method has a limit that cannot be.
pub fn uri(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(instructions) = Instructions::parse(text) else {
        return;
    };
    assert_eq!(instructions.uri(), text);
    assert_eq!(
        Instructions::parse(instructions.uri()).as_ref(),
        Ok(&instructions)
    );
    for method in instructions.methods() {
        let limits = method.limits();
        if let (Some(minimum), Some(maximum)) = (limits.minimum(), limits.maximum()) {
            assert!(minimum <= maximum, "{method:?}");
        }
        let _ = (
            method.key(),
            method.text(),
            method.kind(),
            method.expires_at(),
        );
    }
    if let Some(upper) = instructions.upper_case() {
        let upper = Instructions::parse(&upper).unwrap();
        assert_eq!(upper.methods().len(), instructions.methods().len());
    }
    if let Some(callback) = instructions.proof_of_payment() {
        if callback.may_be_opened() {
            assert!(callback.uri_for("lno", "00").is_some());
        }
        let _ = callback.scheme();
    }
}

/// Text as a file of trust anchors: no panic, and what is accepted judges without one.
pub fn anchors(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(anchors) = TrustAnchors::parse(text) else {
        return;
    };
    let vector = &recorded().vectors[0];
    let outcome = vector
        .proof()
        .judge(&vector.owner, RecordType::TXT, &anchors, vector.inside);
    if anchors.are_iana() {
        assert!(matches!(outcome, Outcome::Secure(_)), "{outcome:?}");
    }
}

/// Bytes as the value of `PSBT_OUT_DNSSEC_PROOF`, and as a PSBT whose outputs may have one.
pub fn psbt(bytes: &[u8]) {
    if let Ok(field) = ProofField::parse(bytes) {
        let again = ProofField::parse(&field.to_bytes());
        assert_eq!(again.as_ref(), Ok(&field), "written and read again");
    }
    let Ok(psbt) = Psbt::deserialize(bytes) else {
        return;
    };
    let vector = &recorded().vectors[0];
    for index in 0..=psbt.outputs.len() {
        for grace in [Grace::None, Grace::OneHour] {
            let (network, anchors) = (Network::Bitcoin, TrustAnchors::iana());
            let proven = proven_output(&psbt, index, network, &anchors, vector.inside, grace);
            if let Ok(Some(proven)) = proven {
                assert!(proven.late_by() <= grace.seconds());
            }
        }
    }
}

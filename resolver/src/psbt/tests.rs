//! The five proofs printed in BIP-353, as PSBT fields, and outputs that lie.

use lightning::bitcoin::{
    Address, Amount, Network, Psbt, ScriptBuf, Transaction, TxOut, absolute::LockTime, psbt::raw,
    transaction::Version,
};

use super::*;
use crate::{
    handle::Handle,
    proof::{Proof, Reason, TrustAnchors, VerifyError},
    record::RecordError,
    time::UnixTime,
};

/// When the last of the five proofs begins and the first ends.
const VALID_FROM: UnixTime = UnixTime(1_754_562_918);
const VALID_UNTIL: UnixTime = UnixTime(1_754_842_932);
const ADDRESS: &str = "bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l";
const OVERRIDE: &str = "bc1qyyq734dcnhhcwyw8yjxswxg4p7k9nxu0qt84qz";

const VECTORS: [&str; 5] = [
    include_str!("../../vectors/bip353-01-simple.psbt-field.hex"),
    include_str!("../../vectors/bip353-02-override-cname-wild.psbt-field.hex"),
    include_str!("../../vectors/bip353-03-wildcard-cname-xdomain.psbt-field.hex"),
    include_str!("../../vectors/bip353-04-two-bitcoin-txt.psbt-field.hex"),
    include_str!("../../vectors/bip353-05-missing-nsec3.psbt-field.hex"),
];

fn vector(number: usize) -> Vec<u8> {
    hex::decode(VECTORS[number - 1].trim()).unwrap()
}

fn script(address: &str) -> ScriptBuf {
    let address = address.parse::<Address<_>>().unwrap();
    address.assume_checked().script_pubkey()
}

/// A PSBT with one output that pays `script` and carries `field`.
fn psbt(script_pubkey: ScriptBuf, field: Option<Vec<u8>>) -> Psbt {
    let transaction = Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: Vec::new(),
        output: vec![TxOut {
            value: Amount::from_sat(25_000),
            script_pubkey,
        }],
    };
    let mut psbt = Psbt::from_unsigned_tx(transaction).unwrap();
    if let Some(field) = field {
        let key = raw::Key {
            type_value: PSBT_OUT_DNSSEC_PROOF,
            key: Vec::new(),
        };
        psbt.outputs[0].unknown.insert(key, field);
    }
    psbt
}

fn judge(psbt: &Psbt, now: UnixTime, grace: Grace) -> Result<Option<ProvenOutput>, OutputError> {
    proven_output(psbt, 0, Network::Bitcoin, &TrustAnchors::iana(), now, grace)
}

fn judge_vector(number: usize, address: &str) -> Result<ProvenOutput, OutputError> {
    let psbt = psbt(script(address), Some(vector(number)));
    // As a signer gets it: out of bytes.
    let psbt = Psbt::deserialize(&psbt.serialize()).unwrap();
    judge(&psbt, VALID_FROM, Grace::None).map(Option::unwrap)
}

#[test]
fn the_simple_vector_proves_its_output() {
    let proven = judge_vector(1, ADDRESS).unwrap();
    assert_eq!(
        proven.handle().as_str(),
        "simple@dnssec_proof_tests.bitcoin.ninja"
    );
    assert_eq!(proven.late_by(), 0);
    assert!(matches!(proven.recipient(), Recipient::Address(method) if method.key() == "bc"));
    assert!(proven.takes(Amount::from_sat(25_000)));
}

#[test]
fn the_vector_that_overrides_a_wildcard_proves_its_output() {
    let proven = judge_vector(2, OVERRIDE).unwrap();
    assert_eq!(proven.handle().user(), "override.x_domain_cname_wild");
}

#[test]
fn the_vector_across_domains_proves_the_address_in_the_path() {
    let proven = judge_vector(3, ADDRESS).unwrap();
    assert!(matches!(proven.recipient(), Recipient::Address(method) if method.key() == "address"));
}

#[test]
fn the_vector_with_two_records_is_refused() {
    let refused = judge_vector(4, ADDRESS).unwrap_err();
    assert_eq!(refused, VerifyError::Record(RecordError::Several).into());
}

#[test]
fn the_vector_without_its_denial_is_refused() {
    match judge_vector(5, ADDRESS).unwrap_err() {
        OutputError::Proof(VerifyError::Bogus(bogus)) => {
            assert_eq!(bogus.reason.code(), "wildcard_unproven");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_output_that_pays_someone_else_is_told_so() {
    match judge_vector(1, OVERRIDE).unwrap_err() {
        OutputError::PaysAnother {
            expected,
            script_pubkey,
            ..
        } => {
            assert_eq!(expected, [ADDRESS]);
            assert_eq!(script_pubkey, script(OVERRIDE));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_address_of_another_network_proves_nothing() {
    let field = ProofField::parse(&vector(1)).unwrap();
    let refused = field
        .verify(
            &script(ADDRESS),
            Network::Signet,
            &TrustAnchors::iana(),
            VALID_FROM,
            Grace::None,
        )
        .unwrap_err();
    assert!(matches!(refused, OutputError::PaysAnother { expected, .. } if expected.is_empty()));
}

#[test]
fn the_hour_of_grace_is_given_where_asked_for_and_not_a_second_more() {
    let psbt = psbt(script(ADDRESS), Some(vector(1)));
    let late = |seconds, grace| judge(&psbt, VALID_UNTIL.plus(seconds), grace);
    assert!(late(0, Grace::None).is_ok());
    for (seconds, grace) in [(1, Grace::None), (3_601, Grace::OneHour)] {
        match late(seconds, grace).unwrap_err() {
            OutputError::Proof(VerifyError::Bogus(bogus)) => {
                assert_eq!(bogus.reason, Reason::Expired { at: VALID_UNTIL });
            }
            other => panic!("{other:?}"),
        }
    }
    for seconds in [1, 3_600] {
        let proven = late(seconds, Grace::OneHour).unwrap().unwrap();
        assert_eq!(proven.late_by(), seconds);
        assert_eq!(proven.window().valid_until, VALID_UNTIL);
    }
}

#[test]
fn the_grace_is_for_expiry_alone() {
    let early = psbt(script(ADDRESS), Some(vector(1)));
    let early = judge(&early, UnixTime(VALID_FROM.0 - 1), Grace::OneHour).unwrap_err();
    assert!(
        matches!(early, OutputError::Proof(VerifyError::Bogus(bogus)) if bogus.reason.code() == "not_yet_valid")
    );
    let late = VALID_UNTIL.plus(1);
    let two = psbt(script(ADDRESS), Some(vector(4)));
    assert_eq!(
        judge(&two, late, Grace::OneHour),
        Err(VerifyError::Record(RecordError::Several).into())
    );
    let missing = psbt(script(ADDRESS), Some(vector(5)));
    assert!(judge(&missing, late, Grace::OneHour).is_err());
}

#[test]
fn what_is_attached_is_proven_again_and_fits_the_published_bytes() {
    for (number, address) in [(1, ADDRESS), (2, OVERRIDE), (3, ADDRESS)] {
        let published = ProofField::parse(&vector(number)).unwrap();
        assert_eq!(published.to_bytes(), vector(number));
        let anchors = TrustAnchors::iana();
        let verified = published
            .proof()
            .verify(published.handle(), &anchors, VALID_FROM)
            .unwrap();
        let mut psbt = psbt(script(address), Some(vec![0]));
        attach(&mut psbt.outputs[0], &verified);
        let psbt = Psbt::deserialize(&psbt.serialize()).unwrap();
        let proven = judge(&psbt, VALID_FROM, Grace::None).unwrap().unwrap();
        assert_eq!(proven.handle(), published.handle());
        assert_eq!(psbt.outputs[0].unknown.len(), 1);
    }
}

#[test]
fn an_output_without_the_field_has_no_name_and_one_that_is_not_there_is_an_error() {
    let psbt = psbt(script(ADDRESS), None);
    assert_eq!(judge(&psbt, VALID_FROM, Grace::None), Ok(None));
    let anchors = TrustAnchors::iana();
    let refused = proven_output(
        &psbt,
        1,
        Network::Bitcoin,
        &anchors,
        VALID_FROM,
        Grace::None,
    );
    let expected = OutputError::NoOutput {
        index: 1,
        outputs: 1,
    };
    assert_eq!(refused, Err(expected));
}

#[test]
fn a_field_under_a_key_with_data_is_refused() {
    let mut psbt = psbt(script(ADDRESS), Some(vector(1)));
    let key = raw::Key {
        type_value: PSBT_OUT_DNSSEC_PROOF,
        key: vec![1],
    };
    psbt.outputs[0].unknown.insert(key, vector(1));
    let refused = judge(&psbt, VALID_FROM, Grace::None);
    assert_eq!(refused, Err(FieldError::KeyData.into()));
}

#[test]
fn every_malformed_field_is_refused_with_its_own_reason() {
    let refused = |bytes: &[u8]| ProofField::parse(bytes).unwrap_err();
    assert_eq!(refused(&[]), FieldError::CutOff { length: 0 });
    assert_eq!(refused(&[5, b'a']), FieldError::CutOff { length: 2 });
    assert_eq!(refused(&[1, 0xff]), FieldError::NotText);
    let sign = [&[6][..], "₿a@b".as_bytes()].concat();
    assert_eq!(refused(&sign), FieldError::Sign("₿a@b".to_owned()));
    assert!(matches!(refused(b"\x01a"), FieldError::Handle(_)));
    assert!(matches!(refused(b"\x03a@b"), FieldError::Proof(_)));
    let mut cut = vector(1);
    cut.pop();
    assert!(matches!(refused(&cut), FieldError::Proof(_)));
}

#[test]
fn a_name_in_the_field_that_the_proof_is_not_about_is_refused() {
    let published = ProofField::parse(&vector(1)).unwrap();
    let name = "another@dnssec_proof_tests.bitcoin.ninja";
    let field = [
        &[u8::try_from(name.len()).unwrap()],
        name.as_bytes(),
        &published.proof().to_bytes(),
    ]
    .concat();
    let psbt = psbt(script(ADDRESS), Some(field));
    let refused = judge(&psbt, VALID_FROM, Grace::None);
    assert!(matches!(
        refused,
        Err(OutputError::Proof(VerifyError::Bogus(_)))
    ));
}

#[test]
fn a_silent_payment_cannot_be_checked_and_says_so() {
    let uri = "bitcoin:?sp=sp1qqgste7k9hx0qftg6qmwlkqtwuy6cycyavzmzj85c6qdfhjdpdjtdgqjuexzk6murw56suy3e0rd2cgqvycxttddwsvgxe2usfpxumr70xc9pkqwv";
    let instructions = crate::Instructions::parse(uri).unwrap();
    let handle: Handle = "a@example.com".parse().unwrap();
    let taproot = script("bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr");
    let pays =
        |script: &ScriptBuf, network| output::recipient(&instructions, script, network, &handle);
    assert!(matches!(
        pays(&taproot, Network::Bitcoin),
        Ok(Recipient::NotCheckable(method)) if method.key() == "sp"
    ));
    for (script, network) in [
        (script(ADDRESS), Network::Bitcoin),
        (taproot, Network::Signet),
    ] {
        assert!(matches!(
            pays(&script, network),
            Err(OutputError::PaysAnother { .. })
        ));
    }
}

#[test]
fn the_longest_handle_fits_its_length_byte() {
    let domain = [&"d".repeat(63)[..]; 3].join(".");
    let handle = Handle::new(&"a".repeat(39), &domain).unwrap();
    assert!(Handle::new(&"a".repeat(40), &domain).is_err());
    let proof = ProofField::parse(&vector(1)).unwrap().proof().to_bytes();
    let length = u8::try_from(handle.as_str().len()).unwrap();
    let bytes = [&[length], handle.as_str().as_bytes(), &proof].concat();
    assert_eq!(ProofField::parse(&bytes).unwrap().to_bytes(), bytes);
    assert!(Proof::parse(&proof).is_ok());
}

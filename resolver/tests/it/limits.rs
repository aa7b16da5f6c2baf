//! How long a proof may be, to the byte.

use payname_resolver::{
    Proof, ProofError,
    hickory_proto::rr::{Name, RecordType},
    proof::{MAX_PROOF_BYTES, ResourceRecord},
};

use crate::forge::Rr;

/// A record of the root whose wire form has this length.
fn record(length: usize) -> Vec<u8> {
    let rdata = vec![0; length - 11];
    Rr::new(".", RecordType::Unknown(65_400), rdata).wire()
}

#[test]
fn a_proof_has_1_to_65535_bytes() {
    assert_eq!(Proof::parse(&[]), Err(ProofError::Empty));
    assert!(Proof::parse(&record(MAX_PROOF_BYTES)).is_ok());
    let length = MAX_PROOF_BYTES + 1;
    let too_long = Err(ProofError::TooLong { length });
    assert_eq!(Proof::parse(&record(length)), too_long);
    let length = MAX_PROOF_BYTES + 11;
    let two = [record(MAX_PROOF_BYTES), record(11)].concat();
    assert_eq!(Proof::parse(&two), Err(ProofError::TooLong { length }));
}

#[test]
fn a_proof_made_of_records_keeps_the_same_limits() {
    let made = |length: usize| {
        let rdata = vec![0; length - 11];
        let record = ResourceRecord::new(&Name::root(), RecordType::Unknown(65_400), 0, rdata);
        Proof::from_records(vec![record])
    };
    assert_eq!(Proof::from_records(Vec::new()), Err(ProofError::Empty));
    assert!(made(MAX_PROOF_BYTES).is_ok());
    let length = MAX_PROOF_BYTES + 1;
    assert_eq!(made(length), Err(ProofError::TooLong { length }));
}

#[test]
fn a_record_prints_in_one_line_without_its_data() {
    let record = ResourceRecord::new(&Name::root(), RecordType::TXT, 30, vec![7; 99]);
    assert_eq!(format!("{record:?}"), ". 30 TXT (99 bytes)");
}

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
fn a_proof_holds_whole_records_with_whole_names() {
    let name = |labels: &[usize]| {
        let labels = labels
            .iter()
            .map(|length| [vec![*length as u8], vec![b'a'; *length]].concat());
        [labels.collect::<Vec<_>>().concat(), vec![0]].concat()
    };
    // Behind an honest record; the error tells where the broken one begins.
    let read = |name: Vec<u8>, behind: &[u8]| {
        let bytes = [&record(20), &name[..], behind].concat();
        Proof::parse(&bytes).map(|proof| proof.records().len())
    };
    let head = [0, 16, 0, 1, 0, 0, 0, 0, 0, 1, 0xff];
    let offset = 20;
    assert_eq!(read(name(&[63, 63, 63, 61]), &head), Ok(2));
    let bad_name = Err(ProofError::BadName { offset });
    assert_eq!(read(name(&[63, 63, 63, 62]), &head), bad_name);
    for name in [name(&[64]), name(&[3, 64]), vec![0xc0, 0], vec![0x80, 0]] {
        let compressed = Err(ProofError::CompressedName { offset });
        assert_eq!(read(name, &head), compressed);
    }
    for cut in 1..head.len() {
        let cut_off = Err(ProofError::CutOff { offset });
        assert_eq!(read(name(&[3]), &head[..cut]), cut_off, "{cut}");
    }
    assert_eq!(read(vec![3, b'a'], &[]), Err(ProofError::CutOff { offset }));
}

#[test]
fn a_record_prints_in_one_line_without_its_data() {
    let record = ResourceRecord::new(&Name::root(), RecordType::TXT, 30, vec![7; 99]);
    assert_eq!(format!("{record:?}"), ". 30 TXT (99 bytes)");
}

//! The five proofs printed in BIP-353.

use hickory_proto::rr::RecordType;
use payname_resolver::{Outcome, RecordError, VerifyError, hickory_proto};

use crate::vector::Vector;

#[test]
fn simple_is_valid_and_its_other_txt_record_is_ignored() {
    let vector = Vector::load("bip353-01-simple");
    vector.is_secure_exactly_inside_its_window(RecordType::TXT);
    vector.gives_its_uri();
}

#[test]
fn an_explicit_record_overrides_a_wildcard_and_may_be_upper_case() {
    let vector = Vector::load("bip353-02-override-cname-wild");
    vector.is_secure_exactly_inside_its_window(RecordType::TXT);
    vector.gives_its_uri();
}

#[test]
fn a_wildcard_cname_across_domains_is_followed() {
    let vector = Vector::load("bip353-03-wildcard-cname-xdomain");
    vector.is_secure_exactly_inside_its_window(RecordType::TXT);
    vector.gives_its_uri();
}

#[test]
fn two_bitcoin_records_are_proven_and_still_refused() {
    let vector = Vector::load("bip353-04-two-bitcoin-txt");
    vector.is_secure_exactly_inside_its_window(RecordType::TXT);
    let refused = vector.verify(vector.inside()).unwrap_err();
    assert_eq!(refused, VerifyError::Record(RecordError::Several));
}

#[test]
fn a_wildcard_without_its_denial_is_bogus_though_every_signature_is_good() {
    let vector = Vector::load("bip353-05-missing-nsec3");
    for now in [
        vector.window.valid_from,
        vector.inside(),
        vector.window.valid_until,
    ] {
        match vector.judge(RecordType::TXT, now) {
            Outcome::Bogus(bogus) => assert_eq!(bogus.reason.code(), "wildcard_unproven"),
            other => panic!("{other:?}"),
        }
    }
}

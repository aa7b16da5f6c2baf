//! The proofs that Sparrow's tests recorded in July 2025.

use hickory_proto::rr::RecordType;
use payname_resolver::{UnixTime, hickory_proto};

use crate::vector::Vector;

/// The clock of Sparrow's own tests.
const SPARROW_CLOCK: UnixTime = UnixTime(1_753_784_347);

fn holds(name: &str) {
    let vector = Vector::load(name);
    vector.is_secure_exactly_inside_its_window(RecordType::TXT);
    vector.gives_its_uri();
    assert_eq!(
        Some(vector.verify(SPARROW_CLOCK).unwrap().uri()),
        vector.expected_uri.as_deref()
    );
}

#[test]
fn craig_at_sparrowwallet_com() {
    holds("sparrow-craig");
}

#[test]
fn a_wildcard_cname_across_domains() {
    holds("sparrow-a-x-domain-cname-wild");
}

#[test]
fn an_override_of_a_wildcard_cname() {
    holds("sparrow-override-x-domain-cname-wild");
}

//! The judgement on one name and type.

use hickory_proto::rr::{Name, RecordType};

use super::{Bogus, Outcome, Proof, Reason, RecordSetName, TrustAnchors};
use crate::time::UnixTime;

pub(super) fn judge(
    _proof: &Proof,
    owner: &Name,
    record_type: RecordType,
    _anchors: &TrustAnchors,
    _now: UnixTime,
) -> Outcome {
    Outcome::Bogus(Bogus {
        record_set: RecordSetName { owner: owner.to_lowercase(), record_type },
        zone: None,
        reason: Reason::Missing,
    })
}

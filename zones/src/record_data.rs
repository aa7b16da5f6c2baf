//! What zones do with record data: the names in it.

use hickory_proto::rr::{Name, RData, RecordType};

use crate::layout::Layout;
use crate::names::from_wire;
use crate::packed::{rdata_bytes, read_rdata};

/// The target of a DNAME, which arrives as a type without structure.
pub(crate) fn dname_target(data: &RData) -> Option<Name> {
    match data {
        RData::Unknown { code, rdata } if *code == RecordType::DNAME => from_wire(&rdata.anything),
        _ => None,
    }
}

/// Lower-cases the names in record data, so that it sorts and signs canonically (RFC 4034 §6.2).
pub(crate) fn canonical_data(data: RData) -> RData {
    let record_type = data.record_type();
    let layout = Layout::of(record_type.into());
    let given = layout.has_case().then(|| rdata_bytes(&data)).flatten();
    let canonical = given.and_then(|given| read_rdata(record_type, &layout.canonical(given)));
    canonical.unwrap_or(data)
}

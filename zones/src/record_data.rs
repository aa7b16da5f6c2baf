//! What zones do with record data: the names in it.

use hickory_proto::rr::rdata::{CNAME, MX, NULL, PTR, SRV};
use hickory_proto::rr::{Name, RData, RecordType};

use crate::names::{canonical, from_wire, wire};

/// The target of a DNAME, which arrives as a type without structure.
pub(crate) fn dname_target(data: &RData) -> Option<Name> {
    match data {
        RData::Unknown { code, rdata } if *code == RecordType::DNAME => from_wire(&rdata.anything),
        _ => None,
    }
}

/// Lower-cases the names in record data, so that it sorts and signs canonically (RFC 4034 §6.2).
pub(crate) fn canonical_data(data: RData) -> RData {
    if let Some(target) = dname_target(&data) {
        return RData::Unknown {
            code: RecordType::DNAME,
            rdata: NULL::with(wire(&target)),
        };
    }
    match data {
        RData::CNAME(target) => RData::CNAME(CNAME(canonical(&target.0))),
        RData::PTR(target) => RData::PTR(PTR(canonical(&target.0))),
        RData::MX(mx) => RData::MX(MX::new(mx.preference, canonical(&mx.exchange))),
        RData::SRV(srv) => RData::SRV(SRV::new(
            srv.priority,
            srv.weight,
            srv.port,
            canonical(&srv.target),
        )),
        other => other,
    }
}

//! The canonical form of records, which is what DNSSEC signs (RFC 4034 §6).

use alloc::{borrow::Cow, vec::Vec};

use hickory_proto::rr::{Name, RecordType};

use super::{
    record_set::Members,
    signature::{RrSig, name_length},
    write_name,
};

/// The RDATA in canonical form: names inside it in lower case, for those types of RFC 4034 §6.2
/// that are still in use (NSEC is none of them, RFC 6840 §5.1). A malformed one stays as it is; no
/// signature will fit it.
pub(super) fn rdata(record_type: RecordType, rdata: &[u8]) -> Cow<'_, [u8]> {
    let (start, count) = match record_type {
        RecordType::NS | RecordType::CNAME | RecordType::DNAME | RecordType::PTR => (0, 1),
        RecordType::SOA => (0, 2),
        RecordType::MX => (2, 1),
        RecordType::SRV => (6, 1),
        _ => return Cow::Borrowed(rdata),
    };
    let mut bytes = rdata.to_vec();
    lower(&mut bytes, start, count);
    Cow::Owned(bytes)
}

/// Lower-cases `count` names that stand from byte `start` on.
fn lower(bytes: &mut [u8], start: usize, count: usize) {
    let Some(mut rest) = bytes.get_mut(start..) else {
        return;
    };
    for _ in 0..count {
        let Some(length) = name_length(rest) else {
            return;
        };
        let Some((name, behind)) = rest.split_at_mut_checked(length) else {
            return;
        };
        // Length bytes are below 64 and so have no case.
        name.make_ascii_lowercase();
        rest = behind;
    }
}

/// The bytes that a signature covers (RFC 4034 §3.1.8.1).
pub(super) fn signed_bytes(
    signature: &RrSig<'_>,
    owner: &Name,
    record_type: RecordType,
    members: Members<'_>,
) -> Vec<u8> {
    let mut head = Vec::with_capacity(64);
    if usize::from(signature.labels) < label_count(owner) {
        head.extend_from_slice(b"\x01*");
        write_name(&owner.trim_to(usize::from(signature.labels)), &mut head);
    } else {
        write_name(owner, &mut head);
    }
    head.extend_from_slice(&u16::from(record_type).to_be_bytes());
    head.extend_from_slice(&1u16.to_be_bytes());
    head.extend_from_slice(&signature.original_ttl.to_be_bytes());
    let records = members.canonical.iter();
    let length = records.map(|rdata| head.len().saturating_add(2).saturating_add(rdata.len()));
    let mut bytes = signature.signed_head(length.fold(0, usize::saturating_add));
    for rdata in members.canonical {
        bytes.extend_from_slice(&head);
        bytes.extend_from_slice(&u16::try_from(rdata.len()).unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend_from_slice(rdata);
    }
    bytes
}

/// The labels of a name as an RRSIG counts them: without the root and a leading `*` (RFC 4034 §3.1.3).
pub(super) fn label_count(name: &Name) -> usize {
    let labels = name.iter().count();
    if name.iter().next() == Some(b"*") {
        labels.saturating_sub(1)
    } else {
        labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_in_rdata_are_in_lower_case_and_nothing_else_is() {
        let name = b"\x03WWW\x07eXample\x00";
        let lower = b"\x03www\x07example\x00";
        let check = |record_type, before: &[u8], names: usize, behind: &[u8]| {
            let made = |name: &[u8]| [before, &name.repeat(names), behind].concat();
            assert_eq!(
                rdata(record_type, &made(name)),
                made(lower),
                "{record_type}"
            );
        };
        for record_type in [
            RecordType::NS,
            RecordType::CNAME,
            RecordType::DNAME,
            RecordType::PTR,
        ] {
            check(record_type, b"", 1, b"");
        }
        check(RecordType::SOA, b"", 2, b"ABCDEFGHIJKLMNOPQRST");
        check(RecordType::MX, b"AB", 1, b"");
        check(RecordType::SRV, b"ABCDEF", 1, b"");
        for record_type in [
            RecordType::TXT,
            RecordType::NSEC,
            RecordType::Unknown(65_400),
        ] {
            assert_eq!(*rdata(record_type, name), *name, "{record_type}");
        }
    }

    #[test]
    fn malformed_names_stay_as_they_are() {
        for bytes in [&b""[..], b"\x04WWW", b"\xc0A", b"\x41A\x00"] {
            assert_eq!(rdata(RecordType::CNAME, bytes), bytes);
            assert_eq!(rdata(RecordType::SRV, bytes), bytes);
        }
    }

    #[test]
    fn a_leading_asterisk_and_the_root_are_no_labels() {
        for (text, labels) in [(".", 0), ("*.", 0), ("*.test.", 1), ("a.*.test.", 3)] {
            assert_eq!(
                label_count(&Name::from_ascii(text).unwrap()),
                labels,
                "{text}"
            );
        }
    }
}

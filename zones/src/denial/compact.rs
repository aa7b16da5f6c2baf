//! Compact denial: an NSEC for exactly the asked name, made on demand (RFC 9824).

use hickory_proto::rr::{DNSClass, RecordType};

/// The longest name in wire form.
const MAX_NAME: usize = 255;
/// The longest label.
const MAX_LABEL: u8 = 63;
/// What a name that does not exist has (RFC 9824 §2).
pub(crate) const NXNAME: u16 = 128;

/// Where an NSEC leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// To the first name that could follow, which is below the owner.
    Successor,
    /// To the first that could follow and is not below: what is below a delegation is not ours
    /// to speak of (RFC 9824 §3.4).
    Sibling,
}

/// An NSEC record without its owner: `type, class, TTL, RDLENGTH, RDATA`.
///
/// It says that `owner` (lower-case wire form) has these types, and nothing of any other name.
/// None when no name can follow: then there is nothing that could be said.
pub(crate) fn nsec(owner: &[u8], types: &[u16], next: Next, ttl: u32) -> Option<Vec<u8>> {
    let mut rdata = match next {
        Next::Successor => below(owner).or_else(|| beside(owner))?,
        Next::Sibling => beside(owner)?,
    };
    write_bitmap(types, &mut rdata);
    let mut record = Vec::with_capacity(rdata.len().saturating_add(10));
    record.extend(u16::from(RecordType::NSEC).to_be_bytes());
    record.extend(u16::from(DNSClass::IN).to_be_bytes());
    record.extend(ttl.to_be_bytes());
    record.extend((rdata.len() as u16).to_be_bytes()); // a name and at most 256 windows of 34
    record.append(&mut rdata);
    Some(record)
}

/// `\000.` before the name: its immediate successor (RFC 4471 §3.1.2).
fn below(owner: &[u8]) -> Option<Vec<u8>> {
    let next = [&[1, 0], owner].concat();
    (next.len() <= MAX_NAME).then_some(next)
}

/// The name with an octet zero behind its first label; where that has no room, with the label's
/// last octet raised: no longer label can lie between.
fn beside(owner: &[u8]) -> Option<Vec<u8>> {
    let (&length, rest) = owner.split_first()?;
    let (label, above) = rest.split_at_checked(length.into())?;
    if length < MAX_LABEL && owner.len() < MAX_NAME && length > 0 {
        let longer = length.checked_add(1)?;
        return Some([&[longer], label, &[0], above].concat());
    }
    let (last, before) = label.split_last()?;
    let raised = match last.checked_add(1)? {
        b'A' => b'Z'.checked_add(1)?, // upper case sorts as lower case does
        other => other,
    };
    Some([&[length], before, &[raised], above].concat())
}

/// The types in windows of 256 (RFC 4034 §4.1.2).
pub(super) fn write_bitmap(types: &[u16], to: &mut Vec<u8>) {
    let mut types = types.to_vec();
    types.sort_unstable();
    for window in types.chunk_by(|one, next| one >> 8 == next >> 8) {
        let mut bitmap = [0_u8; 32];
        let mut used = 0_usize;
        for record_type in window {
            let [_, low] = record_type.to_be_bytes();
            if let Some(octet) = bitmap.get_mut(usize::from(low >> 3)) {
                *octet |= 0x80 >> (low & 7);
                used = usize::from(low >> 3).saturating_add(1);
            }
        }
        let number = window.first().map_or(0, |first| first >> 8);
        to.extend([number as u8, used as u8]); // at most 255 and 32
        to.extend(bitmap.iter().take(used));
    }
}

#[cfg(test)]
mod tests {
    use hickory_proto::dnssec::rdata::{DNSSECRData, NSEC};
    use hickory_proto::rr::{Name, RData};

    use super::*;
    use crate::names::{from_wire, wire};
    use crate::packed::rdata_bytes;

    #[test]
    fn the_record_is_the_one_hickory_writes() {
        let owner = wire(&Name::from_ascii("a.example.test.").unwrap());
        for types in [
            vec![46, 47, 128],
            vec![47, 1, 46, 16, 257, 65_535],
            vec![46, 47],
        ] {
            let next = from_wire(&[&[1, 0], owner.as_slice()].concat()).unwrap();
            let listed = types.iter().map(|number| RecordType::from(*number));
            let theirs = RData::DNSSEC(DNSSECRData::NSEC(NSEC::new(next, listed)));
            let record = nsec(&owner, &types, Next::Successor, 300).unwrap();
            assert_eq!(record[10..], rdata_bytes(&theirs).unwrap());
            assert_eq!(
                record[..10],
                [0, 47, 0, 1, 0, 0, 1, 44, 0, theirs_length(&theirs)]
            );
        }
    }

    fn theirs_length(data: &RData) -> u8 {
        rdata_bytes(data).unwrap().len() as u8
    }

    fn next(owner: &[u8], next: Next) -> (Name, Name) {
        let record = nsec(owner, &[46, 47], next, 300).unwrap();
        let bitmap = 2 + 6;
        let next = from_wire(&record[10..record.len() - bitmap]).unwrap();
        (from_wire(owner).unwrap(), next)
    }

    #[test]
    fn the_next_name_follows_and_leaves_no_room_between() {
        let full = [b'x'; 63];
        let long = [
            &[63][..],
            &full,
            &[63],
            &full,
            &[63],
            &full,
            &[61],
            &full[..61],
            &[0],
        ]
        .concat();
        assert_eq!(long.len(), 255);
        for owner in [&b"\x01a\x04test\0"[..], &long, b"\x04test\0"] {
            for kind in [Next::Successor, Next::Sibling] {
                let (owner, next) = next(owner, kind);
                assert!(owner < next, "{owner} {next}");
                assert!(kind == Next::Successor || !owner.zone_of(&next));
            }
        }
        let at = [
            &[63][..],
            &[b'@'; 63],
            &[63],
            &full,
            &[63],
            &full,
            &[61],
            &full[..61],
            &[0],
        ];
        let (owner, raised) = next(&at.concat(), Next::Successor);
        assert!(owner < raised);
        assert_eq!(raised.iter().next().unwrap().last(), Some(&b'['));
    }
}

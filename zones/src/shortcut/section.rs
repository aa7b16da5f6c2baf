//! Record sets written one after the other, as they stand in a section of a response.

use crate::packed::Stored;

/// What marks a pointer, and how far one reaches (RFC 1035 §4.1.4).
const MARK: u16 = 0xc000;
/// The octets of a pointer.
pub(super) const POINTER: usize = 2;

/// Writes a set with at most this TTL, and its signatures for who wants them; how many records that
/// were. `owner` writes what comes before each.
pub(super) fn write_set(
    out: &mut Vec<u8>,
    set: &Stored<'_>,
    max_ttl: u32,
    dnssec_ok: bool,
    mut owner: impl FnMut(&mut Vec<u8>) -> Option<()>,
) -> Option<u16> {
    let ttl = set.ttl().min(max_ttl).to_be_bytes();
    let signatures = set.signatures().take_while(|_| dnssec_ok);
    let mut count = 0_u16;
    for body in set.records().chain(signatures) {
        owner(out)?;
        let (kind, rest) = body.split_at_checked(4)?;
        out.extend_from_slice(kind);
        out.extend(ttl);
        out.extend_from_slice(rest.get(4..)?);
        count = count.checked_add(1)?;
    }
    Some(count)
}

/// A pointer to what is so far from the beginning of the message; none when that is too far.
pub(super) fn pointer(to: usize) -> Option<[u8; POINTER]> {
    let to = u16::try_from(to).ok().filter(|to| to & MARK == 0)?;
    Some((to | MARK).to_be_bytes())
}

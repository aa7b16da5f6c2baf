//! Where names are in record data: they may be compressed in messages (RFC 1035 §3.3, RFC 3597
//! §4), and some are lower-cased before they are signed (RFC 4034 §6.2, RFC 6840 §5.1).

use std::ops::Range;

use crate::names::name_length;

/// How the data of a type begins: octets before the first name, how many names follow it, and
/// whether they are lower-cased for signing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    before: usize,
    /// NAPTR has three character strings before its name.
    strings: usize,
    names: usize,
    lower: bool,
}

impl Layout {
    /// The layout of a type; one without names for all that are not known to have any.
    pub(crate) fn of(record_type: u16) -> Self {
        let (before, strings, names, lower) = match record_type {
            2 | 3 | 4 | 5 | 7 | 8 | 9 | 12 | 39 => (0, 0, 1, true), // NS, MD, MF, CNAME, MB, MG, MR, PTR, DNAME
            6 | 14 | 17 => (0, 0, 2, true),                         // SOA, MINFO, RP
            15 | 18 | 21 | 36 => (2, 0, 1, true),                   // MX, AFSDB, RT, KX
            26 => (2, 0, 2, true),                                  // PX
            33 => (6, 0, 1, true),                                  // SRV
            35 => (4, 3, 1, true),                                  // NAPTR
            24 | 46 => (18, 0, 1, true),                            // SIG, RRSIG
            30 => (0, 0, 1, true),                                  // NXT
            47 => (0, 0, 1, false),                                 // NSEC
            _ => (0, 0, 0, false),
        };
        Self {
            before,
            strings,
            names,
            lower,
        }
    }

    /// The data with its names written out, given where it is in a message; none where that would be
    /// longer than the data of a record can be.
    pub(crate) fn expand(self, message: &[u8], data: Range<usize>) -> Option<Vec<u8>> {
        let whole = message.get(..data.end)?;
        let mut expanded = Vec::with_capacity(data.len());
        let mut at = data.start.checked_add(self.before)?;
        for _ in 0..self.strings {
            let length = usize::from(*whole.get(at)?);
            at = at.checked_add(length)?.checked_add(1)?;
        }
        expanded.extend_from_slice(whole.get(data.start..at)?);
        for _ in 0..self.names {
            at = read_name(whole, at, &mut expanded)?;
        }
        expanded.extend_from_slice(whole.get(at..)?);
        (expanded.len() <= usize::from(u16::MAX)).then_some(expanded)
    }

    /// Whether there are names in it that are lower-cased for signing.
    pub(crate) fn has_case(self) -> bool {
        self.lower
    }

    /// The data as it is signed (RFC 4034 §6.2, RFC 6840 §5.1); malformed data stays as it is.
    pub(crate) fn canonical(self, mut data: Vec<u8>) -> Vec<u8> {
        if self.lower
            && let Some(names) = self.names_in(&data)
        {
            data.get_mut(names)
                .unwrap_or_default()
                .make_ascii_lowercase();
        }
        data
    }

    fn names_in(self, data: &[u8]) -> Option<Range<usize>> {
        let mut start = self.before;
        for _ in 0..self.strings {
            let length = usize::from(*data.get(start)?);
            start = start.checked_add(length)?.checked_add(1)?;
        }
        let mut end = start;
        for _ in 0..self.names {
            end = end.checked_add(name_length(data.get(end..)?)?)?;
        }
        Some(start..end)
    }
}

/// Reads a name that may be compressed and writes it out; where it ends.
///
/// Pointers lead backwards only, so that it ends.
pub(crate) fn read_name(message: &[u8], start: usize, to: &mut Vec<u8>) -> Option<usize> {
    let begin = to.len();
    let (mut at, mut end, mut earliest) = (start, None, start);
    loop {
        let length = *message.get(at)?;
        let after = at.checked_add(1)?;
        match length {
            0 => {
                to.push(0);
                break Some(end.unwrap_or(after));
            }
            1..=63 => {
                let next = after.checked_add(usize::from(length))?;
                to.extend_from_slice(message.get(at..next)?);
                at = next;
            }
            0xc0.. => {
                let low = *message.get(after)?;
                end = end.or(at.checked_add(2));
                let target = usize::from(u16::from_be_bytes([length & 0x3f, low]));
                if target >= earliest {
                    return None;
                }
                (at, earliest) = (target, target);
            }
            _ => return None,
        }
        // With the root's octet a name has at most 255.
        if to.len().saturating_sub(begin) > 254 {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressed_names_are_written_out_and_loops_are_not_followed() {
        let message = b"\0\0\x04test\0\x01a\xc0\x02\xc0\x0b\xc0\x0c";
        let read = |at| {
            let mut name = Vec::new();
            read_name(message, at, &mut name).map(|end| (name, end))
        };
        assert_eq!(read(2), Some((b"\x04test\0".to_vec(), 8)));
        assert_eq!(read(8), Some((b"\x01a\x04test\0".to_vec(), 12)));
        assert_eq!(read(14), None, "into the middle of a label");
        assert_eq!(read(12), None, "forwards");
        let mut forever = Vec::new();
        assert_eq!(read_name(b"\xc0\0", 0, &mut forever), None);
    }

    #[test]
    fn names_in_record_data_are_found_by_type() {
        let message = b"\x04Test\0\0\x0a\x02mX\xc0\0!";
        let mx = Layout::of(15);
        assert_eq!(
            mx.expand(message, 6..13),
            Some(b"\0\x0a\x02mX\x04Test\0".to_vec())
        );
        assert_eq!(
            mx.canonical(b"\0\x0A\x02mX\x04Test\0".to_vec()),
            b"\0\x0a\x02mx\x04test\0"
        );
        assert_eq!(mx.expand(message, 6..12), None, "cut off");
        let mut longest = b"\x04test\0\xc0\0".to_vec();
        longest.resize(6 + 65_531, 0);
        let ns = |end| Layout::of(2).expand(&longest, 6..end);
        assert_eq!(ns(6 + 65_531).map(|data| data.len()), Some(65_535));
        longest.push(0);
        let ns = |end| Layout::of(2).expand(&longest, 6..end);
        assert_eq!(ns(6 + 65_532), None, "too long when it is written out");
        let txt = Layout::of(16);
        assert_eq!(txt.expand(message, 6..14), Some(message[6..].to_vec()));
        assert_eq!(
            Layout::of(47).canonical(b"\x01A\0\0\x01\x02".to_vec()),
            b"\x01A\0\0\x01\x02"
        );
        let naptr = b"\0\0\0\0\x01U\x03E2U\x01!\x01A\0";
        assert_eq!(
            Layout::of(35).canonical(naptr.to_vec()),
            b"\0\0\0\0\x01U\x03E2U\x01!\x01a\0"
        );
    }
}

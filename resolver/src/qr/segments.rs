//! How a text is best written into a QR code: which stretches as letters and digits, which as bytes.
//!
//! A payment code in upper case is letters and digits but for a few `?`, `=` and `&`. The crate that
//! draws the codes joins stretches two at a time, and so ends with bytes throughout, where the text
//! would fit into a code of 61 modules a side instead of 73 (ISO/IEC 18004, annex J, has it better).

use alloc::vec::Vec;

/// Half bits of a character: a pair of letters or digits takes 11 bits, a byte 8.
const LETTER: u32 = 11;
const BYTE: u32 = 16;

/// A stretch written in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment<'a> {
    pub(super) text: &'a [u8],
    /// Whether it is written as letters and digits; as bytes otherwise.
    pub(super) is_alphanumeric: bool,
}

/// The cost in half bits of the cheapest way to write what was read so far, by how it ends, and
/// where the last stretch of that way began.
#[derive(Debug, Clone, Copy)]
struct Way {
    letters: Option<(u32, usize)>,
    bytes: (u32, usize),
}

/// The stretches that take the fewest bits in a code of this version (1 to 40).
pub(super) fn segments(text: &[u8], version: i16) -> Vec<Segment<'_>> {
    let (letters_head, bytes_head) = heads(version);
    let mut ways = alloc::vec![Way {
        letters: None,
        bytes: (bytes_head, 0),
    }];
    let mut last = Way {
        letters: Some((letters_head, 0)),
        bytes: (bytes_head, 0),
    };
    for (index, byte) in text.iter().enumerate() {
        let letters = is_letter(*byte).then(|| {
            let on = last
                .letters
                .map(|(cost, start)| (cost.saturating_add(LETTER), start));
            let cost = last
                .bytes
                .0
                .saturating_add(letters_head)
                .saturating_add(LETTER);
            on.filter(|(on, _)| *on <= cost).unwrap_or((cost, index))
        });
        let on = (last.bytes.0.saturating_add(BYTE), last.bytes.1);
        let turned = last.letters.map(|(cost, _)| {
            let cost = cost.saturating_add(bytes_head).saturating_add(BYTE);
            (cost, index)
        });
        let bytes = turned.filter(|(cost, _)| *cost < on.0).unwrap_or(on);
        last = Way { letters, bytes };
        ways.push(last);
    }
    backwards(text, &ways)
}

/// Follows the cheapest way from its end to its beginning.
fn backwards<'a>(text: &'a [u8], ways: &[Way]) -> Vec<Segment<'a>> {
    let mut found = Vec::new();
    let mut end = text.len();
    let mut is_alphanumeric = ways
        .last()
        .and_then(|way| Some(way.letters?.0 <= way.bytes.0))
        .unwrap_or(false);
    while end > 0 {
        let Some(way) = ways.get(end) else { break };
        let start = match way.letters.filter(|_| is_alphanumeric) {
            Some((_, start)) => start,
            None => way.bytes.1,
        };
        let text = text.get(start..end).unwrap_or_default();
        found.push(Segment {
            text,
            is_alphanumeric,
        });
        (end, is_alphanumeric) = (start, !is_alphanumeric);
    }
    found.reverse();
    found
}

/// What it costs to begin a stretch of either sort, in half bits.
fn heads(version: i16) -> (u32, u32) {
    match version {
        ..=9 => (26, 24),
        10..=26 => (30, 40),
        _ => (34, 40),
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || b" $%*+-./:".contains(&byte)
}

#[cfg(test)]
mod tests {
    use alloc::{borrow::ToOwned, format, string::String};

    use super::*;

    fn told(text: &str) -> Vec<(bool, String)> {
        let parts = segments(text.as_bytes(), 11).into_iter();
        let tell = |part: Segment<'_>| {
            let text = String::from_utf8(part.text.to_vec()).unwrap();
            (part.is_alphanumeric, text)
        };
        parts.map(tell).collect()
    }

    #[test]
    fn what_is_put_together_again_is_the_text() {
        for text in [
            "",
            "a",
            "A",
            "bitcoin:BC1QXYZ",
            "BITCOIN:?LNO=LNO1QYZ&SP=SP1QQ",
            "₿ALICE@X",
        ] {
            let joined: String = told(text).into_iter().map(|(_, part)| part).collect();
            assert_eq!(joined, text);
        }
    }

    #[test]
    fn a_short_stretch_does_not_pay_for_its_head_and_a_long_one_does() {
        assert_eq!(told("abcDEF"), [(false, "abcDEF".to_owned())]);
        let code = "LNO1".to_owned() + &"QYZ3".repeat(100);
        let expected = [(false, "bitcoin:?lno=".to_owned()), (true, code.clone())];
        assert_eq!(told(&format!("bitcoin:?lno={code}")), expected);
        let whole = told(&format!("BITCOIN:?LNO={code}"));
        assert_eq!(whole.last().unwrap(), &(true, code));
    }
}

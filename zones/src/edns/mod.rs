//! What queries ask for by EDNS options, and what responses say by them (RFC 6891 §6.1.2).
//!
//! Options are read from the bytes of a query and added to the bytes of its response, by the short
//! way and the long way alike.

mod asker;
mod cookie;
mod wanted;

use std::ops::Range;

pub use asker::{Asker, ServerOptions};
pub use cookie::{CookieState, Cookies};
pub(crate) use wanted::{Wanted, pad};

/// The name server's identifier (RFC 5001).
const NSID: u16 = 3;
/// A cookie (RFC 7873).
const COOKIE: u16 = 10;
/// How long a connection may stay idle (RFC 7828).
const KEEPALIVE: u16 = 11;
/// Octets that say nothing (RFC 7830).
const PADDING: u16 = 12;

/// Where the options of a message are, the first OPT record's RDATA.
///
/// None where there is none, or the message is not whole.
pub(crate) fn options_of(message: &[u8]) -> Option<Range<usize>> {
    let (header, mut rest) = message.split_at_checked(12)?;
    let count = |at: usize| {
        let count = header.get(at..)?.first_chunk()?;
        Some(u16::from_be_bytes(*count))
    };
    for _ in 0..count(4)? {
        rest = after_name(rest)?.get(4..)?;
    }
    let records = [count(6)?, count(8)?, count(10)?].map(u32::from);
    for _ in 0..records.iter().sum() {
        let owner = rest.first();
        let (fixed, data) = after_name(rest)?.split_first_chunk::<10>()?;
        let [t1, t2, .., l1, l2] = *fixed;
        let (data, after) = data.split_at_checked(u16::from_be_bytes([l1, l2]).into())?;
        if (owner, [t1, t2]) == (Some(&0), [0, 41]) {
            let end = message.len().checked_sub(after.len())?;
            return Some(end.checked_sub(data.len())?..end);
        }
        rest = after;
    }
    None
}

/// A message without these options.
pub(crate) fn without_options(message: &[u8], options: Range<usize>) -> Option<Vec<u8>> {
    let before = message.get(..options.start.checked_sub(2)?)?;
    Some([before, &[0, 0], message.get(options.end..)?].concat())
}

/// What follows a name, which may end in a pointer.
fn after_name(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let (label, after) = rest.split_first()?;
        match label {
            0 => return Some(after),
            0xc0.. => return after.get(1..),
            length => rest = after.get(usize::from(*length)..)?,
        }
    }
}

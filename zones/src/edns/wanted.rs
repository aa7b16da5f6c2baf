//! The options of a query, and the bytes that answer them.

use std::time::Duration;

use super::cookie::Cookie;
use super::{Asker, COOKIE, CookieState, KEEPALIVE, NSID, PADDING};
use crate::respond::Transport;

/// Encrypted responses have a multiple of so many octets (RFC 8467 §4.1).
const BLOCK: usize = 468;
/// The code and the length of an option.
const OPTION_HEADER: usize = 4;

/// What a query asks for by the options that are known here.
#[derive(Default)]
pub(crate) struct Wanted<'a> {
    nsid: bool,
    cookie: Option<Cookie<'a>>,
    keepalive: bool,
}

impl<'a> Wanted<'a> {
    /// Reads the RDATA of an OPT record; none when it is malformed.
    pub(crate) fn read(mut rest: &'a [u8]) -> Option<Self> {
        let mut wanted = Self::default();
        while !rest.is_empty() {
            let ([c1, c2, l1, l2], after) = rest.split_first_chunk::<OPTION_HEADER>()?;
            let length = usize::from(u16::from_be_bytes([*l1, *l2]));
            let (data, after) = after.split_at_checked(length)?;
            match u16::from_be_bytes([*c1, *c2]) {
                NSID => wanted.nsid = true,
                // Only the first counts (RFC 7873 §5.2).
                COOKIE if wanted.cookie.is_none() => wanted.cookie = Some(Cookie::read(data)?),
                KEEPALIVE => wanted.keepalive = true,
                _ => {}
            }
            rest = after;
        }
        Some(wanted)
    }

    /// Whether there is a cookie among them.
    pub(crate) fn has_cookie(&self) -> bool {
        self.cookie.is_some()
    }

    /// Writes the options of the response, padding excepted.
    pub(crate) fn answer(&self, asker: &Asker<'_>, out: &mut Vec<u8>) -> CookieState {
        let mut state = CookieState::Absent;
        if let (Some(cookie), Some(cookies)) = (self.cookie, &asker.options.cookies) {
            let (judged, cookie) = cookies.judge(cookie, asker.address, asker.now);
            write(COOKIE, &cookie, out);
            state = judged;
        }
        if let Some(nsid) = asker.options.nsid.as_ref().filter(|_| self.nsid) {
            write(NSID, nsid, out);
        }
        if let Some(idle) = asker.keepalive.filter(|_| self.keepalive) {
            write(KEEPALIVE, &tenths(idle).to_be_bytes(), out);
        }
        state
    }
}

fn write(code: u16, data: &[u8], out: &mut Vec<u8>) {
    let Ok(length) = u16::try_from(data.len()) else {
        return;
    };
    out.extend(code.to_be_bytes());
    out.extend(length.to_be_bytes());
    out.extend_from_slice(data);
}

/// Tenths of seconds, as RFC 7828 counts.
fn tenths(time: Duration) -> u16 {
    u16::try_from(time.as_millis() / 100).unwrap_or(u16::MAX)
}

/// Pads an encrypted response, so that its length tells little, and fills in the RDLENGTH of the OPT
/// record that it ends with; `opt` is where that begins.
pub(crate) fn pad(out: &mut Vec<u8>, opt: usize, transport: Transport) -> Option<()> {
    let room = usize::from(u16::MAX).saturating_sub(out.len());
    if transport == Transport::Encrypted && room >= OPTION_HEADER {
        let bare = out.len().checked_add(OPTION_HEADER)?;
        let padded = bare.checked_next_multiple_of(BLOCK)?.min(u16::MAX.into());
        let length = u16::try_from(padded.checked_sub(bare)?).ok()?;
        out.extend(PADDING.to_be_bytes());
        out.extend(length.to_be_bytes());
        out.resize(padded, 0);
    }
    let options = opt.checked_add(11)?;
    let length = u16::try_from(out.len().checked_sub(options)?).ok()?;
    let place = out.get_mut(..options)?.last_chunk_mut::<2>()?;
    *place = length.to_be_bytes();
    Some(())
}

//! What is known of a response that lies in a buffer, and how it is cut short.

use hickory_proto::op::ResponseCode;

use crate::edns::CookieState;
use crate::zone::Zone;

const HEADER_LENGTH: usize = 12;
/// QR, opcode, AA and RD of the third octet of a header, and TC.
const TRUNCATED: u8 = 0x02;
const AUTHORITATIVE: u8 = 0x04;

/// A response that has been written into a buffer: what it says, in short.
#[derive(Debug, Clone, Copy)]
pub struct Reply<'z> {
    /// The zone that answered, if the query got so far.
    pub zone: Option<&'z Zone>,
    /// What the query's cookie showed.
    pub cookie: CookieState,
    /// Where the OPT record is, which then comes last.
    pub(crate) opt: Option<usize>,
}

/// The kinds of response that floods are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplyKind {
    /// Records that were asked for.
    Answer,
    /// The name, or such records of it, do not exist.
    Absent,
    /// Another server's business.
    Referral,
    /// Anything else.
    Error,
}

impl<'z> Reply<'z> {
    /// The apex of the zone that answered, in lower-case wire form.
    pub fn apex(&self) -> Option<&'z [u8]> {
        self.zone.map(|zone| zone.nodes.origin_wire())
    }

    /// What kind of response lies in the buffer.
    pub fn kind(&self, response: &[u8]) -> ReplyKind {
        let &[_, _, flags, codes, _, _, answers_high, answers_low, ..] = response else {
            return ReplyKind::Error;
        };
        let authoritative = flags & AUTHORITATIVE != 0;
        match (self.code(response), [answers_high, answers_low]) {
            (0, [0, 0]) if authoritative => ReplyKind::Absent,
            (0, [0, 0]) if self.zone.is_some() => ReplyKind::Referral,
            (0, [0, 0]) => ReplyKind::Error,
            (0, _) => ReplyKind::Answer,
            (3, _) if codes & 0x0f == 3 => ReplyKind::Absent,
            _ => ReplyKind::Error,
        }
    }

    /// The response code, with what EDNS adds to it (RFC 6891 §6.1.3).
    pub fn code(&self, response: &[u8]) -> u16 {
        let low = response.get(3).map_or(0, |codes| codes & 0x0f);
        let high = self
            .opt
            .and_then(|opt| response.get(opt..)?.get(5))
            .map_or(0, |high| *high);
        u16::from(high) << 4 | u16::from(low)
    }

    /// Whether the response says that the rest comes over TCP only.
    pub fn is_truncated(&self, response: &[u8]) -> bool {
        response.get(2).is_some_and(|flags| flags & TRUNCATED != 0)
    }

    /// Takes everything out of the response but the question and the options, and says that the rest
    /// comes over TCP: no more octets than the query had, or hardly more.
    pub fn truncate(&self, response: &mut Vec<u8>) {
        self.empty(response);
        if let Some(flags) = response.get_mut(2) {
            *flags |= TRUNCATED;
        }
    }

    /// Makes a response of it that asks the client to come again with the cookie in it
    /// (RFC 7873 §5.2.3); false when the client has shown no cookie.
    pub fn demand_cookie(&self, response: &mut Vec<u8>) -> bool {
        let (Some(opt), true) = (self.opt, self.cookie.is_spoken()) else {
            return false;
        };
        let behind = response.len().saturating_sub(opt);
        self.empty(response);
        let opt = response.len().saturating_sub(behind);
        if let Some(codes) = response.get_mut(3) {
            *codes = (*codes & 0xf0) | ResponseCode::BADCOOKIE.low();
        }
        let extended = opt.checked_add(5).and_then(|high| response.get_mut(high));
        if let Some(high) = extended {
            *high = ResponseCode::BADCOOKIE.high();
        }
        if let Some(flags) = response.get_mut(2) {
            *flags &= !(AUTHORITATIVE | TRUNCATED);
        }
        true
    }

    /// Leaves the header, the question and the OPT record.
    fn empty(&self, response: &mut Vec<u8>) {
        let question = question_end(response).unwrap_or(HEADER_LENGTH);
        let end = response.len();
        let opt = self.opt.unwrap_or(end).clamp(question, end);
        response.drain(question..opt);
        let additionals = u8::from(self.opt.is_some());
        let counts = [0, 0, 0, 0, 0, additionals];
        for (place, count) in response.iter_mut().skip(6).zip(counts) {
            *place = count;
        }
    }
}

/// Where the question ends, whose name is never compressed.
fn question_end(response: &[u8]) -> Option<usize> {
    if response.get(4..6)? == [0, 0] {
        return None;
    }
    let mut at = HEADER_LENGTH;
    loop {
        let label = *response.get(at)?;
        at = at.checked_add(usize::from(label))?.checked_add(1)?;
        if label == 0 {
            return at.checked_add(4);
        }
    }
}

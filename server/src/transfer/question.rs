//! The messages that are asked here, and which of those that arrive are about transfers.

use payname_resolver::hickory_proto::rr::Name;

/// The codes of DNS that are used here.
pub(crate) mod code {
    /// The length of a message's header.
    pub(crate) const HEADER: usize = 12;
    pub(crate) const QUERY: u8 = 0;
    pub(crate) const NOTIFY: u8 = 4;
    pub(crate) const UPDATE: u8 = 5;
    pub(crate) const SOA: u16 = 6;
    pub(crate) const TXT: u16 = 16;
    pub(crate) const DNSKEY: u16 = 48;
    pub(crate) const OPT: [u8; 3] = [0, 0, 41];
    pub(crate) const IXFR: u16 = 251;
    pub(crate) const AXFR: u16 = 252;
    pub(crate) const NO_ERROR: u8 = 0;
    pub(crate) const FORM_ERR: u8 = 1;
    pub(crate) const SERV_FAIL: u8 = 2;
    pub(crate) const NX_DOMAIN: u8 = 3;
    pub(crate) const REFUSED: u8 = 5;
    pub(crate) const NOT_AUTH: u8 = 9;
}

/// Whether a query may be about a transfer, or is signed; it is looked at closer then.
///
/// Costs next to nothing, for every query comes by here.
pub(super) fn is_special(query: &[u8]) -> bool {
    let Some([_, _, flags, _, counts @ ..]) = query.first_chunk::<{ code::HEADER }>() else {
        return false;
    };
    let is_response = flags & 0x80 != 0;
    match (flags >> 3) & 15 {
        _ if is_response => false,
        code::NOTIFY => true,
        code::QUERY => {
            let Some(end) = question_end(query) else {
                return false;
            };
            let [_, _, answers @ .., low] = counts;
            let bare = answers.iter().all(|count| *count == 0);
            let next = query.get(end..).unwrap_or_default();
            let plain = bare && (*low == 0 || (*low == 1 && next.starts_with(&code::OPT)));
            !plain || matches!(asked_type(query), Some(code::IXFR | code::AXFR))
        }
        _ => false,
    }
}

/// The opcode of a message.
pub(super) fn opcode(message: &[u8]) -> u8 {
    message.get(2).map_or(0, |flags| (flags >> 3) & 15)
}

/// The response code of a message, without what EDNS adds.
pub(crate) fn response_code(message: &[u8]) -> u8 {
    message.get(3).map_or(0, |flags| flags & 15)
}

/// The type that a message asks for, if it has one question.
pub(super) fn asked_type(message: &[u8]) -> Option<u16> {
    let end = question_end(message)?;
    let at = end.checked_sub(4)?;
    let code = message.get(at..)?.first_chunk()?;
    Some(u16::from_be_bytes(*code))
}

/// A message with one question.
pub(crate) fn question(opcode: u8, zone: &Name, asked: u16, id: u16) -> Vec<u8> {
    let authoritative = if opcode == code::NOTIFY { 0x04 } else { 0 };
    let mut message = id.to_be_bytes().to_vec();
    message.extend([(opcode << 3) | authoritative, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    push_name(&mut message, zone);
    message.extend(asked.to_be_bytes());
    message.extend([0, 1]);
    message
}

/// A query for what has changed in a zone since a serial (RFC 1995 §3).
pub(super) fn changes_since(zone: &Name, serial: u32, id: u16) -> Vec<u8> {
    let mut message = question(code::QUERY, zone, code::IXFR, id);
    if let Some(authorities) = message.get_mut(9) {
        *authorities = 1;
    }
    push_name(&mut message, zone);
    message.extend(code::SOA.to_be_bytes());
    message.extend([0, 1, 0, 0, 0, 0]);
    // Of our SOA only the serial matters: two names, the root's, and four more numbers.
    message.extend([0, 22, 0, 0]);
    message.extend(serial.to_be_bytes());
    message.extend([0; 16]);
    message
}

/// The header of a query turned round with a response code, and its question.
pub(super) fn head(query: &[u8], code: u8) -> Vec<u8> {
    let end = question_end(query).unwrap_or(code::HEADER);
    let mut response = query.get(..end).unwrap_or_default().to_vec();
    if let Some([_, _, flags, more, counts @ ..]) = response.get_mut(..code::HEADER) {
        *flags = 0x80 | (*flags & 0x79); // QR; opcode and RD as asked
        *more = (*more & 0x10) | code; // CD as asked
        counts.fill(0);
        if end > code::HEADER
            && let Some(questions) = counts.get_mut(1)
        {
            *questions = 1;
        }
    }
    response
}

/// Where the one question of a query ends, if that is what it has; its name is not compressed.
pub(super) fn question_end(query: &[u8]) -> Option<usize> {
    if query.get(4..6)? != [0, 1] {
        return None;
    }
    let mut at = code::HEADER;
    loop {
        match *query.get(at)? {
            0 => break,
            length @ 1..=63 => at = at.checked_add(usize::from(length))?.checked_add(1)?,
            _ => return None,
        }
    }
    let end = at.checked_add(5)?;
    (end <= query.len() && at.checked_sub(code::HEADER)? < 255).then_some(end)
}

pub(crate) fn push_name(message: &mut Vec<u8>, name: &Name) {
    for label in name.iter() {
        message.push(label.len() as u8);
        message.extend(label);
    }
    message.push(0);
}

#[cfg(test)]
mod tests {
    use payname_resolver::hickory_proto::{
        op::{Message, OpCode},
        rr::{RData, RecordType},
    };

    use super::*;

    fn zone() -> Name {
        "example.com.".parse().unwrap()
    }

    #[test]
    fn only_queries_about_transfers_and_signed_ones_are_special() {
        let mut plain = question(code::QUERY, &zone(), code::SOA, 1);
        assert!(!is_special(&plain));
        plain[11] = 1;
        let with_options = [plain.as_slice(), &[0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]].concat();
        assert!(!is_special(&with_options));
        let signed = [plain.as_slice(), &[1, b'k', 0, 0, 250]].concat();
        assert!(is_special(&signed));
        for asked in [code::AXFR, code::IXFR] {
            assert!(is_special(&question(code::QUERY, &zone(), asked, 1)));
        }
        assert!(is_special(&changes_since(&zone(), 7, 1)));
        let mut notify = question(code::NOTIFY, &zone(), code::SOA, 1);
        assert!(is_special(&notify));
        notify[2] |= 0x80;
        assert!(!is_special(&notify), "a response is no query");
        for end in 0..signed.len() {
            is_special(&signed[..end]);
        }
    }

    #[test]
    fn others_read_these_messages_as_they_are_meant() {
        let notify = question(code::NOTIFY, &zone(), code::SOA, 0x1234);
        let notify = Message::from_vec(&notify).unwrap();
        assert_eq!((notify.id, notify.op_code), (0x1234, OpCode::Notify));
        assert!(notify.authoritative);
        let query = Message::from_vec(&changes_since(&zone(), 77, 9)).unwrap();
        assert_eq!(query.queries[0].query_type(), RecordType::IXFR);
        let RData::SOA(soa) = &query.authorities[0].data else {
            panic!("no SOA: {query}");
        };
        assert_eq!((soa.serial, &query.authorities[0].name), (77, &zone()));
    }
}

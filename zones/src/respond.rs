//! From the bytes of a query to the bytes of its response (RFC 1035 §4, RFC 6891).

use hickory_proto::op::{Edns, Message, Metadata, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, RecordType};

use crate::answer::Answer;
use crate::denial::NXNAME;
use crate::edns::{Asker, CookieState, Wanted, options_of, pad, without_options};
use crate::on_demand::OnDemand;
use crate::reply::Reply;
use crate::set::{Holder, ZoneSet};
use crate::shortcut;
use crate::zone::Zone;

/// The length of a DNS header.
const HEADER_LENGTH: usize = 12;
/// The octets of an OPT record before its options.
const OPT_LENGTH: usize = 11;
/// The largest response over UDP that is unlikely to be fragmented.
pub(crate) const UDP_PAYLOAD: u16 = 1232;
/// The EDNS flag CO: compact answers are understood (RFC 9824 §5.1).
const COMPACT_OK: u16 = 0x4000;
/// The largest response over UDP to a query without EDNS (RFC 1035 §2.3.4).
const PLAIN_UDP_PAYLOAD: u16 = 512;

/// What a query came over; it decides how long the response may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// One datagram: at most what the asker announced, and never more than this many octets.
    Udp {
        /// The server's own limit in octets; [`Transport::udp`] has the usual 1232.
        max_payload: u16,
    },
    /// TCP: 65535 octets, without the two of the length.
    Tcp,
    /// TLS, HTTPS or QUIC: as over TCP, and padded where the asker knows EDNS (RFC 8467).
    Encrypted,
}

impl Transport {
    /// UDP with the limit of 1232 octets.
    pub fn udp() -> Self {
        Self::Udp {
            max_payload: UDP_PAYLOAD,
        }
    }

    pub(crate) fn is_udp(self) -> bool {
        matches!(self, Self::Udp { .. })
    }

    /// How long a response may be, given what the asker announced, if anything.
    pub(crate) fn limit(self, announced: Option<u16>) -> usize {
        match self {
            Self::Tcp | Self::Encrypted => usize::from(u16::MAX),
            Self::Udp { max_payload } => {
                let announced = announced.unwrap_or(0).max(PLAIN_UDP_PAYLOAD);
                usize::from(announced.min(max_payload.max(PLAIN_UDP_PAYLOAD)))
            }
        }
    }
}

/// Answers one query from these zones.
///
/// `None` means silence: the bytes are no query at all. Whatever else arrives is answered, with an
/// error code if need be; no input makes it panic.
pub fn respond(zones: &ZoneSet, query: &[u8], transport: Transport) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(usize::from(UDP_PAYLOAD));
    let (asker, mut on_demand) = (Asker::over(transport), OnDemand::unlimited());
    respond_into(zones, query, &asker, &mut on_demand, &mut out).map(|_| out)
}

/// Answers one query as [`respond`] does, in a buffer that can be used again, with the EDNS options
/// that `asker` asks for and may have.
///
/// Over UDP, what is signed on demand is charged to the budget of `on_demand`.
///
/// The buffer is emptied first, and stays empty when the query deserves silence; then there is no
/// reply.
pub fn respond_into<'z>(
    zones: &'z ZoneSet,
    query: &[u8],
    asker: &Asker<'_>,
    on_demand: &mut OnDemand,
    out: &mut Vec<u8>,
) -> Option<Reply<'z>> {
    out.clear();
    if let Some(reply) = shortcut::respond(zones, query, asker, on_demand, out) {
        return Some(reply);
    }
    out.clear();
    let (response, reply) = respond_at_length(zones, query, asker, on_demand)?;
    out.extend(response);
    Some(reply)
}

/// Answers any query, taking it apart and putting the response together.
pub(crate) fn respond_at_length<'z>(
    zones: &'z ZoneSet,
    query: &[u8],
    asker: &Asker<'_>,
    on_demand: &mut OnDemand,
) -> Option<(Vec<u8>, Reply<'z>)> {
    let header = query.get(..HEADER_LENGTH)?;
    let flags = *header.get(2)?;
    if flags & 0x80 != 0 {
        return None; // a response; answering it could start a loop
    }
    if OpCode::from_u8((flags >> 3) & 0x0f) != OpCode::Query {
        return Some(header_only(header, ResponseCode::NotImp));
    }
    // Looked at before anything is parsed: thousands of questions would be costly to read, and to
    // repeat in a response (RFC 9619). None at all may be a question for a cookie (RFC 7873 §5.4).
    let only_edns = header.get(4..) == Some(&[0, 0, 0, 0, 0, 0, 0, 1]);
    if header.get(4..6) != Some(&[0, 1]) && !(only_edns && asker.options.cookies.is_some()) {
        return Some(header_only(header, ResponseCode::FormErr));
    }
    let Some((message, wanted)) = read(query) else {
        return Some(header_only(header, ResponseCode::FormErr));
    };
    let mut options = Vec::new();
    let answered = wanted
        .as_ref()
        .map(|wanted| wanted.answer(asker, &mut options));
    let cookie = answered.unwrap_or(CookieState::Absent);
    let (response, zone) = match &wanted {
        Some(wanted) if only_edns && wanted.has_cookie() => (about_cookie(&message, cookie), None),
        Some(_) => respond_to(zones, &message, asker.transport.is_udp(), on_demand),
        None => (opened(&message, ResponseCode::FormErr), None),
    };
    let has_edns = response.edns.is_some();
    let announced = message.edns.as_ref().map(Edns::max_payload);
    let limit = asker.transport.limit(announced);
    let encoded = encode(response, limit.saturating_sub(options.len()));
    let Some(mut encoded) = encoded else {
        return Some(header_only(header, ResponseCode::ServFail));
    };
    // OPT comes last, without options so far.
    let opt = encoded.len().checked_sub(OPT_LENGTH).filter(|_| has_edns);
    if let Some(opt) = opt {
        encoded.append(&mut options);
        pad(&mut encoded, opt, asker.transport)?;
    }
    Some((encoded, Reply { zone, cookie, opt }))
}

/// A query, and what it wants by its options if they are well-formed.
///
/// It is read without them: one that is of no concern here cannot spoil the rest.
fn read(query: &[u8]) -> Option<(Message, Option<Wanted<'_>>)> {
    let Some(options) = options_of(query) else {
        return Some((Message::from_vec(query).ok()?, Some(Wanted::default())));
    };
    let wanted = query.get(options.clone()).and_then(Wanted::read);
    let bare = without_options(query, options)?;
    Some((Message::from_vec(&bare).ok()?, wanted))
}

/// The beginning of a response: header, question and OPT record.
fn opened(query: &Message, code: ResponseCode) -> Message {
    let mut response = Message::response(query.metadata.id, OpCode::Query);
    response.metadata = Metadata::response_from_request(&query.metadata);
    response.metadata.response_code = code;
    response.add_queries(query.queries.iter().cloned());
    if let Some(asked) = &query.edns {
        let mut edns = Edns::new();
        edns.set_max_payload(UDP_PAYLOAD);
        edns.set_dnssec_ok(asked.flags().dnssec_ok);
        response.set_edns(edns);
    }
    response
}

/// The response to who asks for nothing but a cookie (RFC 7873 §5.4).
fn about_cookie(query: &Message, cookie: CookieState) -> Message {
    let code = match cookie {
        CookieState::Invalid => ResponseCode::BADCOOKIE,
        _ => ResponseCode::NoError,
    };
    opened(query, code)
}

/// The whole response, however long, and the zone that gives it.
fn respond_to<'z>(
    zones: &'z ZoneSet,
    query: &Message,
    spare: bool,
    on_demand: &mut OnDemand,
) -> (Message, Option<&'z Zone>) {
    let mut response = opened(query, ResponseCode::NoError);
    match outcome(zones, query, spare, on_demand) {
        Err(code) => {
            response.metadata.response_code = code;
            (response, None)
        }
        Ok((zone, answer)) => {
            response.metadata.response_code = answer.response_code;
            response.metadata.truncation = answer.truncated;
            if zone.denial.is_compact() {
                restore(query, &mut response);
            }
            response.metadata.authoritative = answer.authoritative;
            response.answers = answer.answers;
            response.authorities = answer.authorities;
            response.additionals = answer.additionals;
            (response, Some(zone))
        }
    }
}

/// Checks a query and has the right zone answer it.
fn outcome<'z>(
    zones: &'z ZoneSet,
    query: &Message,
    spare: bool,
    on_demand: &mut OnDemand,
) -> Result<(&'z Zone, Answer), ResponseCode> {
    let edns = query.edns.as_ref();
    if edns.is_some_and(|edns| edns.version() > 0) {
        return Err(ResponseCode::BADVERS);
    }
    let [question] = query.queries.as_slice() else {
        return Err(ResponseCode::FormErr);
    };
    if query.signature.is_some() {
        return Err(ResponseCode::NotAuth); // no TSIG key is known here (RFC 8945 §5.2)
    }
    check_question(question)?;
    let zone = match zones.holder_for(question.name(), question.query_type()) {
        Some(Holder::Served(zone)) => zone,
        Some(Holder::Withheld) => return Err(ResponseCode::ServFail),
        None => return Err(ResponseCode::Refused),
    };
    let dnssec_ok = edns.is_some_and(|edns| edns.flags().dnssec_ok);
    let (name, record_type) = (question.name(), question.query_type());
    let answer = zone.answer_on(on_demand, spare, name, record_type, dnssec_ok);
    Ok((zone, answer))
}

/// The response code of a compact denial: `NXDomain` only for who has signalled that he knows of
/// such denials (RFC 9824 §5.1), or wants no DNSSEC.
fn restore(query: &Message, response: &mut Message) {
    let asked = query.edns.as_ref().map(|edns| *edns.flags());
    let knows = asked.is_some_and(|flags| flags.z & COMPACT_OK != 0);
    if let Some(edns) = response.edns.as_mut().filter(|_| knows) {
        edns.flags_mut().z |= COMPACT_OK;
    }
    let wants_dnssec = asked.is_some_and(|flags| flags.dnssec_ok);
    if wants_dnssec && !knows && response.metadata.response_code == ResponseCode::NXDomain {
        response.metadata.response_code = ResponseCode::NoError;
    }
}

/// Refuses what is no question about records of class IN.
fn check_question(question: &Query) -> Result<(), ResponseCode> {
    if question.query_class() != DNSClass::IN {
        return Err(ResponseCode::Refused);
    }
    match question.query_type() {
        RecordType::ANY => Ok(()),
        RecordType::AXFR | RecordType::IXFR => Err(ResponseCode::Refused),
        RecordType::OPT => Err(ResponseCode::FormErr),
        RecordType::Unknown(NXNAME) => Err(ResponseCode::FormErr), // RFC 9824 §3.5
        // The other types that are questions or meta data only (RFC 6895 §3.1).
        other if (128..=255).contains(&u16::from(other)) => Err(ResponseCode::NotImp),
        _ => Ok(()),
    }
}

/// Encodes a response, giving up first what is optional, then everything but the question.
fn encode(mut response: Message, limit: usize) -> Option<Vec<u8>> {
    if response.metadata.truncation {
        return response.truncate().to_vec().ok();
    }
    let fits = |bytes: &Vec<u8>| bytes.len() <= limit && !is_truncated(bytes);
    if let Some(bytes) = response.to_vec().ok().filter(fits) {
        return Some(bytes);
    }
    if response.metadata.authoritative {
        // Only a referral is useless without its addresses (RFC 9471 §3).
        response.additionals.clear();
        if let Some(bytes) = response.to_vec().ok().filter(fits) {
            return Some(bytes);
        }
    }
    response.truncate().to_vec().ok()
}

/// Whether the encoder itself ran out of room and set the TC bit.
fn is_truncated(bytes: &[u8]) -> bool {
    bytes.get(2).is_some_and(|flags| flags & 0x02 != 0)
}

/// A response that is only the header of its query, turned round, with an error code.
fn header_only<'z>(header: &[u8], code: ResponseCode) -> (Vec<u8>, Reply<'z>) {
    let mut response = header.to_vec();
    if let Some(flags) = response.get_mut(2) {
        *flags = 0x80 | (*flags & 0x79); // QR; opcode and RD as asked
    }
    if let Some(flags) = response.get_mut(3) {
        *flags = (*flags & 0x10) | code.low(); // CD as asked
    }
    for count in response.iter_mut().skip(4) {
        *count = 0;
    }
    let (zone, cookie, opt) = (None, CookieState::Absent, None);
    (response, Reply { zone, cookie, opt })
}

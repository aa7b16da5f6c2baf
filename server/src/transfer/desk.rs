//! Who asks for a whole zone, or with a signed query, and what he gets.

use std::{
    collections::BTreeMap,
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use payname_resolver::hickory_proto::{
    op::Message,
    rr::{Name, RData},
    serialize::binary::{BinDecodable as _, BinDecoder},
};
use payname_zones::{Envelope, Messages, Transport};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    followed::Followed,
    offered::Offered,
    question::{asked_type, code, head, is_special, opcode, question_end},
    tsig::{KeyRing, Session, check_query},
};
use crate::{clock::Clock, publisher::Served};

/// How many transfers there are at the same time; who comes then is told to come again.
const AT_ONCE: usize = 32;
/// How many refusals are logged in a second: strangers must not fill the log.
const GRUMBLES: u32 = 10;

/// Answers what is asked about transfers, and whatever is signed.
pub(crate) struct Desk {
    /// What everybody may ask for.
    served: Served,
    keys: KeyRing,
    offered: BTreeMap<Name, Arc<Offered>>,
    followed: BTreeMap<Name, Arc<Followed>>,
    room: Arc<Semaphore>,
    grumbles: Mutex<(Duration, u32)>,
    clock: Clock,
}

/// The messages of one response.
pub(crate) enum Reply {
    /// One message, whichever way the query came.
    One {
        /// The message.
        message: Vec<u8>,
        /// Whether the query was signed well.
        is_signed: bool,
    },
    /// As many as it takes, over a stream.
    Many(Box<Stream>),
}

/// A transfer under way: each message is made, and signed, when the one before has gone.
pub(crate) struct Stream {
    messages: Messages,
    session: Option<Session>,
    clock: Clock,
    _place: OwnedSemaphorePermit,
}

impl Iterator for Stream {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut message = self.messages.next()?;
        if let Some(session) = &mut self.session {
            session.sign(&mut message, self.clock.now());
        }
        Some(message)
    }
}

/// A query that came whole and, if it was signed, signed well.
struct Asked {
    /// Without the signature.
    query: Vec<u8>,
    session: Option<Session>,
    client: IpAddr,
    transport: Transport,
}

impl Asked {
    /// The key that the query is signed with.
    fn key(&self) -> Option<&Name> {
        self.session.as_ref().map(Session::key_name)
    }

    /// What the signature adds to each message.
    fn overhead(&self) -> usize {
        self.session.as_ref().map_or(0, Session::overhead)
    }

    /// How long the response may be; over UDP 512 octets, or what is never fragmented with EDNS.
    fn limit(&self) -> usize {
        let has_edns = self.query.get(11).is_some_and(|count| *count > 0);
        match (self.transport, has_edns) {
            (Transport::Udp { .. }, true) => 1232,
            (Transport::Udp { .. }, false) => 512,
            _ => usize::from(u16::MAX),
        }
    }
}

/// Why somebody is refused. Who he is, is not said: the log has no addresses.
enum Complaint {
    NotFollowed(Option<Name>),
    NoPrimary(Option<Name>),
    NotOffered(Option<Name>),
    NotAllowed(Option<Name>, Option<Name>),
    Crowded,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |zone: &Option<Name>| {
            let name = zone.as_ref().map(Name::to_ascii).unwrap_or_default();
            name.escape_debug().to_string()
        };
        match self {
            Self::NotFollowed(zone) => {
                let zone = name(zone);
                write!(
                    f,
                    "NOTIFY for {zone}, which is not fetched from anybody; add a [[secondary]] table"
                )
            }
            Self::NoPrimary(zone) => {
                let zone = name(zone);
                write!(
                    f,
                    "NOTIFY for {zone} from an address, or with a key, of none of its `primaries`"
                )
            }
            Self::NotOffered(zone) => {
                let zone = name(zone);
                write!(
                    f,
                    "transfer of {zone}, which nobody may fetch; see `secondaries` and `transfer`"
                )
            }
            Self::NotAllowed(zone, None) => {
                let zone = name(zone);
                write!(
                    f,
                    "transfer of {zone}, asked for without a key; see `secondaries` and `transfer`"
                )
            }
            Self::NotAllowed(zone, key) => {
                let (zone, key) = (name(zone), name(key));
                write!(
                    f,
                    "transfer of {zone} with the key {key}; see `secondaries` and `transfer`"
                )
            }
            Self::Crowded => write!(f, "transfer, because {AT_ONCE} are under way"),
        }
    }
}

/// The name that a message asks about.
fn zone_of(message: &[u8]) -> Option<Name> {
    let question = message.get(code::HEADER..question_end(message)?)?;
    let mut name = Name::read(&mut BinDecoder::new(question)).ok()?;
    name.set_fqdn(true);
    Some(name.to_lowercase())
}

/// The serial that a client has, as a query for changes tells it (RFC 1995 §3).
fn serial_of(query: &[u8]) -> Option<u32> {
    let query = Message::from_vec(query).ok()?;
    let soa = query.authorities.first()?;
    match &soa.data {
        RData::SOA(soa) => Some(soa.serial),
        _ => None,
    }
}
impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (offered, followed) = (self.offered.len(), self.followed.len());
        write!(f, "Desk({offered} zones offered, {followed} followed)")
    }
}

impl Desk {
    pub(super) fn new(
        served: Served,
        keys: KeyRing,
        offered: impl IntoIterator<Item = Arc<Offered>>,
        followed: impl IntoIterator<Item = Arc<Followed>>,
        clock: Clock,
    ) -> Self {
        let offered = offered.into_iter().map(|zone| (zone.apex().clone(), zone));
        let followed = followed.into_iter().map(|zone| (zone.apex().clone(), zone));
        Self {
            served,
            keys,
            offered: offered.collect(),
            followed: followed.collect(),
            room: Arc::new(Semaphore::new(AT_ONCE)),
            grumbles: Mutex::default(),
            clock,
        }
    }

    /// The response to a query about transfers, or to a signed one; none to all others.
    pub(crate) fn answer(
        &self,
        query: &[u8],
        client: IpAddr,
        transport: Transport,
    ) -> Option<Reply> {
        if !is_special(query) {
            return None;
        }
        let mut bare = query.to_vec();
        let session = match check_query(&self.keys, &mut bare, self.clock.now()) {
            Ok(session) => session,
            Err(refusal) => {
                self.grumble(&refusal);
                return Some(Reply::One {
                    message: refusal.response(query, self.clock.now()),
                    is_signed: false,
                });
            }
        };
        let asked = Asked {
            query: bare,
            session,
            client,
            transport,
        };
        match (opcode(query), asked_type(query)) {
            (code::NOTIFY, _) => Some(self.hear(asked)),
            (_, Some(code::AXFR | code::IXFR)) => Some(self.transfer(asked)),
            _ => self.relay(asked),
        }
    }

    /// A signed query for anything else: answered as ever, and signed.
    fn relay(&self, asked: Asked) -> Option<Reply> {
        asked.session.as_ref()?;
        let zone = zone_of(&asked.query);
        let offered = zone.and_then(|zone| self.offered.get(&zone));
        let hidden = offered.filter(|zone| zone.is_hidden());
        let hidden = hidden.filter(|zone| zone.is_for(asked.client, asked.key()));
        let served = hidden.map_or(&self.served, |zone| zone.served());
        let response = served.respond(&asked.query, asked.transport);
        let response = response.unwrap_or_else(|| head(&asked.query, code::FORM_ERR));
        Some(self.reply(asked, response))
    }

    /// A NOTIFY.
    fn hear(&self, asked: Asked) -> Reply {
        let zone = zone_of(&asked.query);
        let followed = zone.as_ref().and_then(|zone| self.followed.get(zone));
        let code = match followed {
            None => {
                self.grumble(&Complaint::NotFollowed(zone));
                code::NOT_AUTH
            }
            Some(followed) if !followed.is_primary(asked.client, asked.key()) => {
                self.grumble(&Complaint::NoPrimary(zone));
                code::REFUSED
            }
            Some(followed) => {
                followed.wake();
                0
            }
        };
        let mut response = head(&asked.query, code);
        if let Some(flags) = response.get_mut(2) {
            *flags |= 0x04; // authoritative, as RFC 1996 §3 has it
        }
        self.reply(asked, response)
    }

    /// AXFR and IXFR.
    fn transfer(&self, asked: Asked) -> Reply {
        let zone = zone_of(&asked.query);
        let Some(offered) = zone.as_ref().and_then(|zone| self.offered.get(zone)) else {
            self.grumble(&Complaint::NotOffered(zone));
            return self.refuse(asked, code::NOT_AUTH);
        };
        let Some(to) = offered.allowed_by(asked.client, asked.key()) else {
            let key = asked.key().cloned();
            self.grumble(&Complaint::NotAllowed(zone, key));
            return self.refuse(asked, code::REFUSED);
        };
        let since = match asked_type(&asked.query) {
            Some(code::IXFR) => match serial_of(&asked.query) {
                Some(serial) => Some(serial),
                None => return self.refuse(asked, code::FORM_ERR),
            },
            _ => None,
        };
        let longest = usize::from(u16::MAX).saturating_sub(asked.overhead());
        let Some(envelope) = Envelope::answering(&asked.query, longest) else {
            return self.refuse(asked, code::FORM_ERR);
        };
        if matches!(asked.transport, Transport::Udp { .. }) {
            return self.over_udp(asked, offered, &envelope, since.is_some());
        }
        let Ok(place) = Arc::clone(&self.room).try_acquire_owned() else {
            self.grumble(&Complaint::Crowded);
            return self.refuse(asked, code::SERV_FAIL);
        };
        let Some(offer) = offered.offer(since, self.clock.now()) else {
            return self.refuse(asked, code::SERV_FAIL);
        };
        let messages = match offer.messages(&envelope) {
            Ok(messages) => messages,
            Err(error) => {
                self.grumble(&error);
                return self.refuse(asked, code::SERV_FAIL);
            }
        };
        let given = if offer.is_whole() { "AXFR" } else { "IXFR" };
        tracing::info!(zone = %offered.apex(), to, since, given, "transfer");
        Reply::Many(Box::new(Stream {
            messages,
            session: asked.session,
            clock: self.clock.clone(),
            _place: place,
        }))
    }

    /// Over UDP whoever asks for changes gets the SOA, and comes again over TCP (RFC 1995 §2).
    fn over_udp(
        &self,
        asked: Asked,
        offered: &Offered,
        envelope: &Envelope,
        is_ixfr: bool,
    ) -> Reply {
        let offer = offered.offer(None, self.clock.now());
        let soa = offer.and_then(|offer| offer.soa(envelope).ok());
        let soa = soa.and_then(|mut soa| soa.next());
        match soa.filter(|_| is_ixfr) {
            Some(soa) => self.reply(asked, soa),
            None => self.refuse(asked, code::REFUSED),
        }
    }

    fn refuse(&self, asked: Asked, code: u8) -> Reply {
        let response = head(&asked.query, code);
        self.reply(asked, response)
    }

    /// One message, signed if the query was.
    fn reply(&self, asked: Asked, mut response: Vec<u8>) -> Reply {
        let limit = asked.limit();
        let Some(mut session) = asked.session else {
            return Reply::One {
                message: response,
                is_signed: false,
            };
        };
        if response.len().saturating_add(session.overhead()) > limit {
            response = head(&asked.query, 0);
            if let Some(flags) = response.get_mut(2) {
                *flags |= 0x02; // TC: it comes again over TCP
            }
        }
        session.sign(&mut response, self.clock.now());
        Reply::One {
            message: response,
            is_signed: true,
        }
    }

    fn grumble(&self, about: &impl fmt::Display) {
        let now = self.clock.monotonic();
        let mut grumbles = self.grumbles.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = *grumbles;
        if now.saturating_sub(since) >= Duration::from_secs(1) {
            *grumbles = (now, 1);
        } else if count < GRUMBLES {
            *grumbles = (since, count.saturating_add(1));
        } else {
            return;
        }
        drop(grumbles);
        tracing::warn!("refused: {about}");
    }
}

//! A recursive resolver that is honest until it is told to lie.
//!
//! It validates nothing, which is the point: what comes out of it is proven or refused by whoever
//! asked.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use payname_resolver::hickory_proto::dnssec::rdata::DNSSECRData;
use payname_resolver::hickory_proto::op::{Edns, Message, MessageType, OpCode, ResponseCode};
use payname_resolver::hickory_proto::rr::{Name, RData, Record, RecordType};
use payname_resolver::hickory_proto::serialize::binary::{BinDecodable as _, BinEncodable as _};
use payname_resolver::resolution::Question;

use super::ask::over_tcp;
use super::lie::{Lie, asks_for_text};
use super::listener::{Answer, Carrier, Listener};

/// How many CNAME and DNAME records are followed.
const MAX_HOPS: usize = 8;
/// The largest datagram it sends, whatever is asked for.
const UDP_LIMIT: usize = 1232;

/// A recursor on free loopback ports, on UDP, TCP and HTTP; it ends when it is dropped.
#[derive(Debug)]
pub struct Recursor {
    state: Arc<State>,
    listener: Listener,
}

#[derive(Debug)]
struct State {
    /// The zones and who serves them, the deepest first.
    zones: Mutex<Vec<(Name, SocketAddr)>>,
    lie: Mutex<Option<Lie>>,
    /// The first honest response to every question.
    memory: Mutex<HashMap<Question, Message>>,
    asked: Asked,
}

/// How many questions arrived over what.
#[derive(Debug, Default)]
struct Asked {
    udp: AtomicUsize,
    tcp: AtomicUsize,
    https: AtomicUsize,
    names: Mutex<BTreeSet<Name>>,
}

impl Recursor {
    /// Starts one that asks these servers, each for its zone.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(zones: Vec<(Name, SocketAddr)>) -> Result<Self> {
        let state = Arc::new(State {
            zones: Mutex::default(),
            lie: Mutex::default(),
            memory: Mutex::default(),
            asked: Asked::default(),
        });
        let listener = Listener::open(state.clone()).await?;
        let recursor = Self { state, listener };
        for (zone, server) in zones {
            recursor.add_zone(zone, server);
        }
        Ok(recursor)
    }

    /// Learns of a further zone.
    pub fn add_zone(&self, zone: Name, server: SocketAddr) {
        let mut zones = lock(&self.state.zones);
        zones.push((zone, server));
        zones.sort_by_key(|(zone, _)| std::cmp::Reverse(zone.num_labels()));
    }

    /// Starts to lie, or changes the lie.
    pub fn lie(&self, lie: Lie) {
        *lock(&self.state.lie) = Some(lie);
    }

    /// Is honest again.
    pub fn be_honest(&self) {
        *lock(&self.state.lie) = None;
    }

    /// Where it answers on UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Where it answers DNS over HTTP.
    pub fn doh_url(&self) -> String {
        self.listener.doh_url()
    }

    /// How many questions arrived so far over UDP, TCP and HTTP.
    pub fn asked(&self) -> [usize; 3] {
        let asked = &self.state.asked;
        [&asked.udp, &asked.tcp, &asked.https].map(|count| count.load(Ordering::Relaxed))
    }

    /// The names that were asked about so far, unless the answer was nonsense whatever the question.
    pub fn names_asked(&self) -> BTreeSet<Name> {
        lock(&self.state.asked.names).clone()
    }
}

impl Answer for State {
    async fn answer(&self, message: Vec<u8>, carrier: Carrier) -> Option<Vec<u8>> {
        let count = match carrier {
            Carrier::Udp => &self.asked.udp,
            Carrier::Tcp => &self.asked.tcp,
            Carrier::Https => &self.asked.https,
        };
        count.fetch_add(1, Ordering::Relaxed);
        let lie = lock(&self.lie).clone();
        match lie {
            Some(Lie::Silence) => return None,
            Some(Lie::Garbage) => return Some(garbage(700)),
            Some(Lie::Flood) => {
                return Some(garbage(match carrier {
                    Carrier::Udp => 8 * 1024,
                    Carrier::Tcp => 65_535,
                    Carrier::Https => 4 * 1024 * 1024,
                }));
            }
            Some(Lie::FloodOverTcp) if carrier == Carrier::Tcp => return Some(garbage(65_535)),
            Some(Lie::Slow(delay)) => tokio::time::sleep(delay).await,
            _ => {}
        }
        let query = Message::from_bytes(&message).ok()?;
        let mut response = match self.resolve(&query, lie.as_ref()).await {
            Ok(response) => response,
            Err(_) => failure(&query),
        };
        if let Some(lie) = &lie {
            lie.twist(&mut response);
        }
        Some(encode(&response, &query, carrier))
    }
}

impl State {
    async fn resolve(&self, query: &Message, lie: Option<&Lie>) -> Result<Message> {
        let asked = query.queries.first().context("no question")?;
        let question = Question::new(asked.name().clone(), asked.query_type());
        lock(&self.asked.names).insert(asked.name().clone());
        let honest = match lie {
            Some(Lie::AnotherNamesRecord(other)) if asks_for_text(query) => {
                self.gather(&Question::new(other.clone(), RecordType::TXT))
                    .await?
            }
            Some(Lie::RenamedRecord(other)) if asks_for_text(query) => {
                let mut found = self
                    .gather(&Question::new(other.clone(), RecordType::TXT))
                    .await?;
                for record in &mut found.answers {
                    record.name = question.name.clone();
                }
                found
            }
            Some(Lie::Replay) => {
                let remembered = lock(&self.memory).get(&question).cloned();
                match remembered {
                    Some(remembered) => remembered,
                    None => self.gather(&question).await?,
                }
            }
            _ => {
                let honest = self.gather(&question).await?;
                lock(&self.memory)
                    .entry(question)
                    .or_insert_with(|| honest.clone());
                honest
            }
        };
        let mut response = honest;
        response.metadata.id = query.metadata.id;
        response.metadata.recursion_desired = query.metadata.recursion_desired;
        response.metadata.checking_disabled = query.metadata.checking_disabled;
        response.queries.clone_from(&query.queries);
        Ok(response)
    }

    /// Asks the authorities and follows aliases from zone to zone.
    async fn gather(&self, question: &Question) -> Result<Message> {
        let mut response = Message::new(0, MessageType::Response, OpCode::Query);
        response.metadata.recursion_available = true;
        let mut edns = Edns::new();
        edns.set_dnssec_ok(true).set_max_payload(UDP_LIMIT as u16);
        response.edns = Some(edns);
        let mut name = question.name.clone();
        for _ in 0..MAX_HOPS {
            let server = self.server_for(&name, question.record_type)?;
            let step = Question::new(name.clone(), question.record_type);
            let mut answer = over_tcp(server, &step.to_message(1)).await?;
            let target = alias_target(&answer, &name, question.record_type);
            response.answers.append(&mut answer.answers);
            response.authorities.append(&mut answer.authorities);
            response.metadata.response_code = answer.metadata.response_code;
            match target {
                Some(target) => name = target,
                None => break,
            }
        }
        Ok(response)
    }

    /// The server of the deepest zone that `name` is in; for DS, of the zone above it.
    fn server_for(&self, name: &Name, record_type: RecordType) -> Result<SocketAddr> {
        let zones = lock(&self.zones);
        zones
            .iter()
            .filter(|(zone, _)| {
                let is_parents_matter = record_type == RecordType::DS && !name.is_root();
                !(is_parents_matter && zone == name)
            })
            .find(|(zone, _)| zone.zone_of(name))
            .map(|(_, server)| *server)
            .with_context(|| format!("no server for {name}"))
    }
}

/// Where the chain of aliases in an answer leads without reaching what was asked for.
fn alias_target(answer: &Message, name: &Name, record_type: RecordType) -> Option<Name> {
    if record_type == RecordType::CNAME {
        return None; // the alias itself is what was asked for
    }
    let mut current = name.clone();
    for _ in 0..MAX_HOPS {
        let next = answer.answers.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name == current => Some(target.0.clone()),
            _ => None,
        });
        match next {
            Some(next) => current = next,
            None => break,
        }
    }
    let is_reached = answer
        .answers
        .iter()
        .any(|record| record.name == current && record.record_type() == record_type);
    let is_denied = !answer.authorities.is_empty() && answer.authorities.iter().any(is_soa);
    (current != *name && !is_reached && !is_denied).then_some(current)
}

fn is_soa(record: &Record) -> bool {
    record.record_type() == RecordType::SOA
}

/// The type of a record; of an RRSIG, the type it covers.
pub(super) fn covered_type(record: &Record) -> RecordType {
    match &record.data {
        RData::DNSSEC(DNSSECRData::RRSIG(rrsig)) => rrsig.input().type_covered,
        _ => record.record_type(),
    }
}

fn failure(query: &Message) -> Message {
    let mut message = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
    message.metadata.response_code = ResponseCode::ServFail;
    message.queries.clone_from(&query.queries);
    message
}

fn encode(response: &Message, query: &Message, carrier: Carrier) -> Vec<u8> {
    let bytes = response.to_bytes().unwrap_or_default();
    let limit = usize::from(query.max_payload()).min(UDP_LIMIT);
    if carrier == Carrier::Udp && bytes.len() > limit {
        return response.truncate().to_bytes().unwrap_or_default();
    }
    bytes
}

/// Bytes without meaning that are the same on every run.
fn garbage(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    std::iter::repeat_with(|| {
        // xorshift32: no crate, no seed, no two equal blocks
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    })
    .take(length)
    .collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

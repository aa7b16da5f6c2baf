//! Any name server that takes updates (RFC 2136), signed with a key that both know (TSIG).
//!
//! What stands at a name is part of every change as its prerequisite. Who was faster is therefore noticed, and
//! a forged answer to our question changes nothing. All goes over one TCP connection that is kept: it costs
//! what a datagram costs, and a hundred names fit into one message.

mod message;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use payname_resolver::hickory_proto::{
    dnssec::{DigestType, PublicKey as _, rdata::DNSSECRData},
    op::Message,
    rr::{Name, RData, RecordType},
};
use tokio::sync::Mutex;

use self::message::updates;
use super::{
    edit::{Edit, Found, Text},
    provider::{Looked, Outcome, Provider, ProviderError, Signing},
};
use crate::{
    clock::Clock,
    config::Peer,
    transfer::{Exchange, ExchangeError, Line, code, question, response_code},
};

/// How many names go into one message.
const TOGETHER: usize = 100;
/// AA, in the third octet of a header.
const AUTHORITATIVE: u8 = 0x04;

/// A name server that takes updates.
#[derive(Debug)]
pub(crate) struct Rfc2136 {
    zone: Name,
    peer: Peer,
    clock: Clock,
    line: Mutex<Option<Line>>,
}

impl Rfc2136 {
    pub(crate) fn new(zone: Name, peer: Peer, clock: Clock) -> Self {
        Self {
            zone,
            peer,
            clock,
            line: Mutex::default(),
        }
    }

    /// Asks over the connection that there is; one that has been closed meanwhile is made anew, once.
    async fn ask(&self, messages: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, ProviderError> {
        let mut line = self.line.lock().await;
        if let Some(mut old) = line.take() {
            match old.ask(messages.clone()).await {
                Ok(responses) => {
                    *line = Some(old);
                    return Ok(responses);
                }
                // What it did before, it does not do twice: every change is under a condition.
                Err(ExchangeError::Connection(_)) => {}
                Err(error) => return Err(self.no_answer(error)),
            }
        }
        let connecting = Line::connect(&self.peer, &self.clock).await;
        let mut new = connecting.map_err(|error| self.no_answer(error))?;
        let responses = new.ask(messages).await;
        let responses = responses.map_err(|error| self.no_answer(error))?;
        *line = Some(new);
        Ok(responses)
    }

    /// What a response says of a name that was asked for.
    fn found(&self, owner: &Name, response: &[u8]) -> Result<Found, ProviderError> {
        let code = response_code(response);
        if !matches!(code, 0 | 3) {
            return Err(self.refused(code));
        }
        let message = self.read(response)?;
        if response
            .get(2)
            .is_none_or(|flags| flags & AUTHORITATIVE == 0)
        {
            return Err(self.says(
                "its answer is not authoritative",
                format!("`server` must be the primary name server of {}", self.zone),
            ));
        }
        let mut texts = Vec::new();
        for record in message.answers.iter().filter(|one| one.name == *owner) {
            match &record.data {
                RData::TXT(txt) => texts.push(Text::new(txt, record.ttl)),
                RData::CNAME(_) => {
                    let (owner, place) = (owner.clone(), self.place());
                    return Err(ProviderError::Alias { owner, place });
                }
                _ => {} // signatures
            }
        }
        let owner = owner.clone();
        Ok(Found { owner, texts })
    }

    /// Sends edits as one message; where it is refused for what one of them says, as ever smaller ones.
    async fn update(&self, edits: &[Edit]) -> Result<Vec<Outcome>, ProviderError> {
        let mut outcomes = Vec::with_capacity(edits.len());
        let mut rest = edits;
        for (count, message) in updates(&self.zone, edits, TOGETHER) {
            let (these, later) = rest.split_at_checked(count).unwrap_or((rest, &[]));
            rest = later;
            let response = self.ask(vec![message]).await?.pop().unwrap_or_default();
            match response_code(&response) {
                0 => outcomes.extend(these.iter().map(|_| Ok(()))),
                // REFUSED, YXRRSET and NXRRSET may be about one name alone.
                5 | 7 | 8 if count > 1 => {
                    let (one, other) = these.split_at_checked(count / 2).unwrap_or((these, &[]));
                    outcomes.extend(Box::pin(self.update(one)).await?);
                    outcomes.extend(Box::pin(self.update(other)).await?);
                }
                7 | 8 => outcomes.extend(these.iter().map(|edit| {
                    let owner = edit.owner.clone();
                    Err(ProviderError::Overtaken(owner).into())
                })),
                code => {
                    let error = Arc::new(self.refused(code));
                    outcomes.extend(these.iter().map(|_| Err(Arc::clone(&error))));
                }
            }
        }
        Ok(outcomes)
    }

    fn read(&self, response: &[u8]) -> Result<Message, ProviderError> {
        Message::from_vec(response).map_err(|error| self.no_answer(error))
    }

    fn no_answer(&self, source: impl std::error::Error + Send + Sync + 'static) -> ProviderError {
        ProviderError::NoAnswer {
            place: self.place(),
            source: Box::new(source),
        }
    }

    fn says(&self, answer: &str, remedy: String) -> ProviderError {
        ProviderError::Refused {
            place: self.place(),
            answer: answer.to_owned(),
            remedy,
        }
    }

    fn refused(&self, code: u8) -> ProviderError {
        let zone = &self.zone;
        let key = self.peer.key.as_ref();
        let key = key.map_or_else(String::new, |key| format!(" by the key {}", key.name()));
        let (name, remedy) = match code {
            1 => (
                "FORMERR",
                "it may be too old for this form of update".to_owned(),
            ),
            2 => ("SERVFAIL", "its log says why".to_owned()),
            4 => (
                "NOTIMP",
                "it takes no updates; turn them on there".to_owned(),
            ),
            5 => (
                "REFUSED",
                format!("let TXT records in {zone} be read, changed and transferred{key}"),
            ),
            9 => (
                "NOTAUTH",
                format!("it must be the primary of {zone}, and know the key"),
            ),
            10 => ("NOTZONE", format!("`zone` must be its zone, and is {zone}")),
            _ => ("an unusual response code", "its log says why".to_owned()),
        };
        self.says(&format!("{name}, response code {code}"), remedy)
    }
}

#[async_trait]
impl Provider for Rfc2136 {
    fn place(&self) -> String {
        format!("the name server {}", self.peer.address)
    }

    fn most_at_once(&self) -> usize {
        TOGETHER
    }

    async fn look(&self, owners: &[Name]) -> Result<Vec<Looked>, ProviderError> {
        let questions = owners.iter();
        let questions = questions.map(|owner| question(code::QUERY, owner, code::TXT, 0));
        let responses = self.ask(questions.collect()).await?;
        let found = owners.iter().zip(&responses);
        let looked = found.map(|(owner, response)| self.found(owner, response).map_err(Arc::new));
        Ok(looked.collect())
    }

    async fn change(&self, edits: &[Edit]) -> Result<Vec<Outcome>, ProviderError> {
        self.update(edits).await
    }

    /// By a transfer (AXFR), signed with the same key.
    async fn list(&self) -> Result<Vec<Found>, ProviderError> {
        let make = |id| question(code::QUERY, &self.zone, code::AXFR, id);
        let beginning = Exchange::begin(&self.peer, &self.clock, make).await;
        let mut exchange = beginning.map_err(|error| self.no_answer(error))?;
        let mut found: BTreeMap<Name, Found> = BTreeMap::new();
        let mut ends = 0_usize;
        while ends < 2 || !exchange.is_complete() {
            let message = exchange.next().await;
            let message = message.map_err(|error| self.no_answer(error))?;
            let code = response_code(&message);
            if code != 0 {
                return Err(self.refused(code));
            }
            for record in self.read(&message)?.answers {
                match record.data {
                    RData::SOA(_) if record.name == self.zone => ends = ends.saturating_add(1),
                    RData::TXT(txt) => {
                        let owner = record.name.to_lowercase();
                        let at = found.entry(owner.clone());
                        let at = at.or_insert(Found {
                            owner,
                            texts: Vec::new(),
                        });
                        at.texts.push(Text::new(&txt, record.ttl));
                    }
                    _ => {}
                }
            }
            if ends == 0 {
                let remedy = format!("it must be the primary of {}", self.zone);
                return Err(self.says("its transfer does not begin with the SOA", remedy));
            }
        }
        Ok(found.into_values().collect())
    }

    async fn signs(&self) -> Result<Signing, ProviderError> {
        let asked = question(code::QUERY, &self.zone, code::DNSKEY, 0);
        let response = self.ask(vec![asked]).await?.pop().unwrap_or_default();
        let code = response_code(&response);
        if code != 0 {
            return Err(self.refused(code));
        }
        let message = self.read(&response)?;
        let keys = message
            .answers
            .iter()
            .filter_map(|record| match &record.data {
                RData::DNSSEC(DNSSECRData::DNSKEY(key)) => Some((record.ttl, key)),
                _ => None,
            });
        let keys: Vec<_> = keys.filter(|(_, key)| key.zone_key()).collect();
        if keys.is_empty() {
            return Ok(Signing::Unsigned);
        }
        let asked_for = keys
            .into_iter()
            .filter(|(_, key)| key.secure_entry_point() && !key.revoke());
        let lines = asked_for.filter_map(|(ttl, key)| {
            let digest = key.to_digest(&self.zone, DigestType::SHA256).ok()?;
            let (tag, algorithm) = (key.calculate_key_tag().ok()?, key.public_key().algorithm());
            let digest = data_encoding::HEXUPPER.encode(digest.as_ref());
            let (zone, kind) = (self.zone.to_ascii(), RecordType::DS);
            Some(format!(
                "{zone} {ttl} IN {kind} {tag} {} 2 {digest}",
                u8::from(algorithm)
            ))
        });
        Ok(Signing::Signed(lines.collect()))
    }
}

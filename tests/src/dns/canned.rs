//! A recursor that answers from a heap of records, whatever they are, and claims what it is told to.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use payname_fuzz::raw::Raw;
use payname_resolver::Proof;
use payname_resolver::hickory_proto::rr::{Name, RecordType};
use payname_resolver::hickory_proto::serialize::binary::{BinDecodable as _, BinDecoder};
use payname_resolver::proof::ResourceRecord;

use super::listener::{Answer, Carrier, Listener};

/// The most aliases that are followed.
const MAX_HOPS: usize = 16;

/// A recursor that gives out the records of a proof as if it had found them in the DNS.
///
/// So a validator behind it judges the very records that a proof holds. Where they hold no answer
/// it gives the denials of the nearest zone that has any, and claims that the name is not there or
/// only the records are not: that is for the validator to find out.
#[derive(Debug)]
pub struct Canned {
    listener: Listener,
}

/// What is claimed where there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The name exists.
    NoData,
    /// The name does not exist.
    NxDomain,
}

#[derive(Debug)]
struct Heap {
    records: Vec<ResourceRecord>,
    claim: Claim,
    /// The type that the claim is about; for all others it is that the name exists.
    claimed: RecordType,
}

impl Canned {
    /// Starts it; the claim is about questions for `record_type`.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(proof: &Proof, record_type: RecordType, claim: Claim) -> Result<Self> {
        let heap = Heap {
            records: proof.records().to_vec(),
            claim,
            claimed: record_type,
        };
        let listener = Listener::open(Arc::new(heap)).await?;
        Ok(Self { listener })
    }

    /// Where it answers, on UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }
}

impl Answer for Heap {
    async fn answer(&self, message: Vec<u8>, _: Carrier) -> Option<Vec<u8>> {
        let mut decoder = BinDecoder::new(message.get(12..)?);
        let mut name = Name::read(&mut decoder).ok()?.to_lowercase();
        name.set_fqdn(true);
        let record_type = RecordType::read(&mut decoder).ok()?;
        decoder.read_slice(2).ok()?;
        let end = 12 + decoder.index();
        let (answers, authorities, is_found) = self.find(&name, record_type);
        let is_name_error =
            !is_found && self.claim == Claim::NxDomain && self.claimed == record_type;
        // QR, RD, RA and CD; the question as it came; no additional records.
        let mut reply = message[..2].to_vec();
        reply.extend([0x81, if is_name_error { 0x93 } else { 0x90 }, 0, 1]);
        reply.extend(u16::try_from(answers.len()).ok()?.to_be_bytes());
        reply.extend(u16::try_from(authorities.len()).ok()?.to_be_bytes());
        reply.extend([0, 0]);
        reply.extend(&message[12..end]);
        reply.extend(Raw::join(&answers));
        reply.extend(Raw::join(&authorities));
        Some(reply)
    }
}

impl Heap {
    /// The answer, the denials beside it, and whether the records asked for are in it.
    fn find(&self, name: &Name, record_type: RecordType) -> (Vec<Raw>, Vec<Raw>, bool) {
        let mut answers = Vec::new();
        let mut at = name.clone();
        let mut is_found = false;
        let mut is_expanded = false;
        let mut passed = vec![at.clone()];
        while passed.len() <= MAX_HOPS {
            if self.has(&at, record_type) {
                is_found = true;
                is_expanded |= self.give(&at, record_type, &mut answers);
                break;
            }
            let target = if let Some(dname) = self.dname_above(&at) {
                is_expanded |= self.give(&dname, RecordType::DNAME, &mut answers);
                let target = self.target(&dname, RecordType::DNAME);
                let kept = at.iter().count() - dname.iter().count();
                let target = target.and_then(|target| {
                    let prefix = Name::from_labels(at.iter().take(kept)).ok()?;
                    prefix.append_domain(&target).ok()
                });
                // The CNAME that goes with it, which nobody signs (RFC 6672 §5.3.1).
                answers.extend(target.as_ref().map(|target| {
                    raw(&ResourceRecord::new(
                        &at,
                        RecordType::CNAME,
                        0,
                        wire(target),
                    ))
                }));
                target
            } else if self.has(&at, RecordType::CNAME) {
                is_expanded |= self.give(&at, RecordType::CNAME, &mut answers);
                self.target(&at, RecordType::CNAME)
            } else {
                None
            };
            match target {
                Some(target) if !passed.contains(&target) => at = target,
                _ => break,
            }
            passed.push(at.clone());
        }
        let mut authorities = Vec::new();
        if !is_found || is_expanded {
            for name in &passed {
                self.deny(name, record_type, &mut authorities);
            }
        }
        (answers, authorities, is_found)
    }

    fn has(&self, owner: &Name, record_type: RecordType) -> bool {
        self.set(owner, record_type).next().is_some()
    }

    fn set(&self, owner: &Name, record_type: RecordType) -> impl Iterator<Item = &ResourceRecord> {
        self.records
            .iter()
            .filter(move |record| record.name() == owner && record.record_type() == record_type)
    }

    /// The signatures over a set, each with its number of labels and its signer.
    fn signatures(
        &self,
        owner: &Name,
        record_type: RecordType,
    ) -> impl Iterator<Item = (&ResourceRecord, u8, Name)> {
        self.set(owner, RecordType::RRSIG)
            .filter_map(move |record| {
                let rdata = record.rdata();
                let covered = u16::from_be_bytes([*rdata.first()?, *rdata.get(1)?]);
                let signer = Name::read(&mut BinDecoder::new(rdata.get(18..)?)).ok()?;
                (covered == u16::from(record_type)).then_some((record, rdata[3], signer))
            })
    }

    /// Adds a set and its signatures; says whether a wildcard made it.
    fn give(&self, owner: &Name, record_type: RecordType, section: &mut Vec<Raw>) -> bool {
        section.extend(self.set(owner, record_type).map(raw));
        let mut is_expanded = false;
        let labels = owner.iter().filter(|label| *label != b"*").count();
        for (record, counted, _) in self.signatures(owner, record_type) {
            section.push(raw(record));
            is_expanded |= usize::from(counted) < labels;
        }
        is_expanded
    }

    fn dname_above(&self, name: &Name) -> Option<Name> {
        let mut above = name.clone();
        while !above.is_root() {
            above = above.base_name();
            if self.has(&above, RecordType::DNAME) {
                return Some(above);
            }
        }
        None
    }

    fn target(&self, owner: &Name, record_type: RecordType) -> Option<Name> {
        let record = self.set(owner, record_type).next()?;
        let target = Name::read(&mut BinDecoder::new(record.rdata())).ok()?;
        Some(target.to_lowercase())
    }

    /// Adds the denials of the zone nearest to `name` that has any; its parent's for a DS record.
    fn deny(&self, name: &Name, record_type: RecordType, section: &mut Vec<Raw>) {
        let is_denial = |record: &&ResourceRecord| {
            matches!(record.record_type(), RecordType::NSEC | RecordType::NSEC3)
        };
        let signed: Vec<(&ResourceRecord, Name)> = self
            .records
            .iter()
            .filter(is_denial)
            .flat_map(|record| {
                self.signatures(record.name(), record.record_type())
                    .map(move |(_, _, signer)| (record, signer))
            })
            .filter(|(_, signer)| {
                signer.zone_of(name) && (record_type != RecordType::DS || signer != name)
            })
            .collect();
        let Some(nearest) = signed.iter().map(|(_, signer)| signer.iter().count()).max() else {
            return;
        };
        for (record, signer) in signed {
            let records = [raw(record)].into_iter().chain(
                self.signatures(record.name(), record.record_type())
                    .map(|(record, _, _)| raw(record)),
            );
            if signer.iter().count() == nearest {
                for record in records {
                    if !section.contains(&record) {
                        section.push(record);
                    }
                }
            }
        }
    }
}

fn wire(name: &Name) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.iter() {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label);
    }
    bytes.push(0);
    bytes
}

fn raw(record: &ResourceRecord) -> Raw {
    Raw {
        owner: wire(record.name()),
        kind: record.record_type().into(),
        class: 1,
        ttl: record.ttl(),
        rdata: record.rdata().to_vec(),
    }
}

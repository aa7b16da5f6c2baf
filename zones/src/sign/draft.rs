//! Records that are to be signed, as bytes all the way: how many are signed in little time.

use hickory_proto::dnssec::{DnsSecError, TBS};
use hickory_proto::rr::RecordType;
use hickory_proto::rr::rdata::TXT;

use super::{SignError, Signer};
use crate::keys::SigningKey;
use crate::layout::Layout;
use crate::names::suffixes;
use crate::packed::{Packed, bodies, rdata_bytes, write_body};
use crate::record_set::{RecordSet, RecordSetError, checked_ttl};

/// All records of one type at one name, in canonical order and unsigned.
///
/// Each is `type, class, TTL, RDLENGTH, RDATA`, as in what is signed and in what is stored; the names
/// in it are in lower case where the type wants it (RFC 4034 §6.2, RFC 6840 §5.1).
#[derive(Debug)]
pub(crate) struct Draft {
    record_type: RecordType,
    ttl: u32,
    records: Vec<u8>,
}

impl Draft {
    /// A record set in this form; none where its data has no wire form.
    pub(super) fn of(set: &RecordSet) -> Option<Self> {
        let layout = Layout::of(set.record_type().into());
        let data = set.data().iter().map(rdata_bytes);
        let data = data.map(|rdata| Some(layout.canonical(rdata?)));
        let mut data = data.collect::<Option<Vec<_>>>()?;
        data.sort(); // canonical order, each record once (RFC 4034 §6.3)
        data.dedup();
        let mut draft = Self::new(set.record_type(), set.ttl(), 512);
        data.iter().for_each(|rdata| draft.push(rdata));
        Some(draft)
    }

    /// One link of a denial chain.
    pub(crate) fn link(record_type: RecordType, ttl: u32, rdata: &[u8]) -> Self {
        let mut draft = Self::new(record_type, ttl, rdata.len());
        draft.push(rdata);
        draft
    }

    /// One TXT record, whose data has nothing to be put into lower case.
    pub(crate) fn txt(ttl: u32, txt: &TXT) -> Result<Self, RecordSetError> {
        let strings = &txt.txt_data;
        let octets = strings.iter().map(|string| string.len().saturating_add(1));
        let mut rdata = Vec::with_capacity(octets.sum());
        for string in strings {
            let length = u8::try_from(string.len());
            rdata.push(length.map_err(|_| RecordSetError::TooLarge(RecordType::TXT))?);
            rdata.extend_from_slice(string);
        }
        if u16::try_from(rdata.len()).is_err() {
            return Err(RecordSetError::TooLarge(RecordType::TXT));
        }
        Ok(Self::link(RecordType::TXT, checked_ttl(ttl)?, &rdata))
    }

    fn new(record_type: RecordType, ttl: u32, octets: usize) -> Self {
        Self {
            record_type,
            ttl,
            records: Vec::with_capacity(octets.saturating_add(10)),
        }
    }

    fn push(&mut self, rdata: &[u8]) {
        write_body(&mut self.records, self.record_type, self.ttl, rdata);
    }

    /// What is signed (RFC 4034 §3.1.8.1): the data of the RRSIG without the signature, and every
    /// record behind its owner name.
    pub(super) fn to_be_signed(&self, head: &[u8], owner: &[u8]) -> TBS {
        let mut bytes = Vec::with_capacity(1024);
        bytes.extend_from_slice(head);
        for body in bodies(&self.records) {
            bytes.extend_from_slice(owner);
            bytes.extend_from_slice(body);
        }
        TBS::from(bytes.as_slice())
    }
}

/// What the data of an RRSIG record begins with, up to the signature (RFC 4034 §3.1).
pub(super) struct Head<'a> {
    pub(super) record_type: RecordType,
    pub(super) algorithm: u8,
    pub(super) labels: u8,
    pub(super) ttl: u32,
    pub(super) expiration: u32,
    pub(super) inception: u32,
    pub(super) key_tag: u16,
    /// The signer's name in lower-case wire form.
    pub(super) signer: &'a [u8],
}

impl Head<'_> {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(128);
        bytes.extend(u16::from(self.record_type).to_be_bytes());
        bytes.extend([self.algorithm, self.labels]);
        bytes.extend(self.ttl.to_be_bytes());
        bytes.extend(self.expiration.to_be_bytes());
        bytes.extend(self.inception.to_be_bytes());
        bytes.extend(self.key_tag.to_be_bytes());
        bytes.extend_from_slice(self.signer);
        bytes
    }
}

impl Signer<'_> {
    /// Signs records that are to live at `owner`, in lower-case wire form; what is to be stored.
    pub(crate) fn seal(&self, owner: &[u8], draft: &Draft) -> Result<Packed, SignError> {
        let record_type = draft.record_type;
        let expires = self.policy.end(self.now, owner, record_type);
        let signers = self.keys.signers_of(record_type);
        let made = signers.map(|key| {
            let made = self.rrsig(key, owner, draft, expires.0 as u32);
            made.map_err(|source| SignError::at_wire(owner, record_type, source))
        });
        let mut made = made.collect::<Result<Vec<_>, _>>()?;
        made.sort_unstable();
        let mut signatures = Vec::with_capacity(160);
        for rdata in made {
            write_body(&mut signatures, RecordType::RRSIG, draft.ttl, &rdata);
        }
        Ok(Packed::of(
            record_type.into(),
            expires,
            &draft.records,
            &signatures,
        ))
    }

    /// The data of one key's RRSIG record.
    fn rrsig(
        &self,
        key: &SigningKey,
        owner: &[u8],
        draft: &Draft,
        expiration: u32,
    ) -> Result<Vec<u8>, DnsSecError> {
        let head = Head {
            record_type: draft.record_type,
            algorithm: key.algorithm().number(),
            labels: labels(owner),
            ttl: draft.ttl,
            expiration,
            inception: self.inception(),
            key_tag: key.key_tag(),
            signer: &self.origin_wire,
        };
        let mut rdata = head.to_bytes();
        let signature = key.sign(&draft.to_be_signed(&rdata, owner))?;
        self.count();
        rdata.extend(signature);
        Ok(rdata)
    }
}

/// The labels of a name in wire form without the root's and a leading `*` (RFC 4034 §3.1.3).
fn labels(owner: &[u8]) -> u8 {
    let all = suffixes(owner).count().saturating_sub(1);
    let counted = all.saturating_sub(usize::from(owner.starts_with(b"\x01*")));
    counted as u8 // a name has at most 127
}

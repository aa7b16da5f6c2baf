//! Watching the parent of a zone: which DS records it serves, proven through a resolver.

use payname_resolver::{
    Outcome, Proof, TrustAnchors, UnixTime,
    hickory_proto::{
        dnssec::{Algorithm, rdata::DS},
        rr::{Name, RecordType},
    },
    net::{Client, ClientError, GatherError},
    proof::Bogus,
};
use payname_zones::ParentView;

use crate::config::Prove;

/// Asks for DS records and verifies them.
#[derive(Debug)]
pub(crate) struct ParentWatcher {
    client: Client,
    anchors: TrustAnchors,
}

impl ParentWatcher {
    /// A watcher that asks a recursive resolver and starts from anchors above our zones.
    pub(crate) fn through(prove: &Prove) -> Result<Self, ClientError> {
        Ok(Self {
            client: Client::new(prove.dns.clone())?,
            anchors: prove.anchors.clone(),
        })
    }

    /// What the parent of `zone` serves.
    pub(crate) async fn look(&self, zone: &Name, now: UnixTime) -> Result<ParentView, ParentError> {
        let gathered = self.client.gather_at(zone, RecordType::DS).await;
        let gathered = gathered.map_err(Box::new)?;
        match gathered
            .proof
            .judge(zone, RecordType::DS, &self.anchors, now)
        {
            Outcome::Secure(secure) => {
                let ds = secure
                    .records
                    .iter()
                    .filter_map(|record| ds(record.rdata()));
                let (ttl, signed_from) = signature(&secure.proof, zone);
                Ok(ParentView {
                    ds: ds.collect(),
                    ttl,
                    signed_from,
                })
            }
            Outcome::Denied(denial) => Ok(ParentView {
                ds: Vec::new(),
                ttl: denial.cache_ttl,
                signed_from: Some(denial.window.valid_from),
            }),
            Outcome::Insecure(insecure) => Err(ParentError::Unsigned(insecure.zone)),
            Outcome::Bogus(bogus) => Err(ParentError::Bogus(Box::new(bogus))),
        }
    }
}

/// DS RDATA (RFC 4034 §5.1) taken apart.
fn ds(rdata: &[u8]) -> Option<DS> {
    let (head, digest) = rdata.split_at_checked(4)?;
    let [tag_high, tag_low, algorithm, digest_type] = *head else {
        return None;
    };
    let tag = u16::from_be_bytes([tag_high, tag_low]);
    let algorithm = Algorithm::from_u8(algorithm);
    Some(DS::new(tag, algorithm, digest_type.into(), digest.to_vec()))
}

/// The TTL that the parent signed, and when its signature began (RFC 4034 §3.1).
fn signature(proof: &Proof, zone: &Name) -> (u32, Option<UnixTime>) {
    let number = |rdata: &[u8], at: usize| {
        let octets = rdata.get(at..at.saturating_add(4))?;
        Some(u32::from_be_bytes(octets.try_into().ok()?))
    };
    let mut signatures = proof.records().iter().filter(|record| {
        let covers = record.rdata().get(..2) == Some(&u16::from(RecordType::DS).to_be_bytes());
        record.record_type() == RecordType::RRSIG && record.name() == zone && covers
    });
    let rdata = signatures.next().map(|record| record.rdata());
    let ttl = rdata.and_then(|rdata| number(rdata, 4)).unwrap_or(0);
    let begin = rdata.and_then(|rdata| number(rdata, 12));
    // 32 bits of a time are enough until 2106.
    (ttl, begin.map(|begin| UnixTime(begin.into())))
}

/// Why the parent could not be seen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParentError {
    /// Nothing usable came back.
    #[error("the resolver is no help")]
    Gather(#[from] Box<GatherError>),
    /// Somebody above is not signed.
    #[error("{0}, above the zone, is not signed itself; nothing below it can be proven")]
    Unsigned(Name),
    /// What came back proves nothing.
    #[error("what the parent is said to serve proves nothing")]
    Bogus(#[source] Box<Bogus>),
}

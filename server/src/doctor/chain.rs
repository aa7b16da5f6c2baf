//! The DS records at the parent, and the whole chain from the anchors.

use payname_resolver::{
    UnixTime,
    doctor::{Ds, Finding, Severity, judge_chain, judge_parent_keys},
    hickory_proto::{
        dnssec::rdata::DS,
        rr::{Name, RecordType},
    },
    net::Client,
};

use super::{not_seen, shown};
use crate::{
    config::Prove,
    keys::{ParentError, ParentWatcher},
    outbox::Chain,
};

/// The keys of a zone, as DS records.
pub(super) struct Keys {
    /// What the parent is to have.
    pub(super) wanted: Vec<Ds>,
    /// What would do.
    pub(super) signing: Vec<Ds>,
}

impl Keys {
    /// Keys that somebody else has, by the digests that he tells.
    pub(super) fn told(ds: Vec<Ds>) -> Self {
        Self {
            wanted: ds.clone(),
            signing: ds,
        }
    }

    /// What the parent has, with other digests of keys that are known by one put as that one.
    fn recognise(&self, parent: Vec<Ds>) -> Vec<Ds> {
        let mut recognised = Vec::new();
        for ds in parent {
            let is_same_key = |known: &&Ds| {
                (known.key_tag, known.algorithm) == (ds.key_tag, ds.algorithm)
                    && known.digest_type != ds.digest_type
            };
            let ds = self.signing.iter().find(is_same_key).cloned().unwrap_or(ds);
            if !recognised.contains(&ds) {
                recognised.push(ds);
            }
        }
        recognised
    }
}

/// Looks at the chain; at the parent's DS records too, where the keys are known.
pub(super) async fn examine(
    prove: &Prove,
    resolver: &Client,
    zone: &Name,
    keys: Option<Keys>,
    now: UnixTime,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(keys) = keys {
        match at_parent(prove, zone, now).await {
            Ok(parent) => {
                let parent = keys.recognise(parent);
                let Keys { wanted, signing } = keys;
                findings.extend(judge_parent_keys(zone, &wanted, &signing, &parent));
            }
            // The look at the zone itself tells where the chain breaks.
            Err(Unseen::Broken) => {}
            Err(Unseen::Because(finding)) => return vec![finding],
        }
    }
    let mut severities = findings.iter().map(|finding| finding.severity);
    if severities.any(|severity| severity == Severity::Error) {
        return findings;
    }
    // A record without names in it: resolvers compress those of an SOA, which then cannot be checked.
    match resolver.gather_at(zone, RecordType::CDS).await {
        Ok(gathered) => {
            let outcome = gathered
                .proof
                .judge(zone, RecordType::CDS, &prove.anchors, now);
            findings.extend(judge_chain(zone, &outcome));
        }
        Err(why) => findings.push(not_seen(&shown(zone), Chain(&why))),
    }
    findings
}

/// Why the parent's records were not seen.
enum Unseen {
    Broken,
    Because(Finding),
}

async fn at_parent(prove: &Prove, zone: &Name, now: UnixTime) -> Result<Vec<Ds>, Unseen> {
    let because = |why: &(dyn std::error::Error + Send + Sync + 'static)| {
        Unseen::Because(not_seen(&shown(zone), Chain(why)))
    };
    let watcher = ParentWatcher::through(prove).map_err(|why| because(&why))?;
    match watcher.look(zone, now).await {
        Ok(view) => Ok(view.ds.iter().map(taken_apart).collect()),
        Err(ParentError::Unsigned(_) | ParentError::Bogus(_)) => Err(Unseen::Broken),
        Err(why) => Err(because(&why)),
    }
}

pub(super) fn taken_apart(ds: &DS) -> Ds {
    Ds {
        key_tag: ds.key_tag(),
        algorithm: ds.algorithm().into(),
        digest_type: ds.digest_type().into(),
        digest: ds.digest().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_digest_of_a_known_key_is_that_key_and_one_of_a_strange_key_is_not() {
        let ds = |text: &str| text.parse::<Ds>().unwrap();
        let (known, other) = (ds("2371 13 2 ABCD"), ds("2371 13 4 EF01"));
        let (wrong, strange) = (ds("2371 13 2 0000"), ds("2371 8 4 EF01"));
        let keys = Keys::told(vec![known.clone()]);
        assert_eq!(
            keys.recognise(vec![other.clone()]),
            std::slice::from_ref(&known)
        );
        assert_eq!(keys.recognise(vec![known.clone(), other]), [known]);
        let unknown = vec![wrong, strange];
        assert_eq!(keys.recognise(unknown.clone()), unknown);
    }
}

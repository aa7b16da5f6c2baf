//! Proofs of any name, for strangers: gathered through the operator's resolver, kept while true.

mod places;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ipnet::IpNet;
use payname_resolver::{
    Outcome, Proof, Question, TrustAnchors, UnixTime,
    net::{Client, ClientError, GatherError, Timeouts},
};

use self::places::Places;
use crate::config::Prove;

/// How many proofs are gathered at the same time.
const AT_ONCE: usize = 32;
/// How many of them for one network.
const AT_ONCE_FOR_ONE: usize = AT_ONCE / 4;
/// The most bytes of proofs that are kept.
const MOST: usize = 16 << 20;
/// How long gathering may take: less than an HTTP request may.
const PATIENCE: Duration = Duration::from_secs(8);

/// Gathers proofs for others.
///
/// It believes nothing on their behalf: whoever asked verifies. But only what it has verified itself does it pass on
/// and keep: what else a resolver says is anybody's, and no proof of the name that was asked for.
#[derive(Debug)]
pub(crate) struct ProofRelay {
    client: Client,
    anchors: TrustAnchors,
    places: Places,
    kept: Mutex<Kept>,
}

/// A proof to pass on.
#[derive(Debug, Clone)]
pub(crate) struct Relayed {
    /// The proof: RFC 9102 bytes.
    pub(crate) proof: Vec<u8>,
    /// Until when it may be kept.
    pub(crate) fresh_until: UnixTime,
}

#[derive(Debug, Default)]
struct Kept {
    proofs: HashMap<Question, Relayed>,
    bytes: usize,
}

impl ProofRelay {
    /// A relay of what a resolver says.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(crate) fn through(prove: &Prove) -> Result<Self, ClientError> {
        let timeouts = Timeouts {
            total: PATIENCE,
            ..Timeouts::default()
        };
        Ok(Self {
            client: Client::with_timeouts(prove.dns.clone(), timeouts)?,
            anchors: prove.anchors.clone(),
            places: Places::new(AT_ONCE, AT_ONCE_FOR_ONE),
            kept: Mutex::default(),
        })
    }

    /// The proof that answers a question, or that there is no answer, for somebody of this network.
    ///
    /// # Errors
    /// Too many are being gathered, or the resolver is no help.
    pub(crate) async fn prove(
        &self,
        question: &Question,
        network: Option<IpNet>,
        now: UnixTime,
    ) -> Result<Relayed, RelayError> {
        if let Some(relayed) = self.lock().fresh(question, now) {
            return Ok(relayed);
        }
        let _place = self.places.take(network).ok_or(RelayError::Busy)?;
        let Question { name, record_type } = question;
        let gathered = self.client.gather_at(name, *record_type).await;
        let gathered = gathered.map_err(Box::new)?;
        let outcome = gathered.proof.judge(name, *record_type, &self.anchors, now);
        let relayed = relayed(&outcome, gathered.ttl, now).ok_or(RelayError::Unproven)?;
        self.lock().keep(question, &relayed);
        Ok(relayed)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn fresh(&self, question: &Question, now: UnixTime) -> Option<Relayed> {
        let relayed = self.proofs.get(question)?;
        (now < relayed.fresh_until).then(|| relayed.clone())
    }

    fn keep(&mut self, question: &Question, relayed: &Relayed) {
        if let Some(old) = self.proofs.remove(question) {
            self.bytes = self.bytes.saturating_sub(old.proof.len());
        }
        let bytes = self.bytes.saturating_add(relayed.proof.len());
        if bytes > MOST {
            // Any that is dropped can be gathered again.
            *self = Self::default();
        }
        self.bytes = self.bytes.saturating_add(relayed.proof.len());
        self.proofs.insert(question.clone(), relayed.clone());
    }
}

/// What verified, without needless records and with its age; none where nothing is proven, not even that there is nothing
/// to prove.
fn relayed(outcome: &Outcome, ttl: u32, now: UnixTime) -> Option<Relayed> {
    let verified = |proof: &Proof, cache_ttl: u32| Relayed {
        proof: proof.to_bytes(),
        fresh_until: now.plus(cache_ttl.min(ttl).into()),
    };
    Some(match outcome {
        Outcome::Secure(secure) => verified(&secure.proof, secure.cache_ttl),
        Outcome::Denied(denial) => verified(&denial.proof, denial.cache_ttl),
        Outcome::Insecure(insecure) => verified(&insecure.proof, insecure.cache_ttl),
        Outcome::Bogus(_) => return None,
    })
}

/// Why there is nothing to pass on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum RelayError {
    /// Too many proofs are being gathered.
    #[error("{AT_ONCE} proofs are being gathered already, or {AT_ONCE_FOR_ONE} for one network")]
    Busy,
    /// What the resolver gave proves nothing.
    #[error("what the resolver gave proves nothing")]
    Unproven,
    /// The resolver is no help.
    #[error(transparent)]
    Gather(#[from] Box<GatherError>),
}

#[cfg(test)]
mod tests {
    use payname_resolver::hickory_proto::rr::{Name, RecordType};

    use super::*;

    fn question(index: usize) -> Question {
        let name = Name::from_ascii(format!("n{index}.test.")).unwrap();
        Question::new(name, RecordType::TXT)
    }

    fn relayed(length: usize, fresh_until: u64) -> Relayed {
        Relayed {
            proof: vec![0; length],
            fresh_until: UnixTime(fresh_until),
        }
    }

    #[test]
    fn a_proof_is_kept_only_while_it_is_fresh() {
        let mut kept = Kept::default();
        kept.keep(&question(1), &relayed(10, 100));
        assert!(kept.fresh(&question(1), UnixTime(99)).is_some());
        assert!(kept.fresh(&question(1), UnixTime(100)).is_none());
    }

    #[test]
    fn strangers_fill_no_memory_with_proofs_of_names_of_their_own() {
        let mut kept = Kept::default();
        for index in 0..1000 {
            kept.keep(&question(index), &relayed(60_000, 100));
            kept.keep(&question(index), &relayed(60_000, 100));
            let held: usize = kept.proofs.values().map(|kept| kept.proof.len()).sum();
            assert!(held <= MOST && held == kept.bytes, "{held}");
        }
        assert!(kept.fresh(&question(999), UnixTime(0)).is_some());
    }
}

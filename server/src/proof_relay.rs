//! Proofs of any name, for strangers: gathered through the operator's resolver, kept while true.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use payname_resolver::{
    Gathered, Outcome, Proof, Question, TrustAnchors, UnixTime,
    net::{Client, ClientError, GatherError, Timeouts},
};
use tokio::sync::Semaphore;

use crate::config::Prove;

/// How many proofs are gathered at the same time.
const AT_ONCE: usize = 32;
/// The most bytes of proofs that are kept.
const MOST: usize = 16 << 20;
/// How long gathering may take: less than an HTTP request may.
const PATIENCE: Duration = Duration::from_secs(8);

/// Gathers proofs for others.
///
/// It believes nothing on their behalf: whoever asked verifies. But only what it has verified
/// itself does it keep, or a resolver's bad moment would last.
#[derive(Debug)]
pub(crate) struct ProofRelay {
    client: Client,
    anchors: TrustAnchors,
    places: Semaphore,
    kept: Mutex<Kept>,
}

/// A proof to pass on.
#[derive(Debug, Clone)]
pub(crate) struct Relayed {
    /// The proof: RFC 9102 bytes.
    pub(crate) proof: Vec<u8>,
    /// Until when it may be kept; none when we could not verify it.
    pub(crate) fresh_until: Option<UnixTime>,
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
            places: Semaphore::new(AT_ONCE),
            kept: Mutex::default(),
        })
    }

    /// The proof that answers a question, or that there is no answer.
    ///
    /// # Errors
    /// Too many are being gathered, or the resolver is no help.
    pub(crate) async fn prove(
        &self,
        question: &Question,
        now: UnixTime,
    ) -> Result<Relayed, RelayError> {
        if let Some(relayed) = self.lock().fresh(question, now) {
            return Ok(relayed);
        }
        let _place = self.places.try_acquire().map_err(|_| RelayError::Busy)?;
        let Question { name, record_type } = question;
        let gathered = self.client.gather_at(name, *record_type).await;
        let gathered = gathered.map_err(Box::new)?;
        let outcome = gathered.proof.judge(name, *record_type, &self.anchors, now);
        let relayed = relayed(gathered, outcome, now);
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
        (now < relayed.fresh_until?).then(|| relayed.clone())
    }

    fn keep(&mut self, question: &Question, relayed: &Relayed) {
        if relayed.fresh_until.is_none() {
            return;
        }
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

/// What verified goes without needless records and with its age; all else as it came.
fn relayed(gathered: Gathered, outcome: Outcome, now: UnixTime) -> Relayed {
    let verified = |proof: &Proof, cache_ttl: u32| Relayed {
        proof: proof.to_bytes(),
        fresh_until: Some(now.plus(cache_ttl.min(gathered.ttl).into())),
    };
    match outcome {
        Outcome::Secure(secure) => verified(&secure.proof, secure.cache_ttl),
        Outcome::Denied(denial) => verified(&denial.proof, denial.cache_ttl),
        Outcome::Insecure(insecure) => verified(&insecure.proof, insecure.cache_ttl),
        Outcome::Bogus(_) => Relayed {
            proof: gathered.proof.to_bytes(),
            fresh_until: None,
        },
    }
}

/// Why there is nothing to pass on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum RelayError {
    /// Too many proofs are being gathered.
    #[error("{AT_ONCE} proofs are being gathered already")]
    Busy,
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

    fn relayed(length: usize, fresh_until: Option<u64>) -> Relayed {
        Relayed {
            proof: vec![0; length],
            fresh_until: fresh_until.map(UnixTime),
        }
    }

    #[test]
    fn only_what_was_verified_is_kept_and_only_while_it_is_fresh() {
        let mut kept = Kept::default();
        kept.keep(&question(1), &relayed(10, Some(100)));
        kept.keep(&question(2), &relayed(10, None));
        assert!(kept.fresh(&question(1), UnixTime(99)).is_some());
        assert!(kept.fresh(&question(1), UnixTime(100)).is_none());
        assert!(kept.fresh(&question(2), UnixTime(99)).is_none());
    }

    #[test]
    fn strangers_fill_no_memory_with_proofs_of_names_of_their_own() {
        let mut kept = Kept::default();
        for index in 0..1000 {
            kept.keep(&question(index), &relayed(60_000, Some(100)));
            kept.keep(&question(index), &relayed(60_000, Some(100)));
            let held: usize = kept.proofs.values().map(|kept| kept.proof.len()).sum();
            assert!(held <= MOST && held == kept.bytes, "{held}");
        }
        assert!(kept.fresh(&question(999), UnixTime(0)).is_some());
    }
}

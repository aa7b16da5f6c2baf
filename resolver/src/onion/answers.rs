//! What other nodes ask, until somebody has gathered it.

use alloc::{
    collections::{BTreeMap, VecDeque},
    vec,
    vec::Vec,
};

use hickory_proto::rr::Name;

use super::{DomainName, Finding, Message};
use crate::time::UnixTime;

/// Which names are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// Names of payment records (BIP-353) alone, so that nobody makes a general DNS resolver, or
    /// a tunnel, of this node.
    #[default]
    PaymentNames,
    /// All names.
    AllNames,
}

/// How much work may pile up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most names that wait or are being gathered.
    pub names: usize,
    /// The most askers of one name.
    pub askers: usize,
    /// How long a name may take, in seconds; nobody waits longer for an answer.
    pub patience: u64,
    /// The longest proof that is sent, in bytes. The largest onion packet has 32,768, and the
    /// reply path takes its share.
    pub proof: usize,
}

impl Default for Limits {
    /// 256 names of 16 askers each, 20 seconds, proofs of 30,000 bytes.
    fn default() -> Self {
        Self {
            names: 256,
            askers: 16,
            patience: 20,
            proof: 30_000,
        }
    }
}

/// Names that others asked for, each with the reply paths `R` of its askers.
///
/// Those who ask for the same name share the work. How often a stranger may ask is for the caller
/// to decide before [`AnswerQueue::accept`]: an onion message does not say who sent it, but the
/// peer that handed it over is known. [The module](super) shows it at work.
#[derive(Debug)]
pub struct AnswerQueue<R> {
    scope: Scope,
    limits: Limits,
    names: BTreeMap<Name, Wanted<R>>,
    waiting: VecDeque<Job>,
}

/// A name to be proven: gather its TXT records and say what was found.
///
/// ```
/// use payname_resolver::{UnixTime, onion::{AnswerQueue, Finding, Job, Limits, Scope}};
///
/// let now = UnixTime(1_800_000_000);
/// let mut queue = AnswerQueue::new(Scope::PaymentNames, Limits::default());
/// for reply_path in ["one asker", "another"] {
///     queue.accept("alice.user._bitcoin-payment.example.com.".parse()?, reply_path, now)?;
/// }
/// let job: Job = queue.next(now).expect("a name was asked for");
/// assert!(queue.next(now).is_none(), "both wait for one job");
/// assert_eq!(queue.finish(&job, &Finding::Failed).len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    name: DomainName,
    since: UnixTime,
}

#[derive(Debug)]
struct Wanted<R> {
    since: UnixTime,
    /// Every asker with his way to write the name.
    askers: Vec<(DomainName, R)>,
}

impl Job {
    /// The name whose TXT records are wanted.
    pub fn name(&self) -> &DomainName {
        &self.name
    }
}

impl<R> AnswerQueue<R> {
    /// An empty queue.
    pub fn new(scope: Scope, limits: Limits) -> Self {
        Self {
            scope,
            limits,
            names: BTreeMap::new(),
            waiting: VecDeque::new(),
        }
    }

    /// Takes a query that is to be answered by the reply path `reply`.
    ///
    /// # Errors
    /// The name is none that is answered, or too much is waiting.
    pub fn accept(
        &mut self,
        name: DomainName,
        reply: R,
        now: UnixTime,
    ) -> Result<(), NotAccepted<R>> {
        if self.scope == Scope::PaymentNames && name.handle().is_none() {
            return Err(NotAccepted::OutOfScope { name, reply });
        }
        self.forget_old(now);
        if let Some(wanted) = self.names.get_mut(name.name()) {
            if wanted.askers.len() >= self.limits.askers {
                return Err(NotAccepted::Busy { name });
            }
            wanted.askers.push((name, reply));
            return Ok(());
        }
        if self.names.len() >= self.limits.names {
            return Err(NotAccepted::Busy { name });
        }
        self.waiting.push_back(Job {
            name: name.clone(),
            since: now,
        });
        let key = name.name().clone();
        let askers = vec![(name, reply)];
        self.names.insert(key, Wanted { since: now, askers });
        Ok(())
    }

    /// The name that has waited longest, once.
    pub fn next(&mut self, now: UnixTime) -> Option<Job> {
        self.forget_old(now);
        self.waiting.pop_front()
    }

    /// The messages for all who asked for a name, each with its reply path. Empty when all of them
    /// have been given up meanwhile.
    pub fn finish(&mut self, job: &Job, finding: &Finding) -> Vec<(R, Message)>
    where
        R: Clone,
    {
        let Some(wanted) = self.names.remove(job.name.name()) else {
            return Vec::new();
        };
        // Had the name been given up and asked for again, this answers the second job, too.
        self.waiting.retain(|other| other.name != job.name);
        let mut answers = Vec::new();
        for (name, reply) in wanted.askers {
            for message in finding.messages(&name, self.limits.proof) {
                answers.push((reply.clone(), message));
            }
        }
        answers
    }

    /// Drops the names that have waited too long.
    pub fn forget_old(&mut self, now: UnixTime) {
        let patience = self.limits.patience;
        self.names
            .retain(|_, wanted| wanted.since.until(now) <= patience);
        self.waiting.retain(|job| job.since.until(now) <= patience);
    }
}

/// Why a query is not answered by work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAccepted<R> {
    /// It is for a name that is not answered here; tell the asker with [`Finding::Failed`].
    #[error("{name} is no payment name (BIP-353), and only those are resolved here")]
    OutOfScope {
        /// The name.
        name: DomainName,
        /// The reply path.
        reply: R,
    },
    /// Too much is waiting. The query is best dropped: an answer would be work, too.
    #[error("{name} is not looked up, since too many names are")]
    Busy {
        /// The name.
        name: DomainName,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::{Proof, ResourceRecord};
    use hickory_proto::rr::RecordType;

    const NOW: UnixTime = UnixTime(1000);

    fn name(user: &str) -> DomainName {
        let text = format!("{user}.user._bitcoin-payment.example.com.");
        text.parse().unwrap()
    }

    fn queue(limits: Limits) -> AnswerQueue<u32> {
        AnswerQueue::new(Scope::PaymentNames, limits)
    }

    fn proof_of(length: usize) -> Proof {
        let rdata = vec![0; length - 11];
        let record = ResourceRecord::new(&Name::root(), RecordType::TXT, 60, rdata);
        Proof::from_records(vec![record]).unwrap()
    }

    #[test]
    fn all_who_ask_for_a_name_share_one_job_and_each_is_answered_in_his_own_spelling() {
        let mut queue = queue(Limits::default());
        queue.accept(name("alice"), 1, NOW).unwrap();
        queue.accept(name("bob"), 2, NOW).unwrap();
        queue.accept(name("ALICE"), 3, NOW).unwrap();
        let job = queue.next(NOW).unwrap();
        assert_eq!(*job.name(), name("alice"));
        assert_eq!(*queue.next(NOW).unwrap().name(), name("bob"));
        assert_eq!(queue.next(NOW), None);
        let answers = queue.finish(&job, &Finding::Proof(proof_of(100)));
        let spelled: Vec<_> = answers
            .iter()
            .map(|(reply, message)| (*reply, message.name().as_str()))
            .collect();
        assert_eq!(
            spelled,
            [
                (1, "alice.user._bitcoin-payment.example.com."),
                (3, "ALICE.user._bitcoin-payment.example.com."),
            ]
        );
        assert!(queue.finish(&job, &Finding::Failed).is_empty(), "once");
    }

    #[test]
    fn what_exceeds_the_limits_is_turned_away() {
        let mut queue = queue(Limits {
            names: 2,
            askers: 2,
            ..Limits::default()
        });
        for (index, user) in ["a", "b", "a"].into_iter().enumerate() {
            let reply = u32::try_from(index).unwrap();
            queue.accept(name(user), reply, NOW).unwrap();
        }
        for user in ["a", "c"] {
            let refused = queue.accept(name(user), 9, NOW);
            assert_eq!(refused, Err(NotAccepted::Busy { name: name(user) }));
        }
        // Being gathered counts as much as waiting.
        let job = queue.next(NOW).unwrap();
        assert!(queue.accept(name("c"), 9, NOW).is_err());
        queue.finish(&job, &Finding::Failed);
        assert!(queue.accept(name("c"), 9, NOW).is_ok());
    }

    #[test]
    fn a_name_that_waits_too_long_is_forgotten_and_its_late_answer_goes_nowhere() {
        let mut queue = queue(Limits::default());
        queue.accept(name("alice"), 1, NOW).unwrap();
        let job = queue.next(NOW.plus(20)).unwrap();
        queue.accept(name("bob"), 2, NOW.plus(15)).unwrap();
        queue.forget_old(NOW.plus(21));
        assert!(queue.finish(&job, &Finding::Failed).is_empty());
        assert_eq!(*queue.next(NOW.plus(21)).unwrap().name(), name("bob"));
        queue.accept(name("carol"), 3, NOW).unwrap();
        assert_eq!(queue.next(NOW.plus(21)), None);
    }

    #[test]
    fn only_payment_names_are_looked_up_unless_told_otherwise() {
        let other: DomainName = "t.tunnel.example.".parse().unwrap();
        let mut queue = queue(Limits::default());
        let refused = queue.accept(other.clone(), 1, NOW).unwrap_err();
        assert!(matches!(refused, NotAccepted::OutOfScope { reply: 1, .. }));
        let mut queue = AnswerQueue::new(Scope::AllNames, Limits::default());
        assert!(queue.accept(other, 1, NOW).is_ok());
    }

    #[test]
    fn a_proof_that_fits_no_onion_becomes_an_error_that_leaves_hope() {
        let mut queue = queue(Limits::default());
        let mut answer = |finding| {
            queue.accept(name("alice"), 1, NOW).unwrap();
            let job = queue.next(NOW).unwrap();
            let answers = queue.finish(&job, &finding);
            let messages: Vec<_> = answers.into_iter().map(|(_, message)| message).collect();
            messages
        };
        let error = |is_definite| Message::Error {
            name: name("alice"),
            is_definite,
        };
        let holding = |length| Message::Proof {
            name: name("alice"),
            proof: proof_of(length).to_bytes(),
        };
        let proof = |length| Finding::Proof(proof_of(length));
        assert_eq!(answer(proof(30_000)), [holding(30_000)]);
        assert_eq!(answer(proof(30_001)), [error(false)]);
        let nothing = |length| Finding::Nothing(proof_of(length));
        assert_eq!(answer(nothing(30_000)), [holding(30_000), error(true)]);
        assert_eq!(answer(nothing(30_001)), [error(true)]);
        assert_eq!(answer(Finding::Failed), [error(false)]);
    }
}

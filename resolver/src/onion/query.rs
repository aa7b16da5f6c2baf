//! One name asked for by onion message, of one or more resolvers at once.

use alloc::vec::Vec;

use super::{DomainName, Message};
use crate::{
    handle::Handle,
    proof::{Proof, ProofError},
    time::UnixTime,
};

/// What tells an answer's question: it travels, encrypted to ourselves, in the reply path.
///
/// Sixteen random bytes, another for every resolver that is asked.
///
/// ```
/// use payname_resolver::onion::Nonce;
///
/// let mut nonce = Nonce::default();
/// getrandom::fill(&mut nonce)?;
/// # Ok::<(), getrandom::Error>(())
/// ```
pub type Nonce = [u8; 16];

/// A name under way. It never trusts: what it gives out is a [`Proof`] to be verified.
///
/// The first resolver to answer may be the one that lies. So a query goes on after a proof: verify
/// it, and if that fails, hand in what the others say for as long as [`OnionQuery::check`] agrees.
/// [The module](super) shows it at work.
#[derive(Debug, Clone)]
pub struct OnionQuery {
    handle: Handle,
    name: DomainName,
    deadline: UnixTime,
    resolvers: Vec<(Nonce, Heard)>,
}

/// What a resolver has said.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Heard {
    Nothing,
    Proof,
    NoProof(ProofError),
    Error { is_definite: bool },
}

impl OnionQuery {
    /// A query for the record of `handle`, given up behind the second `deadline`.
    pub fn new(handle: &Handle, deadline: UnixTime) -> Self {
        Self {
            handle: handle.clone(),
            name: DomainName::of(handle),
            deadline,
            resolvers: Vec::new(),
        }
    }

    /// The message for one more resolver; `nonce` must be the context of its reply path.
    #[must_use]
    pub fn ask(&mut self, nonce: Nonce) -> Message {
        self.resolvers.push((nonce, Heard::Nothing));
        Message::Query(self.name.clone())
    }

    /// The handle that is asked for.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The nonces of all who were asked.
    pub fn nonces(&self) -> impl Iterator<Item = &Nonce> {
        self.resolvers.iter().map(|(nonce, _)| nonce)
    }

    /// Takes a message that arrived by the reply path of `nonce`; gives the proof that it holds.
    ///
    /// Ignored are messages from strangers, for other names, behind the deadline, and whatever a
    /// resolver says after its proof. A proof after an error is taken, since messages may overtake
    /// each other.
    pub fn receive(&mut self, nonce: &Nonce, message: &Message, now: UnixTime) -> Option<Proof> {
        if now > self.deadline || *message.name() != self.name {
            return None;
        }
        let (_, heard) = self.resolvers.iter_mut().find(|(own, _)| own == nonce)?;
        if !matches!(heard, Heard::Nothing | Heard::Error { .. }) {
            return None;
        }
        match message {
            Message::Query(_) => None,
            Message::Error { is_definite, .. } => {
                let is_definite = *is_definite;
                *heard = Heard::Error { is_definite };
                None
            }
            Message::Proof { proof, .. } => match Proof::parse(proof) {
                Ok(proof) => {
                    *heard = Heard::Proof;
                    Some(proof)
                }
                Err(error) => {
                    *heard = Heard::NoProof(error);
                    None
                }
            },
        }
    }

    /// Says whether another proof may still come.
    ///
    /// # Errors
    /// Time is up, or all who were asked have answered.
    pub fn check(&self, now: UnixTime) -> Result<(), QueryError> {
        let count = |wanted: fn(&Heard) -> bool| {
            let heard = self.resolvers.iter().map(|(_, heard)| heard);
            heard.filter(|heard| wanted(heard)).count()
        };
        let handle = self.handle.clone();
        let asked = self.resolvers.len();
        let silent = count(|heard| *heard == Heard::Nothing);
        if silent == 0 {
            return Err(QueryError::Answered {
                handle,
                asked,
                unresolvable: count(|heard| matches!(heard, Heard::Error { is_definite: true })),
                failed: count(|heard| matches!(heard, Heard::Error { is_definite: false })),
                garbage: count(|heard| matches!(heard, Heard::NoProof(_))),
            });
        }
        if now > self.deadline {
            return Err(QueryError::Deadline {
                handle,
                asked,
                silent,
                deadline: self.deadline,
            });
        }
        Ok(())
    }
}

/// Why no (other) proof will come.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// Time is up.
    #[error(
        "{silent} of {asked} Lightning nodes asked for {handle} did not answer before {deadline}; ask others, or by DNS"
    )]
    Deadline {
        /// What was asked for.
        handle: Handle,
        /// How many were asked.
        asked: usize,
        /// How many of them did not answer.
        silent: usize,
        /// The last second in which they could.
        deadline: UnixTime,
    },
    /// Everybody has answered. A proof that came before was not good enough.
    #[error(
        "none of {asked} Lightning nodes asked for {handle} has a proof of it ({unresolvable} say that there is none, {failed} failed, {garbage} sent rubbish); ask others, or by DNS"
    )]
    Answered {
        /// What was asked for.
        handle: Handle,
        /// How many were asked.
        asked: usize,
        /// How many say that the name cannot be resolved, ever. Nobody has proven it.
        unresolvable: usize,
        /// How many could not resolve it this time.
        failed: usize,
        /// How many sent bytes that are no proof.
        garbage: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::ResourceRecord;
    use hickory_proto::rr::{Name, RecordType};

    const NOW: UnixTime = UnixTime(1000);
    const DEADLINE: UnixTime = UnixTime(1020);
    const A: Nonce = [1; 16];
    const B: Nonce = [2; 16];

    fn alice() -> Handle {
        "alice@example.com".parse().unwrap()
    }

    fn proof() -> Proof {
        let record = ResourceRecord::new(&Name::root(), RecordType::TXT, 60, vec![0]);
        Proof::from_records(vec![record]).unwrap()
    }

    fn holding(proof: Vec<u8>) -> Message {
        let name = DomainName::of(&alice());
        Message::Proof { name, proof }
    }

    fn error(is_definite: bool) -> Message {
        let name = DomainName::of(&alice());
        Message::Error { name, is_definite }
    }

    fn asking(nonces: &[Nonce]) -> OnionQuery {
        let mut query = OnionQuery::new(&alice(), DEADLINE);
        for nonce in nonces {
            assert_eq!(query.ask(*nonce), Message::Query(DomainName::of(&alice())));
        }
        query
    }

    #[test]
    fn a_proof_comes_out_once_per_resolver_and_the_others_are_still_heard() {
        let mut query = asking(&[A, B]);
        let message = holding(proof().to_bytes());
        assert_eq!(query.receive(&A, &message, NOW), Some(proof()));
        assert_eq!(query.receive(&A, &message, NOW), None);
        assert_eq!(query.check(NOW), Ok(()));
        assert_eq!(query.receive(&B, &message, DEADLINE), Some(proof()));
        let ended = query.check(NOW).unwrap_err();
        assert!(matches!(ended, QueryError::Answered { asked: 2, .. }));
    }

    #[test]
    fn strangers_other_names_and_late_answers_are_ignored() {
        let mut query = asking(&[A]);
        let good = holding(proof().to_bytes());
        let other = Message::Proof {
            name: "bob.user._bitcoin-payment.example.com.".parse().unwrap(),
            proof: proof().to_bytes(),
        };
        let echo = Message::Query(DomainName::of(&alice()));
        assert_eq!(query.receive(&B, &good, NOW), None);
        assert_eq!(query.receive(&A, &other, NOW), None);
        assert_eq!(query.receive(&A, &echo, NOW), None);
        assert_eq!(query.receive(&A, &good, DEADLINE.plus(1)), None);
        assert_eq!(query.check(DEADLINE), Ok(()), "still waiting for the one");
        assert_eq!(query.receive(&A, &good, DEADLINE), Some(proof()));
    }

    #[test]
    fn rubbish_and_errors_end_the_wait_as_soon_as_nobody_is_left() {
        let mut query = asking(&[A, B]);
        assert_eq!(query.receive(&A, &holding(vec![9; 40]), NOW), None);
        assert_eq!(query.check(NOW), Ok(()));
        assert_eq!(query.receive(&B, &error(true), NOW), None);
        let expected = QueryError::Answered {
            handle: alice(),
            asked: 2,
            unresolvable: 1,
            failed: 0,
            garbage: 1,
        };
        assert_eq!(query.check(NOW), Err(expected));
    }

    #[test]
    fn a_proof_that_was_overtaken_by_its_error_is_taken() {
        let mut query = asking(&[A, B]);
        assert_eq!(query.receive(&A, &error(true), NOW), None);
        let message = holding(proof().to_bytes());
        assert_eq!(query.receive(&A, &message, NOW), Some(proof()));
        assert_eq!(query.receive(&A, &error(true), NOW), None);
    }

    #[test]
    fn silence_ends_behind_the_deadline() {
        let mut query = asking(&[A, B]);
        query.receive(&A, &error(false), NOW);
        assert_eq!(query.check(DEADLINE), Ok(()));
        let ended = query.check(DEADLINE.plus(1)).unwrap_err();
        let text = ended.to_string();
        assert!(text.starts_with("1 of 2 Lightning nodes"), "{text}");
    }
}

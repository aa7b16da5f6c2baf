//! What became of a name that another node asked for.

use alloc::{vec, vec::Vec};

use super::{DomainName, Message};
use crate::{
    proof::{Outcome, Proof, TrustAnchors},
    time::UnixTime,
};
use hickory_proto::rr::{Name, RecordType};

/// What was found out about a name, to be told to all who asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The records of its proof.
    Proof(Proof),
    /// The proof that it has no records, or that its zone is not signed.
    Nothing(Proof),
    /// No records arrived; asking again may help.
    Failed,
}

impl Finding {
    /// Sorts a gathered proof of TXT records, and drops the records it does not need.
    ///
    /// A proof that shows nothing under `anchors` is passed on as it is: the asker judges it, by
    /// anchors and a clock of his own.
    ///
    /// ```
    /// use payname_resolver::{
    ///     Proof, TrustAnchors, UnixTime, onion::Finding,
    ///     hickory_proto::rr::{Name, RecordType}, proof::ResourceRecord,
    /// };
    ///
    /// let name = Name::from_ascii("example.com.")?;
    /// let record = ResourceRecord::new(&name, RecordType::TXT, 60, b"\x02hi".to_vec());
    /// let gathered = Proof::from_records(vec![record])?;
    /// let found = Finding::sort(&gathered, &name, &TrustAnchors::iana(), UnixTime(0));
    /// assert_eq!(found, Finding::Proof(gathered));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sort(gathered: &Proof, owner: &Name, anchors: &TrustAnchors, now: UnixTime) -> Self {
        match gathered.judge(owner, RecordType::TXT, anchors, now) {
            Outcome::Secure(secure) => Self::Proof(secure.proof),
            Outcome::Denied(denial) => Self::Nothing(denial.proof),
            Outcome::Insecure(insecure) => Self::Nothing(insecure.proof),
            Outcome::Bogus(_) => Self::Proof(gathered.clone()),
        }
    }

    /// The messages that answer a query for `name`, where a proof may have `longest` bytes.
    ///
    /// That there is nothing is said twice: as the proof of it for those who verify denials, and
    /// as the error for those who know only that.
    pub fn messages(&self, name: &DomainName, longest: usize) -> Vec<Message> {
        let holding = |proof: &Proof| {
            let proof = proof.to_bytes();
            let name = name.clone();
            (proof.len() <= longest).then_some(Message::Proof { name, proof })
        };
        let error = |is_definite| Message::Error {
            name: name.clone(),
            is_definite,
        };
        match self {
            Self::Proof(proof) => vec![holding(proof).unwrap_or_else(|| error(false))],
            Self::Nothing(proof) => holding(proof).into_iter().chain([error(true)]).collect(),
            Self::Failed => vec![error(false)],
        }
    }
}

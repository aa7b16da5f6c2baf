//! The state machine that gathers the records of a proof.

use hickory_proto::rr::{Name, RecordType};

use crate::{
    handle::Handle,
    proof::{Proof, ProofError},
    resolution::{Question, Response},
};

/// A resolution under way. Consumed and given back by every step.
#[derive(Debug)]
pub struct Resolution {}

/// What a [`Resolution`] wants next.
#[derive(Debug)]
pub enum Step {
    /// Ask these too (there may be none) and hand in what comes back, in any order.
    Ask {
        /// The resolution, to be continued.
        resolution: Resolution,
        /// New questions, each to be asked once.
        questions: Vec<Question>,
    },
    /// Everything is there.
    Done(Gathered),
}

/// Records gathered for a proof. Not verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathered {
    /// The proof.
    pub proof: Proof,
    /// The lowest TTL that the resolver gave, in seconds; an answer must not be kept longer.
    pub ttl: u32,
}

impl Resolution {
    /// Starts to gather the proof of a handle's record; the questions can be asked all at once.
    pub fn start(handle: &Handle) -> (Self, Vec<Question>) {
        Self::start_at(handle.owner_name(), RecordType::TXT)
    }

    /// Starts to gather the proof for any name and type.
    pub fn start_at(owner: &Name, record_type: RecordType) -> (Self, Vec<Question>) {
        (Self {}, vec![Question::new(owner.clone(), record_type)])
    }

    /// Takes the response to one of the questions.
    ///
    /// # Errors
    /// The records that arrived cannot become a proof.
    pub fn receive(self, _response: Response) -> Result<Step, ResolutionError> {
        Ok(Step::Ask {
            resolution: self,
            questions: Vec::new(),
        })
    }

    /// Notes that a question got no usable answer; the proof may do without it.
    ///
    /// # Errors
    /// As [`Resolution::receive`].
    pub fn unanswered(self, _question: &Question) -> Result<Step, ResolutionError> {
        Ok(Step::Ask {
            resolution: self,
            questions: Vec::new(),
        })
    }
}

/// Why the gathered records make no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolutionError {
    /// No response held a usable record.
    #[error(
        "no usable DNS record arrived for {0}; the resolver may strip DNSSEC, try another with --dns"
    )]
    Nothing(Question),
    /// They are too many bytes or none.
    #[error("the gathered records make no proof: {0}")]
    Proof(#[from] ProofError),
}

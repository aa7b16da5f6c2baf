//! The same without a runtime: a transport that blocks, the driver for it, and DNS over UDP and
//! TCP with the standard library alone.

mod client;
#[cfg(test)]
mod tests;

use hickory_proto::rr::{Name, RecordType};

pub use client::Client;

use super::{ExchangeError, GatherError};
use crate::{
    handle::Handle,
    resolution::{Gathered, Question, Resolution, ResolutionError, Response, Step},
};

/// A way to ask a recursive resolver that blocks until the answer is there.
///
/// ```
/// use payname_resolver::{
///     Handle, Question, Response,
///     net::{ExchangeError, blocking::{Transport, gather}},
/// };
///
/// /// A transport that is always offline.
/// struct Offline;
///
/// impl Transport for Offline {
///     fn exchange(&self, question: &Question) -> Result<Response, ExchangeError> {
///         Err(ExchangeError::Transport(format!("offline: {question}").into()))
///     }
/// }
///
/// let handle: Handle = "₿alice@example.com".parse()?;
/// assert!(gather(&Offline, &handle).unwrap_err().to_string().starts_with("offline"));
/// # Ok::<(), payname_resolver::HandleError>(())
/// ```
pub trait Transport {
    /// Asks one question ([`Question::to_message`]) and waits for the answer that belongs to it
    /// ([`Response::parse`]), in bounded time.
    ///
    /// # Errors
    /// There is none. A failure of its own is an [`ExchangeError::Transport`].
    fn exchange(&self, question: &Question) -> Result<Response, ExchangeError>;

    /// Asks several questions and gives their answers in the same order. One after the other,
    /// unless the transport can ask them at once, which makes one round trip of them.
    fn exchange_all(&self, questions: &[Question]) -> Vec<Result<Response, ExchangeError>> {
        questions
            .iter()
            .map(|question| self.exchange(question))
            .collect()
    }
}

/// Gathers the proof of a handle's record through a transport. Not verified yet.
///
/// # Errors
/// The transport has no answer for the record itself, or the records make no proof. Other
/// questions without an answer are told in [`Gathered::unanswered`].
pub fn gather(
    transport: &(impl Transport + ?Sized),
    handle: &Handle,
) -> Result<Gathered, GatherError> {
    gather_at(transport, handle.owner_name(), RecordType::TXT)
}

/// As [`gather`], for any owner name and type.
///
/// # Errors
/// As [`gather`].
pub fn gather_at(
    transport: &(impl Transport + ?Sized),
    owner: &Name,
    record_type: RecordType,
) -> Result<Gathered, GatherError> {
    let (mut resolution, mut round) = Resolution::start_at(owner, record_type);
    // The first question is the one for the record itself.
    let first = round.first().cloned();
    while !round.is_empty() {
        let outcomes = transport.exchange_all(&round);
        let mut outcomes = outcomes.into_iter();
        let mut next_round = Vec::new();
        for question in &round {
            let step = match outcomes.next() {
                Some(Ok(response)) => resolution.receive(response)?,
                Some(Err(error)) if Some(question) == first.as_ref() => return Err(error.into()),
                Some(Err(error)) => resolution.failed(question, error)?,
                None => resolution.unanswered(question)?,
            };
            match step {
                Step::Done(gathered) => return Ok(gathered),
                Step::Ask {
                    resolution: next,
                    questions,
                } => {
                    resolution = next;
                    next_round.extend(questions);
                }
            }
        }
        round = next_round;
    }
    let goal = Question::new(owner.clone(), record_type);
    Err(ResolutionError::Nothing(goal).into())
}

//! Gathering a proof: every question of a [`Resolution`], as many at a time as it likes.

use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use hickory_proto::rr::{Name, RecordType};

use super::{Client, DnsServer, ExchangeError};
use crate::{
    handle::Handle,
    resolution::{Gathered, Question, Resolution, ResolutionError, Step},
};

impl Client {
    /// Gathers the proof of a handle's record. Not verified yet.
    ///
    /// # Errors
    /// The server does not answer for the record itself, the records make no proof, or time is up.
    pub async fn gather(&self, handle: &Handle) -> Result<Gathered, GatherError> {
        self.gather_at(handle.owner_name(), RecordType::TXT).await
    }

    /// Gathers the proof for any owner name and type. Not verified yet.
    ///
    /// # Errors
    /// As [`Client::gather`].
    pub async fn gather_at(
        &self,
        owner: &Name,
        record_type: RecordType,
    ) -> Result<Gathered, GatherError> {
        let total = self.timeouts.total;
        let work = self.drive(owner, record_type);
        tokio::time::timeout(total, work).await.unwrap_or_else(|_| {
            let question = goal(owner, record_type);
            Err(GatherError::Timeout {
                server: self.server.clone(),
                question,
                after: total,
            })
        })
    }

    /// Asks until the resolution is done.
    async fn drive(&self, owner: &Name, record_type: RecordType) -> Result<Gathered, GatherError> {
        let (mut resolution, questions) = Resolution::start_at(owner, record_type);
        let first = goal(owner, record_type);
        let ask = |question: Question| async move {
            let outcome = self.exchange(&question).await;
            (question, outcome)
        };
        let mut asked: FuturesUnordered<_> = questions.into_iter().map(ask).collect();
        while let Some((question, outcome)) = asked.next().await {
            let step = match outcome {
                Ok(response) => resolution.receive(response)?,
                // Without the answer itself the rest proves nothing; say what went wrong.
                Err(error) if question == first => return Err(error.into()),
                Err(_) => resolution.unanswered(&question)?,
            };
            match step {
                Step::Done(gathered) => return Ok(gathered),
                Step::Ask {
                    resolution: next,
                    questions,
                } => {
                    resolution = next;
                    asked.extend(questions.into_iter().map(ask));
                }
            }
        }
        Err(ResolutionError::Nothing(first).into())
    }
}

/// The question for the records themselves, as the resolution asks it.
fn goal(owner: &Name, record_type: RecordType) -> Question {
    let mut name = owner.to_lowercase();
    name.set_fqdn(true);
    Question::new(name, record_type)
}

/// Why no proof was gathered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatherError {
    /// The server does not answer for the record itself.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// Time is up.
    #[error("the DNS server {server} did not give the proof of {question} within {} ms; try another with --dns", after.as_millis())]
    Timeout {
        /// Who was asked.
        server: DnsServer,
        /// What was to be proven.
        question: Question,
        /// How long was waited.
        after: Duration,
    },
    /// The records make no proof.
    #[error(transparent)]
    Resolution(#[from] ResolutionError),
}

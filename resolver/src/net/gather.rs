//! Gathering a proof: every question of a [`Resolution`], as many at a time as it likes.

use futures_util::stream::{FuturesUnordered, StreamExt};
use hickory_proto::rr::{Name, RecordType};

use super::{GatherError, Transport};
use crate::resolution::{Gathered, Question, Resolution, ResolutionError, Step};

/// Gathers the proof for any owner name and type through a transport. Not verified yet.
///
/// It takes as long as the transport takes for its questions, of which there are at most a few
/// rounds; a caller who wants a limit puts a time-out around it.
///
/// ```
/// use payname_resolver::{
///     Handle, Question,
///     hickory_proto::rr::RecordType,
///     net::{ExchangeError, Exchanging, Transport, gather_through},
/// };
///
/// /// A transport that is always offline.
/// struct Offline;
///
/// impl Transport for Offline {
///     fn exchange<'a>(&'a self, question: &'a Question) -> Exchanging<'a> {
///         let error = format!("offline, so that {question} has no answer");
///         Box::pin(async { Err(ExchangeError::Transport(error.into())) })
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let handle: Handle = "₿alice@example.com".parse()?;
/// let gathered = gather_through(&Offline, handle.owner_name(), RecordType::TXT).await;
/// assert!(gathered.unwrap_err().to_string().starts_with("offline"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The transport has no answer for the record itself, or the records make no proof. Other
/// questions without an answer are told in [`Gathered::unanswered`].
pub async fn gather_through(
    transport: &(impl Transport + ?Sized),
    owner: &Name,
    record_type: RecordType,
) -> Result<Gathered, GatherError> {
    let start = Resolution::start_at(owner, record_type);
    drive(transport, start, goal(owner, record_type)).await
}

/// Asks all that a resolution that was just started wants to know.
pub(super) async fn drive(
    transport: &(impl Transport + ?Sized),
    (mut resolution, questions): (Resolution, Vec<Question>),
    goal: Question,
) -> Result<Gathered, GatherError> {
    let ask = |question: Question| async move {
        let outcome = transport.exchange(&question).await;
        (question, outcome)
    };
    let mut asked: FuturesUnordered<_> = questions.into_iter().map(ask).collect();
    while let Some((question, outcome)) = asked.next().await {
        let step = match outcome {
            Ok(response) => resolution.receive(response)?,
            // Without the answer itself the rest proves nothing; say what went wrong.
            Err(error) if question == goal => return Err(error.into()),
            Err(error) => resolution.failed(&question, error)?,
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
    Err(ResolutionError::Nothing(goal).into())
}

/// The question for the records themselves, as the resolution asks it.
pub(super) fn goal(owner: &Name, record_type: RecordType) -> Question {
    let mut name = owner.to_lowercase();
    name.set_fqdn(true);
    Question::new(name, record_type)
}

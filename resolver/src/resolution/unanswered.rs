//! A question that stayed without a usable answer.

use alloc::sync::Arc;
use core::{error::Error, fmt};

use crate::resolution::Question;

/// A question that got no usable answer, and why if it is known.
///
/// Two are equal when their questions are.
///
/// ```
/// use payname_resolver::{
///     Question, hickory_proto::rr::{Name, RecordType}, resolution::Unanswered,
/// };
///
/// let question = Question::new(Name::from_ascii("example.com.")?, RecordType::DS);
/// let unanswered = Unanswered::new(question);
/// assert_eq!(unanswered.to_string(), "example.com. DS got no answer");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Unanswered {
    /// What was asked.
    pub question: Question,
    /// What went wrong, such as a time-out.
    pub cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Unanswered {
    /// A question without an answer.
    pub fn new(question: Question) -> Self {
        Self {
            question,
            cause: None,
        }
    }

    /// The same with the reason.
    pub fn because(question: Question, cause: impl Error + Send + Sync + 'static) -> Self {
        Self {
            question,
            cause: Some(Arc::new(cause)),
        }
    }
}

impl PartialEq for Unanswered {
    fn eq(&self, other: &Self) -> bool {
        self.question == other.question
    }
}

impl Eq for Unanswered {}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(cause) => cause.fmt(f),
            None => write!(f, "{} got no answer", self.question),
        }
    }
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::{Name, RecordType};

    use super::*;
    use crate::resolution::{Gathered, Resolution, Step};

    #[test]
    fn a_question_that_failed_is_told_with_its_cause_at_the_end() {
        let owner = Name::from_ascii("a.example.").unwrap();
        let (mut resolution, questions) = Resolution::start_at(&owner, RecordType::TXT);
        let (first, rest) = questions.split_first().unwrap();
        let lost = std::io::Error::from(std::io::ErrorKind::TimedOut);
        let step = resolution.failed(first, lost).unwrap();
        let Step::Ask {
            resolution: next, ..
        } = step
        else {
            panic!()
        };
        resolution = next;
        assert_eq!(
            Unanswered::new(first.clone()).to_string(),
            "a.example. TXT got no answer"
        );
        let mut done: Option<Gathered> = None;
        let key = crate::proof::ResourceRecord::new(&Name::root(), RecordType::DNSKEY, 9, vec![0]);
        for question in rest {
            let response = crate::Response {
                question: question.clone(),
                records: vec![key.clone()],
            };
            match resolution.receive(response).unwrap() {
                Step::Ask {
                    resolution: next, ..
                } => resolution = next,
                Step::Done(gathered) => {
                    done = Some(gathered);
                    break;
                }
            }
        }
        let unanswered = done.unwrap().unanswered;
        assert_eq!(unanswered, [Unanswered::new(first.clone())]);
        assert!(
            unanswered[0].to_string().contains("timed out"),
            "{}",
            unanswered[0]
        );
    }
}

//! The state machine that gathers the records of a proof.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec,
    vec::Vec,
};
use core::error::Error;

use hickory_proto::rr::{Name, RecordType};

use crate::{
    handle::Handle,
    proof::{ChainCache, Proof, ProofError, ResourceRecord},
    resolution::{Question, Response, Unanswered, arrived::Arrived},
    time::UnixTime,
};

/// The most questions of one resolution, whatever the answers say.
const MAX_QUESTIONS: usize = 48;
/// The most zones that are asked about before any answer says that they are zones.
const MAX_GUESSES: usize = 8;
/// The most CNAME and DNAME records that are followed.
const MAX_HOPS: usize = 12;

/// A resolution under way. Consumed and given back by every step.
///
/// It asks for the whole ancestor chain at once and follows CNAME and DNAME itself, so that a name
/// costs one round trip, or two where zones are cut in unusual places. It does not rely on the
/// resolver's word (its AD bit) nor on its completeness: what is missing is asked for.
#[derive(Debug)]
pub struct Resolution {
    goal: Question,
    asked: BTreeSet<Question>,
    /// Key sets that need not be asked for.
    held: BTreeMap<Name, Vec<ResourceRecord>>,
    pending: BTreeSet<Question>,
    arrived: Arrived,
    unanswered: Vec<Unanswered>,
}

/// What a [`Resolution`] wants next.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "made once per response and taken apart at once"
)]
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
    /// The proof, with records that it may turn out not to need.
    pub proof: Proof,
    /// The lowest TTL that the resolver gave, in seconds; an answer must not be kept longer.
    pub ttl: u32,
    /// The questions that got no usable answer. When a record is missing from the proof, this
    /// tells a network that failed from a resolver that withholds.
    pub unanswered: Vec<Unanswered>,
}

impl Resolution {
    /// Starts to gather the proof of a handle's record; the questions can be asked all at once.
    pub fn start(handle: &Handle) -> (Self, Vec<Question>) {
        Self::start_at(handle.owner_name(), RecordType::TXT)
    }

    /// Starts to gather the proof for any name and type.
    pub fn start_at(owner: &Name, record_type: RecordType) -> (Self, Vec<Question>) {
        Self::start_holding(owner, record_type, BTreeMap::new())
    }

    /// The same without asking for the key sets that `cache` holds at `now`: for a name under known
    /// zones, one small round trip.
    ///
    /// A zone may have changed its keys since. When a proof gathered this way does not hold, gather
    /// it again from nothing before the failure is believed.
    pub fn start_warm(
        owner: &Name,
        record_type: RecordType,
        cache: &ChainCache,
        now: UnixTime,
    ) -> (Self, Vec<Question>) {
        let zones = cache.zones().map(|(zone, _)| zone.clone());
        let held = zones.filter_map(|zone| Some((zone.clone(), cache.records_of(&zone, now)?)));
        Self::start_holding(owner, record_type, held.collect())
    }

    fn start_holding(
        owner: &Name,
        record_type: RecordType,
        held: BTreeMap<Name, Vec<ResourceRecord>>,
    ) -> (Self, Vec<Question>) {
        let mut owner = owner.to_lowercase();
        owner.set_fqdn(true);
        let goal = Question::new(owner, record_type);
        let mut resolution = Self {
            goal: goal.clone(),
            asked: BTreeSet::new(),
            held,
            pending: BTreeSet::new(),
            arrived: Arrived::default(),
            unanswered: Vec::new(),
        };
        let wanted = core::iter::once(goal.clone())
            .chain(likely_zones(&goal.name).iter().flat_map(keys_of))
            .collect();
        let questions = resolution.not_yet_asked(wanted);
        (resolution, questions)
    }

    /// Takes the response to one of the questions.
    ///
    /// # Errors
    /// The records that arrived cannot become a proof.
    pub fn receive(mut self, response: Response) -> Result<Step, ResolutionError> {
        self.pending.remove(&response.question);
        for record in response.records {
            self.arrived.add(record);
        }
        self.advance()
    }

    /// Notes that a question got no usable answer; the proof may do without it.
    ///
    /// # Errors
    /// As [`Resolution::receive`].
    pub fn unanswered(self, question: &Question) -> Result<Step, ResolutionError> {
        self.note(Unanswered::new(question.clone()))
    }

    /// As [`Resolution::unanswered`], and keeps why for [`Gathered::unanswered`].
    ///
    /// # Errors
    /// As [`Resolution::receive`].
    pub fn failed(
        self,
        question: &Question,
        cause: impl Error + Send + Sync + 'static,
    ) -> Result<Step, ResolutionError> {
        self.note(Unanswered::because(question.clone(), cause))
    }

    fn note(mut self, unanswered: Unanswered) -> Result<Step, ResolutionError> {
        self.pending.remove(&unanswered.question);
        self.unanswered.push(unanswered);
        self.advance()
    }

    /// The next questions, or the end.
    fn advance(mut self) -> Result<Step, ResolutionError> {
        let wanted = self.wanted();
        let questions = self.not_yet_asked(wanted);
        if !self.pending.is_empty() {
            return Ok(Step::Ask {
                resolution: self,
                questions,
            });
        }
        let Some(ttl) = self.arrived.lowest_ttl() else {
            return Err(ResolutionError::Nothing(self.goal));
        };
        Ok(Step::Done(Gathered {
            proof: Proof::from_records(self.arrived.into_records())?,
            ttl,
            unanswered: self.unanswered,
        }))
    }

    /// All that the records so far call for: the ends of aliases, and the keys of all new signers.
    fn wanted(&mut self) -> Vec<Question> {
        let mut wanted = Vec::new();
        let mut name = self.goal.name.clone();
        for _ in 0..MAX_HOPS {
            if self.arrived.has(&name, self.goal.record_type) {
                break;
            }
            let Some(target) = self.arrived.alias_of(&name) else {
                break;
            };
            if !self.arrived.has(&target, self.goal.record_type) {
                wanted.push(Question::new(target.clone(), self.goal.record_type));
            }
            name = target;
        }
        let signers = self.arrived.new_signers();
        wanted.extend(signers.iter().flat_map(keys_of));
        wanted
    }

    /// Those of the wanted questions that are to be asked, and what the answers at hand call for.
    fn not_yet_asked(&mut self, mut wanted: Vec<Question>) -> Vec<Question> {
        let mut questions = Vec::new();
        while !wanted.is_empty() {
            let mut at_hand = false;
            for question in wanted {
                if self.asked.len() >= MAX_QUESTIONS || !self.asked.insert(question.clone()) {
                    continue;
                }
                if question != self.goal
                    && let Some(records) = self.held.remove(&question.name)
                {
                    self.asked.extend(keys_of(&question.name));
                    records
                        .into_iter()
                        .for_each(|record| self.arrived.add(record));
                    at_hand = true;
                } else {
                    self.pending.insert(question.clone());
                    questions.push(question);
                }
            }
            wanted = if at_hand { self.wanted() } else { Vec::new() };
        }
        questions
    }
}

/// The questions for a zone's keys and for what its parent says of them.
fn keys_of(zone: &Name) -> Vec<Question> {
    let mut questions = vec![Question::new(zone.clone(), RecordType::DNSKEY)];
    if !zone.is_root() {
        questions.push(Question::new(zone.clone(), RecordType::DS));
    }
    questions
}

/// The names above an owner that are probably zones: those below no label with an underscore.
fn likely_zones(owner: &Name) -> Vec<Name> {
    let plain = owner
        .iter()
        .rev()
        .take_while(|label| label.first() != Some(&b'_'))
        .count();
    let depth = plain.min(MAX_GUESSES);
    (0..=depth).map(|labels| owner.trim_to(labels)).collect()
}

/// Why the gathered records make no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolutionError {
    /// No response held a usable record.
    #[error(
        "no DNSSEC record arrived for {0}; the resolver may strip them, try another with --dns"
    )]
    Nothing(Question),
    /// They are too many bytes.
    #[error("the gathered records make no proof: {0}")]
    Proof(#[from] ProofError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::write_name;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    fn answer(question: &Question, records: Vec<ResourceRecord>) -> Response {
        Response {
            question: question.clone(),
            records,
        }
    }

    fn signature(owner: &str, covered: RecordType, signer: &str) -> ResourceRecord {
        let mut rdata = u16::from(covered).to_be_bytes().to_vec();
        rdata.extend([0; 16]);
        write_name(&name(signer), &mut rdata);
        rdata.push(0);
        ResourceRecord::new(&name(owner), RecordType::RRSIG, 60, rdata)
    }

    /// Answers every question with nothing until the end, but these with the given records.
    fn run(
        owner: &str,
        answers: &[(&str, RecordType, Vec<ResourceRecord>)],
    ) -> (Vec<Vec<Question>>, Result<Gathered, ResolutionError>) {
        let (mut resolution, first) = Resolution::start_at(&name(owner), RecordType::TXT);
        let mut rounds = vec![first];
        loop {
            let round = rounds.last().unwrap().clone();
            let mut next = Vec::new();
            for question in &round {
                let records = answers
                    .iter()
                    .find(|(owner, record_type, _)| {
                        name(owner) == question.name && *record_type == question.record_type
                    })
                    .map(|(_, _, records)| records.clone())
                    .unwrap_or_default();
                match resolution.receive(answer(question, records)) {
                    Ok(Step::Ask {
                        resolution: again,
                        questions,
                    }) => {
                        resolution = again;
                        next.extend(questions);
                    }
                    Ok(Step::Done(gathered)) => return (rounds, Ok(gathered)),
                    Err(error) => return (rounds, Err(error)),
                }
            }
            rounds.push(next);
        }
    }

    #[test]
    fn the_whole_ancestor_chain_is_asked_for_at_once() {
        let handle: Handle = "alice@example.com".parse().unwrap();
        let (_, questions) = Resolution::start(&handle);
        let texts: Vec<String> = questions.iter().map(Question::to_string).collect();
        assert_eq!(
            texts,
            [
                "alice.user._bitcoin-payment.example.com. TXT",
                ". DNSKEY",
                "com. DNSKEY",
                "com. DS",
                "example.com. DNSKEY",
                "example.com. DS",
            ]
        );
    }

    #[test]
    fn an_ordinary_name_needs_one_round() {
        let owner = "alice.user._bitcoin-payment.example.com.";
        let answers = [(
            owner,
            RecordType::TXT,
            vec![signature(owner, RecordType::TXT, "example.com.")],
        )];
        let (rounds, gathered) = run(owner, &answers);
        assert_eq!(rounds.len(), 1);
        assert_eq!(gathered.unwrap().ttl, 60);
    }

    #[test]
    fn a_zone_cut_that_nobody_guesses_needs_a_second_round() {
        let owner = "alice.user._bitcoin-payment.example.com.";
        let cut = "user._bitcoin-payment.example.com.";
        let answers = [(
            owner,
            RecordType::TXT,
            vec![signature(owner, RecordType::TXT, cut)],
        )];
        let (rounds, _) = run(owner, &answers);
        let second: Vec<String> = rounds[1].iter().map(Question::to_string).collect();
        assert_eq!(second, [format!("{cut} DNSKEY"), format!("{cut} DS")]);
    }

    #[test]
    fn aliases_are_followed_even_when_the_resolver_does_not() {
        let alias = |owner: &str, record_type, target: &str| {
            let mut rdata = Vec::new();
            write_name(&name(target), &mut rdata);
            ResourceRecord::new(&name(owner), record_type, 60, rdata)
        };
        let answers = [
            (
                "a.x.",
                RecordType::TXT,
                vec![alias("a.x.", RecordType::CNAME, "b.c.y.")],
            ),
            (
                "b.c.y.",
                RecordType::TXT,
                vec![alias("c.y.", RecordType::DNAME, "z.")],
            ),
        ];
        let (rounds, _) = run("a.x.", &answers);
        assert!(rounds[1].contains(&Question::new(name("b.c.y."), RecordType::TXT)));
        assert!(rounds[2].contains(&Question::new(name("b.z."), RecordType::TXT)));
    }

    #[test]
    fn an_alias_that_leads_in_a_circle_ends() {
        let mut rdata = Vec::new();
        write_name(&name("a.x."), &mut rdata);
        let circle = ResourceRecord::new(&name("a.x."), RecordType::CNAME, 60, rdata);
        let (rounds, gathered) = run("a.x.", &[("a.x.", RecordType::TXT, vec![circle])]);
        assert_eq!(rounds.len(), 1);
        assert!(gathered.is_ok());
    }

    #[test]
    fn a_resolver_that_names_signers_without_end_is_asked_48_questions_at_most() {
        let signers: Vec<ResourceRecord> = (0..500)
            .map(|index| signature("a.x.", RecordType::TXT, &format!("s{index}.")))
            .collect();
        let (rounds, _) = run("a.x.", &[("a.x.", RecordType::TXT, signers)]);
        assert_eq!(rounds.iter().map(Vec::len).sum::<usize>(), MAX_QUESTIONS);
    }

    #[test]
    fn answers_of_thousands_of_records_are_taken_in_without_scanning_them_all_again() {
        let owner = format!("{}x.", "a.".repeat(110));
        let (mut resolution, questions) = Resolution::start_at(&name(&owner), RecordType::TXT);
        let start = std::time::Instant::now();
        for (round, question) in questions.iter().enumerate() {
            let records = (0..2000)
                .map(|index| signature(&format!("r{round}.i{index}."), RecordType::A, "x."))
                .collect();
            match resolution.receive(answer(question, records)) {
                Ok(Step::Ask {
                    resolution: again, ..
                }) => resolution = again,
                done => {
                    assert!(matches!(done, Err(ResolutionError::Proof(_))));
                    break;
                }
            }
        }
        assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    }

    #[test]
    fn a_resolver_that_strips_everything_is_an_error_and_not_an_empty_proof() {
        let (_, gathered) = run("a.x.", &[]);
        assert!(matches!(gathered, Err(ResolutionError::Nothing(_))));
    }
}

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
    proof::{ChainCache, Proof, ProofError, ResourceRecord, TrustAnchors},
    resolution::{Question, Response, Unanswered, arrived::Arrived},
    time::UnixTime,
};

/// The most questions of one resolution, whatever the answers say.
pub(super) const MAX_QUESTIONS: usize = 48;
/// The most zones that are asked about before any answer says that they are zones.
const MAX_GUESSES: usize = 8;
/// The most CNAME and DNAME records that are followed.
const MAX_HOPS: usize = 12;

/// A resolution under way. Consumed and given back by every step.
///
/// It asks for the whole ancestor chain at once and follows CNAME and DNAME itself, so that a name
/// costs one round trip, or two where zones are cut in unusual places. It does not rely on the
/// resolver's word (its AD bit) nor on its completeness: what is missing is asked for.
///
/// ```
/// use payname_resolver::{
///     Gathered, Handle, Question, Resolution, Response, Step, resolution::ResolutionError,
/// };
///
/// /// Gathers with whatever sends a message to a resolver and gives back its answer.
/// fn gather(
///     handle: &Handle,
///     exchange: impl Fn(Vec<u8>) -> Option<Vec<u8>>,
/// ) -> Result<Gathered, ResolutionError> {
///     let (mut resolution, mut questions) = Resolution::start(handle);
///     while let Some(question) = questions.pop() {
///         let id = 7; // a random one, where strangers could answer
///         let response = exchange(question.to_message(id));
///         let response = response.and_then(|bytes| Response::parse(&question, id, &bytes).ok());
///         let step = match response {
///             Some(response) => resolution.receive(response)?,
///             None => resolution.unanswered(&question)?,
///         };
///         match step {
///             Step::Ask { resolution: again, questions: more } => {
///                 resolution = again;
///                 questions.extend(more);
///             }
///             Step::Done(gathered) => return Ok(gathered),
///         }
///     }
///     unreachable!("a resolution with nothing pending is done")
/// }
///
/// let handle: Handle = "alice@example.com".parse()?;
/// let silence = gather(&handle, |_| None);
/// assert!(matches!(silence, Err(ResolutionError::Nothing(Question { .. }))));
/// # Ok::<(), payname_resolver::HandleError>(())
/// ```
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

    /// The same for a verifier that starts from `anchors`, without asking for what lies above them.
    ///
    /// From anchors of the root it gathers what [`Resolution::start_at`] does. From those of a zone further
    /// down it gathers a proof that only they can begin; the zone's own server can answer all of it.
    ///
    /// ```
    /// use payname_resolver::{Handle, Resolution, TrustAnchors, hickory_proto::rr::RecordType};
    ///
    /// let anchors = TrustAnchors::parse(
    ///     "example.com. IN DS 47005 13 2 2eb6e9f2480126691594d649a5a613de3052e37861634641bb568746f2ffc4d4",
    /// )?;
    /// let handle: Handle = "alice@example.com".parse()?;
    /// let (_, questions) = Resolution::start_below(&anchors, handle.owner_name(), RecordType::TXT);
    /// assert_eq!(questions.len(), 2, "the record and the zone's keys: {questions:?}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start_below(
        anchors: &TrustAnchors,
        owner: &Name,
        record_type: RecordType,
    ) -> (Self, Vec<Question>) {
        let labels = owner.num_labels().into();
        let mut above = (0..=labels).rev().map(|labels| owner.trim_to(labels));
        let needless = match above.find(|zone| anchors.has(&zone.to_lowercase())) {
            None => BTreeSet::new(),
            Some(start) => {
                let start = start.to_lowercase();
                let higher = above.flat_map(|zone| keys_of(&zone.to_lowercase()));
                let ds = Question::new(start, RecordType::DS);
                higher.chain([ds]).collect()
            }
        };
        Self::start_with(owner, record_type, BTreeMap::new(), needless)
    }

    fn start_holding(
        owner: &Name,
        record_type: RecordType,
        held: BTreeMap<Name, Vec<ResourceRecord>>,
    ) -> (Self, Vec<Question>) {
        Self::start_with(owner, record_type, held, BTreeSet::new())
    }

    /// Starts with key sets at hand, and with questions that are not to be asked.
    fn start_with(
        owner: &Name,
        record_type: RecordType,
        held: BTreeMap<Name, Vec<ResourceRecord>>,
        needless: BTreeSet<Question>,
    ) -> (Self, Vec<Question>) {
        let mut owner = owner.to_lowercase();
        owner.set_fqdn(true);
        let goal = Question::new(owner, record_type);
        let mut resolution = Self {
            goal: goal.clone(),
            asked: needless
                .into_iter()
                .filter(|other| *other != goal)
                .collect(),
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

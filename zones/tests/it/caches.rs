//! Resolvers that remember: whatever any of them may hold of the zone at a moment must validate.
//!
//! A resolver gets each record set from a server that may lag behind by the propagation delay, and
//! keeps it for its whole TTL. So at any moment the DS records, the DNSKEY records and the rest can
//! each be from any time in that window, in every combination.

use std::collections::{BTreeMap, BTreeSet};

use payname_resolver::proof::Secure;
use payname_resolver::resolution::{Question, Resolution, Response, Step};
use payname_resolver::{Outcome, Proof};
use payname_zones::hickory_proto::rr::{Name, RecordType};
use payname_zones::{Transport, respond};

use crate::operated::{DS_TTL, Operated, ZONE_TTL, child};

/// How long a record set may still be met after the servers stopped to show it, without a second
/// to spare.
pub(crate) struct Windows {
    pub(crate) zone: u64,
    pub(crate) parent: u64,
}

/// What may be remembered of the zone, at one moment.
pub(crate) struct Caches {
    questions: Vec<Question>,
    owner: Name,
    windows: Windows,
    /// The serials of the zone and its parent when they were last asked.
    serials: Option<(u32, u32)>,
    ds: History,
    keys: History,
    rest: History,
}

/// The answers to some questions, and until when they were given.
struct Version {
    answers: BTreeMap<Question, Vec<u8>>,
    until: Option<u64>,
}

/// The versions that may still be remembered, the newest last.
#[derive(Default)]
struct History(Vec<Version>);

impl Caches {
    /// Caches that nobody has asked yet, about the TXT records of `owner`.
    pub(crate) fn new(scene: &Operated, owner: &str) -> Self {
        let owner = Name::from_ascii(owner).unwrap();
        let mut questions = Vec::new();
        gather(&owner, |question| {
            questions.push(question.clone());
            ask(scene, question)
        });
        let policy = scene.set.policy();
        let windows = Windows {
            zone: u64::from(ZONE_TTL) + policy.propagation.as_secs(),
            parent: u64::from(DS_TTL) + policy.parent_propagation.as_secs(),
        };
        Self {
            questions,
            owner,
            windows,
            serials: None,
            ds: History::default(),
            keys: History::default(),
            rest: History::default(),
        }
    }

    /// Takes note of what the servers show now, and forgets what nobody can remember. Returns
    /// whether something is remembered that was not, or is for the last time within `seconds`.
    pub(crate) fn look(&mut self, scene: &Operated, seconds: u64) -> bool {
        let now = scene.elapsed;
        let serials = Some(scene.serials());
        let is_new = self.serials != serials;
        if is_new {
            self.serials = serials;
            let of = |wanted: fn(&Question) -> bool| {
                let questions = self.questions.iter().filter(|question| wanted(question));
                questions
                    .map(|question| (question.clone(), ask(scene, question)))
                    .collect()
            };
            let (ds, keys, rest) = (of(is_ds), of(is_keys), of(is_rest));
            self.ds.note(ds, now);
            self.keys.note(keys, now);
            self.rest.note(rest, now);
        }
        let ends = [
            self.ds.forget(now, self.windows.parent, seconds),
            self.keys.forget(now, self.windows.zone, seconds),
            self.rest.forget(now, self.windows.zone, seconds),
        ];
        is_new || ends.contains(&true)
    }

    /// Verifies every combination that may be met now; returns the proofs.
    pub(crate) fn verify_all(&self, scene: &Operated) -> Vec<Proof> {
        let mut proofs = Vec::new();
        for ds in &self.ds.0 {
            for keys in &self.keys.0 {
                for rest in &self.rest.0 {
                    let proof = gather(&self.owner, |question| {
                        let version = match question {
                            question if is_ds(question) => ds,
                            question if is_keys(question) => keys,
                            _ => rest,
                        };
                        let remembered = version.answers.get(question).cloned();
                        remembered.unwrap_or_else(|| ask(scene, question))
                    });
                    let outcome =
                        proof.judge(&self.owner, RecordType::TXT, &scene.anchors, scene.now());
                    let Outcome::Secure(Secure { records, .. }) = outcome else {
                        let ages = [ds, keys, rest].map(|version| version.until);
                        panic!(
                            "after {} s, with versions until {ages:?} of DS, keys and the rest: \
                             {outcome:?}\n{:#?}",
                            scene.elapsed,
                            scene.set.keys(),
                        );
                    };
                    assert_eq!(records.len(), 1);
                    assert_every_algorithm_signs(&proof);
                    proofs.push(proof);
                }
            }
        }
        proofs
    }
}

impl History {
    fn note(&mut self, answers: BTreeMap<Question, Vec<u8>>, now: u64) {
        if let Some(last) = self.0.last_mut() {
            if last.answers == answers {
                return;
            }
            last.until = Some(now); // it was shown until just now
        }
        let until = None;
        self.0.push(Version { answers, until });
    }

    /// Forgets what is too old; returns whether more will be within `seconds`.
    fn forget(&mut self, now: u64, window: u64, seconds: u64) -> bool {
        let known_at = |version: &Version, now: u64| {
            let until = version.until;
            until.is_none_or(|until| until + window > now)
        };
        self.0.retain(|version| known_at(version, now));
        !self
            .0
            .iter()
            .all(|version| known_at(version, now + seconds))
    }
}

/// What RFC 4035 §2.2 asks of a zone, and strict validators of its records: every algorithm of the
/// DS records signs the DNSKEY records, and every algorithm of these all else.
fn assert_every_algorithm_signs(proof: &Proof) {
    let mut of_ds = BTreeSet::new();
    let mut of_keys = BTreeSet::new();
    let mut signers: BTreeMap<(&Name, u16), BTreeSet<u8>> = BTreeMap::new();
    for record in proof.records() {
        let (owner, data) = (record.name(), record.rdata());
        match record.record_type() {
            RecordType::DS if *owner == child() => {
                of_ds.insert(data[2]);
            }
            RecordType::DNSKEY if *owner == child() => {
                of_keys.insert(data[3]);
            }
            RecordType::RRSIG if child().zone_of(owner) => {
                let covered = u16::from_be_bytes([data[0], data[1]]);
                signers.entry((owner, covered)).or_default().insert(data[2]);
            }
            _ => {}
        }
    }
    signers.retain(|(_, covered), _| *covered != u16::from(RecordType::DS));
    assert!(of_ds.is_subset(&of_keys) && signers.len() > 1);
    for ((owner, covered), algorithms) in signers {
        let is_of_keys = covered == u16::from(RecordType::DNSKEY);
        let needed = if is_of_keys { &of_ds } else { &of_keys };
        assert!(
            needed.is_subset(&algorithms),
            "{owner} {covered}: {needed:?} {algorithms:?}"
        );
    }
}

/// Gathers the proof of a name's TXT records from answers that somebody gives.
fn gather(owner: &Name, mut answer: impl FnMut(&Question) -> Vec<u8>) -> Proof {
    let (mut resolution, mut questions) = Resolution::start_at(owner, RecordType::TXT);
    loop {
        let question = questions.pop().expect("a resolution waits for an answer");
        let response = Response::parse(&question, 1, &answer(&question)).unwrap();
        match resolution.receive(response).unwrap() {
            Step::Done(gathered) => return gathered.proof,
            Step::Ask {
                resolution: next,
                questions: more,
            } => {
                resolution = next;
                questions.extend(more);
            }
        }
    }
}

fn ask(scene: &Operated, question: &Question) -> Vec<u8> {
    respond(&scene.zones, &question.to_message(1), Transport::Tcp).unwrap()
}

fn is_ds(question: &Question) -> bool {
    question.name == child() && question.record_type == RecordType::DS
}

fn is_keys(question: &Question) -> bool {
    question.name == child() && question.record_type == RecordType::DNSKEY
}

fn is_rest(question: &Question) -> bool {
    child().zone_of(&question.name) && !is_ds(question) && !is_keys(question)
}

//! Keys of one zone, moved by hand through time.

mod algorithm;
mod clock;
mod rolling;
mod storing;

use std::collections::BTreeSet;
use std::time::Duration;

use hickory_proto::dnssec::rdata::DS;
use hickory_proto::rr::Name;
use payname_resolver::UnixTime;
use ring::rand::SystemRandom;

use super::*;

const START: UnixTime = UnixTime(1_785_988_800);
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
/// The DNSKEY records' TTL and two hours of propagation.
const HOLD_ZONE: u64 = 3 * HOUR;
/// The DS records' TTL and a day of propagation.
const HOLD_PARENT: u64 = 2 * DAY;

/// A key set, a zone that signs again at once, and a parent that does what it is told.
struct Scene {
    set: KeySet,
    elapsed: u64,
    /// Tags of keys whose signatures are still in the zone.
    lingering: BTreeSet<u16>,
    /// Whether every record set has all the signatures it is to have.
    signed: bool,
    parent: Option<Vec<DS>>,
    /// Whether the zone cannot be changed.
    stuck: bool,
    /// The tags of the DNSKEY records, and of the keys that signed them.
    published: [BTreeSet<u16>; 2],
}

fn zone() -> Name {
    Name::from_ascii("example.test.").unwrap()
}

fn policy(scheme: Scheme) -> KeyPolicy {
    KeyPolicy {
        scheme,
        ..KeyPolicy::default()
    }
}

impl Scene {
    fn new(policy: KeyPolicy) -> Self {
        let (set, _) = KeySet::new(&zone(), policy, START, &SystemRandom::new()).unwrap();
        let parent = Some(vec![set.active(Duty::Entry).unwrap().ds(&zone())]);
        let mut scene = Self {
            set,
            elapsed: 0,
            lingering: BTreeSet::new(),
            signed: true,
            parent,
            stuck: false,
            published: [const { BTreeSet::new() }; 2],
        };
        scene.published = scene.wanted();
        scene.after(0);
        scene
    }

    /// Lets time pass, then steps until nothing changes.
    fn after(&mut self, seconds: u64) -> Vec<KeyChange> {
        self.elapsed += seconds;
        let mut changes = Vec::new();
        loop {
            let step = self.step();
            if step.changes.is_empty() {
                return changes;
            }
            changes.extend(step.changes);
        }
    }

    fn step(&mut self) -> Step {
        let reading = Reading {
            wall: START.plus(self.elapsed),
            monotonic: Duration::from_secs(self.elapsed),
        };
        self.step_at(reading)
    }

    fn step_at(&mut self, reading: Reading) -> Step {
        let key_use = self.key_use();
        let view = self.parent.clone().map(|ds| ParentView {
            ds,
            ttl: 86_400,
            signed_from: None,
        });
        let step = self
            .set
            .step(reading, &key_use, view.as_ref(), &SystemRandom::new())
            .unwrap();
        if !self.stuck {
            self.published = self.wanted();
        }
        self.set.see(reading, &self.key_use());
        step
    }

    fn key_use(&self) -> KeyUse {
        let signing = self.set.active(Duty::Zone).unwrap().key_tag;
        let mut key_tags = self.lingering.clone();
        key_tags.insert(signing);
        let mut complete = BTreeSet::from([signing]);
        if self.signed {
            let beside = self.set.keys().iter().filter(|key| key.assists(Duty::Zone));
            complete.extend(beside.map(|key| key.key_tag));
        }
        let [shown, entry] = self.published.clone();
        KeyUse {
            signing,
            key_tags,
            complete,
            shown,
            entry,
            longest_ttl: 3600,
        }
    }

    /// What the zone is to show.
    fn wanted(&self) -> [BTreeSet<u16>; 2] {
        let signers = self.set.keys().iter().filter(|key| key.signs_keys());
        [self.shown(), signers.map(|key| key.key_tag).collect()]
    }

    fn ds_of(&self, tag: u16) -> DS {
        let key = self.set.keys().iter().find(|key| key.key_tag == tag);
        key.unwrap().ds(&zone())
    }

    fn tag_of(&self, duty: Duty) -> u16 {
        self.set.active(duty).unwrap().key_tag
    }

    fn next_tag(&self, duty: Duty) -> u16 {
        self.set.next(duty).unwrap().key_tag
    }

    /// Does what the operator is told to do at the parent.
    fn obey(&mut self) {
        let view = ParentView {
            ds: self.parent.clone().unwrap(),
            ttl: 86_400,
            signed_from: None,
        };
        let advice = self.set.advice(&view);
        let mut ds = view.ds;
        ds.retain(|ds| !advice.remove.contains(ds));
        ds.extend(advice.add);
        self.parent = Some(ds);
    }

    fn shown(&self) -> BTreeSet<u16> {
        let shown = self.set.keys().iter().filter(|key| key.is_shown());
        shown.map(|key| key.key_tag).collect()
    }
}

//! A zone under a private root, its keys in the hands of a [`KeySet`], and an operator who does
//! what he is told, some days later.

use std::sync::Arc;
use std::time::Duration;

use payname_resolver::{TrustAnchors, UnixTime};
use payname_zones::hickory_proto::dnssec::rdata::{DNSSECRData, DS};
use payname_zones::hickory_proto::rr::{Name, RData, RecordType};
use payname_zones::{
    DsRequest, KeyAlgorithm, KeyChange, KeyPolicy, KeySet, NameServer, ParentView, PrivateKeys,
    Reading, Scheme, Settings, SignaturePolicy, SigningKey, Tree, Zone, ZoneSet,
};
use ring::rand::SystemRandom;

/// When every story begins.
pub(crate) const START: UnixTime = UnixTime(1_785_988_800);
/// The TTL of the zone's DS records, in seconds.
pub(crate) const DS_TTL: u32 = 86_400;
/// The longest TTL in the zone.
pub(crate) const ZONE_TTL: u32 = 3600;
pub(crate) const HOUR: u64 = 3600;
pub(crate) const DAY: u64 = 24 * HOUR;

/// Signatures above the zone outlast every story.
const LONG: Duration = Duration::from_secs(500 * 86_400);
/// How long the zone's own signatures last, and from when on they are made again.
const VALIDITY: u64 = 7 * DAY;
const REFRESH: u64 = 3 * DAY;

/// The zone `example.test.` through time.
pub(crate) struct Operated {
    pub(crate) zones: ZoneSet,
    pub(crate) anchors: TrustAnchors,
    pub(crate) anchors_text: String,
    pub(crate) set: KeySet,
    /// Seconds since [`START`], by a clock that is right.
    pub(crate) elapsed: u64,
    /// How many seconds the server's wall clock is ahead.
    pub(crate) clock_error: i64,
    /// How many record sets are signed again at a time.
    pub(crate) at_once: usize,
    /// Whether the operator takes a DS record away only some time after he has added another.
    pub(crate) step_by_step: bool,
    private: PrivateKeys,
    policy: KeyPolicy,
    /// How many seconds the operator takes to do what he is told.
    operator: u64,
    told_at: Option<u64>,
    /// When the present process began.
    process: u64,
}

impl Operated {
    pub(crate) fn new(policy: KeyPolicy, operator: u64) -> Self {
        let random = SystemRandom::new();
        let mut tree = Tree::new(zone(".", long_lived()));
        tree.graft(zone("test.", long_lived()), START).unwrap();
        let origin = child();
        let (set, made) = KeySet::new(&origin, policy.clone(), START, &random).unwrap();
        let private: PrivateKeys = made.into_iter().map(|new| new.key).collect();
        let keys = set.zone_keys(&private).unwrap();
        let settings = Settings {
            infrastructure_ttl: ZONE_TTL,
            signatures: short_lived(0),
            ..settings("example.test.")
        };
        let mut zone = Zone::new(settings, keys, START).unwrap();
        for owner in ["alice.user._bitcoin-payment", "*.wild"] {
            let owner = Name::from_ascii(format!("{owner}.example.test.")).unwrap();
            zone.set_txt(&owner, "bitcoin:?lno=lno1", 300, START)
                .unwrap();
        }
        tree.graft(zone, START).unwrap();
        let anchors_text = tree.anchor_text();
        let mut operated = Self {
            anchors: TrustAnchors::parse(&anchors_text).unwrap(),
            anchors_text,
            zones: tree.into_zones(),
            set,
            elapsed: 0,
            clock_error: 0,
            at_once: usize::MAX,
            step_by_step: false,
            private,
            policy,
            operator,
            told_at: None,
            process: 0,
        };
        operated.set_ds(&[]); // its TTL is that of the zone's other records
        let ds = operated.zone().ds();
        operated.set_ds(&ds);
        operated
    }

    /// The true time.
    pub(crate) fn now(&self) -> UnixTime {
        START.plus(self.elapsed)
    }

    pub(crate) fn zone(&self) -> &Zone {
        self.zones.zone(&child()).unwrap()
    }

    /// The serials of the zone and of its parent.
    pub(crate) fn serials(&self) -> (u32, u32) {
        let parent = self.zones.zone(&child().base_name()).unwrap();
        (self.zone().serial(), parent.serial())
    }

    /// Lets time pass; then the operator acts if it is time, and the server looks after the keys.
    pub(crate) fn after(&mut self, seconds: u64) -> Vec<KeyChange> {
        self.elapsed += seconds;
        self.operate();
        let mut changes = Vec::new();
        loop {
            let step = self.look_after_keys();
            if step.is_empty() {
                return changes;
            }
            changes.extend(step);
        }
    }

    /// The server stops; it starts again when it next looks after the keys.
    pub(crate) fn restart(&mut self) {
        self.set = KeySet::from_text(&self.set.to_text(), self.policy.clone()).unwrap();
        self.process = self.elapsed;
    }

    /// The server starts again with another algorithm, and is asked to change to it.
    pub(crate) fn change_algorithm(&mut self, algorithm: KeyAlgorithm, scheme: Scheme) {
        self.policy.algorithm = algorithm;
        self.policy.scheme = scheme;
        self.restart();
        self.set.roll_algorithm().unwrap();
    }

    /// The DS records that the parent serves.
    pub(crate) fn ds(&self) -> Vec<DS> {
        let parent = self.zones.zone(&child().base_name()).unwrap();
        let set = parent.record_set(&child(), RecordType::DS);
        let ds = set.map(|set| set.data().iter().filter_map(ds_data).collect());
        ds.unwrap_or_default()
    }

    fn look_after_keys(&mut self) -> Vec<KeyChange> {
        let wall = self.now().0.saturating_add_signed(self.clock_error);
        let reading = Reading {
            wall: UnixTime(wall),
            monotonic: Duration::from_secs(self.elapsed - self.process),
        };
        let view = self.view();
        let key_use = self.zone().key_use();
        let random = SystemRandom::new();
        let step = self
            .set
            .step(reading, &key_use, Some(&view), &random)
            .unwrap();
        for new in step.made {
            self.private.insert(Arc::clone(&new.key));
        }
        for change in &step.changes {
            if let KeyChange::Gone(tag) = change {
                self.private.remove(*tag);
            }
        }
        let keys = self.set.zone_keys(&self.private).unwrap();
        let now = step.moment.now;
        let zone = self.zones.zone_mut(&child()).unwrap();
        zone.set_signature_policy(short_lived(step.moment.doubt));
        zone.set_keys(keys, now).unwrap();
        zone.resign_at_most(self.at_once, now.plus(REFRESH), now)
            .unwrap();
        step.changes
    }

    /// What the parent serves, as somebody who proves it sees it.
    fn view(&self) -> ParentView {
        let parent = self.zones.zone(&child().base_name()).unwrap();
        let set = parent.record_set(&child(), RecordType::DS);
        let begin = set
            .as_ref()
            .map(|set| set.rrsig().unwrap().input().sig_inception.get());
        ParentView {
            ds: self.ds(),
            ttl: set.map_or(DS_TTL, |set| set.ttl()),
            signed_from: begin.map(|begin| UnixTime(begin.into())),
        }
    }

    fn operate(&mut self) {
        let view = self.view();
        let advice = self.set.advice(&view);
        if advice.is_empty() {
            self.told_at = None;
            return;
        }
        let told_at = *self.told_at.get_or_insert(self.elapsed);
        if self.elapsed < told_at + self.operator {
            return;
        }
        let mut ds = view.ds;
        let is_half_done = self.step_by_step && !advice.add.is_empty();
        ds.retain(|ds| is_half_done || !advice.remove.contains(ds));
        ds.extend(advice.add);
        // What CDS records ask for is what the operator is told.
        let asked = match self.zone().keys().unwrap().request() {
            DsRequest::Keys(_) => self.zone().ds(),
            _ => Vec::new(),
        };
        assert!(asked.iter().all(|asked| ds.contains(asked)));
        assert!(is_half_done || asked.len() == ds.len());
        self.set_ds(&ds);
        self.told_at = None;
    }

    fn set_ds(&mut self, ds: &[DS]) {
        let servers = self.zone().settings().name_servers.clone();
        let now = self.now();
        let parent = self.zones.zone_mut(&child().base_name()).unwrap();
        parent
            .delegate(&child(), &servers, ds, DS_TTL, now)
            .unwrap();
    }
}

pub(crate) fn child() -> Name {
    Name::from_ascii("example.test.").unwrap()
}

fn zone(origin: &str, signatures: SignaturePolicy) -> Zone {
    let pkcs8 = SigningKey::generate_pkcs8(&SystemRandom::new()).unwrap();
    let settings = Settings {
        signatures,
        ..settings(origin)
    };
    Zone::new(settings, SigningKey::from_pkcs8(&pkcs8).unwrap(), START).unwrap()
}

fn settings(origin: &str) -> Settings {
    let origin = Name::from_ascii(origin).unwrap();
    let server = origin.prepend_label("ns1").unwrap();
    Settings::new(
        origin,
        [NameServer::new(server, ["127.0.0.1".parse().unwrap()])],
    )
}

fn long_lived() -> SignaturePolicy {
    SignaturePolicy {
        validity: LONG,
        ..SignaturePolicy::default()
    }
}

/// `doubt` is how far ahead the clock may be.
fn short_lived(doubt: u64) -> SignaturePolicy {
    SignaturePolicy {
        backdate: Duration::from_secs(HOUR + doubt),
        validity: Duration::from_secs(VALIDITY),
        jitter: Duration::ZERO, // so that all is made again at once, the hardest moment
    }
}

fn ds_data(data: &RData) -> Option<DS> {
    match data {
        RData::DNSSEC(DNSSECRData::DS(ds)) => Some(ds.clone()),
        _ => None,
    }
}

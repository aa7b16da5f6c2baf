//! The recorded proof of `matt@mattcorallo.com`: three zones, two RSA-2048 and four P-256 signatures.

use std::hint::black_box;
use std::rc::Rc;

use payname_resolver::hickory_proto::rr::{Name, RecordType};
use payname_resolver::proof::ChainCache;
use payname_resolver::{Handle, Outcome, Proof, TrustAnchors};
use payname_tests::vector::Vector;

use crate::bare::Check;
use crate::contest::{Contest, Times};
use crate::table::Row;

const ZONE: &str = "mattcorallo.com.";

const COLD: &str = "cold";
const THEIRS: &str = "dnssec-prover";
const BARE: &str = "the bare signatures";
const TLD_CACHED: &str = "with the keys of root and TLD";
const BARE_BELOW_TLD: &str = "the bare signatures below the TLD's keys";
const ZONE_CACHED: &str = "with the keys of the zone";
const BARE_LEAF: &str = "the bare signature of the record";

/// The proof and everything that a judgement on it needs.
pub(crate) struct Matt {
    pub(crate) vector: Vector,
    pub(crate) handle: Handle,
    pub(crate) anchors: TrustAnchors,
}

impl Matt {
    pub(crate) fn load() -> Rc<Self> {
        Rc::new(Self {
            vector: Vector::matt(),
            handle: "matt@mattcorallo.com".parse().unwrap(),
            anchors: TrustAnchors::iana(),
        })
    }

    /// From bytes to the verified record.
    fn verify(&self) {
        let proof = Proof::parse(black_box(&self.vector.bytes)).unwrap();
        let verified = proof.verify(&self.handle, &self.anchors, self.vector.inside);
        black_box(verified.unwrap());
    }

    /// The same with what `cache` holds.
    fn verify_with(&self, cache: &mut ChainCache) {
        let proof = Proof::parse(black_box(&self.vector.bytes)).unwrap();
        let verified = proof.verify_cached(&self.handle, &self.anchors, self.vector.inside, cache);
        black_box(verified.unwrap());
    }

    /// A cache that has seen proven keys of `zone` and of the zones above it, and nothing else.
    fn knows(&self, zone: &str) -> ChainCache {
        let mut cache = ChainCache::new(64);
        let zone = Name::from_ascii(zone).unwrap();
        let (anchors, now) = (&self.anchors, self.vector.inside);
        let proof = self.vector.proof();
        let outcome = proof.judge_cached(&zone, RecordType::DNSKEY, anchors, now, &mut cache);
        assert!(matches!(outcome, Outcome::Secure(_)), "{outcome:?}");
        cache
    }

    /// Enters us, cold and with two caches, `dnssec-prover`, and the bare signatures of each.
    pub(crate) fn enter(self: &Rc<Self>, contest: &mut Contest) {
        let matt = Rc::clone(self);
        contest.enter(COLD, move || matt.verify());
        for (name, zone) in [(TLD_CACHED, "com."), (ZONE_CACHED, ZONE)] {
            let (matt, cache) = (Rc::clone(self), self.knows(zone));
            contest.enter_with(
                name,
                move || cache.clone(),
                move |cache| matt.verify_with(cache),
            );
        }

        let matt = Rc::clone(self);
        let name = self.vector.owner.to_ascii().as_str().try_into().unwrap();
        contest.enter(THEIRS, move || {
            let records = dnssec_prover::ser::parse_rr_stream(black_box(&matt.vector.bytes));
            let records = records.unwrap();
            let verified = dnssec_prover::validation::verify_rr_stream(&records).unwrap();
            assert!(!verified.resolve_name(&name).is_empty());
        });

        let leaf = self.vector.owner.to_string();
        let is_leaf = |check: &Check| check.owner == leaf;
        let is_below_tld = |check: &Check| is_leaf(check) || check.owner == ZONE;
        self.enter_bare(contest, BARE, 6, |_| true);
        self.enter_bare(contest, BARE_BELOW_TLD, 3, is_below_tld);
        self.enter_bare(contest, BARE_LEAF, 1, is_leaf);
    }

    fn enter_bare(
        &self,
        contest: &mut Contest,
        name: &'static str,
        count: usize,
        is_wanted: impl Fn(&Check) -> bool,
    ) {
        let mut checks = Check::all(&self.vector.proof());
        checks.retain(is_wanted);
        assert_eq!(checks.len(), count, "{name}");
        contest.enter(name, move || black_box(&checks).iter().for_each(Check::run));
    }

    /// What came of it.
    pub(crate) fn rows(times: &Times) -> Vec<Row> {
        let (cold, bare, theirs) = (times.of(COLD), times.of(BARE), times.of(THEIRS));
        let within = |what: &str, signatures: &str, time: f64, bare: f64, limit: f64| {
            Row::goal(
                what,
                format!("at most {limit} × {signatures}"),
                format!("{time:.1} µs = {:.2} × {bare:.1} µs", time / bare),
                time <= limit * bare,
            )
        };
        vec![
            within(
                "cold verify, `matt@mattcorallo.com`",
                "the 6 bare signature checks",
                cold,
                bare,
                1.25,
            ),
            Row::goal(
                "the same beside `dnssec-prover` 0.6.10",
                "at least 5 × as fast",
                format!(
                    "{:.1} × as fast ({theirs:.1} µs); the bare signatures alone would be {:.1} ×",
                    theirs / cold,
                    theirs / bare
                ),
                theirs >= 5.0 * cold,
            ),
            within(
                "verify with root and TLD cached",
                "the 3 P-256 checks left",
                times.of(TLD_CACHED),
                times.of(BARE_BELOW_TLD),
                1.25,
            ),
            within(
                "verify with the zone's keys cached",
                "one P-256 check",
                times.of(ZONE_CACHED),
                times.of(BARE_LEAF),
                1.5,
            ),
        ]
    }
}

//! Many names published at once make the zone that the same names make one after the other.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;

use super::*;
use crate::packed::Stored;
use crate::{PaymentRecord, SetChange, SignaturePolicy, payment_record};

/// What happens to a zone, step by step.
#[derive(Debug, Clone)]
enum Step {
    Publish(Vec<(u16, u8)>),
    Remove(u16),
    Delegate(u16),
}

fn step() -> impl Strategy<Value = Step> {
    let place = || 0..60_u16;
    prop_oneof![
        4 => proptest::collection::vec((place(), any::<u8>()), 1..40).prop_map(Step::Publish),
        4 => place().prop_map(Step::Remove),
        1 => place().prop_map(Step::Delegate),
    ]
}

/// Names at several depths: below, above and beside each other, with and without names between.
fn handle(number: u16) -> String {
    match number % 5 {
        0 => format!("n{number}@example.test"),
        1 => format!("a.n{}@example.test", number - 1),
        2 => format!("b.a.n{}@example.test", number - 2),
        3 => format!("n{number}@deep.sub.example.test"),
        _ => format!("n{number}@n{number}.example.test"),
    }
}

fn payment(number: u16, text: u8) -> PaymentRecord {
    let handle = handle(number).parse().unwrap();
    payment_record(&handle, &format!("bitcoin:?lno=lno1{text}")).unwrap()
}

/// A zone whose signatures do not all end together.
fn zone(denial: Denial) -> Zone {
    let mut zone = furnished_zone(denial);
    zone.set_signature_policy(SignaturePolicy {
        jitter: std::time::Duration::from_secs(100),
        ..SignaturePolicy::default()
    });
    zone
}

type Sets = BTreeMap<(Vec<u8>, u16), Vec<u8>>;

fn sets(zone: &Zone) -> Sets {
    let place = |set: &SetChange| (set.owner.clone(), u16::from(set.record_type));
    let sets = zone.stored_sets();
    sets.map(|set| (place(&set), set.set.unwrap())).collect()
}

/// Owner, type, records, when the signatures end and how many there are.
type Told = (Vec<u8>, u16, Vec<u8>, Option<UnixTime>, usize);

/// Every set but the SOA, whose serial counts changes.
fn told(sets: &Sets) -> Vec<Told> {
    let sets = sets
        .iter()
        .filter(|((_, kind), _)| *kind != u16::from(RecordType::SOA));
    let told = sets.map(|((owner, kind), set)| {
        let (set, _) = Stored::split(&set[1..]).unwrap(); // behind the version
        let (records, ends) = (set.record_bytes().to_vec(), set.expires_at());
        (
            owner.clone(),
            *kind,
            records,
            ends,
            set.signatures().count(),
        )
    });
    told.collect()
}

/// Whatever the tree of names counts beside its sets.
fn counts(zone: &Zone) -> (BTreeMap<Vec<u8>, u32>, bool, usize, Option<UnixTime>) {
    let nodes = zone.nodes.iter();
    let below = nodes.map(|node| (node.key().to_vec(), node.children()));
    let ends = zone.nodes.ends();
    (
        below.collect(),
        zone.nodes.redirect(),
        ends.count(),
        ends.first(),
    )
}

/// Publishes them together, and checks what that says of itself.
fn publish_all(zone: &mut Zone, records: &[PaymentRecord]) -> Result<(), String> {
    let older = zone.clone();
    let before = sets(&older);
    let all = records.iter().map(|record| (record, 60));
    let change = match zone.publish_all(all, NOW) {
        Ok(change) => change,
        Err(error) => {
            assert_eq!(sets(zone), before, "a refused change changes nothing");
            return Err(error.to_string());
        }
    };
    assert_eq!(sets(&older), before, "who reads the zone sees it as it was");
    let after = sets(zone);
    let changes: Vec<SetChange> = zone.changes_since(&older).collect();
    let really = after
        .iter()
        .filter(|(place, set)| before.get(*place) != Some(*set));
    assert_eq!(changes.len(), really.count(), "and nothing is gone");
    let owners: HashSet<_> = records.iter().map(PaymentRecord::owner).collect();
    let twice = records.len() - owners.len();
    assert_eq!(
        change.signatures,
        changes.len() + twice,
        "each set is signed once"
    );
    assert_eq!(sets(&older.apply(changes).unwrap()), after);
    Ok(())
}

/// The same one after the other.
fn publish_each(zone: &mut Zone, records: &[PaymentRecord]) -> Result<(), String> {
    let mut next = zone.clone();
    for record in records {
        let done = next.publish(record, 60, NOW);
        done.map_err(|error| error.to_string())?;
    }
    *zone = next;
    Ok(())
}

fn assert_same(one: &Zone, other: &Zone) {
    assert_eq!(told(&sets(one)), told(&sets(other)));
    assert_eq!(counts(one), counts(other));
    assert_eq!(one.denial.ends().count(), other.denial.ends().count());
    assert_eq!(one.expires_at(), other.expires_at());
    assert_eq!(one.denial.break_in(), None);
}

/// Has hickory check every signature in the zone.
fn assert_all_verify(zone: &Zone) {
    let file = zone.master_file().to_string();
    let is_compact = zone.denial.is_compact();
    assert_eq!(file.contains(" NSEC"), !is_compact);
    let links = zone.denial.links();
    let links = links.map(|link| (link.owner, link.set.unpack()));
    let nodes = zone.nodes.iter().flat_map(|node| {
        let owner = zone.nodes.name(node.key());
        node.sets().map(move |set| (owner.clone(), set.unpack()))
    });
    for (owner, set) in nodes.chain(links) {
        let records: Vec<Record> = set.records(&owner);
        for rrsig in set.rrsigs() {
            assert_verifies(zone, &owner, &records, rrsig);
        }
    }
}

fn live(denial: Denial, steps: Vec<Step>) {
    let mut together = zone(denial);
    let mut apart = together.clone();
    for step in steps {
        match step {
            Step::Publish(names) => {
                let records = names.into_iter().map(|(place, text)| payment(place, text));
                let records: Vec<_> = records.collect();
                let done = publish_all(&mut together, &records);
                let each = publish_each(&mut apart, &records);
                assert_eq!(done.is_ok(), each.is_ok(), "{done:?} {each:?}");
            }
            Step::Remove(number) => {
                let owner = payment(number, 0).owner().clone();
                for zone in [&mut together, &mut apart] {
                    let _ = zone.remove(&owner, RecordType::TXT, NOW);
                }
            }
            Step::Delegate(number) => {
                let child = name(&format!("n{number}.example.test."));
                let server = [NameServer::new(name("ns.example.org."), [])];
                for zone in [&mut together, &mut apart] {
                    let _ = zone.delegate(&child, &server, &[], 60, NOW);
                }
            }
        }
        assert_same(&together, &apart);
    }
    assert_all_verify(&together);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_published_together_is_as_if_it_came_one_after_the_other(
        denial in proptest::sample::select(ALL.to_vec()),
        steps in proptest::collection::vec(step(), 1..10),
    ) {
        live(denial, steps);
    }
}

#[test]
fn a_thousand_names_are_as_if_they_came_one_after_the_other() {
    for denial in ALL {
        let first = (0..400).map(|number| (number, 1)).collect();
        // Some are there already, most of them lie between others in any order.
        let second = (300..1000).map(|number| (number, 2)).collect();
        let few = (990..1010).map(|number| (number, 3)).collect();
        let steps = [first, second, few].map(Step::Publish);
        live(denial, steps.to_vec());
    }
}

#[test]
fn what_is_published_into_a_great_zone_shares_all_else_with_the_zone_before() {
    for denial in ALL {
        let mut zone = zone(denial);
        let records: Vec<_> = (0..1500).map(|number| payment(number, 1)).collect();
        publish_all(&mut zone, &records).unwrap();
        let few: Vec<_> = (1500..1510).map(|number| payment(number, 1)).collect();
        let before = zone.clone();
        publish_all(&mut zone, &few).unwrap();
        // Its own set, the link of each and the one before, one or two empty names above.
        let most = 1 + 10 * (1 + 2 * 4);
        let nodes = zone.nodes.differences(&before.nodes).count();
        let links = zone.changes_since(&before).count();
        assert!(nodes < 60 && links < most, "{nodes} {links}");
    }
}

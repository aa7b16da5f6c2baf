//! What a zone says for the others on its nameservers.

use super::*;
use crate::{DsRequest, Signal};

fn request() -> DsRequest {
    DsRequest::Keys(vec![key().dnskey().clone()])
}

fn signal(child: &str, request: &DsRequest) -> Signal {
    Signal::new(&name(child), &name("ns.example.test."), request).unwrap()
}

fn shown(zone: &Zone, signal: &Signal) -> usize {
    let kinds = [RecordType::CDS, RecordType::CDNSKEY];
    let sets = kinds.map(|kind| zone.record_set(signal.owner(), kind));
    sets.iter().flatten().map(|set| set.data().len()).sum()
}

#[test]
fn signals_are_shown_changed_and_taken_away_with_the_children_that_they_are_for() {
    for denial in ALL {
        let mut zone = furnished_zone(denial);
        let before = zone.master_file().to_string();
        let (one, other) = (request(), request());
        let [first, second] = ["one.org.", "two.org."].map(|child| signal(child, &one));
        let both = [first.clone(), second.clone()];
        zone.set_signals(&both, NOW).unwrap().unwrap();
        assert_eq!((shown(&zone, &first), shown(&zone, &second)), (2, 2));
        assert_eq!(zone.set_signals(&both, NOW).unwrap(), None);
        for kind in [RecordType::CDS, RecordType::CDNSKEY] {
            assert_signed(&zone, &zone.answer(first.owner(), kind, true));
        }
        assert!(
            !zone.is_due(NOW, NOW),
            "nothing is to be signed again at once"
        );

        let changed = signal("one.org.", &other);
        let change = zone
            .set_signals(std::slice::from_ref(&changed), NOW)
            .unwrap()
            .unwrap();
        assert!(change.signatures <= 12, "{change:?}");
        assert_eq!((shown(&zone, &changed), shown(&zone, &second)), (2, 0));
        let set = zone.record_set(changed.owner(), RecordType::CDS).unwrap();
        let DsRequest::Keys(keys) = &other else {
            panic!("{other:?}");
        };
        let digest = crate::keys::request_records(&name("one.org."), &other);
        assert_eq!((keys.len(), set.data()), (1, digest[0].1.as_slice()));

        zone.set_signals(&[], NOW).unwrap().unwrap();
        let lasting = |text: &str| {
            let lines = text.lines().filter(|line| !line.contains(" IN RRSIG "));
            let lines = lines.filter(|line| !line.contains(" IN SOA "));
            lines.map(str::to_owned).collect::<Vec<String>>()
        };
        let after = zone.master_file().to_string();
        assert_eq!(lasting(&after), lasting(&before));
    }
}

#[test]
fn a_zone_does_not_speak_for_one_that_its_name_lies_in_or_that_asks_for_nothing() {
    let server = name("ns.example.test.");
    for child in ["example.test.", "test.", "."] {
        assert_eq!(Signal::new(&name(child), &server, &request()), None);
    }
    for request in [DsRequest::None, DsRequest::Delete] {
        assert_eq!(Signal::new(&name("one.org."), &server, &request), None);
    }
    let long = format!("{}.org.", ["x".repeat(60), "y".repeat(60)].join("."));
    let far = name(&format!("{}.{}", "z".repeat(63), server));
    let far = name(&format!("{}.{far}", "z".repeat(63)));
    assert_eq!(Signal::new(&name(&long), &far, &request()), None);
    // Where the zone has given the place away, there is none.
    let mut zone = furnished_zone(Denial::Nsec3);
    let below = Signal::new(
        &name("one.org."),
        &name("ns.secure.example.test."),
        &request(),
    );
    assert_eq!(zone.set_signals(&[below.unwrap()], NOW).unwrap(), None);
}

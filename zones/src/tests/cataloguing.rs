//! Catalogs say what RFC 9432 has them say, and nothing new without a reason.

use std::time::Duration;

use super::transferring::{LIMITS, sets};
use super::*;
use crate::{
    Catalog, CatalogError, Envelope, History, Incoming, Member, Messages, Received, ZoneError,
};

fn member(zone: &str) -> Member {
    Member::new(name(zone))
}

fn catalog() -> Catalog {
    Catalog::new(&name("Catalog.example."), NOW).unwrap()
}

fn received(mut incoming: Incoming, messages: Messages) -> Zone {
    for message in messages {
        if let Received::Complete(arrived) = incoming.feed(&message).unwrap() {
            return arrived.check(NOW).unwrap();
        }
    }
    panic!("it did not end");
}

#[test]
fn a_catalog_is_what_rfc_9432_shows() {
    let mut catalog = catalog();
    let group = Member {
        group: Some("payments".to_owned()),
        change_of_ownership: Some(name("Other.example.")),
        ..member("Example.COM.")
    };
    catalog
        .set_members([group, member("example.net.")], NOW)
        .unwrap();
    let text = catalog.zone().master_file().to_string();
    let lines: BTreeSet<&str> = text.lines().collect();
    // The label is the SHA-256 of the name in wire form, cut to 20 octets, in base 32.
    let digest = ring::digest::digest(&ring::digest::SHA256, b"\x07example\x03com\0");
    let com = data_encoding::BASE32_DNSSEC.encode(&digest.as_ref()[..20]);
    let digest = ring::digest::digest(&ring::digest::SHA256, b"\x07example\x03net\0");
    let net = data_encoding::BASE32_DNSSEC.encode(&digest.as_ref()[..20]);
    let serial = catalog.zone().serial();
    let expected = [
        format!("catalog.example. 3600 IN SOA invalid. invalid. {serial} 3600 60 1209600 300"),
        "catalog.example. 0 IN NS invalid.".to_owned(),
        "version.catalog.example. 0 IN TXT \"2\"".to_owned(),
        format!("{com}.zones.catalog.example. 0 IN PTR example.com."),
        format!("group.{com}.zones.catalog.example. 0 IN TXT \"payments\""),
        format!("coo.{com}.zones.catalog.example. 0 IN PTR other.example."),
        format!("{net}.zones.catalog.example. 0 IN PTR example.net."),
    ];
    assert_eq!(lines, expected.iter().map(String::as_str).collect());
}

#[test]
fn the_serial_rises_when_members_change_and_at_no_other_time() {
    let mut catalog = catalog();
    assert_eq!(catalog.zone().serial(), NOW.0 as u32);
    let both = || [member("b.test."), member("a.test.")];
    let change = catalog.set_members(both(), NOW.plus(10)).unwrap().unwrap();
    assert_eq!((change.serial, change.signatures), (NOW.0 as u32 + 10, 0));
    let again = [member("A.test."), member("b.TEST.")];
    assert_eq!(catalog.set_members(again, NOW.plus(20)).unwrap(), None);
    assert_eq!(catalog.zone().serial(), change.serial);
    assert!(
        !catalog.zone().is_due(UnixTime(u64::MAX), NOW),
        "nothing expires"
    );
    let fewer = catalog
        .set_members([member("a.test.")], NOW)
        .unwrap()
        .unwrap();
    assert_eq!(fewer.serial, change.serial + 1);
    let with_group = Member {
        group: Some("x".to_owned()),
        ..member("a.test.")
    };
    let grouped = catalog.set_members([with_group], NOW).unwrap().unwrap();
    assert_eq!(grouped.serial, fewer.serial + 1);
    let after = Catalog::new_after(&name("catalog.example."), grouped.serial, NOW).unwrap();
    assert_eq!(after.zone().serial(), grouped.serial + 1);
}

#[test]
fn what_is_written_is_read() {
    let mut catalog = catalog();
    assert_eq!(Catalog::read(catalog.zone()).unwrap(), []);
    let members = [
        member("a.test."),
        Member {
            group: Some("x".repeat(300)),
            change_of_ownership: Some(name("next.example.")),
            ..member("b.test.")
        },
    ];
    catalog.set_members(members.clone(), NOW).unwrap();
    assert_eq!(Catalog::read(catalog.zone()).unwrap(), members);
    let stored = catalog.zone().stored_sets();
    let restored = Catalog::restore(&name("catalog.example."), stored).unwrap();
    assert_eq!(sets(restored.zone()), sets(catalog.zone()));
    assert_eq!(restored.zone().serial(), catalog.zone().serial());
}

#[test]
fn a_catalog_is_transferred_and_followed() {
    let mut catalog = catalog();
    let many = |count: usize| (0..count).map(|number| member(&format!("zone{number}.test.")));
    catalog.set_members(many(2000), NOW).unwrap();
    let mut history = History::new(catalog.zone().clone(), 10, Duration::from_secs(60));
    let envelope = Envelope::unasked(catalog.zone().origin());
    let incoming = Incoming::catalog(catalog.zone().origin(), LIMITS, NOW);
    let consumer = received(incoming, history.offer(None).messages(&envelope).unwrap());
    assert_eq!(sets(&consumer), sets(catalog.zone()));

    catalog
        .set_members(many(1999).chain([member("new.test.")]), NOW)
        .unwrap();
    history.push(catalog.zone().clone(), NOW);
    let messages = history
        .offer(Some(consumer.serial()))
        .messages(&envelope)
        .unwrap();
    let messages: Vec<_> = messages.collect();
    assert!(
        messages.len() == 1 && messages[0].len() < 1000,
        "only what changed"
    );
    let messages = history
        .offer(Some(consumer.serial()))
        .messages(&envelope)
        .unwrap();
    let consumer = received(Incoming::since(consumer, LIMITS, NOW), messages);
    assert_eq!(Catalog::read(&consumer).unwrap().len(), 2000);
    assert_eq!(sets(&consumer), sets(catalog.zone()));
}

#[test]
fn a_catalog_answers_without_proofs_and_is_changed_only_as_one() {
    let catalog = catalog();
    let mut zone = catalog.zone().clone();
    let missing = zone.answer(&name("x.catalog.example."), RecordType::TXT, true);
    assert_eq!(
        missing.response_code,
        hickory_proto::op::ResponseCode::NXDomain
    );
    assert_eq!(types(&missing.authorities), [RecordType::SOA]);
    let version = zone.answer(&name("version.catalog.example."), RecordType::TXT, true);
    assert_eq!(types(&version.answers), [RecordType::TXT]);
    let refused = zone.set_txt(&name("x.catalog.example."), "x", 0, NOW);
    assert!(matches!(refused, Err(ZoneError::SignedElsewhere(_))));
    // No zone for payments is unsigned by a slip.
    let settings = Settings {
        denial: Denial::Unsigned,
        ..Settings::new(
            name("example.test."),
            [NameServer::new(name("ns.test."), [])],
        )
    };
    let refused = Zone::new(settings, key(), NOW);
    assert!(matches!(refused, Err(ZoneError::NotSigned(_))));
    let refused = Zone::mirror(zone.origin(), zone.stored_sets());
    assert!(matches!(
        refused,
        Err(ZoneError::NotSigned(_) | ZoneError::Incomplete { .. })
    ));
}

#[test]
fn what_is_no_catalog_is_refused() {
    let mut catalog = catalog();
    let twice = catalog.set_members([member("a.test."), member("A.test.")], NOW);
    assert!(matches!(twice, Err(CatalogError::Twice(_))));
    assert_eq!(Catalog::read(catalog.zone()).unwrap(), []);
    let zone = empty_zone("example.test.", Denial::Nsec);
    assert!(matches!(
        Catalog::read(&zone),
        Err(CatalogError::Version(_))
    ));
    let stored = zone.stored_sets().filter(|set| !set.is_link());
    let restored = Catalog::restore(zone.origin(), stored);
    assert!(matches!(restored, Err(CatalogError::Version(_))));
    // There is room for a member, and none for its group.
    let labels = [63, 63, 63, 20].map(|length| vec![b'x'; length]);
    let long = Name::from_labels(labels.iter().map(Vec::as_slice)).unwrap();
    let mut roomy = Catalog::new(&long, NOW).unwrap();
    assert!(
        roomy
            .set_members([member("a.test.")], NOW)
            .unwrap()
            .is_some()
    );
    let grouped = Member {
        group: Some(String::new()),
        ..member("a.test.")
    };
    assert!(matches!(
        roomy.set_members([grouped], NOW),
        Err(CatalogError::TooLong(_))
    ));
    // A member that a zone of someone else lists in two places.
    let mut signed = empty_zone("catalog.test.", Denial::Nsec);
    let pointer = || vec![RData::PTR(hickory_proto::rr::rdata::PTR(name("a.test.")))];
    signed
        .set_txt(&name("version.catalog.test."), "2", 0, NOW)
        .unwrap();
    signed
        .set_records(
            &name("one.zones.catalog.test."),
            RecordType::PTR,
            0,
            pointer(),
            NOW,
        )
        .unwrap();
    signed
        .set_txt(
            &name("unknown.ext.one.zones.catalog.test."),
            "passed over",
            0,
            NOW,
        )
        .unwrap();
    assert_eq!(Catalog::read(&signed).unwrap(), [member("a.test.")]);
    signed
        .set_records(
            &name("two.zones.catalog.test."),
            RecordType::PTR,
            0,
            pointer(),
            NOW,
        )
        .unwrap();
    assert!(matches!(
        Catalog::read(&signed),
        Err(CatalogError::Twice(_))
    ));
}

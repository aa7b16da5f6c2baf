//! Master files that take one another's place in a zone, and zones written and read again.

use proptest::prelude::*;

use super::*;
use crate::{MasterFileError, ZoneFile};

fn file(text: &str) -> ZoneFile {
    ZoneFile::read(text, &name("example.test.")).unwrap()
}

/// All that is in a zone but what time changes: SOA and signatures.
fn lasting(zone: &Zone) -> Vec<String> {
    let text = zone.master_file().to_string();
    let lines = text
        .lines()
        .filter(|line| !line.contains(" IN RRSIG ") && !line.contains(" IN SOA "));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_file_takes_the_place_of_the_one_before_and_only_what_differs_is_signed() {
    let first = file(
        "a 60 TXT one\nb 60 MX 10 mail\nc 60 CNAME a\nd 60 DNAME other.org.\n\
         child 60 NS ns.child\nchild 60 DS 1 13 2 00ff\nns.child 60 A 192.0.2.9\n",
    );
    let second =
        file("a 60 TXT one\nb 90 MX 10 mail\nc 60 TXT two\nx.d 60 A 192.0.2.1\nchild 60 TXT c\n");
    for denial in ALL {
        let mut zone = empty_zone("example.test.", denial);
        let before = lasting(&zone);
        let nothing = ZoneFile::empty(zone.origin());
        let change = zone.set_file(&nothing, &first, NOW).unwrap().unwrap();
        assert_eq!(change.serial, zone.serial());
        let with_first = lasting(&zone);
        assert_eq!(zone.set_file(&first, &first, NOW).unwrap(), None);

        let serial = zone.serial();
        zone.set_file(&first, &second, NOW).unwrap().unwrap();
        assert_eq!(zone.serial(), serial + 1, "one serial for all");
        let kept = zone.record_set(&name("b.example.test."), RecordType::MX);
        assert_eq!(kept.unwrap().ttl(), 90);
        assert!(
            zone.record_set(&name("c.example.test."), RecordType::CNAME)
                .is_none()
        );
        let mut direct = empty_zone("example.test.", denial);
        direct.set_file(&nothing, &second, NOW).unwrap();
        let sorted = |zone: &Zone| {
            let mut lines = lasting(zone);
            lines.retain(|line| !line.contains(" IN DNSKEY "));
            lines
        };
        assert_eq!(sorted(&zone), sorted(&direct));

        zone.set_file(&second, &first, NOW).unwrap();
        assert_eq!(lasting(&zone), with_first);
        zone.set_file(&first, &nothing, NOW).unwrap();
        assert_eq!(lasting(&zone), before);
    }
}

#[test]
fn a_change_of_one_set_costs_a_handful_of_signatures() {
    let lines = |text: &str| {
        let lines = (0..200).map(|number| format!("n{number} 60 TXT {text}\n"));
        lines.collect::<String>()
    };
    let mut zone = empty_zone("example.test.", Denial::Nsec3);
    let first = file(&lines("x"));
    let nothing = ZoneFile::empty(zone.origin());
    let change = zone.set_file(&nothing, &first, NOW).unwrap().unwrap();
    assert!(change.signatures <= 2 * 200 + 3, "{change:?}");
    let second = file(&lines("x").replacen("n7 60 TXT x", "n7 60 TXT y", 1));
    let change = zone.set_file(&first, &second, NOW).unwrap().unwrap();
    assert!(change.signatures <= 2, "{change:?}");
}

#[test]
fn what_a_file_takes_from_a_name_that_is_published_is_refused_and_nothing_changes() {
    for (text, reason) in [
        (
            "user._bitcoin-payment 60 DNAME other.org.\n",
            "cannot be delegated or redirected",
        ),
        (
            "_bitcoin-payment 60 NS ns.other.org.\n",
            "cannot be delegated or redirected",
        ),
        ("bob.user._bitcoin-payment 60 CNAME x\n", "CNAME and other"),
        (
            "child 60 NS ns.other.org.\nbelow.child 60 TXT x\n",
            "child zone",
        ),
    ] {
        let mut zone = furnished_zone(Denial::Nsec3);
        let before = zone.master_file().to_string();
        let nothing = ZoneFile::empty(zone.origin());
        let error = zone.set_file(&nothing, &file(text), NOW).unwrap_err();
        let MasterFileError::Refused { source, line } = error else {
            panic!("{error:?}");
        };
        assert!(source.to_string().contains(reason), "{source}");
        assert!(line > 0);
        assert_eq!(zone.master_file().to_string(), before);
    }
}

#[test]
fn a_whole_file_says_what_its_zone_is_made_with() {
    let text = "@ 600 SOA ns2 Host.example.org. 41 1 2 3 90\n@ 600 NS ns1\n@ 600 NS ns2\n\
                ns1 600 A 192.0.2.1\nns2 600 AAAA 2001:db8::2\nx 60 TXT y\n";
    let (settings, serial) = file(text).settings().unwrap();
    assert_eq!(
        (serial, settings.negative_ttl, settings.infrastructure_ttl),
        (41, 90, 600)
    );
    let mut zone = Zone::new_after(settings, key(), serial, UnixTime(9)).unwrap();
    zone.import(text, UnixTime(9)).unwrap().unwrap();
    assert_eq!(zone.serial(), 43, "above the file's, once for each step");
    let written = zone.master_file().to_string();
    let soa = "example.test. 600 IN SOA ns2.example.test. host.example.org. 43 3600 60 1209600 90";
    assert!(written.starts_with(soa), "{written}");
    for line in [
        "ns1.example.test. 600 IN A 192.0.2.1",
        "ns2.example.test. 600 IN AAAA 2001:db8::2",
        "x.example.test. 60 IN TXT \"y\"",
    ] {
        assert!(written.contains(line), "{line}\n{written}");
    }
    for (without, kind) in [("SOA", RecordType::SOA), ("NS ", RecordType::NS)] {
        let lines = text.lines().filter(|line| !line.contains(without));
        let rest: String = lines.map(|line| format!("{line}\n")).collect();
        let error = file(&rest).settings().unwrap_err();
        assert!(
            matches!(&error, MasterFileError::NoApex { kind: missing, .. } if *missing == kind),
            "{error}"
        );
    }
}

/// Labels of any octets, and some that are often met.
fn owner() -> impl Strategy<Value = Name> {
    let label = prop_oneof![
        4 => "[a-d]".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 1..5),
        1 => Just(b"*".to_vec()),
        1 => Just(b"_bitcoin-payment".to_vec()),
    ];
    proptest::collection::vec(label, 1..4).prop_map(|labels| {
        let origin = name("example.test.");
        let labels = labels.iter().map(Vec::as_slice).chain(origin.iter());
        Name::from_labels(labels).unwrap()
    })
}

/// Something that may stand at a name.
#[derive(Debug, Clone)]
enum Thing {
    Text(Vec<Vec<u8>>),
    Address(u32),
    Unknown(Vec<u8>),
    Mail(u16, Name),
    Authority(Vec<u8>),
    Alias(Name),
    Redirection(Name),
    Delegation(Option<Vec<u8>>),
}

fn thing() -> impl Strategy<Value = Thing> {
    let octets = |most| proptest::collection::vec(any::<u8>(), 0..most);
    prop_oneof![
        proptest::collection::vec(octets(256), 1..3).prop_map(Thing::Text),
        any::<u32>().prop_map(Thing::Address),
        // hickory-proto has no record without data; reading one is refused with its line.
        proptest::collection::vec(any::<u8>(), 1..40).prop_map(Thing::Unknown),
        (any::<u16>(), owner()).prop_map(|(order, host)| Thing::Mail(order, host)),
        octets(300).prop_map(Thing::Authority),
        owner().prop_map(Thing::Alias),
        owner().prop_map(Thing::Redirection),
        proptest::option::of(octets(33)).prop_map(Thing::Delegation),
    ]
}

/// Puts it where it may stand; what may not is refused, which is tested elsewhere.
fn put(zone: &mut Zone, owner: &Name, ttl: u32, thing: Thing) {
    use hickory_proto::dnssec::{Algorithm, rdata::DS};
    use hickory_proto::rr::rdata::{CAA, MX, NULL, TXT};
    let (kind, data) = match thing {
        Thing::Text(strings) => {
            let strings = strings.iter().map(Vec::as_slice).collect();
            (RecordType::TXT, RData::TXT(TXT::from_bytes(strings)))
        }
        Thing::Address(bits) => (
            RecordType::A,
            RData::from(std::net::IpAddr::from(bits.to_be_bytes())),
        ),
        Thing::Unknown(octets) => {
            let code = RecordType::Unknown(65_400);
            let rdata = NULL::with(octets);
            (code, RData::Unknown { code, rdata })
        }
        Thing::Mail(order, host) => (RecordType::MX, RData::MX(MX::new(order, host))),
        Thing::Authority(value) => {
            let mut caa = CAA::new_issue(true, None, Vec::new());
            caa.value = value;
            (RecordType::CAA, RData::CAA(caa))
        }
        Thing::Alias(target) => (RecordType::CNAME, RData::CNAME(CNAME(target))),
        Thing::Redirection(target) => {
            let _ = zone.set_dname(owner, &target, ttl, NOW);
            return;
        }
        Thing::Delegation(digest) => {
            let server = NameServer::new(
                owner.prepend_label("ns").unwrap_or(owner.clone()),
                ["192.0.2.7".parse().unwrap()],
            );
            let ds = digest.map(|digest| DS::new(7, Algorithm::from_u8(13), 2.into(), digest));
            let ds: Vec<DS> = ds
                .into_iter()
                .filter(|ds| !ds.digest().is_empty())
                .collect();
            let _ = zone.delegate(owner, &[server], &ds, ttl, NOW);
            return;
        }
    };
    let _ = zone.set_records(owner, kind, ttl, vec![data], NOW);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_zone_that_is_written_and_read_is_the_same_zone(
        things in proptest::collection::vec((owner(), 0_u32..100_000, thing()), 0..12),
        denial in proptest::sample::select(BOTH.to_vec()),
    ) {
        let mut zone = empty_zone("example.test.", denial);
        for (owner, ttl, thing) in things {
            put(&mut zone, &owner, ttl, thing);
        }
        let text = zone.master_file().to_string();
        let (settings, serial) = file(&text).settings().unwrap();
        let settings = Settings { denial, ..settings };
        let mut again = Zone::new_after(settings, zone.keys().unwrap().clone(), serial, NOW).unwrap();
        again.import(&text, NOW).unwrap();
        prop_assert_eq!(lasting(&again), lasting(&zone));
    }
}

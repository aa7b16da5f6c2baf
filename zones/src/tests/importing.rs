//! Master files read and taken into zones.

use hickory_proto::rr::rdata::NULL;

use super::*;
use crate::{MasterFileError, read_master_file};

fn read(text: &str) -> Vec<String> {
    let records = read_master_file(text, &name("example.test.")).unwrap();
    let shown = records.iter().map(|record| {
        let kind = record.data.record_type();
        format!(
            "{} {} {} {kind} {}",
            record.line, record.owner, record.ttl, record.data
        )
    });
    shown.collect()
}

fn refused(text: &str) -> String {
    let mut zone = furnished_zone(Denial::Nsec3);
    let before = zone.master_file().to_string();
    let error = zone.import(text, NOW).unwrap_err();
    assert_eq!(
        zone.master_file().to_string(),
        before,
        "a refused file changes nothing"
    );
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    format!("{error}: {}", cause.unwrap_or_default())
}

#[test]
fn every_liberty_of_rfc_1035_is_understood() {
    let text = "\
$TTL 3600 ; a comment
@ 60 IN A 192.0.2.1
     IN 90 A 192.0.2.2
www A 192.0.2.3
$ORIGIN sub
a\\.b 5 TXT ( \"one\"
   two ) ; over lines
\\097\\065 TXT \"\"
outside.example.org. IN TXT x
";
    let owners = |text: &str| {
        let records = read_master_file(text, &name("example.test.")).unwrap();
        records
            .into_iter()
            .map(|record| (record.owner, record.ttl))
            .collect::<Vec<_>>()
    };
    let found = owners(text);
    let odd = Name::from_labels([b"a.b".as_slice(), b"sub", b"example", b"test"]).unwrap();
    assert_eq!(
        found,
        [
            (name("example.test."), 60),
            (name("example.test."), 90),
            (name("www.example.test."), 3600),
            (odd, 5),
            (name("aa.sub.example.test."), 3600),
            (name("outside.example.org."), 3600),
        ]
    );
}

#[test]
fn every_type_that_a_zone_may_hold_is_read_to_the_octet() {
    let long = "x".repeat(255);
    let text = format!(
        "t 1 TXT \"{long}\" \"\" \"a\\\"b\\\\\\255;\"\nd 1 DNAME target\nc 1 CAA 0 issue \"ca.example\"\n\
         l 1 TLSA 3 1 1 00ff00ff\nu 1 TYPE65400 \\# 3 ABCDEF\ng 1 A \\# 4 C0000201\n\
         m 1 MX 10 mail\ns 1 SRV 1 2 3 host.example.org.\n"
    );
    let records = read_master_file(&text, &name("example.test.")).unwrap();
    let RData::TXT(txt) = &records[0].data else {
        panic!("no TXT record");
    };
    let strings: Vec<&[u8]> = txt.txt_data.iter().map(|string| &string[..]).collect();
    assert_eq!(strings, [long.as_bytes(), b"", b"a\"b\\\xff;"]);
    let dname = crate::record_data::dname_target(&records[1].data).unwrap();
    assert_eq!(dname, name("target.example.test."));
    let unknown = RData::Unknown {
        code: RecordType::Unknown(65400),
        rdata: NULL::with(vec![0xab, 0xcd, 0xef]),
    };
    assert_eq!(records[4].data, unknown);
    assert_eq!(
        records[5].data.ip_addr(),
        Some("192.0.2.1".parse().unwrap())
    );
    let shown = read(&text);
    assert!(shown[2].ends_with("0 issue \"ca.example\""), "{}", shown[2]);
    assert!(shown[6].contains("10 mail.example.test."), "{}", shown[6]);
}

#[test]
fn a_zone_that_is_written_and_read_is_the_same_zone() {
    for denial in BOTH {
        let zone = furnished_zone(denial);
        let text = zone.master_file().to_string();
        let settings = zone.settings().clone();
        let mut again =
            Zone::new_after(settings, zone.keys().unwrap().clone(), zone.serial(), NOW).unwrap();
        again.import(&text, NOW).unwrap().unwrap();
        let unsigned = |zone: &Zone| {
            let text = zone.master_file().to_string();
            let lines = text
                .lines()
                .filter(|line| !line.contains(" IN RRSIG ") && !line.contains(" IN SOA "));
            lines.map(str::to_owned).collect::<Vec<String>>()
        };
        assert_eq!(unsigned(&again), unsigned(&zone));
    }
}

#[test]
fn what_is_wrong_is_refused_with_line_and_reason_and_the_zone_stays_as_it_was() {
    let cases = [
        ("ok 1 TXT x\nbad 1 A 192.0.2\n", "line 2", "IPv4"),
        ("ok 1 TXT x\n\nbad 1 TXT \"open\n", "line 3", "quotation"),
        ("bad 1 TXT ( x\n", "line 1", "not closed"),
        ("x 1 TXT a )\n", "line 1", "open"),
        ("x 1 TXT a\\", "line 1", "backslash"),
        ("$INCLUDE other\n", "line 1", "$INCLUDE"),
        (
            "ok 1 TXT x\nelse.example.org. 1 TXT x\n",
            "line 2",
            "not in zone",
        ),
        ("x 1 TXT a\nx 1 CNAME y\n", "line", "CNAME"),
        ("x 1 A 192.0.2.1\nx 2 A 192.0.2.2\n", "line 2", "one TTL"),
        ("below.secure 1 TXT x\n", "line 1", "child zone"),
        ("x 1 DS 1 13 2 00ff\n", "line 1", "NS records"),
        ("x 1 CH TXT x\n", "line 1", "class"),
        ("x 1 NONSENSE x\n", "line 1", "type"),
    ];
    for (text, place, reason) in cases {
        let error = refused(text);
        assert!(
            error.contains(place) && error.contains(reason),
            "{text}{error}"
        );
    }
    let error = read_master_file("x 1 A\n", &name("example.test.")).unwrap_err();
    assert!(
        matches!(error, MasterFileError::Syntax { line: 1, .. }),
        "{error:?}"
    );
}

#[test]
fn no_damaged_file_makes_the_reader_panic() {
    let text = furnished_zone(Denial::Nsec).master_file().to_string();
    let text = text.as_bytes();
    let mut seed = 1_u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(seed >> 8).unwrap()
    };
    for _ in 0..20_000 {
        let from = next() % text.len();
        let mut piece = text[from..(from + 400).min(text.len())].to_vec();
        for _ in 0..next() % 4 {
            let at = next() % piece.len();
            piece[at] = b"();\"\\$@ \n\t0a."[next() % 13];
        }
        let piece = String::from_utf8_lossy(&piece);
        let _ = read_master_file(&piece, &name("example.test."));
    }
}

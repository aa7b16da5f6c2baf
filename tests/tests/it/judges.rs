//! Validators that no one here wrote agree with what our zones say.

use payname_resolver::hickory_proto::rr::rdata::{CNAME, NAPTR, NULL, TXT};
use payname_resolver::hickory_proto::rr::{Name, RData, RecordType};
use payname_tests::judge::{self, Verdict, ask_validator, delv};
use payname_tests::{Unbound, World, dns::Lie};
use payname_zones::Denial;

const ALICE: &str = "alice.user._bitcoin-payment.example.test.";
const NOBODY: &str = "nobody.user._bitcoin-payment.example.test.";
/// It holds an RP record, whose names are signed in lower case.
const PERSON: &str = "person.example.test.";
const RP: RecordType = RecordType::Unknown(17);
const EMPTY: &str = "user._bitcoin-payment.example.test.";
const ALIAS: &str = "alias.user._bitcoin-payment.example.test.";
const WILD: &str = "anything.wild.example.test.";
const URI: &str = "bitcoin:?lno=lno1qsgqmqvgm96frzdg8m0gc6nzeqffvzsqzrxqy";

async fn world(denial: Denial) -> World {
    let text = |text: &str| RData::TXT(TXT::new(vec![text.to_owned()]));
    let host = Name::from_ascii("Host.Example.TEST.").unwrap();
    let empty = || Box::<[u8]>::from([]);
    let naptr = RData::NAPTR(NAPTR::new(1, 2, empty(), empty(), empty(), host));
    let person = RData::Unknown {
        code: RP,
        rdata: NULL::with(b"\x03Ann\x04Test\0\x04Here\x04Test\0".to_vec()),
    };
    World::with_zone("example.test")
        .denial(denial)
        .record("alice", URI)
        .records(
            ALIAS,
            RecordType::CNAME,
            vec![RData::CNAME(CNAME(Name::from_ascii(ALICE).unwrap()))],
        )
        .records("*.wild.example.test.", RecordType::TXT, vec![text(URI)])
        .records("*.wild.example.test.", RecordType::NAPTR, vec![naptr])
        .records(PERSON, RP, vec![person])
        .start()
        .await
        .unwrap()
}

/// What every validator must say about the zone above, whichever way it denies names.
const VERDICTS: [(&str, RecordType, Verdict); 9] = [
    (ALICE, RecordType::TXT, Verdict::Secure),
    (ALICE, RecordType::AAAA, Verdict::SecureNoData),
    (NOBODY, RecordType::TXT, Verdict::SecureNxDomain),
    (EMPTY, RecordType::TXT, Verdict::SecureNoData),
    (ALIAS, RecordType::TXT, Verdict::Secure),
    (WILD, RecordType::TXT, Verdict::Secure),
    (WILD, RecordType::NAPTR, Verdict::Secure),
    (PERSON, RP, Verdict::Secure),
    (WILD, RecordType::AAAA, Verdict::SecureNoData),
];

/// To who does not know compact denials, a missing name is one without the records asked for.
fn expected(denial: Denial, verdict: Verdict) -> Verdict {
    match (denial, verdict) {
        (Denial::Compact, Verdict::SecureNxDomain) => Verdict::SecureNoData,
        (_, verdict) => verdict,
    }
}

const ALL: [Denial; 3] = [Denial::Nsec3, Denial::Nsec, Denial::Compact];

#[tokio::test]
async fn unbound_calls_every_shape_of_answer_secure() {
    for denial in ALL {
        let world = world(denial).await;
        let unbound = world.unbound().await.unwrap();
        for (name, kind, expected) in VERDICTS {
            let verdict = ask_validator(unbound.address(), name, kind).await.unwrap();
            assert_eq!(
                verdict,
                self::expected(denial, expected),
                "{name} {kind} with {denial:?}\n{:?}",
                unbound.log()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn delv_calls_every_shape_of_answer_secure() {
    for denial in ALL {
        let world = world(denial).await;
        for (name, kind, expected) in VERDICTS {
            let server = world.recursor().address();
            let verdict = delv(server, world.anchors_text(), name, kind).unwrap();
            let expected = self::expected(denial, expected);
            assert_eq!(verdict, expected, "{name} {kind} with {denial:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn delv_calls_a_changed_text_and_a_stripped_signature_bogus() {
    let world = world(Denial::Nsec3).await;
    for lie in [Lie::ChangedText, Lie::StrippedSignatures] {
        world.recursor().lie(lie.clone());
        let server = world.recursor().address();
        let verdict = delv(server, world.anchors_text(), ALICE, RecordType::TXT).unwrap();
        assert_eq!(verdict, Verdict::Bogus, "{lie:?}");
    }
}

#[tokio::test]
async fn unbound_calls_a_changed_text_and_stripped_signatures_bogus() {
    for lie in [Lie::ChangedText, Lie::StrippedSignatures] {
        let world = world(Denial::Nsec3).await;
        let recursor = world.recursor();
        let unbound = Unbound::start_behind(world.anchors_text(), recursor.address())
            .await
            .unwrap();
        let verdict = ask_validator(unbound.address(), EMPTY, RecordType::TXT)
            .await
            .unwrap();
        assert_eq!(
            verdict,
            Verdict::SecureNoData,
            "while the recursor is honest"
        );
        recursor.lie(lie.clone());
        let verdict = ask_validator(unbound.address(), ALICE, RecordType::TXT)
            .await
            .unwrap();
        assert_eq!(verdict, Verdict::Bogus, "{lie:?}");
    }
}

#[tokio::test]
async fn unbound_calls_a_zone_signed_until_yesterday_bogus_and_one_without_ds_insecure() {
    let now = payname_resolver::UnixTime::from(std::time::SystemTime::now());
    let yesterday = payname_resolver::UnixTime(now.0 - 86_400);
    let world = World::with_zone("example.test")
        .record("alice", URI)
        .signed_until(yesterday)
        .and_zone("plain.test")
        .record("alice", URI)
        .insecure()
        .start()
        .await
        .unwrap();
    let unbound = world.unbound().await.unwrap();
    let verdict = ask_validator(unbound.address(), ALICE, RecordType::TXT)
        .await
        .unwrap();
    assert_eq!(verdict, Verdict::Bogus);
    let plain = "alice.user._bitcoin-payment.plain.test.";
    let verdict = ask_validator(unbound.address(), plain, RecordType::TXT)
        .await
        .unwrap();
    assert_eq!(verdict, Verdict::Insecure);
}

#[tokio::test]
async fn zone_checkers_find_a_written_zone_in_order_and_a_damaged_one_not() {
    for denial in [Denial::Nsec3, Denial::Nsec] {
        let world = world(denial).await;
        let zone = world.master_file("example.test");
        let folder = tempfile::tempdir().unwrap();
        judge::named_checkzone(folder.path(), "example.test", &zone).unwrap();
        judge::ldns_verify_zone(folder.path(), &zone).unwrap();
        judge::dnssec_verify(folder.path(), "example.test", &zone).unwrap();

        let damaged = zone.replacen("lno1qsgqm", "lno1psgqm", 1);
        assert_ne!(damaged, zone);
        judge::ldns_verify_zone(folder.path(), &damaged).unwrap_err();
        judge::dnssec_verify(folder.path(), "example.test", &damaged).unwrap_err();
    }
}

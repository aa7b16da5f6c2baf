//! Where the record stands, and who has it.

use payname_resolver::hickory_proto::op::{Message, ResponseCode};
use payname_resolver::hickory_proto::rr::{RData, RecordType};
use payname_tests::World;
use payname_tests::dns::{Bent, Lie};

use super::{ADDRESS, ALICE, Rounds, good, txt};

fn healthy() -> payname_tests::world::Builder {
    World::with_zone("example.test").record("alice", &good())
}

#[tokio::test]
async fn a_record_in_the_wrong_place_is_found_there() {
    for (owner, expected, words) in [
        (
            "alice._bitcoin-payment.example.test.",
            "ERROR D201",
            "`user` is missing",
        ),
        (
            "alice.user._bitcoin_payment.example.test.",
            "ERROR D201",
            "for the hyphen",
        ),
        (
            "alice.user.bitcoin-payment.example.test.",
            "ERROR D201",
            "underscore is missing",
        ),
        (
            "_bitcoin-payment.alice.example.test.",
            "ERROR D201",
            "another order",
        ),
        (
            "alice.example.test.",
            "ERROR D201",
            "between user and domain",
        ),
        ("example.test.", "ERROR D201", "the domain itself"),
        (
            "alice.user._bitcoin-payment.example.test.example.test.",
            "ERROR D202",
            "twice",
        ),
        (
            "alice.user._bitcoin-payment.pay.example.test.",
            "ERROR D203",
            "another domain",
        ),
    ] {
        let world =
            World::with_zone("example.test").records(owner, RecordType::TXT, vec![txt(&[ADDRESS])]);
        let diagnosis = Rounds::of(world).await.examine(ALICE).await;
        diagnosis.assert_has(expected, words);
        diagnosis.assert_has(
            expected,
            "move it to alice.user._bitcoin-payment.example.test.",
        );
        diagnosis.assert(&[expected]);
    }
    let diagnosis = Rounds::of(healthy())
        .await
        .examine("bob@example.test")
        .await;
    diagnosis.assert(&["ERROR D401"]);
}

#[tokio::test]
async fn nameservers_are_compared_with_each_other() {
    let rounds = Rounds::of(healthy()).await;
    let server = rounds.server();
    let bent = async |bend: fn(&mut Message)| Bent::before(server, bend).await.unwrap();

    let without = bent(|message| {
        if asks_text(message) {
            // What is left stands for the signatures of a denial.
            message
                .answers
                .retain(|record| record.record_type() == RecordType::RRSIG);
            message.metadata.response_code = ResponseCode::NXDomain;
        }
    })
    .await;
    let found = rounds.examine_at(ALICE, &[server, without.address()]).await;
    found.assert(&["ERROR D204"]);
    found.assert_has(
        "ERROR D204",
        &format!("1 of 2 nameservers do not have it: {}", without.address()),
    );

    let unsigned = bent(|message| {
        message
            .answers
            .retain(|record| record.record_type() != RecordType::RRSIG);
    })
    .await;
    let found = rounds
        .examine_at(ALICE, &[server, unsigned.address()])
        .await;
    found.assert(&["ERROR D308"]);
    found.assert_has(
        "ERROR D308",
        &format!("without signatures answers: {}", unsigned.address()),
    );

    let other = bent(|message| change(message, |strings| strings.push(b"x".to_vec().into()))).await;
    let found = rounds.examine_at(ALICE, &[server, other.address()]).await;
    found.assert_has("ERROR D308", "other records");

    let sorted = bent(|message| change(message, |strings| strings.reverse())).await;
    let found = rounds.examine_at(ALICE, &[server, sorted.address()]).await;
    found.assert(&["ERROR D406"]);

    let foreign = bent(|message| message.metadata.authoritative = false).await;
    let found = rounds.examine_at(ALICE, &[server, foreign.address()]).await;
    found.assert(&["ERROR D316"]);
    found.assert_has("ERROR D316", "but not for this zone");

    let refusing = bent(|message| message.metadata.response_code = ResponseCode::Refused).await;
    let found = rounds
        .examine_at(ALICE, &[refusing.address(), server])
        .await;
    found.assert(&["ERROR D316"]);

    let deaf = Bent::deaf_on_tcp(server).await.unwrap();
    let found = rounds.examine_at(ALICE, &[server, deaf.address()]).await;
    found.assert(&["WARN D315"]);
}

#[tokio::test]
async fn a_name_above_the_record_that_is_denied_is_told() {
    let rounds = Rounds::of(healthy()).await;
    let bent = Bent::before(rounds.server(), |message| {
        let asked = message.queries.first().map(|query| query.name().to_ascii());
        if asked.as_deref() == Some("user._bitcoin-payment.example.test.") {
            message.metadata.response_code = ResponseCode::NXDomain;
        }
    })
    .await
    .unwrap();
    rounds
        .examine_at(ALICE, &[bent.address()])
        .await
        .assert(&["WARN D313"]);
}

#[tokio::test]
async fn a_resolver_that_lags_behind_is_told_apart_from_a_nameserver() {
    // The record came after somebody had asked.
    let rounds = Rounds::of(healthy()).await;
    rounds
        .scene
        .world
        .recursor()
        .lie(Lie::NameErrorWithoutProof);
    let found = rounds.examine(ALICE).await;
    found.assert_has("WARN D205", "still says that there is none");

    // The record was changed after somebody had asked.
    let rounds = Rounds::of(healthy()).await;
    rounds.examine(ALICE).await.assert(&[]);
    rounds.scene.world.recursor().lie(Lie::Replay);
    rounds.examine(ALICE).await.assert(&[]);
    let changed = good().replace("&sp", "&label=x&sp");
    rounds.scene.world.publish(ALICE, &changed).unwrap();
    let found = rounds.examine(ALICE).await;
    found.assert_has("WARN D409", "still has another record for");

    // And one that does not answer.
    let rounds = Rounds::of(healthy()).await;
    rounds.scene.world.recursor().lie(Lie::ServerFailure);
    rounds.examine(ALICE).await.assert_has("WARN D711", "");
}

fn asks_text(message: &Message) -> bool {
    message
        .queries
        .iter()
        .any(|query| query.query_type() == RecordType::TXT)
}

fn change(message: &mut Message, change: fn(&mut Vec<Box<[u8]>>)) {
    for record in &mut message.answers {
        if let RData::TXT(text) = &mut record.data {
            let mut strings = text.txt_data.to_vec();
            change(&mut strings);
            text.txt_data = strings.into();
        }
    }
}

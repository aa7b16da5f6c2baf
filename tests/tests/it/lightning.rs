//! Money moves to a proven name, once, and never on a lie.

use std::time::Duration;

use payname_tests::dns::Lie;
use payname_tests::sandbox::{DOMAIN, Folder, Lightning, Payname, Sandbox};
use payname_tests::service::Service;
use payname_tests::{World, port};

const NAME: &str = "₿alice@example.test";

/// Registers the payee's real offer as a person would.
async fn register(sandbox: &Sandbox) {
    assert!(NAME.ends_with(DOMAIN));
    let alice = sandbox.payname();
    assert_eq!(alice.run(&["keys", "new"]).await.unwrap().code, 0);
    let register = ["register", NAME, "--offer", sandbox.lightning.offer()];
    let (code, status) = alice.json(&register).await.unwrap();
    assert_eq!(
        (code, &status["state"]),
        (0, &"published".into()),
        "{status}"
    );
}

async fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what} did not happen within a minute");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_offer_is_paid_by_name_and_leaves_a_receipt_that_checks() {
    let sandbox = Sandbox::start().await.unwrap();
    register(&sandbox).await;
    let payname = sandbox.payname();

    let (code, paid) = payname
        .json(&["pay", NAME, "25000sat", "--yes"])
        .await
        .unwrap();
    assert_eq!((code, &paid["state"]), (0, &"settled".into()), "{paid}");
    assert_eq!(paid["amount_msat"], 25_000_000);
    let lightning = &sandbox.lightning;
    wait_for("the payee's balance", || lightning.received_sat() == 25_000).await;

    let id = paid["id"].as_str().unwrap();
    let (code, receipt) = payname.json(&["receipt", "show", id]).await.unwrap();
    assert_eq!(code, 0, "{receipt}");
    assert_eq!(receipt["preimage"], paid["preimage"]);
    let file = sandbox.folder().path().join("receipt.json");
    std::fs::write(&file, receipt.to_string()).unwrap();
    let verify = ["receipt", "verify", file.to_str().unwrap()];
    let (code, shown) = payname.json(&verify).await.unwrap();
    assert_eq!((code, &shown["name"]), (0, &NAME.into()), "{shown}");

    // A receipt with another name on it shows nothing.
    std::fs::write(&file, receipt.to_string().replace("alice", "mallo")).unwrap();
    let (code, refused) = payname.json(&verify).await.unwrap();
    assert_ne!(code, 0, "{refused}");

    // What was not paid cannot be confirmed by a script, nor without a unit.
    assert_eq!(
        payname.run(&["pay", NAME, "25000sat"]).await.unwrap().code,
        8
    );
    assert_eq!(
        payname
            .run(&["pay", NAME, "25000", "--yes"])
            .await
            .unwrap()
            .code,
        2
    );
    assert_eq!(lightning.received_sat(), 25_000);
    sandbox.stop().await.unwrap();
}

/// Lets a payment run for a while and kills it as a power cut would.
async fn cut_off(payname: &Payname, folder: &Folder, after: Duration) {
    let log = folder.path().join("cut-off.log");
    let mut run: Service = payname
        .start(&["pay", NAME, "1000sat", "--yes"], &log)
        .unwrap();
    tokio::time::sleep(after).await;
    run.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_is_killed_on_the_way_happens_at_most_once() {
    let sandbox = Sandbox::start().await.unwrap();
    register(&sandbox).await;
    let payname = sandbox.payname();
    let mut settled = 0;
    // Before the intent, around it, while the invoice is fetched, and after the payment.
    for after in [150, 500, 900, 1500, 2500] {
        cut_off(&payname, sandbox.folder(), Duration::from_millis(after)).await;
        let (code, resumed) = payname.json(&["pay", "--resume"]).await.unwrap();
        assert!(
            [0, 10, 11].contains(&code),
            "after {after} ms: {code} {resumed}"
        );
        let (_, list) = payname.json(&["receipt", "list"]).await.unwrap();
        let payments = list["payments"].as_array().unwrap();
        settled = payments
            .iter()
            .filter(|payment| payment["state"] == "settled")
            .count();
        let unfinished = payments
            .iter()
            .filter(|payment| !["settled", "failed"].contains(&payment["state"].as_str().unwrap()));
        assert_eq!(unfinished.count(), 0, "after {after} ms: {list}");
        // The books agree with the payee: no payment twice, none lost, none invented.
        let expected = 1000 * settled as u64;
        let lightning = &sandbox.lightning;
        wait_for("the payee's balance", || {
            lightning.received_sat() == expected
        })
        .await;
    }
    // Having been cut off is no reason never to be able to pay again.
    let (code, paid) = payname
        .json(&["pay", NAME, "1000sat", "--yes"])
        .await
        .unwrap();
    assert_eq!(code, 0, "{paid}");
    let lightning = &sandbox.lightning;
    let expected = 1000 * (settled as u64 + 1);
    wait_for("the payee's balance", || {
        lightning.received_sat() == expected
    })
    .await;
    sandbox.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lying_recursor_never_leads_to_a_payment() {
    let folder = Folder::new().unwrap();
    let lightning = Lightning::start(&folder).await.unwrap();
    // Mallory's offer is the real one, so that a lie that were believed could be paid.
    let evil = format!("bitcoin:?lno={}", lightning.offer());
    let mallory = "mallory.user._bitcoin-payment.example.test.";
    let owner = "alice.user._bitcoin-payment.example.test.";
    let world = World::with_zone("example.test")
        .record("mallory", &evil)
        .and_zone("ample.test")
        .start()
        .await
        .unwrap();
    let anchors = folder.path().join("anchors.txt");
    std::fs::write(&anchors, world.anchors_text()).unwrap();
    let payname = Payname::new(&lightning.payer())
        .with("PAYNAME_ANCHORS", anchors.display().to_string())
        .with("PAYNAME_NETWORK", "regtest")
        .with("PAYNAME_CHAIN", lightning.bitcoind.chain_source());
    let servers = [
        world.recursor().address().to_string(),
        world.recursor().doh_url(),
    ];

    let mallory = payname_resolver::hickory_proto::rr::Name::from_ascii(mallory).unwrap();
    let owner = payname_resolver::hickory_proto::rr::Name::from_ascii(owner).unwrap();
    let text = payname_zones::txt(evil.as_bytes());
    let data = vec![payname_resolver::hickory_proto::rr::RData::TXT(text)];
    let forged = world
        .forger("ample.test")
        .sign(&owner, data, world.now())
        .unwrap();
    let lies = [
        Lie::AnotherNamesRecord(mallory.clone()),
        Lie::RenamedRecord(mallory),
        Lie::Forged(forged),
        Lie::StrippedSignatures,
        Lie::StrippedDenial,
        Lie::Garbage,
        Lie::Flood,
        Lie::ServerFailure,
        Lie::Silence,
    ];
    for lie in lies {
        world.recursor().lie(lie.clone());
        for server in &servers {
            let payname = payname.clone().with("PAYNAME_DNS", server);
            let (code, told) = payname
                .json(&["pay", NAME, "1000sat", "--yes"])
                .await
                .unwrap();
            assert!(
                [4, 9].contains(&code),
                "{lie:?} over {server}: {code} {told}"
            );
        }
    }

    // Expired and replayed: Alice's own record, out of its time.
    let old = World::with_zone("example.test")
        .record("alice", &evil)
        .signed_until(payname_resolver::UnixTime(world.now().0 - 1))
        .start()
        .await
        .unwrap();
    std::fs::write(&anchors, old.anchors_text()).unwrap();
    let payname = payname.with("PAYNAME_DNS", old.recursor().address().to_string());
    let (code, told) = payname
        .json(&["pay", NAME, "1000sat", "--yes"])
        .await
        .unwrap();
    assert_eq!((code, &told["code"]), (4, &"expired".into()), "{told}");

    // Nor does a resolver that is not there.
    let nobody = payname
        .clone()
        .with("PAYNAME_DNS", port::free().unwrap().to_string());
    assert_eq!(
        nobody
            .run(&["pay", NAME, "1000sat", "--yes"])
            .await
            .unwrap()
            .code,
        9
    );

    assert_eq!(lightning.received_sat(), 0);
    let (_, list) = payname.json(&["receipt", "list"]).await.unwrap();
    assert_eq!(list["payments"].as_array().map(Vec::len), Some(0), "{list}");
    assert_eq!(lightning.payer_sat().unwrap(), lightning.channel_sat());
    lightning.stop().await.unwrap();
}

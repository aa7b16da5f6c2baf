//! Money moves to a proven name, once, and never on a lie.

use std::process::Command;
use std::time::{Duration, Instant};

use payname_cli::node::{Order, contract};
use payname_cli::payments::{Intent, State, Store};
use payname_tests::dns::Lie;
use payname_tests::sandbox::{DOMAIN, Folder, Lightning, Payname, Sandbox};
use payname_tests::service::Service;
use payname_tests::{World, port};

const NAME: &str = "₿alice@example.test";

/// Makes the key with which everything here is registered.
async fn owner(sandbox: &Sandbox) -> Payname {
    let payname = sandbox.payname();
    assert_eq!(payname.run(&["keys", "new"]).await.unwrap().code, 0);
    payname
}

/// Registers the payee's real offer as a person would.
async fn register(sandbox: &Sandbox, payname: &Payname, name: &str) {
    assert!(name.ends_with(DOMAIN));
    let register = ["register", name, "--offer", sandbox.lightning.offer()];
    let (code, status) = payname.json(&register).await.unwrap();
    assert_eq!(
        (code, &status["state"]),
        (0, &"published".into()),
        "{status}"
    );
}

/// Waits until the payee has received these amounts, which it may write down a moment later.
async fn received(lightning: &Lightning, expected: &[u64]) {
    for _ in 0..200 {
        if lightning.received().len() >= expected.len() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(lightning.received(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_offer_is_paid_by_name_and_leaves_a_receipt_that_checks() {
    let sandbox = Sandbox::start().await.unwrap();
    let payname = owner(&sandbox).await;
    register(&sandbox, &payname, NAME).await;

    let (code, paid) = payname
        .json(&["pay", NAME, "25000sat", "--yes"])
        .await
        .unwrap();
    assert_eq!((code, &paid["state"]), (0, &"settled".into()), "{paid}");
    assert_eq!(paid["amount_msat"], 25_000_000);
    let lightning = &sandbox.lightning;
    received(lightning, &[25_000]).await;

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
    assert_eq!(lightning.received(), [25_000]);
    sandbox.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_node_keeps_the_contract_of_all_nodes() {
    let folder = Folder::new().unwrap();
    let lightning = Lightning::start(&folder).await.unwrap();
    let uri = format!("bitcoin:?lno={}", lightning.offer());
    let world = World::with_zone("example.test").record("alice", &uri);
    let world = world.start().await.unwrap();
    let record = world.resolve(NAME).await.unwrap();
    let order = Order {
        method: record.instructions().unwrap().methods().remove(0),
        amount: "3000sat".parse().unwrap(),
        max_fee: "300sat".parse().unwrap(),
        note: Some("for the coffee".to_owned()),
        timeout: Duration::from_secs(120),
    };
    tokio::task::block_in_place(|| {
        let node = lightning.open_payer().unwrap();
        contract::holds_for(&node, &order, world.now());
    });
    received(&lightning, &[3_000]).await;
    lightning.stop().await.unwrap();
}

/// When a payment is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// This long after it was started.
    AfterStart(Duration),
    /// This long after its intent was on the disk.
    AfterIntent(Duration),
}

/// Lets a payment run and kills it as a power cut would.
async fn cut_off(payname: &Payname, folder: &Folder, payment: &[&str], moment: Moment) {
    let log = folder.path().join("cut-off.log");
    let store = Store::open(&payname.data_dir()).unwrap();
    let known = store.intents().unwrap().len();
    let mut run: Service = payname.start(payment, &log).unwrap();
    let delay = match moment {
        Moment::AfterStart(delay) => delay,
        Moment::AfterIntent(delay) => {
            let written = async || store.intents().unwrap().len() > known;
            let written = run.wait_until(Duration::from_secs(30), written).await;
            written.unwrap();
            delay
        }
    };
    tokio::time::sleep(delay).await;
    run.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_killed_on_the_way_is_found_again_and_happens_at_most_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let payname = owner(&sandbox).await;
    let lightning = &sandbox.lightning;
    register(&sandbox, &payname, NAME).await;
    let whole = payname
        .run(&["pay", NAME, "1000sat", "--yes"])
        .await
        .unwrap();
    assert_eq!(whole.code, 0, "{whole:?}");

    // Before the intent; and with it written: while the invoice is fetched, while the payment is on
    // its way, and when it has arrived and nobody has written that down.
    let early = [Moment::AfterStart(whole.took / 2)];
    let late = [0, 5, 20, 80];
    let late = late.map(|millis| Moment::AfterIntent(Duration::from_millis(millis)));
    let books = Store::open(&payname.data_dir()).unwrap();
    let mut interrupted = 0;
    for (sats, moment) in (2000..).zip(early.into_iter().chain(late)) {
        // Each to a name of its own, so that none waits for another, and of an amount of its own.
        let name = format!("₿payee{sats}@{DOMAIN}");
        register(&sandbox, &payname, &name).await;
        lightning.ensure_channel().await.unwrap();
        let payment = ["pay", &name, &format!("{sats}sat"), "--yes"];
        cut_off(&payname, sandbox.folder(), &payment, moment).await;
        let is_open = |intent: &Intent| !matches!(intent.state, State::Settled | State::Failed);
        let intents = books.intents().unwrap();
        let own = |intent: &&Intent| intent.meant.amount.msat() == sats * 1000;
        interrupted += intents
            .iter()
            .filter(own)
            .filter(|intent| is_open(intent))
            .count();

        let resume = ["pay", "--resume", "--timeout", "5"];
        let (code, resumed) = payname.json(&resume).await.unwrap();
        assert!(
            [0, 10, 11].contains(&code),
            "killed {moment:?}: {code} {resumed}"
        );
    }
    assert!(interrupted > 0, "no payment was met in the middle");

    // Given the time, the node says of every payment what became of it.
    lightning.ensure_channel().await.unwrap();
    let resume = ["pay", "--resume", "--timeout", "400"];
    let (code, resumed) = payname.json(&resume).await.unwrap();
    assert_eq!(code, 0, "{resumed}");

    // The books agree with the payee: what is settled has arrived once, what failed has not
    // arrived, and nothing is left open.
    for intent in books.intents().unwrap() {
        let sats = intent.meant.amount.msat() / 1000;
        let arrived = lightning
            .received()
            .into_iter()
            .filter(|&amount| amount == sats)
            .count();
        println!(
            "{} {sats} sat: {:?}, arrived {arrived} times",
            intent.meant.handle, intent.state
        );
        match intent.state {
            State::Settled => assert_eq!(arrived, 1, "{intent:?}"),
            State::Failed => assert_eq!(arrived, 0, "{intent:?}"),
            _ => panic!("still open: {intent:?}"),
        }
    }

    // Having been cut off is no reason never to be able to pay again.
    lightning.ensure_channel().await.unwrap();
    let asked = Instant::now();
    loop {
        let pay = ["pay", NAME, "1001sat", "--yes"];
        let (code, paid) = payname.json(&pay).await.unwrap();
        // While the nodes find each other again an attempt may fail; that is final, so another is safe.
        let has_failed = code == 10;
        if has_failed && asked.elapsed() < Duration::from_secs(300) {
            println!("after {:?}: {}", asked.elapsed(), paid["error"]);
            continue;
        }
        assert_eq!(code, 0, "{paid}");
        break;
    }
    let arrived = || lightning.received().into_iter().filter(|&sat| sat == 1001);
    while arrived().count() == 0 && asked.elapsed() < Duration::from_secs(360) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(arrived().count(), 1);
    sandbox.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lying_recursor_never_leads_to_a_payment() {
    let folder = Folder::new().unwrap();
    let lightning = Lightning::start(&folder).await.unwrap();
    let before = lightning.payer_sat().unwrap();
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

    assert_eq!(lightning.received(), [0; 0]);
    let (_, list) = payname.json(&["receipt", "list"]).await.unwrap();
    assert_eq!(list["payments"].as_array().map(Vec::len), Some(0), "{list}");
    assert_eq!(lightning.payer_sat().unwrap(), before);
    lightning.stop().await.unwrap();
}

#[tokio::test]
async fn a_sandbox_that_is_told_to_stop_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("up.log");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbox"));
    command.arg("up").env("TMPDIR", folder.path());
    let mut sandbox = Service::start("sandbox", command, &log).unwrap();
    let printed = || std::fs::read_to_string(&log).unwrap();
    let is_up = async || printed().contains("# files and logs");
    sandbox
        .wait_until(Duration::from_secs(60), is_up)
        .await
        .unwrap();
    let usage = printed();
    for variable in ["DNS", "ANCHORS", "SERVER", "DATA_DIR", "NETWORK", "CHAIN"] {
        assert!(
            usage.contains(&format!("export PAYNAME_{variable}='")),
            "{usage}"
        );
    }
    let status = sandbox.stop(Duration::from_secs(30)).await.unwrap();
    assert!(status.success(), "{status}: {}", printed());
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|f| f.unwrap())
        .collect();
    assert_eq!(left.len(), 1, "only the log: {left:?}");
}

//! The real `payname` with a node of two steps: killed at each of them, it pays once.

use std::time::Duration;

use payname_cli::payments::{State, Store};
use payname_tests::World;
use payname_tests::sandbox::Payname;
use serde_json::Value;

use super::lightningd::Lightningd;
use super::mood::Mood;

const NAME: &str = "₿alice@example.test";

/// A name on a private internet, a node, and `payname` between them.
struct Scene {
    folder: tempfile::TempDir,
    _world: World,
    node: Lightningd,
    payname: Payname,
}

impl Scene {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = Lightningd::start(folder.path()).await;
        let uri = format!("bitcoin:?lno={}", node.books.payee.offer());
        let world = World::with_zone("example.test").record("alice", &uri);
        let world = world.start().await.unwrap();
        let anchors = folder.path().join("anchors");
        std::fs::write(&anchors, world.anchors_text()).unwrap();
        let payname = Payname::new(&folder.path().join("data"))
            .with("PAYNAME_ANCHORS", anchors.display().to_string())
            .with("PAYNAME_DNS", world.recursor().address().to_string())
            .with("PAYNAME_NETWORK", "regtest")
            .with("PAYNAME_NODE", format!("cln:{}", node.socket().display()));
        Self {
            folder,
            _world: world,
            node,
            payname,
        }
    }

    /// Pays, and kills that as a power cut would, as soon as the node was called with `method`.
    async fn cut_off(&self, mood: Mood, method: &str) {
        self.node.books.be(mood);
        let log = self.folder.path().join("log");
        let mut run = self.payname.start(&PAY, &log).unwrap();
        let called = async || !self.node.books.calls(method).is_empty();
        run.wait_until(Duration::from_secs(60), called)
            .await
            .unwrap();
        run.kill();
        self.node.books.be(Mood::Fair);
    }

    /// Asks what became of it, and tells the exit code and the state.
    async fn resume(&self, seconds: &str) -> (i32, Value) {
        let resume = ["pay", "--resume", "--timeout", seconds];
        let (code, told) = self.payname.json(&resume).await.unwrap();
        (code, told["payments"][0].clone())
    }

    fn states(&self) -> Vec<State> {
        let store = Store::open(&self.payname.data_dir()).unwrap();
        let intents = store.intents().unwrap();
        intents.into_iter().map(|intent| intent.state).collect()
    }
}

const PAY: [&str; 4] = ["pay", NAME, "25000sat", "--yes"];

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_paid_with_core_lightning_and_leaves_a_receipt() {
    let scene = Scene::start().await;
    let (code, paid) = scene.payname.json(&PAY).await.unwrap();
    assert_eq!(
        (code, paid["state"].as_str()),
        (0, Some("settled")),
        "{paid}"
    );
    assert_eq!(paid["fee_msat"], 4_000);
    assert_eq!(scene.node.books.arrived(), [25_000_000]);
    let receipt = scene.folder.path().join("receipt.json");
    std::fs::write(&receipt, paid["receipt"].to_string()).unwrap();
    let verify = ["receipt", "verify", receipt.to_str().unwrap()];
    let (code, shown) = scene.payname.json(&verify).await.unwrap();
    assert_eq!((code, shown["name"].as_str()), (0, Some(NAME)), "{shown}");

    // An invoice of another amount is refused by the command, too.
    scene.node.books.be(Mood::OtherAmount);
    let (code, refused) = scene.payname.json(&PAY).await.unwrap();
    assert_eq!(
        (code, refused["error"]["code"].as_str()),
        (10, Some("wrong_invoice")),
        "{refused}"
    );
    assert_eq!(scene.node.books.arrived(), [25_000_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_killed_while_it_is_on_its_way_is_found_again_and_not_paid_twice() {
    let scene = Scene::start().await;
    scene.cut_off(Mood::Pending, "xpay").await;
    assert_eq!(scene.states(), [State::Sent]);
    let (code, told) = scene.resume("1").await;
    assert_eq!(
        (code, told["state"].as_str()),
        (11, Some("unknown")),
        "{told}"
    );
    scene.node.books.settle();

    // Who pays again is told that it has arrived.
    let (code, told) = scene.payname.json(&PAY).await.unwrap();
    assert_eq!(
        (code, told["error"]["code"].as_str()),
        (8, Some("already_paid")),
        "{told}"
    );
    assert_eq!(scene.states(), [State::Settled]);
    assert_eq!(scene.node.books.arrived(), [25_000_000]);

    // Another node is not asked about it, and the payee is not paid by it meanwhile.
    scene.cut_off_again().await;
}

impl Scene {
    /// Cuts a second payment off, and asks with another node.
    async fn cut_off_again(&self) {
        let before = self.node.books.calls("xpay").len();
        self.node.books.be(Mood::Pending);
        let log = self.folder.path().join("log-2");
        let mut run = self.payname.start(&PAY, &log).unwrap();
        let called = async || self.node.books.calls("xpay").len() > before;
        run.wait_until(Duration::from_secs(60), called)
            .await
            .unwrap();
        run.kill();
        let other = super::phoenixd::Phoenixd::start(None).await;
        let secret = self.folder.path().join("secret");
        std::fs::write(&secret, format!("{}\n", super::phoenixd::PASSWORD)).unwrap();
        let payname = self
            .payname
            .clone()
            .with("PAYNAME_NODE", format!("phoenixd+{}", other.url()))
            .with("PAYNAME_NODE_SECRET_FILE", secret.display().to_string());
        let (code, told) = payname.json(&PAY).await.unwrap();
        assert_eq!(
            (code, told["error"]["code"].as_str()),
            (11, Some("other_node")),
            "{told}"
        );
        assert!(other.books.payments().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_killed_before_it_was_sent_is_given_up_and_may_be_made_again() {
    let scene = Scene::start().await;
    scene.cut_off(Mood::SilentFetch, "fetchinvoice").await;
    assert_eq!(scene.states(), [State::Sending]);
    let (code, told) = scene.resume("1").await;
    assert_eq!(
        (code, told["state"].as_str()),
        (11, Some("unknown")),
        "{told}"
    );
    // The node might still be trying what this process does not know of, for a minute.
    let (code, told) = scene.resume("100").await;
    assert_eq!(
        (code, told["failure"].as_str()),
        (0, Some("never_sent")),
        "{told}"
    );
    let (code, paid) = scene.payname.json(&PAY).await.unwrap();
    assert_eq!(code, 0, "{paid}");
    assert_eq!(scene.node.books.arrived(), [25_000_000]);
}

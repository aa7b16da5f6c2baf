//! The full line without money: registered with the real programs, proven through a real resolver.

use payname_resolver::lightning::bitcoin::Network;
use payname_resolver::lightning::offers::offer::OfferBuilder;
use payname_tests::sandbox::{DOMAIN, Folder, Internet, Payname, Paynamed};

/// An offer for regtest that nobody will ever pay: its key is the generator of the curve.
pub(crate) fn offer() -> String {
    let key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    let offer = OfferBuilder::new(key.parse().unwrap()).chain(Network::Regtest);
    offer.build().unwrap().to_string()
}

fn uri() -> String {
    format!("bitcoin:?lno={}", offer())
}

struct Line {
    internet: Internet,
    paynamed: Paynamed,
    // Last: the others live in it.
    folder: Folder,
}

impl Line {
    async fn open() -> Self {
        Self::with_ttl(300).await
    }

    /// Records that resolvers forget after this many seconds.
    async fn with_ttl(ttl: u32) -> Self {
        let mut line = Self::without_ds(ttl).await;
        let ds = line.paynamed.ds_records().unwrap();
        line.internet.register_domain(&ds).unwrap();
        line
    }

    /// The server runs, and its DS is not yet at the registrar.
    async fn without_ds(ttl: u32) -> Self {
        let folder = Folder::new().unwrap();
        let internet = Internet::start(&folder).await.unwrap();
        let paynamed = Paynamed::start_with_ttl(&folder, &internet, ttl)
            .await
            .unwrap();
        Self {
            internet,
            paynamed,
            folder,
        }
    }

    async fn person(&self, name: &str) -> Payname {
        let payname = Payname::new(&self.folder.room(name).unwrap())
            .with("PAYNAME_DNS", self.internet.unbound.address().to_string())
            .with(
                "PAYNAME_ANCHORS",
                self.internet.anchors().display().to_string(),
            )
            .with("PAYNAME_SERVER", self.paynamed.url())
            .with("PAYNAME_NETWORK", "regtest");
        let made = payname.run(&["keys", "new"]).await.unwrap();
        assert_eq!(made.code, 0, "{made:?}");
        payname
    }
}

#[tokio::test]
async fn a_registered_name_is_published_when_a_stranger_can_prove_it() {
    let line = Line::open().await;
    let alice = line.person("alice").await;
    let name = format!("₿alice@{DOMAIN}");

    let (code, status) = alice
        .json(&["register", &name, "--offer", &offer()])
        .await
        .unwrap();
    assert_eq!(code, 0, "{status}");
    assert_eq!(status["state"], "published");

    // By the command, over UDP and over HTTP …
    let (code, proven) = alice.json(&["verify", &name]).await.unwrap();
    assert_eq!(
        (code, &proven["outcome"]),
        (0, &"secure".into()),
        "{proven}"
    );
    assert_eq!(proven["uri"], uri());
    let https = alice
        .clone()
        .with("PAYNAME_DNS", line.internet.unbound.doh_url());
    let (code, proven) = https.json(&["resolve", &name]).await.unwrap();
    assert_eq!((code, &proven["uri"]), (0, &uri().into()), "{proven}");

    // … from the server that has its proof, which nobody needs to trust …
    let proofs = alice
        .clone()
        .with("PAYNAME_DNS", format!("payname+{}", line.paynamed.url()));
    let (code, proven) = proofs.json(&["resolve", &name]).await.unwrap();
    assert_eq!((code, &proven["uri"]), (0, &uri().into()), "{proven}");

    // … by the library, through the recursor that could lie …
    let verified = line.internet.world.resolve(&name).await.unwrap();
    assert_eq!(verified.uri(), uri());

    // … and from the server's own proof, offline.
    let proof = format!(
        "{}/v1/domains/{DOMAIN}/handles/alice/proof",
        line.paynamed.url()
    );
    let response = reqwest::get(proof)
        .await
        .unwrap()
        .error_for_status()
        .unwrap();
    let file = line.folder.path().join("alice.proof");
    std::fs::write(&file, response.bytes().await.unwrap()).unwrap();
    let file = file.to_str().unwrap();
    let offline = alice.clone().with("PAYNAME_DNS", "127.0.0.1:9");
    let (code, proven) = offline
        .json(&["verify", &name, "--proof", file])
        .await
        .unwrap();
    assert_eq!((code, &proven["uri"]), (0, &uri().into()), "{proven}");
    line.paynamed.stop().await.unwrap();
}

#[tokio::test]
async fn a_name_is_not_called_published_before_its_ds_is_at_the_registrar() {
    let mut line = Line::without_ds(300).await;
    let alice = line.person("alice").await;
    let name = format!("₿alice@{DOMAIN}");
    let register = ["register", &name, "--offer", &offer(), "--wait", "2"];
    let (code, status) = alice.json(&register).await.unwrap();
    assert_eq!(code, 9, "{status}");
    assert!(
        status["state"] == "pending" || status["state"] == "failed",
        "{status}"
    );

    let ds = line.paynamed.ds_records().unwrap();
    line.internet.register_domain(&ds).unwrap();
    let register = ["register", &name, "--offer", &offer(), "--wait", "60"];
    let (code, status) = alice.json(&register).await.unwrap();
    assert_eq!(
        (code, &status["state"]),
        (0, &"published".into()),
        "{status}"
    );
}

#[tokio::test]
async fn a_name_belongs_to_its_key_and_goes_when_its_owner_says_so() {
    let line = Line::with_ttl(1).await;
    let alice = line.person("alice").await;
    let mallory = line.person("mallory").await;
    let name = format!("₿alice@{DOMAIN}");
    let (code, _) = alice
        .json(&["register", &name, "--offer", &offer()])
        .await
        .unwrap();
    assert_eq!(code, 0);

    let theft = ["register", &name, "--uri", "bitcoin:?lno=lno1evil"];
    assert_ne!(mallory.json(&theft).await.unwrap().0, 0);
    let theft = ["register", &name, "--offer", &offer()];
    let (code, refused) = mallory.json(&theft).await.unwrap();
    assert_ne!(code, 0, "{refused}");
    assert!(refused.to_string().contains("not_owner"), "{refused}");
    let (code, proven) = alice.json(&["resolve", &name]).await.unwrap();
    assert_eq!((code, &proven["uri"]), (0, &uri().into()));

    let (code, gone) = alice.json(&["unregister", &name]).await.unwrap();
    assert_eq!((code, &gone["state"]), (0, &"removed".into()), "{gone}");
    let (code, denied) = alice.json(&["resolve", &name]).await.unwrap();
    assert_eq!(code, 3, "proven not to exist: {denied}");
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    let mut line = Line::open().await;
    let alice = line.person("alice").await;
    for round in 0..5_u64 {
        let name = format!("₿user{round}@{DOMAIN}");
        let register = ["register", &name, "--offer", &offer(), "--wait", "0"];
        let (code, status) = alice.json(&register).await.unwrap();
        assert_eq!(code, 0, "acknowledged: {status}");
        // Ever later after the acknowledgement: before, during and after signing and proving.
        tokio::time::sleep(std::time::Duration::from_millis(round * round * 20)).await;
        line.paynamed.kill();
        line.paynamed.restart().await.unwrap();
    }
    for round in 0..5 {
        let name = format!("₿user{round}@{DOMAIN}");
        let (code, status) = alice
            .json(&["register", &name, "--offer", &offer()])
            .await
            .unwrap();
        assert_eq!(
            (code, &status["state"]),
            (0, &"published".into()),
            "{status}"
        );
        assert_eq!(
            status["version"], 1,
            "the first registration was not lost: {status}"
        );
        let (code, proven) = alice.json(&["resolve", &name]).await.unwrap();
        assert_eq!((code, &proven["uri"]), (0, &uri().into()), "{proven}");
    }
}

#[tokio::test]
async fn an_owner_hides_a_name_brings_it_back_and_gives_it_away_with_consent() {
    // Short, so that the resolver forgets the record while the server waits for its absence.
    let line = Line::with_ttl(1).await;
    let (alice, bob) = (line.person("alice").await, line.person("bob").await);
    let name = format!("₿alice@{DOMAIN}");
    let run = async |who: &Payname, words: &[&str]| {
        let (command, more) = words.split_first().unwrap();
        let words = [&[*command, &name][..], more].concat();
        let (code, told) = who.json(&words).await.unwrap();
        (code, told)
    };
    let state =
        |(code, told): (i32, serde_json::Value)| (code, told["state"].as_str().map(str::to_owned));
    let is = |state: &str| Some(state.to_owned());

    let (code, told) = run(&alice, &["register", "--offer", &offer()]).await;
    assert_eq!(code, 0, "{told}");
    assert_eq!(state(run(&alice, &["disable"]).await), (0, is("disabled")));
    assert_eq!(
        run(&bob, &["resolve"]).await.0,
        3,
        "DNS proves that there is none"
    );
    assert_eq!(state(run(&alice, &["enable"]).await), (0, is("published")));
    assert_eq!(state(run(&alice, &["renew"]).await), (0, is("published")));
    let (code, told) = run(&bob, &["disable"]).await;
    assert_eq!(
        (code, told["problem"]["code"].as_str()),
        (1, Some("not_owner")),
        "{told}"
    );

    // Both sign the same request; the new owner agrees first.
    let (code, agreed) = run(&bob, &["transfer", "--agree"]).await;
    assert_eq!(code, 0, "{agreed}");
    let consent = agreed["consent"].as_str().unwrap();
    let (code, told) = run(&alice, &["transfer", "--consent", consent]).await;
    assert_eq!((code, &told["owner"]), (0, &agreed["to"]), "{told}");
    assert_eq!(
        run(&alice, &["history"]).await.0,
        1,
        "the history is its owner's"
    );
    let (code, told) = run(&bob, &["history"]).await;
    let steps = told["steps"]
        .as_array()
        .unwrap_or_else(|| panic!("{told}"))
        .iter();
    let actions: Vec<_> = steps.map(|step| step["action"].as_str().unwrap()).collect();
    assert_eq!(
        (code, actions),
        (0, vec!["claim", "disable", "enable", "transfer"])
    );

    // And a key of one's own, in one go.
    let file = line.folder.path().join("new.key");
    let file = file.to_str().unwrap();
    assert_eq!(
        bob.run(&["keys", "new", "--out", file]).await.unwrap().code,
        0
    );
    assert_eq!(run(&bob, &["transfer", "--to-key", file]).await.0, 0);
    assert_eq!(
        run(&bob, &["disable"]).await.0,
        1,
        "the old key is good for nothing"
    );
    assert_eq!(
        state(run(&bob, &["unregister", "--key", file]).await),
        (0, is("removed"))
    );
    line.paynamed.stop().await.unwrap();
}

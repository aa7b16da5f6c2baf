//! What may go wrong between a node and us, and that nothing is paid on a mistake or called unpaid too soon.

use std::time::Duration;

use payname_cli::node::{
    FailureReason, Found, InvoiceError, Network, Node, NodeError, Order, Outcome, PaymentId,
    Phoenixd,
};
use payname_tests::Certificate;

use super::mood::{Books, Mood};
use super::{PATIENT, eclair, lightningd, order, over_rest, over_socket, phoenixd, trace};

/// How long an order waits where an answer never comes.
const BRIEF: Duration = Duration::from_millis(600);
/// How long a node is believed to be still trying, in these tests.
const SOON: Duration = Duration::from_millis(300);

/// Pays, and tells by which ids the payment was named.
fn pay(node: &dyn Node, order: &Order) -> (Result<Outcome, NodeError>, Vec<PaymentId>) {
    let mut ids = Vec::new();
    let outcome = node.pay(order, &mut |id| {
        ids.push(id.clone());
        true
    });
    (outcome, ids)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_that_is_not_the_one_that_was_asked_for_is_never_paid() {
    let folder = tempfile::tempdir().unwrap();
    let node = lightningd::Lightningd::start(folder.path()).await;
    let order = order(&node.books, "25000sat", PATIENT).await;
    let cln = over_socket(&node);
    let refused = |mood: Mood| {
        node.books.be(mood);
        match pay(&cln, &order) {
            (Err(NodeError::Invoice(error)), ids) if ids.is_empty() => error,
            other => panic!("{mood:?}: {other:?}"),
        }
    };
    assert_eq!(
        refused(Mood::OtherAmount),
        InvoiceError::OtherAmount {
            ordered_msat: 25_000_000,
            invoiced_msat: 25_001_000
        }
    );
    assert_eq!(refused(Mood::OtherOffer), InvoiceError::OtherOffer);
    assert_eq!(refused(Mood::OtherNote), InvoiceError::OtherNote);
    assert_eq!(refused(Mood::Expired), InvoiceError::Expired);
    assert!(matches!(refused(Mood::Forged), InvoiceError::Malformed(_)));
    assert!(node.books.calls("xpay").is_empty());
    assert!(node.books.payments().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_whose_id_cannot_be_written_down_is_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let node = lightningd::Lightningd::start(folder.path()).await;
    let order = order(&node.books, "25000sat", PATIENT).await;
    let refused = over_socket(&node).pay(&order, &mut |_| false);
    assert_eq!(refused, Err(NodeError::NotStored));
    let other = eclair::Eclair::start().await;
    let client = eclair(&other, eclair::PASSWORD).unwrap();
    assert_eq!(
        client.pay(&order, &mut |_| false),
        Err(NodeError::NotStored)
    );
    assert!(node.books.calls("xpay").is_empty() && other.books.calls("payoffer").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn core_lightning_says_what_became_of_a_payment_whose_answer_was_lost() {
    let folder = tempfile::tempdir().unwrap();
    let node = lightningd::Lightningd::start(folder.path()).await;
    let books = &node.books;
    let patient = order(books, "25000sat", PATIENT).await;
    let brief = Order {
        timeout: BRIEF,
        ..patient.clone()
    };
    let rest = over_rest(&node, lightningd::RUNE, node.ca()).unwrap();
    for cln in [&over_socket(&node), &rest] {
        books.be(Mood::HalfAnswer);
        let (outcome, _) = pay(cln, &patient);
        assert!(matches!(outcome, Ok(Outcome::Settled(_))), "{outcome:?}");
        books.be(Mood::Silence);
        let (outcome, _) = pay(cln, &brief);
        assert!(matches!(outcome, Ok(Outcome::Settled(_))), "{outcome:?}");
    }
    let cln = over_socket(&node).with_patience(SOON);

    // On its way is unknown, whoever asks, until it has arrived.
    books.be(Mood::Pending);
    let (outcome, ids) = pay(&cln, &brief);
    assert_eq!((outcome, ids.len()), (Ok(Outcome::Unknown), 1));
    let on_its_way = trace(&patient, ids.first().cloned());
    let found = |within| {
        over_socket(&node)
            .with_patience(SOON)
            .look_up(&on_its_way, within)
            .unwrap()
    };
    let unknown = Found::Payment {
        id: ids[0].clone(),
        outcome: Outcome::Unknown,
    };
    assert_eq!(found(BRIEF), unknown);
    books.settle();
    let settled = found(Duration::ZERO);
    assert!(
        matches!(
            &settled,
            Found::Payment {
                outcome: Outcome::Settled(_),
                ..
            }
        ),
        "{settled:?}"
    );

    // A call that led to nothing is given up once the node can no longer be trying.
    books.be(Mood::Nothing);
    let (outcome, ids) = pay(&over_socket(&node), &brief);
    assert_eq!((outcome, ids.len()), (Ok(Outcome::Unknown), 1));
    let gone = trace(&patient, ids.first().cloned());
    let patient_one = over_socket(&node);
    assert_eq!(patient_one.look_up(&gone, BRIEF), Ok(Found::Unclear));
    let hasty = over_socket(&node).with_patience(SOON);
    let forgotten = Found::Payment {
        id: ids[0].clone(),
        outcome: Outcome::Failed(FailureReason::Forgotten),
    };
    assert_eq!(hasty.look_up(&gone, PATIENT), Ok(forgotten));

    // Its own words are believed when its list agrees.
    books.be(Mood::NoRoute);
    assert_eq!(
        pay(&cln, &patient).0,
        Ok(Outcome::Failed(FailureReason::NoRoute))
    );
    books.be(Mood::NoInvoice);
    let (outcome, ids) = pay(&cln, &patient);
    assert_eq!(
        (outcome, ids.len()),
        (Ok(Outcome::Failed(FailureReason::NoInvoice)), 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn phoenixd_is_asked_later_what_became_of_a_payment_that_it_did_not_name() {
    let node = phoenixd::Phoenixd::start(None).await;
    let books = &node.books;
    let brief = order(books, "25000sat", BRIEF).await;
    let client = || {
        phoenixd(&node, phoenixd::PASSWORD)
            .unwrap()
            .with_patience(SOON)
    };
    let unnamed = trace(&brief, None);
    for mood in [Mood::Silence, Mood::HalfAnswer] {
        books.be(mood);
        let (outcome, ids) = pay(&client(), &brief);
        assert_eq!((outcome, ids.len()), (Ok(Outcome::Unknown), 0), "{mood:?}");
    }
    // Two of the same amount: which is meant cannot be told, unless one is known to be another.
    let ambiguous = client().look_up(&unnamed, PATIENT);
    assert_eq!(ambiguous, Err(NodeError::Ambiguous(brief.amount)));
    let first = PaymentId("00000000-0000-4000-8000-000000000000".to_owned());
    let mut second = unnamed.clone();
    second.others.push(first.clone());
    let found = client().look_up(&second, PATIENT).unwrap();
    let Found::Payment { id, outcome } = found else {
        panic!("{found:?}");
    };
    assert!(id != first && matches!(outcome, Outcome::Settled(_)));

    let mut other = unnamed.clone();
    other.amount = "24999sat".parse().unwrap();
    let never = client();
    assert_eq!(never.look_up(&other, Duration::ZERO), Ok(Found::Unclear));
    assert_eq!(never.look_up(&other, PATIENT), Ok(Found::NeverSent));

    books.be(Mood::NoInvoice);
    let (outcome, _) = pay(&client(), &brief);
    assert_eq!(outcome, Ok(Outcome::Failed(FailureReason::NoInvoice)));
}

#[tokio::test(flavor = "multi_thread")]
async fn eclair_says_by_our_own_id_what_became_of_a_payment_whose_answer_was_lost() {
    let node = eclair::Eclair::start().await;
    let books = &node.books;
    let brief = order(books, "25000sat", BRIEF).await;
    let client = || eclair(&node, eclair::PASSWORD).unwrap().with_patience(SOON);
    for mood in [Mood::HalfAnswer, Mood::Silence] {
        books.be(mood);
        let (outcome, _) = pay(&client(), &brief);
        assert!(
            matches!(outcome, Ok(Outcome::Settled(_))),
            "{mood:?}: {outcome:?}"
        );
    }
    books.be(Mood::Pending);
    let (outcome, ids) = pay(&client(), &brief);
    assert_eq!(outcome, Ok(Outcome::Unknown));
    let on_its_way = trace(&brief, ids.first().cloned());
    assert_eq!(client().look_up(&on_its_way, BRIEF), Ok(Found::Unclear));
    books.settle();
    let found = client().look_up(&on_its_way, Duration::ZERO).unwrap();
    assert!(
        matches!(
            &found,
            Found::Payment {
                outcome: Outcome::Settled(_),
                ..
            }
        ),
        "{found:?}"
    );

    // A time-out of its own is no failure; words that it gave up are one, if it has no part on its way.
    books.be(Mood::Nothing);
    let hasty = Order {
        timeout: PATIENT,
        ..brief.clone()
    };
    let (outcome, ids) = pay(&eclair(&node, eclair::PASSWORD).unwrap(), &brief);
    assert_eq!((outcome, ids.len()), (Ok(Outcome::Unknown), 1));
    books.be(Mood::NoInvoice);
    let (outcome, _) = pay(&client(), &hasty);
    assert_eq!(outcome, Ok(Outcome::Failed(FailureReason::NoInvoice)));
}

/// That nothing was begun, and nobody was asked to.
fn nothing_was_paid(books: &Books) {
    assert!(books.payments().is_empty());
    assert!(books.calls("xpay").is_empty() && books.calls("payoffer").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_does_not_let_us_in_says_what_to_do_and_pays_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cln = lightningd::Lightningd::start(folder.path()).await;
    let refused = over_rest(&cln, "another", cln.ca()).err().unwrap();
    assert!(
        matches!(refused, NodeError::Unauthorized { .. }),
        "{refused}"
    );
    assert!(
        refused
            .to_string()
            .contains("fetchinvoice, xpay and listpays"),
        "{refused}"
    );
    nothing_was_paid(&cln.books);

    // The limited password can look, and is found out before anything is begun.
    let node = phoenixd::Phoenixd::start(None).await;
    let order = order(&node.books, "25000sat", PATIENT).await;
    let limited = phoenixd(&node, phoenixd::LIMITED).unwrap();
    assert_eq!(limited.wait_ready(PATIENT), Ok(()));
    let (refused, ids) = pay(&limited, &order);
    let refused = refused.unwrap_err();
    assert!(
        refused.to_string().contains("look and not pay"),
        "{refused}"
    );
    assert!(ids.is_empty());
    nothing_was_paid(&node.books);

    let node = eclair::Eclair::start().await;
    let refused = eclair(&node, "wrong").err().unwrap();
    assert!(
        refused.to_string().contains("eclair.api.password"),
        "{refused}"
    );
    nothing_was_paid(&node.books);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_sent_to_no_server_but_the_one_whose_authority_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let cln = lightningd::Lightningd::start(folder.path()).await;
    let other = Certificate::new("cln").unwrap();
    let refused = over_rest(&cln, lightningd::RUNE, other.pem())
        .err()
        .unwrap();
    assert!(
        matches!(refused, NodeError::Unreachable { .. }),
        "{refused}"
    );
    assert!(cln.books.calls("getinfo").is_empty());
    let none = over_rest(&cln, lightningd::RUNE, "").err().unwrap();
    assert!(matches!(none, NodeError::Setup(_)), "{none}");

    let own = Certificate::new("phoenixd").unwrap();
    let node = phoenixd::Phoenixd::start(Some(&own)).await;
    let open = |ca: Option<&str>| {
        let url = node.url().parse().unwrap();
        let password = phoenixd::PASSWORD.into();
        Phoenixd::open(url, password, ca.map(str::as_bytes), Network::Regtest)
    };
    assert!(open(Some(own.pem())).is_ok());
    for believed in [None, Some(other.pem())] {
        let refused = open(believed).err().unwrap();
        assert!(
            matches!(refused, NodeError::Unreachable { .. }),
            "{refused}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_another_network_or_none_at_all_is_refused_before_anything_is_paid() {
    let node = phoenixd::Phoenixd::start(None).await;
    let url: reqwest::Url = node.url().parse().unwrap();
    let refused = Phoenixd::open(url, phoenixd::PASSWORD.into(), None, Network::Bitcoin);
    let refused = refused.err().unwrap();
    assert!(
        matches!(refused, NodeError::OtherNetwork { .. }),
        "{refused}"
    );
    let order = order(&node.books, "25000sat", PATIENT).await;
    let client = phoenixd(&node, phoenixd::PASSWORD).unwrap();
    let address = node.address();
    drop(node);
    // The task that listens ends a moment later.
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let (gone, _) = pay(&client, &order);
    assert!(
        matches!(gone, Err(NodeError::Unreachable { .. })),
        "{gone:?}"
    );
}

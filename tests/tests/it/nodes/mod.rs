//! Nodes that run elsewhere: one contract, and what may go wrong between them and us.
//!
//! The nodes are stand-ins that answer as their manuals say, with invoices that are signed as BOLT 12 says.

mod eclair;
mod faults;
mod killed;
mod lightningd;
mod mood;
mod payee;
mod phoenixd;
mod plugin;
mod web;

use std::time::{Duration, SystemTime};

use payname_cli::node::{
    Cln, ClnAddress, Eclair, Network, Node, NodeError, Order, PaymentId, Phoenixd, Trace, contract,
};
use payname_resolver::{Method, UnixTime};
use payname_tests::World;

use self::mood::Books;

/// How long an order waits for its outcome, where nothing is wrong.
const PATIENT: Duration = Duration::from_secs(20);

/// An order for the offer of `books`, proven on a private internet.
async fn order(books: &Books, amount: &str, timeout: Duration) -> Order {
    let uri = format!("bitcoin:?lno={}", books.payee.offer());
    let world = World::with_zone("example.test").record("alice", &uri);
    let world = world.start().await.unwrap();
    let record = world.resolve("₿alice@example.test").await.unwrap();
    let mut methods = record.instructions().unwrap().methods().into_iter();
    Order {
        method: methods
            .find(|method| matches!(method.value(), Method::Offer(_)))
            .unwrap(),
        amount: amount.parse().unwrap(),
        max_fee: "100sat".parse().unwrap(),
        note: None,
        timeout,
    }
}

fn now() -> UnixTime {
    SystemTime::now().into()
}

/// Core Lightning over its socket.
fn over_socket(node: &lightningd::Lightningd) -> Cln {
    let address = ClnAddress::Socket(node.socket());
    Cln::open(address, Network::Regtest, now).unwrap()
}

/// Core Lightning over `clnrest`, with this rune and these authorities.
fn over_rest(node: &lightningd::Lightningd, rune: &str, ca: &str) -> Result<Cln, NodeError> {
    let address = ClnAddress::Rest {
        url: node.url().parse().unwrap(),
        rune: rune.into(),
        authority: Some(ca.as_bytes().to_vec()),
    };
    Cln::open(address, Network::Regtest, now)
}

fn phoenixd(node: &phoenixd::Phoenixd, password: &str) -> Result<Phoenixd, NodeError> {
    let url = node.url().parse().unwrap();
    Phoenixd::open(url, password.into(), None, Network::Regtest)
}

fn eclair(node: &eclair::Eclair, password: &str) -> Result<Eclair, NodeError> {
    let url = node.url().parse().unwrap();
    Eclair::open(url, password.into(), None, Network::Regtest)
}

/// What is known of a payment of `order` that began now.
fn trace(order: &Order, payment_id: Option<PaymentId>) -> Trace {
    Trace {
        payment_id,
        offer: order.method.value().text().to_owned(),
        amount: order.amount,
        intended_at: now(),
        others: Vec::new(),
    }
}

/// Checks one node with the contract of all, and that the payee has got the money once.
fn keeps_the_contract(node: &dyn Node, books: &Books, order: &Order) {
    contract::holds_for(node, order, now());
    assert_eq!(books.arrived(), [order.amount.msat()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn core_lightning_keeps_the_contract_over_its_socket_and_over_its_web_interface() {
    let folder = tempfile::tempdir().unwrap();
    let node = lightningd::Lightningd::start(folder.path()).await;
    let mut order = order(&node.books, "25000sat", PATIENT).await;
    order.note = Some("for the coffee".to_owned());
    keeps_the_contract(&over_socket(&node), &node.books, &order);

    // It is handed the proven offer; the name goes into the invoice request and nowhere else.
    let asked = node.books.calls("fetchinvoice").remove(0);
    assert_eq!(asked["offer"], order.method.value().text());
    assert_eq!(asked["bip353"], "₿alice@example.test");
    assert_eq!(asked["amount_msat"], 25_000_000);
    assert_eq!(asked["payer_note"], "for the coffee");
    let paid = node.books.calls("xpay").remove(0);
    assert_eq!(paid["maxfee"], 100_000);
    assert!(paid["invstring"].as_str().unwrap().starts_with("lni1"));

    let folder = tempfile::tempdir().unwrap();
    let node = lightningd::Lightningd::start(folder.path()).await;
    let over_rest = over_rest(&node, lightningd::RUNE, node.ca()).unwrap();
    keeps_the_contract(&over_rest, &node.books, &order);
}

#[tokio::test(flavor = "multi_thread")]
async fn phoenixd_keeps_the_contract_and_is_given_the_proven_offer() {
    let node = phoenixd::Phoenixd::start(None).await;
    let mut order = order(&node.books, "25000sat", PATIENT).await;
    order.note = Some("for the coffee".to_owned());
    let client = phoenixd(&node, phoenixd::PASSWORD).unwrap();
    keeps_the_contract(&client, &node.books, &order);
    let asked = serde_json::to_string(&node.books.calls("payoffer")).unwrap();
    assert!(asked.contains(order.method.value().text()), "{asked}");
    assert!(
        asked.contains("for the coffee") && !asked.contains("alice"),
        "{asked}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn eclair_keeps_the_contract_and_is_told_the_limit_of_the_fee() {
    let node = eclair::Eclair::start().await;
    let order = order(&node.books, "25000sat", PATIENT).await;
    let client = eclair(&node, eclair::PASSWORD).unwrap();
    keeps_the_contract(&client, &node.books, &order);
    let asked = serde_json::to_string(&node.books.calls("payoffer")).unwrap();
    assert!(
        asked.contains(r#"["maxFeeFlatSat","100"],["maxFeePct","0"]"#),
        "{asked}"
    );
}

//! A stand-in for phoenixd, as its API reference describes it.

use std::net::SocketAddr;
use std::sync::Arc;

use payname_resolver::lightning::bitcoin::hashes::{Hash as _, sha256};
use payname_tests::Certificate;
use serde_json::{Value, json};

use super::mood::{Books, FEE_MSAT, Mood, Payment, Standing, now};
use super::web::{Call, Reply, Web, field};

/// `http-password`.
pub(super) const PASSWORD: &str = "full-access";
/// `http-password-limited-access`.
pub(super) const LIMITED: &str = "looking-only";

/// A phoenixd of one machine's imagination.
pub(super) struct Phoenixd {
    pub(super) books: Arc<Books>,
    web: Web,
}

impl Phoenixd {
    /// Listens on a free port; with a certificate, as behind a proxy that has one.
    pub(super) async fn start(certificate: Option<&Certificate>) -> Self {
        let books = Arc::new(Books::new());
        let own = Arc::clone(&books);
        let web = Web::start(certificate, move |call| answer(&own, &call)).await;
        Self { books, web }
    }

    pub(super) fn url(&self) -> String {
        self.web.url()
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.web.address()
    }
}

fn answer(books: &Books, call: &Call) -> Reply {
    let may_look = call.has_password(PASSWORD) || call.has_password(LIMITED);
    let may_pay = call.has_password(PASSWORD);
    if !may_look || (call.path == "payoffer" && !may_pay) {
        let text =
            "Invalid authentication (use basic auth with the http password set in phoenix.conf)";
        return Reply::Text(401, text.to_owned());
    }
    books.note_call(&call.path, json!(call.form()));
    match call.path.as_str() {
        "getinfo" => Reply::Json(
            200,
            json!({
                "nodeId": "03".to_owned() + &"cd".repeat(32), "chain": "regtest", "blockHeight": 110,
                "channels": [{"state": "Normal", "channelId": "aa", "balanceSat": 100_000}],
                "version": "0.8.0",
            }),
        ),
        "payoffer" => pay(books, call),
        "payments/outgoing" => {
            let from = field(&call.query, "from").map_or(0, |text| text.parse().unwrap());
            let payments = books.payments().into_iter().enumerate();
            let own = payments.filter(|(_, payment)| payment.made_at * 1000 >= from);
            let entries = own.map(|(place, payment)| entry(place, &payment));
            Reply::Json(200, json!(entries.collect::<Vec<_>>()))
        }
        path => {
            let wanted = path.strip_prefix("payments/outgoing/");
            let payments = books.payments().into_iter().enumerate();
            let mut own = payments.filter(|(place, _)| wanted == Some(&uuid(*place)));
            match own.next() {
                Some((place, payment)) => Reply::Json(200, entry(place, &payment)),
                None => Reply::Text(404, "Not found".to_owned()),
            }
        }
    }
}

fn pay(books: &Books, call: &Call) -> Reply {
    let form = call.form();
    if field(&form, "offer") != Some(&books.payee.offer()) {
        return Reply::Text(400, "Parameter \"offer\" type is invalid".to_owned());
    }
    let sat: u64 = field(&form, "amountSat").unwrap().parse().unwrap();
    let mood = books.mood();
    let standing = match mood {
        Mood::NoInvoice => {
            let failed = json!({"offerId": books.payee.offer_id(), "reason": "NoResponse"});
            return Reply::Json(200, failed);
        }
        Mood::Nothing | Mood::SilentFetch => return Reply::Silence,
        Mood::Pending => Standing::Pending,
        _ => Standing::Settled,
    };
    let note = field(&form, "message").map(str::to_owned);
    let (invoice, preimage) = books.invoice(sat * 1000, note);
    books.pay(Payment {
        invoice,
        preimage,
        amount_msat: sat * 1000,
        standing,
        external_id: None,
        made_at: now(),
    });
    match mood {
        Mood::HalfAnswer => Reply::Half(200),
        Mood::Silence | Mood::Pending => Reply::Silence,
        _ => Reply::Json(
            200,
            json!({
                "recipientAmountSat": sat, "routingFeeSat": FEE_MSAT / 1000,
                "paymentId": uuid(books.payments().len() - 1),
                "paymentHash": hex::encode(sha256::Hash::hash(&preimage).to_byte_array()),
                "paymentPreimage": hex::encode(preimage),
            }),
        ),
    }
}

fn entry(place: usize, payment: &Payment) -> Value {
    let hash = hex::encode(sha256::Hash::hash(&payment.preimage).to_byte_array());
    let mut entry = json!({
        "type": "outgoing_payment", "subType": "lightning", "paymentId": uuid(place),
        "paymentHash": hash, "isPaid": false, "sent": payment.amount_msat / 1000, "fees": 0,
        "createdAt": payment.made_at * 1000,
    });
    if payment.standing == Standing::Settled {
        entry["isPaid"] = json!(true);
        entry["preimage"] = json!(hex::encode(payment.preimage));
        entry["sent"] = json!((payment.amount_msat + FEE_MSAT) / 1000);
        entry["fees"] = json!(FEE_MSAT);
        entry["completedAt"] = json!(now() * 1000);
    }
    entry
}

fn uuid(place: usize) -> String {
    format!("00000000-0000-4000-8000-{place:012}")
}

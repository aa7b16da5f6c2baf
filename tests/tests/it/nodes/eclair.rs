//! A stand-in for Eclair, as its API reference describes it.

use std::sync::Arc;

use payname_resolver::lightning::bitcoin::hashes::{Hash as _, sha256};
use serde_json::{Value, json};

use super::mood::{Books, FEE_MSAT, Mood, Payment, Standing, now};
use super::web::{Call, Reply, Web, field};

/// `eclair.api.password`.
pub(super) const PASSWORD: &str = "eclair's";

/// An Eclair of one machine's imagination.
pub(super) struct Eclair {
    pub(super) books: Arc<Books>,
    web: Web,
}

impl Eclair {
    /// Listens on a free port.
    pub(super) async fn start() -> Self {
        let books = Arc::new(Books::new());
        let own = Arc::clone(&books);
        let web = Web::start(None, move |call| answer(&own, &call)).await;
        Self { books, web }
    }

    pub(super) fn url(&self) -> String {
        self.web.url()
    }
}

fn error(status: u16, words: &str) -> Reply {
    Reply::Json(status, json!({"error": words}))
}

fn answer(books: &Books, call: &Call) -> Reply {
    if !call.has_password(PASSWORD) {
        return error(401, "The supplied authentication is invalid");
    }
    let form = call.form();
    books.note_call(&call.path, json!(form));
    match call.path.as_str() {
        "getinfo" => Reply::Json(
            200,
            json!({
                "version": "0.14.0", "nodeId": "03".to_owned() + &"af".repeat(32), "alias": "standin",
                "network": "regtest", "blockHeight": 110, "publicAddresses": [],
            }),
        ),
        "usablebalances" => Reply::Json(
            200,
            json!([{"remoteNodeId": "02", "canSend": 90_000_000, "canReceive": 1, "isPublic": true}]),
        ),
        "payoffer" => pay(books, &form),
        "getsentinfo" if field(&form, "offer") == Some(&books.payee.offer()) => {
            let parts = books.payments().iter().map(part).collect::<Vec<_>>();
            Reply::Json(200, json!(parts))
        }
        "getsentinfo" => Reply::Json(200, json!([])),
        _ => error(404, "The requested resource could not be found."),
    }
}

fn pay(books: &Books, form: &[(String, String)]) -> Reply {
    if field(form, "offer") != Some(&books.payee.offer()) {
        return error(400, "The form field 'offer' was malformed");
    }
    assert_eq!(field(form, "blocking"), Some("true"));
    let mood = books.mood();
    let standing = match mood {
        Mood::NoInvoice => return error(500, "NoInvoice"),
        Mood::Nothing | Mood::SilentFetch => return error(500, "Ask timed out on [Actor[...]]"),
        Mood::Pending => Standing::Pending,
        _ => Standing::Settled,
    };
    let amount_msat: u64 = field(form, "amountMsat").unwrap().parse().unwrap();
    let (invoice, preimage) = books.invoice(amount_msat, None);
    let payment = Payment {
        invoice,
        preimage,
        amount_msat,
        standing,
        external_id: field(form, "externalId").map(str::to_owned),
        made_at: now(),
    };
    books.pay(payment);
    match mood {
        Mood::HalfAnswer => Reply::Half(200),
        Mood::Silence => Reply::Silence,
        Mood::Pending => error(500, "Ask timed out on [Actor[...]]"),
        Mood::NoRoute => Reply::Silence,
        _ => Reply::Json(
            200,
            json!({
                "type": "payment-sent", "id": "562c2be9-6d46-4684-bc74-e4a99a77f4fe",
                "paymentHash": hash(&preimage), "paymentPreimage": hex::encode(preimage),
                "recipientAmount": amount_msat, "recipientNodeId": "03",
                "parts": [{"id": "b8799834", "amount": amount_msat, "feesPaid": FEE_MSAT}],
            }),
        ),
    }
}

fn part(payment: &Payment) -> Value {
    let status = match payment.standing {
        Standing::Pending => json!({"type": "pending"}),
        Standing::Settled => json!({
            "type": "sent", "paymentPreimage": hex::encode(payment.preimage), "feesPaid": FEE_MSAT,
            "route": [], "completedAt": payment.made_at * 1000,
        }),
    };
    json!({
        "id": "b8799834-8db9-460b-b754-2942f20e3500",
        "parentId": "cd5666d5-7678-4458-b50b-21b363b34f5e", "externalId": payment.external_id,
        "paymentHash": hash(&payment.preimage), "paymentType": "Standard",
        "amount": payment.amount_msat, "recipientAmount": payment.amount_msat,
        "recipientNodeId": "03", "createdAt": payment.made_at * 1000, "status": status,
    })
}

fn hash(preimage: &[u8; 32]) -> String {
    hex::encode(sha256::Hash::hash(preimage).to_byte_array())
}

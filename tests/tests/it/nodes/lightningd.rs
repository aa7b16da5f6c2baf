//! A stand-in for Core Lightning: its socket and its `clnrest`, as their manuals describe them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use payname_resolver::lightning::bitcoin::hashes::{Hash as _, sha256};
use payname_tests::Certificate;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::mood::{Books, FEE_MSAT, Mood, Payment, Standing, now};
use super::web::{Call, Reply, Web};

/// The rune that its `clnrest` accepts.
pub(super) const RUNE: &str = "Zm9yIHBheW5hbWU9PQ==";

/// A Core Lightning node of one machine's imagination.
pub(super) struct Lightningd {
    pub(super) books: Arc<Books>,
    socket: PathBuf,
    rest: Web,
    certificate: Certificate,
    _open: DropGuard,
}

/// What it has fetched: the invoices, with their preimages and amounts.
type Fetched = Mutex<Vec<(String, [u8; 32], u64)>>;

impl Lightningd {
    /// Listens in `folder` and on a free port.
    pub(super) async fn start(folder: &Path) -> Self {
        let books = Arc::new(Books::new());
        let fetched = Arc::new(Fetched::default());
        let certificate = Certificate::new("cln").unwrap();
        let socket = folder.join("lightning-rpc");
        let listener = UnixListener::bind(&socket).unwrap();
        let open = CancellationToken::new();
        let (own, of) = (Arc::clone(&books), Arc::clone(&fetched));
        tokio::spawn(open.clone().run_until_cancelled_owned(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&own), Arc::clone(&of)));
            }
        }));
        let own = Arc::clone(&books);
        let rest = Web::start(Some(&certificate), move |call| rest(&own, &fetched, &call));
        Self {
            socket,
            rest: rest.await,
            certificate,
            books,
            _open: open.drop_guard(),
        }
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.socket.clone()
    }

    pub(super) fn url(&self) -> String {
        self.rest.url()
    }

    /// Its own authority's certificate, `ca.pem`.
    pub(super) fn ca(&self) -> &str {
        self.certificate.pem()
    }
}

/// One connection: a call, an answer with two line breaks behind it.
async fn serve(mut stream: UnixStream, books: Arc<Books>, fetched: Arc<Fetched>) {
    let mut bytes = Vec::new();
    let call: Value = loop {
        let mut part = [0; 4096];
        let Ok(length @ 1..) = stream.read(&mut part).await else {
            return;
        };
        bytes.extend_from_slice(&part[..length]);
        if let Ok(call) = serde_json::from_slice(&bytes) {
            break call;
        }
    };
    let method = call["method"].as_str().unwrap();
    let id = &call["id"];
    let said = match answer(&books, &fetched, method, &call["params"]) {
        Said::Result(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Said::Error(code, message) => {
            let error = json!({"code": code, "message": message});
            json!({"jsonrpc": "2.0", "id": id, "error": error})
        }
        Said::Half => {
            let _ = stream.write_all(b"{\"jsonrpc\":\"2.0\",\"id\"").await;
            return;
        }
        Said::Nothing => std::future::pending().await,
    };
    let _ = stream.write_all(format!("{said}\n\n").as_bytes()).await;
}

/// One call of `clnrest`.
fn rest(books: &Books, fetched: &Fetched, call: &Call) -> Reply {
    let method = call.path.strip_prefix("v1/").unwrap_or_default();
    let error = |code: i64, message: &str| json!({"code": code, "message": message, "data": null});
    match call.headers.get("rune").map(|rune| rune.to_str().unwrap()) {
        None => return Reply::Json(403, error(1501, "Not authorized: Missing rune")),
        Some(RUNE) => {}
        Some(_) => return Reply::Json(401, error(1502, "Not permitted: rune")),
    }
    let parameters = serde_json::from_slice(&call.body).unwrap();
    match answer(books, fetched, method, &parameters) {
        Said::Result(result) => Reply::Json(201, result),
        Said::Error(-32601, message) => Reply::Json(404, error(-32601, &message)),
        Said::Error(code, message) => Reply::Json(500, error(code, &message)),
        Said::Half => Reply::Half(201),
        Said::Nothing => Reply::Silence,
    }
}

/// What a method comes to.
enum Said {
    Result(Value),
    Error(i64, String),
    Half,
    Nothing,
}

fn answer(books: &Books, fetched: &Fetched, method: &str, parameters: &Value) -> Said {
    books.note_call(method, parameters.clone());
    match method {
        "getinfo" => Said::Result(json!({
            "id": "02".to_owned() + &"ab".repeat(32), "alias": "STANDIN", "num_peers": 1,
            "num_pending_channels": 0, "num_active_channels": 1, "num_inactive_channels": 0,
            "version": "v26.06", "blockheight": 110, "network": "regtest",
        })),
        "fetchinvoice" => fetch(books, fetched, parameters),
        "xpay" => xpay(books, fetched, parameters),
        "listpays" => list(books, parameters),
        other => Said::Error(-32601, format!("Unknown command '{other}'")),
    }
}

fn fetch(books: &Books, fetched: &Fetched, parameters: &Value) -> Said {
    if parameters["offer"] != json!(books.payee.offer()) {
        return Said::Error(-32602, "offer: unparsable".to_owned());
    }
    match books.mood() {
        Mood::NoInvoice => return Said::Error(1005, "Timeout waiting for response".to_owned()),
        Mood::SilentFetch => return Said::Nothing,
        _ => {}
    }
    let amount = parameters["amount_msat"].as_u64().unwrap();
    let note = parameters["payer_note"].as_str().map(str::to_owned);
    let (invoice, preimage) = books.invoice(amount, note);
    let known = (invoice.clone(), preimage, amount);
    fetched.lock().unwrap().push(known);
    Said::Result(json!({"invoice": invoice, "changes": {}}))
}

fn xpay(books: &Books, fetched: &Fetched, parameters: &Value) -> Said {
    let invoice = parameters["invstring"].as_str().unwrap();
    let known = fetched.lock().unwrap().clone();
    let Some((invoice, preimage, amount_msat)) = known.into_iter().find(|(own, ..)| own == invoice)
    else {
        return Said::Error(-32602, "invstring: unparsable".to_owned());
    };
    let mood = books.mood();
    let standing = match mood {
        Mood::NoRoute => return Said::Error(205, "We could not find a usable route".to_owned()),
        Mood::Nothing => return Said::Nothing,
        Mood::Pending => Standing::Pending,
        _ => Standing::Settled,
    };
    books.pay(Payment {
        invoice,
        preimage,
        amount_msat,
        standing,
        external_id: None,
        made_at: now(),
    });
    match mood {
        Mood::HalfAnswer => Said::Half,
        Mood::Silence | Mood::Pending => Said::Nothing,
        _ => Said::Result(json!({
            "payment_preimage": hex::encode(preimage), "failed_parts": 0, "successful_parts": 1,
            "amount_msat": amount_msat, "amount_sent_msat": amount_msat + FEE_MSAT,
        })),
    }
}

fn list(books: &Books, parameters: &Value) -> Said {
    let hash =
        |payment: &Payment| hex::encode(sha256::Hash::hash(&payment.preimage).to_byte_array());
    let wanted = parameters.get("payment_hash").and_then(Value::as_str);
    let payments = books.payments().into_iter();
    let own = payments.filter(|payment| wanted.is_none_or(|wanted| wanted == hash(payment)));
    let entry = |payment: Payment| {
        let mut entry = json!({
            "payment_hash": hash(&payment), "bolt12": payment.invoice,
            "created_at": payment.made_at, "created_index": 1, "status": "pending",
        });
        if payment.standing == Standing::Settled {
            entry["status"] = json!("complete");
            entry["preimage"] = json!(hex::encode(payment.preimage));
            entry["amount_msat"] = json!(payment.amount_msat);
            entry["amount_sent_msat"] = json!(payment.amount_msat + FEE_MSAT);
        }
        entry
    };
    Said::Result(json!({"pays": own.map(entry).collect::<Vec<_>>()}))
}

//! One contract, two stores: every behaviour holds in SQLite and in a real PostgreSQL.

mod behaviours;
mod postgresql;
mod sqlite;
mod zones;

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use payname_api::ProvenBy;
use payname_resolver::{Handle, UnixTime};
use payname_server::{
    EventId, OwnerKey,
    registration::{Change, Decision, Signed, What},
    store::{ChangeError, Store},
};

/// A time at which everything happens.
const NOON: UnixTime = UnixTime(1_785_931_200);
const ALICE: OwnerKey = OwnerKey([1; 32]);
const MALLORY: OwnerKey = OwnerKey([2; 32]);

/// Makes every signed event another one.
static EVENT: AtomicU64 = AtomicU64::new(0);

/// Opens the store that a behaviour is tried on; again and again, it is the same one.
type Open = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Arc<dyn Store>> + Send>> + Send + Sync>;
/// Something that every store does.
type Behaviour = fn(Open) -> Pin<Box<dyn Future<Output = ()> + Send>>;

fn handle(user: &str) -> Handle {
    Handle::new(user, "example.test").unwrap()
}

fn change(user: &str, owner: OwnerKey, what: What) -> Change {
    let mut event = [0; 32];
    event[..8].copy_from_slice(&EVENT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    let signed = Signed {
        owner,
        event: EventId(event),
        json: "{}".to_owned(),
        lapses_at: NOON.plus(60),
    };
    Change::signed(handle(user), what, signed, NOON)
}

fn put(user: &str, uri: &str) -> Change {
    let uri = format!("bitcoin:?lno={uri}");
    change(user, ALICE, What::Put { uri })
}

async fn claim_name(store: &dyn Store, user: &str) -> Decision {
    store.change(put(user, user)).await.unwrap()
}

fn own_nameserver() -> ProvenBy {
    ProvenBy::OwnNameserver
}

/// Whether a change was refused, and not by a failure of the store.
#[track_caller]
fn refusal(outcome: Result<Decision, ChangeError>) -> payname_server::registration::Refusal {
    match outcome {
        Err(ChangeError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

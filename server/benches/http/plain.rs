//! The same rows without HTTP: committed in groups by the server's own store, and by bare statements.

use std::{path::Path, sync::Arc, time::Instant};

use nostr::key::Keys;
use payname_resolver::{Handle, UnixTime};
use payname_server::{
    EventId, OwnerKey,
    registration::{Change, Signed, What},
    store::{Sqlite, Store as _},
};
use rusqlite::{Connection, params};

use crate::client::{claim, uri};

/// What is registered: names, each with a signed event that looks like one sent over HTTP.
pub(crate) struct Rows(Vec<(String, [u8; 32], String)>);

impl Rows {
    pub(crate) fn of(names: impl Iterator<Item = String>) -> Self {
        let keys = Keys::parse(&"11".repeat(32)).expect("a key");
        let http = "127.0.0.1:12345".parse().expect("an address");
        let row = |name: String| {
            let (_, json) = claim(http, &name, &keys);
            let digest = ring::digest::digest(&ring::digest::SHA256, json.as_bytes());
            (name, digest.as_ref().try_into().expect("32 bytes"), json)
        };
        Self(names.map(row).collect())
    }

    /// Names a second by the store alone, as so many writers at once have them committed.
    pub(crate) async fn by_the_store(&self, file: &Path, writers: usize) -> f64 {
        let store = Arc::new(Sqlite::open(file).expect("a new file"));
        let at = UnixTime::from(std::time::SystemTime::now());
        let mut changes: Vec<Vec<Change>> = (0..writers).map(|_| Vec::new()).collect();
        for (place, (name, event, json)) in self.0.iter().enumerate() {
            let signed = Signed {
                owner: OwnerKey([1; 32]),
                event: EventId(*event),
                json: json.clone(),
                lapses_at: at,
            };
            let handle = Handle::new(name, "bench.test").expect("a name");
            let change = Change::signed(handle, What::Put { uri: uri() }, signed, at);
            changes[place % writers].push(change);
        }
        let mut tasks = tokio::task::JoinSet::new();
        let begun = Instant::now();
        for changes in changes {
            let store = Arc::clone(&store);
            tasks.spawn(async move {
                for change in changes {
                    store.change(change).await.expect("a good store");
                }
            });
        }
        tasks.join_all().await;
        self.0.len() as f64 / begun.elapsed().as_secs_f64()
    }

    /// Names a second by statements that ask for nothing, a transaction for so many writers.
    pub(crate) fn by_statements(&self, file: &Path, writers: usize) -> f64 {
        drop(Sqlite::open(file).expect("a new file"));
        let connection = Connection::open(file).expect("the file");
        connection
            .pragma_update(None, "synchronous", "FULL")
            .expect("a setting");
        // As the store has it, so that what is compared is what is done and not how much is kept.
        for (name, value) in [("cache_size", -16 * 1024), ("wal_autocheckpoint", 8 * 1024)] {
            connection
                .pragma_update(None, name, value)
                .expect("a setting");
        }
        connection
            .pragma_update(None, "foreign_keys", "ON")
            .expect("a setting");
        let prepare = |sql| connection.prepare(sql).expect("good SQL");
        let mut name = prepare(
            "INSERT INTO handles (domain, user, owner, uri, state, version, created_at, updated_at, skeleton)
             VALUES ('bench.test', ?1, ?2, ?3, 'pending', 1, ?4, ?4, ?1) RETURNING id",
        );
        let mut past = prepare(
            "INSERT INTO history (handle, version, owner, uri, event, at, deed, signer)
             VALUES (?1, 1, ?2, ?3, ?5, ?4, 'claim', ?2)",
        );
        let mut seen = prepare("INSERT INTO seen_events (id, lapses_at) VALUES (?1, ?2)");
        let mut task = prepare("INSERT INTO outbox (handle) VALUES (?1)");
        let (owner, uri, at) = ([1_u8; 32], uri(), 1_785_988_800_u64);
        let begun = Instant::now();
        for group in self.0.chunks(writers) {
            connection.execute_batch("BEGIN IMMEDIATE").expect("a lock");
            for (user, event, json) in group {
                seen.execute(params![event, at]).expect("a row");
                let values = params![user, owner, uri, at];
                let id: i64 = name.query_row(values, |row| row.get(0)).expect("a row");
                past.execute(params![id, owner, uri, at, json])
                    .expect("a row");
                task.execute([id]).expect("a row");
            }
            connection.execute_batch("COMMIT").expect("a commit");
        }
        self.0.len() as f64 / begun.elapsed().as_secs_f64()
    }
}

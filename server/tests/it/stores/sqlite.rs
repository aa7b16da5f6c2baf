//! The contract on SQLite.

use std::sync::{Arc, Weak};

use payname_server::store::{Sqlite, Store};

use super::{Open, behaviours};

#[tokio::test(flavor = "multi_thread")]
async fn every_behaviour_of_a_store_holds_in_sqlite() {
    for (name, behaviour) in behaviours::all() {
        println!("{name}");
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("registry.sqlite");
        // The file is one process's; so while it is open, it is opened once.
        let opened: Arc<tokio::sync::Mutex<Weak<Sqlite>>> = Arc::default();
        let open: Open = Arc::new(move || {
            let (path, opened) = (path.clone(), Arc::clone(&opened));
            Box::pin(async move {
                let mut opened = opened.lock().await;
                let store = opened.upgrade().unwrap_or_else(|| {
                    let store = Arc::new(Sqlite::open(&path).unwrap());
                    *opened = Arc::downgrade(&store);
                    store
                });
                store as Arc<dyn Store>
            })
        });
        behaviour(open).await;
    }
}

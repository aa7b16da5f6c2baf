//! The registry carried from SQLite to PostgreSQL and back, whole.

use std::{fs, path::Path};

use payname_api::State;
use payname_server::{CarryError, Clock, Config, Server, export_registry, import_registry};

use crate::{
    postgres::Cluster,
    scene::{Scene, config_text, keys, now, uri},
};

/// A directory with a configuration that has this much more in it.
struct Place {
    config: Config,
    _directory: tempfile::TempDir,
}

impl Place {
    fn new(tables: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let text = format!("{}\n{tables}", config_text(""));
        let config = Config::parse(&text, &directory.path().join("paynamed.toml")).unwrap();
        Self {
            config,
            _directory: directory,
        }
    }

    fn in_postgresql(url: &str) -> Self {
        Self::new(&format!("[database]\nurl = \"{url}\""))
    }

    /// What it exports, without the head, which tells the time.
    async fn export(&self) -> String {
        export(&self.config).await
    }

    async fn import(&self, rows: &str) -> Result<u64, CarryError> {
        let head = r#"{"format":"payname-registry","version":1}"#;
        let text = format!("{head}\n{rows}");
        import_registry(&self.config, &mut text.as_bytes()).await
    }
}

async fn export(config: &Config) -> String {
    let mut out = Vec::new();
    export_registry(config, Clock::system().now(), &mut out)
        .await
        .unwrap();
    let text = String::from_utf8(out).unwrap();
    text.split_once('\n').unwrap().1.to_owned()
}

/// A registry in which something has happened.
async fn lived_in() -> (String, tempfile::TempDir) {
    let scene = Scene::start().await;
    let contact = scene.contact();
    for user in ["alice", "bob", "carol"] {
        contact.put(&keys(1), user, &uri(user)).await.handle();
    }
    contact
        .put(&keys(1), "alice", &uri("second"))
        .await
        .handle();
    contact.delete(&keys(1), "bob").await.handle();
    contact.until("alice", State::Published).await;
    contact.until("bob", State::Removed).await;
    contact.until("carol", State::Published).await;
    let directory = scene.stop().await;
    let config = Config::parse(&config_text(""), &directory.path().join("paynamed.toml"));
    (export(&config.unwrap()).await, directory)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_goes_from_sqlite_to_postgresql_and_back_and_is_the_same() {
    let (first, _directory) = lived_in().await;
    for (table, rows) in [
        ("handles", 3),
        ("history", 5),
        ("seen_events", 5),
        ("zones", 1),
    ] {
        let lines = first.matches(&format!("\"table\":\"{table}\"")).count();
        assert_eq!(lines, rows, "{table} in {first}");
    }
    let cluster = Cluster::start(false);
    let postgresql = Place::in_postgresql(&cluster.database().await);
    let rows = postgresql.import(&first).await.unwrap();
    assert_eq!(rows, first.lines().count() as u64 - 1);
    assert_eq!(postgresql.export().await, first);
    // Once more changes nothing.
    assert_eq!(postgresql.import(&first).await.unwrap(), rows);
    assert_eq!(postgresql.export().await, first);
    let sqlite = Place::new("");
    sqlite.import(&postgresql.export().await).await.unwrap();
    assert_eq!(sqlite.export().await, first);
    sqlite.import(&first).await.unwrap();
    assert_eq!(sqlite.export().await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_goes_on_with_what_was_imported_and_knows_which_requests_were_used() {
    let (rows, old) = lived_in().await;
    let cluster = Cluster::start(false);
    let url = cluster.database().await;
    let place = Place::in_postgresql(&url);
    place.import(&rows).await.unwrap();
    // The keys of the zone go along.
    for entry in fs::read_dir(old.path().join("data")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|end| end == "key" || end == "json")
        {
            fs::copy(&path, place.config.data_dir.join(path.file_name().unwrap())).unwrap();
        }
    }
    let running = Server::start(place.config.clone(), Clock::system())
        .await
        .unwrap();
    let contact = crate::scene::Contact {
        http: running.http_addr(),
        dns: running.dns_addr(),
        public_url: running.public_url().to_string(),
        client: reqwest::Client::new(),
    };
    contact.until("alice", State::Published).await;
    assert_eq!(contact.resolve("alice").await.unwrap().uri(), uri("second"));
    assert!(contact.resolve("bob").await.is_err());
    // New rows get numbers above those that came along.
    contact.put(&keys(1), "alice", &uri("third")).await.handle();
    contact.put(&keys(2), "dora", &uri("new")).await.handle();
    contact.until("dora", State::Published).await;
    let stranger = contact.put(&keys(2), "carol", &uri("mine")).await;
    assert!(stranger.status.is_client_error(), "{stranger:?}");
    running.shutdown().await;
    let used = |text: &str| text.matches("\"table\":\"seen_events\"").count();
    assert!(used(&place.export().await) > used(&rows), "{}", now());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_not_written_over_and_a_refused_import_leaves_nothing_behind() {
    let (rows, _directory) = lived_in().await;
    let sqlite = Place::new("");
    let cut = rows.rsplit_once("{\"rows\"").unwrap().0;
    let error = sqlite.import(cut).await.unwrap_err();
    assert!(error.to_string().contains("ends in the middle"), "{error}");
    assert_eq!(sqlite.export().await, "{\"rows\":0}\n");
    sqlite.import(&rows).await.unwrap();
    let changed = rows.replacen("\"user\":\"carol\"", "\"user\":\"clara\"", 1);
    let error = sqlite.import(&changed).await.unwrap_err();
    assert!(matches!(error, CarryError::Differs { .. }), "{error}");
    assert_eq!(sqlite.export().await, rows);
    let newer = rows.replacen("\"user\":", "\"colour\":1,\"user\":", 1);
    let error = Place::new("").import(&newer).await.unwrap_err();
    assert!(error.to_string().contains("handles.colour"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_stores_have_the_same_tables_and_columns_so_that_nothing_is_left_behind() {
    // A row that names a table or column of one store only would be refused by the other; so the
    // tables are compared themselves, empty as they are.
    let cluster = Cluster::start(false);
    let url = cluster.database().await;
    let (sqlite, postgresql) = (Place::new(""), Place::in_postgresql(&url));
    for place in [&sqlite, &postgresql] {
        place.import("{\"rows\":0}\n").await.unwrap();
    }
    let ours = payname_server::carried_columns(&sqlite.config)
        .await
        .unwrap();
    let theirs = payname_server::carried_columns(&postgresql.config)
        .await
        .unwrap();
    assert!(ours.len() > 30, "{ours:?}");
    assert_eq!(ours, theirs);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_is_exported_beside_the_server_that_writes_it() {
    let scene = Scene::start().await;
    let file = scene.data().with_file_name("paynamed.toml");
    fs::write(&file, config_text("")).unwrap();
    let contact = scene.contact();
    let writing = async {
        for number in 0..60 {
            let user = format!("user{number}");
            contact.put(&keys(3), &user, &uri("x")).await.handle();
        }
    };
    let exporting = async {
        let mut sizes = Vec::new();
        for _ in 0..10 {
            let text = export(&Config::read(&file).unwrap()).await;
            let count = |table: &str| text.matches(&format!("\"table\":\"{table}\"")).count();
            // A name and its history are one transaction; half of it is in no export.
            assert_eq!(count("handles"), count("history"));
            sizes.push(count("handles"));
        }
        sizes
    };
    let ((), sizes) = tokio::join!(writing, exporting);
    assert!(sizes.windows(2).all(|two| two[0] <= two[1]), "{sizes:?}");
    let path = scene.data().with_file_name("registry.ndjson");
    let paynamed = |words: &[&str]| {
        tokio::task::block_in_place(|| {
            std::process::Command::new(env!("CARGO_BIN_EXE_paynamed"))
                .arg("--config")
                .arg(&file)
                .args(words)
                .output()
                .unwrap()
        })
    };
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let done = paynamed(&["export", &text(&path)]);
    assert!(done.status.success(), "{done:?}");
    assert!(fs::read_to_string(&path).unwrap().contains("user59"));
    let again = paynamed(&["export", &text(&path)]);
    assert!(!again.status.success(), "{again:?}");
    // The server is running: nothing is put under its feet.
    let refused = paynamed(&["import", &text(&path)]);
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(error.contains("another paynamed"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_networks_of_the_day_stay_where_they_are_and_are_not_taken_from_older_exports() {
    const OF_THE_DAY: [&str; 2] = ["network_salts", "network_claims"];
    let (rows, old) = lived_in().await;
    let claimed = "INSERT INTO network_salts VALUES (20000, x'01');
        INSERT INTO network_claims VALUES (20000, x'02', 3);";
    let registry = old.path().join("data/registry.sqlite");
    let connection = rusqlite::Connection::open(registry).unwrap();
    connection.execute_batch(claimed).unwrap();
    drop(connection);
    let file = old.path().join("paynamed.toml");
    let config = Config::parse(&config_text(""), &file).unwrap();
    assert_eq!(export(&config).await, rows);
    let cluster = Cluster::start(false);
    let url = cluster.database().await;
    let (sqlite, postgresql) = (Place::new(""), Place::in_postgresql(&url));
    let (before, _) = rows.rsplit_once("{\"rows\"").unwrap();
    let marks = r#"{"table":"network_salts","row":{"day":20000,"salt":{"hex":"01"}}}
{"table":"network_claims","row":{"day":20000,"mark":{"hex":"02"},"claims":3}}"#;
    let count = before.lines().count() + OF_THE_DAY.len();
    let older = format!("{before}{marks}\n{{\"rows\":{count}}}\n");
    for place in [&sqlite, &postgresql] {
        place.import(&older).await.unwrap();
        assert_eq!(place.export().await, rows);
    }
    let registry = sqlite.config.data_dir.join("registry.sqlite");
    let connection = rusqlite::Connection::open(registry).unwrap();
    for table in OF_THE_DAY {
        let sql = format!("SELECT count(*) FROM {table}");
        let found: i64 = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(found, 0, "{table}");
    }
    let none = OF_THE_DAY.map(|table| {
        format!("IF EXISTS (SELECT FROM {table}) THEN RAISE EXCEPTION '{table}'; END IF;")
    });
    let none = format!("DO $$ BEGIN {} END $$", none.join(" "));
    crate::postgres::run(&url, &none).await.unwrap();
}

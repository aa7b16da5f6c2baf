//! A registry with many names, written as fast as its database can.

use std::path::Path;

/// What a name pays.
pub(super) fn uri(number: u32) -> String {
    format!("bitcoin:?lno=lno1{number:0>400}")
}

pub(super) fn sqlite(file: &Path, names: u32) {
    insert(
        file,
        (0..names).map(|number| (format!("user{number}"), uri(number))),
    );
}

/// Registers names that nobody has published yet.
pub(super) fn more(file: &Path, names: u32) {
    insert(
        file,
        (0..names).map(|number| (bulk_user(number), uri(number))),
    );
}

pub(super) fn bulk_user(number: u32) -> String {
    format!("bulk{number}")
}

fn insert(file: &Path, rows: impl Iterator<Item = (String, String)>) {
    let mut connection = rusqlite::Connection::open(file).expect("the registry");
    let transaction = connection.transaction().expect("a lock");
    {
        let insert = "INSERT INTO handles (domain, user, owner, uri, state, version, created_at,
            updated_at) VALUES ('bench.test', ?1, zeroblob(32), ?2, 'published', 1, 0, 0)";
        let mut statement = transaction.prepare(insert).expect("good SQL");
        for row in rows {
            statement.execute(row).expect("a row");
        }
    }
    transaction.commit().expect("a commit");
}

pub(super) async fn postgres(url: &str, names: u32) {
    let connected = tokio_postgres::connect(url, tokio_postgres::NoTls).await;
    let (client, connection) = connected.expect("a database");
    tokio::spawn(connection);
    let insert = format!(
        "INSERT INTO handles (domain, username, owner, uri, state, version, created_at, updated_at)
         SELECT 'bench.test', 'user' || number, decode(repeat('00', 32), 'hex'),
             'bitcoin:?lno=lno1' || lpad(number::text, 400, '0'), 'published', 1, 0, 0
         FROM generate_series(0, {names} - 1) AS number"
    );
    client.batch_execute(&insert).await.expect("rows");
}

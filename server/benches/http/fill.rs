//! A registry with many names, written as fast as its database can.

use std::path::Path;

use payname_server::store::Sqlite;

/// What a name pays: an offer of the usual length, which is not looked at here.
pub(crate) fn uri(number: u32) -> String {
    format!("bitcoin:?lno=lno1{number:0>400}")
}

/// Makes the file, with so many names in it.
pub(crate) fn fill(file: &Path, names: u32) {
    drop(Sqlite::open(file).expect("a new file"));
    let mut connection = rusqlite::Connection::open(file).expect("the registry");
    let transaction = connection.transaction().expect("a lock");
    {
        let insert = "INSERT INTO handles (domain, user, owner, uri, state, version, created_at,
            updated_at) VALUES ('bench.test', ?1, zeroblob(32), ?2, 'published', 1, 0, 0)";
        let mut statement = transaction.prepare(insert).expect("good SQL");
        for number in 0..names {
            let row = (format!("user{number}"), uri(number));
            statement.execute(row).expect("a row");
        }
    }
    transaction.commit().expect("a commit");
}

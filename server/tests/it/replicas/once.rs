//! Of servers that share a database, one publishes each change: none is lost, and none is made twice.

use std::{collections::BTreeMap, time::Duration};

use payname_api::{State, paths};
use payname_resolver::{Handle, hickory_proto::serialize::binary::BinEncodable as _};

use super::{PATIENCE, database};
use crate::{
    crash::Daemon,
    postgres::{Cluster, run},
    scene::{Contact, DOMAIN, keys, uri},
};

/// How many names each server takes in, by so many clients at once.
const NAMES: usize = 60;
const CLIENTS: usize = 6;

/// Has the database note every payment record that is written into the signed zone.
const NOTE: &str = "
    CREATE TABLE noted (owner bytea NOT NULL);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO noted VALUES (new.owner); RETURN new; END';
    CREATE TRIGGER note AFTER INSERT OR UPDATE ON signed_sets
        FOR EACH ROW WHEN (new.type = 16 AND new.bytes IS NOT NULL) EXECUTE FUNCTION note();";

/// How often each owner name's record was written.
async fn noted(url: &str) -> BTreeMap<Vec<u8>, i64> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let sql = "SELECT owner, count(*) FROM noted GROUP BY owner";
    let rows = client.query(sql, &[]).await.unwrap();
    let counts = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    drop(client);
    let _ = connection.await;
    counts
}

fn user(server: usize, number: usize) -> String {
    format!("s{server}n{number}")
}

/// Registers names at one server; every third is changed at the other as soon as it is acknowledged.
async fn register(own: Contact, other: Contact, server: usize, client: usize) {
    for number in (client..NAMES).step_by(CLIENTS) {
        let user = user(server, number);
        own.put(&keys(1), &user, &uri("first")).await.handle();
        if number % 3 == 0 {
            other.put(&keys(1), &user, &uri("second")).await.handle();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_servers_take_in_at_once_is_published_once_and_none_of_it_is_lost() {
    let cluster = Cluster::start(false);
    let url = cluster.database().await;
    let more = database(&url);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let servers = [0, 1].map(|server| Daemon::start_with(folders[server].path(), &more));
    run(&url, NOTE).await.unwrap();
    let mut clients = tokio::task::JoinSet::new();
    for server in [0, 1] {
        for client in 0..CLIENTS {
            let (own, other) = (&servers[server].contact, &servers[1 - server].contact);
            clients.spawn(register(own.clone(), other.clone(), server, client));
        }
    }
    clients.join_all().await;
    let deadline = std::time::Instant::now() + PATIENCE;
    for (server, number) in [0, 1]
        .into_iter()
        .flat_map(|s| (0..NAMES).map(move |n| (s, n)))
    {
        let path = paths::handle(DOMAIN, &user(server, number));
        while servers[server].contact.get(&path).await.handle().state != State::Published {
            assert!(std::time::Instant::now() < deadline, "{path} is lost");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let noted = noted(&url).await;
    for (server, number) in [0, 1]
        .into_iter()
        .flat_map(|s| (0..NAMES).map(move |n| (s, n)))
    {
        let user = user(server, number);
        let (last, most) = match number % 3 {
            0 => ("second", 2),
            _ => ("first", 1),
        };
        let owner = Handle::new(&user, DOMAIN).unwrap();
        let owner = owner.owner_name().to_bytes().unwrap();
        let times = noted.get(&owner).copied().unwrap_or(0);
        assert!(
            (1..=most).contains(&times),
            "{user} was published {times} times"
        );
        for daemon in &servers {
            // The other server follows a moment later.
            loop {
                let found = daemon.contact.resolve(&user).await;
                if found.is_ok_and(|found| found.uri() == uri(last)) {
                    break;
                }
                assert!(
                    std::time::Instant::now() < deadline,
                    "{user} is not everywhere"
                );
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    assert_eq!(noted.len(), 2 * NAMES, "nothing else was published");
    for server in servers {
        server.kill();
    }
}

//! Primaries that do not mean well.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use payname_resolver::hickory_proto::{
    op::{Message, OpCode},
    rr::{Name, RData, Record, RecordType, rdata::SOA},
};
use payname_zones::{
    Denial, Envelope, IncomingError, NameServer, Settings, SigningKey, Zone, ZoneSet,
};
use ring::rand::SystemRandom;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    cataloged::Cataloged,
    fetch::{FetchError, Fetched, fetch},
    floor,
    follow::Follower,
    followed::Followed,
    kept::Kept,
    offered::{Maker, Offered},
    question::{asked_type, code, head},
};
use crate::{
    clock::Clock,
    config::{Distribution, Peer, Secondary},
    publisher::Served,
};

fn apex() -> Name {
    "example.test.".parse().unwrap()
}

/// Two versions of a zone, signed now.
fn versions() -> (Zone, Zone) {
    let now = Clock::system().now();
    let server = NameServer::new("ns.other.test.".parse().unwrap(), []);
    let mut settings = Settings::new(apex(), [server]);
    settings.denial = Denial::Nsec3;
    let pkcs8 = SigningKey::generate_pkcs8(&SystemRandom::new()).unwrap();
    let key = SigningKey::from_pkcs8(&pkcs8).unwrap();
    let older = Zone::new(settings, key, now).unwrap();
    let mut newer = older.clone();
    let owner: Name = "new.example.test.".parse().unwrap();
    newer.set_txt(&owner, "new", 60, now).unwrap();
    (older, newer)
}

/// What a secondary has of a zone; with another expire time, which nobody signed.
fn mirror(zone: &Zone, expire: Option<u32>) -> Zone {
    let sets = zone.stored_sets().map(|mut change| {
        if let (RecordType::SOA, Some(expire)) = (change.record_type, expire) {
            let set = change.set.as_mut().unwrap();
            // Behind form and head: type, class, TTL, length, data, of which expire is the last but one number.
            let length = usize::from(u16::from_be_bytes([set[27], set[28]]));
            let at = 29 + length - 8;
            set[at..at + 4].copy_from_slice(&expire.to_be_bytes());
        }
        change
    });
    Zone::mirror(zone.origin(), sets).unwrap()
}

async fn query(stream: &mut TcpStream) -> Vec<u8> {
    let mut query = vec![0; stream.read_u16().await.unwrap().into()];
    stream.read_exact(&mut query).await.unwrap();
    query
}

async fn send(stream: &mut TcpStream, message: &[u8]) -> std::io::Result<()> {
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length, message].concat()).await
}

async fn listen() -> (TcpListener, Peer) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let peer = Peer {
        place: 1,
        address,
        key: None,
    };
    (listener, peer)
}

fn follower(
    served: &Served,
    primary: Peer,
    folder: &tempfile::TempDir,
) -> (Follower, Arc<Followed>) {
    let zone = Arc::new(Followed::new(Secondary {
        zone: apex(),
        primaries: vec![primary],
    }));
    let follower = Follower {
        zone: Arc::clone(&zone),
        served: served.clone(),
        kept: Kept::new(folder.path(), &apex()),
        clock: Clock::system(),
    };
    (follower, zone)
}

/// A primary that gives the whole zone, and refuses to be asked for changes or takes no notice.
async fn primary_of(zone: Zone, refuses: bool) -> Peer {
    let (listener, primary) = listen().await;
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let query = query(&mut stream).await;
            if refuses && asked_type(&query) == Some(code::IXFR) {
                let _ = send(&mut stream, &head(&query, code::REFUSED)).await;
                continue;
            }
            let envelope = Envelope::answering(&query, 65_535).unwrap();
            for message in zone.axfr(&envelope).unwrap() {
                let _ = send(&mut stream, &message).await;
            }
        }
    });
    primary
}

#[tokio::test]
async fn an_older_version_is_not_taken_back_though_its_signatures_are_good() {
    let (older, newer) = versions();
    let clock = Clock::system();
    for refuses in [true, false] {
        let primary = primary_of(older.clone(), refuses).await;
        let base = mirror(&newer, None);
        let refused = fetch(&primary, &apex(), Some(&base), &clock).await;
        assert!(matches!(
            refused.map(|_| ()),
            Err(FetchError::Content(IncomingError::Backwards { .. }))
        ));
        // The same version says that nothing is new, or the zone would expire.
        let base = mirror(&older, None);
        let same = fetch(&primary, &apex(), Some(&base), &clock).await;
        assert!(matches!(same, Ok(Fetched::Current)), "{refuses}");
        assert!(fetch(&primary, &apex(), None, &clock).await.is_ok());
        let primary = primary_of(newer.clone(), refuses).await;
        let newest = fetch(&primary, &apex(), Some(&base), &clock).await;
        assert!(matches!(newest, Ok(Fetched::New(..))), "{refuses}");
    }
}

#[tokio::test]
async fn a_primary_that_is_behind_hides_no_news_of_another() {
    let (older, newer) = versions();
    let stuck = primary_of(older.clone(), false).await;
    let ahead = primary_of(newer.clone(), false).await;
    let served = Served::from(ZoneSet::from_iter([mirror(&older, None)]));
    let folder = tempfile::tempdir().unwrap();
    let zone = Arc::new(Followed::new(Secondary {
        zone: apex(),
        primaries: vec![stuck, ahead],
    }));
    let follower = Follower {
        zone,
        served: served.clone(),
        kept: Kept::new(folder.path(), &apex()),
        clock: Clock::system(),
    };
    let stop = CancellationToken::new();
    let following = tokio::spawn(follower.run(stop.clone()));
    let shown = async {
        while served.zone(&apex(), Zone::serial) != Some(newer.serial()) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(Duration::from_secs(20), shown).await.is_ok());
    stop.cancel();
    following.await.unwrap();
}

#[tokio::test]
async fn a_transfer_that_never_ends_hinders_neither_expiry_nor_stopping() {
    let (_, newer) = versions();
    let (listener, primary) = listen().await;
    let soa = newer.record_set(&apex(), RecordType::SOA).unwrap();
    let RData::SOA(soa) = soa.data()[0].clone() else {
        panic!("no SOA");
    };
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let query = query(&mut stream).await;
            let mut soa = soa.clone();
            soa.serial = soa.serial.wrapping_add(1);
            tokio::spawn(async move {
                let mut data = RData::SOA(soa);
                loop {
                    let id = u16::from_be_bytes([query[0], query[1]]);
                    let mut message = Message::response(id, OpCode::Query);
                    message.add_answer(Record::from_rdata(apex(), 60, data));
                    if send(&mut stream, &message.to_vec().unwrap()).await.is_err() {
                        return;
                    }
                    data = RData::A(Ipv4Addr::LOCALHOST.into());
                    sleep(Duration::from_millis(50)).await;
                }
            });
        }
    });
    let served = Served::from(ZoneSet::from_iter([mirror(&newer, Some(1))]));
    let folder = tempfile::tempdir().unwrap();
    let (follower, _) = follower(&served, primary, &folder);
    let stop = CancellationToken::new();
    let following = tokio::spawn(follower.run(stop.clone()));
    let withheld = async {
        while served.zone(&apex(), |_| ()).is_some() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let patience = Duration::from_secs(8);
    assert!(timeout(patience, withheld).await.is_ok(), "it has expired");
    sleep(Duration::from_secs(2)).await; // the next transfer is under way
    stop.cancel();
    assert!(timeout(patience, following).await.is_ok(), "it was stopped");
}

#[tokio::test]
async fn forged_news_do_not_have_a_primary_asked_again_and_again() {
    let (listener, primary) = listen().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let (follower, zone) = follower(&Served::default(), primary, &folder);
    let stop = CancellationToken::new();
    let following = tokio::spawn(follower.run(stop.clone()));
    for _ in 0..300 {
        zone.wake();
        sleep(Duration::from_millis(3)).await;
    }
    stop.cancel();
    following.await.unwrap();
    let asked = asked.load(Ordering::Relaxed);
    assert!((2..20).contains(&asked), "{asked}");
}

/// The serial of a zone, as somebody who has it says.
fn soa(query: &[u8], serial: u32) -> Vec<u8> {
    let query = Message::from_vec(query).unwrap();
    let mut response = Message::response(query.metadata.id, OpCode::Query);
    response.add_queries(query.queries.iter().cloned());
    let soa = SOA::new(apex(), apex(), serial, 1, 1, 1, 1);
    response.add_answer(Record::from_rdata(apex(), 60, RData::SOA(soa)));
    response.to_vec().unwrap()
}

#[tokio::test]
async fn a_secondary_that_cannot_be_reached_at_the_start_is_asked_for_its_serial_until_it_answers()
{
    let clock = Clock::system();
    let (silent, never) = listen().await;
    let (listener, late) = listen().await;
    let maker = Cataloged::new(&apex(), [], clock.now()).unwrap();
    let distribution = Distribution {
        secondaries: vec![never, late],
        permits: Vec::new(),
    };
    let maker = Maker::Catalog(Box::new(maker));
    let zone = Arc::new(Offered::new(apex(), distribution, maker, clock.now()));
    let (mut changes, before) = (zone.changes(), zone.serial().unwrap());
    let theirs = before.wrapping_add(1_000_000);
    let pause = Duration::from_millis(5);
    let lifting = tokio::spawn(floor::lift(Arc::clone(&zone), pause, clock));
    // It closes connections, then it fails, refuses, and then it has a later serial.
    for attempt in 0..10 {
        let (mut stream, _) = listener.accept().await.unwrap();
        let query = query(&mut stream).await;
        match attempt {
            0..4 => {}
            4..9 => {
                let code = [code::SERV_FAIL, code::REFUSED, code::NOT_AUTH][attempt % 3];
                send(&mut stream, &head(&query, code)).await.unwrap();
            }
            _ => send(&mut stream, &soa(&query, theirs)).await.unwrap(),
        }
    }
    let raised = async {
        while zone.serial().unwrap() <= theirs {
            changes.changed().await.unwrap();
        }
    };
    let patience = Duration::from_secs(60);
    assert!(timeout(patience, raised).await.is_ok(), "it goes on above");
    assert!(!lifting.is_finished(), "the silent one is waited for");
    lifting.abort();
    drop(silent);
}

//! A name is asked for without pause while it changes: it is never without its record, and never has two.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use payname_resolver::hickory_proto::op::Message;
use payname_resolver::hickory_proto::rr::{RData, RecordType};
use payname_resolver::resolution::Question;
use payname_server::publisher::put;
use payname_tests::Primary;
use tokio::net::UdpSocket;

use super::contract::{long_uri, owner, text};
use super::rfc2136::provider;
use crate::scene::DOMAIN;
use crate::secondaries::SECRET;

/// How many updates, in all; `PAYNAME_UPDATES=5000` is the long run.
const UPDATES: usize = 510;
/// How many ask.
const READERS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn bind_knot_and_powerdns_show_one_record_at_every_moment_of_five_hundred_updates() {
    let updates = std::env::var("PAYNAME_UPDATES").ok();
    let updates = updates.map_or(UPDATES, |updates| updates.parse().unwrap());
    for kind in Primary::KINDS {
        let primary = Primary::start(kind, SECRET, "").await.unwrap();
        let provider = provider(primary.address(), SECRET, DOMAIN);
        let first = text(&long_uri("first"));
        put(&*provider, &owner("alice"), Some(&first))
            .await
            .unwrap();
        let readers = Readers::start(primary.address());
        for number in 0..updates / Primary::KINDS.len() {
            let wanted = text(&long_uri(&number.to_string()));
            put(&*provider, &owner("alice"), Some(&wanted))
                .await
                .unwrap();
        }
        let (answers, changes) = readers.stop().await;
        println!("{kind:?}: {answers} answers, {changes} of them new, no gap");
        assert!(answers > 100, "{kind:?}: {answers} answers");
        // They were asked while it changed, not before or after.
        assert!(changes > 5, "{kind:?}: {changes} changes were seen");
    }
}

/// Those who ask for alice all the time.
struct Readers {
    tasks: Vec<tokio::task::JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicUsize>,
    changes: Arc<AtomicUsize>,
}

impl Readers {
    fn start(server: SocketAddr) -> Self {
        let mut readers = Self {
            tasks: Vec::new(),
            stop: Arc::default(),
            answers: Arc::default(),
            changes: Arc::default(),
        };
        for _ in 0..READERS {
            let (stop, answers) = (Arc::clone(&readers.stop), Arc::clone(&readers.answers));
            let changes = Arc::clone(&readers.changes);
            readers.tasks.push(tokio::spawn(async move {
                let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                socket.connect(server).await.unwrap();
                let question = Question::new(owner("alice"), RecordType::TXT).to_message(7);
                let mut last = String::new();
                while !stop.load(Ordering::Relaxed) {
                    socket.send(&question).await.unwrap();
                    let mut buffer = [0; 4096];
                    let patience = std::time::Duration::from_millis(1000);
                    let Ok(length) = tokio::time::timeout(patience, socket.recv(&mut buffer)).await
                    else {
                        continue; // a datagram that was lost says nothing
                    };
                    let shown = the_record(&buffer[..length.unwrap()]);
                    answers.fetch_add(1, Ordering::Relaxed);
                    changes.fetch_add(usize::from(shown != last), Ordering::Relaxed);
                    last = shown;
                }
            }));
        }
        readers
    }

    /// How many answers came, and how many of them were others than before.
    async fn stop(self) -> (usize, usize) {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap(); // it has found a gap
        }
        (
            self.answers.load(Ordering::Relaxed),
            self.changes.load(Ordering::Relaxed),
        )
    }
}

/// The one payment record of an answer.
fn the_record(answer: &[u8]) -> String {
    let message = Message::from_vec(answer).unwrap();
    let texts = message
        .answers
        .iter()
        .filter_map(|record| match &record.data {
            RData::TXT(txt) => Some(txt.txt_data.concat()),
            _ => None,
        });
    let texts: Vec<Vec<u8>> = texts.collect();
    assert_eq!(texts.len(), 1, "not one record: {message}");
    String::from_utf8(texts[0].clone()).unwrap()
}

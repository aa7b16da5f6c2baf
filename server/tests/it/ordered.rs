//! A network that doubles requests and brings them in any order: what is done is what was signed, once.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use payname_api::{HistoryStep, Listed, PutHandle, State, codes, paths};
use tokio::task::JoinSet;

use crate::{
    keys::Turned,
    postgres::Cluster,
    scene::{Answer, Contact, DOMAIN, Draft, Scene, config_text, keys, uri},
};

/// How many people change a name of theirs at the same time, how often each, and how often each request arrives.
const PEOPLE: u8 = 6;
const CHANGES: usize = 8;
const COPIES: usize = 3;
const PATIENCE: Duration = Duration::from_secs(60);

/// A request as it was signed, once.
#[derive(Clone)]
struct Letter {
    draft: Arc<Draft>,
    signed: String,
}

impl Letter {
    fn new(
        contact: &Contact,
        seed: u8,
        what: &str,
        header: Option<(&'static str, String)>,
    ) -> Self {
        let body = serde_json::to_vec(&PutHandle {
            uri: uri(what),
            invite: None,
            drawn: None,
        });
        let mut draft = Draft::put(contact, &user(seed), body.unwrap());
        draft.headers.extend(header);
        let signed = draft.sign(&keys(seed));
        Self {
            draft: Arc::new(draft),
            signed,
        }
    }

    async fn arrive(self, contact: Contact) -> Answer {
        contact.send(&self.draft, Some(&self.signed)).await
    }
}

fn user(seed: u8) -> String {
    format!("user{seed}")
}

/// An order that has nothing to do with that in which things were made, another one each time.
fn shuffle<T>(things: &mut [T], round: u64) {
    let mut state = round.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    for last in (1..things.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        things.swap(
            last,
            usize::try_from((state >> 33) % (last as u64 + 1)).unwrap(),
        );
    }
}

/// Has all copies of letters arrive at the servers at once.
async fn deliver(contacts: &[Contact], letters: &[Letter], round: u64) -> Vec<Answer> {
    let mut copies: Vec<(Letter, Contact)> = Vec::new();
    for copy in 0..COPIES {
        let to = &contacts[copy % contacts.len()];
        copies.extend(letters.iter().map(|letter| (letter.clone(), to.clone())));
    }
    shuffle(&mut copies, round);
    let mut arriving = JoinSet::new();
    for (letter, contact) in copies {
        arriving.spawn(letter.arrive(contact));
    }
    arriving.join_all().await
}

/// What the history says was done, by its labels.
async fn history(contact: &Contact, seed: u8) -> Vec<String> {
    let path = paths::below(DOMAIN, &user(seed), "history");
    let answer = contact
        .look(&keys(seed), &format!("{path}?limit=100"))
        .await;
    let listed: Listed<HistoryStep> = serde_json::from_slice(&answer.body).unwrap();
    let label = |step: HistoryStep| step.uri.unwrap().rsplit('=').next().unwrap().to_owned();
    listed.items.into_iter().map(label).collect()
}

/// Every server shows it: one alone at once, and where there are several, those that follow the one that published it.
async fn shown(contacts: &[Contact], seed: u8, wanted: &str) {
    let deadline = Instant::now() + PATIENCE;
    for contact in contacts {
        loop {
            let record = contact.resolve(&user(seed)).await.unwrap();
            if record.uri() == wanted {
                break;
            }
            let may_follow = contacts.len() > 1 && Instant::now() < deadline;
            assert!(may_follow, "{} is shown, not {wanted}", record.uri());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Changes that build on one another: each names the version that it was made for.
async fn chains_are_done_as_they_were_signed(contacts: &[Contact]) {
    let contact = &contacts[0];
    let mut letters = Vec::new();
    for seed in 1..=PEOPLE {
        for version in 0..CHANGES {
            let header = match version {
                0 => ("if-none-match", "*".to_owned()),
                _ => ("if-match", format!("\"{version}\"")),
            };
            letters.push(Letter::new(
                contact,
                seed,
                &version.to_string(),
                Some(header),
            ));
        }
    }
    let wanted: Vec<String> = (0..CHANGES).map(|version| version.to_string()).collect();
    let deadline = Instant::now() + PATIENCE;
    let mut done = 0;
    for round in 0.. {
        for answer in deliver(contacts, &letters, round).await {
            match answer.status.as_u16() {
                202 => done += 1,
                401 => assert_eq!(answer.code(), codes::AUTH_REPLAYED),
                _ => assert_eq!(answer.code(), codes::PRECONDITION_FAILED),
            }
        }
        if done == letters.len() {
            break;
        }
        assert!(done < letters.len(), "something was done twice");
        assert!(Instant::now() < deadline, "{done} of {}", letters.len());
    }
    // Whatever comes late changes nothing.
    let late = deliver(contacts, &letters, 99).await;
    for answer in late {
        assert!(matches!(answer.status.as_u16(), 401 | 412), "{answer:?}");
    }
    for seed in 1..=PEOPLE {
        assert_eq!(history(contact, seed).await, wanted);
        contact.until(&user(seed), State::Published).await;
        shown(contacts, seed, &uri(&(CHANGES - 1).to_string())).await;
    }
}

/// Changes that build on nothing: each is done once, and the one that arrived last counts.
async fn of_loose_changes_each_is_done_once(contacts: &[Contact]) {
    let contact = &contacts[0];
    let mut letters = Vec::new();
    for seed in 1..=PEOPLE {
        let label = |change: usize| format!("loose{change}");
        letters.extend((0..CHANGES).map(|change| Letter::new(contact, seed, &label(change), None)));
    }
    let answers = deliver(contacts, &letters, 7).await;
    let mut done = 0;
    for answer in answers {
        match answer.status.is_success() {
            true => done += 1,
            false => assert_eq!(answer.code(), codes::AUTH_REPLAYED, "{answer:?}"),
        }
    }
    assert_eq!(done, letters.len());
    for seed in 1..=PEOPLE {
        let mut steps = history(contact, seed).await.split_off(CHANGES);
        let last = steps.last().unwrap().clone();
        let status = contact.until(&user(seed), State::Published).await;
        assert_eq!(status.uri, uri(&last));
        shown(contacts, seed, &uri(&last)).await;
        steps.sort();
        let all: Vec<String> = (0..CHANGES)
            .map(|change| format!("loose{change}"))
            .collect();
        assert_eq!(steps, all);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_network_doubles_and_turns_round_is_done_once_and_as_it_was_signed() {
    let scene = Scene::start().await;
    let contacts = [scene.contact()];
    chains_are_done_as_they_were_signed(&contacts).await;
    of_loose_changes_each_is_done_once(&contacts).await;
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_is_it_done_twice_by_two_servers_that_share_a_database() {
    let cluster = Cluster::start(false);
    let url = cluster.database().await;
    let more = format!("public_url = \"https://names.test\"\ndatabase = {{ url = \"{url}\" }}");
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut servers = Vec::new();
    for folder in &folders {
        servers.push(Turned::start_text(folder.path(), &config_text(&more)).await);
    }
    let contacts = servers.iter().map(|server| Contact {
        http: server.running.http_addr(),
        dns: server.running.dns_addr(),
        public_url: server.running.public_url().to_string(),
        client: reqwest::Client::new(),
    });
    let contacts: Vec<Contact> = contacts.collect();
    chains_are_done_as_they_were_signed(&contacts).await;
    of_loose_changes_each_is_done_once(&contacts).await;
    for server in servers {
        server.running.shutdown().await;
    }
}

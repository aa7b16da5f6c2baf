//! We follow zones that Knot and BIND sign.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use payname_resolver::hickory_proto::op::ResponseCode;
use payname_resolver::hickory_proto::rr::{Name, RecordType};
use payname_resolver::resolution::Question;
use payname_server::{Clock, Config, Running, Server};
use payname_tests::dns::over_tcp;
use payname_tests::judge::{Verdict, ask_validator};
use payname_tests::secondary::{Kind, Signer};
use payname_tests::{Unbound, port};

use super::rig::{SECRET, serial, write_secret};
use crate::scene::DOMAIN;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A `paynamed` that serves what another server signs.
struct Following {
    paynamed: Option<Running>,
    folder: tempfile::TempDir,
    dns: SocketAddr,
    signer: SocketAddr,
}

impl Following {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_secret(&folder.path().join("secondary.secret"));
        Self {
            paynamed: None,
            folder,
            dns: port::free().unwrap(),
            signer: port::free().unwrap(),
        }
    }

    async fn resume(&mut self) {
        let text = format!(
            "data_dir = \"data\"\n[http]\nlisten = \"127.0.0.1:0\"\n[dns]\nlisten = [\"{}\"]\n\
             [[tsig]]\nname = \"secondary.example\"\nsecret_file = \"secondary.secret\"\n\
             [[domain]]\nname = \"other.test\"\nnameservers = [\"ns1.{DOMAIN}\"]\n\
             [[secondary]]\nzone = \"{DOMAIN}\"\n\
             primaries = [{{ address = \"{}\", key = \"secondary.example\" }}]\n",
            self.dns, self.signer
        );
        let file = self.folder.path().join("paynamed.toml");
        let config = Config::parse(&text, &file).unwrap();
        self.paynamed = Some(Server::start(config, Clock::system()).await.unwrap());
    }

    async fn stop(&mut self) {
        if let Some(running) = self.paynamed.take() {
            running.shutdown().await;
        }
    }

    /// Waits until a name has (or has no) TXT record here.
    async fn until(&self, user: &str, is_there: bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = ask(self.dns, &owner(user), RecordType::TXT).await;
            if answer.0 == ResponseCode::NoError && (answer.1 > 0) == is_there {
                return;
            }
            if !is_there && answer.0 == ResponseCode::NXDomain {
                return;
            }
            assert!(Instant::now() < deadline, "{user}: {answer:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn until_code(&self, code: ResponseCode) {
        let deadline = Instant::now() + PATIENCE;
        while ask(self.dns, DOMAIN, RecordType::SOA).await.0 != code {
            assert!(Instant::now() < deadline, "no {code}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What Unbound makes of a name, with the signer's keys as anchors.
    async fn verdict(&self, anchors: &str, user: &str) -> Verdict {
        let zones = [
            (DOMAIN.parse().unwrap(), self.dns),
            (Name::root(), self.dns),
        ];
        let unbound = Unbound::start(anchors, &zones).await.unwrap();
        ask_validator(unbound.address(), &owner(user), RecordType::TXT)
            .await
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_that_knot_or_bind_signs_is_followed_and_survives_a_restart_without_them() {
    for kind in [Kind::Knot, Kind::Bind] {
        let mut following = Following::new();
        let (ours, theirs) = (following.dns, following.signer);
        let mut signer = Signer::start(kind, theirs, ours, SECRET, &zone(1, 86_400, &["alice"]))
            .await
            .unwrap();
        following.resume().await;
        following.until("alice", true).await;
        for number in 2..8 {
            let users = [format!("user{number}"), "alice".to_owned()];
            let users: Vec<&str> = users.iter().map(String::as_str).collect();
            signer.edit(&zone(number, 86_400, &users)).unwrap();
            following.until(users[0], true).await;
        }
        following.until("user2", false).await;
        let anchors = anchors(theirs).await;
        let seen = serial(ours).await;
        signer.kill();
        following.stop().await;
        following.resume().await;
        following.until("user7", true).await;
        assert_eq!(serial(ours).await, seen);
        assert_eq!(following.verdict(&anchors, "alice").await, Verdict::Secure);
        let gone = following.verdict(&anchors, "user2").await;
        assert_eq!(gone, Verdict::SecureNxDomain, "{kind:?}");
        following.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_is_not_served_and_the_last_good_zone_is_until_it_expires() {
    let mut following = Following::new();
    let (ours, theirs) = (following.dns, following.signer);
    let records = zone(1, 4, &["alice"]);
    let mut signer = Signer::start(Kind::Knot, theirs, ours, SECRET, &records)
        .await
        .unwrap();
    following.resume().await;
    following.until("alice", true).await;
    // The signer has lost its mind: it gives the zone away without any signature.
    signer.kill();
    signer
        .reconfigure("dnssec-signing: on", "dnssec-signing: off")
        .unwrap();
    signer
        .edit_while_down(&zone(4_000_000_000, 4, &["mallory"]))
        .unwrap();
    signer.resume().await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    following.until("alice", true).await;
    following.until("mallory", false).await;
    // Nobody has said for four seconds that the zone is up to date.
    following.until_code(ResponseCode::ServFail).await;
    signer.kill();
    signer
        .reconfigure("dnssec-signing: off", "dnssec-signing: on")
        .unwrap();
    signer.resume().await.unwrap();
    following.until("mallory", true).await;
    following.stop().await;
}

fn owner(user: &str) -> String {
    format!("{user}.user._bitcoin-payment.{DOMAIN}.")
}

/// A zone that is looked after every second.
fn zone(serial: u32, expire: u32, users: &[&str]) -> String {
    let users = users.iter().map(|user| {
        let owner = owner(user);
        format!("{owner} TXT \"bitcoin:?lno=lno1qsgqmqvgm96frzdg8m0gc6nzeqffvzsqzrxqy\"\n")
    });
    let users: String = users.collect();
    format!(
        "$ORIGIN {DOMAIN}.\n$TTL 60\n@ SOA ns1 hostmaster {serial} 1 1 {expire} 60\n\
         @ NS ns1\nns1 A 127.0.0.1\n{users}"
    )
}

/// The DNSKEY records of the signer, as anchors.
async fn anchors(server: SocketAddr) -> String {
    let question = Question::new(Name::from_ascii(DOMAIN).unwrap(), RecordType::DNSKEY);
    let answer = over_tcp(server, &question.to_message(1)).await.unwrap();
    let keys = answer
        .answers
        .iter()
        .filter(|record| record.record_type() == RecordType::DNSKEY);
    keys.map(|record| format!("{record}\n")).collect()
}

async fn ask(server: SocketAddr, name: &str, record_type: RecordType) -> (ResponseCode, usize) {
    let question = Question::new(Name::from_ascii(name).unwrap(), record_type);
    let answer = over_tcp(server, &question.to_message(1)).await.unwrap();
    let records = answer.answers.iter();
    let count = records
        .filter(|record| record.record_type() == record_type)
        .count();
    (answer.metadata.response_code, count)
}

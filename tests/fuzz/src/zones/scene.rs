//! The zones that the targets begin with: always the same, to the last signature.

use std::net::Ipv4Addr;
use std::sync::OnceLock;

use payname_resolver::UnixTime;
use payname_resolver::hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use payname_resolver::hickory_proto::rr::rdata::CNAME;
use payname_resolver::hickory_proto::rr::{Name, RData, RecordType};
use payname_zones::{
    Catalog, Denial, Envelope, KeyAlgorithm, Member, NameServer, Settings, SigningKey, Zone,
};

/// When all of it happens.
pub(super) const NOW: UnixTime = UnixTime(1_785_988_800);
/// An Ed25519 key for tests; its signatures are always the same.
const KEY: &str = "3051020101300506032b6570042204208a4ad3b3f3bb33e953ff867afd38ed0225c4553f77581b0e8d6ab29be6999f9e812100b86663e32650680ebe3a6e65c5953a8e983af236a37d96cc7b0bdea59f5444fb";

/// A zone in two versions.
pub(super) struct Versions {
    pub(super) older: Zone,
    pub(super) newer: Zone,
}

/// Zones of every kind of denial, and a catalog.
pub(super) struct Scene {
    pub(super) nsec: Versions,
    pub(super) nsec3: Versions,
    pub(super) compact: Versions,
    pub(super) catalog: Versions,
}

pub(super) fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| Scene {
        nsec: versions(Denial::Nsec),
        nsec3: versions(Denial::Nsec3),
        compact: versions(Denial::Compact),
        catalog: catalogs(),
    })
}

pub(super) fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

pub(super) fn key() -> SigningKey {
    let pkcs8 = hex::decode(KEY).unwrap();
    SigningKey::load(&pkcs8, KeyAlgorithm::Ed25519, true).unwrap()
}

fn versions(denial: Denial) -> Versions {
    let server = |name: Name, last| NameServer::new(name, [Ipv4Addr::new(192, 0, 2, last).into()]);
    let settings = Settings {
        denial,
        ..Settings::new(name("example."), [server(name("ns.example."), 53)])
    };
    let mut zone = Zone::new(settings, key(), NOW).unwrap();
    for user in ["alice", "bob", "a.deep", "*"] {
        let owner = name(&format!("{user}.user._bitcoin-payment.example."));
        let text = format!("bitcoin:?lno={user}").repeat(30);
        zone.set_txt(&owner, &text, 60, NOW).unwrap();
    }
    let alias = vec![RData::CNAME(CNAME(name(
        "alice.user._bitcoin-payment.example.",
    )))];
    zone.set_records(&name("www.example."), RecordType::CNAME, 60, alias, NOW)
        .unwrap();
    zone.set_dname(&name("moved.example."), &name("elsewhere."), 60, NOW)
        .unwrap();
    let glue = [server(name("ns.secure.example."), 1)];
    let ds = zone.ds();
    zone.delegate(&name("secure.example."), &glue, &ds, 60, NOW)
        .unwrap();
    zone.delegate(&name("insecure.example."), &glue, &[], 60, NOW)
        .unwrap();
    let older = zone.clone();
    let owner = |user: &str| name(&format!("{user}.user._bitcoin-payment.example."));
    zone.set_txt(&owner("carol"), "new", 60, NOW).unwrap();
    zone.set_txt(&owner("bob"), "changed", 60, NOW).unwrap();
    zone.remove(&owner("alice"), RecordType::TXT, NOW).unwrap();
    zone.undelegate(&name("insecure.example."), NOW).unwrap();
    Versions { older, newer: zone }
}

fn catalogs() -> Versions {
    let mut catalog = Catalog::new(&name("example."), NOW).unwrap();
    let member = |zone: &str| Member::new(name(zone));
    catalog
        .set_members([member("one.test."), member("two.test.")], NOW)
        .unwrap();
    let older = catalog.zone().clone();
    let grouped = Member {
        group: Some("payments".to_owned()),
        ..member("one.test.")
    };
    catalog.set_members([grouped], NOW).unwrap();
    Versions {
        older,
        newer: catalog.zone().clone(),
    }
}

/// The messages of a whole zone, and those of what changed, in small pieces.
pub(super) fn messages(versions: &Versions, whole: bool) -> Vec<Vec<u8>> {
    let mut query = Message::new(0, MessageType::Query, OpCode::Query);
    query.add_query(Query::query(name("example."), RecordType::AXFR));
    let envelope = Envelope::answering(&query.to_vec().unwrap(), 1500).unwrap();
    let Versions { older, newer } = versions;
    let messages = if whole {
        newer.axfr(&envelope)
    } else {
        newer.ixfr(older, &envelope)
    };
    messages.unwrap().collect()
}

/// Queries of many kinds.
pub(super) fn queries() -> Vec<(String, Vec<u8>)> {
    let mut queries = Vec::new();
    for owner in [
        "example.",
        "alice.user._bitcoin-payment.example.",
        "x.y.user._bitcoin-payment.example.",
        "www.example.",
        "a.moved.example.",
        "a.secure.example.",
        "insecure.example.",
        "nobody.example.",
        "elsewhere.test.",
    ] {
        for record_type in [1, 6, 16, 43, 46, 47, 48, 252, 255] {
            let mut query = Message::new(7, MessageType::Query, OpCode::Query);
            query.add_query(Query::query(name(owner), RecordType::from(record_type)));
            let mut edns = Edns::new();
            edns.set_max_payload(1232).set_dnssec_ok(true);
            query.set_edns(edns);
            queries.push((format!("{owner}{record_type}"), query.to_vec().unwrap()));
        }
    }
    queries
}

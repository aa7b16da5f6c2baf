//! What a zone costs: memory for each name, CPU time to sign, publish and answer.
//!
//! `cargo bench -p payname-zones --bench store -- [names] [nsec|compact]`, 100,000 names and NSEC3
//! unless said otherwise. Records are payment URIs of 417 octets. Times are of the process, not of the clock on the wall, so that
//! other work on the machine counts less.
#![allow(clippy::expect_used, clippy::arithmetic_side_effects)]

mod import;

use std::hint::black_box;
use std::time::{Duration, Instant};

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::{Name, RecordType};
use payname_resolver::{Handle, UnixTime};
use payname_zones::hickory_proto;
use payname_zones::{
    Asker, Cookies, Denial, Envelope, Incoming, NameServer, OnDemand, PaymentRecord, Received,
    ServerOptions, Settings, SigningKey, TransferLimits, Transport, Zone, ZoneSet, payment_record,
    respond_into,
};
use ring::rand::SystemRandom;
use rustix::time::{ClockId, clock_gettime};

const NOW: UnixTime = UnixTime(1_785_988_800);
const PUBLICATIONS: u32 = 2000;
const ANSWERS: u32 = 200_000;
const ROUNDS: u32 = 10;

fn main() {
    let names = std::env::args().find_map(|argument| argument.parse().ok());
    let names: u32 = names.unwrap_or(100_000);
    let is_asked = |word: &str| std::env::args().any(|argument| argument == word);
    let denial = match (is_asked("nsec"), is_asked("compact")) {
        (true, _) => Denial::Nsec,
        (_, true) => Denial::Compact,
        _ => Denial::Nsec3,
    };
    measure(denial, names);
}

fn measure(denial: Denial, names: u32) {
    let mut zone = import::importing(denial, names);
    import::growing(&mut zone, names);
    let names = names + import::GROWN;

    let start = cpu();
    for number in 0..PUBLICATIONS {
        let reader = zone.clone(); // as if someone still answered from it
        zone.publish(&record(names + number), 1800, NOW)
            .expect("the name is good");
        drop(reader);
    }
    println!("  publish one name {:?}", (cpu() - start) / PUBLICATIONS);

    let older = zone.clone();
    let record = record(names + PUBLICATIONS);
    zone.publish(&record, 1800, NOW).expect("the name is good");
    let start = cpu();
    for _ in 0..PUBLICATIONS {
        black_box(zone.changes_since(&older).count());
    }
    println!(
        "  tell one publication {:?}",
        (cpu() - start) / PUBLICATIONS
    );
    let changes: Vec<_> = zone.changes_since(&older).collect();
    let start = cpu();
    for _ in 0..PUBLICATIONS {
        black_box(older.apply(changes.iter().cloned())).expect("the changes fit");
    }
    println!(
        "  apply one publication {:?}",
        (cpu() - start) / PUBLICATIONS
    );
    restoring(&zone, names);
    if denial != Denial::Compact {
        transferring(&zone);
    }

    let zones = ZoneSet::from_iter([zone]);
    let spread = |number: u32| number.wrapping_mul(2_654_435_761) % names;
    let existing = |number| user(spread(number));
    answering(&zones, "existing name", None, existing);
    answering(
        &zones,
        "existing name, with a new cookie",
        Some(8),
        existing,
    );
    answering(
        &zones,
        "existing name, with a cookie of ours",
        Some(24),
        existing,
    );
    answering(&zones, "missing name", None, |number| format!("no{number}"));
}

/// Gives the whole zone away and takes it, without a look at its signatures.
fn transferring(zone: &Zone) {
    let envelope = Envelope::unasked(zone.origin());
    let (mut octets, mut records) = (0, 0);
    let start = cpu();
    for message in zone.axfr(&envelope).expect("it has all its denials") {
        octets += message.len();
        let count = message.get(6..).and_then(<[u8]>::first_chunk);
        records += count.map_or(0, |count| usize::from(u16::from_be_bytes(*count)));
    }
    let spent = (cpu() - start).as_secs_f64();
    let (rate, each) = (records as f64 / spent, octets as f64 / spent);
    println!(
        "  give all of it {:.0} records/s, {:.0} MB/s",
        rate,
        each / 1e6
    );

    let mut incoming = Incoming::whole(zone.origin(), TransferLimits::default(), NOW);
    let messages: Vec<_> = zone
        .axfr(&envelope)
        .expect("it has all its denials")
        .collect();
    let start = cpu();
    let taken = messages
        .iter()
        .map(|message| incoming.feed(message).expect("a message of ours"));
    let last = taken.last().expect("the SOA at least");
    let spent = (cpu() - start).as_secs_f64();
    assert!(matches!(last, Received::Complete(_)), "it is not complete");
    println!(
        "  take all of it {:.0} records/s, unchecked",
        records as f64 / spent
    );
}

/// Puts the zone together again from its sets, one after the other, as from a file.
fn restoring(zone: &Zone, names: u32) {
    let keys = zone.keys().expect("it is signed here").clone();
    let before = memory();
    let (start, begun) = (cpu(), Instant::now());
    let stored = zone.stored_sets();
    let restored = Zone::restore(zone.settings().clone(), keys, stored).expect("what was stored");
    let (spent, wall) = (cpu() - start, begun.elapsed());
    let each = memory().saturating_sub(before) / u64::from(names);
    println!("  restore all of it {spent:?} of CPU, {wall:?}; {each} bytes a name");
    assert_eq!(restored.serial(), zone.serial(), "it is another zone");
}

/// The time that an answer takes; who asks has a cookie of so many octets.
fn answering(zones: &ZoneSet, what: &str, cookie: Option<usize>, user: impl Fn(u32) -> String) {
    let options = ServerOptions {
        nsid: None,
        cookies: Some(Cookies::new([1; 16], [])),
    };
    let asker = Asker {
        now: NOW,
        options: &options,
        ..Asker::over(Transport::udp())
    };
    let mut on_demand = OnDemand::unlimited();
    let mut out = Vec::new();
    let cookie = cookie.map(|length| {
        // Any answer has the cookie that is good for who asks.
        let query = query("x", Some(&[7; 8]));
        respond_into(zones, &query, &asker, &mut on_demand, &mut out).expect("an answer");
        let mut cookie = out.split_off(out.len() - 24);
        cookie.truncate(length);
        cookie
    });
    let query = |number| query(&user(number), cookie.as_deref());
    let queries: Vec<_> = (0..ANSWERS).map(query).collect();
    let start = cpu();
    for query in (0..ROUNDS).flat_map(|_| &queries) {
        respond_into(zones, query, &asker, &mut on_demand, &mut out).expect("an answer");
        black_box(&out);
    }
    println!("  {what} {:?}", (cpu() - start) / ANSWERS / ROUNDS);
}

fn zone(denial: Denial) -> Zone {
    let name = |text| Name::from_ascii(text).expect("a name");
    let server = NameServer::new(name("ns.example.org."), []);
    let settings = Settings {
        denial,
        ..Settings::new(name("user._bitcoin-payment.bench.test."), [server])
    };
    Zone::new(settings, key(), NOW).expect("a good zone")
}

fn key() -> SigningKey {
    let pkcs8 = SigningKey::generate_pkcs8(&SystemRandom::new()).expect("randomness");
    SigningKey::from_pkcs8(&pkcs8).expect("the key that was made")
}

fn user(number: u32) -> String {
    format!("user{number}")
}

fn record(number: u32) -> PaymentRecord {
    let handle: Handle = format!("{}@bench.test", user(number))
        .parse()
        .expect("a handle");
    let offer = format!("bitcoin:?lno=lno1{number:0>400}");
    payment_record(&handle, &offer).expect("a record")
}

fn query(user: &str, cookie: Option<&[u8]>) -> Vec<u8> {
    let name = Name::from_ascii(format!("{user}.user._bitcoin-payment.bench.test."));
    let mut message = Message::new(1, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(name.expect("a name"), RecordType::TXT));
    let mut edns = Edns::new();
    edns.set_max_payload(1232).set_dnssec_ok(true);
    if let Some(cookie) = cookie {
        edns.options_mut()
            .insert(EdnsOption::Unknown(10, cookie.to_vec()));
    }
    message.set_edns(edns);
    message.to_vec().expect("a small message")
}

/// The CPU time of this process, all threads together.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("time that has passed")
}

/// The memory of this process in bytes.
fn memory() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|text| text.parse::<u64>().ok());
    4096 * pages.unwrap_or(0)
}

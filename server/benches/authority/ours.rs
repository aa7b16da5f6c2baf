//! The zone that all serve, and our server with nothing but it.

use std::net::{Ipv4Addr, SocketAddr};

use payname_resolver::{Handle, UnixTime, hickory_proto::rr::Name};
use payname_server::{Clock, Listeners, config::Serving, publisher::Served};
use payname_zones::{Denial, NameServer, Settings, SigningKey, Zone, ZoneSet, payment_record};
use ring::rand::SystemRandom;
use tokio_util::sync::CancellationToken;

pub(super) const APEX: &str = "user._bitcoin-payment.bench.test.";
/// How many names are signed at a time: enough for links to be signed once, in little memory.
const AT_ONCE: u32 = 10_000;

pub(super) fn user(number: u32) -> String {
    format!("user{number}")
}

/// A signed zone of payment names.
pub(super) fn zone(denial: Denial, names: u32) -> Zone {
    let name = |text| Name::from_ascii(text).expect("a name");
    let pkcs8 = SigningKey::generate_pkcs8(&SystemRandom::new()).expect("randomness");
    let key = SigningKey::from_pkcs8(&pkcs8).expect("the key that was made");
    let server = NameServer::new(name("ns.example.org."), []);
    let settings = Settings {
        denial,
        ..Settings::new(name(APEX), [server])
    };
    let now = UnixTime::from(std::time::SystemTime::now());
    let mut zone = Zone::new(settings, key, now).expect("a good zone");
    for from in (0..names).step_by(AT_ONCE as usize) {
        let record = |number| {
            let handle: Handle = format!("{}@bench.test", user(number))
                .parse()
                .expect("a handle");
            let offer = format!("bitcoin:?lno=lno1{number:0>400}");
            payment_record(&handle, &offer).expect("a record")
        };
        let records: Vec<_> = (from..names.min(from + AT_ONCE)).map(record).collect();
        zone.publish_all(records.iter().map(|record| (record, 1800)), now)
            .expect("all names are good");
    }
    zone
}

/// Serves such a zone until killed: kind of denial, names, port.
pub(super) fn serve(arguments: &[String]) {
    let [denial, names, port, ..] = arguments else {
        panic!("serve DENIAL NAMES PORT");
    };
    let denial = match denial.as_str() {
        "compact" => Denial::Compact,
        _ => Denial::Nsec3,
    };
    let zone = zone(denial, names.parse().expect("a number"));
    let served = Served::from(ZoneSet::from_iter([zone]));
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().expect("a port")));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        // One, as the others have it; or what a trial says.
        let threads = std::env::var("PAYNAME_UDP_THREADS").ok();
        let serving = Serving {
            udp_threads: Some(
                threads
                    .and_then(|threads| threads.parse().ok())
                    .unwrap_or(1),
            ),
            ..Serving::default()
        };
        let addresses = [address];
        let listeners = Listeners::bind(&addresses, &serving).await;
        let listeners = listeners.expect("a free port");
        listeners
            .serve(served, Clock::system(), CancellationToken::new())
            .await;
    });
}

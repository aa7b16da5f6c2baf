//! One name published: a dynamic update to Knot, which signs it, and the same by our zone.

use std::{
    net::UdpSocket,
    time::{Duration, Instant},
};

use payname_resolver::{
    UnixTime,
    hickory_proto::{
        op::update_message,
        rr::{Name, RData, Record, RecordSet, rdata::TXT},
        serialize::binary::BinEncodable as _,
    },
};
use payname_zones::{Denial, payment_record};
use rustix::time::{ClockId, clock_gettime};

use super::{contestant::Contestant, ours};

/// How many updates are sent to Knot, one after the other, each once the one before is answered.
const UPDATES: u32 = 10;
/// How many names our zone publishes.
const PUBLICATIONS: u32 = 1000;

/// Knot's CPU time for one update, and how long it takes until it is answered.
pub(super) fn of_knot(knot: &Contestant) -> (Duration, Duration) {
    let (before, start) = (knot.cpu(), Instant::now());
    for number in 0..UPDATES {
        update(knot.port(), number);
    }
    let ticks = knot.cpu() - before;
    let cpu = Duration::from_millis(10 * ticks) / UPDATES;
    (cpu, start.elapsed() / UPDATES)
}

/// The CPU time of one publication in a zone with so many names, signatures included.
pub(super) fn of_ours(denial: Denial, names: u32) -> Duration {
    let mut zone = ours::zone(denial, names);
    let now = UnixTime::from(std::time::SystemTime::now());
    let start = cpu();
    for number in 0..PUBLICATIONS {
        let reader = zone.clone(); // as if someone still answered from it
        let handle = format!("new{number}@bench.test").parse().expect("a handle");
        let record = payment_record(&handle, &uri(number)).expect("a record");
        zone.publish(&record, 1800, now).expect("a new name");
        drop(reader);
    }
    (cpu() - start) / PUBLICATIONS
}

fn uri(number: u32) -> String {
    format!("bitcoin:?lno=lno1{number:0>400}")
}

fn update(port: u16, number: u32) {
    let apex = Name::from_ascii(ours::APEX).expect("a name");
    let owner = apex.prepend_label(format!("new{number}")).expect("a name");
    let text = uri(number);
    let strings = text.as_bytes().chunks(255).collect();
    let data = RData::TXT(TXT::from_bytes(strings));
    let set = RecordSet::from(Record::from_rdata(owner, 1800, data));
    let message = update_message::append(set, apex, false, false);
    let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a socket");
    socket.connect(("127.0.0.1", port)).expect("an address");
    let patience = Some(Duration::from_secs(60));
    socket.set_read_timeout(patience).expect("a time-out");
    socket
        .send(&message.to_bytes().expect("a message"))
        .expect("sent");
    let mut response = [0; 512];
    socket
        .recv(&mut response)
        .expect("a response to the update");
    assert_eq!(response[3] & 0x0f, 0, "Knot refuses the update");
}

/// The CPU time of this process.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("time that has passed")
}

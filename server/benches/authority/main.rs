//! Our nameserver beside Knot, NSD and BIND: answers per CPU second of the server, and memory.
//!
//! `make bench-dns`, or `cargo bench -p payname-server --bench authority -- [names] [seconds]` with
//! the servers and `dnsperf` on `PATH` or in `$PAYNAME_TOOLS`. All serve one zone of payment names
//! (417 octets, P-256, NSEC3); ours a second time with denials made on demand. Each is asked in
//! turn for names that exist and for random ones that do not, with the DO bit, over UDP. CPU time
//! is the server's own, so that what asks beside it counts little.
#![allow(clippy::expect_used, clippy::arithmetic_side_effects, clippy::panic)]

mod contestant;
mod ours;
mod process;

use std::{fs, path::Path, time::Duration};

use contestant::{Contestant, Kind};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|word| word == "serve") {
        let rest = arguments.get(at + 1..).unwrap_or_default();
        return ours::serve(rest);
    }
    let mut numbers = arguments.iter().filter_map(|word| word.parse().ok());
    let names: u32 = numbers.next().unwrap_or(100_000);
    let seconds = numbers.next().unwrap_or(10);
    let folder = tempfile::tempdir().expect("a temporary folder");
    prepare(folder.path(), names);
    println!("{names} names, {seconds} s for each load; answers per CPU second of the server");
    println!("| server | existing name | missing name | memory |");
    println!("|---|---|---|---|");
    for kind in [
        Kind::Knot,
        Kind::Nsd,
        Kind::Bind,
        Kind::OursNsec3,
        Kind::OursCompact,
    ] {
        let server = Contestant::start(kind, folder.path(), names);
        // Not measured: caches fill, and connections come up.
        server.ask(&folder.path().join("existing"), 1);
        let existing = server.ask(&folder.path().join("existing"), seconds);
        let missing = server.ask(&folder.path().join("missing"), seconds);
        let memory = server.memory() >> 20;
        println!("| {kind} | {existing:.0} | {missing:.0} | {memory} MB |");
    }
}

/// Writes the signed zone and the two lists of questions.
fn prepare(folder: &Path, names: u32) {
    let zone = ours::zone(payname_zones::Denial::Nsec3, names);
    fs::write(folder.join("zone"), zone.master_file().to_string()).expect("a zone file");
    let apex = ours::APEX;
    let count = 200_000_u32;
    let spread = |number: u32| number.wrapping_mul(2_654_435_761);
    let line = |user: String| format!("{user}.{apex} TXT\n");
    let existing = (0..count).map(|number| line(ours::user(spread(number) % names)));
    let missing = (0..count).map(|number| line(format!("no{}", spread(number))));
    for (name, lines) in [
        ("existing", existing.collect::<String>()),
        ("missing", missing.collect()),
    ] {
        fs::write(folder.join(name), lines).expect("a list of questions");
    }
}

/// How long a server may take to load the zone.
const PATIENCE: Duration = Duration::from_secs(600);

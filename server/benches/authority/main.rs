//! Our nameserver beside Knot, NSD and BIND: answers per CPU second of the server, and memory.
//!
//! `make bench-dns`, or `cargo bench -p payname-server --bench authority -- [names] [seconds]` with
//! the servers and `dnsperf` on `PATH` or in `$PAYNAME_TOOLS`. All serve one zone of payment names
//! (417 octets, P-256, NSEC3); ours a second time with denials made on demand. Each is asked in
//! turn for names that exist and for random ones that do not, with the DO bit, over UDP; then for
//! existing names at a steady rate beside a flood of random ones. Each answers on one thread. CPU time is the server's own, so that
//! what asks beside it counts little. Last, one name published: by a dynamic update of Knot, which signs
//! the zone itself, and by our zone.
#![allow(clippy::expect_used, clippy::arithmetic_side_effects, clippy::panic)]

mod contestant;
mod load;
mod ours;
mod process;
mod update;

use std::{fs, path::Path, time::Duration};

use contestant::{Contestant, Kind};
use load::Load;
use payname_zones::Denial;

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
    println!(
        "| server | existing name | missing name | existing names answered in a flood | memory |"
    );
    println!("|---|---|---|---|---|");
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
        let flooded = 100.0 * flooded(&server, folder.path(), seconds);
        let memory = server.memory() >> 20;
        println!("| {kind} | {existing:.0} | {missing:.0} | {flooded:.0} % | {memory} MB |");
    }
    println!("\none name published into {names}, CPU time");
    let signing = Contestant::start(Kind::KnotSigning, folder.path(), names);
    let (knot, wall) = update::of_knot(&signing);
    drop(signing);
    println!("Knot, dynamic update: {knot:?} (answered after {wall:?})");
    for denial in [Denial::Nsec3, Denial::Compact] {
        let ours = update::of_ours(denial, names);
        let ratio = knot.as_secs_f64() / ours.as_secs_f64();
        println!("ours, {denial:?}: {ours:?}, {ratio:.0} times less than Knot");
    }
}

/// How much of a steady load of existing names is answered while random names are asked for.
fn flooded(server: &Contestant, folder: &Path, seconds: u32) -> f64 {
    let port = server.port();
    let flood = Load::start(port, &folder.join("missing"), seconds + 1, Some(FLOOD));
    let steady = Load::start(port, &folder.join("existing"), seconds, Some(STEADY));
    let outcome = steady.finish();
    flood.finish();
    outcome.completed / outcome.sent.max(f64::from(STEADY * seconds))
}

/// Questions for existing names in a second, beside a flood.
const STEADY: u32 = 10_000;
/// Questions for random names in a second, as fast as `dnsperf` can.
const FLOOD: u32 = 1_000_000;

/// Writes the signed zone and the two lists of questions.
fn prepare(folder: &Path, names: u32) {
    let zone = ours::zone(Denial::Nsec3, names);
    let text = zone.master_file().to_string();
    fs::write(folder.join("unsigned"), unsigned(&text)).expect("a zone file");
    fs::write(folder.join("zone"), text).expect("a zone file");
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

/// The zone without what a signer makes.
fn unsigned(text: &str) -> String {
    let made = [
        " RRSIG ",
        " NSEC3 ",
        " NSEC3PARAM ",
        " DNSKEY ",
        " CDS ",
        " CDNSKEY ",
    ];
    let lines = text.lines().filter(|line| {
        let head: String = line.chars().take(200).collect();
        !made.iter().any(|made| head.contains(made))
    });
    lines.fold(String::with_capacity(text.len()), |text, line| {
        text + line + "\n"
    })
}

/// How long a server may take to load the zone.
const PATIENCE: Duration = Duration::from_secs(600);

//! What HTTP costs: registrations beside the same rows without it, pages and proofs beside a handler that
//! does nothing, the time until a stranger can prove a new name, the memory of a name, and what a second
//! server on the same PostgreSQL is good for.
//!
//! `make bench-http`, or `cargo bench -p payname-server --bench http -- [part …] [names]`, the parts being
//! `registrations`, `reads`, `provable`, `memory` and `replicas`. The servers are real `paynamed`s in processes of
//! their own; `$TMPDIR` says on which disk. Requests are signed before the clock runs. Clients and servers
//! share the machine, so what a server itself takes is told beside what the clock says.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic
)]

mod client;
mod fill;
mod memory;
mod plain;
#[allow(dead_code, reason = "the tests need more of it")]
#[path = "../../tests/it/postgres.rs"]
mod postgres;
mod process;
mod provable;
mod reads;
mod registrations;
mod replicas;

/// Ratios are of runs side by side: so many of each, in turn, of which the median counts.
const ROUNDS: usize = 5;

const PARTS: [&str; 5] = ["reads", "registrations", "provable", "memory", "replicas"];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if let ["bare", address, files @ ..] = &words[..] {
        return runtime.block_on(reads::serve_bare(address, files));
    }
    let names = words.iter().find_map(|word| word.parse().ok());
    let is_wanted = |part: &str| {
        let mut wanted = words.iter().filter(|word| PARTS.contains(word)).peekable();
        wanted.peek().is_none() || wanted.any(|word| *word == part)
    };
    for part in PARTS.into_iter().filter(|part| is_wanted(part)) {
        runtime.block_on(measure(part, names.unwrap_or(100_000)));
    }
}

async fn measure(part: &str, names: u32) {
    match part {
        "registrations" => registrations::measure().await,
        "reads" => reads::measure().await,
        "provable" => provable::measure(names).await,
        "memory" => memory::measure(names).await,
        _ => replicas::measure().await,
    }
}

/// The middle of some numbers.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

//! What HTTP costs: registrations beside the same rows without it, proofs beside a handler that does
//! nothing, the time until a stranger can prove a new name, and the memory of a name.
//!
//! `make bench-http`, or `cargo bench -p payname-server --bench http -- [names]`. The server is a real
//! `paynamed` in a process of its own, with a registry of so many names; `$TMPDIR` says on which disk.
#![allow(
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic
)]

mod client;
mod fill;
mod process;
mod provable;
mod reads;
mod registrations;

use process::Paynamed;

/// Ratios are of runs side by side: so many of each, in turn, of which the median counts.
const ROUNDS: usize = 3;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if let ["bare", file] = words[..] {
        return runtime.block_on(reads::serve_bare(file));
    }
    let names = words
        .first()
        .and_then(|word| word.parse().ok())
        .unwrap_or(100_000);
    runtime.block_on(measure(names));
}

async fn measure(names: u32) {
    let empty = Paynamed::start(0).await;
    let base = empty.memory();
    registrations::measure(&empty).await;
    reads::measure(&empty).await;
    drop(empty);

    let full = Paynamed::start(names).await;
    provable::measure(&full, names).await;
    // As after a restart: what signing took meanwhile has been given back.
    let full = full.restart().await;
    let bytes = full.memory().saturating_sub(base);
    let each = bytes / u64::from(names.max(1));
    let record = fill::uri(0).len();
    println!(
        "memory: {} MB with {names} names, {} MB with none: {each} bytes a name, whose record has {record}",
        full.memory() >> 20,
        base >> 20
    );
}

/// The middle of some numbers.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

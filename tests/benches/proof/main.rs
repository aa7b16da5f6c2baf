//! How fast a name is proven and read, and how little it takes: the project's goals, measured.
//!
//! All contestants take turns in one run and the best CPU time of each counts, so that the ratios
//! mean something on a machine that others use, too. `BENCHMARKS.md` holds what came of it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

mod bare;
mod contest;
/// The forge of chains is the resolver's own, whose tests use more of it.
#[allow(dead_code, unused_imports)]
#[path = "../../../resolver/tests/it/forge/mod.rs"]
mod forge;
mod hostile;
mod matt;
mod round_trips;
mod table;
mod uri;

use contest::Contest;
use hostile::Hostile;
use matt::Matt;
use table::Table;
use uri::Uri;

#[tokio::main]
async fn main() {
    let matt = Matt::load();
    let hostile = Hostile::forge(&matt);
    let uri = Uri::of(&matt);
    let mut contest = Contest::default();
    matt.enter(&mut contest);
    hostile.enter(&mut contest);
    uri.enter(&mut contest);
    let times = contest.run();
    let rows = [
        Matt::rows(&times),
        hostile.rows(&times),
        uri.rows(&times),
        round_trips::rows().await,
    ];
    print!("{}", Table(rows.into_iter().flatten().collect()));
    println!("\nThe size of the library is the business of `make size`.");
}

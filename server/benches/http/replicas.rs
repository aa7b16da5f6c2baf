//! Two servers on one PostgreSQL beside one: each has so many clients, as a server that is not the bottleneck's
//! only cause has. All of them, the database and the clients share the machine: once its cores are busy,
//! a second server cannot add anything, so what each registration costs is told, too.

use std::time::{Duration, Instant};

use crate::{
    ROUNDS, median,
    postgres::Cluster,
    process::Paynamed,
    registrations::{register, settle, sign},
};

/// How many names are registered in a round at each server.
const NAMES: usize = 1000;
/// How many clients each server has: few enough that they wait for the disk, not for a core.
const CLIENTS: [usize; 3] = [1, 4, 16];

pub(crate) async fn measure() {
    let cluster = Cluster::start(true);
    for clients in CLIENTS {
        let database = cluster.database().await;
        let first = Paynamed::start_on(&database).await;
        let second = Paynamed::start_on(&database).await;
        let mut told: [Vec<f64>; 5] = Default::default();
        for round in 0..ROUNDS {
            let one = run(&[&first], clients, &format!("o{round}n")).await;
            let two = run(&[&first, &second], clients, &format!("t{round}n")).await;
            let all = [one.0, two.0, two.0 / one.0, one.1, two.1];
            told.iter_mut().zip(all).for_each(|(of, one)| of.push(one));
        }
        let [one, two, ratio, one_cpu, two_cpu] = told.map(median);
        println!(
            "durable registrations/s, PostgreSQL, {clients} clients a server: {one:.0} at one server, {two:.0} at two: {ratio:.2} times; the servers' CPU until proven: {one_cpu:.0} µs and {two_cpu:.0} µs for each"
        );
    }
}

/// Names a second, and the servers' CPU time for each, in microseconds.
async fn run(servers: &[&Paynamed], clients: usize, prefix: &str) -> (f64, f64) {
    let count = (NAMES * servers.len()).min(clients * servers.len() * 150);
    let names = || (0..count).map(|number| format!("{prefix}{number}"));
    let cpu = || servers.iter().map(|server| server.cpu()).sum::<Duration>();
    let requests = sign(servers, names(), clients);
    let (before, begun) = (cpu(), Instant::now());
    let rate = register(requests).await;
    for server in servers {
        settle(server, names()).await;
    }
    let took = cpu() - before;
    assert!(
        begun.elapsed() < Duration::from_secs(600),
        "publishing hangs"
    );
    (rate, took.as_secs_f64() * 1e6 / count as f64)
}

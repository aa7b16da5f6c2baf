//! All names put into a zone at once, beside what the cores can sign.

use std::hint::black_box;
use std::time::{Duration, Instant};

use payname_zones::{Denial, PaymentRecord, Zone};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rustix::time::{ClockId, clock_gettime};

use crate::{NOW, cpu, memory, record, zone};

/// How often everything is imported, with bare signatures before and after.
const ROUNDS: u32 = 3;
/// How many bare signatures each thread makes at a time.
const SIGNATURES: u32 = 50_000;
/// How many names are published together into the full zone, and how often.
const BATCH: u32 = 10_000;
const BATCHES: u32 = 10;
/// How many names those are.
pub(crate) const GROWN: u32 = BATCH * BATCHES;

/// Time of the process, by the clock, and of the thread that calls while all others wait for it.
#[derive(Clone, Copy)]
struct Spent {
    cpu: Duration,
    wall: Duration,
    alone: Duration,
}

impl Spent {
    fn on<T>(work: impl FnOnce() -> T) -> (Self, T) {
        let (start, begun) = ((cpu(), of_thread()), Instant::now());
        let made = work();
        let (cpu, alone) = (cpu() - start.0, of_thread() - start.1);
        let wall = begun.elapsed();
        (Self { cpu, wall, alone }, made)
    }

    fn for_each(self, count: u32) -> Self {
        Self {
            cpu: self.cpu / count,
            wall: self.wall / count,
            alone: self.alone / count,
        }
    }

    fn between(self, other: Self) -> Self {
        let both = Self {
            cpu: self.cpu + other.cpu,
            wall: self.wall + other.wall,
            alone: self.alone + other.alone,
        };
        both.for_each(2)
    }

    /// The time by the clock if nothing else ran: what is not done alone is shared by all cores.
    fn undisturbed(self) -> Duration {
        self.alone + (self.cpu - self.alone) / rayon::current_num_threads() as u32
    }
}

/// A zone of so many names, imported several times; every time is told.
pub(crate) fn importing(denial: Denial, names: u32) -> Zone {
    let records: Vec<_> = (0..names).map(record).collect();
    let needed = match denial {
        Denial::Compact => 1, // its own
        _ => 2,               // and that of its link in the chain
    };
    println!("{denial:?}, {names} names, {needed} signature(s) needed for each");
    let mut zones = (0..ROUNDS).map(|_| import(denial, &records, needed));
    let first = zones.next().expect("a round");
    zones.for_each(drop);
    first
}

fn import(denial: Denial, records: &[PaymentRecord], needed: u32) -> Zone {
    let names = records.len() as u32;
    let before = bare();
    let memory_before = memory();
    let mut zone = zone(denial);
    let all = records.iter().map(|record| (record, 1800));
    let (spent, change) = Spent::on(|| zone.publish_all(all, NOW).expect("all names are good"));
    let each = memory().saturating_sub(memory_before) / u64::from(names);
    let (spent, bare) = (spent.for_each(names), bare().between(before));
    let ratio = |bare: Duration, spent: Duration| {
        bare.as_secs_f64() * f64::from(needed) / spent.as_secs_f64()
    };
    println!(
        "  import {:?} of CPU and {:?} by the clock a name, {:.3} signatures, {each} bytes more",
        spent.cpu,
        spent.wall,
        change.signatures as f64 / f64::from(names),
    );
    println!(
        "    a bare signature {:?} and {:?}, all cores signing: {:.2} and {:.2} times their rate",
        bare.cpu,
        bare.wall,
        ratio(bare.cpu, spent.cpu),
        ratio(bare.wall, spent.wall),
    );
    println!(
        "    {:?} of it on one core alone, so {:.2} times their rate by the clock if nothing else runs",
        spent.alone,
        ratio(bare.undisturbed(), spent.undisturbed()),
    );
    zone
}

/// Publishes more names into the zone, some thousands together.
pub(crate) fn growing(zone: &mut Zone, names: u32) {
    let mut signatures = 0;
    let records: Vec<_> = (names..names + GROWN).map(record).collect();
    let (spent, ()) = Spent::on(|| {
        for batch in records.chunks(BATCH as usize) {
            let batch = batch.iter().map(|record| (record, 1800));
            let change = zone.publish_all(batch, NOW).expect("all names are good");
            signatures += change.signatures;
        }
    });
    let spent = spent.for_each(GROWN);
    let each = signatures as f64 / f64::from(GROWN);
    println!(
        "  {BATCH} names more together {:?} of CPU and {:?} by the clock a name, {each:.3} signatures",
        spent.cpu, spent.wall
    );
}

/// The CPU time of the thread that calls.
fn of_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("time that has passed")
}

/// What one signature costs without anything around it, all cores signing.
fn bare() -> Spent {
    let random = SystemRandom::new();
    let pkcs8 = payname_zones::SigningKey::generate_pkcs8(&random).expect("randomness");
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &random)
        .expect("the key that was made");
    let sign = |_: rayon::BroadcastContext<'_>| {
        for _ in 0..SIGNATURES {
            black_box(pair.sign(&random, &[7; 600]).expect("a signature"));
        }
    };
    let (spent, threads) = Spent::on(|| rayon::broadcast(sign).len());
    spent.for_each(SIGNATURES * threads as u32)
}

//! What was answered, counted for each zone.
//!
//! Each thread counts for itself, so counting costs some additions that nobody else waits for; whoever
//! wants to know adds the threads' counts together. Of clients and names nothing is kept.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use payname_zones::{CookieState, OnDemandTally, Reply};

use super::{answering::Way, rate::Verdict};

/// The response codes that are told apart, by their numbers; all others are one.
pub(crate) const CODES: [(u16, &str); 9] = [
    (0, "NOERROR"),
    (1, "FORMERR"),
    (2, "SERVFAIL"),
    (3, "NXDOMAIN"),
    (4, "NOTIMP"),
    (5, "REFUSED"),
    (9, "NOTAUTH"),
    (16, "BADVERS"),
    (23, "BADCOOKIE"),
];
/// One place for each code, and one for the others.
const CODE_PLACES: usize = CODES.len() + 1;
/// The names of [`Way`]s, in their order.
pub(crate) const WAYS: [&str; 5] = ["udp", "tcp", "tls", "https", "quic"];
/// What cookies showed, in the order of [`CookieState`].
pub(crate) const COOKIES: [&str; 4] = ["absent", "client", "invalid", "valid"];
/// What became of responses above the rate.
pub(crate) const LIMITED: [&str; 2] = ["slipped", "dropped"];
/// What came of signatures that were to be made while answering.
pub(crate) const ON_DEMAND: [&str; 3] = ["made", "remembered", "refused"];

/// The counts of one zone, by one thread or by all.
#[derive(Debug)]
pub(crate) struct Counts<N> {
    /// By way and code.
    pub(crate) responses: [[N; CODE_PLACES]; WAYS.len()],
    /// Those of the responses that were truncated, by way.
    pub(crate) truncated: [N; WAYS.len()],
    /// By [`COOKIES`].
    pub(crate) cookies: [N; COOKIES.len()],
    /// By [`LIMITED`].
    pub(crate) limited: [N; LIMITED.len()],
    /// By [`ON_DEMAND`].
    pub(crate) on_demand: [N; ON_DEMAND.len()],
}

impl<N: Default> Default for Counts<N> {
    fn default() -> Self {
        Self {
            responses: Default::default(),
            truncated: Default::default(),
            cookies: Default::default(),
            limited: Default::default(),
            on_demand: Default::default(),
        }
    }
}

/// A zone by its apex in lower-case wire form; empty where no zone had an answer.
type Apex = Box<[u8]>;
type Shared = Arc<Counts<AtomicU64>>;

/// The counts of all threads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Vec<(Apex, Shared)>>>);

impl Ledger {
    /// One more who counts.
    pub(super) fn counter(&self) -> Counter {
        Counter {
            ledger: self.clone(),
            zones: HashMap::new(),
            last: None,
        }
    }

    /// The counts of all, added together for each zone.
    pub(crate) fn sum(&self) -> BTreeMap<Apex, Counts<u64>> {
        let mut sums = BTreeMap::<Apex, Counts<u64>>::new();
        for (apex, counts) in self.lock().iter() {
            let sum = sums.entry(apex.clone()).or_default();
            let mut pairs = Vec::new();
            let ways = sum.responses.iter_mut().zip(&counts.responses);
            for (to, from) in ways {
                pairs.extend(to.iter_mut().zip(from));
            }
            pairs.extend(sum.truncated.iter_mut().zip(&counts.truncated));
            pairs.extend(sum.cookies.iter_mut().zip(&counts.cookies));
            pairs.extend(sum.limited.iter_mut().zip(&counts.limited));
            pairs.extend(sum.on_demand.iter_mut().zip(&counts.on_demand));
            for (to, from) in pairs {
                *to = to.saturating_add(from.load(Ordering::Relaxed));
            }
        }
        sums
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Apex, Shared)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who counts, on a thread of its own.
#[derive(Debug)]
pub(super) struct Counter {
    ledger: Ledger,
    zones: HashMap<Apex, Shared>,
    /// The zone that was answered from last, most likely the next.
    last: Option<(Apex, Shared)>,
}

impl Counter {
    /// Counts a response that lies in a buffer, and what was signed on demand for it.
    pub(super) fn count(
        &mut self,
        reply: &Reply<'_>,
        response: &[u8],
        way: Way,
        verdict: Verdict,
        signed: OnDemandTally,
    ) {
        let counts = self.zone(reply.apex().unwrap_or_default());
        match verdict {
            Verdict::Send => {}
            Verdict::Slip => add(counts.limited.first(), 1),
            Verdict::Drop => add(counts.limited.last(), 1),
        }
        if verdict != Verdict::Drop {
            let code = reply.code(response);
            let code = CODES.iter().position(|(number, _)| *number == code);
            let codes = counts.responses.get(way as usize);
            let code = code.unwrap_or(CODES.len());
            add(codes.and_then(|codes| codes.get(code)), 1);
            if reply.is_truncated(response) {
                add(counts.truncated.get(way as usize), 1);
            }
        }
        let cookie = match reply.cookie {
            CookieState::Absent => 0,
            CookieState::Client => 1,
            CookieState::Invalid => 2,
            CookieState::Valid => 3,
        };
        add(counts.cookies.get(cookie), 1);
        if signed != OnDemandTally::default() {
            let [made, remembered, refused] = &counts.on_demand;
            add(Some(made), signed.made);
            add(Some(remembered), signed.remembered);
            add(Some(refused), signed.refused);
        }
    }

    fn zone(&mut self, apex: &[u8]) -> &Counts<AtomicU64> {
        let last = self.last.take().filter(|(last, _)| **last == *apex);
        let here = last.unwrap_or_else(|| (apex.into(), self.find(apex)));
        let (_, counts) = self.last.insert(here);
        counts
    }

    fn find(&mut self, apex: &[u8]) -> Shared {
        if let Some(known) = self.zones.get(apex) {
            return Arc::clone(known);
        }
        let counts = Shared::default();
        self.zones.insert(apex.into(), Arc::clone(&counts));
        let mut ledger = self.ledger.lock();
        ledger.push((apex.into(), Arc::clone(&counts)));
        counts
    }
}

/// Adds where nobody else does at the same time.
fn add(count: Option<&AtomicU64>, more: u64) {
    if let Some(count) = count {
        let now = count.load(Ordering::Relaxed).wrapping_add(more);
        count.store(now, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use payname_zones::{Asker, OnDemand, Transport, ZoneSet, respond_into};

    use super::*;

    #[test]
    fn the_counts_of_all_threads_are_told_together() {
        let ledger = Ledger::default();
        let zones = ZoneSet::new();
        let query = [0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1];
        let (asker, mut response) = (Asker::over(Transport::udp()), Vec::new());
        let mut on_demand = OnDemand::unlimited();
        let reply = respond_into(&zones, &query, &asker, &mut on_demand, &mut response);
        let reply = reply.unwrap();
        let signed = OnDemandTally {
            made: 2,
            ..OnDemandTally::default()
        };
        let (mut one, mut other) = (ledger.counter(), ledger.counter());
        one.count(&reply, &response, Way::Udp, Verdict::Send, signed);
        one.count(&reply, &response, Way::Udp, Verdict::Drop, signed);
        other.count(&reply, &response, Way::Udp, Verdict::Slip, signed);
        other.count(&reply, &response, Way::Quic, Verdict::Send, signed);
        drop(other);
        let sums = ledger.sum();
        let sum = &sums[&[][..]];
        let refused = CODES.iter().position(|(_, name)| *name == "REFUSED");
        assert_eq!(sum.responses[0][refused.unwrap()], 2);
        assert_eq!(sum.responses[4][refused.unwrap()], 1);
        assert_eq!((sum.limited, sum.on_demand), ([1, 1], [8, 0, 0]));
        assert_eq!(sum.cookies, [4, 0, 0, 0]);
    }
}

//! Response rate limiting over UDP: a flood with forged addresses becomes no flood to who has them.
//!
//! Networks are told apart by a keyed hash in a table of fixed size, so a flood from everywhere
//! takes no memory, and nobody can arrange for others to share his fate. Who has shown a cookie is
//! where his address says, and has no limit here.

use std::{
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    time::Duration,
};

use payname_zones::ReplyKind;

use crate::config::{Networks, RateLimit};

/// How many places there are where networks may be kept: 768 KiB of them.
const SETS: usize = 1 << 13;
/// How many networks one place keeps.
const WAYS: usize = 4;
/// The credit that one response takes.
const RESPONSE: u64 = 1_000_000_000;

/// What becomes of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is sent.
    Send,
    /// It is sent so small that forging the query was not worth it.
    Slip,
    /// It is not sent.
    Drop,
}

/// Counts the responses of one thread. It decides only what time it is told.
#[derive(Debug)]
pub(super) struct Limiter {
    networks: Networks,
    /// The thread's part of the rate.
    per_second: u64,
    slip: u32,
    hasher: RandomState,
    table: Vec<[Bucket; WAYS]>,
    /// How many responses above the limit there were.
    above: u32,
}

/// What one network may still get of one kind.
#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    /// Which network and kind; 0 is none.
    tag: u64,
    /// In billionths of a response.
    credit: u64,
    /// When that was so, in nanoseconds.
    at: u64,
}

impl Limiter {
    /// A limiter for one of so many threads, among which the system deals the queries out.
    pub(super) fn new(
        limit: RateLimit,
        networks: &Networks,
        threads: u32,
        hasher: RandomState,
    ) -> Self {
        let per_second = limit.responses_per_second.div_ceil(threads.max(1));
        let sets = if per_second == 0 { 0 } else { SETS };
        Self {
            networks: networks.clone(),
            per_second: per_second.into(),
            slip: limit.slip,
            hasher,
            table: vec![<[Bucket; WAYS]>::default(); sets],
            above: 0,
        }
    }

    /// Whether a response may go to an address `now`, the time since any moment that stays the same.
    pub(super) fn judge(&mut self, address: IpAddr, kind: ReplyKind, now: Duration) -> Verdict {
        if self.table.is_empty() {
            return Verdict::Send;
        }
        let Some(network) = self.networks.of(address) else {
            return Verdict::Send;
        };
        let tag = self.hasher.hash_one((network, kind)).max(1);
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let full = self.per_second.saturating_mul(RESPONSE);
        // The mask is one less than the number of sets, a power of two.
        let set = self.table.get_mut(tag as usize & (SETS - 1));
        let Some(bucket) = set.map(|set| place(set, tag, full, now)) else {
            return Verdict::Send;
        };
        let passed = now.saturating_sub(bucket.at);
        let grown = bucket
            .credit
            .saturating_add(passed.saturating_mul(self.per_second));
        bucket.at = now;
        bucket.credit = grown.min(full);
        match bucket.credit.checked_sub(RESPONSE) {
            Some(rest) => {
                bucket.credit = rest;
                Verdict::Send
            }
            None => self.beyond(),
        }
    }

    fn beyond(&mut self) -> Verdict {
        self.above = self.above.wrapping_add(1);
        match self.above.checked_rem(self.slip) {
            Some(0) => Verdict::Slip,
            _ => Verdict::Drop,
        }
    }
}

/// The bucket of a tag in its set: its own, or that of whoever has been quiet the longest.
fn place(set: &mut [Bucket; WAYS], tag: u64, full: u64, now: u64) -> &mut Bucket {
    let own = set.iter().position(|bucket| bucket.tag == tag);
    let [first, others @ ..] = set;
    if let Some(own) = own {
        return match own.checked_sub(1).and_then(|at| others.get_mut(at)) {
            Some(bucket) => bucket,
            None => first,
        };
    }
    let mut quietest = first;
    for bucket in others {
        if bucket.at < quietest.at {
            quietest = bucket;
        }
    }
    *quietest = Bucket {
        tag,
        credit: full,
        at: now,
    };
    quietest
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limiter(responses_per_second: u32) -> Limiter {
        let limit = RateLimit {
            responses_per_second,
            ..RateLimit::default()
        };
        Limiter::new(limit, &Networks::default(), 1, RandomState::new())
    }

    fn answers(limiter: &mut Limiter, address: &str, count: u32, now: Duration) -> [u32; 3] {
        let mut seen = [0; 3];
        for _ in 0..count {
            let verdict = limiter.judge(address.parse().unwrap(), ReplyKind::Answer, now);
            seen[verdict as usize] += 1;
        }
        seen
    }

    #[test]
    fn a_network_gets_its_rate_and_of_the_rest_every_second_one_small() {
        let mut limiter = limiter(100);
        assert_eq!(
            answers(&mut limiter, "192.0.2.1", 300, SECOND),
            [100, 100, 100]
        );
        // The neighbour shares its fate, the network beside it does not.
        assert_eq!(answers(&mut limiter, "192.0.2.200", 10, SECOND)[0], 0);
        assert_eq!(answers(&mut limiter, "192.0.3.1", 10, SECOND)[0], 10);
        // Half a second brings half of the rate.
        let later = SECOND + SECOND / 2;
        assert_eq!(answers(&mut limiter, "192.0.2.1", 300, later)[0], 50);
        assert_eq!(
            answers(&mut limiter, "2001:db8:0:ff::1", 200, later)[0],
            100
        );
        assert_eq!(answers(&mut limiter, "2001:db8:0:1::", 200, later)[0], 0);
        assert_eq!(
            answers(&mut limiter, "2001:db8:0:100::", 200, later)[0],
            100
        );
        assert_eq!(answers(&mut limiter, "::ffff:192.0.2.9", 10, later)[0], 0);
    }

    #[test]
    fn each_kind_of_response_has_a_rate_of_its_own() {
        let mut limiter = limiter(5);
        let address = "192.0.2.1".parse().unwrap();
        for kind in [ReplyKind::Answer, ReplyKind::Absent, ReplyKind::Error] {
            for count in 0..10 {
                let sent = limiter.judge(address, kind, SECOND) == Verdict::Send;
                assert_eq!(sent, count < 5);
            }
        }
    }

    #[test]
    fn loopback_is_exempt_unless_it_is_written_otherwise_and_zero_is_no_limit() {
        let mut usual = limiter(1);
        assert_eq!(answers(&mut usual, "127.0.0.9", 50, SECOND)[0], 50);
        assert_eq!(answers(&mut usual, "::1", 50, SECOND)[0], 50);
        let limit = RateLimit {
            responses_per_second: 1,
            slip: 0,
        };
        let networks = Networks {
            exempt: Vec::new(),
            ..Networks::default()
        };
        let mut strict = Limiter::new(limit, &networks, 1, RandomState::new());
        assert_eq!(answers(&mut strict, "127.0.0.9", 50, SECOND), [1, 0, 49]);
        assert_eq!(answers(&mut limiter(0), "192.0.2.1", 50, SECOND)[0], 50);
    }

    #[test]
    fn a_flood_from_everywhere_takes_no_memory_and_spares_who_asks_seldom() {
        let mut limiter = limiter(10);
        let size = limiter.table.len();
        for number in 0..1_000_000_u32 {
            let forged = IpAddr::from((number << 8 | 0x4000_0000).to_be_bytes());
            limiter.judge(forged, ReplyKind::Answer, SECOND);
        }
        assert_eq!(limiter.table.len(), size);
        assert_eq!(answers(&mut limiter, "192.0.2.1", 10, SECOND)[0], 10);
    }
}

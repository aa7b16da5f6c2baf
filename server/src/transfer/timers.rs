//! When a fetched zone is looked after, as its SOA says (RFC 1035 §3.3.13).

use std::time::Duration;

use payname_resolver::hickory_proto::rr::rdata::SOA;

use super::exchange::random;

/// What is waited at most, whatever the SOA says.
const LONGEST: Duration = Duration::from_secs(86_400);
/// How long a zone that has never come is waited for at first, and at most.
const FIRST: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(60);

/// The times of a zone's SOA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timers {
    refresh: Duration,
    retry: Duration,
    expire: Duration,
}

impl Timers {
    pub(super) fn of(soa: &SOA) -> Self {
        let seconds = |value: i32| Duration::from_secs(u64::from(value.unsigned_abs()));
        Self {
            refresh: seconds(soa.refresh),
            retry: seconds(soa.retry),
            expire: seconds(soa.expire),
        }
    }

    /// How long to wait after the zone was found up to date.
    pub(super) fn refresh(self) -> Duration {
        jittered(self.refresh)
    }

    /// How long to wait after no primary was reached.
    pub(super) fn retry(self) -> Duration {
        jittered(self.retry)
    }

    /// How long the zone may be served without any primary.
    pub(super) fn expire(self) -> Duration {
        self.expire
    }
}

/// How long to wait for a zone that has never come, after so many attempts.
pub(super) fn patience(attempts: u32) -> Duration {
    let doubled = FIRST.saturating_mul(1_u32.checked_shl(attempts.min(16)).unwrap_or(u32::MAX));
    jittered(doubled.min(PATIENCE))
}

/// Up to a tenth less, so that many zones of one primary do not come all at once.
fn jittered(time: Duration) -> Duration {
    let time = time.clamp(FIRST, LONGEST);
    let tenth = time.checked_div(10).unwrap_or_default();
    let part = tenth.saturating_mul(random().into());
    time.saturating_sub(part.checked_div(1 << 16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_looked_after_a_little_earlier_than_their_soa_says_never_later() {
        let name: payname_resolver::hickory_proto::rr::Name = "example.".parse().unwrap();
        let soa = SOA::new(name.clone(), name, 1, 3600, 0, 604_800, 60);
        let timers = Timers::of(&soa);
        for _ in 0..100 {
            let refresh = timers.refresh();
            assert!(refresh <= Duration::from_secs(3600) && refresh > Duration::from_secs(3239));
            assert!(
                timers.retry() > Duration::from_millis(899),
                "not without a pause"
            );
            assert!(patience(0) <= FIRST && patience(40) <= PATIENCE);
        }
        assert_eq!(timers.expire(), Duration::from_secs(604_800));
    }
}

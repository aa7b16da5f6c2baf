//! Where it is kept how much everybody has taken: a table of fixed size.
//!
//! Whoever is told apart has a tag, by a keyed hash. When there is no place left for a new one, the
//! one goes that is nearest to having taken nothing, so a flood from everywhere takes no memory,
//! blocks nobody, and lets nobody off who is far beyond his limit.

use std::sync::{Mutex, PoisonError};

use governor::{nanos::Nanos, state::StateStore};

/// How many sets of places there are: with [`WAYS`], 32,768 tags in 544 KiB.
const SETS: usize = 1 << 12;
/// How many tags one set has places for.
const WAYS: usize = 8;

/// What was taken, by tag.
#[derive(Debug)]
pub(in crate::http) struct Table(Vec<Mutex<[Place; WAYS]>>);

/// What one has taken.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// Whose it is; 0 is nobody's.
    tag: u64,
    /// When all of it will have been given back, in nanoseconds since the limiter was made.
    until: u64,
}

impl Default for Table {
    fn default() -> Self {
        let sets = std::iter::repeat_with(Mutex::default);
        Self(sets.take(SETS).collect())
    }
}

impl StateStore for Table {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, tag: &u64, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let tag = (*tag).max(1);
        // The mask is one less than the number of sets, a power of two.
        let Some(set) = self.0.get(tag as usize & (SETS - 1)) else {
            return decide(None).map(|(outcome, _)| outcome);
        };
        let mut set = set.lock().unwrap_or_else(PoisonError::into_inner);
        let own = set.iter().position(|place| place.tag == tag);
        let known = own.and_then(|own| set.get(own));
        let (outcome, until) = decide(known.map(|place| Nanos::new(place.until)))?;
        let place = match own {
            Some(own) => set.get_mut(own),
            None => set.iter_mut().min_by_key(|place| place.until),
        };
        if let Some(place) = place {
            *place = Place {
                tag,
                until: until.as_u64(),
            };
        }
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, time::Duration};

    use governor::{Quota, RateLimiter, clock::FakeRelativeClock, middleware::NoOpMiddleware};

    use super::*;

    type Limiter = RateLimiter<u64, Table, FakeRelativeClock, NoOpMiddleware<Nanos>>;

    fn limiter(per_minute: u32) -> (Limiter, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let quota = Quota::per_minute(NonZeroU32::new(per_minute).unwrap());
        let limiter = RateLimiter::new(quota, Table::default(), clock.clone());
        (limiter, clock)
    }

    fn taken(limiter: &Limiter, tag: u64, tries: u32) -> usize {
        (0..tries)
            .filter(|_| limiter.check_key(&tag).is_ok())
            .count()
    }

    #[test]
    fn everybody_has_a_limit_of_his_own_and_gets_it_back_by_and_by() {
        let (limiter, clock) = limiter(60);
        assert_eq!(taken(&limiter, 1, 100), 60);
        assert_eq!(taken(&limiter, 2, 10), 10);
        clock.advance(Duration::from_secs(5));
        assert_eq!(taken(&limiter, 1, 100), 5);
        clock.advance(Duration::from_secs(3600));
        assert_eq!(taken(&limiter, 1, 100), 60);
    }

    #[test]
    fn a_flood_from_everywhere_blocks_nobody_and_lets_no_one_off_who_is_at_his_limit() {
        let (limiter, _clock) = limiter(60);
        assert_eq!(taken(&limiter, 7, 100), 60);
        for stranger in 1..500_000_u64 {
            // Spread as a hash would.
            let tag = stranger.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            assert!(limiter.check_key(&tag).is_ok());
        }
        assert_eq!(taken(&limiter, 7, 100), 0);
        let newcomer = 11 << 40;
        assert_eq!(taken(&limiter, newcomer, 10), 10);
        assert_eq!(limiter.into_state_store().0.len(), SETS);
    }
}

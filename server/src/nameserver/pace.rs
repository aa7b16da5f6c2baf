//! How fast denials are signed for who asks over connections.
//!
//! Over UDP what is too much is truncated, and whoever is not spoofed comes back over TCP. There, too, a
//! signature costs a thousand times what a copied answer does, and a fast client could keep all cores busy.
//! Nothing can be truncated any more, so who has had something signed waits for its turn instead.

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// How many signatures all connections together get in a second; a core makes ten times as many.
const SIGNATURES: NonZeroU32 = NonZeroU32::new(5000).unwrap();
/// How many seconds' worth of signatures may be made at once.
const BURST: Duration = Duration::from_secs(1);

/// Lets signatures out at a steady pace, first come, first served.
///
/// What was signed is charged at once, also to who then goes away without waiting. A connection has one
/// answer to wait for, or as many as its protocol lets it ask for at a time; so who comes next waits for no
/// more than what the others have had.
#[derive(Debug, Clone)]
pub(super) struct Pace(Arc<Meter>);

#[derive(Debug)]
struct Meter {
    /// How long one signature takes at this pace.
    each: Duration,
    /// When all that was signed is paid for.
    paid: Mutex<Instant>,
}

impl Default for Pace {
    fn default() -> Self {
        Self::new(SIGNATURES)
    }
}

impl Pace {
    /// So many signatures in a second, and a second's worth of them at once.
    pub(super) fn new(per_second: NonZeroU32) -> Self {
        let each = Duration::from_secs(1)
            .checked_div(per_second.get())
            .unwrap_or_default();
        let paid = Mutex::new(Instant::now());
        Self(Arc::new(Meter { each, paid }))
    }

    /// Charges signatures that were made; the answer goes out when its turn has come.
    pub(super) fn charge(&self, signatures: u64) -> Turn {
        let signatures = u32::try_from(signatures).unwrap_or(u32::MAX);
        if signatures == 0 {
            return Turn(None);
        }
        let mut paid = self.0.paid.lock().unwrap_or_else(PoisonError::into_inner);
        let price = self.0.each.saturating_mul(signatures);
        let next = (*paid).max(Instant::now()).checked_add(price);
        *paid = next.unwrap_or(*paid);
        Turn(paid.checked_sub(BURST))
    }
}

/// When an answer may go out.
#[derive(Debug)]
#[must_use = "the answer waits for it"]
pub(super) struct Turn(Option<Instant>);

impl Turn {
    /// Waits for it.
    pub(super) async fn come(self) {
        if let Some(at) = self.0 {
            sleep_until(at).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_more_than_a_second_s_worth_waits_and_nothing_else_does() {
        let pace = Pace::new(NonZeroU32::new(20).unwrap());
        let begun = Instant::now();
        let turns: Vec<_> = (0..30).map(|_| pace.charge(1)).collect();
        pace.charge(0).come().await;
        let unsigned = begun.elapsed();
        for turn in turns {
            turn.come().await;
        }
        let all = begun.elapsed();
        assert!(all >= Duration::from_millis(450), "ten too many: {all:?}");
        assert!(unsigned < Duration::from_millis(450), "{unsigned:?}");
    }

    #[tokio::test]
    async fn who_goes_away_has_been_charged_all_the_same() {
        let pace = Pace::new(NonZeroU32::new(20).unwrap());
        let begun = Instant::now();
        (0..29).for_each(|_| drop(pace.charge(1)));
        pace.charge(1).come().await;
        assert!(begun.elapsed() >= Duration::from_millis(450));
    }

    #[test]
    fn who_was_first_goes_first() {
        let pace = Pace::new(NonZeroU32::new(100).unwrap());
        let _ = pace.charge(200);
        let turns: Vec<_> = (0..10).map(|_| pace.charge(1).0.unwrap()).collect();
        assert!(turns.is_sorted_by(|one, next| one < next));
    }
}

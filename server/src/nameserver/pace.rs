//! How fast denials are signed for who asks over connections.
//!
//! Over UDP what is too much is truncated, and whoever is not spoofed comes back over TCP. There, too, a
//! signature costs a thousand times what a copied answer does, and a fast client could keep all cores busy.
//! Nothing can be truncated any more, so who has had something signed waits for its turn instead.

use std::{num::NonZeroU32, sync::Arc};

use governor::{DefaultDirectRateLimiter, Quota};
use tokio::sync::Mutex;

/// How many signatures all connections together get in a second; a core makes ten times as many.
const SIGNATURES: NonZeroU32 = NonZeroU32::new(5000).unwrap();

/// Lets signatures out at a steady pace, first come, first served.
///
/// A connection has one answer to wait for, or as many as its protocol lets it ask for at a time; so none
/// can fill the queue, and who comes next waits for no more than the others that are connected.
#[derive(Debug, Clone)]
pub(super) struct Pace(Arc<Turns>);

#[derive(Debug)]
struct Turns {
    limiter: DefaultDirectRateLimiter,
    /// Held by whoever is next: it is given in the order in which it was asked for.
    next: Mutex<()>,
}

impl Default for Pace {
    fn default() -> Self {
        Self::new(SIGNATURES)
    }
}

impl Pace {
    /// So many signatures in a second, and a second's worth of them at once.
    pub(super) fn new(per_second: NonZeroU32) -> Self {
        let limiter = DefaultDirectRateLimiter::direct(Quota::per_second(per_second));
        let next = Mutex::default();
        Self(Arc::new(Turns { limiter, next }))
    }

    /// Waits until so many signatures more are in order.
    pub(super) async fn keep(&self, signatures: u64) {
        for _ in 0..signatures {
            let _turn = self.0.next.lock().await;
            self.0.limiter.until_ready().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[tokio::test]
    async fn what_is_more_than_a_second_s_worth_waits_and_nothing_else_does() {
        let pace = Pace::new(NonZeroU32::new(20).unwrap());
        let begun = Instant::now();
        let signed = (0..30).map(|_| {
            let pace = pace.clone();
            tokio::spawn(async move { pace.keep(1).await })
        });
        let signed: Vec<_> = signed.collect();
        pace.keep(0).await;
        let unsigned = begun.elapsed();
        for task in signed {
            task.await.unwrap();
        }
        assert!(
            begun.elapsed() >= Duration::from_millis(450),
            "ten too many"
        );
        assert!(unsigned < Duration::from_millis(450), "{unsigned:?}");
    }

    #[tokio::test]
    async fn who_was_first_goes_first() {
        let pace = Pace::new(NonZeroU32::new(100).unwrap());
        pace.keep(100).await;
        let (done, mut order) = tokio::sync::mpsc::unbounded_channel();
        for number in 0..10 {
            let (pace, done) = (pace.clone(), done.clone());
            tokio::spawn(async move {
                pace.keep(1).await;
                done.send(number).unwrap();
            });
        }
        drop(done);
        for number in 0..10 {
            assert_eq!(order.recv().await, Some(number));
        }
    }
}

//! Where much is signed at a time: on all cores, and behind those who answer queries.

use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::Arc;
use tokio::task::{JoinError, spawn_blocking};

use crate::behind::give_way;

/// How many record sets are signed at a time without giving way: a handful, for which somebody waits.
const HANDFUL: usize = 16;
/// How far the threads stand back (nice); answers keep nine tenths of a core that both want.
const NICE: i32 = 10;

/// Threads that sign, one for each core.
#[derive(Debug, Clone, Default)]
pub(super) struct Workshop {
    /// None where the system gave no threads; then everything is signed by whoever asks.
    pool: Option<Arc<ThreadPool>>,
}

impl Workshop {
    pub(super) fn open() -> Self {
        let builder = ThreadPoolBuilder::new()
            .thread_name(|number| format!("sign-{number}"))
            .start_handler(|_| give_way(NICE));
        let pool = builder.build().inspect_err(|error| {
            tracing::warn!(%error, "no threads to sign many names on; it is done on one");
        });
        Self {
            pool: pool.ok().map(Arc::new),
        }
    }

    /// Does work that signs about so many record sets, while all is answered as ever.
    pub(super) async fn sign<T: Send + 'static>(
        &self,
        record_sets: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let pool = self.pool.clone().filter(|_| record_sets > HANDFUL);
        let work = move || match pool {
            Some(pool) => pool.install(work),
            None => work(),
        };
        spawn_blocking(work).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How far the calling thread stands back, as Linux says.
    fn nice() -> i32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let fields = stat.rsplit(')').next().unwrap();
        fields.split_whitespace().nth(16).unwrap().parse().unwrap()
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn who_signs_much_stands_back_and_who_signs_a_handful_does_not() {
        let workshop = Workshop::open();
        let usual = nice();
        assert_eq!(workshop.sign(HANDFUL, nice).await.unwrap(), usual);
        assert_eq!(workshop.sign(HANDFUL + 1, nice).await.unwrap(), NICE);
        assert_eq!(workshop.sign(1, nice).await.unwrap(), usual);
    }

    #[tokio::test]
    async fn work_that_breaks_off_is_told_and_the_next_goes_on() {
        let workshop = Workshop::open();
        let broken = workshop.sign(100, || -> () { panic!("a fault of ours") });
        assert!(broken.await.unwrap_err().is_panic());
        assert_eq!(workshop.sign(100, || 7).await.unwrap(), 7);
    }
}

//! Work that lets others go first: on a thread of its own, behind those who answer.

use std::future::Future;

use tokio::{sync::oneshot, task::JoinHandle};

/// How far work stands back for which nobody waits by the millisecond (nice): of a core that both want, those
/// who answer have three quarters.
const NICE: i32 = 5;

/// Does work on a thread of its own, with a runtime of its own, that stands back. Ended is what ends when the
/// work has, and when all that it began is gone.
///
/// What the runtime of others drives must not be driven by this one: they would wait for it.
///
/// # Errors
/// The system gives no thread, or nothing to wait with.
pub(crate) fn spawn_behind<F: Future<Output = ()>>(
    name: &str,
    work: impl FnOnce() -> F + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build()?;
    let (ended, end) = oneshot::channel();
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.spawn(move || {
        give_way(NICE);
        runtime.block_on(work());
        drop(runtime);
        // Who does not wait need not know.
        let _ = ended.send(());
    })?;
    Ok(tokio::spawn(async {
        // A thread that panicked has said so itself.
        let _ = end.await;
    }))
}

/// Lets other threads go before the calling one, so far.
pub(crate) fn give_way(nice: i32) {
    // On Linux this is about the calling thread alone; elsewhere it would be about all.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, nice) {
        tracing::warn!(%error, "much work in the background will slow answers down");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = nice;
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// How far the calling thread stands back, as Linux says.
    fn nice() -> i32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let fields = stat.rsplit(')').next().unwrap();
        fields.split_whitespace().nth(16).unwrap().parse().unwrap()
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn it_stands_back_and_has_ended_when_all_that_it_began_is_gone() {
        let held = Arc::new(());
        let (within, seen) = (Arc::clone(&held), Arc::new(Mutex::new(0)));
        let told = Arc::clone(&seen);
        let behind = spawn_behind("behind", move || async move {
            tokio::spawn(async move {
                let _held = within;
                std::future::pending::<()>().await;
            });
            *told.lock().unwrap() = nice();
        });
        behind.unwrap().await.unwrap();
        assert_eq!(Arc::strong_count(&held), 1);
        assert_eq!(*seen.lock().unwrap(), NICE);
    }
}

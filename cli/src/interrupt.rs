//! Ctrl-C and SIGTERM while a node runs: noticed, so that the node is stopped in order.
//!
//! A Lightning node that is killed keeps its money, but may lose its channels: LDK closes a channel
//! whose last change it had written down only in part.

use std::{
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

static REQUESTED: AtomicBool = AtomicBool::new(false);
static WATCH: Once = Once::new();

/// Whether the process was asked to end since [`watch`] was called.
pub fn is_requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}

/// From now on signals are noticed instead of ending the process. A second one ends it.
pub fn watch() {
    WATCH.call_once(|| {
        thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            // Without a runtime the signals keep their usual effect.
            if let Ok(runtime) = runtime {
                runtime.block_on(async {
                    signal().await;
                    REQUESTED.store(true, Ordering::Relaxed);
                    signal().await;
                    std::process::exit(130);
                });
            }
        });
    });
}

/// Waits for the next signal.
#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = terminated => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

/// Waits for the next signal.
#[cfg(not(unix))]
async fn signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

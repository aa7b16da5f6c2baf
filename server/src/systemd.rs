//! What systemd is told: that the server serves, that it lives, and that it stops. Silent where nobody
//! has started it so.

use sd_notify::NotifyState;
use tokio::{task::JoinHandle, time::MissedTickBehavior};

/// Says that everything is served, and then again and again that it is, as often as was asked for
/// (`WatchdogSec=`): by the threads that serve, so that silence means that they are stuck.
pub(super) fn ready() -> Option<JoinHandle<()>> {
    tell(&[NotifyState::Ready]);
    let patience = sd_notify::watchdog_enabled()?;
    Some(tokio::spawn(async move {
        // Half of it, as sd_watchdog_enabled(3) advises.
        let mut times = tokio::time::interval(patience.checked_div(2).unwrap_or(patience));
        times.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            times.tick().await;
            tell(&[NotifyState::Watchdog]);
        }
    }))
}

/// Says that it stops, and finishes what it has accepted.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd could not be told");
    }
}

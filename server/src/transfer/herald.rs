//! Telling secondaries that a zone has changed (NOTIFY, RFC 1996).
//!
//! Changes that come close after each other are told once. Who does not answer is told again, less
//! and less often; in the end its own refresh timer does the rest.

use std::{sync::Arc, time::Duration};

use tokio::{task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{
    exchange::tell,
    offered::Offered,
    question::{code, question},
};
use crate::{clock::Clock, config::Peer, outbox::Chain};

/// How long changes are gathered before anybody is told.
const GATHER: Duration = Duration::from_millis(50);
/// How long the first answer is waited for; twice as long each time after.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// How long a silent secondary is left alone at most.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How often one change is told to who does not answer.
const ATTEMPTS: usize = 10;

/// Tells the secondaries of all zones about every change, until told to stop.
pub(super) async fn run(zones: Vec<Arc<Offered>>, clock: Clock, stop: CancellationToken) {
    let mut tasks = JoinSet::new();
    for zone in zones {
        for peer in zone.secondaries() {
            let messenger = Messenger {
                zone: Arc::clone(&zone),
                peer: peer.clone(),
                clock: clock.clone(),
                is_silent: false,
            };
            tasks.spawn(messenger.run());
        }
    }
    stop.cancelled().await;
}

/// Tells one secondary about one zone.
struct Messenger {
    zone: Arc<Offered>,
    peer: Peer,
    clock: Clock,
    /// Whether it did not answer the last time.
    is_silent: bool,
}

impl Messenger {
    async fn run(mut self) {
        let mut changes = self.zone.changes();
        let (mut told, mut tried, mut attempts) = (None, None, 0_usize);
        let mut wait = FIRST_WAIT;
        loop {
            changes.mark_unchanged();
            let serial = self.zone.serial();
            let given_up = serial == tried && attempts >= ATTEMPTS;
            if serial.is_none() || serial == told || given_up {
                if changes.changed().await.is_err() {
                    return;
                }
                sleep(GATHER).await;
                continue;
            }
            if serial != tried {
                (tried, attempts) = (serial, 0);
            }
            attempts = attempts.saturating_add(1);
            if self.tell(wait).await {
                (told, wait) = (serial, FIRST_WAIT);
            } else {
                sleep(wait).await;
                wait = wait.saturating_mul(2).min(LONGEST_WAIT);
            }
        }
    }

    /// Whether the secondary has heard it.
    async fn tell(&mut self, wait: Duration) -> bool {
        let (zone, secondary) = (self.zone.apex(), &self.peer);
        let make = |id| question(code::NOTIFY, zone, code::SOA, id);
        let outcome = tell(&self.peer, &self.clock, wait, make).await;
        let was_silent = self.is_silent;
        self.is_silent = !matches!(outcome, Ok(0));
        match outcome {
            Ok(0) if was_silent => tracing::info!(%zone, %secondary, "is heard again"),
            Ok(0) => tracing::debug!(%zone, %secondary, "was told of a change"),
            _ if was_silent => {}
            Ok(code) => {
                tracing::warn!(%zone, %secondary, code, "does not want to hear of changes; is the zone configured there, with this server and key?");
            }
            Err(error) => {
                let error = Chain(&error);
                tracing::warn!(%zone, %secondary, %error, "was not told of a change; it is told again");
            }
        }
        !self.is_silent
    }
}

//! Serials that never go backwards: secondaries may have seen a higher one than we remember.
//!
//! After a restore from a backup the stored serial is an old one. A secondary that has a higher one
//! would take every later version for an older one, and follow no more; so it is asked, until it has
//! told once what it has.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use payname_resolver::hickory_proto::rr::SerialNumber;
use tokio::time::sleep;

use super::{
    exchange::{ExchangeError, serial_of},
    offered::Offered,
};
use crate::{clock::Clock, config::Peer, outbox::Chain};

/// After how many attempts the operator is told that a secondary does not answer.
const ATTEMPTS: usize = 3;
/// How long a secondary that does not answer is left alone at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// Asks every secondary of a zone for its serial, all at the same time, and goes on above those that are
/// ahead.
///
/// Who does not answer is asked again after `pause`, and then less and less often.
pub(super) async fn lift(zone: Arc<Offered>, pause: Duration, clock: Clock) {
    let secondaries = zone.secondaries().iter();
    join_all(secondaries.map(|peer| lift_above(&zone, peer, pause, &clock))).await;
}

async fn lift_above(zone: &Offered, secondary: &Peer, mut pause: Duration, clock: &Clock) {
    let apex = zone.apex();
    for attempt in 1_usize.. {
        match serial_of(secondary, apex, clock).await {
            Ok(theirs) => {
                if attempt > ATTEMPTS {
                    tracing::info!(zone = %apex, %secondary, serial = theirs, "tells its serial");
                }
                if is_above(zone, secondary, theirs, clock).await {
                    return;
                }
            }
            Err(error) => grumble(zone, secondary, attempt, &error),
        }
        sleep(pause).await;
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

/// Says once that it is not known what a secondary has.
fn grumble(zone: &Offered, secondary: &Peer, attempt: usize, error: &ExchangeError) {
    let (apex, error) = (zone.apex(), Chain(error));
    if attempt == ATTEMPTS {
        tracing::warn!(
            zone = %apex, %secondary, %error,
            "does not tell its serial, and is asked again until it does; should it have a later one than we remember (a restored backup?), it does not follow before"
        );
    } else {
        tracing::debug!(zone = %apex, %secondary, %error, "does not tell its serial");
    }
}

/// Whether the zone's serial is not behind the one that a secondary has, if it has any; it is raised where it is.
async fn is_above(zone: &Offered, secondary: &Peer, theirs: Option<u32>, clock: &Clock) -> bool {
    let Some(theirs) = theirs else {
        return true; // it has no such zone
    };
    let is_ahead = |ours| SerialNumber::new(theirs) > SerialNumber::new(ours);
    let Some(ours) = zone.serial().filter(|ours| is_ahead(*ours)) else {
        return true;
    };
    let apex = zone.apex();
    match zone.raise_serial(theirs, clock.now()).await {
        Ok(()) => {
            tracing::warn!(
                zone = %apex, %secondary, theirs, ours,
                "a secondary has a later serial than we remember (a restored backup?); ours goes on above it"
            );
            true
        }
        Err(error) => {
            tracing::error!(
                zone = %apex, %secondary, error = %Chain(&error),
                "the serial could not be raised above that of a secondary, which does not follow until it is; it is tried again"
            );
            false
        }
    }
}

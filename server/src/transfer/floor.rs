//! Serials that never go backwards: secondaries may have seen a higher one than we remember.
//!
//! After a restore from a backup the stored serial is an old one. A secondary that has a higher one
//! would take every later version for an older one, and follow no more; so it is asked.

use std::{sync::Arc, time::Duration};

use payname_resolver::hickory_proto::rr::SerialNumber;
use tokio::time::sleep;

use super::{exchange::serial_of, offered::Offered};
use crate::{clock::Clock, config::Peer, outbox::Chain};

/// How often a secondary is asked.
const ATTEMPTS: usize = 3;
/// How long to wait before it is asked again.
const PAUSE: Duration = Duration::from_secs(5);

/// Asks every secondary of a zone for its serial, and goes on above those that are ahead.
pub(super) async fn lift(zone: Arc<Offered>, clock: Clock) {
    for peer in zone.secondaries() {
        let Some(theirs) = ask(&zone, peer, &clock).await else {
            continue;
        };
        let is_ahead = |ours| SerialNumber::new(theirs) > SerialNumber::new(ours);
        let Some(ours) = zone.serial().filter(|ours| is_ahead(*ours)) else {
            continue;
        };
        let (apex, secondary) = (zone.apex(), peer.address);
        match zone.raise_serial(theirs, clock.now()).await {
            Ok(()) => tracing::warn!(
                zone = %apex, %secondary, theirs, ours,
                "a secondary has a later serial than we remember (a restored backup?); ours goes on above it"
            ),
            Err(error) => tracing::error!(
                zone = %apex, %secondary, error = %Chain(&error),
                "the serial could not be raised above that of a secondary, which does not follow until it is"
            ),
        }
    }
}

async fn ask(zone: &Offered, peer: &Peer, clock: &Clock) -> Option<u32> {
    for attempt in 1..=ATTEMPTS {
        match serial_of(peer, zone.apex(), clock).await {
            Ok(serial) => return serial,
            Err(error) => {
                let (apex, secondary) = (zone.apex(), peer.address);
                let error = Chain(&error);
                tracing::debug!(zone = %apex, %secondary, %error, "does not tell its serial");
            }
        }
        if attempt < ATTEMPTS {
            sleep(PAUSE).await;
        }
    }
    None
}

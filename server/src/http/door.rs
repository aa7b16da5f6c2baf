//! Who is let in: so many connections of one network at the same time, and so many new ones in a second.
//!
//! A proxy that is trusted brings many clients, and is let in however often it comes: its clients are told apart by
//! what they ask.

use std::{
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use governor::{Quota, RateLimiter, clock::MonotonicClock};
use ipnet::IpNet;

use super::{
    counts::HttpCounts,
    limits::{Limiter, Table},
};
use crate::{
    config::{Clients, HttpLimits},
    room::{Limits, Place, Room},
};

/// How often it is told, at most, that somebody was refused.
const PAUSE: Duration = Duration::from_secs(60);

/// The door of a listener.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    room: Room,
    silence: Duration,
    /// Whose connections are counted; none of anybody's.
    counting: Option<Arc<Counting>>,
}

#[derive(Debug)]
struct Counting {
    clients: Clients,
    newcomers: Option<Limiter>,
    hasher: RandomState,
    counts: HttpCounts,
    /// That somebody was refused.
    told: Told,
}

impl Door {
    /// A door that lets everybody in alike, as long as there is room.
    pub(crate) fn open(limits: Limits) -> Self {
        Self {
            room: Room::new(limits.connections),
            silence: limits.silence,
            counting: None,
        }
    }

    /// The same, with limits for each network.
    pub(crate) fn with_limits(
        self,
        limits: &HttpLimits,
        clients: &Clients,
        counts: &HttpCounts,
    ) -> Self {
        let new = NonZeroU32::new(limits.new_connections_per_second).map(Quota::per_second);
        let newcomers = new.map(|quota| RateLimiter::new(quota, Table::default(), MonotonicClock));
        let most = usize::try_from(limits.connections_per_network).unwrap_or(usize::MAX);
        let room = match most {
            0 => self.room,
            most => self.room.with_most_of_one(most),
        };
        Self {
            room,
            counting: Some(Arc::new(Counting {
                clients: clients.clone(),
                newcomers,
                hasher: RandomState::new(),
                counts: counts.clone(),
                told: Told::default(),
            })),
            ..self
        }
    }

    /// How long a connection may be silent.
    pub(super) fn silence(&self) -> Duration {
        self.silence
    }

    /// A place for who comes from an address; none where too many have just come from its network, or it has as
    /// many as it may and all of them are being answered.
    pub(super) fn enter(&self, peer: IpAddr) -> Option<Place> {
        let Some(counting) = &self.counting else {
            return Some(self.room.enter());
        };
        let network = counting.network(peer);
        let is_refused =
            |network| counting.is_too_often(network) || self.room.is_busy_with(network);
        if network.is_some_and(is_refused) {
            counting.refuse();
            return None;
        }
        Some(self.room.enter_from(network))
    }
}

impl Counting {
    /// The network that a peer is counted by; none where that is not done.
    fn network(&self, peer: IpAddr) -> Option<IpNet> {
        match self.clients.trusts(peer) {
            true => None,
            false => self.clients.networks.of(peer),
        }
    }

    fn is_too_often(&self, network: IpNet) -> bool {
        let tag = self.hasher.hash_one(network);
        let newcomers = self.newcomers.as_ref();
        newcomers.is_some_and(|limiter| limiter.check_key(&tag).is_err())
    }

    /// Counts who is not let in, and says so now and then: a proxy that is not trusted has many clients.
    fn refuse(&self) {
        self.counts.limited("connections");
        if self.told.is_due(Instant::now()) {
            tracing::warn!(
                "connections are refused, since one network opens too many; if a proxy stands in front, http.trusted_proxies must name it"
            );
        }
    }
}

/// When something was told that is told at most once a minute.
#[derive(Debug, Default)]
struct Told(Mutex<Option<Instant>>);

impl Told {
    /// Whether it may be told at this time; then it was.
    fn is_due(&self, now: Instant) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| now.saturating_duration_since(last) >= PAUSE);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_once_a_minute_is_not_told_again_before() {
        let (told, now) = (Told::default(), Instant::now());
        assert!(told.is_due(now));
        assert!(!told.is_due(now + PAUSE - Duration::from_secs(1)));
        assert!(told.is_due(now + PAUSE));
        assert!(!told.is_due(now + PAUSE));
    }
}

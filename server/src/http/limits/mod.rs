//! How often may be asked: by network, by key and by name.
//!
//! A network is counted before anything else is looked at. A key, and a name together with its key,
//! are counted once the signature has been verified: nobody uses up what is another's.

mod table;

use std::{
    hash::{BuildHasher as _, Hash, RandomState},
    num::NonZeroU32,
    sync::{Arc, Once},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, MonotonicClock},
    middleware::NoOpMiddleware,
};
use payname_api::{codes, paths};
use payname_resolver::Handle;

pub(super) use self::table::Table;
use super::{App, counts::HttpCounts, failure::Failure, visitor::Visitor};
use crate::{config::HttpLimits, key::OwnerKey};

pub(super) type Limiter =
    RateLimiter<u64, Table, MonotonicClock, NoOpMiddleware<std::time::Instant>>;

/// Counts what everybody takes.
#[derive(Debug)]
pub(crate) struct Limits {
    reads: Limit,
    proofs: Limit,
    writes: Limit,
    keys: Limit,
    names: Limit,
    hasher: RandomState,
    counts: HttpCounts,
    warned: Once,
}

/// One limit.
#[derive(Debug)]
struct Limit {
    /// What it is called in metrics.
    name: &'static str,
    /// What a client is told there were too many of.
    what: &'static str,
    /// None is without limit.
    limiter: Option<Limiter>,
}

impl Limits {
    /// Nobody has taken anything yet.
    pub(crate) fn new(limits: &HttpLimits, counts: HttpCounts) -> Self {
        let limit = |name, what, most, quota: fn(NonZeroU32) -> Quota| Limit {
            name,
            what,
            limiter: NonZeroU32::new(most)
                .map(|most| RateLimiter::new(quota(most), Table::default(), MonotonicClock)),
        };
        let reads = "requests from this network";
        let proofs = "proofs for this network";
        let writes = "changes asked for from this network";
        let keys = "requests signed with this key";
        let names = "requests for this name";
        let minute = Quota::per_minute;
        let hour = Quota::per_hour;
        Self {
            reads: limit("reads", reads, limits.reads_per_minute, minute),
            proofs: limit("proofs", proofs, limits.proofs_per_minute, minute),
            writes: limit("writes", writes, limits.writes_per_minute, minute),
            keys: limit("key", keys, limits.key_writes_per_hour, hour),
            names: limit("name", names, limits.name_writes_per_hour, hour),
            hasher: RandomState::new(),
            counts,
            warned: Once::new(),
        }
    }

    /// Counts a request that reads or wants to change something.
    fn request(&self, visitor: &Visitor, method: &Method) -> Result<(), Limited> {
        let limit = match *method {
            Method::GET | Method::HEAD | Method::OPTIONS => &self.reads,
            _ => &self.writes,
        };
        self.count(limit, visitor.network(), NonZeroU32::MIN)
    }

    /// Counts proofs that somebody wants.
    pub(super) fn proofs(&self, visitor: &Visitor, count: usize) -> Result<(), Limited> {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        match NonZeroU32::new(count) {
            Some(count) => self.count(&self.proofs, visitor.network(), count),
            None => Ok(()),
        }
    }

    /// Counts a request that a key has signed.
    pub(super) fn signed(&self, visitor: &Visitor, key: &OwnerKey) -> Result<(), Limited> {
        let key = visitor.network().map(|_| key.0);
        self.count(&self.keys, key, NonZeroU32::MIN)
    }

    /// Counts a signed request for one name, so that nothing a stranger signs keeps its owner away.
    pub(super) fn named(
        &self,
        visitor: &Visitor,
        key: &OwnerKey,
        handle: &Handle,
    ) -> Result<(), Limited> {
        let who = visitor.network().map(|_| (key.0, handle));
        self.count(&self.names, who, NonZeroU32::MIN)
    }

    /// Says, once, that a proxy without trust and without limits leaves all its clients without.
    pub(super) fn proxy_is_not_trusted(&self) {
        self.warned.call_once(|| {
            tracing::warn!("requests come through a proxy that http.trusted_proxies does not name; as its network is exempt, no limits apply to its clients");
        });
    }

    fn count(
        &self,
        limit: &Limit,
        who: Option<impl Hash>,
        count: NonZeroU32,
    ) -> Result<(), Limited> {
        let (Some(limiter), Some(who)) = (&limit.limiter, who) else {
            return Ok(());
        };
        let tag = self.hasher.hash_one(who);
        let seconds = match limiter.check_key_n(&tag, count) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(not_until)) => {
                let wait = not_until.wait_time_from(limiter.clock().now());
                wait.as_secs().saturating_add(1)
            }
            // More at once than there ever are; a minute is as good as any time.
            Err(_) => 60,
        };
        self.counts.limited(limit.name);
        Err(Limited {
            what: limit.what,
            seconds,
        })
    }
}

/// Somebody has asked too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limited {
    what: &'static str,
    seconds: u64,
}

impl From<Limited> for Failure {
    fn from(limited: Limited) -> Self {
        let Limited { what, seconds } = limited;
        let detail = format!("there were too many {what}; try again in {seconds} seconds");
        let status = StatusCode::TOO_MANY_REQUESTS;
        Self::new(status, codes::RATE_LIMITED, "Too many requests", detail).retry_after(seconds)
    }
}

/// Counts every request but those that look after the server's health.
pub(super) async fn limit(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get().map(MatchedPath::as_str);
    let counted = match path {
        Some(paths::LIVEZ | paths::READYZ) => Ok(()),
        Some(paths::PROOF | paths::DNSSEC_PROOF) => app.limits.proofs(&visitor, 1),
        // The pages' proofs are the same ones.
        Some(_) if request.uri().path().ends_with("/proof") => app.limits.proofs(&visitor, 1),
        // Reads; how many proofs, its body says.
        Some(paths::PROOFS) => app.limits.request(&visitor, &Method::GET),
        _ => app.limits.request(&visitor, request.method()),
    };
    match counted {
        Ok(()) => next.run(request).await,
        Err(limited) => Failure::from(limited).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(most: u32) -> Limits {
        let limits = HttpLimits {
            reads_per_minute: most,
            proofs_per_minute: most,
            writes_per_minute: most,
            key_writes_per_hour: most,
            name_writes_per_hour: most,
            ..HttpLimits::default()
        };
        Limits::new(&limits, HttpCounts::default())
    }

    fn visitor(address: &str) -> Visitor {
        Visitor::at(address.parse().unwrap(), &crate::config::Clients::default())
    }

    #[test]
    fn networks_are_limited_for_reading_and_writing_by_themselves() {
        let limits = limits(3);
        let (one, other) = (visitor("2001:db8::1"), visitor("2001:db8:0:1::1"));
        for _ in 0..3 {
            assert_eq!(limits.request(&one, &Method::GET), Ok(()));
        }
        let limited = limits.request(&visitor("2001:db8::ffff"), &Method::HEAD);
        assert!(
            matches!(
                limited,
                Err(Limited {
                    seconds: 1..=21,
                    ..
                })
            ),
            "{limited:?}"
        );
        assert_eq!(limits.request(&one, &Method::PUT), Ok(()));
        assert_eq!(limits.request(&other, &Method::GET), Ok(()));
        assert_eq!(limits.proofs(&other, 3), Ok(()));
        assert!(limits.proofs(&other, 1).is_err());
        assert!(limits.proofs(&one, 4).is_err());
    }

    #[test]
    fn what_a_stranger_signs_for_a_name_is_not_counted_for_its_owner() {
        let limits = limits(3);
        let at = visitor("192.0.2.1");
        let alice: Handle = "alice@example.test".parse().unwrap();
        let (owner, stranger) = (OwnerKey([1; 32]), OwnerKey([2; 32]));
        while limits.named(&at, &stranger, &alice).is_ok() {}
        assert_eq!(limits.named(&at, &owner, &alice), Ok(()));
        while limits.signed(&at, &stranger).is_ok() {}
        assert_eq!(limits.signed(&at, &owner), Ok(()));
    }

    #[test]
    fn whoever_is_exempt_and_whatever_has_no_limit_goes_on_for_ever() {
        for (limits, address) in [(limits(1), "127.0.0.1"), (limits(0), "192.0.2.1")] {
            let at = visitor(address);
            for _ in 0..10 {
                assert_eq!(limits.request(&at, &Method::PUT), Ok(()));
                assert_eq!(limits.signed(&at, &OwnerKey([1; 32])), Ok(()));
            }
        }
    }
}

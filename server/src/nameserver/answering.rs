//! What all listeners answer from.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use payname_zones::{Asker, OnDemand, ServerOptions, Transport, respond_into};

use super::{
    counts::{Counter, Ledger},
    pace::{Pace, Turn},
    rate::Verdict,
};
use crate::{
    clock::Clock,
    publisher::Served,
    transfer::{Desk, Reply},
};

/// The zones, what the server says of itself, and the time: shared by all listeners.
#[derive(Debug, Clone)]
pub(super) struct Answering {
    pub(super) served: Served,
    pub(super) options: Arc<ArcSwap<ServerOptions>>,
    pub(super) clock: Clock,
    pub(super) ledger: Ledger,
    /// Who counts for all connections.
    pub(super) counter: Arc<Mutex<Counter>>,
    /// How fast denials are signed for all connections together.
    pace: Pace,
    /// Whoever answers what is asked about transfers, and what is signed.
    pub(super) desk: Option<Arc<Desk>>,
}

/// What queries come over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Udp,
    Tcp,
    Tls,
    Https,
    Quic,
}

impl Way {
    pub(super) fn transport(self) -> Transport {
        match self {
            Self::Udp => Transport::udp(),
            Self::Tcp => Transport::Tcp,
            Self::Tls | Self::Https | Self::Quic => Transport::Encrypted,
        }
    }
}

impl Answering {
    pub(super) fn new(
        served: Served,
        options: Arc<ArcSwap<ServerOptions>>,
        clock: Clock,
        ledger: Ledger,
    ) -> Self {
        let counter = Arc::new(Mutex::new(ledger.counter()));
        Self {
            served,
            options,
            clock,
            ledger,
            counter,
            pace: Pace::default(),
            desk: None,
        }
    }

    /// The response to a query about transfers, or to a signed one; none to all others.
    pub(super) fn transfer(
        &self,
        query: &[u8],
        client: IpAddr,
        transport: Transport,
    ) -> Option<Reply> {
        self.desk.as_ref()?.answer(query, client, transport)
    }

    /// The response to a query over a connection that may stay idle so long; none when it deserves
    /// silence.
    ///
    /// Where a denial had to be signed for it, it comes no sooner than the pace of signatures allows.
    pub(super) async fn respond(
        &self,
        query: &[u8],
        client: IpAddr,
        way: Way,
        keepalive: Option<Duration>,
    ) -> Option<Vec<u8>> {
        let (response, turn) = self.respond_at_once(query, client, way, keepalive)?;
        turn.come().await;
        Some(response)
    }

    /// The response, and when it may go out.
    fn respond_at_once(
        &self,
        query: &[u8],
        client: IpAddr,
        way: Way,
        keepalive: Option<Duration>,
    ) -> Option<(Vec<u8>, Turn)> {
        let (zones, options) = (self.served.zones(), self.options.load());
        let asker = Asker {
            address: client,
            now: self.clock.now(),
            keepalive,
            options: &options,
            ..Asker::over(way.transport())
        };
        // Who speaks over a connection is where he says, and can wait: nothing is refused.
        let (mut on_demand, mut response) = (OnDemand::unlimited(), Vec::new());
        let reply = respond_into(&zones, query, &asker, &mut on_demand, &mut response)?;
        let mut counter = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        let signed = on_demand.tally();
        counter.count(&reply, &response, way, Verdict::Send, signed);
        drop(counter);
        Some((response, self.pace.charge(signed.made)))
    }
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, num::NonZeroU32, time::Instant};

    use payname_resolver::{
        Question, UnixTime,
        hickory_proto::rr::{Name, RecordType},
    };
    use payname_zones::{Denial, NameServer, Settings, SigningKey, Zone, ZoneSet};
    use ring::rand::SystemRandom;

    use super::*;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    fn zone() -> Zone {
        let key = SigningKey::generate_pkcs8(&SystemRandom::new()).unwrap();
        let key = SigningKey::from_pkcs8(&key).unwrap();
        let settings = Settings {
            denial: Denial::Compact,
            ..Settings::new(name("pay.test."), [NameServer::new(name("ns.test."), [])])
        };
        Zone::new(settings, key, UnixTime::from(std::time::SystemTime::now())).unwrap()
    }

    #[tokio::test]
    async fn over_connections_denials_keep_a_pace_and_what_exists_does_not_wait() {
        let (served, ledger) = (
            Served::from(ZoneSet::from_iter([zone()])),
            Ledger::default(),
        );
        let mut answering = Answering::new(served, Arc::default(), Clock::system(), ledger);
        answering.pace = Pace::new(NonZeroU32::new(2).unwrap());
        let ask = |owner: &str, record_type| {
            let query = Question::new(name(owner), record_type).to_message(7);
            let answering = answering.clone();
            async move {
                let client = Ipv4Addr::LOCALHOST.into();
                let response = answering.respond(&query, client, Way::Tcp, None).await;
                assert!(response.is_some_and(|response| response.len() > query.len()));
            }
        };
        let begun = Instant::now();
        ask("a.pay.test.", RecordType::TXT).await;
        ask("b.pay.test.", RecordType::TXT).await;
        let third = tokio::spawn(ask("c.pay.test.", RecordType::TXT));
        for _ in 0..100 {
            ask("pay.test.", RecordType::SOA).await;
        }
        assert!(!third.is_finished() || begun.elapsed() >= Duration::from_millis(450));
        third.await.unwrap();
        assert!(begun.elapsed() >= Duration::from_millis(450), "{begun:?}");
    }
}

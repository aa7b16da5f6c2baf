//! DNS over UDP: one datagram, one answer; a socket for every thread, and many datagrams at a time.

use std::{
    io::{self, ErrorKind},
    net::{SocketAddr, UdpSocket},
    num::NonZero,
    thread,
    time::{Duration, Instant},
};

use payname_zones::{Asker, CookieState, OnDemand, Reply, ReplyKind, look_ahead, respond_into};
use socket2::{Domain, Socket, Type};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

#[cfg(not(target_os = "linux"))]
use super::one::Batch;
use super::{
    answering::{Answering, Way},
    rate::{Limiter, Verdict},
};
#[cfg(target_os = "linux")]
use super::{batch::Batch, local::ask_for_locals};
use crate::transfer;

/// The longest query that is read, in bytes; what comes after is cut off. Queries have about 100.
pub(super) const MAX_QUERY: usize = 4096;
/// How many bytes of queries may wait at one socket, if the system allows it.
const QUEUE: usize = 1 << 20;
/// How many names one thread denies by a new signature each second; more are truncated, and come
/// again over TCP. A signature takes some 20 µs, so a flood leaves nine tenths to other answers.
const SIGNATURES: u32 = 5000;
/// How many of them one thread remembers, some 400 bytes each.
const REMEMBERED: usize = 10_000;
/// How long to wait for a query before looking whether to stop.
const HEED: Duration = Duration::from_millis(100);
/// How long to rest after the socket failed.
const REST: Duration = Duration::from_millis(50);

/// Binds a socket for each thread to one address; the system deals the queries out among them.
pub(super) fn bind(address: SocketAddr, threads: u32) -> io::Result<Vec<UdpSocket>> {
    // Alone first: an address that another program shares would lose queries to it.
    drop(UdpSocket::bind(address)?);
    (0..threads).map(|_| bind_shared(address)).collect()
}

fn bind_shared(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
    socket.set_reuse_port(true)?;
    let _ = socket.set_recv_buffer_size(QUEUE); // smaller is slower under a burst, not wrong
    socket.set_read_timeout(Some(HEED))?;
    #[cfg(target_os = "linux")]
    if address.ip().is_unspecified() {
        ask_for_locals(&socket, address.is_ipv4())?;
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// How many threads answer unless it is said: one for every core.
pub(super) fn threads() -> u32 {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    u32::try_from(cores).unwrap_or(1)
}

/// Answers on a thread of its own until told to stop, or until nobody waits for it any more.
pub(super) async fn serve(
    socket: UdpSocket,
    answering: Answering,
    limiter: Limiter,
    stop: CancellationToken,
) {
    let stop = stop.child_token();
    let _nobody_waits = stop.clone().drop_guard();
    let (ended, end) = oneshot::channel::<()>();
    let work = move || {
        work(&socket, &answering, limiter, &stop);
        drop(ended);
    };
    match thread::Builder::new()
        .name("dns-udp".to_owned())
        .spawn(work)
    {
        Ok(_) => drop(end.await),
        Err(error) => tracing::error!(%error, "no thread to answer DNS queries over UDP on"),
    }
}

fn work(socket: &UdpSocket, answering: &Answering, mut limiter: Limiter, stop: &CancellationToken) {
    let mut batch = Batch::new(socket);
    let mut on_demand = OnDemand::new(SIGNATURES, REMEMBERED);
    let mut counter = answering.ledger.counter();
    let start = Instant::now();
    while !stop.is_cancelled() {
        match batch.receive(socket).map_err(|error| error.kind()) {
            Ok(()) => {}
            // Nothing came for a while.
            Err(ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
            // An earlier datagram's, such as an unreachable asker; the socket still works.
            Err(_) => {
                thread::sleep(REST);
                continue;
            }
        }
        let passed = start.elapsed();
        on_demand.grant(passed);
        let (zones, options) = (answering.served.zones(), answering.options.load());
        let now = answering.clock.now();
        look_ahead(&zones, batch.queries());
        batch.answer(socket, |query, address, response| {
            if let Some(reply) = answering.transfer(query, address, Way::Udp.transport()) {
                let transfer::Reply::One { message, is_signed } = reply else {
                    return false;
                };
                *response = message;
                // Who signs is who he says; all others may be forged.
                return is_signed
                    || limiter.judge(address, ReplyKind::Error, passed) == Verdict::Send;
            }
            let asker = Asker {
                address,
                now,
                options: &options,
                ..Asker::over(Way::Udp.transport())
            };
            let before = on_demand.tally();
            let Some(reply) = respond_into(&zones, query, &asker, &mut on_demand, response) else {
                return false;
            };
            let verdict = match reply.cookie {
                CookieState::Valid => Verdict::Send,
                _ => limiter.judge(address, reply.kind(response), passed),
            };
            if verdict == Verdict::Slip {
                slip(&reply, response);
            }
            let signed = on_demand.tally().since(before);
            counter.count(&reply, response, Way::Udp, verdict, signed);
            verdict != Verdict::Drop
        });
    }
}

/// Makes a response small, so that whoever forged the query gains nothing, and a client that is there
/// comes again: with the cookie that it gets, or over TCP.
fn slip(reply: &Reply<'_>, response: &mut Vec<u8>) {
    // An error is small as it is, and nothing better would come over TCP.
    if reply.kind(response) != ReplyKind::Error && !reply.demand_cookie(response) {
        reply.truncate(response);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        net::{IpAddr, Ipv4Addr, Ipv6Addr},
    };

    use std::{hash::RandomState, sync::Arc};

    use arc_swap::ArcSwap;

    use super::*;
    use crate::{
        Clock,
        config::{Networks, RateLimit},
        nameserver::{counts::Ledger, one},
        publisher::Served,
    };

    fn answering() -> Answering {
        let options = Arc::new(ArcSwap::default());
        let (served, ledger) = (Served::default(), Ledger::default());
        Answering::new(served, options, Clock::system(), ledger)
    }

    fn limiter() -> Limiter {
        let networks = Networks::default();
        Limiter::new(RateLimit::default(), &networks, 1, RandomState::new())
    }

    /// A question for the root's name servers, with an id.
    fn query(id: u16) -> Vec<u8> {
        let [high, low] = id.to_be_bytes();
        [&[high, low, 1, 0, 0, 1][..], &[0; 6], &[0, 0, 2, 0, 1]].concat()
    }

    fn asker() -> UdpSocket {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let patience = Some(Duration::from_secs(10));
        socket.set_read_timeout(patience).unwrap();
        socket
    }

    fn ids(asker: &UdpSocket, count: usize) -> BTreeSet<u16> {
        let mut response = [0; 512];
        let mut id = || {
            asker.recv(&mut response).unwrap();
            u16::from_be_bytes([response[0], response[1]])
        };
        (0..count).map(|_| id()).collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_burst_of_queries_is_answered_each_to_its_asker() {
        let any = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = any.local_addr().unwrap();
        drop(any);
        let stop = CancellationToken::new();
        let workers: Vec<_> = bind(address, 2)
            .unwrap()
            .into_iter()
            .map(|socket| tokio::spawn(serve(socket, answering(), limiter(), stop.clone())))
            .collect();
        let askers = [asker(), asker()];
        for id in 0..100_u16 {
            askers[usize::from(id % 2)]
                .send_to(&query(id), address)
                .unwrap();
        }
        askers[0].send_to(b"no query", address).unwrap();
        for (odd, asker) in (0..).zip(&askers) {
            let expected: BTreeSet<u16> = (0..50).map(|half| half * 2 + odd).collect();
            assert_eq!(ids(asker, 50), expected);
        }
        stop.cancel();
        for worker in workers {
            worker.await.unwrap();
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test(flavor = "multi_thread")]
    async fn where_every_address_is_listened_to_the_one_that_was_asked_answers() {
        let every: [IpAddr; 2] = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
        for every in every {
            let any = UdpSocket::bind((every, 0)).unwrap();
            let address = any.local_addr().unwrap();
            drop(any);
            let stop = CancellationToken::new();
            let sockets = bind(address, 1).unwrap();
            let workers = sockets.into_iter();
            let workers = workers
                .map(|socket| tokio::spawn(serve(socket, answering(), limiter(), stop.clone())));
            let workers: Vec<_> = workers.collect();
            // All at once, so that one call has those of several addresses.
            let mut asked = Vec::new();
            for id in 0..40_u16 {
                // Connected, it takes what comes from there and nothing else.
                let asker = asker();
                let last = u8::try_from(id % 5).unwrap() + 2;
                let to = Ipv4Addr::new(127, 0, 0, last);
                asker.connect((to, address.port())).unwrap();
                asker.send(&query(id)).unwrap();
                asked.push((asker, id));
            }
            if every.is_ipv6() {
                let asker = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
                asker
                    .set_read_timeout(Some(Duration::from_secs(10)))
                    .unwrap();
                asker
                    .connect((Ipv6Addr::LOCALHOST, address.port()))
                    .unwrap();
                asker.send(&query(99)).unwrap();
                asked.push((asker, 99));
            }
            for (asker, id) in asked {
                assert_eq!(ids(&asker, 1), BTreeSet::from([id]));
            }
            stop.cancel();
            for worker in workers {
                worker.await.unwrap();
            }
        }
    }

    #[test]
    fn where_only_one_datagram_is_taken_at_a_time_it_is_answered_too() {
        let (server, asker) = (asker(), asker());
        let address = server.local_addr().unwrap();
        asker.send_to(&query(7), address).unwrap();
        let mut batch = one::Batch::new(&server);
        batch.receive(&server).unwrap();
        assert_eq!(batch.queries().collect::<Vec<_>>(), [query(7)]);
        batch.answer(&server, |query, address, response| {
            assert_eq!(address, asker.local_addr().unwrap().ip());
            response.extend(query);
            true
        });
        assert_eq!(ids(&asker, 1), BTreeSet::from([7]));
    }
}

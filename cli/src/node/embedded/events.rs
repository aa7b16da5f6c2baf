//! What the node reports: taken from its queue as it comes, kept for those who ask.
//!
//! `ldk-node` hands out the same event until it is marked as handled, and its queue is stored; so a
//! thread takes every event at once, whoever is or is not waiting.

use std::{
    collections::HashMap,
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Instant,
};

use ldk_node::{
    Event, Node as LdkNode, UserChannelId,
    lightning::{events::PaymentFailureReason, ln::channelmanager::PaymentId as LdkPaymentId},
};

use super::PAUSE;
use crate::node::{PaymentId, Settlement};

/// The thread that takes events, and what it has learned.
pub(super) struct Events {
    seen: Arc<Mutex<Seen>>,
    untold: PathBuf,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    failures: HashMap<LdkPaymentId, Option<PaymentFailureReason>>,
    fundings: HashMap<u128, Option<String>>,
}

impl Events {
    /// Starts to take the events of `node`, which lives in `folder`.
    pub(super) fn watch(node: Arc<LdkNode>, folder: &Path) -> Self {
        let untold = folder.join("untold");
        let seen = Arc::new(Mutex::new(Seen::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (seen, stop, untold) = (Arc::clone(&seen), Arc::clone(&stop), untold.clone());
            move || {
                while !stop.load(Ordering::Relaxed) {
                    // What cannot be kept or marked comes again; noting it twice is fine.
                    let is_done = node.next_event().is_some_and(|event| {
                        let is_kept = keep_untold(&node, &untold, &event).is_ok();
                        lock(&seen).note(event);
                        is_kept && node.event_handled().is_ok()
                    });
                    if !is_done {
                        thread::sleep(PAUSE);
                    }
                }
            }
        });
        Self {
            seen,
            untold,
            stop,
            thread: Some(thread),
        }
    }

    /// Why a payment failed, if its failure was reported to this process.
    pub(super) fn failure_of(&self, id: &LdkPaymentId) -> Option<PaymentFailureReason> {
        lock(&self.seen).failures.get(id).copied().flatten()
    }

    /// The settlements of payments that the node's own list does not hold.
    pub(super) fn untold(&self) -> Vec<(PaymentId, Settlement)> {
        let text = fs::read_to_string(&self.untold).unwrap_or_default();
        text.lines().filter_map(read_untold).collect()
    }

    /// Waits for a channel's funding transaction; none when it was closed before or time is up.
    pub(super) fn funding_of(&self, channel: UserChannelId, deadline: Instant) -> Option<String> {
        loop {
            if let Some(funding) = lock(&self.seen).fundings.get(&channel.0) {
                return funding.clone();
            }
            if Instant::now() >= deadline {
                return None;
            }
            thread::sleep(PAUSE);
        }
    }

    /// Takes no further events.
    pub(super) fn stop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has stopped as well.
            let _ = thread.join();
        }
    }
}

impl Seen {
    fn note(&mut self, event: Event) {
        match event {
            Event::PaymentFailed {
                payment_id: Some(id),
                reason,
                ..
            } => {
                self.failures.insert(id, reason);
            }
            Event::ChannelPending {
                user_channel_id,
                funding_txo,
                ..
            } => {
                self.fundings
                    .insert(user_channel_id.0, Some(funding_txo.txid.to_string()));
            }
            Event::ChannelClosed {
                user_channel_id, ..
            } => {
                self.fundings.entry(user_channel_id.0).or_insert(None);
            }
            _ => {}
        }
    }
}

/// Writes down the settlement of a payment that `ldk-node` does not list.
///
/// It lists a payment just after LDK began it; a crash in between leaves it unlisted, yet LDK goes on
/// with it after a restart. The event is then the only trace, and it is given out once.
fn keep_untold(node: &LdkNode, path: &Path, event: &Event) -> io::Result<()> {
    let Event::PaymentSuccessful {
        payment_id: Some(id),
        payment_hash,
        payment_preimage: Some(preimage),
        fee_paid_msat,
    } = event
    else {
        return Ok(());
    };
    if node.payment(id).is_some() {
        return Ok(());
    }
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let fee = fee_paid_msat.map_or_else(|| "-".to_owned(), |fee| fee.to_string());
    let (id, hash) = (hex::encode(id.0), hex::encode(payment_hash.0));
    writeln!(file, "{id} {hash} {} {fee}", hex::encode(preimage.0))?;
    file.sync_all()
}

fn read_untold(line: &str) -> Option<(PaymentId, Settlement)> {
    let mut words = line.split(' ').map(str::to_owned);
    let (id, payment_hash, preimage) = (words.next()?, words.next()?, words.next()?);
    let fee_msat = words.next()?.parse().ok();
    Some((
        PaymentId(id),
        Settlement {
            payment_hash,
            preimage,
            fee_msat,
        },
    ))
}

/// What was learned stays true even if a holder of the lock panicked.
fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

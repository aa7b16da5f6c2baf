//! Both roles behind the `OnionMessenger` of the `lightning` crate.

mod lookup;
mod wire;

use alloc::{
    collections::BTreeMap,
    sync::{Arc, Weak},
};
use core::{
    fmt,
    future::poll_fn,
    mem,
    task::{Poll, Waker},
};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lightning::{
    blinded_path::message::{DNSResolverContext, MessageContext},
    io,
    ln::msgs::DecodeError,
    onion_message::{
        dns_resolution::{DNSResolverMessage, DNSResolverMessageHandler, DNSSECProof, DNSSECQuery},
        messenger::{
            CustomOnionMessageHandler, Destination, MessageSendInstructions, Responder,
            ResponseInstruction,
        },
    },
    types::features::NodeFeatures,
};

use self::{
    lookup::Shared,
    wire::{Carried, carried},
};
use super::{AnswerQueue, Finding, Job, Message, Nonce, NotAccepted, OnionQuery};
use crate::{handle::Handle, time::UnixTime};

pub use lookup::Lookup;
pub use wire::ErrorMessage;

/// The most answers, and the most errors, that wait for the messenger to fetch them; more are
/// dropped. At 30,000 bytes each, 15 MB.
const MAX_ANSWERS: usize = 512;

/// What says the time.
type Clock = Arc<dyn Fn() -> UnixTime + Send + Sync>;

/// Asks and answers over an `OnionMessenger`, which takes it as its handler of DNS messages.
///
/// It is the messenger's handler of custom messages, too, where errors are to be sent: `lightning`
/// 0.2 knows queries and proofs alone. For the same reason it drops an error that arrives, so that
/// a name that cannot be resolved ends with the deadline unless the resolver sends a proof of that;
/// whoever receives errors hands them to [`OnionHandler::receive_error`].
///
/// Somebody has to call [`OnionHandler::tick`] about once a second, and `process_events` of the
/// peer manager when there is something to send ([`OnionHandler::when_sending`]).
///
/// ```
/// use std::time::SystemTime;
/// use payname_resolver::onion::{AnswerQueue, Limits, OnionHandler, Scope};
///
/// let asks = OnionHandler::new(|| SystemTime::now().into());
/// let asks_and_answers = OnionHandler::new(|| SystemTime::now().into())
///     .answering(AnswerQueue::new(Scope::PaymentNames, Limits::default()));
/// assert!(asks.try_job().is_none() && asks_and_answers.try_job().is_none());
/// ```
pub struct OnionHandler {
    clock: Clock,
    send: Box<dyn Fn() + Send + Sync>,
    lookups: Mutex<BTreeMap<Nonce, Weak<Shared>>>,
    answers: Option<Mutex<AnswerQueue<Responder>>>,
    workers: Mutex<Vec<Waker>>,
    outbox: Mutex<Outbox>,
}

/// What the messenger has not fetched yet.
#[derive(Default)]
struct Outbox {
    known: Vec<(DNSResolverMessage, MessageSendInstructions)>,
    errors: Vec<(ErrorMessage, MessageSendInstructions)>,
}

impl OnionHandler {
    /// A handler that asks and does not answer.
    pub fn new(clock: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        Self {
            clock: Arc::new(clock),
            send: Box::new(|| ()),
            lookups: Mutex::default(),
            answers: None,
            workers: Mutex::default(),
            outbox: Mutex::default(),
        }
    }

    /// The same, answering what others ask; sets the feature `dns_resolver`.
    ///
    /// The work is done elsewhere: by tasks that take a job, gather and finish it.
    #[must_use]
    pub fn answering(mut self, queue: AnswerQueue<Responder>) -> Self {
        self.answers = Some(Mutex::new(queue));
        self
    }

    /// The same, calling `send` when there is something to send: it wakes the peer manager.
    #[must_use]
    pub fn when_sending(mut self, send: impl Fn() + Send + Sync + 'static) -> Self {
        self.send = Box::new(send);
        self
    }

    /// Asks some resolvers for the proof of a handle's record, until `deadline`.
    ///
    /// Each has a nonce of its own from the system's random numbers.
    pub fn ask(
        &self,
        handle: &Handle,
        resolvers: impl IntoIterator<Item = (Destination, Nonce)>,
        deadline: UnixTime,
    ) -> Lookup {
        let mut query = OnionQuery::new(handle, deadline);
        let mut messages = Vec::new();
        for (destination, nonce) in resolvers {
            let context = MessageContext::DNSResolver(DNSResolverContext { nonce });
            let instructions = MessageSendInstructions::WithReplyPath {
                destination,
                context,
            };
            messages.push((query.ask(nonce), instructions));
        }
        let nonces: Vec<Nonce> = query.nonces().copied().collect();
        let (lookup, shared) = Lookup::new(query, Arc::clone(&self.clock));
        let mut lookups = lock(&self.lookups);
        lookups.extend(
            nonces
                .into_iter()
                .map(|nonce| (nonce, Arc::downgrade(&shared))),
        );
        drop(lookups);
        self.send(messages);
        lookup
    }

    /// The time by this handler's clock.
    pub fn now(&self) -> UnixTime {
        (self.clock)()
    }

    /// Lets time pass: ends lookups at their deadline, drops jobs that nobody waits for any more.
    pub fn tick(&self) {
        let mut lookups = lock(&self.lookups);
        lookups.retain(|_, lookup| lookup.strong_count() > 0);
        let alive: Vec<_> = lookups.values().filter_map(Weak::upgrade).collect();
        drop(lookups);
        alive.iter().for_each(|lookup| lookup.wake());
        if let Some(answers) = &self.answers {
            lock(answers).forget_old(self.now());
        }
    }

    /// Waits for a name that somebody asked for. Any number of tasks may wait.
    ///
    /// Without [`OnionHandler::answering`] it waits for ever.
    pub async fn next_job(&self) -> Job {
        poll_fn(|context| {
            // Before looking, so that nothing can arrive unseen in between.
            let mut workers = lock(&self.workers);
            if !workers.iter().any(|known| known.will_wake(context.waker())) {
                workers.push(context.waker().clone());
            }
            drop(workers);
            self.try_job().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// A name that somebody asked for, if there is one.
    pub fn try_job(&self) -> Option<Job> {
        let answers = self.answers.as_ref()?;
        lock(answers).next(self.now())
    }

    /// Answers all who asked for a name.
    pub fn finish(&self, job: &Job, finding: &Finding) {
        let Some(answers) = &self.answers else {
            return;
        };
        let answers = lock(answers).finish(job, finding);
        let reply = |(responder, message): (Responder, Message)| {
            (message, responder.respond().into_instructions())
        };
        self.send(answers.into_iter().map(reply));
    }

    /// Hands in an error that arrived by a reply path of ours; `message` is one, or is ignored.
    ///
    /// For whoever receives errors in spite of `lightning` 0.2. The nonce must come out of the
    /// authenticated context of the path, or strangers could end our queries.
    pub fn receive_error(&self, message: &Message, nonce: &Nonce) {
        if matches!(message, Message::Error { .. }) {
            self.receive(message, nonce);
        }
    }

    fn receive(&self, message: &Message, nonce: &Nonce) {
        let lookup = lock(&self.lookups).get(nonce).and_then(Weak::upgrade);
        if let Some(lookup) = lookup {
            lookup.receive(nonce, message, &self.clock);
        }
    }

    /// Puts messages where the messenger fetches them.
    fn send(&self, messages: impl IntoIterator<Item = (Message, MessageSendInstructions)>) {
        let mut outbox = lock(&self.outbox);
        for (message, instructions) in messages {
            let is_ours = matches!(message, Message::Query(_));
            match carried(message) {
                Some(Carried::Known(message)) if is_ours || outbox.known.len() < MAX_ANSWERS => {
                    outbox.known.push((message, instructions));
                }
                Some(Carried::Error(message)) if outbox.errors.len() < MAX_ANSWERS => {
                    outbox.errors.push((message, instructions));
                }
                _ => {}
            }
        }
        drop(outbox);
        (self.send)();
    }
}

impl DNSResolverMessageHandler for OnionHandler {
    fn handle_dnssec_query(
        &self,
        message: DNSSECQuery,
        responder: Option<Responder>,
    ) -> Option<(DNSResolverMessage, ResponseInstruction)> {
        let (answers, responder) = (self.answers.as_ref()?, responder?);
        let name = message.0.as_str().parse().ok()?;
        let accepted = lock(answers).accept(name, responder, self.now());
        match accepted {
            Ok(()) => mem::take(&mut *lock(&self.workers))
                .into_iter()
                .for_each(Waker::wake),
            Err(NotAccepted::OutOfScope { name, reply }) => {
                let instructions = reply.respond().into_instructions();
                let is_definite = false;
                self.send([(Message::Error { name, is_definite }, instructions)]);
            }
            Err(NotAccepted::Busy { .. }) => {}
        }
        None
    }

    fn handle_dnssec_proof(&self, message: DNSSECProof, context: DNSResolverContext) {
        if let Ok(name) = message.name.as_str().parse() {
            let proof = message.proof;
            self.receive(&Message::Proof { name, proof }, &context.nonce);
        }
    }

    fn provided_node_features(&self) -> NodeFeatures {
        let mut features = NodeFeatures::empty();
        if self.answers.is_some() {
            features.set_dns_resolution_optional();
        }
        features
    }

    fn release_pending_messages(&self) -> Vec<(DNSResolverMessage, MessageSendInstructions)> {
        mem::take(&mut lock(&self.outbox).known)
    }
}

impl CustomOnionMessageHandler for OnionHandler {
    type CustomMessage = ErrorMessage;

    fn handle_custom_message(
        &self,
        _: ErrorMessage,
        _: Option<Vec<u8>>,
        _: Option<Responder>,
    ) -> Option<(ErrorMessage, ResponseInstruction)> {
        None
    }

    /// Reads none: `lightning` 0.2 gives the nonce of a reply path to its own messages alone, and
    /// an error without it may come from anybody.
    fn read_custom_message<R: io::Read>(
        &self,
        _: u64,
        _: &mut R,
    ) -> Result<Option<ErrorMessage>, DecodeError> {
        Ok(None)
    }

    fn release_pending_custom_messages(&self) -> Vec<(ErrorMessage, MessageSendInstructions)> {
        mem::take(&mut lock(&self.outbox).errors)
    }
}

impl fmt::Debug for OnionHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnionHandler")
            .field("lookups", &lock(&self.lookups).len())
            .field("answers", &self.answers.is_some())
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

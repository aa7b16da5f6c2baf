//! One name being looked up through a messenger: where its proofs come out.

use alloc::{collections::VecDeque, sync::Arc};
use core::{
    future::poll_fn,
    task::{Context, Poll, Waker},
};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Clock;
use crate::{
    onion::{Message, Nonce, OnionQuery, QueryError},
    proof::Proof,
};

/// A name under way. Dropping it gives the lookup up.
///
/// ```
/// use payname_resolver::{
///     TrustAnchors, UnixTime, Verified, Record,
///     onion::{Lookup, QueryError},
///     Handle,
/// };
///
/// /// The first proof that holds.
/// async fn prove(
///     handle: &Handle,
///     mut lookup: Lookup,
///     now: UnixTime,
/// ) -> Result<Verified<Record>, QueryError> {
///     loop {
///         // A resolver that lies is passed over, until there is none left or no time.
///         let proof = lookup.next().await?;
///         if let Ok(record) = proof.verify(handle, &TrustAnchors::iana(), now) {
///             return Ok(record);
///         }
///     }
/// }
/// ```
pub struct Lookup {
    shared: Arc<Shared>,
    clock: Clock,
}

/// What the lookup and the handler both hold.
#[derive(Debug)]
pub(super) struct Shared(Mutex<State>);

#[derive(Debug)]
struct State {
    query: OnionQuery,
    proofs: VecDeque<Proof>,
    waker: Option<Waker>,
}

impl Lookup {
    pub(super) fn new(query: OnionQuery, clock: Clock) -> (Self, Arc<Shared>) {
        let state = State {
            query,
            proofs: VecDeque::new(),
            waker: None,
        };
        let shared = Arc::new(Shared(Mutex::new(state)));
        let handle = Arc::clone(&shared);
        (Self { shared, clock }, handle)
    }

    /// Waits for the next proof, to be verified. Ask for another when it does not verify.
    ///
    /// It ends by the deadline, provided that somebody calls
    /// [`OnionHandler::tick`](super::OnionHandler::tick). Dropping the future loses nothing.
    ///
    /// # Errors
    /// No other proof will come.
    pub async fn next(&mut self) -> Result<Proof, QueryError> {
        poll_fn(|context| self.poll(context)).await
    }

    /// The next proof if it is there, to be verified; `None` while it is worth waiting.
    ///
    /// # Errors
    /// No other proof will come.
    pub fn try_next(&mut self) -> Result<Option<Proof>, QueryError> {
        let mut state = self.shared.lock();
        match state.proofs.pop_front() {
            Some(proof) => Ok(Some(proof)),
            None => state.query.check((self.clock)()).map(|()| None),
        }
    }

    fn poll(&mut self, context: &Context<'_>) -> Poll<Result<Proof, QueryError>> {
        // Before looking, so that nothing can arrive unseen in between.
        self.shared.lock().waker = Some(context.waker().clone());
        match self.try_next() {
            Ok(Some(proof)) => Poll::Ready(Ok(proof)),
            Ok(None) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl core::fmt::Debug for Lookup {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Lookup").field(&self.shared).finish()
    }
}

impl Shared {
    /// Hands in a message that arrived by the reply path of `nonce`.
    pub(super) fn receive(&self, nonce: &Nonce, message: &Message, clock: &Clock) {
        let mut state = self.lock();
        let proof = state.query.receive(nonce, message, clock());
        state.proofs.extend(proof);
        drop(state);
        self.wake();
    }

    /// Has the waiting task look again.
    pub(super) fn wake(&self) {
        let waker = self.lock().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

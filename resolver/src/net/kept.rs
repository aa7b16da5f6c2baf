//! One connection for all who need it: opened once, kept, opened again when it has ended.

use std::{
    future::Future,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures_util::future::{FutureExt as _, Shared, WeakShared};

use super::connect::Broken;

/// A connection that may be shared.
pub(super) trait Connection: Clone + Send + Sync + 'static {
    /// Whether it can still carry a question, as far as is known.
    fn is_open(&self) -> bool;
}

/// A connection being opened.
pub(super) type Opening<C> = Pin<Box<dyn Future<Output = Result<C, Broken>> + Send>>;

/// The place where a connection is kept. Whoever asks while it is being opened waits for that one
/// opening; when all of them have gone, it is given up.
pub(super) struct Kept<C: Connection>(Mutex<State<C>>);

enum State<C: Connection> {
    None,
    Opening(WeakShared<Opening<C>>),
    Open(C),
}

/// A connection, and whether it was there before.
pub(super) struct Given<C> {
    pub(super) connection: C,
    pub(super) was_kept: bool,
}

impl<C: Connection> Kept<C> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State::None))
    }

    /// The open connection, or a new one.
    pub(super) async fn get(&self, open: impl FnOnce() -> Opening<C>) -> Result<Given<C>, Broken> {
        let opening = match self.state_or_open(open) {
            Ok(connection) => {
                return Ok(Given {
                    connection,
                    was_kept: true,
                });
            }
            Err(opening) => opening,
        };
        let outcome = opening.clone().await;
        let mut state = self.lock();
        let is_this = match &*state {
            State::Opening(current) => current
                .upgrade()
                .is_some_and(|current| current.ptr_eq(&opening)),
            _ => false,
        };
        if is_this {
            *state = match &outcome {
                Ok(connection) => State::Open(connection.clone()),
                Err(_) => State::None,
            };
        }
        Ok(Given {
            connection: outcome?,
            was_kept: false,
        })
    }

    /// Lets the connection go; the next to ask opens another.
    pub(super) fn forget(&self) {
        *self.lock() = State::None;
    }

    /// Does something with the open connection, if there is one.
    #[cfg(feature = "quic")]
    pub(super) fn with(&self, act: impl FnOnce(&C)) {
        if let State::Open(connection) = &*self.lock() {
            act(connection);
        }
    }

    fn state_or_open(&self, open: impl FnOnce() -> Opening<C>) -> Result<C, Shared<Opening<C>>> {
        let mut state = self.lock();
        match &*state {
            State::Open(connection) if connection.is_open() => return Ok(connection.clone()),
            State::Opening(opening) => {
                if let Some(opening) = opening.upgrade() {
                    return Err(opening);
                }
            }
            _ => {}
        }
        let opening = open().shared();
        *state = match opening.downgrade() {
            Some(weak) => State::Opening(weak),
            None => State::None,
        };
        Err(opening)
    }

    fn lock(&self) -> MutexGuard<'_, State<C>> {
        // A state is whole at every moment, whoever panicked while holding it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

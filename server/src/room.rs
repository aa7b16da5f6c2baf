//! Room for so many connections.
//!
//! Whoever comes when it is full takes the place of the one that has asked for nothing the
//! longest. So clients that open connections and say nothing, or say it slowly, can hold all
//! places and still keep nobody out; and since no place is given by address, clients behind one
//! proxy share no fate.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

/// How long to rest when no connection can be accepted, as when files run out.
pub(crate) const REST: Duration = Duration::from_millis(50);

/// How much connections may ask of a listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How many connections are served at the same time.
    pub(crate) connections: usize,
    /// How long a connection may take to say something whole, or be silent between.
    pub(crate) silence: Duration,
}

/// The places of a listener, or of several together.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    most: usize,
    places: Arc<Mutex<Places>>,
}

#[derive(Debug, Default)]
struct Places {
    /// The number that is given next; it only rises.
    next: u64,
    /// Who sits here, by when they last asked for something.
    taken: BTreeMap<u64, CancellationToken>,
}

/// A connection's place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    room: Room,
    number: Mutex<u64>,
    leave: CancellationToken,
}

impl Room {
    /// Room for at most so many.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            places: Arc::default(),
        }
    }

    /// Takes a place; asks the one that has been idle longest to leave when there is none.
    pub(crate) fn enter(&self) -> Place {
        let leave = CancellationToken::new();
        let mut places = self.lock();
        while places.taken.len() >= self.most
            && let Some((_, idle)) = places.taken.pop_first()
        {
            idle.cancel();
        }
        let number = Mutex::new(places.take(leave.clone()));
        Place {
            room: self.clone(),
            number,
            leave,
        }
    }

    // Every change of the places is one step, whatever happened to a thread before it.
    fn lock(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    fn take(&mut self, leave: CancellationToken) -> u64 {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        self.taken.insert(number, leave);
        number
    }
}

impl Place {
    /// Notes that the connection has asked for something: all others have now waited longer.
    pub(crate) fn stir(&self) {
        let mut number = self.number.lock().unwrap_or_else(PoisonError::into_inner);
        let mut places = self.room.lock();
        if let Some(leave) = places.taken.remove(&number) {
            *number = places.take(leave);
        }
    }

    /// Waits until the place is needed for somebody else.
    pub(crate) async fn lost(&self) {
        self.leave.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let number = self.number.lock().unwrap_or_else(PoisonError::into_inner);
        self.room.lock().taken.remove(&number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_been_idle_longest_makes_room_for_who_comes() {
        let room = Room::new(3);
        let (first, second, third) = (room.enter(), room.enter(), room.enter());
        first.stir();
        let fourth = room.enter();
        assert!(second.leave.is_cancelled());
        drop(third);
        let fifth = room.enter();
        for stays in [&first, &fourth, &fifth] {
            assert!(!stays.leave.is_cancelled());
        }
        // Who had to leave is no longer counted, whatever it does.
        second.stir();
        assert_eq!(room.lock().taken.len(), 3);
    }
}

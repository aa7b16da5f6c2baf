//! Room for so many connections.
//!
//! Whoever comes when it is full takes the place of the one that has asked for nothing the
//! longest; of one that is just being answered only where all are. So clients that open connections
//! and say nothing, or say it slowly, can hold all places and still keep nobody out. Where one
//! network may have so many places only, who comes from it takes the place of a neighbour; without
//! such a limit, clients behind one proxy share no fate.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ipnet::IpNet;
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
    most_of_one: usize,
    places: Arc<Mutex<Places>>,
}

#[derive(Debug, Default)]
struct Places {
    /// The number that is given next; it only rises.
    next: u64,
    /// Who sits here, by when they last asked for something.
    taken: BTreeMap<u64, Guest>,
}

#[derive(Debug)]
struct Guest {
    leave: CancellationToken,
    from: Option<IpNet>,
    /// Whether it is being answered.
    is_answered: bool,
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
            most_of_one: most,
            places: Arc::default(),
        }
    }

    /// The same room, with at most so many from one network.
    pub(crate) fn with_most_of_one(self, most_of_one: usize) -> Self {
        Self {
            most_of_one,
            ..self
        }
    }

    /// Whether all places that a network may have are taken by those that are being answered.
    pub(crate) fn is_busy_with(&self, from: IpNet) -> bool {
        let places = self.lock();
        let same = places.taken.values();
        let same = same.filter(|guest| guest.from == Some(from) && guest.is_answered);
        same.count() >= self.most_of_one
    }

    /// Takes a place; asks the one that has been idle longest to leave when there is none.
    pub(crate) fn enter(&self) -> Place {
        self.enter_from(None)
    }

    /// Takes a place for who comes from a network, if it matters from where.
    pub(crate) fn enter_from(&self, from: Option<IpNet>) -> Place {
        let leave = CancellationToken::new();
        let mut places = self.lock();
        if from.is_some() {
            places.make_room(from, self.most_of_one);
        }
        places.make_room(None, self.most);
        let guest = Guest {
            leave: leave.clone(),
            from,
            is_answered: false,
        };
        let number = Mutex::new(places.take(guest));
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
    fn take(&mut self, guest: Guest) -> u64 {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        self.taken.insert(number, guest);
        number
    }

    /// Sends the idlest away, of a network or of all, until one more may come.
    fn make_room(&mut self, from: Option<IpNet>, most: usize) {
        let counted = self.taken.iter();
        let counted = counted.filter(|(_, guest)| from.is_none() || guest.from == from);
        let mut counted: Vec<(bool, u64)> = counted
            .map(|(number, guest)| (guest.is_answered, *number))
            .collect();
        let surplus = counted.len().saturating_add(1).saturating_sub(most);
        if surplus > 0 {
            counted.sort_unstable();
        }
        for (_, number) in counted.into_iter().take(surplus) {
            if let Some(idle) = self.taken.remove(&number) {
                idle.leave.cancel();
            }
        }
    }
}

impl Place {
    /// Notes that the connection has asked for something: all others have now waited longer.
    pub(crate) fn stir(&self) {
        self.turn(false);
    }

    /// The same, and that it is being answered until what comes back is dropped.
    pub(crate) fn answer(self: &Arc<Self>) -> Answering {
        self.turn(true);
        Answering(Arc::clone(self))
    }

    fn turn(&self, is_answered: bool) {
        let mut number = self.number.lock().unwrap_or_else(PoisonError::into_inner);
        let mut places = self.room.lock();
        if let Some(guest) = places.taken.remove(&number) {
            *number = places.take(Guest {
                is_answered,
                ..guest
            });
        }
    }

    /// Waits until the place is needed for somebody else.
    pub(crate) async fn lost(&self) {
        self.leave.cancelled().await;
    }
}

/// A connection is being answered; once it has been, it is the one that was idle for the shortest time.
#[derive(Debug)]
pub(crate) struct Answering(Arc<Place>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.stir();
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

    #[test]
    fn one_network_can_have_its_part_of_the_room_only() {
        let room = Room::new(10).with_most_of_one(2);
        let (one, two): (IpNet, IpNet) = (
            "192.0.2.0/24".parse().unwrap(),
            "2001:db8::/56".parse().unwrap(),
        );
        let other = room.enter_from(Some(two));
        let (first, second) = (room.enter_from(Some(one)), room.enter_from(Some(one)));
        first.stir();
        let third = room.enter_from(Some(one));
        assert!(second.leave.is_cancelled());
        let anywhere: Vec<_> = (0..5).map(|_| room.enter_from(None)).collect();
        for stays in [&other, &first, &third].into_iter().chain(&anywhere) {
            assert!(!stays.leave.is_cancelled());
        }
    }

    #[test]
    fn who_is_being_answered_leaves_last_and_then_counts_as_who_has_just_asked() {
        let one: IpNet = "192.0.2.0/24".parse().unwrap();
        let room = Room::new(10).with_most_of_one(2);
        let enter = || Arc::new(room.enter_from(Some(one)));
        let slow = enter();
        let answering = slow.answer();
        let idle = enter();
        let third = enter();
        assert!(idle.leave.is_cancelled() && !slow.leave.is_cancelled());
        assert!(!room.is_busy_with(one));
        let other = third.answer();
        assert!(room.is_busy_with(one));
        drop(other);
        drop(answering);
        let _fourth = enter();
        assert!(third.leave.is_cancelled() && !slow.leave.is_cancelled());
    }

    #[test]
    fn where_all_are_being_answered_who_came_first_makes_room() {
        let room = Room::new(2);
        let (first, second) = (Arc::new(room.enter()), Arc::new(room.enter()));
        let _answering = (first.answer(), second.answer());
        let third = room.enter();
        assert!(first.leave.is_cancelled());
        assert!(!second.leave.is_cancelled() && !third.leave.is_cancelled());
    }
}

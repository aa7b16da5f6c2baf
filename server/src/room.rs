//! Room for so many connections.
//!
//! Whoever comes when it is full takes the place of the one that has asked for nothing the
//! longest. So clients that open connections and say nothing, or say it slowly, can hold all
//! places and still keep nobody out. Where one network may have so many places only, who comes
//! from it takes the place of a neighbour; without such a limit, clients behind one proxy share no
//! fate.

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
        while places.taken.len() >= self.most
            && let Some((_, idle)) = places.taken.pop_first()
        {
            idle.leave.cancel();
        }
        let guest = Guest {
            leave: leave.clone(),
            from,
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

    /// Sends the idlest of a network away until one more may come.
    fn make_room(&mut self, from: Option<IpNet>, most: usize) {
        let same = self.taken.iter().filter(|(_, guest)| guest.from == from);
        let same: Vec<u64> = same.map(|(number, _)| *number).collect();
        let surplus = same.len().saturating_add(1).saturating_sub(most);
        for number in same.into_iter().take(surplus) {
            if let Some(idle) = self.taken.remove(&number) {
                idle.leave.cancel();
            }
        }
    }
}

impl Place {
    /// Notes that the connection has asked for something: all others have now waited longer.
    pub(crate) fn stir(&self) {
        let mut number = self.number.lock().unwrap_or_else(PoisonError::into_inner);
        let mut places = self.room.lock();
        if let Some(guest) = places.taken.remove(&number) {
            *number = places.take(guest);
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
}

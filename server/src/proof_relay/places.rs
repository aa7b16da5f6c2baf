//! Places for so many things at the same time, of which no network has more than its part.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ipnet::IpNet;

/// The places.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    most_of_one: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    /// By those who have any.
    of: HashMap<IpNet, usize>,
}

/// One of them, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    places: &'a Places,
    network: Option<IpNet>,
}

impl Places {
    /// So many, and at most so many for one network.
    pub(super) fn new(most: usize, most_of_one: usize) -> Self {
        Self {
            most,
            most_of_one,
            taken: Mutex::default(),
        }
    }

    /// A place for a network, or for who is exempt; none where there is none left for it.
    pub(super) fn take(&self, network: Option<IpNet>) -> Option<Place<'_>> {
        let mut taken = self.lock();
        if taken.all >= self.most {
            return None;
        }
        if let Some(network) = network {
            let own = taken.of.get(&network).copied().unwrap_or(0);
            if own >= self.most_of_one {
                return None;
            }
            taken.of.insert(network, own.saturating_add(1));
        }
        taken.all = taken.all.saturating_add(1);
        Some(Place {
            places: self,
            network,
        })
    }

    // Every change is one step, whatever happened to a thread before it.
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all = taken.all.saturating_sub(1);
        let Some(network) = self.network else {
            return;
        };
        match taken.of.get_mut(&network) {
            Some(own) if *own > 1 => *own = own.saturating_sub(1),
            _ => drop(taken.of.remove(&network)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_its_part_whatever_others_take_and_gets_it_back() {
        let places = Places::new(8, 2);
        let network = |text: &str| Some(text.parse::<IpNet>().unwrap());
        let (one, other) = (network("192.0.2.0/24"), network("2001:db8::/64"));
        let first = places.take(one).unwrap();
        let second = places.take(one).unwrap();
        assert!(places.take(one).is_none());
        let third = places.take(other).unwrap();
        drop(first);
        let fourth = places.take(one).unwrap();
        assert!(places.take(one).is_none());
        // Who is exempt has no part of his own, and finds no more places than there are.
        let exempt: Vec<_> = std::iter::from_fn(|| places.take(None)).collect();
        assert_eq!(exempt.len(), 5);
        assert!(places.take(other).is_none());
        drop((second, third, fourth, exempt));
        let taken = places.lock();
        assert_eq!((taken.all, taken.of.len()), (0, 0));
    }
}

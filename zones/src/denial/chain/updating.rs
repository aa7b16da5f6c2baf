//! A chain brought up to date with what exists.

use rayon::prelude::*;

use super::{Chain, Link, Links as _, Place};
use crate::denial::compact::write_bitmap;
use crate::ends::EndsBuilder;
use crate::names::wire_of;
use crate::nodes::Nodes;
use crate::sign::{AT_A_TIME, SignError, Signer};

/// How many names make it worth while to wake another thread only to look at them.
const LOOKS_AT_A_TIME: usize = 128;
/// How many links make it worth while to wake another thread only to count them.
const COUNTED_AT_A_TIME: usize = 2048;

/// A place whose link is not as it should be.
struct News<P> {
    place: P,
    was_there: bool,
    /// The bitmap of types that it is to have; none where there is to be no link.
    types: Option<Vec<u8>>,
}

impl<P> News<P> {
    /// Whether the link before leads elsewhere now.
    fn moves_others(&self) -> bool {
        self.was_there != self.types.is_some()
    }
}

impl<P: Place> Chain<P> {
    /// Takes over what now exists at the names with these keys; signs only links that changed, and
    /// each only once.
    pub(in crate::denial) fn update(
        &mut self,
        changed: &[&[u8]],
        nodes: &Nodes,
        ttl: u32,
        signer: &Signer<'_>,
    ) -> Result<(), SignError> {
        let changed = changed.par_iter().with_min_len(LOOKS_AT_A_TIME);
        let news: Vec<News<P>> = changed.filter_map(|key| self.news(key, nodes)).collect();
        for gone in news.iter().filter(|news| news.types.is_none()) {
            self.take(&gone.place);
        }
        let stale = self.stale(news);
        let places = (0..stale.len()).into_par_iter().with_min_len(AT_A_TIME);
        let fresh = places.filter_map(|at| {
            let (place, types) = stale.get(at)?;
            // Where it leads is known only now: to the next that changes, or to one between.
            let (later, _) = stale.get(at.saturating_add(1)).or(stale.first())?;
            let between = self.links.after(place).map(Link::place);
            let nexts = [Some(later), between].into_iter().flatten();
            let next = nexts.min_by_key(|next| (*next <= place, *next))?;
            let mut rdata = Vec::with_capacity(64);
            next.write_next(&mut rdata);
            rdata.extend_from_slice(types);
            Some(Link::signed(place, ttl, &rdata, signer))
        });
        let fresh = fresh.collect::<Result<Vec<_>, _>>()?;
        self.replace(fresh);
        Ok(())
    }

    /// What changes at the place of one name, if anything does.
    fn news(&self, key: &[u8], nodes: &Nodes) -> Option<News<P>> {
        let place = P::of(&wire_of(key, nodes.origin_wire()))?;
        let types = nodes.presence(key).and_then(P::listed).map(|types| {
            let mut bitmap = Vec::with_capacity(16);
            write_bitmap(&types, &mut bitmap);
            bitmap
        });
        let known = self.links.get(&place);
        if known.map(Link::types) == types.as_deref() {
            return None;
        }
        Some(News {
            was_there: known.is_some(),
            place,
            types,
        })
    }

    /// The links that are to be signed, in order, when all others are as they should be.
    fn stale(&self, news: Vec<News<P>>) -> Vec<(P, Vec<u8>)> {
        let moved = news.par_iter().with_min_len(LOOKS_AT_A_TIME);
        let before: Vec<_> = moved
            .filter(|news| news.moves_others())
            .filter_map(|news| self.links.before(&news.place))
            .map(|link| (link.place().clone(), link.types().to_vec()))
            .collect();
        let news = news.into_iter();
        let news = news.filter_map(|news| Some((news.place, news.types?)));
        let mut stale: Vec<_> = news.chain(before).collect();
        // Of two at one place the first, which is the newer one.
        stale.par_sort_by(|(one, _), (other, _)| one.cmp(other));
        stale.dedup_by(|(later, _), (first, _)| later == first);
        stale
    }

    /// Puts links, in order, in the place of those that were there.
    pub(super) fn replace(&mut self, links: Vec<Link<P>>) {
        let parts = links.par_chunks(COUNTED_AT_A_TIME).map(|links| {
            let before = links.iter().filter_map(|link| self.links.get(link.place()));
            let before = EndsBuilder::of(before.filter_map(Link::set));
            (EndsBuilder::of(links.iter().filter_map(Link::set)), before)
        });
        let none = || (EndsBuilder::default(), EndsBuilder::default());
        let (added, dropped) = parts.reduce(none, |(added, dropped), (more, less)| {
            (added.join(more), dropped.join(less))
        });
        self.ends.exchange(added, dropped);
        self.links.merge(links);
    }
}

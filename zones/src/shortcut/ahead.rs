//! Looking ahead: what several queries ask for is fetched from memory for all of them together.
//!
//! In a large zone every step of a lookup waits for memory. The steps of different lookups do not depend on
//! each other, so a processor that sees them side by side waits for all of them at the same time.

use std::hint::black_box;

use super::HEADER_LENGTH;
use super::query::LowerName;
use crate::node::Node;
use crate::set::ZoneSet;
use crate::trie::Search;

/// Fetches the names that queries ask for into the processor's cache; it changes nothing else.
///
/// Worth its while before several queries are answered one after the other; nothing is fetched for one
/// alone. What is no query for a name of these zones is passed over.
pub fn look_ahead<'q>(zones: &ZoneSet, queries: impl IntoIterator<Item = &'q [u8]>) {
    let searches = begin(zones, queries);
    if searches.len() > 1 {
        black_box(touch(searches));
    }
}

fn begin<'z, 'q>(
    zones: &'z ZoneSet,
    queries: impl IntoIterator<Item = &'q [u8]>,
) -> Vec<Search<'z, Node>> {
    let searches = queries.into_iter().filter_map(|query| {
        let (name, _) = LowerName::read(query.get(usize::from(HEADER_LENGTH)..)?)?;
        let zone = zones.holding_wire(name.wire())?;
        let below = name.wire().len();
        let below = below.checked_sub(zone.nodes.origin_wire().len())?;
        Some(zone.nodes.search(name.wire().get(..below)?))
    });
    searches.collect()
}

/// How many of the names are there, and the sum of the last octets of what is at them: to know it is to
/// have fetched them.
fn touch(mut searches: Vec<Search<'_, Node>>) -> (usize, usize) {
    // All go one page deeper before any goes on.
    while searches
        .iter_mut()
        .fold(false, |any, search| search.descend() | any)
    {}
    black_box(searches.iter().map(Search::entries).sum::<usize>());
    let found: Vec<_> = searches.iter().filter_map(Search::found).collect();
    let octets = found.iter().map(|node| usize::from(node.last_octet()));
    (found.len(), octets.sum())
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::{Name, RecordType};
    use payname_resolver::{Handle, Question, UnixTime, hickory_proto};
    use ring::rand::SystemRandom;

    use super::*;
    use crate::{NameServer, Settings, SigningKey, Zone, payment_record};

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    #[test]
    fn it_finds_what_is_asked_for_whatever_else_is_asked() {
        let key = SigningKey::generate_pkcs8(&SystemRandom::new()).unwrap();
        let key = SigningKey::from_pkcs8(&key).unwrap();
        let origin = name("user._bitcoin-payment.a.test.");
        let server = NameServer::new(name("ns.test."), []);
        let now = UnixTime(1_800_000_000);
        let mut zone = Zone::new(Settings::new(origin, [server]), key, now).unwrap();
        let record = |number: u32| {
            let handle: Handle = format!("user{number}@a.test").parse().unwrap();
            payment_record(&handle, "bitcoin:?lno=lno1qqq").unwrap()
        };
        let records: Vec<_> = (0..300).map(record).collect();
        let records = records.iter().map(|record| (record, 1800));
        zone.publish_all(records, now).unwrap();
        let zones = ZoneSet::from_iter([zone]);
        let query = |owner: &str| Question::new(name(owner), RecordType::TXT).to_message(7);
        let there = (0..300).map(|number| match number % 2 {
            0 => query(&format!("user{number}.user._bitcoin-payment.a.test.")),
            _ => query(&format!("USER{number}.user._bitcoin-payment.A.test.")),
        });
        let mut queries: Vec<_> = there.collect();
        let (found, octets) = touch(begin(&zones, queries.iter().map(Vec::as_slice)));
        assert_eq!(found, 300);
        queries.push(query("user300.user._bitcoin-payment.a.test."));
        queries.push(query("user1.user._bitcoin-payment.b.test."));
        queries.push(query("a.test."));
        queries.extend((0..40).map(|length| vec![0x3f; length]));
        queries.push(query("user1.user._bitcoin-payment.a.test.")[..30].to_vec());
        let both = touch(begin(&zones, queries.iter().map(Vec::as_slice)));
        assert_eq!(both, (found, octets));
        assert!(begin(&ZoneSet::default(), queries.iter().map(Vec::as_slice)).is_empty());
    }
}

//! Asking the zone above: who it says serves a zone, and where.

use std::net::{IpAddr, SocketAddr};

use payname_resolver::{
    Question,
    doctor::Referral,
    hickory_proto::rr::{Name, RData, RecordType},
    net::Client,
};

use super::ask::{Carrier, ask};
use crate::config::Domain;

/// The most zones above that are asked for, of a name with many labels.
const CLIMB: usize = 16;

/// What the parent should say.
pub(super) fn wanted(domain: &Domain) -> Referral {
    let inside = domain.nameservers.iter();
    let inside = inside.filter(|server| domain.zone.zone_of(server));
    let addresses = inside.flat_map(|server| {
        let each = domain.addresses.iter();
        each.map(move |address| (server.clone(), *address))
    });
    Referral {
        nameservers: domain.nameservers.clone(),
        addresses: addresses.collect(),
    }
}

/// The delegation of a zone as one server of its parent has it.
pub(super) async fn seen(parent: SocketAddr, zone: &Name) -> Result<Referral, String> {
    let answer = ask(parent, zone, RecordType::NS, Carrier::Udp).await;
    let answer = answer.map_err(|why| format!("{parent}, which serves the parent: {why}"))?;
    // A referral has them as authority; a server that serves both zones, as answer.
    let sections = [&answer.authorities, &answer.answers];
    let mut referral = Referral::default();
    for record in sections.into_iter().flatten() {
        if let RData::NS(server) = &record.data
            && record.name == *zone
        {
            referral.nameservers.push(server.0.to_lowercase());
        }
    }
    for record in &answer.additionals {
        let address: IpAddr = match &record.data {
            RData::A(address) => address.0.into(),
            RData::AAAA(address) => address.0.into(),
            _ => continue,
        };
        referral
            .addresses
            .push((record.name.to_lowercase(), address));
    }
    Ok(referral)
}

/// A server of the parent, found through a resolver.
pub(super) async fn find_parent(
    resolver: &Client,
    zone: &Name,
    port: u16,
) -> Result<SocketAddr, String> {
    let mut above = zone.base_name();
    for _ in 0..CLIMB {
        for server in name_servers(resolver, &above).await? {
            if let Some(address) = addresses(resolver, &server).await?.first() {
                return Ok(SocketAddr::new(*address, port));
            }
        }
        if above.is_root() {
            break;
        }
        above = above.base_name();
    }
    Err("the resolver knows no nameserver of the zone above".to_owned())
}

/// The names of a zone's nameservers, as the resolver has them; none where there is no zone.
pub(super) async fn name_servers(resolver: &Client, zone: &Name) -> Result<Vec<Name>, String> {
    let records = look_up(resolver, zone, RecordType::NS).await?;
    Ok(records.iter().filter_map(|rdata| name(rdata)).collect())
}

/// The addresses of a host, as the resolver has them.
pub(super) async fn addresses(resolver: &Client, host: &Name) -> Result<Vec<IpAddr>, String> {
    let mut all = Vec::new();
    for rdata in look_up(resolver, host, RecordType::A).await? {
        all.extend(<[u8; 4]>::try_from(rdata).map(IpAddr::from));
    }
    for rdata in look_up(resolver, host, RecordType::AAAA).await? {
        all.extend(<[u8; 16]>::try_from(rdata).map(IpAddr::from));
    }
    Ok(all)
}

/// RDATA as the resolver gives it, not proven: where a server is can be taken on trust, since what
/// it says is not.
async fn look_up(
    resolver: &Client,
    owner: &Name,
    record_type: RecordType,
) -> Result<Vec<Vec<u8>>, String> {
    let question = Question::new(owner.clone(), record_type);
    let answer = resolver.exchange(&question).await;
    let answer = answer.map_err(|why| format!("the resolver is no help with {question}: {why}"))?;
    let records = answer.records().iter();
    let records =
        records.filter(|record| record.record_type() == record_type && record.name() == owner);
    Ok(records.map(|record| record.rdata().to_vec()).collect())
}

/// An uncompressed name.
fn name(mut wire: &[u8]) -> Option<Name> {
    let mut labels = Vec::new();
    loop {
        let (length, rest) = wire.split_first()?;
        if *length == 0 {
            return Some(Name::from_labels(labels).ok()?.to_lowercase());
        }
        let (label, rest) = rest.split_at_checked(usize::from(*length))?;
        labels.push(label);
        wire = rest;
    }
}

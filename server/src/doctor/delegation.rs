//! Asking the zone above: who it says serves a zone, and where.

use std::net::{IpAddr, SocketAddr};

use payname_resolver::{
    doctor::Referral,
    hickory_proto::rr::{Name, RData, RecordType},
    net::{Carrier, Client, addresses_of, nameservers_of},
};

use super::ask::ask;
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
    let found = nameservers_of(resolver, zone).await;
    found.map_err(|why| {
        let zone = zone.to_ascii();
        format!("the resolver is no help with the nameservers of {zone}: {why}")
    })
}

/// The addresses of a host, as the resolver has them.
pub(super) async fn addresses(resolver: &Client, host: &Name) -> Result<Vec<IpAddr>, String> {
    let found = addresses_of(resolver, host).await;
    found.map_err(|why| {
        let host = host.to_ascii();
        format!("the resolver is no help with the addresses of {host}: {why}")
    })
}

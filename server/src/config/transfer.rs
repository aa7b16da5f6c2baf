//! Who follows a zone, who may fetch it whole, and whom it is fetched from.

#[cfg(test)]
mod tests;

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use ipnet::IpNet;
use payname_resolver::hickory_proto::rr::Name;
use payname_zones::Denial;

use super::{
    ConfigError, Domain,
    check::Checker,
    tsig::TsigKeys,
    written::{WrittenCatalog, WrittenPeer, WrittenPermit, WrittenSecondary},
};
use crate::transfer::TsigKey;

/// A server at the other end of a zone transfer.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its place in the list where it is written, from 1: the log names it so, and not by its address.
    pub place: usize,
    /// Where it is asked, and told of changes.
    pub address: SocketAddr,
    /// The key that both sides sign with.
    pub key: Option<Arc<TsigKey>>,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)?;
        match &self.key {
            Some(key) => write!(f, " (key {})", key.name()),
            None => Ok(()),
        }
    }
}

/// One kind of client that may fetch a zone whole: who has the key and comes from the network.
#[derive(Debug, Clone)]
pub struct Permit {
    /// The key its queries must be signed with; none: they need not be signed.
    pub key: Option<Arc<TsigKey>>,
    /// Where it must come from; none: from anywhere.
    pub network: Option<IpNet>,
}

/// Who a zone goes to.
#[derive(Debug, Clone, Default)]
pub struct Distribution {
    /// Servers that are told of every change, and may fetch the zone.
    pub secondaries: Vec<Peer>,
    /// Who else may fetch it.
    pub permits: Vec<Permit>,
}

/// A zone that another server signs and this one serves.
#[derive(Debug, Clone)]
pub struct Secondary {
    /// The zone's apex.
    pub zone: Name,
    /// The servers it is fetched from, in the order in which they are tried.
    pub primaries: Vec<Peer>,
}

/// The list of all domains' zones, itself a zone (RFC 9432).
#[derive(Debug, Clone)]
pub struct Catalog {
    /// The catalog's own apex.
    pub zone: Name,
    /// Who it goes to.
    pub distribution: Distribution,
}

impl Distribution {
    /// Whether nobody may fetch the zone.
    pub fn is_empty(&self) -> bool {
        self.secondaries.is_empty() && self.permits.is_empty()
    }

    /// Whether a client at an address may fetch the zone, with the key it has shown to have.
    pub fn allows(&self, client: IpAddr, key: Option<&Name>) -> bool {
        self.allowed_by(client, key).is_some()
    }

    /// What lets a client fetch the zone, as the log may say it: `secondary 1 (key …)`, or `transfer 1`, by
    /// the place in the configuration.
    pub fn allowed_by(&self, client: IpAddr, key: Option<&Name>) -> Option<String> {
        let client = client.to_canonical();
        let has = |wanted: &Option<Arc<TsigKey>>| match wanted {
            Some(wanted) => key == Some(wanted.name()),
            None => true,
        };
        let is_at = |peer: &Peer| peer.address.ip().to_canonical() == client;
        // Who has the key may come from another address than the one it listens on.
        let follows = |peer: &&Peer| has(&peer.key) && (peer.key.is_some() || is_at(peer));
        let followers = || self.secondaries.iter().filter(follows);
        let secondary = followers().find(|peer| is_at(peer)).or(followers().next());
        let is_let = |permit: &Permit| {
            let from = |network: &IpNet| network.contains(&client);
            has(&permit.key) && permit.network.as_ref().is_none_or(from)
        };
        let permit = || self.permits.iter().position(is_let);
        match secondary {
            Some(secondary) => Some(format!("secondary {secondary}")),
            None => Some(format!("transfer {}", permit()?.saturating_add(1))),
        }
    }
}

impl Checker<'_> {
    pub(super) fn distribution(
        &self,
        table: &str,
        secondaries: &[WrittenPeer],
        permits: &[WrittenPermit],
        keys: &TsigKeys,
    ) -> Result<Distribution, ConfigError> {
        let permits = permits
            .iter()
            .map(|written| self.permit(table, written, keys));
        Ok(Distribution {
            secondaries: self.peers(&format!("{table}.secondaries"), secondaries, keys)?,
            permits: permits.collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn denial(
        &self,
        written: Option<&str>,
        distribution: &Distribution,
    ) -> Result<Denial, ConfigError> {
        match (written, distribution.is_empty()) {
            (None, true) | (Some("compact"), true) => Ok(Denial::Compact),
            (None, false) | (Some("nsec3"), _) => Ok(Denial::Nsec3),
            (Some("nsec"), _) => Ok(Denial::Nsec),
            (Some(compact @ "compact"), false) => {
                let remedy = "secondaries cannot make such denials, for they have no keys; write \"nsec3\", or take `secondaries` and `transfer` away";
                Err(self.invalid("domain.denial", compact, remedy))
            }
            (Some(other), _) => {
                let remedy = "write \"compact\" (nobody can list your names; not with secondaries), \"nsec3\" (names are hashed) or \"nsec\" (everybody can list them)";
                Err(self.invalid("domain.denial", other, remedy))
            }
        }
    }

    pub(super) fn secondaries(
        &self,
        written: &[WrittenSecondary],
        domains: &[Domain],
        keys: &TsigKeys,
    ) -> Result<Vec<Secondary>, ConfigError> {
        let mut secondaries: Vec<Secondary> = Vec::new();
        for table in written {
            let secondary = self.secondary(table, domains, keys)?;
            if secondaries.iter().any(|other| other.zone == secondary.zone) {
                let remedy = "write every zone once, with all its primaries";
                return Err(self.invalid("secondary.zone", &table.zone, remedy));
            }
            secondaries.push(secondary);
        }
        Ok(secondaries)
    }

    fn secondary(
        &self,
        written: &WrittenSecondary,
        domains: &[Domain],
        keys: &TsigKeys,
    ) -> Result<Secondary, ConfigError> {
        let key = "secondary.zone";
        let zone = self.name(key, &written.zone)?;
        if let Some(domain) = domains.iter().find(|domain| domain.zone == zone) {
            let remedy = format!(
                "the domain {} has this zone, and names are published into it here; take one of the two away, or give the domain a zone of its own below: zone = \"_bitcoin-payment.{}\"",
                domain.name, domain.name
            );
            return Err(self.invalid(key, &written.zone, remedy));
        }
        let primaries = self.peers("secondary.primaries", &written.primaries, keys)?;
        if primaries.is_empty() {
            let remedy =
                "name at least one: primaries = [{ address = \"192.0.2.53:53\", key = \"NAME\" }]";
            return Err(self.invalid("secondary.primaries", "[]", remedy));
        }
        Ok(Secondary { zone, primaries })
    }

    pub(super) fn catalog(
        &self,
        written: &WrittenCatalog,
        domains: &[Domain],
        secondaries: &[Secondary],
        keys: &TsigKeys,
    ) -> Result<Catalog, ConfigError> {
        let zone = self.name("catalog.zone", &written.zone)?;
        let is_taken = domains.iter().any(|domain| domain.zone == zone)
            || secondaries.iter().any(|secondary| secondary.zone == zone);
        if is_taken {
            let remedy = "another zone has this name; write one of its own, such as \"catalog.invalid\", which nobody ever asks for";
            return Err(self.invalid("catalog.zone", &written.zone, remedy));
        }
        let (peers, permits) = (&written.secondaries, &written.transfer);
        let distribution = self.distribution("catalog", peers, permits, keys)?;
        if distribution.is_empty() {
            let remedy =
                "it is for secondaries alone; name them, or who may fetch it by `transfer`";
            return Err(self.invalid("catalog.secondaries", "[]", remedy));
        }
        let peers = distribution.secondaries.iter().map(|peer| &peer.key);
        let permits = distribution.permits.iter().map(|permit| &permit.key);
        if peers.chain(permits).any(Option::is_none) {
            let remedy = "it tells secondaries what to serve, so it is fetched with a key alone; add key = \"NAME\" to each";
            return Err(self.invalid("catalog.secondaries.key", "", remedy));
        }
        Ok(Catalog { zone, distribution })
    }

    fn peers(
        &self,
        table: &str,
        written: &[WrittenPeer],
        keys: &TsigKeys,
    ) -> Result<Vec<Peer>, ConfigError> {
        let peer = |(at, written): (usize, &WrittenPeer)| {
            let (key, text) = (format!("{table}.address"), &written.address);
            let address = match text.parse::<IpAddr>() {
                Ok(ip) => SocketAddr::new(ip, 53),
                Err(_) => self.address(&key, text)?,
            };
            let key = self.tsig_key(&format!("{table}.key"), written.key.as_deref(), keys)?;
            Ok(Peer {
                place: at.saturating_add(1),
                address,
                key,
            })
        };
        written.iter().enumerate().map(peer).collect()
    }

    fn permit(
        &self,
        table: &str,
        written: &WrittenPermit,
        keys: &TsigKeys,
    ) -> Result<Permit, ConfigError> {
        let key = format!("{table}.transfer");
        let network = |text: &String| {
            let single = text.parse::<IpAddr>().map(IpNet::from);
            let network = single.or_else(|_| text.parse::<IpNet>());
            network.map_err(|_| {
                let remedy = "write an address or a network, such as \"192.0.2.0/24\"";
                self.invalid(&format!("{key}.prefix"), text, remedy)
            })
        };
        let network = written.prefix.as_ref().map(network).transpose()?;
        let name = written.key.as_deref();
        let permit = Permit {
            key: self.tsig_key(&format!("{key}.key"), name, keys)?,
            network,
        };
        if permit.key.is_none() && permit.network.is_none() {
            let remedy =
                "say who: { key = \"NAME\" }, { prefix = \"192.0.2.0/24\" }, or both in one";
            return Err(self.invalid(&key, "{}", remedy));
        }
        Ok(permit)
    }
}

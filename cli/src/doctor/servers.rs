//! The nameservers of a zone: who they are, and whether they answer over TCP.

use std::net::SocketAddr;

use payname_resolver::{
    doctor::{Code, Finding, Severity, View},
    hickory_proto::rr::{Name, RecordType},
    net::{Carrier, addresses_of, nameservers_above},
};

use super::{Doctor, Examined, look_there, look_through, not_seen};

/// A zone and who serves it: each server as it is told of, and where it is.
pub(super) struct Zone {
    pub(super) name: Name,
    pub(super) servers: Vec<(String, SocketAddr)>,
}

impl Doctor {
    /// Finds the zone that a name lies in, and its nameservers.
    pub(super) async fn find_zone(&self, name: &Name, examined: &mut Examined) -> Option<Zone> {
        let resolver = self.first()?;
        let subject = name.to_ascii();
        let (zone, hosts) = match nameservers_above(resolver, name).await {
            Ok(Some(found)) => found,
            Ok(None) => {
                examined.say(not_seen(&subject, "the resolver knows no zone above it"));
                return None;
            }
            Err(why) => {
                examined.say(not_seen(&subject, format!("its nameservers: {why}")));
                return None;
            }
        };
        if !self.asks_nameservers {
            let what = "nameservers are not asked, since they cannot be through --proxy";
            let finding = Finding::new(Severity::Info, Code::NotSeen, zone.to_ascii(), what);
            examined.say(finding);
            return Some(Zone {
                name: zone,
                servers: Vec::new(),
            });
        }
        let named = self.nameservers.iter();
        let mut servers: Vec<_> = named
            .map(|address| (address.to_string(), *address))
            .collect();
        for host in hosts.iter().filter(|_| self.nameservers.is_empty()) {
            let told = host.to_ascii();
            match addresses_of(resolver, host).await {
                Ok(found) if found.is_empty() => {
                    let evidence = format!("the nameserver {told} has no address");
                    let finding =
                        Finding::new(Severity::Error, Code::Addresses, zone.to_ascii(), evidence);
                    examined
                        .say(finding.fix("enter its A or AAAA record in the zone that it lies in"));
                }
                Ok(found) => servers.extend(found.into_iter().map(|ip| {
                    let address = SocketAddr::new(ip, self.port);
                    (format!("{told} ({address})"), address)
                })),
                Err(why) => examined.say(not_seen(&told, why)),
            }
        }
        Some(Zone {
            name: zone,
            servers,
        })
    }

    /// The records as every nameserver and every resolver shows them.
    pub(super) async fn views(
        &self,
        zone: Option<&Zone>,
        owner: &Name,
        examined: &mut Examined,
    ) -> Vec<View> {
        let mut views = Vec::new();
        for (told, address) in zone.iter().flat_map(|zone| &zone.servers) {
            let seen = look_there(*address, owner, RecordType::TXT, Carrier::Udp).await;
            if seen.is_ok()
                && let Err(why) = look_there(*address, owner, RecordType::TXT, Carrier::Tcp).await
            {
                let evidence = format!("{told} answers by datagrams, and not over TCP: {why}");
                let finding =
                    Finding::new(Severity::Warning, Code::NoTcp, owner.to_ascii(), evidence);
                examined.say(
                    finding.fix("open port 53 for TCP on the server and every firewall before it"),
                );
            }
            views.push(View {
                vantage: told.clone(),
                is_authority: true,
                seen,
            });
        }
        for resolver in &self.resolvers {
            let seen = look_through(resolver, owner, RecordType::TXT).await;
            views.push(View {
                vantage: resolver.server().to_string(),
                is_authority: false,
                seen,
            });
        }
        for view in &views {
            examined.note(view, "TXT records");
        }
        views
    }
}

impl Zone {
    /// The first server that answers for the zone, by what the views say.
    pub(super) fn answering(&self, views: &[View]) -> Option<SocketAddr> {
        let answers = |told: &str| {
            views.iter().any(|view| {
                view.vantage == told && view.seen.as_ref().is_ok_and(|seen| seen.is_authoritative)
            })
        };
        let mut servers = self.servers.iter();
        servers
            .find(|(told, _)| answers(told))
            .map(|(_, address)| *address)
    }
}

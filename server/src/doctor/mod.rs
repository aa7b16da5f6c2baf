//! `paynamed doctor`: what is still wrong with a server and its zones, seen as others see them.
//!
//! Here it is only gathered; what it means is judged by [`payname_resolver::doctor`], which the
//! command line of payers can use as well.

mod ask;
mod chain;
mod delegation;
mod here;
mod provided;
mod zone;

use std::net::SocketAddr;

use payname_resolver::{
    doctor::{Code, Finding, Report, Severity},
    hickory_proto::rr::Name,
};

use crate::{clock::Clock, config::Config};

/// How a server is examined.
#[derive(Debug, Clone)]
pub struct Doctor {
    /// The port at which nameservers of the zones are asked: 53, except before a set-up is public.
    pub port: u16,
    /// A nameserver of the zone above, if it is not to be looked for.
    pub parent: Option<SocketAddr>,
}

impl Default for Doctor {
    fn default() -> Self {
        Self {
            port: 53,
            parent: None,
        }
    }
}

impl Doctor {
    /// Looks at everything; nothing is changed.
    pub async fn examine(&self, config: &Config, clock: &Clock) -> Report {
        let mut findings = here::files(config);
        findings.extend(here::database(config).await);
        findings.extend(here::clock(config, clock.now()).await);
        let url = config.public_url.as_ref();
        findings.extend(here::public_url(url).await);
        let mut listeners = Vec::new();
        for address in &config.dns_listen {
            listeners.extend(here::reachable(*address, config, &mut findings).await);
        }
        for domain in &config.domains {
            let own = listeners.first().copied();
            findings.extend(zone::examine(self, config, domain, own, clock.now()).await);
        }
        for provided in &config.provided {
            findings.extend(provided::examine(self, config, provided, clock).await);
        }
        findings.into_iter().collect()
    }
}

/// Something that could not be looked at; what it would have shown is unknown.
fn not_seen(subject: &str, what: impl std::fmt::Display) -> Finding {
    Finding::new(Severity::Warning, Code::NotSeen, subject, what.to_string())
}

fn shown(zone: &Name) -> String {
    zone.to_ascii()
}

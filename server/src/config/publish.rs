//! `[domain.publish]`: who serves a domain's records, if not this server.

use std::sync::Arc;

use serde::{Deserialize, de::IgnoredAny};

use payname_resolver::Handle;
use payname_zones::{Denial, KeyPolicy};

use url::{Host, Url};

use super::{
    ConfigError, Distribution, Domain, Peer,
    check::Checker,
    hosted::{
        Hosted, WrittenCloudflare, WrittenGoogle, WrittenOvh, WrittenPorkbun, WrittenRoute53,
        WrittenToken,
    },
    secret::WrittenSecret,
    tsig::TsigKeys,
    written::{Written, WrittenDomain},
};
use crate::{
    clock::Clock,
    keys::PassphraseSource,
    publisher::{Api, OpenError, PowerDns, Provider, Rfc2136, Token},
};

/// A domain whose zone somebody else serves and signs.
#[derive(Debug, Clone)]
pub struct ProvidedDomain {
    /// The domain; what is about signing in it means nothing.
    pub domain: Domain,
    /// Who serves it.
    pub publish: Publish,
}

/// Who serves a domain's records, and how they are told.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Publish {
    /// A name server that takes updates (RFC 2136), with the key they are signed with.
    Rfc2136(Peer),
    /// PowerDNS by its HTTP API.
    PowerDns {
        /// Where the API is, such as `http://127.0.0.1:8081`.
        url: Url,
        /// What it calls the server.
        server_id: String,
        /// Where the API's key comes from.
        api_key: PassphraseSource,
    },
    /// A service by its API.
    Hosted(Hosted),
    /// Somebody, by hand.
    Manual,
}

/// `[domain.publish]`.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum WrittenPublish {
    Nameserver {},
    Rfc2136 {
        server: String,
        key: String,
    },
    PowerDns {
        url: String,
        #[serde(default = "localhost")]
        server_id: String,
        api_key: WrittenSecret,
    },
    Cloudflare(WrittenCloudflare),
    Desec(WrittenToken),
    DigitalOcean(IgnoredAny),
    Gandi(WrittenToken),
    Google(WrittenGoogle),
    Ovh(WrittenOvh),
    Porkbun(WrittenPorkbun),
    Route53(WrittenRoute53),
    Manual {},
}

fn localhost() -> String {
    "localhost".to_owned()
}

impl ProvidedDomain {
    /// The provider, ready to be asked; nothing is asked yet. None where it is done by hand.
    ///
    /// # Errors
    /// A secret cannot be had.
    pub fn open(&self, clock: &Clock) -> Result<Option<Arc<dyn Provider>>, OpenError> {
        let zone = self.domain.zone.clone();
        let provider: Arc<dyn Provider> = match &self.publish {
            Publish::Manual => return Ok(None),
            Publish::Rfc2136(peer) => Arc::new(Rfc2136::new(zone, peer.clone(), clock.clone())),
            Publish::PowerDns {
                url,
                server_id,
                api_key,
            } => {
                let key = Token::new(&api_key.fetch()?)?;
                let host = url.host_str().unwrap_or_default();
                let place = format!("PowerDNS at {host}");
                let api = Api::new(url, place, "`api_key` must be its `api-key`")?;
                let provider = PowerDns::new(api, url, server_id, &zone, key);
                Arc::new(provider.ok_or(OpenError::Zone(zone))?)
            }
            Publish::Hosted(hosted) => hosted.open(zone, clock)?,
        };
        Ok(Some(provider))
    }
}

impl Checker<'_> {
    /// The domains that other servers serve.
    pub(super) fn provided(
        &self,
        written: &Written,
        keys: &TsigKeys,
    ) -> Result<Vec<ProvidedDomain>, ConfigError> {
        let mut provided = Vec::new();
        for table in &written.domain {
            let Some(publish) = table.publish.as_ref() else {
                continue;
            };
            if let Some(publish) = self.publish(publish, keys)? {
                let domain = self.provided_domain(table)?;
                provided.push(ProvidedDomain { domain, publish });
            }
        }
        if !provided.is_empty() && written.prove.is_none() {
            let remedy = "add this table with a resolver (`dns`): what another server publishes counts once it is proven as the world sees it";
            return Err(self.invalid("prove", "", remedy));
        }
        Ok(provided)
    }

    fn publish(
        &self,
        written: &WrittenPublish,
        keys: &TsigKeys,
    ) -> Result<Option<Publish>, ConfigError> {
        Ok(match written {
            WrittenPublish::Nameserver {} => None,
            WrittenPublish::PowerDns {
                url,
                server_id,
                api_key,
            } => Some(Publish::PowerDns {
                url: self.api_url(url)?,
                server_id: server_id.clone(),
                api_key: self.secret("domain.publish.api_key", api_key)?,
            }),
            WrittenPublish::Cloudflare(written) => Some(Publish::Hosted(self.cloudflare(written)?)),
            WrittenPublish::Desec(written) => Some(Publish::Hosted(self.desec(written)?)),
            WrittenPublish::Gandi(written) => Some(Publish::Hosted(self.gandi(written)?)),
            WrittenPublish::Google(written) => Some(Publish::Hosted(self.google(written)?)),
            WrittenPublish::Ovh(written) => Some(Publish::Hosted(self.ovh(written)?)),
            WrittenPublish::Porkbun(written) => Some(Publish::Hosted(self.porkbun(written)?)),
            WrittenPublish::Route53(written) => Some(Publish::Hosted(self.route53(written)?)),
            WrittenPublish::DigitalOcean(_) => {
                let remedy = "it signs no zone (DNSSEC), so nobody could prove a name there; move the domain's DNS to a service that does, or serve the zone here";
                return Err(self.invalid("domain.publish.kind", "digitalocean", remedy));
            }
            WrittenPublish::Manual {} => Some(Publish::Manual),
            WrittenPublish::Rfc2136 { server, key } => {
                let address = self.address("domain.publish.server", server)?;
                let key = self.tsig_key("domain.publish.key", Some(key), keys)?;
                Some(Publish::Rfc2136(Peer {
                    place: 1,
                    address,
                    key,
                }))
            }
        })
    }

    /// The URL of an interface: encrypted, unless it never leaves this machine.
    pub(super) fn api_url(&self, text: &str) -> Result<Url, ConfigError> {
        let key = "domain.publish.url";
        let remedy = "write an https:// URL without user, query and fragment; http:// only for an address of this machine, such as \"http://127.0.0.1:8081\"";
        let invalid = || self.invalid(key, text, remedy);
        let url: Url = text.parse().map_err(|_| invalid())?;
        let is_here = match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => return Err(invalid()),
        };
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        match url.scheme() {
            "https" if is_bare => Ok(url),
            "http" if is_bare && is_here => Ok(url),
            _ => Err(invalid()),
        }
    }

    fn provided_domain(&self, written: &WrittenDomain) -> Result<Domain, ConfigError> {
        let handle = Handle::new("user", &written.name)
            .map_err(|error| self.invalid("domain.name", &written.name, error.to_string()))?;
        let name = handle.domain().to_owned();
        let zone = self.name("domain.zone", written.zone.as_deref().unwrap_or(&name))?;
        if !zone.zone_of(&handle.owner_name().base_name()) {
            let remedy = format!("it must be the zone that {name} lies in, such as {name}");
            return Err(self.invalid("domain.zone", &zone.to_string(), remedy));
        }
        self.refuse_own(written)?;
        let least_ttl = match written.publish {
            // It knows one less, which it calls automatic.
            Some(WrittenPublish::Cloudflare(_) | WrittenPublish::Ovh(_)) => 60,
            Some(WrittenPublish::Gandi(_)) => 300,
            Some(WrittenPublish::Porkbun(_)) => 600,
            _ => 1,
        };
        let nameservers = written.nameservers.iter();
        let nameservers = nameservers.map(|text| self.host(text));
        Ok(Domain {
            name,
            zone,
            nameservers: nameservers.collect::<Result<_, _>>()?,
            addresses: Vec::new(),
            ttl: self.within("domain.ttl", written.ttl, least_ttl, 86_400)?,
            negative_ttl: self.within("domain.negative_ttl", written.negative_ttl, 1, 86_400)?,
            signature_days: written.signature_days,
            keys: KeyPolicy::default(),
            records: None,
            denial: Denial::Compact,
            distribution: Distribution::default(),
            terms: self.terms(&written.policy)?,
            entry: self.entry(written)?,
            nostr: self.nostr(&written.nostr)?,
        })
    }

    /// Refuses what is only for zones that this server serves itself.
    fn refuse_own(&self, written: &WrittenDomain) -> Result<(), ConfigError> {
        let own = [
            ("domain.records", written.records.is_some()),
            ("domain.secondaries", !written.secondaries.is_empty()),
            ("domain.transfer", !written.transfer.is_empty()),
            ("domain.denial", written.denial.is_some()),
            ("domain.addresses", !written.addresses.is_empty()),
        ];
        match own.iter().find(|(_, is_there)| *is_there) {
            None => Ok(()),
            Some((key, _)) => {
                let remedy = "leave it out: it is for zones that this server serves itself, and `domain.publish` names another";
                Err(self.invalid(key, "…", remedy))
            }
        }
    }
}

impl Written {
    /// The domains whose zones this server serves itself.
    pub(super) fn own_domains(&self) -> impl Iterator<Item = &WrittenDomain> {
        self.domain
            .iter()
            .filter(|domain| matches!(domain.publish, None | Some(WrittenPublish::Nameserver {})))
    }
}

//! `[domain.publish]`: who serves a domain's records, if not this server.

use std::sync::Arc;

use serde::Deserialize;

use payname_resolver::Handle;
use payname_zones::{Denial, KeyPolicy};

use url::{Host, Url};

use super::{
    ConfigError, Distribution, Domain, Peer,
    check::Checker,
    secret::WrittenSecret,
    tsig::TsigKeys,
    written::{Written, WrittenDomain},
};
use crate::{
    clock::Clock,
    keys::PassphraseSource,
    publisher::{
        Api, CLOUDFLARE, Cloudflare, OpenError, PowerDns, Provider, ROUTE53, Rfc2136, Route53,
        Token,
    },
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
    /// Cloudflare by its API.
    Cloudflare {
        /// Where the API is.
        url: Url,
        /// The zone's id.
        zone_id: String,
        /// Where a token comes from that may edit the zone's records.
        token: PassphraseSource,
    },
    /// Amazon Route 53 by its API.
    Route53 {
        /// Where the API is.
        url: Url,
        /// The hosted zone's id.
        zone_id: String,
        /// The id of an access key that may read and change the zone's records.
        access_key_id: String,
        /// Where the access key's secret comes from.
        secret_access_key: PassphraseSource,
    },
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
    Cloudflare {
        url: Option<String>,
        zone_id: String,
        token: WrittenSecret,
    },
    Route53 {
        url: Option<String>,
        zone_id: String,
        access_key_id: String,
        secret_access_key: WrittenSecret,
    },
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
            Publish::Route53 {
                url,
                zone_id,
                access_key_id,
                secret_access_key,
            } => {
                let key = Token::new(&secret_access_key.fetch()?)?;
                let key = (access_key_id.clone(), key);
                let remedy = "the access key must be allowed route53:ListResourceRecordSets, route53:ChangeResourceRecordSets and route53:GetDNSSEC for this hosted zone, and the clock must be right";
                let api = Api::new(url, "Route 53".to_owned(), remedy)?;
                let provider = Route53::new(api, url, zone_id, &zone, key, clock.clone());
                Arc::new(provider.ok_or(OpenError::Zone(zone))?)
            }
            Publish::Cloudflare {
                url,
                zone_id,
                token,
            } => {
                let token = Token::new(&token.fetch()?)?;
                let remedy = "`token` must be a token with the permission DNS:Edit for this zone";
                let api = Api::new(url, "Cloudflare".to_owned(), remedy)?;
                let provider = Cloudflare::new(api, url, zone_id, &zone, token);
                Arc::new(provider.ok_or(OpenError::Zone(zone))?)
            }
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
            WrittenPublish::Cloudflare {
                url,
                zone_id,
                token,
            } => {
                let is_id = zone_id.len() == 32 && zone_id.bytes().all(|b| b.is_ascii_hexdigit());
                if !is_id {
                    let remedy = "write the zone's id, 32 hex digits on its overview page";
                    return Err(self.invalid("domain.publish.zone_id", zone_id, remedy));
                }
                Some(Publish::Cloudflare {
                    url: self.api_url(url.as_deref().unwrap_or(CLOUDFLARE))?,
                    zone_id: zone_id.clone(),
                    token: self.secret("domain.publish.token", token)?,
                })
            }
            WrittenPublish::Route53 {
                url,
                zone_id,
                access_key_id,
                secret_access_key,
            } => {
                let is_id = |text: &str| {
                    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
                };
                for (key, id) in [("zone_id", zone_id), ("access_key_id", access_key_id)] {
                    if !is_id(id) {
                        let key = format!("domain.publish.{key}");
                        let remedy =
                            "write the id alone, letters and digits such as \"Z111111QQQQQQQ\"";
                        return Err(self.invalid(&key, id, remedy));
                    }
                }
                Some(Publish::Route53 {
                    url: self.api_url(url.as_deref().unwrap_or(ROUTE53))?,
                    zone_id: zone_id.clone(),
                    access_key_id: access_key_id.clone(),
                    secret_access_key: self
                        .secret("domain.publish.secret_access_key", secret_access_key)?,
                })
            }
            WrittenPublish::Manual {} => Some(Publish::Manual),
            WrittenPublish::Rfc2136 { server, key } => {
                let address = self.address("domain.publish.server", server)?;
                let key = self.tsig_key("domain.publish.key", Some(key), keys)?;
                Some(Publish::Rfc2136(Peer { address, key }))
            }
        })
    }

    /// The URL of an interface: encrypted, unless it never leaves this machine.
    fn api_url(&self, text: &str) -> Result<Url, ConfigError> {
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
        // It knows one less, which it calls automatic.
        let least_ttl = match written.publish {
            Some(WrittenPublish::Cloudflare { .. }) => 60,
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

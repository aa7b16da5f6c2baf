//! `[domain.publish]` for a DNS service that is told by its API: where that is, and by what it knows us.

use std::sync::Arc;

use payname_resolver::hickory_proto::rr::Name;
use serde::Deserialize;
use url::Url;

use super::{ConfigError, check::Checker, secret::WrittenSecret};
use crate::{
    clock::Clock,
    keys::PassphraseSource,
    publisher::{
        Account, Api, CLOUDFLARE, Cloudflare, DESEC, Desec, GANDI, GOOGLE, Gandi, Google, OVH,
        OpenError, Ovh, OvhKeys, PORKBUN, Porkbun, Provider, ROUTE53, Route53, Token,
    },
};

/// A zone at a service.
#[derive(Debug, Clone)]
pub struct Hosted {
    /// Where the API is.
    pub url: Url,
    /// Whose it is, and by what it knows us.
    pub account: HostedAccount,
}

/// A service, and by what it knows us.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum HostedAccount {
    /// Cloudflare.
    Cloudflare {
        /// The zone's id.
        zone_id: String,
        /// Where a token comes from that may edit the zone's records.
        token: PassphraseSource,
    },
    /// Amazon Route 53.
    Route53 {
        /// The hosted zone's id.
        zone_id: String,
        /// The id of an access key that may read and change the zone's records.
        access_key_id: String,
        /// Where the access key's secret comes from.
        secret_access_key: PassphraseSource,
    },
    /// deSEC, with where a token comes from that may read and write the zone.
    Desec(PassphraseSource),
    /// Gandi LiveDNS, with where a personal access token comes from that may change the zone.
    Gandi(PassphraseSource),
    /// Google Cloud DNS.
    Google {
        /// The project's id.
        project: String,
        /// What the zone is called there.
        managed_zone: String,
        /// Where the key file of a service account comes from that may change the zone.
        service_account: PassphraseSource,
    },
    /// OVHcloud.
    Ovh {
        /// The application's key.
        application_key: String,
        /// Where the application's secret comes from.
        application_secret: PassphraseSource,
        /// Where the consumer key comes from that may change the zone.
        consumer_key: PassphraseSource,
    },
    /// Porkbun.
    Porkbun {
        /// Where the API key comes from.
        api_key: PassphraseSource,
        /// Where its secret comes from.
        secret_api_key: PassphraseSource,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenCloudflare {
    url: Option<String>,
    zone_id: String,
    token: WrittenSecret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenRoute53 {
    url: Option<String>,
    zone_id: String,
    access_key_id: String,
    secret_access_key: WrittenSecret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenToken {
    url: Option<String>,
    token: WrittenSecret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenGoogle {
    url: Option<String>,
    project: String,
    managed_zone: String,
    service_account: WrittenSecret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenOvh {
    url: Option<String>,
    application_key: String,
    application_secret: WrittenSecret,
    consumer_key: WrittenSecret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenPorkbun {
    url: Option<String>,
    api_key: WrittenSecret,
    secret_api_key: WrittenSecret,
}

impl Hosted {
    /// The provider, ready to be asked; nothing is asked yet.
    pub(super) fn open(&self, zone: Name, clock: &Clock) -> Result<Arc<dyn Provider>, OpenError> {
        let url = &self.url;
        let api = |place: &str, remedy| Api::new(url, place.to_owned(), remedy);
        let token = |source: &PassphraseSource| Token::new(&source.fetch()?);
        Ok(match &self.account {
            HostedAccount::Cloudflare {
                zone_id,
                token: source,
            } => {
                let remedy = "`token` must be a token with the permission DNS:Edit for this zone";
                let api = api("Cloudflare", remedy)?;
                let provider = Cloudflare::new(api, url, zone_id, &zone, token(source)?);
                Arc::new(provider.ok_or(OpenError::Zone(zone))?)
            }
            HostedAccount::Route53 {
                zone_id,
                access_key_id,
                secret_access_key,
            } => {
                let remedy = "the access key must be allowed route53:ListResourceRecordSets, route53:ChangeResourceRecordSets and route53:GetDNSSEC for this hosted zone, and the clock must be right";
                let api = api("Route 53", remedy)?;
                let key = (access_key_id.clone(), token(secret_access_key)?);
                let provider = Route53::new(api, url, zone_id, &zone, key, clock.clone());
                Arc::new(provider.ok_or(OpenError::Zone(zone))?)
            }
            HostedAccount::Desec(source) => {
                let remedy = "`token` must be a token of the account that has this zone, and its policies must let it write TXT records";
                Arc::new(Desec::new(
                    api("deSEC", remedy)?,
                    url,
                    &zone,
                    token(source)?,
                ))
            }
            HostedAccount::Gandi(source) => {
                let remedy = "`token` must be a personal access token that may manage the technical configuration of this domain, and it ends";
                let api = api("Gandi LiveDNS", remedy)?;
                Arc::new(Gandi::new(api, url, &zone, token(source)?))
            }
            HostedAccount::Google {
                project,
                managed_zone,
                service_account,
            } => {
                let remedy = "the service account must have the role DNS Administrator for this managed zone or its project, its key must not be disabled, and the clock must be right";
                let api = api("Google Cloud DNS", remedy)?;
                let account = Account::new(&service_account.fetch()?)?;
                let place = (project.as_str(), managed_zone.as_str());
                Arc::new(Google::new(api, url, place, &zone, account, clock.clone()))
            }
            HostedAccount::Ovh {
                application_key,
                application_secret,
                consumer_key,
            } => {
                let remedy = "the keys must be allowed GET, POST, PUT and DELETE for /domain/zone/ZONE and all below it, at this `url`, and the clock must be right";
                let keys = OvhKeys {
                    application: application_key.clone(),
                    secret: token(application_secret)?,
                    consumer: token(consumer_key)?,
                };
                let api = api("OVHcloud", remedy)?;
                Arc::new(Ovh::new(api, url, &zone, keys, clock.clone()))
            }
            HostedAccount::Porkbun {
                api_key,
                secret_api_key,
            } => {
                let remedy = "`api_key` and `secret_api_key` must belong together, and API access must be turned on for this domain";
                let (key, secret) = (token(api_key)?, token(secret_api_key)?);
                Arc::new(Porkbun::new(
                    api("Porkbun", remedy)?,
                    url,
                    &zone,
                    key,
                    secret,
                ))
            }
        })
    }
}

impl Checker<'_> {
    pub(super) fn cloudflare(&self, written: &WrittenCloudflare) -> Result<Hosted, ConfigError> {
        let zone_id = &written.zone_id;
        let is_id = zone_id.len() == 32 && zone_id.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_id {
            let remedy = "write the zone's id, 32 hex digits on its overview page";
            return Err(self.invalid("domain.publish.zone_id", zone_id, remedy));
        }
        let account = HostedAccount::Cloudflare {
            zone_id: zone_id.clone(),
            token: self.secret("domain.publish.token", &written.token)?,
        };
        self.hosted(written.url.as_deref(), CLOUDFLARE, account)
    }

    pub(super) fn route53(&self, written: &WrittenRoute53) -> Result<Hosted, ConfigError> {
        let WrittenRoute53 {
            zone_id,
            access_key_id,
            ..
        } = written;
        for (key, id) in [("zone_id", zone_id), ("access_key_id", access_key_id)] {
            let remedy = "write the id alone, letters and digits such as \"Z111111QQQQQQQ\"";
            self.id(key, id, "", remedy)?;
        }
        let secret = &written.secret_access_key;
        let account = HostedAccount::Route53 {
            zone_id: zone_id.clone(),
            access_key_id: access_key_id.clone(),
            secret_access_key: self.secret("domain.publish.secret_access_key", secret)?,
        };
        self.hosted(written.url.as_deref(), ROUTE53, account)
    }

    pub(super) fn desec(&self, written: &WrittenToken) -> Result<Hosted, ConfigError> {
        let token = self.secret("domain.publish.token", &written.token)?;
        self.hosted(written.url.as_deref(), DESEC, HostedAccount::Desec(token))
    }

    pub(super) fn gandi(&self, written: &WrittenToken) -> Result<Hosted, ConfigError> {
        let token = self.secret("domain.publish.token", &written.token)?;
        self.hosted(written.url.as_deref(), GANDI, HostedAccount::Gandi(token))
    }

    pub(super) fn google(&self, written: &WrittenGoogle) -> Result<Hosted, ConfigError> {
        let WrittenGoogle {
            project,
            managed_zone,
            ..
        } = written;
        let remedy = "write the project's id, such as \"payments-123456\"";
        self.id("project", project, "-.:", remedy)?;
        let remedy =
            "write what the zone is called there, such as \"example-com\", not its DNS name";
        self.id("managed_zone", managed_zone, "-", remedy)?;
        let account = HostedAccount::Google {
            project: project.clone(),
            managed_zone: managed_zone.clone(),
            service_account: self
                .secret("domain.publish.service_account", &written.service_account)?,
        };
        self.hosted(written.url.as_deref(), GOOGLE, account)
    }

    pub(super) fn ovh(&self, written: &WrittenOvh) -> Result<Hosted, ConfigError> {
        let application_key = &written.application_key;
        let remedy = "write the application's key, letters and digits";
        self.id("application_key", application_key, "", remedy)?;
        let secret = &written.application_secret;
        let account = HostedAccount::Ovh {
            application_key: application_key.clone(),
            application_secret: self.secret("domain.publish.application_secret", secret)?,
            consumer_key: self.secret("domain.publish.consumer_key", &written.consumer_key)?,
        };
        self.hosted(written.url.as_deref(), OVH, account)
    }

    pub(super) fn porkbun(&self, written: &WrittenPorkbun) -> Result<Hosted, ConfigError> {
        let secret = &written.secret_api_key;
        let account = HostedAccount::Porkbun {
            api_key: self.secret("domain.publish.api_key", &written.api_key)?,
            secret_api_key: self.secret("domain.publish.secret_api_key", secret)?,
        };
        self.hosted(written.url.as_deref(), PORKBUN, account)
    }

    fn hosted(
        &self,
        url: Option<&str>,
        usual: &str,
        account: HostedAccount,
    ) -> Result<Hosted, ConfigError> {
        let url = self.api_url(url.unwrap_or(usual))?;
        Ok(Hosted { url, account })
    }

    /// Refuses an id that has other characters than letters, digits and these.
    fn id(&self, key: &str, id: &str, others: &str, remedy: &str) -> Result<(), ConfigError> {
        let is_fine = |one: char| one.is_ascii_alphanumeric() || others.contains(one);
        if !id.is_empty() && id.chars().all(is_fine) {
            return Ok(());
        }
        Err(self.invalid(&format!("domain.publish.{key}"), id, remedy))
    }
}

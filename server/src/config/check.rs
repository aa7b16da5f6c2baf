//! From what is written to what is meant; knows which file and key to blame.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use payname_resolver::{
    Handle, TrustAnchors, hickory_proto::rr::Name, lightning::bitcoin::Network, net::DnsServerError,
};
use payname_zones::{KeyAlgorithm, KeyPolicy, Scheme};
use url::Url;

use super::{
    Config, ConfigError, Domain, Prove,
    tsig::TsigKeys,
    written::{Written, WrittenDomain, WrittenProve},
};

/// Checks one file.
pub(super) struct Checker<'a> {
    /// To be named in errors.
    pub(super) file: &'a Path,
    /// Where its relative paths start.
    pub(super) directory: &'a Path,
}

impl Checker<'_> {
    /// Everything in its turn; the first mistake ends it.
    pub(super) fn check(&self, written: Written) -> Result<Config, ConfigError> {
        let keys = self.tsig_keys(&written.tsig)?;
        let domains = written.own_domains();
        let domains = domains.map(|domain| self.domain(domain, &keys));
        let domains = domains.collect::<Result<Vec<_>, _>>()?;
        let provided = self.provided(&written, &keys)?;
        let names = provided.iter().map(|provided| &provided.domain);
        self.check_domains(&domains.iter().chain(names).collect::<Vec<_>>())?;
        let secondaries = self.secondaries(&written.secondary, &domains, &keys)?;
        let catalog = written.catalog.as_ref();
        let catalog = catalog.map(|table| self.catalog(table, &domains, &secondaries, &keys));
        let dns_listen = written
            .dns
            .listen
            .iter()
            .map(|text| self.address("dns.listen", text));
        let dns_listen = dns_listen.collect::<Result<Vec<_>, _>>()?;
        let serves_zones = !domains.is_empty() || !secondaries.is_empty();
        if dns_listen.is_empty() {
            return Err(self.invalid(
                "dns.listen",
                "[]",
                "name at least one address, such as \"[::]:53\"",
            ));
        }
        let http_listen = self.address("http.listen", &written.http.listen)?;
        let metrics_listen = written.http.metrics_listen.as_ref();
        let metrics_listen = metrics_listen.map(|text| self.address("http.metrics_listen", text));
        if written.public_url.is_none() && http_listen.ip().is_unspecified() {
            let remedy = "write the URL that clients sign their requests for, such as \"https://names.example.com\"; it cannot be told from http.listen";
            return Err(self.invalid("public_url", "", remedy));
        }
        if written.data_dir.as_os_str().is_empty() {
            let remedy = "name a directory of its own, such as \"/var/lib/payname\"";
            return Err(self.invalid("data_dir", "", remedy));
        }
        let keys_passphrase = self.passphrase(&written)?;
        Ok(Config {
            public_url: written
                .public_url
                .map(|text| self.public_url(&text))
                .transpose()?,
            data_dir: self.directory.join(&written.data_dir),
            keys_passphrase,
            network: self.network(&written.network)?,
            allow_onchain: written.allow_onchain,
            http_listen,
            metrics_listen: metrics_listen.transpose()?,
            http: self.http_serving(&written.http)?,
            web: self.web(&written.web)?,
            // Without a zone there is nothing to answer.
            dns_listen: if serves_zones { dns_listen } else { Vec::new() },
            serving: self.serving(&written.dns)?,
            domains,
            provided,
            secondaries,
            catalog: catalog.transpose()?,
            tsig: keys,
            prove: written.prove.map(|prove| self.prove(&prove)).transpose()?,
            database: written
                .database
                .map(|database| self.database(&database))
                .transpose()?,
        })
    }

    fn check_domains(&self, domains: &[&Domain]) -> Result<(), ConfigError> {
        if domains.is_empty() {
            return Err(self.invalid(
                "domain",
                "",
                "add a [[domain]] table with `name` and `nameservers`",
            ));
        }
        for (index, domain) in domains.iter().enumerate() {
            if domains
                .iter()
                .take(index)
                .any(|other| other.name == domain.name)
            {
                return Err(self.invalid("domain.name", &domain.name, "write every domain once"));
            }
        }
        Ok(())
    }

    fn domain(&self, written: &WrittenDomain, tsig: &TsigKeys) -> Result<Domain, ConfigError> {
        // The name must make handles, so it is checked as part of one.
        let handle = Handle::new("user", &written.name)
            .map_err(|error| self.invalid("domain.name", &written.name, error.to_string()))?;
        let name = handle.domain().to_owned();
        let zone = self.name("domain.zone", written.zone.as_deref().unwrap_or(&name))?;
        let apex = self.name("domain.name", &name)?;
        let users = handle.owner_name().base_name();
        if !(apex.zone_of(&zone) && zone.zone_of(&users)) {
            let remedy = format!(
                "it must be {name}, _bitcoin-payment.{name} or user._bitcoin-payment.{name}"
            );
            return Err(self.invalid("domain.zone", &zone.to_string(), remedy));
        }
        let nameservers = written.nameservers.iter();
        let nameservers = nameservers.map(|text| self.host(text));
        let nameservers = nameservers.collect::<Result<Vec<_>, _>>()?;
        if nameservers.is_empty() {
            return Err(self.invalid(
                "domain.nameservers",
                "[]",
                "name at least one, such as \"ns1.example.com\"",
            ));
        }
        let addresses = written.addresses.iter().map(|text| {
            text.parse().map_err(|_| {
                self.invalid(
                    "domain.addresses",
                    text,
                    "write IP addresses without ports, such as \"192.0.2.53\"",
                )
            })
        });
        let addresses = addresses.collect::<Result<Vec<_>, _>>()?;
        if addresses.is_empty()
            && let Some(inside) = nameservers.iter().find(|server| zone.zone_of(server))
        {
            let remedy = format!(
                "{inside} lies in the zone; add its public addresses: addresses = [\"192.0.2.53\"]"
            );
            return Err(self.invalid("domain.addresses", "[]", remedy));
        }
        let (peers, permits) = (&written.secondaries, &written.transfer);
        let distribution = self.distribution("domain", peers, permits, tsig)?;
        Ok(Domain {
            name,
            zone,
            nameservers,
            addresses,
            ttl: self.within("domain.ttl", written.ttl, 1, 86_400)?,
            negative_ttl: self.within("domain.negative_ttl", written.negative_ttl, 1, 300)?,
            signature_days: self.within("domain.signature_days", written.signature_days, 1, 60)?,
            keys: self.keys(written)?,
            records: self.records(written)?,
            denial: self.denial(written.denial.as_deref(), &distribution)?,
            distribution,
            terms: self.terms(&written.policy)?,
            entry: self.entry(written)?,
            nostr: self.nostr(&written.nostr)?,
        })
    }

    fn records(&self, written: &WrittenDomain) -> Result<Option<PathBuf>, ConfigError> {
        let Some(path) = &written.records else {
            return Ok(None);
        };
        if path.file_name().is_none() {
            let remedy = "name a master file of records, such as \"example.com.zone\"";
            return Err(self.invalid("domain.records", &path.display().to_string(), remedy));
        }
        Ok(Some(self.directory.join(path)))
    }

    fn keys(&self, written: &WrittenDomain) -> Result<KeyPolicy, ConfigError> {
        let scheme = match written.keys.as_str() {
            "single" => Scheme::Single,
            "split" => Scheme::Split,
            other => {
                let remedy = "write \"single\" (one key) or \"split\" (KSK and ZSK)";
                return Err(self.invalid("domain.keys", other, remedy));
            }
        };
        let algorithm = KeyAlgorithm::try_from(written.algorithm).map_err(|error| {
            let value = written.algorithm.to_string();
            self.invalid("domain.algorithm", &value, error.to_string())
        })?;
        let days = self.within("domain.zsk_days", written.zsk_days, 7, 3650)?;
        let day = Duration::from_secs(86_400);
        Ok(KeyPolicy {
            scheme,
            algorithm,
            zsk_lifetime: Some(day.saturating_mul(days)),
            ..KeyPolicy::default()
        })
    }

    fn prove(&self, written: &WrittenProve) -> Result<Prove, ConfigError> {
        let anchors = match &written.anchors {
            None => TrustAnchors::iana(),
            Some(path) => self.anchors(&self.directory.join(path))?,
        };
        let dns = written.dns.parse();
        let dns = dns.map_err(|error: DnsServerError| {
            self.invalid("prove.dns", &written.dns, error.to_string())
        })?;
        Ok(Prove { dns, anchors })
    }

    fn anchors(&self, path: &Path) -> Result<TrustAnchors, ConfigError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            self.invalid(
                "prove.anchors",
                &shown,
                format!("it cannot be read: {error}"),
            )
        })?;
        TrustAnchors::parse(&text)
            .map_err(|error| self.invalid("prove.anchors", &shown, error.to_string()))
    }

    fn public_url(&self, text: &str) -> Result<Url, ConfigError> {
        let remedy = "write http:// or https://, a host and perhaps a path, such as \"https://names.example.com\"";
        let url: Url = text
            .parse()
            .map_err(|_| self.invalid("public_url", text, remedy))?;
        let is_plain = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if is_plain {
            Ok(url)
        } else {
            Err(self.invalid("public_url", text, remedy))
        }
    }

    fn network(&self, text: &str) -> Result<Network, ConfigError> {
        match text {
            "bitcoin" => Ok(Network::Bitcoin),
            "testnet" => Ok(Network::Testnet),
            "signet" => Ok(Network::Signet),
            "regtest" => Ok(Network::Regtest),
            _ => Err(self.invalid("network", text, "write bitcoin, testnet, signet or regtest")),
        }
    }

    pub(super) fn address(&self, key: &str, text: &str) -> Result<SocketAddr, ConfigError> {
        text.parse().map_err(|_| {
            self.invalid(
                key,
                text,
                "write an IP address and a port, such as \"127.0.0.1:8080\" or \"[::1]:53\"",
            )
        })
    }

    pub(super) fn name(&self, key: &str, text: &str) -> Result<Name, ConfigError> {
        let mut name = Name::from_ascii(text).map_err(|_| {
            self.invalid(key, text, "write a DNS name, such as \"ns1.example.com\"")
        })?;
        name.set_fqdn(true);
        if name.is_root() {
            return Err(self.invalid(key, text, "write a DNS name, such as \"ns1.example.com\""));
        }
        Ok(name.to_lowercase())
    }

    /// The name of a nameserver: whole, of the letters that hosts have, and no address.
    pub(super) fn host(&self, text: &str) -> Result<Name, ConfigError> {
        let key = "domain.nameservers";
        let name = self.name(key, text)?;
        let is_host = |label: &[u8]| {
            let inner = label
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || *b == b'-');
            inner && !label.starts_with(b"-") && !label.ends_with(b"-")
        };
        let is_number = |label: &[u8]| label.iter().all(u8::is_ascii_digit);
        let labels = || name.iter();
        if labels().len() > 1
            && labels().all(is_host)
            && !labels().next_back().is_some_and(is_number)
        {
            return Ok(name);
        }
        let remedy = "write the whole name of a host, such as \"ns1.example.com\"; its address belongs into `addresses`";
        Err(self.invalid(key, text, remedy))
    }

    pub(super) fn within(
        &self,
        key: &str,
        value: u32,
        least: u32,
        most: u32,
    ) -> Result<u32, ConfigError> {
        if (least..=most).contains(&value) {
            return Ok(value);
        }
        Err(self.invalid(
            key,
            &value.to_string(),
            format!("write a number from {least} to {most}"),
        ))
    }

    pub(super) fn invalid(&self, key: &str, value: &str, remedy: impl Into<String>) -> ConfigError {
        ConfigError::Invalid {
            file: self.file.to_owned(),
            key: key.to_owned(),
            value: value.to_owned(),
            remedy: remedy.into(),
        }
    }
}

//! A name or a domain, looked at from everywhere.

use payname_resolver::{
    Handle, Outcome, Record,
    doctor::{
        Code, Finding, Seen, Severity, View, WrongPlace, judge_name, judge_texts, judge_ttl,
        judge_uri, judge_views,
    },
    hickory_proto::rr::{Name, RecordType},
    net::Carrier,
};

use super::{Doctor, Examined, look_there, look_through, servers::Zone};

impl Doctor {
    /// Everything about one payment name as it is written.
    pub(crate) async fn examine_name(&self, text: &str) -> Examined {
        let mut examined = Examined {
            findings: judge_name(text),
            ..Examined::default()
        };
        let handle = text
            .parse()
            .or_else(|_| Handle::from_unicode(text.trim_start_matches('₿')));
        let Ok(handle) = handle else { return examined };
        let owner = handle.owner_name();
        let zone = self.find_zone(owner, &mut examined).await;
        let views = self.views(zone.as_ref(), owner, &mut examined).await;
        let server = zone.as_ref().and_then(|zone| zone.answering(&views));
        let negative_ttl = match (&zone, server) {
            (Some(zone), Some(server)) => self.negative_ttl(zone, server).await,
            _ => None,
        };
        examined
            .findings
            .extend(judge_views(owner, &views, negative_ttl));
        match shown(&views) {
            Some((seen, ttl)) => self.record(&handle, seen, ttl, &mut examined),
            // Nobody answers, which has been said.
            None if views.iter().all(|view| view.seen.is_err()) => {}
            None => self.missing(&handle, &mut examined).await,
        }
        if let Some(zone) = &zone {
            let name = handle.as_str();
            let chain = self
                .chain(name, &zone.name, owner, server, &mut examined)
                .await;
            let is_signed = chain.is_some_and(|chain| {
                matches!(chain.outcome, Outcome::Secure(_) | Outcome::Denied(_))
            });
            if is_signed {
                self.parent(&zone.name, &mut examined).await;
            }
            if let Some(server) = server {
                let has_names = shown(&views).is_some();
                self.denials(
                    &zone.name,
                    handle.domain(),
                    server,
                    has_names,
                    &mut examined,
                )
                .await;
            }
        }
        without_repetitions(examined)
    }

    /// A domain without a name: its nameservers, its chain, how it denies.
    pub(crate) async fn examine_domain(&self, domain: &str) -> Examined {
        let mut examined = Examined::default();
        let domain = domain.trim_end_matches('.').to_ascii_lowercase();
        let Ok(owner) = Name::from_ascii(format!("user._bitcoin-payment.{domain}.")) else {
            let finding = Finding::new(
                Severity::Error,
                Code::TooLong,
                domain,
                "DNS has no such name",
            );
            examined
                .say(finding.fix(
                    "write a domain such as example.com, or a name such as alice@example.com",
                ));
            return examined;
        };
        let Some(zone) = self.find_zone(&owner, &mut examined).await else {
            return examined;
        };
        let views = self.views(Some(&zone), &owner, &mut examined).await;
        let negative_ttl = None;
        examined
            .findings
            .extend(judge_views(&owner, &views, negative_ttl));
        let server = zone.answering(&views);
        let chain = self
            .chain(&domain, &zone.name, &owner, server, &mut examined)
            .await;
        if chain
            .is_some_and(|chain| matches!(chain.outcome, Outcome::Secure(_) | Outcome::Denied(_)))
        {
            self.parent(&zone.name, &mut examined).await;
        }
        if let Some(server) = server {
            self.denials(&zone.name, &domain, server, false, &mut examined)
                .await;
        }
        without_repetitions(examined)
    }

    /// The record that was found: its strings, its URI, its TTL.
    fn record(&self, handle: &Handle, seen: &Seen, ttl: Option<u32>, examined: &mut Examined) {
        let texts = judge_texts(handle.owner_name(), &seen.data);
        let is_readable = texts
            .iter()
            .all(|finding| finding.severity != Severity::Error);
        examined.findings.extend(texts);
        let data = seen.data.iter().map(Vec::as_slice);
        if let Ok(record) = Record::from_txt(data) {
            let name = handle.as_str();
            if is_readable {
                examined
                    .findings
                    .extend(judge_uri(name, record.uri(), self.network, self.now));
            }
            let ttl = ttl.and_then(|ttl| judge_ttl(name, ttl, record.uri(), self.now));
            examined.findings.extend(ttl);
        }
    }

    /// There is no record: was it put elsewhere?
    async fn missing(&self, handle: &Handle, examined: &mut Examined) {
        let Some(resolver) = self.first() else { return };
        for place in WrongPlace::all(handle) {
            let Ok(seen) = look_through(resolver, &place.owner, RecordType::TXT).await else {
                continue;
            };
            if seen.payment().is_some() {
                examined.say(place.finding(handle));
                return;
            }
        }
        let none: [&[u8]; 0] = [];
        examined
            .findings
            .extend(judge_texts(handle.owner_name(), &none));
    }

    /// How long resolvers remember that there is nothing: the SOA's minimum (RFC 2308 §4).
    async fn negative_ttl(&self, zone: &Zone, server: std::net::SocketAddr) -> Option<u32> {
        let seen = look_there(server, &zone.name, RecordType::SOA, Carrier::Udp)
            .await
            .ok()?;
        let (_, minimum) = seen.data.first()?.split_last_chunk::<4>()?;
        Some(u32::from_be_bytes(*minimum))
    }
}

/// What there is, as the first nameserver has it, else a resolver; its signed TTL, where known.
fn shown(views: &[View]) -> Option<(&Seen, Option<u32>)> {
    let has = |is_authority: bool| {
        let mut views = views
            .iter()
            .filter(move |view| view.is_authority == is_authority);
        views.find_map(move |view| {
            let seen = view.seen.as_ref().ok()?;
            let is_good = !seen.data.is_empty() && seen.is_authoritative;
            is_good.then_some((seen, is_authority.then_some(seen.ttl)))
        })
    };
    has(true).or_else(|| has(false))
}

/// The same thing seen twice is told once.
fn without_repetitions(mut examined: Examined) -> Examined {
    let mut kept: Vec<Finding> = Vec::new();
    for finding in examined.findings {
        let is_wildcard =
            |known: &Finding| known.code == Code::Wildcard && finding.code == Code::Wildcard;
        if !kept
            .iter()
            .any(|known| *known == finding || is_wildcard(known))
        {
            kept.push(finding);
        }
    }
    examined.findings = kept;
    examined
}

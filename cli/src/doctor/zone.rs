//! The zone of a name: its chain from the anchors, its keys, and how it denies names.

use std::net::SocketAddr;

use payname_resolver::{
    Outcome,
    doctor::{
        Code, Ds, Finding, Severity, judge_chain, judge_denials, judge_links, judge_parent_keys,
        judge_unsigned,
    },
    hickory_proto::rr::{Name, RecordType},
    net::{Carrier, Client},
    proof::Explanation,
};

use super::{Doctor, Examined, look_there, not_seen};

/// A label that nobody uses.
const NOBODY: &str = "payname-doctor-looks-for-nobody";

impl Doctor {
    /// The chain to the TXT records at `owner`, which lies in `zone`; says so if there is none.
    pub(super) async fn chain(
        &self,
        subject: &str,
        zone: &Name,
        owner: &Name,
        server: Option<SocketAddr>,
        examined: &mut Examined,
    ) -> Option<Explanation> {
        let resolver = self.first()?;
        let gathered = match resolver.gather_at(owner, RecordType::TXT).await {
            Ok(gathered) => gathered,
            Err(why) => {
                examined.say(not_seen(
                    subject,
                    format!("its proof, through {}: {why}", resolver.server()),
                ));
                return None;
            }
        };
        let chain = gathered
            .proof
            .explain(owner, RecordType::TXT, &self.anchors, self.now);
        match &chain.outcome {
            Outcome::Insecure(insecure) if insecure.zone == *zone => {
                let keys = match server {
                    Some(server) => {
                        look_there(server, zone, RecordType::DNSKEY, Carrier::Tcp).await
                    }
                    None => super::look_through(resolver, zone, RecordType::DNSKEY).await,
                };
                let keys = keys.map(|seen| seen.data).unwrap_or_default();
                examined.say(judge_unsigned(zone, &keys));
            }
            outcome => examined.findings.extend(judge_chain(zone, outcome)),
        }
        examined
            .findings
            .extend(judge_links(subject, &chain, self.now));
        Some(chain)
    }

    /// Whether the parent has the DS records that the zone asks for (RFC 7344).
    pub(super) async fn parent(&self, zone: &Name, examined: &mut Examined) {
        let Some(resolver) = self.first() else { return };
        let Some(wanted) = self.proven_ds(resolver, zone, RecordType::CDS).await else {
            return;
        };
        let Some(parent) = self.proven_ds(resolver, zone, RecordType::DS).await else {
            return;
        };
        // The delete form (RFC 8078 §4).
        if wanted.iter().any(|ds| ds.algorithm == 0) {
            let evidence = "it asks its parent to remove the DS records, after which nothing in it can be proven";
            let finding = Finding::new(
                Severity::Warning,
                Code::ParentBehind,
                zone.to_ascii(),
                evidence,
            );
            examined
                .say(finding.fix("take the CDS record with algorithm 0 away if that is not meant"));
            return;
        }
        // The chain holds, so one of the parent's stands for a key that signs.
        examined
            .findings
            .extend(judge_parent_keys(zone, &wanted, &parent, &parent));
    }

    async fn proven_ds(
        &self,
        resolver: &Client,
        zone: &Name,
        record_type: RecordType,
    ) -> Option<Vec<Ds>> {
        let gathered = resolver.gather_at(zone, record_type).await.ok()?;
        match gathered
            .proof
            .judge(zone, record_type, &self.anchors, self.now)
        {
            Outcome::Secure(secure) => {
                let records = secure.records.iter();
                Some(
                    records
                        .filter_map(|record| Ds::from_rdata(record.rdata()))
                        .collect(),
                )
            }
            _ => None,
        }
    }

    /// How one of the zone's servers denies names below `_bitcoin-payment` of the domain.
    pub(super) async fn denials(
        &self,
        zone: &Name,
        domain: &str,
        server: SocketAddr,
        has_names: bool,
        examined: &mut Examined,
    ) {
        let base = format!("user._bitcoin-payment.{domain}.");
        let (Ok(nobody), Ok(above)) = (
            Name::from_ascii(format!("{NOBODY}.{base}")),
            Name::from_ascii(&base),
        ) else {
            return;
        };
        let look = async |name: &Name, of| look_there(server, name, of, Carrier::Udp).await;
        let Ok(missing) = look(&nobody, RecordType::TXT).await else {
            return;
        };
        if !missing.data.is_empty() {
            let evidence = "a name that nobody has is paid: there is a wildcard";
            let finding = Finding::new(Severity::Warning, Code::Wildcard, domain, evidence);
            examined.say(finding.fix("publish each name by itself"));
        }
        let parameters = look(zone, RecordType::NSEC3PARAM).await.ok();
        let parameters = parameters.as_ref().and_then(|seen| seen.data.first());
        let above = match has_names {
            true => look(&above, RecordType::TXT).await.ok(),
            false => None,
        };
        let found = judge_denials(
            zone,
            &missing,
            parameters.map(Vec::as_slice),
            above.as_ref(),
        );
        examined.findings.extend(found);
    }
}

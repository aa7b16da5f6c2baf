//! What operators watch, for Prometheus (OpenMetrics text) at `/metrics`, on a listener of its own.
//!
//! Zones are told apart, and what is counted by few words; no label holds a name or an address of
//! anybody.

use std::{fmt, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use payname_resolver::hickory_proto::rr::Name;
use payname_zones::Zone;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _, text::encode},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

use crate::{
    http::HttpCounts,
    nameserver::counts::{CODES, COOKIES, Counts, LIMITED, Ledger, ON_DEMAND, WAYS},
    publisher::{Board, Served},
};

const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The routes of the listener.
pub(crate) fn router(served: Served, ledger: Ledger, http: &HttpCounts, board: &Board) -> Router {
    let mut registry = Registry::with_prefix("payname");
    http.register(registry.sub_registry_with_prefix("http"));
    let dns = registry.sub_registry_with_prefix("dns");
    dns.register_collector(Box::new(Nameserver { served, ledger }));
    let published = registry.sub_registry_with_prefix("published");
    published.register_collector(Box::new(board.clone()));
    Router::new()
        .route("/metrics", get(show))
        .with_state(Arc::new(registry))
}

async fn show(State(registry): State<Arc<Registry>>) -> Response {
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => ([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response(),
        Err(fmt::Error) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What the nameserver has counted, and how its zones are.
#[derive(Debug)]
struct Nameserver {
    served: Served,
    ledger: Ledger,
}

#[derive(Debug, EncodeLabelSet)]
struct OfZone {
    zone: String,
}

#[derive(Debug, EncodeLabelSet)]
struct OfWay {
    zone: String,
    transport: &'static str,
}

#[derive(Debug, EncodeLabelSet)]
struct OfResponse {
    zone: String,
    transport: &'static str,
    rcode: &'static str,
}

#[derive(Debug, EncodeLabelSet)]
struct OfOutcome {
    zone: String,
    outcome: &'static str,
}

impl Collector for Nameserver {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let sums = self.ledger.sum().into_iter();
        let sums: Vec<(String, Counts<u64>)> = sums
            .map(|(apex, counts)| (text_of(&apex), counts))
            .collect();
        responses(&mut encoder, &sums)?;
        truncated(&mut encoder, &sums)?;
        let cookies = |counts: &Counts<u64>| counts.cookies.to_vec();
        let help = "Queries by what their DNS cookie showed";
        outcomes(
            &mut encoder,
            "query_cookies",
            help,
            &sums,
            &COOKIES,
            cookies,
        )?;
        let limited = |counts: &Counts<u64>| counts.limited.to_vec();
        let help = "Responses over UDP above the rate of a network";
        outcomes(&mut encoder, "rate_limited", help, &sums, &LIMITED, limited)?;
        let on_demand = |counts: &Counts<u64>| counts.on_demand.to_vec();
        let help = "Signatures wanted while answering";
        let name = "on_demand_signatures";
        outcomes(&mut encoder, name, help, &sums, &ON_DEMAND, on_demand)?;
        self.zones(&mut encoder)
    }
}

impl Nameserver {
    fn zones(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let zones = self.served.zones();
        let mut gauge = |name: &str, help: &str, value: fn(&Zone) -> u64| {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for zone in zones.iter() {
                let labels = OfZone {
                    zone: zone.origin().to_ascii(),
                };
                let value = i64::try_from(value(zone)).unwrap_or(i64::MAX);
                ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
            }
            Ok::<_, fmt::Error>(())
        };
        let serial = |zone: &Zone| zone.serial().into();
        gauge("zone_serial", "The serial number of a zone", serial)?;
        let help = "Signed record sets, those of the denial chain excepted";
        gauge("zone_record_sets", help, Zone::signed_sets_count)?;
        let help = "When the first signature of a zone ends";
        let ends = |zone: &Zone| zone.expires_at().0;
        gauge("zone_signatures_expire_timestamp_seconds", help, ends)
    }
}

fn responses(encoder: &mut DescriptorEncoder<'_>, sums: &[(String, Counts<u64>)]) -> fmt::Result {
    let help = "Responses that were sent";
    let mut family = encoder.encode_descriptor("responses", help, None, MetricType::Counter)?;
    let names = || CODES.iter().map(|(_, name)| *name).chain(["other"]);
    for (zone, counts) in sums {
        for (transport, codes) in WAYS.iter().zip(&counts.responses) {
            for (rcode, &count) in names().zip(codes).filter(|(_, count)| **count > 0) {
                let (zone, transport) = (zone.clone(), *transport);
                let labels = OfResponse {
                    zone,
                    transport,
                    rcode,
                };
                ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
            }
        }
    }
    Ok(())
}

fn truncated(encoder: &mut DescriptorEncoder<'_>, sums: &[(String, Counts<u64>)]) -> fmt::Result {
    let (name, help) = ("responses_truncated", "Responses that said: come by TCP");
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (zone, counts) in sums {
        // Only datagrams are cut.
        for (transport, &count) in WAYS.iter().zip(&counts.truncated).take(1) {
            let (zone, transport) = (zone.clone(), *transport);
            let labels = OfWay { zone, transport };
            ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

/// A counter that tells outcomes apart.
fn outcomes(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    sums: &[(String, Counts<u64>)],
    outcomes: &[&'static str],
    counts: impl Fn(&Counts<u64>) -> Vec<u64>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (zone, sum) in sums {
        for (outcome, count) in outcomes.iter().zip(counts(sum)) {
            let (zone, outcome) = (zone.clone(), *outcome);
            let labels = OfOutcome { zone, outcome };
            ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

/// The name of a zone by its apex in wire form; empty for what no zone answered.
fn text_of(apex: &[u8]) -> String {
    let mut labels = Vec::new();
    let mut rest = apex;
    while let Some((length, after)) = rest.split_first()
        && let Some((label, after)) = after.split_at_checked((*length).into())
        && !label.is_empty()
    {
        labels.push(label);
        rest = after;
    }
    match Name::from_labels(labels) {
        Ok(name) if !apex.is_empty() => name.to_ascii(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_told_by_its_name_and_none_by_nothing() {
        assert_eq!(text_of(b"\x07example\x04test\0"), "example.test.");
        assert_eq!(text_of(b"\0"), ".");
        assert_eq!(text_of(b""), "");
    }
}

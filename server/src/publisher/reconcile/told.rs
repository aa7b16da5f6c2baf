//! How the domains stand that others serve, for `/metrics`.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

use super::{Board, Standing};

#[derive(Debug, EncodeLabelSet)]
struct OfDomain {
    domain: String,
}

impl Collector for Board {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let all = self.all();
        let mut gauge = |name: &str, help: &str, value: fn(&Standing) -> u64| {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (domain, standing) in &all {
                let labels = OfDomain {
                    domain: domain.clone(),
                };
                let value = i64::try_from(value(standing)).unwrap_or(i64::MAX);
                ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
            }
            Ok::<_, fmt::Error>(())
        };
        let help = "Whether so much differs from the registry that nothing is put right";
        gauge("alarm", help, |standing| standing.alarm.is_some().into())?;
        let help = "Names with payment records that were never registered here";
        gauge("strange_names", help, |standing| {
            let strange = standing.strange.as_ref();
            strange.map_or(0, |names| names.len() as u64)
        })?;
        let help = "Names whose records were not what the registry says, and were put right";
        let mut family =
            encoder.encode_descriptor("repaired_names", help, None, MetricType::Counter)?;
        for (domain, standing) in all {
            let labels = OfDomain { domain };
            ConstCounter::new(standing.repaired).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

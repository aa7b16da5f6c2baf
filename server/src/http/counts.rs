//! What happens over HTTP, in numbers for `/metrics`; no label holds a name or an address.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

/// The bounds by which requests are told apart by how long they took.
const SECONDS: [f64; 8] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 10.0];

/// Counters, shared by all who count.
#[derive(Debug, Clone)]
pub(crate) struct HttpCounts {
    answered: Family<OfAnswer, Counter>,
    took: Family<OfRoute, Histogram, fn() -> Histogram>,
    limited: Family<OfLimit, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAnswer {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRoute {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfLimit {
    limit: &'static str,
}

impl Default for HttpCounts {
    fn default() -> Self {
        Self {
            answered: Family::default(),
            took: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            limited: Family::default(),
        }
    }
}

impl HttpCounts {
    /// Has the counters told.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("requests", "Requests answered", self.answered.clone());
        let (name, help) = ("request_duration", "How long requests took");
        registry.register_with_unit(name, help, Unit::Seconds, self.took.clone());
        let help = "Requests refused since there were too many";
        registry.register("rate_limited", help, self.limited.clone());
    }

    /// A request was answered; `route` is the pattern of its path.
    pub(super) fn answered(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let route = route.to_owned();
        let labels = OfRoute {
            route: route.clone(),
        };
        self.took.get_or_create(&labels).observe(took.as_secs_f64());
        let labels = OfAnswer {
            method,
            route,
            status,
        };
        self.answered.get_or_create(&labels).inc();
    }

    /// A request was refused since there were too many.
    pub(super) fn limited(&self, limit: &'static str) {
        self.limited.get_or_create(&OfLimit { limit }).inc();
    }
}

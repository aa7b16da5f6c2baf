//! What happens over HTTP, in numbers for `/metrics`; no label holds a name or an address.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

/// Counters, shared by all who count.
#[derive(Debug, Clone, Default)]
pub(crate) struct HttpCounts {
    limited: Family<OfLimit, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfLimit {
    limit: &'static str,
}

impl HttpCounts {
    /// Has the counters told.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "Requests refused since there were too many";
        registry.register("rate_limited", help, self.limited.clone());
    }

    /// A request was refused since there were too many.
    pub(super) fn limited(&self, limit: &'static str) {
        self.limited.get_or_create(&OfLimit { limit }).inc();
    }
}

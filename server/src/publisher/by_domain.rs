//! One publisher for all domains: each name goes to whoever serves its domain.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use payname_resolver::Handle;

use super::{Embedded, PublishError, Publisher};
use crate::registration::Registration;

/// Our own nameserver, and the providers of domains that it does not serve.
#[derive(Debug)]
pub(crate) struct ByDomain {
    pub(crate) embedded: Arc<Embedded>,
    pub(crate) provided: BTreeMap<String, Arc<dyn Publisher>>,
}

impl ByDomain {
    fn of(&self, domain: &str) -> &dyn Publisher {
        match self.provided.get(domain) {
            Some(provided) => &**provided,
            None => &*self.embedded,
        }
    }
}

#[async_trait]
impl Publisher for ByDomain {
    async fn publish(&self, names: &[Handle]) -> Vec<Result<(), PublishError>> {
        let mut by_domain: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, handle) in names.iter().enumerate() {
            by_domain.entry(handle.domain()).or_default().push(place);
        }
        let publishing = by_domain.into_iter().map(async |(domain, places)| {
            let handles = places.iter().filter_map(|place| names.get(*place).cloned());
            let handles: Vec<Handle> = handles.collect();
            let outcomes = self.of(domain).publish(&handles).await;
            places.into_iter().zip(outcomes).collect::<Vec<_>>()
        });
        // Beside each other: a provider that is slow is in nobody else's way.
        let published = futures_util::future::join_all(publishing).await;
        let mut outcomes: Vec<_> = names.iter().map(|_| Ok(())).collect();
        for (place, outcome) in published.into_iter().flatten() {
            if let Some(told) = outcomes.get_mut(place) {
                *told = outcome;
            }
        }
        outcomes
    }

    fn lane<'a>(&self, domain: &'a str) -> Option<&'a str> {
        self.provided.contains_key(domain).then_some(domain)
    }

    fn by_hand(&self, registration: &Registration) -> Option<String> {
        self.of(registration.handle.domain()).by_hand(registration)
    }
}

//! A domain whose records somebody else serves: the registry is the truth, a provider shows it.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use payname_resolver::{Handle, hickory_proto::rr::Name};
use payname_zones::payment_record;
use tokio::{sync::Mutex, time::Instant};

use super::{
    PublishError, Publisher,
    edit::Text,
    provider::{Provider, ProviderError},
    settle::{Wants, settle},
};
use crate::{config::Domain, registration::Registration, store::Store};

/// How long a provider that did not answer is left alone.
const AWAY: Duration = Duration::from_secs(3);

/// A domain and its provider.
#[derive(Debug)]
pub(crate) struct Provided {
    domain: Domain,
    provider: Arc<dyn Provider>,
    store: Arc<dyn Store>,
    /// Held while the provider is asked: it is asked for one thing after the other.
    turn: Mutex<()>,
    /// Until when it wants to be left alone.
    rest: std::sync::Mutex<Option<Instant>>,
}

impl Provided {
    pub(crate) fn new(domain: Domain, provider: Arc<dyn Provider>, store: Arc<dyn Store>) -> Self {
        Self {
            domain,
            provider,
            store,
            turn: Mutex::default(),
            rest: std::sync::Mutex::default(),
        }
    }

    pub(crate) fn domain(&self) -> &Domain {
        &self.domain
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.store
    }

    pub(crate) fn provider(&self) -> &dyn Provider {
        &*self.provider
    }

    /// What a registration is to show.
    pub(crate) fn text(&self, registration: &Registration) -> Result<Option<Text>, PublishError> {
        let Some(uri) = &registration.uri else {
            return Ok(None);
        };
        let record = payment_record(&registration.handle, uri)?;
        Ok(Some(Text::new(record.txt(), self.domain.ttl)))
    }

    /// Whether a name has a payment record at the provider, whoever made it.
    ///
    /// # Errors
    /// The provider does not tell.
    pub(crate) async fn has_payment(&self, handle: &Handle) -> Result<bool, PublishError> {
        let _turn = self.turn.lock().await;
        self.check_rest()?;
        let owner = std::slice::from_ref(handle.owner_name());
        let looked = self.provider.look(owner).await.map_err(Arc::new);
        let found = looked.and_then(|looked| looked.into_iter().next().transpose());
        match found {
            Ok(Some(found)) => Ok(found.payments().next().is_some()),
            Ok(None) => {
                let place = self.provider.place();
                let remedy = "it said nothing of a name; it is asked again".to_owned();
                Err(Arc::new(ProviderError::Unlisted { place, remedy }).into())
            }
            // It leads to somebody else's record.
            Err(error) if matches!(*error, ProviderError::Alias { .. }) => Ok(true),
            Err(error) => {
                self.mind(&error);
                Err(error.into())
            }
        }
    }

    async fn try_publish(
        &self,
        names: &[Handle],
    ) -> Result<Vec<Result<(), PublishError>>, PublishError> {
        let _turn = self.turn.lock().await;
        self.check_rest()?;
        let wishes = Wishes {
            provided: self,
            names: names
                .iter()
                .map(|handle| (handle.owner_name().clone(), handle))
                .collect(),
        };
        let owners: Vec<Name> = names
            .iter()
            .map(|handle| handle.owner_name().clone())
            .collect();
        let outcomes = settle(self.provider(), &owners, &wishes).await;
        let errors = match &outcomes {
            Ok(outcomes) => outcomes
                .iter()
                .filter_map(|one| one.as_ref().err())
                .collect(),
            Err(PublishError::Provider(error)) => vec![error],
            Err(_) => Vec::new(),
        };
        errors.into_iter().for_each(|error| self.mind(error));
        let outcomes = outcomes?.into_iter();
        Ok(outcomes
            .map(|outcome| outcome.map_err(PublishError::Provider))
            .collect())
    }

    /// Whether the provider may be asked again.
    fn check_rest(&self) -> Result<(), PublishError> {
        let rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        let left = rest.map(|until| until.saturating_duration_since(Instant::now()));
        match left.filter(|left| !left.is_zero()) {
            None => Ok(()),
            Some(wait) => {
                let place = self.provider.place();
                Err(Arc::new(ProviderError::Limited { place, wait }).into())
            }
        }
    }

    /// Keeps in mind for how long it wants to be left alone.
    fn mind(&self, error: &ProviderError) {
        let wait = match error {
            ProviderError::Limited { wait, .. } => Some(*wait),
            ProviderError::NoAnswer { .. } => Some(AWAY),
            _ => None,
        };
        if let Some(wait) = wait {
            let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
            *rest = Instant::now().checked_add(wait);
        }
    }
}

/// What the registry says of some names.
struct Wishes<'a> {
    provided: &'a Provided,
    names: BTreeMap<Name, &'a Handle>,
}

#[async_trait]
impl Wants for Wishes<'_> {
    async fn wanted(&self, owners: &[Name]) -> Result<Vec<Option<Text>>, PublishError> {
        let handles = owners.iter().filter_map(|owner| self.names.get(owner));
        let handles: Vec<Handle> = handles.map(|handle| (*handle).clone()).collect();
        let found = self.provided.store.registrations(&handles).await?;
        let mut texts = BTreeMap::new();
        for registration in &found {
            let owner = registration.handle.owner_name().clone();
            texts.insert(owner, self.provided.text(registration)?);
        }
        Ok(owners
            .iter()
            .map(|owner| texts.get(owner).cloned().flatten())
            .collect())
    }
}

#[async_trait]
impl Publisher for Provided {
    async fn publish(&self, names: &[Handle]) -> Vec<Result<(), PublishError>> {
        match self.try_publish(names).await {
            Ok(outcomes) => outcomes,
            Err(error) => {
                let error = Arc::new(error);
                let told = |_| Err(PublishError::Shared(Arc::clone(&error)));
                names.iter().map(told).collect()
            }
        }
    }
}

//! The conditions that names are given on, and the watch over claims that wait for them.
//!
//! A further one implements [`Condition`], is named in [`Conditions::known`], and its word may then stand in
//! `[domain.policy]`. One that is paid makes an invoice at the operator's own node in
//! [`Condition::demand`], keeps its payment hash as the reference, and asks the node in [`Condition::is_met`].

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use payname_resolver::{Handle, UnixTime};
use payname_zones::payment_record;
use tokio::sync::Notify;

use crate::{
    clock::Clock,
    config::Domain,
    key::OwnerKey,
    outbox::Chain,
    policy::Policy,
    publisher::{Served, Vacancies},
    registration::{Awaited, Change, Condition, ConditionError, Demand, Registration},
    store::{ChangeError, Store, StoreError},
    sure_time::SureTime,
};

/// The word of [`Approval`].
pub(crate) const APPROVAL: &str = "approval";
/// How often claims that wait are looked at.
pub(crate) const LOOK: Duration = Duration::from_secs(5);
/// How many are read at once.
const TOGETHER: usize = 500;

/// The conditions that this server knows.
#[derive(Debug, Clone)]
pub(crate) struct Conditions(Arc<BTreeMap<&'static str, Arc<dyn Condition>>>);

impl Conditions {
    /// Those that a configuration may name.
    pub(crate) fn known() -> Self {
        Self::of([Arc::new(Approval) as Arc<dyn Condition>])
    }

    fn of(conditions: impl IntoIterator<Item = Arc<dyn Condition>>) -> Self {
        let named = conditions.into_iter();
        let named = named.map(|condition| (condition.word(), condition));
        Self(Arc::new(named.collect()))
    }

    /// The condition of this word.
    pub(crate) fn named(&self, word: &str) -> Option<&dyn Condition> {
        self.0.get(word).map(Arc::as_ref)
    }
}

/// That the operator approves.
#[derive(Debug)]
struct Approval;

#[async_trait]
impl Condition for Approval {
    fn word(&self) -> &'static str {
        APPROVAL
    }

    async fn demand(
        &self,
        handle: &Handle,
        _owner: OwnerKey,
        _until: UnixTime,
    ) -> Result<Demand, ConditionError> {
        let domain = handle.domain();
        Ok(Demand {
            condition: APPROVAL.to_owned(),
            text: format!("The operator of {domain} looks at every new name before it is given."),
            reference: String::new(),
        })
    }

    fn is_looked_up(&self) -> bool {
        false
    }

    async fn is_met(&self, _: &Handle, _: &Awaited) -> Result<bool, ConditionError> {
        Ok(false)
    }
}

/// Looks whether what claims wait for is so.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) conditions: Conditions,
    pub(crate) domains: Vec<Domain>,
    pub(crate) policy: Policy,
    /// What operators wrote in the zones beside the names.
    pub(crate) served: Served,
    /// Who knows whether somebody made a record meanwhile.
    pub(crate) vacancies: Vacancies,
    pub(crate) clock: Clock,
    /// By which reservations end.
    pub(crate) sure_time: Arc<SureTime>,
    /// Called when there is something to bring into DNS.
    pub(crate) committed: Arc<Notify>,
}

impl Watch {
    /// Looks at all claims that wait for something the server can see for itself.
    pub(crate) async fn look(&self) {
        for domain in &self.domains {
            let requirement = domain.entry.condition.as_ref();
            let condition = requirement.and_then(|one| self.conditions.named(&one.condition));
            if !condition.is_some_and(Condition::is_looked_up) {
                continue;
            }
            if let Err(error) = self.look_in(domain).await {
                tracing::error!(domain = domain.name, error = %Chain(&error), "claims that wait cannot be read");
            }
        }
    }

    async fn look_in(&self, domain: &Domain) -> Result<(), StoreError> {
        let mut after: Option<String> = None;
        loop {
            let waiting = self
                .store
                .awaiting(&domain.name, after.as_deref(), TOGETHER);
            let waiting = waiting.await?;
            for registration in &waiting {
                self.look_at(registration, domain).await;
            }
            if waiting.len() < TOGETHER {
                return Ok(());
            }
            after = waiting.last().map(|last| last.handle.user().to_owned());
        }
    }

    /// One that cannot be given now is looked at again, until its time is over.
    async fn look_at(&self, registration: &Registration, domain: &Domain) {
        let (Some(awaited), handle) = (&registration.awaits, &registration.handle) else {
            return;
        };
        let Some(condition) = self.conditions.named(&awaited.demand.condition) else {
            return;
        };
        match condition.is_met(handle, awaited).await {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => {
                tracing::warn!(%handle, error = %Chain(&error), "what a claim waits for cannot be looked up");
                return;
            }
        }
        let now = self.clock.now();
        if let Some(reason) = self.unfit(registration, domain, now) {
            tracing::warn!(%handle, reason, "what a claim waited for is so, and its record cannot be published any more");
            return;
        }
        if let Err(error) = self.vacancies.check_awaited(handle, now).await {
            tracing::warn!(%handle, error = %Chain(&error), "what a claim waited for is so, and its name is not known to be free");
            return;
        }
        let change = Change {
            terms: domain.terms,
            sure: self.sure_time.now().min(now),
            ..Change::fulfilled(handle.clone(), now)
        };
        match self.store.change(change).await {
            Ok(_) => {
                tracing::info!(%handle, "given: what its claim waited for is so");
                self.committed.notify_one();
            }
            // Another server was first, or its time was just over.
            Err(ChangeError::Refused(refusal)) => tracing::info!(%handle, %refusal, "not given"),
            Err(error) => {
                tracing::error!(%handle, error = %Chain(&error), "a name could not be given");
            }
        }
    }

    /// Why what was good to publish when it was claimed is not any more.
    fn unfit(&self, found: &Registration, domain: &Domain, now: UnixTime) -> Option<String> {
        let kept = found.kept.as_deref()?;
        let policy = self.policy.check(kept, domain.ttl, now).err();
        let policy = policy.map(|error| error.to_string());
        let record = || payment_record(&found.handle, kept).err();
        let reserved = || self.served.check_free(&domain.zone, &found.handle).err();
        policy
            .or_else(|| record().map(|error| error.to_string()))
            .or_else(|| reserved().map(|error| error.to_string()))
    }
}

#[cfg(test)]
mod tests;

//! What a provider shows, compared with the registry: at the start, and every hour.
//!
//! Nobody else should change payment records, but somebody does: by hand, by a restored backup, by a fault.
//! What differs is published anew, unless it is so much that something else must be wrong; then nothing is
//! changed, and an operator is called.

mod plan;
mod told;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError},
    time::Duration,
};

use payname_resolver::{Handle, hickory_proto::rr::Name};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use self::plan::{Known, Plan};
use super::{
    PublishError, Publisher as _, edit::Found, owner::handle_at, provided::Provided,
    provider::Signing,
};
use crate::{outbox::Chain, registration::Registration};

/// How often it is compared.
const PAUSE: Duration = Duration::from_secs(3600);
/// How long after the start it is compared for the first time: the outbox comes first.
const OUTBOX_FIRST: Duration = Duration::from_secs(5);
/// How many names are read from the registry, or put right, at a time.
const PAGE: usize = 1000;
const TOGETHER: usize = 100;

/// How the domains that others serve stand, for whoever asks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Board(Arc<std::sync::Mutex<BTreeMap<String, Standing>>>);

/// How one of them stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Why nothing is put right until somebody has looked.
    pub(crate) alarm: Option<String>,
    /// How many names were put right, since the start.
    pub(crate) repaired: u64,
    /// The names whose records were never registered here; none until the provider has listed its names.
    pub(crate) strange: Option<BTreeSet<Name>>,
    /// The DS records, as far as they are told.
    pub(crate) ds: Vec<String>,
}

impl Board {
    /// How a domain stands; none where it is served here, or nothing is known yet.
    pub(crate) fn of(&self, domain: &str) -> Option<Standing> {
        self.lock().get(domain).cloned()
    }

    /// Whether somebody else has made a payment record for a name; none where nothing was listed yet.
    pub(crate) fn is_strange(&self, handle: &Handle) -> Option<bool> {
        let all = self.lock();
        let strange = all.get(handle.domain())?.strange.as_ref()?;
        Some(strange.contains(handle.owner_name()))
    }

    /// All of them.
    pub(crate) fn all(&self) -> BTreeMap<String, Standing> {
        self.lock().clone()
    }

    fn note(&self, domain: &str, note: impl FnOnce(&mut Standing)) {
        note(self.lock().entry(domain.to_owned()).or_default());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Standing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Compares a domain now and then, until told to stop.
pub(crate) async fn run(provided: Arc<Provided>, board: Board, stop: CancellationToken) {
    let work = async {
        sleep(OUTBOX_FIRST).await;
        loop {
            look_at_signing(&provided, &board).await;
            if let Err(error) = reconcile(&provided, &board).await {
                let (domain, error) = (&provided.domain().name, Chain(&error));
                tracing::error!(%domain, %error, "what is shown of a domain cannot be compared with the registry");
            }
            sleep(PAUSE).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

/// What the provider says of signatures; without them nobody can prove a name.
async fn look_at_signing(provided: &Provided, board: &Board) {
    let domain = &provided.domain().name;
    match provided.provider().signs().await {
        Ok(Signing::Signed(ds)) => board.note(domain, |standing| standing.ds = ds),
        Ok(Signing::Unsigned) => {
            let (place, zone) = (provided.provider().place(), &provided.domain().zone);
            tracing::error!(%domain, %zone, place, "the zone is not signed: turn DNSSEC on there, or nobody can prove a name of it");
        }
        Ok(Signing::Unknown) => {}
        Err(error) => {
            tracing::warn!(%domain, error = %Chain(&error), "it cannot be asked whether the zone is signed");
        }
    }
}

/// Compares once, and puts right what may be.
///
/// # Errors
/// The registry fails, or the provider does not tell what it shows.
pub(crate) async fn reconcile(provided: &Provided, board: &Board) -> Result<(), PublishError> {
    let domain = &provided.domain().name;
    let shown = shown(provided).await?;
    let known = known(provided, &shown).await?;
    let plan = Plan::make(&known, &shown);
    let strange = plan.strange.len();
    if strange > 0 {
        let example = plan.strange.first().map(Name::to_ascii).unwrap_or_default();
        tracing::warn!(%domain, strange, example, "names have payment records that were never registered here; they are left as they are");
    }
    let alarm = plan.is_alarming().then(|| {
        let (changes, shown) = (plan.changes(), plan.shown);
        format!(
            "{changes} of {shown} records that {} shows are not what the registry says; nothing is put right until fewer differ: is it the right zone, and the right database?",
            provided.provider().place()
        )
    });
    if let Some(alarm) = &alarm {
        tracing::error!(%domain, "{alarm}");
    }
    let is_stopped = alarm.is_some();
    board.note(domain, |standing| {
        standing.alarm = alarm;
        standing.strange = Some(plan.strange.iter().cloned().collect());
    });
    if is_stopped {
        return Ok(());
    }
    let names = plan.names().filter_map(|owner| handle_at(owner, domain));
    let names: Vec<Handle> = names.collect();
    for names in names.chunks(TOGETHER) {
        // By what the registry says now: a task may have been carried since it was read.
        let outcomes = provided.publish(names).await;
        let repaired = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let failed = outcomes.len().saturating_sub(repaired);
        tracing::warn!(%domain, repaired, failed, "what was shown was not what the registry says");
        board.note(domain, |standing| {
            standing.repaired = standing.repaired.saturating_add(repaired as u64);
        });
    }
    Ok(())
}

/// The names of the domain's users that are shown.
async fn shown(provided: &Provided) -> Result<Vec<Found>, PublishError> {
    let domain = &provided.domain().name;
    let mut shown = provided.provider().list().await.map_err(Arc::new)?;
    shown.retain(|found| handle_at(&found.owner, domain).is_some());
    Ok(shown)
}

/// What the registry says of every name that it has live, and of those that are shown.
async fn known(
    provided: &Provided,
    shown: &[Found],
) -> Result<BTreeMap<Name, Known>, PublishError> {
    let (store, domain) = (provided.store(), &provided.domain().name);
    let mut known = BTreeMap::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.live(domain, after.as_deref(), PAGE).await?;
        for registration in &page {
            note(&mut known, provided, registration);
        }
        after = page.last().map(|last| last.handle.user().to_owned());
        if after.is_none() {
            break;
        }
    }
    let others: BTreeSet<&Name> = shown
        .iter()
        .map(|found| &found.owner)
        .filter(|owner| !known.contains_key(*owner))
        .collect();
    let others = others
        .into_iter()
        .filter_map(|owner| handle_at(owner, domain));
    let others: Vec<Handle> = others.collect();
    for page in others.chunks(PAGE) {
        for registration in &store.registrations(page).await? {
            note(&mut known, provided, registration);
        }
    }
    Ok(known)
}

fn note(known: &mut BTreeMap<Name, Known>, provided: &Provided, registration: &Registration) {
    if registration.awaits.is_some() && registration.is_settled() {
        return; // nobody has the name yet, so a record that is there is a stranger's
    }
    let what = match provided.text(registration) {
        Ok(text) if registration.is_settled() => Known::Settled(text),
        // Its task looks after it, or says why it cannot be.
        _ => Known::Moving,
    };
    known.insert(registration.handle.owner_name().clone(), what);
}

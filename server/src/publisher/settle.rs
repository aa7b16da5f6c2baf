//! Having a provider show what is wanted, whoever else changes the same names meanwhile.
//!
//! First it is looked what stands there, then asked what is to stand there, then changed, on the condition
//! that what was seen still stands there, where the provider knows conditions. So of two who carry changes
//! of one name, who comes later has read what is newer than all that is shown.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use payname_resolver::hickory_proto::rr::Name;

use super::{
    PublishError,
    edit::{Edit, Found, Text},
    provider::{Outcome, Provider, ProviderError},
};

/// How often a change is made again when somebody else was faster.
const ATTEMPTS: usize = 5;

/// What is to stand at names.
#[async_trait]
pub(crate) trait Wants: Sync {
    /// The payment record of each of these names, or none; asked again whenever it matters.
    ///
    /// # Errors
    /// It cannot be told.
    async fn wanted(&self, owners: &[Name]) -> Result<Vec<Option<Text>>, PublishError>;
}

/// What never changes.
struct Fixed<'a>(Option<&'a Text>);

#[async_trait]
impl Wants for Fixed<'_> {
    async fn wanted(&self, owners: &[Name]) -> Result<Vec<Option<Text>>, PublishError> {
        Ok(owners.iter().map(|_| self.0.cloned()).collect())
    }
}

/// Has a provider show a payment record at a name, or none; nothing is done where that is so.
///
/// # Errors
/// As the provider's; [`ProviderError::Overtaken`] where somebody else changes the name all the time.
pub async fn put(
    provider: &dyn Provider,
    owner: &Name,
    wanted: Option<&Text>,
) -> Result<(), PublishError> {
    let owners = std::slice::from_ref(owner);
    let outcomes = settle(provider, owners, &Fixed(wanted)).await?;
    let outcome = outcomes.into_iter().next().unwrap_or(Ok(()));
    outcome.map_err(PublishError::Provider)
}

/// Has a provider show what is wanted at all of these names; one outcome a name, in their order.
pub(crate) async fn settle(
    provider: &dyn Provider,
    owners: &[Name],
    wants: &dyn Wants,
) -> Result<Vec<Outcome>, PublishError> {
    let mut outcomes: Vec<Outcome> = owners.iter().map(|_| Ok(())).collect();
    let mut open: Vec<usize> = (0..owners.len()).collect();
    let mut seen: BTreeMap<usize, Found> = BTreeMap::new();
    for _ in 0..ATTEMPTS {
        let names: Vec<Name> = open
            .iter()
            .filter_map(|place| owners.get(*place).cloned())
            .collect();
        let found = provider.look(&names).await.map_err(Arc::new)?;
        let wanted = wants.wanted(&names).await?;
        let looked = open.iter().zip(found).zip(wanted);
        let mut edits: Vec<(usize, Edit)> = Vec::new();
        for ((&place, found), wanted) in looked {
            let found = match found {
                Ok(found) => found,
                Err(error) => {
                    tell(&mut outcomes, place, Err(error));
                    continue;
                }
            };
            // Somebody else may have done it meanwhile.
            tell(&mut outcomes, place, Ok(()));
            if let Some(mut edit) = found.edit(wanted.as_ref()) {
                edit.is_doubted = seen.get(&place) == Some(&found);
                edits.push((place, edit));
                seen.insert(place, found);
            }
        }
        let mut again = Vec::new();
        for chunk in edits.chunks(provider.most_at_once().max(1)) {
            let (places, edits): (Vec<usize>, Vec<Edit>) = chunk.iter().cloned().unzip();
            let changed = match provider.change(&edits).await {
                Ok(changed) => changed,
                Err(error) => {
                    let error = Arc::new(error);
                    places.iter().map(|_| Err(Arc::clone(&error))).collect()
                }
            };
            for (place, outcome) in places.into_iter().zip(changed) {
                if is_overtaken(&outcome) {
                    again.push(place);
                }
                tell(&mut outcomes, place, outcome);
            }
        }
        if again.is_empty() {
            break;
        }
        open = again;
    }
    Ok(outcomes)
}

fn tell(outcomes: &mut [Outcome], place: usize, outcome: Outcome) {
    if let Some(told) = outcomes.get_mut(place) {
        *told = outcome;
    }
}

fn is_overtaken(outcome: &Outcome) -> bool {
    let error = outcome.as_ref().err();
    error.is_some_and(|error| matches!(**error, ProviderError::Overtaken(_)))
}

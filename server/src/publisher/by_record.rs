//! Interfaces that keep records one by one, each with an id of its own.
//!
//! Where one payment record follows another, that is one change of that record, so that it is never away; where
//! there were several by mistake, the one with the lowest id stays for whoever comes, so that those who come at
//! the same time do not take away each other's.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use payname_resolver::hickory_proto::rr::Name;

use super::{
    edit::{Edit, Found, Text},
    provider::{Outcome, ProviderError},
};

/// One step of an edit.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'a> {
    /// The record with this id goes.
    Remove(&'a str),
    /// The record with this id says this from now on.
    Replace(&'a str, &'a Text),
    /// A record more.
    Create(&'a Text),
}

/// An interface that keeps records one by one.
#[async_trait]
pub(super) trait ByRecord: Sync {
    /// How many names are changed side by side.
    const BESIDE: usize;

    /// The TXT records at a name, each with its id.
    async fn look_at(&self, owner: &Name) -> Result<Found, ProviderError>;

    /// Takes a step at a name; false where the record is not there any more.
    async fn step(&self, owner: &Name, step: Step<'_>) -> Result<bool, ProviderError>;

    /// Has what was done shown to the world, where that is a step of its own.
    async fn finish(&self) -> Result<(), ProviderError> {
        Ok(())
    }
}

/// Carries out edits, some side by side; one outcome an edit, in their order.
pub(super) async fn change_each(
    records: &impl ByRecord,
    edits: &[Edit],
) -> Result<Vec<Outcome>, ProviderError> {
    let outcomes: Vec<Outcome> = changing(records, edits.to_vec()).await;
    if outcomes.iter().any(Result::is_ok) {
        records.finish().await?;
    }
    Ok(outcomes)
}

async fn changing<R: ByRecord>(records: &R, edits: Vec<Edit>) -> Vec<Outcome> {
    let changing = stream::iter(edits);
    let changing = changing.map(async |edit| carry_out(records, &edit).await.map_err(Arc::new));
    changing.buffered(R::BESIDE).collect().await
}

async fn carry_out(records: &impl ByRecord, edit: &Edit) -> Result<(), ProviderError> {
    let owner = &edit.owner;
    let (before, after) = (by_id(&edit.before), by_id(&edit.after));
    let mut is_new = false;
    // Those that are surplus first: the one that stays is there all the time, and may be given what one of
    // them says, which some take no second time.
    for id in before.keys().filter(|id| !after.contains_key(*id)) {
        // What is gone already need not go.
        let _ = records.step(owner, Step::Remove(id)).await?;
    }
    for text in &edit.after {
        let step = match &text.id {
            Some(id) if before.get(id.as_str()) == Some(&text) => continue, // it stays as it is
            Some(id) => Step::Replace(id, text),
            None => {
                is_new |= text.is_payment();
                Step::Create(text)
            }
        };
        if !records.step(owner, step).await? {
            return Err(ProviderError::Overtaken(owner.clone()));
        }
    }
    // None of them knows conditions: whether somebody else made one at the same time is seen afterwards.
    if is_new && records.look_at(owner).await?.payments().count() > 1 {
        return Err(ProviderError::Overtaken(owner.clone()));
    }
    Ok(())
}

fn by_id(texts: &[Text]) -> BTreeMap<&str, &Text> {
    let texts = texts.iter();
    let texts = texts.filter_map(|text| Some((text.id.as_deref()?, text)));
    texts.collect()
}

/// Records of a whole zone, by their names.
pub(super) fn by_name(
    records: impl IntoIterator<Item = Result<(Name, Text), ProviderError>>,
) -> Result<Vec<Found>, ProviderError> {
    let mut texts: BTreeMap<Name, Vec<Text>> = BTreeMap::new();
    for record in records {
        let (owner, text) = record?;
        texts.entry(owner).or_default().push(text);
    }
    let found = texts.into_iter();
    Ok(found.map(|(owner, texts)| Found { owner, texts }).collect())
}

//! What a claim waits for where a domain gives names on a condition: that its operator approves, that it is paid.
//!
//! Whether a condition is met is never the claimer's word: the server looks it up by itself, or the
//! operator says so.

use std::fmt;

use async_trait::async_trait;
use payname_resolver::{Handle, UnixTime};
use serde_json::{Value, json};

use super::{Access, By, Change, EntryRules, Refusal, Registration};
use crate::key::OwnerKey;

/// Something that must be so before a claimed name is published.
///
/// The law knows no more of it than its [`Demand`]. A claim is first told what is demanded, then reserves
/// the name for a while; once the condition is met, the name is its claimer's and published, and
/// otherwise it lapses by itself.
#[async_trait]
pub trait Condition: fmt::Debug + Send + Sync {
    /// Its stable word, in the configuration, the database and the API.
    fn word(&self) -> &'static str;

    /// What the claim of a name by a key has to meet until a time, such as an invoice that was
    /// made for it just now. What costs something must end before that time does: afterwards the
    /// name is not given any more.
    ///
    /// # Errors
    /// Nothing can be demanded now; the claim is then not taken.
    async fn demand(
        &self,
        handle: &Handle,
        owner: OwnerKey,
        until: UnixTime,
    ) -> Result<Demand, ConditionError>;

    /// Whether the server can see for itself that it is met; if not, the operator says so.
    fn is_looked_up(&self) -> bool;

    /// Whether it is met, as the server finds it by itself.
    ///
    /// # Errors
    /// It cannot be found out now; it is asked again later.
    async fn is_met(&self, handle: &Handle, awaited: &Awaited) -> Result<bool, ConditionError>;
}

/// Why a condition cannot be demanded or looked up.
#[derive(Debug, thiserror::Error)]
#[error("the condition `{word}` cannot be looked after now: {reason}")]
pub struct ConditionError {
    /// Its word.
    pub word: &'static str,
    /// Why.
    pub reason: String,
}

/// That a domain gives chosen names on a condition only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The condition's word.
    pub condition: String,
    /// How long a name is reserved until it is met, in seconds.
    pub reserve: u64,
}

/// What a claim has to meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// The condition's word.
    pub condition: String,
    /// What whoever claims the name is told, in a sentence; or what he has to pay.
    pub text: String,
    /// By what the condition finds it again, such as a payment hash; nobody is told.
    pub reference: String,
}

/// What a name waits for, as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// What has to be met.
    pub demand: Demand,
    /// How long the name is reserved.
    pub until: UnixTime,
}

impl Awaited {
    /// As the database keeps it: JSON, so that it can grow.
    pub(crate) fn text(&self) -> String {
        let Demand {
            condition,
            text,
            reference,
        } = &self.demand;
        json!({ "condition": condition, "text": text, "reference": reference, "until": self.until.0 })
            .to_string()
    }

    /// What [`text`](Self::text) has written.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let word = |key: &str| Some(value.get(key)?.as_str()?.to_owned());
        Some(Self {
            demand: Demand {
                condition: word("condition")?,
                text: word("text")?,
                reference: word("reference")?,
            },
            until: UnixTime(value.get("until")?.as_u64()?),
        })
    }
}

impl Registration {
    /// Whether a claim of it waits, or has waited in vain: then it was never anybody's.
    pub fn was_never_given(&self, at: UnixTime) -> bool {
        self.awaits.is_some() && (self.is_gone() || self.is_over(at))
    }
}

impl EntryRules {
    /// What a claim has to meet; nothing where the server has drawn the name, or the operator gives all of them.
    pub(crate) fn requirement(&self, drawn: bool) -> Option<&Requirement> {
        let is_free = drawn && self.random;
        let requirement = self.condition.as_ref();
        requirement.filter(|_| !is_free && self.access != Access::Closed)
    }
}

impl Change {
    /// What this claim waits for.
    ///
    /// # Errors
    /// Something has to be demanded of it, and has not been.
    pub(super) fn awaited(&self, at: UnixTime) -> Result<Option<Awaited>, Refusal> {
        let requirement = self.entry.rules.requirement(self.entry.drawn);
        let Some(requirement) = requirement.filter(|_| matches!(self.by, By::Key(_))) else {
            return Ok(None);
        };
        let demand = self.entry.demand.clone();
        let demand = demand.filter(|demand| demand.condition == requirement.condition);
        let demand = demand.ok_or_else(|| Refusal::NotAsked(self.handle.clone()))?;
        Ok(Some(Awaited {
            demand,
            until: at.plus(requirement.reserve),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_anything_else_is_not() {
        let awaited = Awaited {
            demand: Demand {
                condition: "payment".to_owned(),
                text: "pay lnbc1… \"now\"".to_owned(),
                reference: String::new(),
            },
            until: UnixTime(7),
        };
        assert_eq!(Awaited::from_text(&awaited.text()), Some(awaited));
        for text in ["", "{}", r#"{"condition":"a","text":"b","reference":"c"}"#] {
            assert_eq!(Awaited::from_text(text), None, "{text}");
        }
    }
}

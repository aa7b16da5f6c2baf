//! Somebody else who serves a domain's records: one contract, and its implementations.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use payname_resolver::hickory_proto::rr::Name;

use super::edit::{Edit, Found};

/// A name server or a service that keeps TXT records for us.
///
/// It is told what to show, name by name. Everything in it may be done again: whatever is so already, is
/// left alone.
#[async_trait]
pub trait Provider: Send + Sync + std::fmt::Debug {
    /// Who it is, for people: "the name server 192.0.2.1:53".
    fn place(&self) -> String;

    /// How many names it takes at once.
    fn most_at_once(&self) -> usize {
        100
    }

    /// What stands at these names now, in their order, or why one of them cannot be used.
    ///
    /// # Errors
    /// It cannot be asked, or its answer cannot be used.
    async fn look(&self, owners: &[Name]) -> Result<Vec<Looked>, ProviderError>;

    /// Carries out edits, each as a whole: nobody who asks meanwhile sees the name without its record.
    ///
    /// One outcome an edit, in their order.
    ///
    /// # Errors
    /// None was carried out, or it is not known which.
    async fn change(&self, edits: &[Edit]) -> Result<Vec<Outcome>, ProviderError>;

    /// Every name with TXT records in the zone.
    ///
    /// # Errors
    /// It cannot be asked, does not say, or gave only a part.
    async fn list(&self) -> Result<Vec<Found>, ProviderError>;

    /// What it says of signatures.
    ///
    /// # Errors
    /// It cannot be asked.
    async fn signs(&self) -> Result<Signing, ProviderError>;
}

/// What was found at one name.
pub type Looked = Result<Found, Arc<ProviderError>>;

/// Looks at names one by one, some of them side by side; an alias is told at its own name only.
pub(super) async fn look_at_each<F: Future<Output = Result<Found, ProviderError>>>(
    owners: &[Name],
    beside: usize,
    look_at: impl Fn(Name) -> F,
) -> Result<Vec<Looked>, ProviderError> {
    let looking = stream::iter(owners.to_vec()).map(|owner| {
        let looking = look_at(owner);
        async move {
            match looking.await {
                Err(error @ ProviderError::Alias { .. }) => Ok(Err(Arc::new(error))),
                Err(error) => Err(error),
                Ok(found) => Ok(Ok(found)),
            }
        }
    });
    looking.buffered(beside).try_collect().await
}

/// What became of one edit.
pub type Outcome = Result<(), Arc<ProviderError>>;

/// What a provider says of its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signing {
    /// It signs; these are the DS records for the zone above, as far as it tells them.
    Signed(Vec<String>),
    /// It does not sign: nobody can prove a name until it does.
    Unsigned,
    /// It does not say.
    Unknown,
}

/// Why a provider did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// What was seen at a name is not what is there.
    #[error("{0} has changed meanwhile; it is looked at again")]
    Overtaken(Name),
    /// Nothing that can be used came back.
    #[error("{place} gives no answer that can be used; it is asked again")]
    NoAnswer {
        /// Who.
        place: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It does not do it.
    #[error("{place} refuses ({answer}); {remedy}")]
    Refused {
        /// Who.
        place: String,
        /// What it said, with nothing in it that could harm a terminal.
        answer: String,
        /// What to do.
        remedy: String,
    },
    /// It was asked too often.
    #[error("{place} takes no more for {} s; it is asked again then", wait.as_secs())]
    Limited {
        /// Who.
        place: String,
        /// For how long.
        wait: Duration,
    },
    /// The name is an alias.
    #[error(
        "{owner} is an alias (CNAME) at {place}; remove that record, or publish where it leads"
    )]
    Alias {
        /// The name.
        owner: Name,
        /// Who.
        place: String,
    },
    /// It does not tell what it has.
    #[error("{place} does not tell which names it has; {remedy}")]
    Unlisted {
        /// Who.
        place: String,
        /// What to do.
        remedy: String,
    },
}

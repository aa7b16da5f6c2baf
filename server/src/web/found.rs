//! A name as its page shows it: what it pays, and what the server has last proven of it.

use std::sync::Arc;

use payname_api::{ProvenBy, State};
use payname_resolver::{Handle, Instructions, UnixTime, instructions::UriError};

use super::kept::Stamp;
use crate::{
    http::{App, Failure, Visitor},
    prove::Evidence,
    registration::Registration,
};

/// A name that has a page.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) registration: Registration,
    pub(super) standing: Standing,
}

/// What the server can say of a name at this moment.
#[derive(Debug)]
pub(super) enum Standing {
    /// DNS proves this very URI, as was looked at no longer ago than its TTL.
    Proven {
        /// The proof.
        evidence: Arc<Evidence>,
        /// From where it was looked at.
        by: ProvenBy,
    },
    /// It is on its way into DNS.
    OnTheWay,
    /// DNS does not prove it just now.
    Unproven {
        /// When this version was first proven, if ever.
        before: Option<UnixTime>,
    },
}

/// Looks a name up in the registry and, if what is kept is no longer fresh, in DNS.
///
/// Nothing for every name that cannot be paid, whatever the reason: nobody shall learn it. A proof that has to be made
/// counts as one for the visitor, if one is given.
///
/// # Errors
/// The registry fails, or there were too many proofs for the visitor.
pub(super) async fn find(
    app: &App,
    handle: &Handle,
    visitor: Option<&Visitor>,
) -> Result<Option<Found>, Failure> {
    let found = app.store.registration(handle).await?;
    let Some(registration) = found.filter(|found| !found.is_gone() && !found.is_hidden()) else {
        return Ok(None);
    };
    if registration.uri.is_none() {
        return Ok(None);
    }
    if let (State::Published, Some(visitor)) = (registration.state, visitor) {
        app.charge_proof(visitor, &registration, app.clock.now())?;
    }
    let standing = match registration.state {
        State::Published => match app.evidence(&registration, app.clock.now()).await {
            Ok(evidence) => Standing::Proven {
                evidence,
                by: app.prover.by().clone(),
            },
            Err(_) => Standing::Unproven {
                before: registration.published_at,
            },
        },
        State::Pending => Standing::OnTheWay,
        _ => Standing::Unproven { before: None },
    };
    Ok(Some(Found {
        registration,
        standing,
    }))
}

impl Found {
    /// What it pays.
    ///
    /// # Errors
    /// What was taken once is no URI for this version of the server.
    pub(super) fn instructions(&self) -> Result<Instructions, UriError> {
        Instructions::parse(self.registration.uri.as_deref().unwrap_or_default())
    }

    /// What a page of it that asks for nothing follows from; none where it changes by itself.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        match &self.standing {
            Standing::Proven { evidence, .. } => Some(Stamp {
                version: self.registration.version,
                proven_at: evidence.proven_at,
            }),
            _ => None,
        }
    }
}

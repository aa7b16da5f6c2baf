//! A registered name, and the rules by which a signed change may alter it.
//!
//! [`Change::decide`] is the whole law of ownership: a function of the present state and the
//! change. A store runs it inside its transaction and writes what it returns.

use payname_api::{ProvenBy, State};
use payname_resolver::{Handle, UnixTime};

use crate::key::{EventId, OwnerKey};

/// A name that was claimed at some time, as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The name.
    pub handle: Handle,
    /// Who may change it; after a removal, who alone may claim it again.
    pub owner: OwnerKey,
    /// What it pays; none once it is removed.
    pub uri: Option<String>,
    /// How far it has come.
    pub state: State,
    /// Counts the changes, from 1.
    pub version: u64,
    /// When it was first claimed.
    pub created_at: UnixTime,
    /// When it was last changed.
    pub updated_at: UnixTime,
    /// When this version was proven from DNS.
    pub published_at: Option<UnixTime>,
    /// From where it was proven.
    pub proven_by: Option<ProvenBy>,
    /// Why the last attempt to publish it failed.
    pub error: Option<String>,
}

/// A change that the holder of a key has signed.
#[derive(Debug, Clone)]
pub struct Change {
    /// The name to change.
    pub handle: Handle,
    /// What is to be done.
    pub what: What,
    /// What must hold for it to be done.
    pub precondition: Precondition,
    /// Who signed.
    pub signed: Signed,
    /// When the server took it in.
    pub at: UnixTime,
}

/// What a change does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Claims the name or replaces its URI.
    Put {
        /// The URI, already checked.
        uri: String,
    },
    /// Takes the name out of DNS and keeps it for its owner.
    Remove,
}

/// What must hold for a change to be made (RFC 9110 §13.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    None,
    /// The name has this version (`If-Match: "3"`).
    Version(u64),
    /// The name is there (`If-Match: *`).
    Present,
    /// The name is free (`If-None-Match: *`).
    Absent,
}

/// The signature under a change, already verified.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The key that signed.
    pub owner: OwnerKey,
    /// The signed event's id, good for one change.
    pub event: EventId,
    /// The event as it was received: the evidence kept in the history.
    pub json: String,
    /// When the event's own time window ends.
    pub lapses_at: UnixTime,
}

/// What a change comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The registration as it is to be.
    pub registration: Registration,
    /// What has to be done about it.
    pub effect: Effect,
}

/// What has to be done after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// A new version: store it, and bring it into DNS.
    Publish,
    /// The same version once more: nothing to store; try to publish it again now.
    Retry,
    /// All is as it was asked to be already.
    Nothing,
}

impl Change {
    /// Decides what this change comes to, given the name's present registration.
    ///
    /// # Errors
    /// The name is another key's, the precondition does not hold, or there is nothing to remove.
    pub fn decide(&self, present: Option<&Registration>) -> Result<Decision, Refusal> {
        if let Some(present) = present
            && present.owner != self.signed.owner
        {
            return Err(Refusal::NotOwner {
                handle: self.handle.clone(),
                removed: present.is_gone(),
            });
        }
        let alive = present.filter(|registration| !registration.is_gone());
        self.check_precondition(alive.map(|registration| registration.version))?;
        match (&self.what, present) {
            (What::Put { uri }, Some(present)) if present.uri.as_ref() == Some(uri) => {
                Ok(present.again())
            }
            (What::Put { uri }, present) => Ok(self.next(present, Some(uri.clone()))),
            (What::Remove, None) => Err(Refusal::Unknown(self.handle.clone())),
            (What::Remove, Some(present)) if present.is_gone() => Ok(present.again()),
            (What::Remove, present) => Ok(self.next(present, None)),
        }
    }

    /// The registration after this change, with a version of its own.
    fn next(&self, present: Option<&Registration>, uri: Option<String>) -> Decision {
        let state = if uri.is_some() {
            State::Pending
        } else {
            State::Removing
        };
        let registration = Registration {
            handle: self.handle.clone(),
            owner: self.signed.owner,
            uri,
            state,
            version: present
                .map_or(0, |present| present.version)
                .saturating_add(1),
            created_at: present.map_or(self.at, |present| present.created_at),
            updated_at: self.at,
            published_at: None,
            proven_by: None,
            error: None,
        };
        Decision {
            registration,
            effect: Effect::Publish,
        }
    }

    fn check_precondition(&self, version: Option<u64>) -> Result<(), Refusal> {
        let holds = match self.precondition {
            Precondition::None => true,
            Precondition::Version(wanted) => version == Some(wanted),
            Precondition::Present => version.is_some(),
            Precondition::Absent => version.is_none(),
        };
        if holds {
            return Ok(());
        }
        Err(Refusal::Precondition {
            handle: self.handle.clone(),
            version,
        })
    }
}

impl Registration {
    /// Whether its owner has taken it out of DNS.
    pub fn is_gone(&self) -> bool {
        matches!(self.state, State::Removing | State::Removed)
    }

    /// What asking once more for the same comes to.
    fn again(&self) -> Decision {
        let effect = match self.state {
            State::Published | State::Removed => Effect::Nothing,
            _ => Effect::Retry,
        };
        Decision {
            registration: self.clone(),
            effect,
        }
    }
}

/// Why a change is not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The name is, or was, another key's.
    #[error("{handle} belongs to another key{}", if *removed { " (it was removed, and only its former owner may claim it again)" } else { "; sign with the owner's key, or choose another name" })]
    NotOwner {
        /// The name.
        handle: Handle,
        /// Whether it was removed, and is kept for its former owner.
        removed: bool,
    },
    /// There is no such name.
    #[error("{0} is not registered here")]
    Unknown(Handle),
    /// The precondition does not hold.
    #[error("{handle} {}; look at it again before changing it", version.map_or("is free".to_owned(), |version| format!("has version {version}")))]
    Precondition {
        /// The name.
        handle: Handle,
        /// Its version; none when it is free.
        version: Option<u64>,
    },
    /// The signed event has been used.
    #[error("this signed request was used before; sign a new one for every request")]
    Replayed,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: OwnerKey = OwnerKey([1; 32]);
    const MALLORY: OwnerKey = OwnerKey([2; 32]);

    fn change(owner: OwnerKey, what: What) -> Change {
        Change {
            handle: "alice@example.test".parse().unwrap(),
            what,
            precondition: Precondition::None,
            signed: Signed {
                owner,
                event: EventId([0; 32]),
                json: String::new(),
                lapses_at: UnixTime(160),
            },
            at: UnixTime(100),
        }
    }

    fn put(owner: OwnerKey, uri: &str) -> Change {
        change(
            owner,
            What::Put {
                uri: uri.to_owned(),
            },
        )
    }

    fn registered(uri: &str) -> Registration {
        put(ALICE, uri).decide(None).unwrap().registration
    }

    #[test]
    fn a_free_name_goes_to_whoever_asks_first() {
        let decision = put(ALICE, "bitcoin:a").decide(None).unwrap();
        assert_eq!(decision.effect, Effect::Publish);
        assert_eq!(decision.registration.owner, ALICE);
        assert_eq!(decision.registration.version, 1);
        assert_eq!(decision.registration.state, State::Pending);
    }

    #[test]
    fn another_key_can_neither_change_nor_remove_nor_inherit_a_name() {
        let present = registered("bitcoin:a");
        let removed = change(ALICE, What::Remove)
            .decide(Some(&present))
            .unwrap()
            .registration;
        for present in [present, removed] {
            for what in [
                What::Remove,
                What::Put {
                    uri: "bitcoin:b".to_owned(),
                },
            ] {
                let refusal = change(MALLORY, what).decide(Some(&present)).unwrap_err();
                assert!(matches!(refusal, Refusal::NotOwner { .. }));
            }
        }
    }

    #[test]
    fn asking_for_the_same_again_makes_no_new_version() {
        let mut present = registered("bitcoin:a");
        let again = put(ALICE, "bitcoin:a").decide(Some(&present)).unwrap();
        assert_eq!(
            (again.effect, again.registration.version),
            (Effect::Retry, 1)
        );
        present.state = State::Published;
        let again = put(ALICE, "bitcoin:a").decide(Some(&present)).unwrap();
        assert_eq!(again.effect, Effect::Nothing);
    }

    #[test]
    fn a_removed_name_comes_back_to_its_owner_with_a_higher_version() {
        let present = registered("bitcoin:a");
        let removed = change(ALICE, What::Remove)
            .decide(Some(&present))
            .unwrap()
            .registration;
        assert_eq!(
            (removed.state, removed.uri.as_deref()),
            (State::Removing, None)
        );
        let mut claim = put(ALICE, "bitcoin:a");
        claim.precondition = Precondition::Absent;
        let back = claim.decide(Some(&removed)).unwrap().registration;
        assert_eq!((back.version, back.created_at), (3, present.created_at));
    }

    #[test]
    fn preconditions_bind_to_the_version_and_to_absence() {
        let present = registered("bitcoin:a");
        let mut update = put(ALICE, "bitcoin:b");
        update.precondition = Precondition::Version(2);
        let refusal = update.decide(Some(&present)).unwrap_err();
        assert!(matches!(
            refusal,
            Refusal::Precondition {
                version: Some(1),
                ..
            }
        ));
        update.precondition = Precondition::Version(1);
        assert_eq!(
            update.decide(Some(&present)).unwrap().registration.version,
            2
        );
        update.precondition = Precondition::Absent;
        assert!(update.decide(Some(&present)).is_err());
        update.precondition = Precondition::Present;
        assert!(update.decide(None).is_err());
    }

    #[test]
    fn what_was_never_there_cannot_be_removed() {
        let refusal = change(ALICE, What::Remove).decide(None).unwrap_err();
        assert!(matches!(refusal, Refusal::Unknown(_)));
    }
}

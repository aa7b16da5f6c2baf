//! The law: what a change comes to.
//!
//! Whatever takes a name from its owner is judged by a time that has surely come; whatever is promised
//! to the owner is counted from the later of the change's time and the last change. So a clock that is wrong
//! takes nothing from anybody, and gives nobody less than the domain's terms.

use payname_api::State;

use super::{By, Change, Decision, Deed, Effect, Precondition, Refusal, Registration, What};
use crate::key::OwnerKey;

/// A name that is put again as it is has its end put off only by more than this, in seconds: so the
/// same request, sent twice, changes nothing the second time.
const DAY: u64 = 24 * 3600;

impl Change {
    /// Decides what this change comes to, given the name's present registration.
    ///
    /// # Errors
    /// [`Refusal`]: the name is another key's, is not in a state for this, or is not as the change
    /// wants it to be.
    pub fn decide(&self, present: Option<&Registration>) -> Result<Decision, Refusal> {
        let key = match &self.by {
            By::Server if self.what == What::Fulfil => return self.fulfil(present),
            By::Server => return self.expire(present),
            By::Operator(_) => None,
            By::Key(signed) => Some(signed.owner),
        };
        // What is free is nobody's: who had it claims it as everybody does, and is admitted or not.
        let former = present;
        let present = present
            .filter(|present| !present.is_free(self.sure))
            .filter(|present| !present.was_never_given(self.sure));
        if let Some(present) = present
            && key.is_some()
            && !self.is_owners(present)
        {
            return Err(Refusal::NotOwner {
                handle: self.handle.clone(),
                removed: present.state == State::Removing || present.state == State::Removed,
            });
        }
        let alive = present.filter(|present| !present.is_gone());
        self.check_precondition(alive.map(|present| present.version))?;
        if let Some(present) = alive {
            self.refuse_awaiting(present)?;
        }
        match (&self.what, present, key) {
            (What::Put { uri }, None, Some(key)) => self.claim(former, uri, key),
            (What::Put { uri }, Some(present), Some(_)) => self.put(present, uri),
            (What::Grant { to, uri }, present, None) => self.grant((present, former), uri, *to),
            (What::Put { .. } | What::Grant { .. }, None, _) => {
                Err(Refusal::NotTheirs(self.handle.clone()))
            }
            (What::Fulfil, present, None) => self.fulfil(present),
            (_, None, _) => Err(Refusal::Unknown(self.handle.clone())),
            (What::Remove, Some(present), _) => Ok(self.remove(present)),
            (What::Disable, Some(present), _) => self.disable(present),
            (What::Enable, Some(present), _) => self.enable(present),
            (What::Renew, Some(present), Some(_)) => self.renew(present),
            (What::Transfer { consent }, Some(present), Some(_)) => {
                self.transfer(present, consent.owner)
            }
            (What::Nostr(nostr), Some(present), Some(_)) => self.tell(present, nostr.as_ref()),
            (What::Put { .. } | What::Grant { .. } | What::Renew | What::Nostr(_), _, _)
            | (What::Transfer { .. } | What::Fulfil | What::Expire, _, _) => {
                Err(Refusal::NotTheirs(self.handle.clone()))
            }
        }
    }

    fn is_owners(&self, present: &Registration) -> bool {
        matches!(&self.by, By::Key(signed) if signed.owner == present.owner)
    }

    fn put(&self, present: &Registration, uri: &str) -> Result<Decision, Refusal> {
        self.refuse_suspended(present)?;
        if present.state == State::Awaiting {
            return Ok(self.put_awaiting(present, uri));
        }
        let mut next = self.renewed(present);
        let is_same = [&present.uri, &present.kept].contains(&&Some(uri.to_owned()));
        if is_same && !present.is_gone() {
            let lasts_longer = next.expires_at > present.expires_at.map(|at| at.plus(DAY))
                || next.expires_at.is_some() != present.expires_at.is_some();
            return Ok(if lasts_longer {
                keep(next, Deed::Renew)
            } else {
                present.again()
            });
        }
        next.set_uri(uri.to_owned());
        let deed = if present.is_gone() {
            Deed::Claim
        } else {
            Deed::Update
        };
        Ok(publish(next, deed))
    }

    /// The first version of a name; or of its next life, which goes on counting where the last one
    /// ended, so that no version is ever of two contents.
    fn claim(
        &self,
        former: Option<&Registration>,
        uri: &str,
        key: OwnerKey,
    ) -> Result<Decision, Refusal> {
        let version = former.map_or(0, |former| former.version).saturating_add(1);
        let at = former.map_or(self.at, |former| former.updated_at.max(self.at));
        let mut registration = Registration {
            handle: self.handle.clone(),
            owner: key,
            uri: None,
            kept: None,
            state: State::Pending,
            disabled: false,
            suspended: false,
            version,
            born: version,
            created_at: at,
            updated_at: at,
            expires_at: None,
            free_at: None,
            awaits: self.awaited(at)?,
            nostr: None,
            published_at: None,
            proven_by: None,
            error: None,
        };
        if registration.awaits.is_some() {
            registration.reserve(uri);
            return Ok(record(registration, Deed::Claim));
        }
        self.set_end(&mut registration);
        registration.set_uri(uri.to_owned());
        Ok(publish(registration, Deed::Claim))
    }

    /// As a claim; what is held for somebody goes to nobody else.
    fn grant(
        &self,
        (present, former): (Option<&Registration>, Option<&Registration>),
        uri: &str,
        to: OwnerKey,
    ) -> Result<Decision, Refusal> {
        match present {
            None => self.claim(former, uri, to),
            Some(present) => Err(Refusal::NotOwner {
                handle: self.handle.clone(),
                removed: present.is_gone(),
            }),
        }
    }

    fn remove(&self, present: &Registration) -> Decision {
        if matches!(present.state, State::Removing | State::Removed) {
            return present.again();
        }
        if present.state == State::Awaiting {
            return self.withdraw(present, Deed::Remove);
        }
        let mut next = self.next(present);
        (next.uri, next.kept, next.disabled) = (None, None, false);
        next.nostr = None;
        next.state = State::Removing;
        // One that has expired is held no longer for having been removed too.
        if !present.is_gone() {
            next.free_at = self.terms.hold.map(|hold| next.updated_at.plus(hold));
        }
        next.expires_at = None;
        publish(next, Deed::Remove)
    }

    fn disable(&self, present: &Registration) -> Result<Decision, Refusal> {
        let by_operator = matches!(self.by, By::Operator(_));
        if !by_operator {
            self.refuse_gone(present)?;
        }
        let mut next = self.next(present);
        let mark = next.mark(by_operator);
        if std::mem::replace(mark, true) {
            return Ok(present.again());
        }
        if present.is_gone() {
            return Ok(keep(next, Deed::Disable));
        }
        next.hide(State::Disabling);
        Ok(publish(next, Deed::Disable))
    }

    fn enable(&self, present: &Registration) -> Result<Decision, Refusal> {
        let by_operator = matches!(self.by, By::Operator(_));
        if !by_operator {
            self.refuse_suspended(present)?;
            self.refuse_gone(present)?;
        }
        let mut next = self.next(present);
        let mark = next.mark(by_operator);
        if !std::mem::replace(mark, false) {
            return Ok(present.again());
        }
        if present.is_gone() {
            return Ok(keep(next, Deed::Enable));
        }
        next.show();
        Ok(publish(next, Deed::Enable))
    }

    fn renew(&self, present: &Registration) -> Result<Decision, Refusal> {
        self.refuse_suspended(present)?;
        let mut next = self.renewed(present);
        match present.state {
            State::Removing | State::Removed => Err(Refusal::Unknown(self.handle.clone())),
            State::Expiring | State::Expired => {
                next.show();
                Ok(publish(next, Deed::Renew))
            }
            _ if next.expires_at == present.expires_at => Ok(present.again()),
            _ => Ok(keep(next, Deed::Renew)),
        }
    }

    fn transfer(&self, present: &Registration, to: OwnerKey) -> Result<Decision, Refusal> {
        self.refuse_suspended(present)?;
        if present.owner == to {
            return Err(Refusal::SameOwner(self.handle.clone()));
        }
        let mut next = self.next(present);
        next.owner = to;
        next.nostr = None;
        Ok(keep(next, Deed::Transfer))
    }

    /// Not a matter of who asks, but of time.
    fn expire(&self, present: Option<&Registration>) -> Result<Decision, Refusal> {
        let present = present.ok_or_else(|| Refusal::Unknown(self.handle.clone()))?;
        if self.what != What::Expire {
            return Err(Refusal::NotTheirs(self.handle.clone()));
        }
        if present.is_gone() || !present.is_over(self.sure) {
            return Ok(present.as_it_is());
        }
        if present.state == State::Awaiting {
            return Ok(self.withdraw(present, Deed::Lapse));
        }
        let mut next = self.next(present);
        next.hide(State::Expiring);
        Ok(publish(next, Deed::Expire))
    }

    /// The next version, in all else like the present one.
    pub(super) fn next(&self, present: &Registration) -> Registration {
        Registration {
            version: present.version.saturating_add(1),
            updated_at: self.at.max(present.updated_at),
            ..present.clone()
        }
    }

    /// The next version, which lasts as long as the domain's terms have it.
    fn renewed(&self, present: &Registration) -> Registration {
        let mut next = self.next(present);
        self.set_end(&mut next);
        next
    }

    pub(super) fn set_end(&self, registration: &mut Registration) {
        let end = self
            .terms
            .life
            .map(|life| registration.updated_at.plus(life));
        registration.expires_at = end;
        registration.free_at = end.and_then(|end| self.terms.hold.map(|hold| end.plus(hold)));
    }

    pub(super) fn refuse_suspended(&self, present: &Registration) -> Result<(), Refusal> {
        if present.suspended {
            return Err(Refusal::Suspended(self.handle.clone()));
        }
        Ok(())
    }

    pub(super) fn refuse_gone(&self, present: &Registration) -> Result<(), Refusal> {
        match present.state {
            State::Removing | State::Removed => Err(Refusal::Unknown(self.handle.clone())),
            State::Expiring | State::Expired => Err(Refusal::Expired {
                handle: self.handle.clone(),
                at: present.expires_at.unwrap_or(present.updated_at),
            }),
            _ => Ok(()),
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
    /// What asking once more for the same comes to.
    pub(super) fn again(&self) -> Decision {
        let effect = match self.is_settled() {
            true => Effect::Nothing,
            false => Effect::Retry,
        };
        Decision {
            registration: self.clone(),
            effect,
        }
    }

    /// What a change comes to that changes nothing.
    pub(super) fn as_it_is(&self) -> Decision {
        Decision {
            registration: self.clone(),
            effect: Effect::Nothing,
        }
    }

    /// The owner's or the operator's mark that it is disabled.
    fn mark(&mut self, of_operator: bool) -> &mut bool {
        if of_operator {
            &mut self.suspended
        } else {
            &mut self.disabled
        }
    }

    fn set_uri(&mut self, uri: String) {
        (self.uri, self.kept) = (None, Some(uri));
        self.show();
    }

    /// Into DNS with what is kept, unless somebody has disabled it.
    pub(super) fn show(&mut self) {
        if self.disabled || self.suspended {
            self.state = State::Disabling;
            return;
        }
        self.uri = self.kept.take().or_else(|| self.uri.take());
        self.state = State::Pending;
    }

    /// Out of DNS, with what it paid kept.
    fn hide(&mut self, state: State) {
        self.kept = self.uri.take().or_else(|| self.kept.take());
        self.state = state;
    }
}

/// A version that DNS is to be brought to.
pub(super) fn publish(registration: Registration, deed: Deed) -> Decision {
    let registration = Registration {
        published_at: None,
        proven_by: None,
        error: None,
        ..registration
    };
    Decision {
        registration,
        effect: Effect::Publish(deed),
    }
}

/// A version of which DNS has nothing.
pub(super) fn record(registration: Registration, deed: Deed) -> Decision {
    Decision {
        registration,
        effect: Effect::Record(deed),
    }
}

/// A version that DNS needs not know of.
pub(super) fn keep(registration: Registration, deed: Deed) -> Decision {
    Decision {
        registration,
        effect: Effect::Keep(deed),
    }
}

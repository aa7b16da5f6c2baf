//! The law of claims that wait: a name is reserved for a while, and is nobody's until what it waits for is so.

use payname_api::State;

use super::{
    Change, Decision, Deed, Refusal, Registration, What,
    law::{publish, record},
};

impl Change {
    /// What is to be paid once the name is given.
    pub(super) fn put_awaiting(&self, present: &Registration, uri: &str) -> Decision {
        if present.kept.as_deref() == Some(uri) {
            return present.as_it_is();
        }
        let mut next = self.next(present);
        next.kept = Some(uri.to_owned());
        record(next, Deed::Update)
    }

    /// Gives a name to whoever claimed it. One that was given already stays as it is.
    pub(super) fn fulfil(&self, present: Option<&Registration>) -> Result<Decision, Refusal> {
        let present = present.filter(|present| !present.was_never_given(self.sure));
        let present = present.filter(|present| !present.is_gone());
        let present = present.ok_or_else(|| Refusal::Unknown(self.handle.clone()))?;
        if present.state != State::Awaiting {
            return Ok(present.as_it_is());
        }
        let mut next = self.next(present);
        next.awaits = None;
        self.set_end(&mut next);
        next.show();
        Ok(publish(next, Deed::Fulfil))
    }

    /// Ends a claim that waits. Nobody has ever paid by the name, so that it is held for nobody.
    pub(super) fn withdraw(&self, present: &Registration, deed: Deed) -> Decision {
        let mut next = self.next(present);
        next.kept = None;
        next.state = State::Removed;
        next.expires_at = None;
        next.free_at = Some(next.free_at.unwrap_or(self.at).min(self.at));
        record(next, deed)
    }

    pub(super) fn refuse_awaiting(&self, present: &Registration) -> Result<(), Refusal> {
        let is_fit = matches!(
            self.what,
            What::Put { .. } | What::Remove | What::Fulfil | What::Grant { .. }
        );
        match &present.awaits {
            Some(awaited) if !is_fit => Err(Refusal::Awaiting {
                handle: self.handle.clone(),
                until: awaited.until,
            }),
            _ => Ok(()),
        }
    }
}

impl Registration {
    /// Reserves it for as long as its claim waits.
    pub(super) fn reserve(&mut self, uri: &str) {
        let until = self.awaits.as_ref().map(|awaited| awaited.until);
        (self.expires_at, self.free_at) = (until, until);
        self.kept = Some(uri.to_owned());
        self.state = State::Awaiting;
    }
}

//! Who gets a new name: what the domain asks of a claim, judged on what the store holds.

use std::sync::Arc;

use ipnet::IpNet;
use payname_resolver::UnixTime;

use super::{By, Change, Decision, Deed, Demand, Effect, NameRules, Refusal, Requirement};
use crate::key::OwnerKey;

/// What a claim of a new name must meet. The default asks for nothing.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// The rules of the domain.
    pub rules: Arc<EntryRules>,
    /// The invite code that was brought, by its hash.
    pub invite: Option<InviteHash>,
    /// Whether the server has drawn the name.
    pub drawn: bool,
    /// What the claim has to meet, where the domain demands something.
    pub demand: Option<Demand>,
    /// From where the claim came. It is kept only as a hash whose key is forgotten after two days.
    pub network: Option<IpNet>,
}

/// How names of a domain are given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryRules {
    /// Which names there may be.
    pub names: NameRules,
    /// Who may have one.
    pub access: Access,
    /// What must be so before a chosen name is published.
    pub condition: Option<Requirement>,
    /// Whether everybody may have a name that the server draws.
    pub random: bool,
    /// How many names a key may hold; none: any number.
    pub names_per_key: Option<u32>,
    /// How many names may be claimed from one network in a day (UTC); none: any number.
    pub claims_per_network: Option<u32>,
}

/// Who may have a name that they choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// Everybody.
    #[default]
    Open,
    /// Whoever has an invite code.
    Invite,
    /// Whomever the operator gives one.
    Closed,
}

/// The SHA-256 of an invite code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct InviteHash(pub [u8; 32]);

/// An invite as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Its code's hash.
    pub hash: InviteHash,
    /// The domain it is for.
    pub domain: String,
    /// What the operator calls it.
    pub note: String,
    /// How many names may be claimed with it.
    pub uses: u32,
    /// How many were.
    pub used: u32,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it ends.
    pub expires_at: Option<UnixTime>,
    /// Whether the operator has taken it back.
    pub revoked: bool,
}

/// What the store knows that a claim is judged by.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Names that look like it.
    pub twins: Vec<Neighbour>,
    /// Names above and below it in DNS.
    pub kin: Vec<Neighbour>,
    /// The invite that was brought.
    pub invite: Option<Invite>,
    /// How many names the key holds in the domain.
    pub of_key: u32,
    /// How many names were claimed from the network today.
    pub of_network: u32,
}

/// Another name that is in the way, unless it is the same key's or free.
#[derive(Debug, Clone)]
pub struct Neighbour {
    /// Whose it is.
    pub owner: OwnerKey,
    /// Whether the operator has disabled it.
    pub suspended: bool,
    /// From when on any key may claim it.
    pub free_at: Option<UnixTime>,
}

impl Decision {
    /// Whether a name begins a life by this: then its claim must be admitted.
    pub fn begins_life(&self) -> bool {
        let is_claim = [Effect::Publish(Deed::Claim), Effect::Record(Deed::Claim)];
        is_claim.contains(&self.effect) && self.registration.born == self.registration.version
    }
}

impl Change {
    /// Judges the claim of a new name.
    ///
    /// The operator may give reserved names, look-alikes, and any number, but none that DNS or a wallet
    /// would not take, nor one that lies under somebody's.
    ///
    /// # Errors
    /// [`Refusal`] says which rule of the domain it does not meet.
    pub fn admit(&self, owner: OwnerKey, facts: &Facts) -> Result<(), Refusal> {
        let (rules, user) = (&self.entry.rules, self.handle.user());
        rules.names.check_form(user)?;
        let handle = || self.handle.clone();
        let blocks = |other: &Neighbour| {
            let is_free = !other.suspended && other.free_at.is_some_and(|free| free <= self.sure);
            other.owner != owner && !is_free
        };
        if matches!(self.by, By::Key(_)) {
            if rules.names.is_reserved(user) {
                return Err(Refusal::Reserved(handle()));
            }
            self.check_access(facts.invite.as_ref())?;
            if let Some(most) = rules.names_per_key.filter(|most| facts.of_key >= *most) {
                return Err(Refusal::TooManyNames { most });
            }
            if let Some(most) = rules.claims_per_network
                && self.entry.network.is_some()
                && facts.of_network >= most
            {
                return Err(Refusal::TooManyClaims { most });
            }
            if rules.names.confusables && facts.twins.iter().any(blocks) {
                return Err(Refusal::Confusable(handle()));
            }
        }
        if facts.kin.iter().any(blocks) {
            return Err(Refusal::Shadows(handle()));
        }
        Ok(())
    }

    fn check_access(&self, invite: Option<&Invite>) -> Result<(), Refusal> {
        let rules = &self.entry.rules;
        match rules.access {
            _ if self.entry.drawn && rules.random => Ok(()),
            _ if self.entry.drawn => Err(Refusal::NotDrawn(self.handle.domain().to_owned())),
            Access::Open => Ok(()),
            Access::Closed => Err(Refusal::Closed(self.handle.domain().to_owned())),
            Access::Invite => {
                if self.entry.invite.is_none() {
                    return Err(Refusal::InviteNeeded(self.handle.domain().to_owned()));
                }
                let is_good = invite.is_some_and(|invite| {
                    invite.domain == self.handle.domain()
                        && !invite.revoked
                        && invite.used < invite.uses
                        && invite.expires_at.is_none_or(|end| self.at < end)
                });
                is_good.then_some(()).ok_or(Refusal::InviteInvalid)
            }
        }
    }

    /// The invite that is used up by a claim that was admitted.
    pub(crate) fn redeems(&self) -> Option<InviteHash> {
        let needs = self.entry.rules.access == Access::Invite && !self.entry.drawn;
        let needs = needs && matches!(self.by, By::Key(_));
        self.entry.invite.filter(|_| needs)
    }
}

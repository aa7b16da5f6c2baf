//! What was done to a name, as its owner reads it.

use payname_api::HistoryStep;
use payname_resolver::UnixTime;

use super::{methods::shown, moment::Moment};

/// A step, told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) version: u64,
    pub(super) at: Moment,
    pub(super) deed: String,
    pub(super) by: String,
    pub(super) old_uri: Option<String>,
    pub(super) uri: Option<String>,
    /// Whom Nostr programs found afterwards, if that is what was done.
    pub(super) nostr: Option<String>,
    /// Where it went, when it was given away.
    pub(super) to: Option<String>,
}

pub(super) fn told(step: &HistoryStep) -> Told {
    let by = match (&step.signer, &step.operator) {
        (Some(key), _) => format!("the key {key}"),
        (None, Some(token)) => format!("the operator, with the token {}", shown(token)),
        (None, None) => "the server".to_owned(),
    };
    let is_new = |uri: &&String| step.old_uri.as_ref() != Some(uri);
    let nostr = step.nostr.as_ref().filter(|_| step.action == "nostr");
    let nostr = nostr.and_then(|nostr| nostr.key.as_deref());
    Told {
        version: step.version,
        at: Moment(UnixTime(step.at)),
        deed: match step.action.as_str() {
            "claim" => "Claimed".to_owned(),
            "update" => "Changed".to_owned(),
            "remove" => "Removed".to_owned(),
            "disable" => "Switched off".to_owned(),
            "enable" => "Switched on".to_owned(),
            "renew" => "Renewed".to_owned(),
            "transfer" => "Given away".to_owned(),
            "expire" => "Ended".to_owned(),
            "fulfil" => "Given".to_owned(),
            "lapse" => "Claimed in vain".to_owned(),
            "nostr" if step.nostr.is_some() => "Told to Nostr".to_owned(),
            "nostr" => "Told to Nostr no longer".to_owned(),
            other => shown(other),
        },
        by,
        old_uri: step
            .old_uri
            .clone()
            .filter(|old| step.uri.as_ref() != Some(old)),
        uri: step.uri.as_ref().filter(is_new).cloned(),
        nostr: nostr.map(|key| key.to_owned()),
        to: (step
            .old_owner
            .as_ref()
            .is_some_and(|old| *old != step.owner))
        .then(|| step.owner.clone()),
    }
}

//! What an owner can do to a name on its page, and the request of the API that does it.

use payname_api::NostrSetting;
use payname_resolver::Handle;

use super::{
    form::Fields,
    moment::span,
    place,
    readback::ReadBack,
    signing::{Draft, Verb},
};
use crate::{config::Domain, http::App};

/// Something that an owner wants done.
#[derive(Debug)]
pub(super) enum Deed {
    /// It shall pay this.
    Put(Box<ReadBack>),
    /// It leaves DNS and is kept for its owner.
    Remove,
    /// It leaves DNS and is hidden.
    Disable,
    /// It comes back.
    Enable,
    /// Its end is put off.
    Renew,
    /// Nostr programs find this under it.
    SetNostr(NostrSetting),
    /// Nostr programs find nothing under it.
    UnsetNostr,
    /// Nothing: what was done to it is told.
    History,
}

/// The word of [`Deed::SetNostr`].
const SET_NOSTR: &str = "set-nostr";

impl Deed {
    /// What a form says about Nostr, if it is about that.
    pub(super) fn nostr(fields: &Fields) -> Option<Self> {
        let key = fields.value("nostr-key");
        let relays = fields.value("relays").split_whitespace();
        let setting = NostrSetting {
            key: Some(key.to_ascii_lowercase()).filter(|key| !key.is_empty()),
            relays: relays.map(str::to_owned).collect(),
        };
        (fields.value("what") == SET_NOSTR).then_some(Self::SetNostr(setting))
    }

    /// The deed that a form names; none when it is a new record.
    pub(super) fn named(word: &str) -> Option<Self> {
        Some(match word {
            "remove" => Self::Remove,
            "disable" => Self::Disable,
            "enable" => Self::Enable,
            "renew" => Self::Renew,
            "unset-nostr" => Self::UnsetNostr,
            "history" => Self::History,
            _ => return None,
        })
    }

    /// Its word in forms.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Put(_) => "",
            Self::Remove => "remove",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Renew => "renew",
            Self::SetNostr(_) => SET_NOSTR,
            Self::UnsetNostr => "unset-nostr",
            Self::History => "history",
        }
    }

    /// The request that does it, to be signed.
    pub(super) fn draft(&self, app: &App, handle: &Handle, version: Option<u64>) -> Draft {
        let verb = match self {
            Self::Put(back) => return Draft::put(app, handle, &back.uri, version),
            Self::Remove => Verb::Remove,
            Self::Disable => Verb::Disable,
            Self::Enable => Verb::Enable,
            Self::Renew => Verb::Renew,
            Self::SetNostr(setting) => return Draft::nostr(app, handle, setting, version),
            Self::UnsetNostr => Verb::UnsetNostr,
            Self::History => Verb::History,
        };
        Draft::of(app, verb, handle, version)
    }

    /// What the page asks.
    pub(super) fn title(&self, handle: &Handle) -> String {
        match self {
            Self::Put(_) => "Read it back".to_owned(),
            Self::Remove => format!("Remove {handle}?"),
            Self::Disable => format!("Switch {handle} off?"),
            Self::Enable => format!("Switch {handle} on?"),
            Self::Renew => format!("Renew {handle}?"),
            Self::SetNostr(_) => format!("Have Nostr find {handle}?"),
            Self::UnsetNostr => format!("Have Nostr forget {handle}?"),
            Self::History => format!("The history of {handle}"),
        }
    }

    /// What the button says.
    pub(super) fn button(&self) -> &'static str {
        match self {
            Self::Put(_) => "Change it",
            Self::Remove => "Remove it",
            Self::Disable => "Switch it off",
            Self::Enable => "Switch it on",
            Self::Renew => "Renew it",
            Self::SetNostr(_) => "Tell it",
            Self::UnsetNostr => "Tell it no longer",
            Self::History => "Show it",
        }
    }

    /// Whether it takes something away.
    pub(super) fn is_grave(&self) -> bool {
        matches!(self, Self::Remove | Self::Disable)
    }

    /// What it means, in the domain's terms.
    pub(super) fn meaning(&self, domain: &Domain) -> Vec<String> {
        let ttl = span(domain.ttl.into());
        let late =
            format!("Wallets that have just asked may still pay by the old record for {ttl}.");
        match self {
            Self::Put(_) => vec![late],
            Self::Remove => vec![
                format!("Its record is taken out of DNS within seconds. {late}"),
                match domain.terms.hold {
                    Some(hold) => format!(
                        "The name is then kept for the key that signs now for {}: until then only you can take it back. After that anybody may claim it, and whoever still remembers it would pay them.",
                        span(hold)
                    ),
                    None => "The name is then kept for the key that signs now, for good: nobody else can claim it, so whoever remembers it cannot come to pay a stranger. You can take it back at any time with the same key.".to_owned(),
                },
            ],
            Self::Disable => vec![
                format!("Its record is taken out of DNS within seconds, and its page is gone: nobody can tell that there is such a name. {late}"),
                "It stays yours, with what it paid, until you switch it on again.".to_owned(),
            ],
            Self::Enable => vec!["It pays again what it paid before.".to_owned()],
            Self::Renew => vec![match domain.terms.life {
                Some(life) => format!("It lasts for {} from now.", span(life)),
                None => "Names of this domain do not end; there is nothing to renew.".to_owned(),
            }],
            Self::SetNostr(setting) => vec![
                match &setting.key {
                    Some(key) => format!("Whoever looks the name up in Nostr finds the key {key}."),
                    None => "Whoever looks the name up in Nostr finds the key that signs now, and so can see that the name and what you write there are of one person.".to_owned(),
                },
                match &setting.relays[..] {
                    [] => "No relays are named.".to_owned(),
                    relays => format!("They are sent to {}.", relays.join(", ")),
                },
                "It is off again once the name goes to another key.".to_owned(),
            ],
            Self::UnsetNostr => vec!["Nostr programs that look the name up are told nothing; some may remember what they were told.".to_owned()],
            Self::History => vec![
                "Who did what to it and when, with the signatures; only its owner is told.".to_owned(),
            ],
        }
    }

    /// Where it goes on once it is done.
    pub(super) fn next(
        &self,
        app: &App,
        handle: &Handle,
        headers: &axum::http::HeaderMap,
    ) -> String {
        match self {
            Self::Remove | Self::Disable => format!(
                "/~/manage?domain={}&user={}&done={}",
                handle.domain(),
                handle.user(),
                self.word()
            ),
            _ => place::path(app, handle, headers),
        }
    }
}

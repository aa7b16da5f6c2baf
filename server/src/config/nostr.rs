//! `[domain.nostr]`: whether Nostr programs are told of a domain's names (NIP-05).

use serde::Deserialize;

use super::{ConfigError, check::Checker};
use crate::registration::Nostr;

/// `[domain.nostr]`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WrittenNostr {
    enabled: bool,
    root: Option<String>,
    root_relays: Vec<String>,
}

/// What Nostr programs are told of a domain's names (NIP-05).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NostrServing {
    /// Whether they are told of names whose owners want it; nothing otherwise.
    pub enabled: bool,
    /// Whom `_@domain` stands for: the domain itself.
    pub root: Option<Nostr>,
}

impl Checker<'_> {
    pub(super) fn nostr(&self, written: &WrittenNostr) -> Result<NostrServing, ConfigError> {
        let Some(root) = &written.root else {
            return match written.root_relays.first() {
                None => Ok(NostrServing {
                    enabled: written.enabled,
                    root: None,
                }),
                Some(relay) => {
                    let remedy = "name the key that writes there: root = \"64 hex digits\"";
                    Err(self.invalid("domain.nostr.root_relays", relay, remedy))
                }
            };
        };
        let nostr = Nostr::parse(root, &written.root_relays);
        let nostr =
            nostr.map_err(|error| self.invalid("domain.nostr.root", root, error.to_string()))?;
        if !written.enabled {
            let remedy = "write enabled = true beside it; without that, nobody is told";
            return Err(self.invalid("domain.nostr.root", root, remedy));
        }
        Ok(NostrServing {
            enabled: true,
            root: Some(nostr),
        })
    }
}

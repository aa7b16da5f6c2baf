//! Names as Nostr identifiers (NIP-05).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The body of `PUT …/handles/{user}/nostr`: whom Nostr programs shall find under the name.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NostrSetting {
    /// The public key, 64 hex digits; missing: the one that owns the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The relays that its holder writes to, `wss://…`; up to ten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relays: Vec<String>,
}

/// What `GET /.well-known/nostr.json?name=…` answers: the name that was asked for, or none.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NostrNames {
    /// The public key of the name, 64 hex digits, under the name as it was asked for.
    pub names: BTreeMap<String, String>,
    /// The relays of the key, under the key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub relays: BTreeMap<String, Vec<String>>,
}

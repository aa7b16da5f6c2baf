//! What was done to a name.

use serde::{Deserialize, Serialize};

use super::NostrSetting;

/// One step. Nothing of it is ever changed or removed.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryStep {
    /// The version that it made.
    pub version: u64,
    /// What was done: `claim`, `update`, `remove`, `disable`, `enable`, `renew`, `transfer`, `expire`,
    /// `fulfil`, `lapse`, `nostr`; more may come.
    pub action: String,
    /// When, in Unix seconds.
    pub at: u64,
    /// The key that signed for it, 64 hex digits; missing when it was the operator or the server itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// The name of the operator's token that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Whose it was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_owner: Option<String>,
    /// Whose it was afterwards.
    pub owner: String,
    /// What it paid in DNS before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_uri: Option<String>,
    /// What it paid in DNS afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// What it was to pay once enabled or renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_uri: Option<String>,
    /// How Nostr programs found the name's owner afterwards (NIP-05).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nostr: Option<NostrSetting>,
    /// The signed events (NIP-98) that asked for it, as they were received: the evidence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
}

/// One line of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExportedStep {
    /// The name, `₿alice@example.com`.
    pub handle: String,
    /// What was done to it.
    #[serde(flatten)]
    pub step: HistoryStep,
}

//! Lists, told in parts: a few items, and the way to those that follow.

use serde::{Deserialize, Serialize};

/// How many items a part has when the request says nothing, and how many it may have.
pub const DEFAULT_LIMIT: usize = 50;
/// The most items of one part.
pub const MAX_LIMIT: usize = 500;

/// A part of a list, as `?limit=` and `?cursor=` ask for it.
///
/// The same way on is in the header `Link: <…>; rel="next"` (RFC 8288).
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// The `cursor` of the part that follows; none when this was the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

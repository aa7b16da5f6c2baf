//! An error as the server tells it: `application/problem+json` (RFC 9457).

use std::fmt;

use serde::{Deserialize, Serialize};

/// What went wrong, and what to do about it.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A URI that names the kind of problem; `about:blank` when a server sent none.
    #[serde(rename = "type", default = "about_blank")]
    pub kind: String,
    /// The kind of problem in a few words.
    #[serde(default)]
    pub title: String,
    /// The HTTP status.
    #[serde(default)]
    pub status: u16,
    /// This occurrence, with the offending input and the remedy. Escape it before showing it.
    #[serde(default)]
    pub detail: String,
    /// One of [`codes`](crate::codes): what a program may decide by.
    #[serde(default)]
    pub code: String,
    /// The id of the request, by which the operator finds it in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Problem {
    /// A problem with a code of [`codes`](crate::codes); its type is `urn:payname:problem:CODE`.
    ///
    /// ```
    /// use payname_api::{Problem, codes};
    ///
    /// let problem = Problem::new(403, codes::NOT_OWNER, "Not the owner", "sign with the owner's key");
    /// assert_eq!(problem.kind, "urn:payname:problem:not_owner");
    /// ```
    pub fn new(
        status: u16,
        code: &str,
        title: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind: format!("urn:payname:problem:{code}"),
            title: title.into(),
            status,
            detail: detail.into(),
            code: code.to_owned(),
            request_id: None,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} {})", self.detail, self.status, self.code)
    }
}

impl std::error::Error for Problem {}

fn about_blank() -> String {
    "about:blank".to_owned()
}

//! Many proofs with one request.

use serde::{Deserialize, Serialize};

use crate::Problem;

/// The most names that one request may ask for.
pub const MAX_PROOFS: usize = 100;

/// The body of `POST /v1/proofs`: whose proofs are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProofsWanted {
    /// Names of this server's domains, `alice@example.com`, at most [`MAX_PROOFS`].
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 100, example = json!(["alice@example.com"])))]
    pub handles: Vec<String>,
}

/// The proofs, or why there are none, in the order they were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProofsGiven {
    /// One for every name that was asked for.
    pub proofs: Vec<ProofGiven>,
}

/// What is known of one name: a proof with its age, or a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProofGiven {
    /// The name as it was written in the request.
    pub handle: String,
    /// The RFC 9102 proof, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
    /// How long it stays true, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    /// Why there is no proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

//! The stable codes of problems: what a program may decide by.
//!
//! A code is never renamed or given another meaning; new ones may come.

/// 400: the body is no JSON of the documented form.
pub const INVALID_BODY: &str = "invalid_body";
/// 400: a header cannot be read, such as an `If-Match` that is no version.
pub const INVALID_HEADER: &str = "invalid_header";
/// 400: the query of the URL is none of the documented form.
pub const INVALID_QUERY: &str = "invalid_query";
/// 401: there is no `Authorization` header.
pub const AUTH_MISSING: &str = "auth_missing";
/// 401: the header is no `Nostr` followed by the base64 of an event.
pub const AUTH_MALFORMED: &str = "auth_malformed";
/// 401: the event is not of kind 27235.
pub const AUTH_KIND: &str = "auth_kind";
/// 401: the event was signed too long ago, or in the future.
pub const AUTH_TIME: &str = "auth_time";
/// 401: the event was signed for another URL.
pub const AUTH_URL: &str = "auth_url";
/// 401: the event was signed for another method.
pub const AUTH_METHOD: &str = "auth_method";
/// 401: the event was signed for another body, or for none.
pub const AUTH_PAYLOAD: &str = "auth_payload";
/// 401: the event's id or signature is wrong.
pub const AUTH_SIGNATURE: &str = "auth_signature";
/// 401: the event was used before.
pub const AUTH_REPLAYED: &str = "auth_replayed";
/// 401: the new owner's signed event is not in the `Payname-Consent` header.
pub const CONSENT_MISSING: &str = "consent_missing";
/// 401: the consent was signed by another key than the one that is to have the name.
pub const CONSENT_KEY: &str = "consent_key";
/// 403: the name belongs, or belonged, to another key.
pub const NOT_OWNER: &str = "not_owner";
/// 403: the operator has disabled the name, and only the operator can enable it.
pub const SUSPENDED: &str = "suspended";
/// 403: this change is not for whoever asks for it.
pub const NOT_THEIRS: &str = "not_theirs";
/// 404: the server has no such domain.
pub const UNKNOWN_DOMAIN: &str = "unknown_domain";
/// 404: there is no such name.
pub const UNKNOWN_HANDLE: &str = "unknown_handle";
/// 404: there is no such route.
pub const UNKNOWN_ROUTE: &str = "unknown_route";
/// 405: the route has no such method.
pub const METHOD_NOT_ALLOWED: &str = "method_not_allowed";
/// 408: the request took too long to arrive or to answer.
pub const TIMEOUT: &str = "timeout";
/// 409: there is no proof yet, since the name is not published.
pub const NOT_PUBLISHED: &str = "not_published";
/// 409: the operator of the server keeps the name for records of his own.
pub const RESERVED: &str = "reserved";
/// 409: the name has expired; renew it first.
pub const EXPIRED: &str = "expired";
/// 409: the name belongs already to the key that it is to be given to.
pub const SAME_OWNER: &str = "same_owner";
/// 412: `If-Match` or `If-None-Match` does not hold.
pub const PRECONDITION_FAILED: &str = "precondition_failed";
/// 413: the body is longer than [`MAX_BODY_BYTES`](crate::MAX_BODY_BYTES).
pub const BODY_TOO_LARGE: &str = "body_too_large";
/// 415: the body is not `application/json`.
pub const UNSUPPORTED_MEDIA_TYPE: &str = "unsupported_media_type";
/// 422: the user is no name that can be registered.
pub const INVALID_HANDLE: &str = "invalid_handle";
/// 422: the URI cannot be published.
pub const INVALID_URI: &str = "invalid_uri";
/// 429: there were too many requests of a network, a key or for a name; `Retry-After` says when to try again.
pub const RATE_LIMITED: &str = "rate_limited";
/// 500: the server failed; nothing was acknowledged.
pub const INTERNAL: &str = "internal";
/// 503: the server is too busy, or stopping; try again.
pub const UNAVAILABLE: &str = "unavailable";
/// 502: the record could not be proven from DNS just now.
pub const PROOF_UNAVAILABLE: &str = "proof_unavailable";

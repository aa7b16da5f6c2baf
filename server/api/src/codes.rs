//! The stable codes of problems: what a program may decide by.
//!
//! A code is never renamed or given another meaning; new ones may come.

/// A code, with what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Code {
    /// The code itself, such as `not_owner`.
    pub code: &'static str,
    /// The HTTP status it comes with.
    pub status: u16,
    /// What it means, in a sentence.
    pub meaning: &'static str,
}

/// Declares codes, and lists them.
macro_rules! codes {
    ($($status:literal $name:ident $code:literal $meaning:literal;)*) => {
        $(
            #[doc = concat!(stringify!($status), ": ", $meaning)]
            pub const $name: &str = $code;
        )*

        /// Every code there is.
        pub const ALL: &[Code] = &[
            $(Code { code: $code, status: $status, meaning: $meaning },)*
        ];
    };
}

codes! {
    400 INVALID_BODY "invalid_body"
        "the body is no JSON of the documented form.";
    400 INVALID_HEADER "invalid_header"
        "a header cannot be read, such as an `If-Match` that is no version.";
    400 INVALID_QUERY "invalid_query"
        "the query of the URL is none of the documented form.";
    401 AUTH_MISSING "auth_missing"
        "there is no `Authorization` header.";
    401 AUTH_MALFORMED "auth_malformed"
        "the header is no `Nostr` followed by the base64 of an event.";
    401 AUTH_KIND "auth_kind"
        "the event is not of kind 27235.";
    401 AUTH_TIME "auth_time"
        "the event was signed too long ago, or in the future.";
    401 AUTH_URL "auth_url"
        "the event was signed for another URL.";
    401 AUTH_METHOD "auth_method"
        "the event was signed for another method.";
    401 AUTH_PAYLOAD "auth_payload"
        "the event was signed for another body, or for none.";
    401 AUTH_HEADER "auth_header"
        "a header that the event binds has another value, or is missing.";
    401 AUTH_SIGNATURE "auth_signature"
        "the event's id or signature is wrong.";
    401 AUTH_REPLAYED "auth_replayed"
        "the event was used before.";
    401 TOKEN_INVALID "token_invalid"
        "the operator's token is missing, unknown, revoked or over.";
    401 CONSENT_MISSING "consent_missing"
        "the new owner's signed event is not in the `Payname-Consent` header.";
    401 CONSENT_KEY "consent_key"
        "the consent was signed by another key than the one that is to have the name.";
    403 NOT_OWNER "not_owner"
        "the name belongs, or belonged, to another key.";
    403 SUSPENDED "suspended"
        "the operator has disabled the name, and only the operator can enable it.";
    403 NOT_THEIRS "not_theirs"
        "this change is not for whoever asks for it.";
    403 TOKEN_SCOPE "token_scope"
        "the operator's token is not good for this.";
    403 CLOSED "closed"
        "only the operator gives names of the domain, or it draws none.";
    403 NOSTR_OFF "nostr_off"
        "the domain tells Nostr programs nothing (NIP-05).";
    403 INVITE_NEEDED "invite_needed"
        "a new name needs an invite code.";
    403 INVITE_INVALID "invite_invalid"
        "the invite code is not good, or not any more.";
    403 DRAWN_INVALID "drawn_invalid"
        "the ticket of a drawn name is not good for this name, or not any more.";
    403 TOO_MANY_NAMES "too_many_names"
        "the key has as many names of the domain as it may have.";
    404 UNKNOWN_DOMAIN "unknown_domain"
        "the server has no such domain.";
    404 UNKNOWN_HANDLE "unknown_handle"
        "there is no such name.";
    404 UNKNOWN_ROUTE "unknown_route"
        "there is no such route.";
    405 METHOD_NOT_ALLOWED "method_not_allowed"
        "the route has no such method.";
    408 TIMEOUT "timeout"
        "the request took too long to arrive or to answer.";
    409 NOT_PUBLISHED "not_published"
        "there is no proof yet, since the name is not published.";
    409 RESERVED "reserved"
        "the operator of the server keeps the name for records of his own.";
    409 EXPIRED "expired"
        "the name has expired; renew it first.";
    409 AWAITING "awaiting"
        "the claim of the name still waits: it can be changed, removed or approved only.";
    409 SAME_OWNER "same_owner"
        "the name belongs already to the key that it is to be given to.";
    409 CONFUSABLE "confusable"
        "the name looks like another key's.";
    409 SHADOWS "shadows"
        "the name lies above or below another key's in DNS.";
    409 IDEMPOTENCY_UNDER_WAY "idempotency_under_way"
        "the same request, by its `Idempotency-Key`, is being done just now.";
    412 PRECONDITION_FAILED "precondition_failed"
        "`If-Match` or `If-None-Match` does not hold.";
    413 BODY_TOO_LARGE "body_too_large"
        "the body is longer than 16,384 bytes.";
    415 UNSUPPORTED_MEDIA_TYPE "unsupported_media_type"
        "the body is not `application/json`.";
    422 INVALID_HANDLE "invalid_handle"
        "the user is no name that can be registered.";
    422 INVALID_URI "invalid_uri"
        "the URI cannot be published.";
    422 IDEMPOTENCY_MISMATCH "idempotency_mismatch"
        "another request was sent with this `Idempotency-Key`.";
    429 RATE_LIMITED "rate_limited"
        "there were too many requests of a network, a key or for a name; `Retry-After` says when to try again.";
    429 TOO_MANY_CLAIMS "too_many_claims"
        "as many names were claimed from this network as may be in a day.";
    500 INTERNAL "internal"
        "the server failed; nothing was acknowledged.";
    502 PROOF_UNAVAILABLE "proof_unavailable"
        "the record could not be proven from DNS just now.";
    503 PROVIDER_SILENT "provider_silent"
        "whoever serves the domain does not tell whether somebody else has made a record for the name, so it is not given; `Retry-After` says when to try again.";
    503 UNAVAILABLE "unavailable"
        "the server is too busy or stopping, or its disk or database takes nothing; try again.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_once_and_for_a_failure() {
        for (index, code) in ALL.iter().enumerate() {
            assert!((400..600).contains(&code.status), "{code:?}");
            assert!(!ALL.iter().take(index).any(|other| other.code == code.code));
            assert!(code.meaning.ends_with('.'), "{code:?}");
        }
    }
}

//! The paths of the API, made of parts that are already checked.
//!
//! Users and domains have only letters, digits, `-`, `_` and `.`, so nothing needs escaping.

/// All domains of the server.
pub const DOMAINS: &str = "/v1/domains";
/// The route of a domain, as the server's router writes it.
pub const DOMAIN: &str = "/v1/domains/{domain}";
/// The route of a name, as the server's router writes it.
pub const HANDLE: &str = "/v1/domains/{domain}/handles/{user}";
/// The route of a name's proof, as the server's router writes it.
pub const PROOF: &str = "/v1/domains/{domain}/handles/{user}/proof";
/// The names of a domain: listed for its operator, drawn for everybody.
pub const HANDLES: &str = "/v1/domains/{domain}/handles";
/// Names of a domain that the server draws, to choose from.
pub const DRAWN: &str = "/v1/domains/{domain}/drawn";
/// The history of all names of a domain as NDJSON, for its operator.
pub const EXPORT: &str = "/v1/domains/{domain}/history";
/// The route by which the operator gives a name to a key.
pub const GRANT: &str = "/v1/domains/{domain}/handles/{user}/grant";
/// The route by which the operator gives a name to whoever claimed it and waits.
pub const APPROVE: &str = "/v1/domains/{domain}/handles/{user}/approve";
/// The names of a domain whose claims wait, for its operator.
pub const AWAITING: &str = "/v1/domains/{domain}/awaiting";
/// The route that gives a name to another key.
pub const TRANSFER: &str = "/v1/domains/{domain}/handles/{user}/transfer";
/// The route that takes a name out of DNS and hides it.
pub const DISABLE: &str = "/v1/domains/{domain}/handles/{user}/disable";
/// The route that brings a disabled name back.
pub const ENABLE: &str = "/v1/domains/{domain}/handles/{user}/enable";
/// The route that puts off the end of a name.
pub const RENEW: &str = "/v1/domains/{domain}/handles/{user}/renew";
/// The route by which Nostr programs are told of a name's owner, or no longer.
pub const NOSTR: &str = "/v1/domains/{domain}/handles/{user}/nostr";
/// Whom Nostr programs find under a name (NIP-05, `?name=USER`).
pub const NOSTR_NAMES: &str = "/.well-known/nostr.json";
/// The route of a name's history.
pub const HISTORY: &str = "/v1/domains/{domain}/handles/{user}/history";
/// The proofs of many names of the server.
pub const PROOFS: &str = "/v1/proofs";
/// The proof of any name (`?d=NAME.&t=TXT|TLSA|A|AAAA`), where the server has a resolver.
pub const DNSSEC_PROOF: &str = "/dnssecproof";
/// The description of the API (OpenAPI 3.1).
pub const OPENAPI: &str = "/openapi.json";
/// Whether the process runs.
pub const LIVEZ: &str = "/livez";
/// Whether the server can serve: its database answers and its zones are loaded.
pub const READYZ: &str = "/readyz";

/// The path of a domain.
///
/// ```
/// assert_eq!(payname_api::paths::domain("example.com"), "/v1/domains/example.com");
/// ```
pub fn domain(domain: &str) -> String {
    format!("/v1/domains/{domain}")
}

/// The path of a name.
///
/// ```
/// let path = payname_api::paths::handle("example.com", "alice");
/// assert_eq!(path, "/v1/domains/example.com/handles/alice");
/// ```
pub fn handle(domain: &str, user: &str) -> String {
    format!("/v1/domains/{domain}/handles/{user}")
}

/// The path of a name's proof.
///
/// ```
/// let path = payname_api::paths::proof("example.com", "alice");
/// assert_eq!(path, "/v1/domains/example.com/handles/alice/proof");
/// ```
pub fn proof(domain: &str, user: &str) -> String {
    format!("/v1/domains/{domain}/handles/{user}/proof")
}

/// The path of a domain's names.
///
/// ```
/// assert_eq!(payname_api::paths::handles("example.com"), "/v1/domains/example.com/handles");
/// ```
pub fn handles(domain: &str) -> String {
    format!("/v1/domains/{domain}/handles")
}

/// The path of something to be done to a name, or of something about it.
///
/// ```
/// let path = payname_api::paths::below("example.com", "alice", "disable");
/// assert_eq!(path, "/v1/domains/example.com/handles/alice/disable");
/// ```
pub fn below(domain: &str, user: &str, what: &str) -> String {
    format!("/v1/domains/{domain}/handles/{user}/{what}")
}

/// A server's public URL followed by a path: the `u` tag of a signed request.
///
/// One `/` stands between them, whether or not the base ends with one.
///
/// ```
/// let url = payname_api::paths::absolute("https://names.example.com/", "/v1/domains/example.com");
/// assert_eq!(url, "https://names.example.com/v1/domains/example.com");
/// ```
pub fn absolute(public_url: &str, path: &str) -> String {
    format!("{}{path}", public_url.trim_end_matches('/'))
}

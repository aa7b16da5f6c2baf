//! What goes over the wire between a payname server and its clients.
//!
//! Paths ([`paths`]), bodies ([`PutHandle`], [`HandleStatus`], [`DomainInfo`]) and errors
//! ([`Problem`] with the codes in [`codes`]). Plain data: nothing here opens a socket, and a client
//! in another language needs only this crate's documentation.
//!
//! # The routes
//!
//! | route | does | answers |
//! |---|---|---|
//! | `PUT /v1/domains/{domain}/handles/{user}` | claims or changes a name; body [`PutHandle`]; signed | 202 committed (or reserved, in state [`State::Awaiting`]), 200 unchanged and published: [`HandleStatus`] |
//! | `GET /v1/domains/{domain}/handles/{user}` | shows a name; public | 200 [`HandleStatus`], 404 |
//! | `DELETE /v1/domains/{domain}/handles/{user}` | takes a name out of DNS; signed | 202 [`HandleStatus`] in state [`State::Removing`] |
//! | `POST …/handles/{user}/transfer` | gives a name to another key; body [`TransferHandle`]; signed by both | 200 [`HandleStatus`] |
//! | `POST …/handles/{user}/disable`, `…/enable` | takes a name out of DNS and hides it, and brings it back; signed | 202 [`HandleStatus`] |
//! | `POST …/handles/{user}/renew` | puts off the end of a name, where names expire; signed | 200 or 202 [`HandleStatus`] |
//! | `PUT …/handles/{user}/nostr`, `DELETE …/nostr` | has Nostr programs find the name's owner (NIP-05), and no longer; body [`NostrSetting`]; signed | 200 [`HandleStatus`] |
//! | `GET …/handles/{user}/history` | what was done to a name, in parts; signed | 200 [`Listed`] of [`HistoryStep`] |
//! | `GET /v1/domains/{domain}/handles` | all names of a domain, in parts; operators | 200 [`Listed`] of [`HandleStatus`] |
//! | `GET /v1/domains/{domain}/history` | the history of all names; operators | 200 `application/x-ndjson` of [`ExportedStep`] |
//! | `POST /v1/domains/{domain}/handles` | claims a name that the server draws, where it does; body [`PutHandle`]; signed | 202 [`HandleStatus`], its path in `Location` |
//! | `GET /v1/domains/{domain}/awaiting` | the names whose claims wait, in parts; operators | 200 [`Listed`] of [`HandleStatus`] |
//! | `POST …/handles/{user}/approve` | gives a name to whoever claimed it and waits; operators | 202 [`HandleStatus`] |
//! | `GET /v1/domains/{domain}/drawn` | names that the server draws, to choose from; where it does | 200 [`DrawnNames`] |
//! | `POST …/handles/{user}/grant` | gives a name to a key; body [`GrantHandle`]; operators | 202 [`HandleStatus`] |
//! | `GET /v1/domains/{domain}/handles/{user}/proof` | the RFC 9102 proof | 200 `application/octet-stream` |
//! | `GET /v1/domains` | the domains of the server, in parts | 200 [`Listed`] of [`DomainInfo`] |
//! | `GET /v1/domains/{domain}` | the zone: nameservers, DS records, TTL | 200 [`DomainInfo`] |
//! | `POST /v1/proofs` | the proofs of up to 100 names; body [`ProofsWanted`] | 200 [`ProofsGiven`] |
//! | `GET /.well-known/nostr.json?name={user}` | whom Nostr programs find under a name (NIP-05), at a host that is the domain itself | 200 [`NostrNames`] |
//! | `GET /livez`, `GET /readyz` | whether the process runs, and can serve | 200, text |
//! | `GET /openapi.json` | all of this, for programs | 200 OpenAPI 3.1 |
//!
//! # Signing a request
//!
//! `PUT`, `DELETE` and `POST` carry `Authorization: Nostr <base64 of the event's JSON>` (NIP-98): an event
//! of kind 27235, `created_at` within [`AUTH_WINDOW_SECONDS`] of the server's clock, with the tags
//! `["u", URL]` (the server's public URL followed by the path, byte for byte),
//! `["method", "PUT"]` and, when there is a body, `["payload", HEX_SHA256_OF_THE_BODY]`. Every event
//! is good for one request; since two equal requests of one second would be the same event, add a
//! `nonce` tag with a random value, and sign anew to try again.
//!
//! Whoever sends one of the headers in [`BOUND_HEADERS`] should bind it by a tag, such as `["if-match", "\"3\""]`: then
//! the request is refused if somebody on the way has changed the header or taken it away.
//!
//! A `GET` of a name may be signed in the same way: its owner then sees what others do not. A disabled name and one
//! that has expired look to everybody else like a name that was never there.
//!
//! A transfer is signed by two keys: the present owner's event is in `Authorization`, and the new owner's in
//! [`CONSENT_HEADER`], in the same form and for the same method, URL and body.
//!
//! Operators send `Authorization: Bearer <token>` instead, with a token that `paynamed token create` has made. With scope
//! `read` they see all names and histories; with `moderate` they disable, enable and remove any name, and what they have disabled its
//! owner cannot enable; with `grant` they give names, in closed domains too, and approve claims that wait.
//!
//! # Acting on what one has seen
//!
//! Every [`HandleStatus`] has a [`version`](HandleStatus::version), sent quoted as the `ETag`.
//! `If-None-Match: *` on `PUT` claims only a free name; `If-Match: "3"` on `PUT` and `DELETE` acts
//! only on version 3. Otherwise the answer is 412 and nothing changes.

use serde::{Deserialize, Serialize};

pub mod codes;
mod history;
mod listed;
mod nostr;
pub mod paths;
mod problem;
mod proofs;

pub use history::{ExportedStep, HistoryStep};
pub use listed::{DEFAULT_LIMIT, Listed, MAX_LIMIT};
pub use nostr::{NostrNames, NostrSetting};
pub use problem::Problem;
pub use proofs::{MAX_PROOFS, ProofGiven, ProofsGiven, ProofsWanted};

/// The media type of errors (RFC 9457).
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";
/// The media type of a proof.
pub const PROOF_MEDIA_TYPE: &str = "application/octet-stream";
/// The header with the id of a request, in requests (if the client has one) and in responses.
pub const REQUEST_ID: &str = "x-request-id";
/// The header by which a `POST` that comes again is known, so that it is not done again.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The scheme in `Authorization` (NIP-98).
pub const AUTH_SCHEME: &str = "Nostr";
/// The header of a transfer that holds the new owner's signed event, in the form of `Authorization`.
pub const CONSENT_HEADER: &str = "payname-consent";
/// The headers that a signed event may bind, each by a tag of its name with its value: what is bound must be sent
/// just so, and what is not bound may be changed by whoever carries the request.
pub const BOUND_HEADERS: [&str; 4] = ["if-match", "if-none-match", IDEMPOTENCY_KEY, CONSENT_HEADER];
/// How far the time in a signed request may be from the server's, either way, in seconds.
pub const AUTH_WINDOW_SECONDS: u64 = 60;
/// The longest request body the server reads, in bytes.
pub const MAX_BODY_BYTES: usize = 16 * 1024;

/// The body of `PUT …/handles/{user}`: what the name shall pay.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutHandle {
    /// The payment URI, `bitcoin:?lno=lno1…` (BIP-321), published byte for byte.
    #[cfg_attr(
        feature = "openapi",
        schema(example = "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l")
    )]
    pub uri: String,
    /// The code of an invite, for a new name of a domain that asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<String>,
    /// The ticket of a name that the server has drawn, where such names are given otherwise than chosen ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn: Option<String>,
}

/// A name that the server has drawn, and what claims it as such.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawnName {
    /// The part before the `@`.
    pub user: String,
    /// The ticket, to be sent as `drawn` with the claim; good until the end of the next day (UTC).
    pub drawn: String,
}

/// What `GET /v1/domains/{domain}/drawn` answers: some free names to choose from.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawnNames {
    /// The names.
    pub items: Vec<DrawnName>,
}

/// The body of `POST …/handles/{user}/transfer`: who shall have the name.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferHandle {
    /// The new owner's public key: x-only secp256k1 (BIP-340), 64 hex digits.
    pub to: String,
}

/// The body of `POST …/handles/{user}/grant`: who shall have the name, and what it shall pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GrantHandle {
    /// The owner's public key: x-only secp256k1 (BIP-340), 64 hex digits.
    pub to: String,
    /// The payment URI.
    pub uri: String,
}

/// A name as the server knows it.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandleStatus {
    /// The name as people write it, `₿alice@example.com`.
    pub handle: String,
    /// How far it has come.
    pub state: State,
    /// The payment URI; empty once the name is removed.
    pub uri: String,
    /// The owner's public key: x-only secp256k1 (BIP-340), 64 hex digits.
    pub owner: String,
    /// Counts the changes of this name, from 1; quoted, it is the `ETag`.
    pub version: u64,
    /// The DNS name of the record, `alice.user._bitcoin-payment.example.com.`
    pub owner_name: String,
    /// The strings of the TXT record in their order, each at most 255 bytes; empty once removed.
    pub txt: Vec<String>,
    /// When the name was first claimed, in Unix seconds.
    pub created_at: u64,
    /// When it was last changed, in Unix seconds.
    pub updated_at: u64,
    /// When this version was proven from DNS, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<u64>,
    /// Whose eyes it was proven with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven_by: Option<ProvenBy>,
    /// Why the last attempt to publish or prove it failed; it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What only its owner and the operator are told.
    #[serde(default, flatten, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Private))]
    pub private: Option<Private>,
}

/// What only the owner of a name and the operator are told.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Private {
    /// The URI that comes back when the name is enabled or renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_uri: Option<String>,
    /// Whether the owner has disabled it.
    // Not required in the document, since others are told nothing of all this.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub disabled: bool,
    /// Whether the operator has disabled it.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub suspended: bool,
    /// When it leaves DNS unless it is renewed, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
    /// From when on any key may claim it, in Unix seconds; missing: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_at: Option<u64>,
    /// What the name waits for, or has waited for in vain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaits: Option<Awaits>,
    /// How Nostr programs find the name's owner (NIP-05); missing: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nostr: Option<NostrSetting>,
}

/// What a claim waits for. Whether it is so, the server finds out by itself, or its operator says.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaits {
    /// The condition: `approval` by the operator; more may come.
    pub condition: String,
    /// What is to be done or known, for people.
    pub text: String,
    /// Until when the name is reserved, in Unix seconds; then it is free.
    pub until: u64,
}

/// How far a name has come.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum State {
    /// Committed: it survives a crash, and is on its way into DNS.
    Pending,
    /// The server has resolved and verified the record from DNS as a stranger would.
    Published,
    /// Committed, but it could not be published or proven so far; the server goes on trying.
    Failed,
    /// Deleted by its owner; the record is being taken out of DNS.
    Removing,
    /// Deleted, and its absence proven from DNS. Only its former owner may claim it again.
    Removed,
    /// Disabled; the record is being taken out of DNS.
    Disabling,
    /// Disabled, and its absence proven from DNS. It is its owner's as before.
    Disabled,
    /// Its time is over; the record is being taken out of DNS.
    Expiring,
    /// Its time is over, and its absence proven from DNS. Its owner may renew it.
    Expired,
    /// Claimed and reserved; what it waits for is not so yet, and nothing is published.
    Awaiting,
}

/// From where the server looked when it proved a name.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProvenBy {
    /// Through a recursive resolver, from trust anchors above the zone: what a stranger sees.
    Resolver {
        /// The resolver asked, as `address:port`.
        dns: String,
    },
    /// By asking the server's own nameserver, with the zone's own key as the trust anchor.
    ///
    /// It shows that the zone serves and signs the record, not that the parent's DS leads there.
    OwnNameserver,
}

/// A domain the server gives names under.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainInfo {
    /// The domain, without a final dot.
    pub domain: String,
    /// The DS records for the registrar, as master-file lines; none where they are not known.
    pub ds: Vec<String>,
    /// Why what DNS shows is not brought in line with the registry until the operator has looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<String>,
    /// The names of the nameservers, with a final dot.
    pub nameservers: Vec<String>,
    /// The TTL of payment records, in seconds.
    pub ttl: u32,
    /// How long resolvers may remember that a name does not exist, in seconds.
    pub negative_ttl: u32,
    /// The serial number of the zone, where the server runs its nameserver itself.
    pub serial: Option<u32>,
    /// The Bitcoin network of the offers and addresses taken: `bitcoin`, `testnet`, `signet`,
    /// `regtest`.
    pub network: String,
}

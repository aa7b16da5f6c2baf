//! Who signed a request: NIP-98 events in the `Authorization` header.
//!
//! A function of the header, the request and the time. That an event is used only once is for the
//! store to see to, in the transaction of the change itself.

use axum::http::HeaderMap;
use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER_PERMISSIVE};
use nostr::event::{Event, Kind};
use payname_api::{AUTH_SCHEME, AUTH_WINDOW_SECONDS, BOUND_HEADERS, codes};
use payname_resolver::UnixTime;
use ring::digest;
use url::Url;

use crate::{
    key::{EventId, OwnerKey},
    registration::Signed,
};

/// The longest `Authorization` value that is looked at, in bytes.
const MAX_HEADER: usize = 8 * 1024;

/// A request as its signer must have described it.
#[derive(Debug, Clone, Copy)]
pub struct SignedRequest<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The URL by the server's own public name, whatever name the client connected to.
    pub url: &'a Url,
    /// The body; empty when there is none.
    pub body: &'a [u8],
    /// The headers, of which an event may bind those in [`BOUND_HEADERS`].
    pub headers: &'a HeaderMap,
}

/// Verifies that the `Authorization` header holds an event signed for just this request, about now.
///
/// # Errors
/// [`AuthError`] with a stable [`code`](AuthError::code) for every reason.
pub fn verify(
    header: Option<&str>,
    request: SignedRequest<'_>,
    now: UnixTime,
) -> Result<Signed, AuthError> {
    let json = decode(header.ok_or(AuthError::Missing)?)?;
    let event =
        Event::from_json(&json).map_err(|_| AuthError::Malformed("the JSON of an event"))?;
    if event.kind != Kind::HttpAuth {
        return Err(AuthError::Kind(event.kind.as_u16()));
    }
    let signed_at = UnixTime(event.created_at.as_secs());
    if signed_at.until(now) > AUTH_WINDOW_SECONDS || now.until(signed_at) > AUTH_WINDOW_SECONDS {
        return Err(AuthError::Time { signed_at, now });
    }
    check_url(&event, request.url)?;
    check_method(&event, request.method)?;
    check_payload(&event, request.body)?;
    check_headers(&event, request.headers)?;
    event.verify().map_err(|_| AuthError::Signature)?;
    Ok(Signed {
        owner: OwnerKey(event.pubkey.to_bytes()),
        event: EventId(event.id.to_bytes()),
        json,
        lapses_at: signed_at.plus(AUTH_WINDOW_SECONDS),
    })
}

/// By whom a header says it was signed; whether that is true is not looked at.
pub(crate) fn claimed_signer(header: &str) -> Option<OwnerKey> {
    let event = Event::from_json(decode(header).ok()?).ok()?;
    Some(OwnerKey(event.pubkey.to_bytes()))
}

/// The event's JSON out of `Nostr <base64>`.
fn decode(header: &str) -> Result<String, AuthError> {
    if header.len() > MAX_HEADER {
        return Err(AuthError::Malformed("at most 8192 bytes long"));
    }
    let (scheme, event) = header
        .split_once(' ')
        .ok_or(AuthError::Malformed("`Nostr <event>`"))?;
    if !scheme.eq_ignore_ascii_case(AUTH_SCHEME) {
        return Err(AuthError::Malformed("of the scheme `Nostr`"));
    }
    let bytes = BASE64_NOPAD
        .decode(event.trim().trim_end_matches('=').as_bytes())
        .or_else(|_| BASE64.decode(event.trim().as_bytes()))
        .map_err(|_| AuthError::Malformed("in base64"))?;
    String::from_utf8(bytes).map_err(|_| AuthError::Malformed("text"))
}

fn check_url(event: &Event, url: &Url) -> Result<(), AuthError> {
    let signed = only_tag(event, "u")?;
    if signed.parse::<Url>().is_ok_and(|signed| signed == *url) {
        return Ok(());
    }
    Err(AuthError::Url {
        signed: signed.to_owned(),
        expected: url.to_string(),
    })
}

fn check_method(event: &Event, method: &str) -> Result<(), AuthError> {
    let signed = only_tag(event, "method")?;
    if signed == method {
        return Ok(());
    }
    Err(AuthError::Method {
        signed: signed.to_owned(),
        expected: method.to_owned(),
    })
}

/// A body must be signed for; where there is none, a payload tag may only be that of nothing.
fn check_payload(event: &Event, body: &[u8]) -> Result<(), AuthError> {
    let signed = match only_tag(event, "payload") {
        Err(AuthError::NoTag(_)) if body.is_empty() => return Ok(()),
        Err(AuthError::NoTag(_)) => return Err(AuthError::NoPayload),
        other => other?,
    };
    let expected = digest::digest(&digest::SHA256, body);
    let matches = HEXLOWER_PERMISSIVE
        .decode(signed.as_bytes())
        .is_ok_and(|signed| signed == expected.as_ref());
    if matches {
        Ok(())
    } else {
        Err(AuthError::Payload)
    }
}

/// A header that the event has a tag of must be there just so; one without a tag may be anything.
fn check_headers(event: &Event, headers: &HeaderMap) -> Result<(), AuthError> {
    for name in BOUND_HEADERS {
        let signed = match only_tag(event, name) {
            Err(AuthError::NoTag(_)) => continue,
            other => other?,
        };
        let mut sent = headers.get_all(name).iter();
        let (first, another) = (sent.next(), sent.next());
        if first.is_none_or(|sent| sent.as_bytes() != signed.as_bytes()) || another.is_some() {
            return Err(AuthError::Header(name));
        }
    }
    Ok(())
}

/// The value of the one tag of this name; two would leave open which was meant.
fn only_tag<'a>(event: &'a Event, name: &'static str) -> Result<&'a str, AuthError> {
    let mut values = event.tags.iter().filter_map(|tag| match tag.as_slice() {
        [tag_name, value, ..] if tag_name == name => Some(value.as_str()),
        _ => None,
    });
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value),
        (None, _) => Err(AuthError::NoTag(name)),
        (Some(_), Some(_)) => Err(AuthError::TwoTags(name)),
    }
}

/// Why a request is not taken as signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// There is no header.
    #[error("this request must be signed: send `Authorization: Nostr <base64 event>` (NIP-98)")]
    Missing,
    /// The header or the event in it has another form.
    #[error("the Authorization header is not {0}; send `Nostr <base64 of a NIP-98 event>`")]
    Malformed(&'static str),
    /// The event is of another kind.
    #[error("the signed event has kind {0}; NIP-98 asks for 27235")]
    Kind(u16),
    /// The event was signed at another time.
    #[error(
        "the request was signed at {signed_at}, and it is {now} here; sign it anew, or set the clock (60 seconds are allowed)"
    )]
    Time {
        /// The event's `created_at`.
        signed_at: UnixTime,
        /// The server's time.
        now: UnixTime,
    },
    /// A required tag is not there.
    #[error("the signed event has no `{0}` tag")]
    NoTag(&'static str),
    /// A tag is there twice.
    #[error("the signed event has more than one `{0}` tag; send exactly one")]
    TwoTags(&'static str),
    /// The event is for another URL.
    #[error("the request was signed for `{}`; this is `{expected}`: use the server's public URL", signed.escape_debug())]
    Url {
        /// The event's `u` tag.
        signed: String,
        /// The URL as this server knows itself.
        expected: String,
    },
    /// The event is for another method.
    #[error("the request was signed for the method `{}`; this is {expected}", signed.escape_debug())]
    Method {
        /// The event's `method` tag.
        signed: String,
        /// The request's method.
        expected: String,
    },
    /// There is a body and no `payload` tag.
    #[error("the body is not signed; add a `payload` tag with the SHA-256 of the body in hex")]
    NoPayload,
    /// The `payload` tag is another body's.
    #[error(
        "the request was signed for another body; `payload` must be the SHA-256 of the exact bytes sent, in hex"
    )]
    Payload,
    /// A header is not as the event binds it.
    #[error(
        "the request was signed with another `{0}`, or that header is missing; send it as it stands in the event's `{0}` tag"
    )]
    Header(&'static str),
    /// The id or the signature is wrong.
    #[error("the event's id or signature is wrong; sign it anew")]
    Signature,
}

impl AuthError {
    /// The stable code of this reason, one of [`payname_api::codes`].
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => codes::AUTH_MISSING,
            Self::Malformed(_) | Self::NoTag(_) | Self::TwoTags(_) => codes::AUTH_MALFORMED,
            Self::Kind(_) => codes::AUTH_KIND,
            Self::Time { .. } => codes::AUTH_TIME,
            Self::Url { .. } => codes::AUTH_URL,
            Self::Method { .. } => codes::AUTH_METHOD,
            Self::NoPayload | Self::Payload => codes::AUTH_PAYLOAD,
            Self::Header(_) => codes::AUTH_HEADER,
            Self::Signature => codes::AUTH_SIGNATURE,
        }
    }
}

#[cfg(test)]
mod tests {
    use nostr::{
        event::{EventBuilder, FinalizeEvent as _, Tag},
        key::Keys,
        types::Timestamp,
    };

    use super::*;

    const NOW: UnixTime = UnixTime(1_785_988_800);
    const BODY: &[u8] = br#"{"uri":"bitcoin:?lno=lno1"}"#;

    /// A request signed well, to be spoiled by one thing per test.
    struct Draft {
        kind: Kind,
        tags: Vec<[String; 2]>,
        at: u64,
    }

    impl Draft {
        fn good() -> Self {
            let payload =
                HEXLOWER_PERMISSIVE.encode(digest::digest(&digest::SHA256, BODY).as_ref());
            let tag = |name: &str, value: &str| [name.to_owned(), value.to_owned()];
            Self {
                kind: Kind::HttpAuth,
                tags: vec![
                    tag(
                        "u",
                        "https://names.test/v1/domains/example.test/handles/alice",
                    ),
                    tag("method", "PUT"),
                    tag("payload", &payload),
                ],
                at: NOW.0,
            }
        }

        fn with(mut self, name: &str, value: &str) -> Self {
            self.tags.retain(|tag| tag[0] != name);
            self.tags.push([name.to_owned(), value.to_owned()]);
            self
        }

        fn json(self) -> String {
            let keys = Keys::parse(&"11".repeat(32)).unwrap();
            let tags = self.tags.into_iter().map(|tag| Tag::parse(tag).unwrap());
            EventBuilder::new(self.kind, "")
                .tags(tags)
                .custom_created_at(Timestamp::from_secs(self.at))
                .finalize(&keys)
                .unwrap()
                .as_json()
        }

        fn header(self) -> String {
            format!("Nostr {}", BASE64.encode(self.json().as_bytes()))
        }
    }

    fn judge(header: &str) -> Result<Signed, AuthError> {
        judge_with(header, &[])
    }

    fn judge_with(
        header: &str,
        headers: &[(&'static str, &'static str)],
    ) -> Result<Signed, AuthError> {
        let mut sent = HeaderMap::new();
        for (name, value) in headers {
            sent.append(*name, value.parse().unwrap());
        }
        let url = "https://names.test/v1/domains/example.test/handles/alice"
            .parse()
            .unwrap();
        verify(
            Some(header),
            SignedRequest {
                method: "PUT",
                url: &url,
                body: BODY,
                headers: &sent,
            },
            NOW,
        )
    }

    fn code(header: &str) -> &'static str {
        judge(header).unwrap_err().code()
    }

    #[test]
    fn an_event_signed_for_this_request_names_its_owner() {
        let signed = judge(&Draft::good().header()).unwrap();
        let owner = Keys::parse(&"11".repeat(32)).unwrap().public_key();
        assert_eq!(signed.owner.to_string(), owner.to_hex());
        assert_eq!(signed.lapses_at, NOW.plus(60));
    }

    #[test]
    fn an_event_for_another_url_method_or_body_is_refused() {
        let url = "https://evil.test/v1/domains/example.test/handles/alice";
        assert_eq!(
            code(&Draft::good().with("u", url).header()),
            codes::AUTH_URL
        );
        assert_eq!(
            code(&Draft::good().with("method", "DELETE").header()),
            codes::AUTH_METHOD
        );
        let payload = "00".repeat(32);
        assert_eq!(
            code(&Draft::good().with("payload", &payload).header()),
            codes::AUTH_PAYLOAD
        );
        let mut unsigned_body = Draft::good();
        unsigned_body.tags.retain(|tag| tag[0] != "payload");
        assert_eq!(
            judge(&unsigned_body.header()).unwrap_err(),
            AuthError::NoPayload
        );
    }

    #[test]
    fn a_header_that_is_bound_must_be_sent_just_so() {
        for name in BOUND_HEADERS {
            let bound = Draft::good().with(name, "\"3\"").header();
            for (sent, fits) in [
                (&[(name, "\"3\"")][..], true),
                (&[(name, "\"4\"")], false),
                (&[(name, "\"3\""), (name, "\"3\"")], false),
                (&[(name, "\"3\""), (name, "\"4\"")], false),
                (&[], false),
            ] {
                let expected = match fits {
                    true => None,
                    false => Some(AuthError::Header(name)),
                };
                assert_eq!(judge_with(&bound, sent).err(), expected, "{sent:?}");
            }
            // Whoever binds nothing is served as ever.
            let free = Draft::good().header();
            assert!(judge_with(&free, &[(name, "\"4\"")]).is_ok());
            let mut twice = Draft::good().with(name, "\"3\"");
            twice.tags.push([name.to_owned(), "\"4\"".to_owned()]);
            let error = judge_with(&twice.header(), &[(name, "\"3\"")]).unwrap_err();
            assert_eq!(error, AuthError::TwoTags(name));
        }
    }

    #[test]
    fn the_window_is_sixty_seconds_either_way() {
        for (at, fits) in [
            (NOW.0 - 60, true),
            (NOW.0 + 60, true),
            (NOW.0 - 61, false),
            (NOW.0 + 61, false),
        ] {
            let outcome = judge(
                &Draft {
                    at,
                    ..Draft::good()
                }
                .header(),
            );
            assert_eq!(outcome.is_ok(), fits, "{at}");
        }
    }

    #[test]
    fn an_event_of_another_kind_or_with_two_urls_is_refused() {
        let note = Draft {
            kind: Kind::TextNote,
            ..Draft::good()
        };
        assert_eq!(code(&note.header()), codes::AUTH_KIND);
        let mut twice = Draft::good();
        let url = twice.tags[0].clone();
        twice.tags.push(url);
        assert_eq!(judge(&twice.header()).unwrap_err(), AuthError::TwoTags("u"));
    }

    #[test]
    fn a_changed_event_or_signature_is_refused() {
        let json = Draft::good().json();
        for (from, to) in [
            ("\"content\":\"\"", "\"content\":\"x\""),
            ("\"sig\":\"", "\"sig\":\"00"),
        ] {
            let mut spoiled = json.replace(from, to);
            if from.contains("sig") {
                spoiled = spoiled.replacen(&json[json.len() - 4..], &json[json.len() - 2..], 1);
            }
            assert_ne!(spoiled, json);
            let outcome = judge(&format!("Nostr {}", BASE64.encode(spoiled.as_bytes())));
            assert!(matches!(outcome, Err(AuthError::Signature)), "{outcome:?}");
        }
    }

    #[test]
    fn a_header_of_another_form_is_refused() {
        let url: Url = "https://names.test/".parse().unwrap();
        let request = SignedRequest {
            method: "PUT",
            url: &url,
            body: b"",
            headers: &HeaderMap::new(),
        };
        assert_eq!(verify(None, request, NOW).unwrap_err(), AuthError::Missing);
        let long = format!("Nostr {}", "A".repeat(MAX_HEADER));
        for header in [
            "Bearer abc",
            "Nostr",
            "Nostr !!!",
            "Nostr e30=",
            "Nostr /w==",
            &long,
        ] {
            assert_eq!(code(header), codes::AUTH_MALFORMED, "{header}");
        }
    }
}

//! How Nostr programs find the owner of a name (NIP-05), where the owner wants to be found.

use data_encoding::HEXLOWER_PERMISSIVE;
use nostr::key::PublicKey;
use serde_json::{Value, json};
use url::Url;

use super::{Change, Decision, Deed, Refusal, Registration, law::keep};
use crate::key::OwnerKey;

/// The most relays that are told of one name.
pub const MOST_RELAYS: usize = 10;
/// The longest URL of a relay, in bytes.
const LONGEST_RELAY: usize = 255;

/// Which key a name stands for in Nostr, and where it is found.
///
/// ```
/// use payname_server::{OwnerKey, registration::Nostr};
///
/// let key = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
/// let nostr = Nostr::parse(key, &["wss://relay.example.com".to_owned()])?;
/// assert_eq!(nostr.key.to_string(), key);
/// assert!(Nostr::parse(key, &["https://relay.example.com".to_owned()]).is_err());
/// # Ok::<(), payname_server::registration::NostrError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nostr {
    /// The key: x-only secp256k1 (BIP-340).
    pub key: OwnerKey,
    /// The relays that its holder writes to, as they were given.
    pub relays: Vec<String>,
}

impl Nostr {
    /// Reads a key of 64 hex digits and URLs of relays.
    ///
    /// # Errors
    /// [`NostrError`] says which of them is none.
    pub fn parse(key: &str, relays: &[String]) -> Result<Self, NostrError> {
        let wrong = || NostrError::Key(key.to_owned());
        let bytes = HEXLOWER_PERMISSIVE.decode(key.as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        Self::new(OwnerKey(bytes.ok_or_else(wrong)?), relays)
    }

    /// A key, and URLs of relays.
    ///
    /// # Errors
    /// The key is no point of the curve, or a relay is none.
    pub fn new(key: OwnerKey, relays: &[String]) -> Result<Self, NostrError> {
        let point = PublicKey::from_slice(&key.0).and_then(|key| key.xonly());
        point.map_err(|_| NostrError::Key(key.to_string()))?;
        if relays.len() > MOST_RELAYS {
            return Err(NostrError::TooManyRelays(relays.len()));
        }
        match relays.iter().find(|relay| !is_relay(relay)) {
            Some(wrong) => Err(NostrError::Relay(wrong.clone())),
            None => Ok(Self {
                key,
                relays: relays.to_vec(),
            }),
        }
    }

    /// As the database keeps it: JSON, so that it can grow.
    pub(crate) fn text(&self) -> String {
        json!({ "key": self.key.to_string(), "relays": self.relays }).to_string()
    }

    /// What [`text`](Self::text) has written.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let key = HEXLOWER_PERMISSIVE.decode(value.get("key")?.as_str()?.as_bytes());
        let relays = value.get("relays")?.as_array()?.iter();
        Some(Self {
            key: OwnerKey(key.ok()?.try_into().ok()?),
            relays: relays
                .map(|relay| relay.as_str().map(str::to_owned))
                .collect::<Option<_>>()?,
        })
    }
}

impl Change {
    /// DNS has nothing of it.
    pub(super) fn tell(
        &self,
        present: &Registration,
        nostr: Option<&Nostr>,
    ) -> Result<Decision, Refusal> {
        self.refuse_suspended(present)?;
        self.refuse_gone(present)?;
        if present.nostr.as_ref() == nostr {
            return Ok(present.as_it_is());
        }
        let mut next = self.next(present);
        next.nostr = nostr.cloned();
        Ok(keep(next, Deed::Nostr))
    }
}

/// Whether a text is the URL of a relay, and nothing that a page or a log would stumble over.
fn is_relay(text: &str) -> bool {
    let is_plain = text.len() <= LONGEST_RELAY && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain
        && Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "wss" | "ws")
                && url.host().is_some()
                && url.username().is_empty()
                && url.password().is_none()
                && url.fragment().is_none()
        })
}

/// Why Nostr programs cannot be told this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NostrError {
    /// The key is none.
    #[error(
        "`{}` is no Nostr key; write the 64 hex digits of a public key (not npub1…, never nsec1…)",
        told(.0)
    )]
    Key(String),
    /// The relay is none.
    #[error(
        "`{}` is no relay; write its URL, wss://relay.example.com, of at most {LONGEST_RELAY} characters",
        .0.escape_debug()
    )]
    Relay(String),
    /// There are more relays than are told.
    #[error("{0} relays are too many; name up to {MOST_RELAYS}")]
    TooManyRelays(usize),
}

/// What was given for a key; a secret one is not repeated.
fn told(key: &str) -> String {
    match key.starts_with("nsec") {
        true => "nsec1…".to_owned(),
        false => key.escape_debug().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The generator of the curve.
    const KEY: &str = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    #[test]
    fn what_is_written_is_read() {
        let relays = ["wss://relay.example.com/a?b=c", "ws://[::1]:7777"].map(str::to_owned);
        for relays in [&relays[..], &[]] {
            let nostr = Nostr::parse(&KEY.to_uppercase(), relays).unwrap();
            assert_eq!(Nostr::from_text(&nostr.text()), Some(nostr));
        }
        for text in [
            "",
            "{}",
            r#"{"key":"00","relays":[]}"#,
            r#"{"key":1,"relays":[]}"#,
        ] {
            assert_eq!(Nostr::from_text(text), None, "{text}");
        }
    }

    #[test]
    fn a_key_that_is_no_point_or_not_hex_is_refused_and_a_secret_one_not_repeated() {
        let no_point = "f".repeat(64);
        for wrong in ["", "00", "npub1xyz", &no_point, &KEY[1..]] {
            assert!(
                matches!(Nostr::parse(wrong, &[]), Err(NostrError::Key(_))),
                "{wrong}"
            );
        }
        let told = Nostr::parse("nsec1secret", &[]).unwrap_err().to_string();
        assert!(!told.contains("secret"), "{told}");
    }

    #[test]
    fn relays_are_plain_urls_of_web_sockets_and_few() {
        let long = format!("wss://relay.example.com/{}", "a".repeat(LONGEST_RELAY));
        for wrong in [
            "",
            "relay.example.com",
            "https://relay.example.com",
            "wss://",
            "wss://me:secret@relay.example.com",
            "wss://relay.example.com/#a",
            "wss://relay.example.com/ x",
            "wss://relay.example.com/\u{202e}",
            &long,
        ] {
            let relays = [wrong.to_owned()];
            assert!(
                matches!(Nostr::parse(KEY, &relays), Err(NostrError::Relay(_))),
                "{wrong}"
            );
        }
        let many = vec!["wss://relay.example.com".to_owned(); MOST_RELAYS + 1];
        let error = Nostr::parse(KEY, &many).unwrap_err();
        assert_eq!(error, NostrError::TooManyRelays(MOST_RELAYS + 1));
    }
}
